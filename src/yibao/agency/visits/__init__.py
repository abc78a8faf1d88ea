"""A patient's visit while it lasts: registered, described, charged, settled; each can be undone.

Enters: what an institution tells of it, step by step. Leaves: visits with their diagnoses and fee
lines, settled at the desk. A visit's row is locked for each step, so they come one after another.
"""
