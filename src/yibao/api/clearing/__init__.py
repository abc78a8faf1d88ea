"""Clearing over HTTP: months of institutions, what spans a year, reserves and other regions.

Enters: what clerks decide. Leaves: applications as they stand, sums by fund. The routes do what
`yibao clearing` does, by the same functions; may import what `api` may.
"""
