"""Files at the edge: rows of text in, statuses and claims out; settlements in, files out.

Enters: CSV, Parquet and Excel files of persons, claims, opening states, requests of procedures and
payments of contributions. Leaves: an `Enrolment`, claims and reversals, answers, spans of benefit,
row errors as values, and result files that are whole or not there. May import: settlement, policy,
money, errors, text.
"""
