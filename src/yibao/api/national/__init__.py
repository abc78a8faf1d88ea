"""The national interface at the door: one entry that dispatches on `infno`, or a path for each.

Enters: envelopes. Leaves: envelopes, `infcode` 0 or -1, whatever is sent. `handlers` has a module
for each group of transactions; each handler is one function from an exchange to an output. The
interface's abbreviations end here: below, everything has its English name.
"""
