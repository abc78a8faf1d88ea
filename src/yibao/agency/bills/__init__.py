"""Bills that come in files: read, settled one by one through the intake, told of row by row.

Each bill is a transaction of its own, so that one that is refused loses nothing. The same file
again changes nothing: a bill's content stands under the institution's number of it.
"""
