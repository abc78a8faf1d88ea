"""A synthetic population: persons and claims that nobody has, calibrated to published statistics.

Enters: compact cited figures (the YAML files beside this text). Leaves: a folder of Parquet files
that `yibao settle` reads as they are, and a report of how near the files come to the figures. May
import: policy, settlement, money, errors, text, interop.files.
"""
