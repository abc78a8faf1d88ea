"""Codes that tests of registers use."""

from collections.abc import Callable

from yibao.registry.importing import Imported

Bring = Callable[..., Imported]
"""The fixture `bring`: name of a register, lines of CSV, how many are rejected."""

HOSPITAL = "H12010100001"
OTHER = "H12010100002"
THIRD = "H12010100003"
PHARMACY = "P12010100001"
DOCTOR = "D120101000001"
DRUG = "XA01ABD075A002010100483"
