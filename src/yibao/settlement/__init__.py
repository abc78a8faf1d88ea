"""Settlement: a claim and a person's year in; what each fund pays, to the fen, and why, out.

Enters: `Policy`, statuses, claims; requests and payments of contributions. Leaves: `Settlement`,
the state after it, `Outcome` of a procedure, spans of benefit, explanations of all. May import:
`policy`, `money`, `errors`, `text`. Knows nothing of databases and input files.
"""
