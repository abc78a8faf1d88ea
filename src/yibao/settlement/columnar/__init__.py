"""The columnar executor: the claims of many persons at once, bit for bit as the scalar one.

Enters: a policy, statuses and items as arrays sorted by person (`data`). Leaves: a `Result`, one
row per item. May import: `settlement`, `policy`, `money`, `errors`, `text`, NumPy, Numba. Knows
nothing of files and of text ids: whoever reads files turns ids into numbers.
"""
