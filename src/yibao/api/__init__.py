"""The HTTP service: strict JSON in, one transaction of the agency, JSON out.

Enters: requests. Leaves: replies that the OpenAPI document describes, errors as problem+json.
`app.create_app` makes the application, `serve.serve` runs it; a part of the agency is a module with
models and a router. May import everything below; only `cli` imports it. Amounts are yuan with two
decimals as text outside, fen inside.
"""
