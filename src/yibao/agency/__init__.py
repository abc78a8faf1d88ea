"""Agency operations (经办管理): enrolment, contributions, accounts, the claims desk, clearing.

Enters: what persons, employers, institutions and clerks ask for. Leaves: rows of the database and
balanced entries of the ledger, each with who did it. May import: `registry`, `ledger`, `interop`,
`settlement`, `policy`, `store`, `money`, `errors`, `text`.
"""
