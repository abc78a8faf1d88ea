"""Rule packs: dated, cited documents in; plans that executors run out.

Enters: YAML under `policies/` or a user's overlay. Leaves: `Policy`, which gives a `Plan` per day
and a `Program` per profile, of a claim or of a procedure. May import: `money`, `errors`, `text`.
Knows nothing of claims, persons or files but packs.
"""
