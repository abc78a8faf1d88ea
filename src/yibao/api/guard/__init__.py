"""Who asks, and what each may do: one table, enforced by one dependency on every route.

Enters: a request. Leaves: its `Principal`, or 401, 403, 429. `roles` says what roles there are,
`table` what each may do, `owners` whose a thing with a number is, `asked` finds out who asks before
anything of a body is read, `allow` holds each request against the table.
"""
