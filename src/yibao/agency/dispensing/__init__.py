"""Prescriptions and what becomes of them: audited, filled once, over a counter or at the door.

Enters: prescriptions of institutions, orders of patients. Leaves: settlements that follow the rules
of whoever prescribed, each prescription behind one of them at most.
"""
