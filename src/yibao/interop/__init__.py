"""The outside world's forms: what others send in, and what they get back.

Enters: files (`interop.files`), messages of the national interface (`interop.national`), resources
of FHIR (`interop.fhir`). Leaves: statuses, claims, values, faults, and results in the outside's
form. May import: settlement, policy, money.
"""
