"""Files as arrays: what is certainly right is read column by column, the rest row by row.

Enters: batches of a Parquet or CSV file of persons or claims. Leaves: typed columns of the rows
that are certainly right, and the other rows as text, which the readers of `interop.files` turn into
values or rejects: those stay the definition of what a row means. May import: as `interop.files`,
NumPy, Numba, PyArrow.
"""
