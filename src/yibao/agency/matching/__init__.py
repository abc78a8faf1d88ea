"""Who may be registered or insured twice: found exactly and by likeness, decided by a clerk.

Enters: the register, what other regions report, a file of another region. Leaves: pairs with the
reasons for them, and what was decided about each. Nothing is ever merged by itself. May import what
`agency` may; finding by likeness needs the extra `match`.
"""
