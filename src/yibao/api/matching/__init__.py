"""Who may be registered twice, and gaps of insurance, over HTTP.

Enters: requests. Leaves: pairs with the reasons for them, decisions, gaps and what became of them.
May import what `api` may. Keys and numbers of persons stand in bodies alone.
"""
