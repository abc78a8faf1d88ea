"""Settlement on a Spark cluster: the function of `bulk.in_memory`, a bucket of persons a task.

Enters: claims and persons in files that every machine sees. Leaves: a folder of Parquet parts with
the rows of a local run. Where the files already lie bucket by bucket (`claims-X.parquet` beside
`persons-X.parquet`) a task takes a pair of them; otherwise Spark divides the rows by person first.
May import what `bulk` may; PySpark only late, when a session is there.
"""
