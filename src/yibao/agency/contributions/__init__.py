"""What is owed and what came: bills by the rules of a policy, receipts, arrears, benefit periods.

Enters: memberships of `enrolment`, a policy's office, the bank's receipts. Leaves: postings in the
ledger, coverage in `enrolment`. May import `agency.enrolment` and what `agency` may.
"""
