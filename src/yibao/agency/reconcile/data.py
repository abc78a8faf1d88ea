"""A reconciliation as JSON has it: amounts in yuan, days as ISO texts."""

from __future__ import annotations

from typing import Any

from yibao.agency.reconcile.day import Reconciliation
from yibao.agency.reconcile.model import Comparison, Difference, Money, Row
from yibao.money import format_yuan


def as_json(found: Reconciliation) -> dict[str, Any]:
    """Return both comparisons, the numbers that were not compared, how many rows lie outside."""
    return {
        "comparisons": [_comparison(one) for one in found.comparisons],
        "not_compared": [row.claim_no for row in found.not_compared],
        "outside": found.outside,
    }


def _comparison(one: Comparison) -> dict[str, Any]:
    return {
        "sides": one.sides,
        "rows": one.rows,
        "sums": [_yuan(sums) for sums in one.sums],
        "gap": _yuan(one.gap),
        "parts": [
            {
                "scheme": part.scheme,
                "flow": part.flow,
                "rows": part.rows,
                "gap": _yuan(part.gap),
            }
            for part in one.parts
        ],
        "differences": [_difference(d) for d in one.differences],
    }


def _difference(d: Difference) -> dict[str, Any]:
    return {
        "class": d.kind,
        "claim_no": d.claim_no,
        "flow": d.flow,
        "lacking": d.lacking,
        "ours": _row(d.ours),
        "theirs": _row(d.theirs),
        "columns": [name for name, _, _ in d.told],
        "effect": _yuan(d.effect),
    }


def _row(row: Row | None) -> dict[str, Any] | None:
    if row is None:
        return None
    return {**row._asdict(), "money": _yuan(row.money), "day": row.day.isoformat()}


def _yuan(amounts: Money) -> dict[str, str]:
    return {name: format_yuan(fen) for name, fen in amounts._asdict().items()}
