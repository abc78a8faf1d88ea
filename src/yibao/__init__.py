"""Yibao (医保): an open platform for social medical insurance.

    from pathlib import Path
    from yibao import explain, load_policy, settle

    policy = load_policy("tianjin")
    run = settle(policy, [Path("claims.csv")], [Path("persons.csv")])
    for entry in run.batch.entries:
        for line in explain(entry.settlement, policy).lines:
            print(line.says.en, line.formula, line.source.cite)

The names are imported when they are first used, so that the command line starts fast.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from yibao.interop.files.settling import settle_files as settle
    from yibao.policy.policy import load_policy
    from yibao.settlement.explain import explain

__all__ = ["explain", "load_policy", "settle"]

_HOMES = {
    "explain": ("yibao.settlement.explain", "explain"),
    "load_policy": ("yibao.policy.policy", "load_policy"),
    "settle": ("yibao.interop.files.settling", "settle_files"),
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'yibao' has no attribute {name!r}")
    module, attribute = _HOMES[name]
    return getattr(import_module(module), attribute)
