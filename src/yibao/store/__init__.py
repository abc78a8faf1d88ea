"""The database: one PostgreSQL, embedded by default.

Enters: a folder (an embedded server) or a URL. Leaves: connections, transactions, a schema at a
known version, backups. May import: errors, text. It knows no table's meaning: each package above
says its own SQL, and `migrations/sql` has the tables of all.
"""
