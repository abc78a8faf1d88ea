"""What products of the layer chain cost: who pays for a year of them, moved between the funds.

Enters: the number of the insured, and what the rules say of the money. Leaves: one entry a year.
"""
