"""Personal accounts: credits, uses, withdrawals, interest, closing; each a posting of the ledger.

Enters: persons of `enrolment`, paid bills of `contributions`, a policy's office. Leaves: movements,
balances. May import `agency.enrolment`, `agency.contributions` and what `agency` may.
"""
