"""Rule packs: dated, cited documents in; plans that executors run out.

Enters: YAML under `policies/` or a user's overlay. Leaves: `Policy`, which gives a `Plan` per day
and a `Program` per profile. May import: `money`, `errors`. Knows nothing of claims, persons or
files but packs.
"""
