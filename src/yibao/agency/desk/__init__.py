"""The claims desk: pre-settle, settle, take back, each in one transaction, once.

Enters: a bill of an institution for a person. Leaves: a settlement with its lines, its entry in the
ledger, the person's state after it, an audit row and the reply under its key, all or none of them.
A person is locked for it, so that two bills at one time are settled one after the other.
"""
