"""Outpatient special and chronic diseases: who is registered with one, until when, treated where.

Enters: applications, what appraisal centres find, what patients choose. Leaves: facts of persons
that settlement reads, and the sites at which they count.
"""
