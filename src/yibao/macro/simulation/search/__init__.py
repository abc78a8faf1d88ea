"""Search: which settings of some figures meet targets, and what the trade-off between them is.

Enters: a population, a file of parameters and targets. Leaves: the best setting found, the frontier
of settings that no other beats, everything that was tried. Each setting is a settlement of all
claims, to the fen; nothing is interpolated.
"""
