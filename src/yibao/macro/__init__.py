"""宏观决策: the fund, the people that it insures, and what changes of the rules would do.

Enters: published statistics, rule packs, settlements. Leaves: synthetic populations, and what
reforms change on them; later indicators and projections. May import: bulk, interop.files,
settlement, policy.
"""
