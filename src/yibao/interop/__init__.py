"""The outside world's forms: what others send in, and what they get back.

Enters: files (`interop.files`); later the national interface and FHIR. Leaves: statuses, claims,
and results in the outside's form. May import: settlement, policy, money.
"""
