"""Files at the edge: rows of text in, statuses and claims out; settlements in, files out.

Enters: CSV, Parquet and Excel files of persons, claims and opening states. Leaves: an `Enrolment`,
claims and reversals, row errors as values, and result files that are whole or not there.
May import: settle, policy, money.
"""
