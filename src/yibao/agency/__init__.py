"""What an agency does every day, on a database: enrol, collect, settle, account, clear.

Enters: requests of clerks, institutions, other departments. Leaves: facts in the database, entries
in the ledger. May import: registry, ledger, interop, settlement, policy, store, money, errors.
"""
