"""Reconciliation: desk, ledger and institutions tell the same, or every difference has a name.

Enters: what the desk and the ledger hold, and files of what institutions have booked. Leaves:
differences by class, which add up to what the totals differ by. Nothing is written.
"""
