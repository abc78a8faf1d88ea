"""Settlement: a claim and a person's year in; what each fund pays, to the fen, and why, out.

Enters: `Policy`, statuses, claims. Leaves: `Settlement`, the state after it, `Explanation`. May
import: `policy`, `money`, `errors`. Knows nothing of databases and input files.
"""
