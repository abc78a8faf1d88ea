"""An explanation as plain data, both languages, for JSON.

Enters: an `Explanation` or lines of one. Leaves: dictionaries, lists and texts; amounts are yuan.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from yibao.money import format_yuan
from yibao.policy.model import Document
from yibao.policy.vocabulary import vocabulary
from yibao.settlement.explain import Account, Explanation, Line, Quantity
from yibao.settlement.sources import Source


def as_json(explanation: Explanation) -> dict[str, Any]:
    """Return an explanation as plain data."""
    settlement = explanation.settlement
    return {
        "claim_id": settlement.claim.claim_id,
        "person_id": settlement.claim.person_id,
        "scheme": settlement.scheme,
        "day": settlement.day.isoformat(),
        "day_rule": explanation.day_rule._asdict(),
        "bill": {q.name: q.value for q in explanation.bill},
        "steps": [line_as_json(line) for line in explanation.lines],
        "funds": {q.name: q.value for q in explanation.funds},
        **{q.name: q.value for q in explanation.closing},
        "documents": documents_as_json(explanation.documents),
    }


def account_as_json(account: Account) -> dict[str, Any]:
    """Return what a procedure answers as plain data."""
    request = account.outcome.request
    procedure = vocabulary().procedures[request.procedure]
    payers = account.results(procedure.payers)
    return {
        "procedure": procedure.name,
        "policy": account.reader.region.id,
        "day": request.day.isoformat(),
        "birth_date": request.birth_date.isoformat() if request.birth_date else None,
        "facts": dict(request.facts),
        "inputs": {q.name: q.value for q in account.inputs},
        "steps": [line_as_json(line) for line in account.lines],
        "payers": {q.name: q.value for q in payers},
        "total": format_yuan(account.outcome.total) if procedure.payers else None,
        "results": {q.name: q.value for q in account.results(procedure.gives)},
        "documents": documents_as_json(account.documents),
    }


def documents_as_json(documents: Iterable[Document]) -> list[dict[str, Any]]:
    """Return documents as plain data."""
    return [{"id": d.id, "number": d.number, "title": d.title._asdict()} for d in documents]


def line_as_json(line: Line) -> dict[str, Any]:
    """Return one line of an explanation as plain data."""
    return {
        "step": line.step,
        "layer": line.layer,
        "says": line.says._asdict(),
        "formula": line.formula,
        "before_rounding": line.exact,
        "operands": [_quantity(q) for q in line.operands],
        "results": {q.name: q.value for q in line.results},
        "source": _source(line.source),
        "changes": line.moves,
    }


def _quantity(quantity: Quantity) -> dict[str, Any]:
    data: dict[str, Any] = {
        "name": quantity.name,
        "title": quantity.title._asdict(),
        "value": quantity.value,
    }
    if quantity.source is not None:
        data["source"] = _source(quantity.source)
        data["rejected"] = [
            {"value": r.value, "why": r.why._asdict(), "source": _source(r.source)}
            for r in quantity.rejected
        ]
    return data


def _source(source: Source) -> dict[str, Any]:
    return {
        "document": source.document,
        "number": source.number,
        "cite": source.cite,
        "grade": source.grade,
        "source": source.source,
        "in_force_by": source.by,
        "from": source.first.isoformat() if source.first else None,
        "to": source.last.isoformat() if source.last else None,
    }
