"""Exact analysis of rules: curves of what funds pay, comparisons, cliffs.

Enters: a policy and a patient (attributes, opening state, the make-up of the bill). Leaves: exact
piecewise linear functions of the expense, with what the integer programs really pay at chosen
points. Imports settlement and what is below it.
"""
