"""The ledger: every fen that moves, moves from one account to another.

Enters: entries of transfers, in fen, within a transaction of `store`. Leaves: account balances, the
trial balance at any instant; the funds of each scheme are kept apart. May import: `store`,
`policy.vocabulary` (who may pay), `money`, `errors`, `text`. It knows nothing of persons, claims or
institutions but their ids as parties.
"""
