"""Bulk settlement: files of any size in, files out, in bounded memory.

Enters: Parquet and CSV files of persons and claims, or Arrow tables of them; a policy. Leaves: the
files that `interop.files` would write, or tables. May import: `interop.files`, `settlement`,
`policy`, `money`, `errors`, `text`, NumPy, Numba, PyArrow. What a row means, and what is done with
persons whose claims are entangled with others', is decided below; here rows are only moved.
"""
