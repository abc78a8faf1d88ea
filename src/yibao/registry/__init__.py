"""Who and what exists: institutions, practitioners, catalogues, diseases, agreements, codes.

Enters: register files (CSV, Excel, Parquet), acts on agreements. Leaves: for a day, what was in
force on it. May import: interop (readers of files), store, policy, money, errors, text.
"""
