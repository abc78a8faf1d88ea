"""What institutions have of drugs and consumables: counted, bought, sold, given back.

Enters: movements as institutions report them. Leaves: what stands of a batch. May import what
`agency` may. A movement is never changed; one that was reported by mistake is withdrawn.
"""
