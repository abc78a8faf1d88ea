"""Clearing with institutions: months applied for, audited, paid; advances, deposits, reserves.

Enters: what the desk has booked, and what clerks decide about it. Leaves: one entry of the ledger
for each step, the rows that it stands on, an audit row, all or none. An institution is locked for
it, so that a step asked for twice at once happens once.
"""
