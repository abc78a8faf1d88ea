"""Who may sign in without an identity provider: users, their passwords, their tokens.

Enters: names and passwords. Leaves: tokens that hold for an hour, and whose a token is. Passwords
are kept as Argon2id, tokens as SHA-256: neither can be read from the database. What roles there are
and what each may do is the service's; here they are names.
"""
