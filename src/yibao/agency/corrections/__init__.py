"""Taking back what was entered by mistake, with all that followed from it, or not at all.

Enters: receipts, bills, account movements. Leaves: them taken back, cover and account credits as
they should be, money held or owed. May import `contributions`, `accounts`, `enrolment` of the
agency and what they may.
"""
