"""The national interface of designated institutions: its transactions as data, messages checked.

`schema/` holds the data: the fields, the transactions by group, the code tables, and profiles of
provinces over that national core. Enters: messages. Leaves: exact values, or faults that name the
field in Chinese. May import: policy (strict YAML), errors, text. Its abbreviations stay in here and
in the handlers of `api.national`.
"""
