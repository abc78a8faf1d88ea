"""Why the core refused a claim, as an error of its row, in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from yibao.errors import (
    ClaimError,
    GradeRefused,
    MissingFigure,
    NoRule,
    NotGiven,
    PolicyError,
    Refused,
    Unclassified,
    YibaoError,
)
from yibao.interop.files.claims import Origin
from yibao.interop.files.persons import place
from yibao.interop.files.rows import Reject, RowError
from yibao.interop.files.rules import reason
from yibao.policy.model import Text
from yibao.settlement.batch import Batch, Rejection
from yibao.settlement.model import Claim

_CLAIM_RULES = {
    "unique claim id": "unique_claim_id",
    "insured on the day of service": "insured_on_day",
    "reversal of a settled claim": "reversal_known",
    "one reversal of a claim": "reversal_once",
}
"""The core's rules by name, and ours."""

_POLICY_RULES: Mapping[type[PolicyError], str] = {
    NoRule: "rule_in_force",
    MissingFigure: "figure_known",
    GradeRefused: "figure_grade",
    Unclassified: "classified",
    NotGiven: "fact_given",
    Refused: "refused",
}


def rule_of(error: PolicyError) -> str:
    """Return the rule that a row breaks when the policy does not answer for it."""
    return _POLICY_RULES.get(type(error), "settleable")


def rejects_of(batch: Batch) -> list[Reject]:
    """Return the rejected rows of a batch whose items were read from files."""
    first = {
        entry.item.what.claim_id: place(entry.item.source.record)
        for entry in batch.entries
        if isinstance(entry.item.source, Origin)
    }
    return [_reject(rejection, first) for rejection in batch.rejections]


def _reject(rejection: Rejection, first: Mapping[str, str]) -> Reject:
    source = rejection.item.source
    assert isinstance(source, Origin)
    error = row_error(rejection, source, first)
    return Reject(source.record, source.columns, (error,))


def row_error(rejection: Rejection, source: Origin, first: Mapping[str, str]) -> RowError:
    """Return a rejection as an error of its row; `first` tells where each id was first used."""
    error, what = rejection.error, rejection.item.what
    column, value = "", ""
    if isinstance(error, ClaimError):
        column, value = error.column, error.value
        day = what.discharged if isinstance(what, Claim) else what.settled_at.date()
        rule, why = of_claim(error, day, first.get(what.claim_id, "?"))
    elif isinstance(error, PolicyError):
        rule = rule_of(error)
        if rule == "rule_in_force" and isinstance(what, Claim):
            column = "date" if _filled(source, "date") else "discharged_on"
            value = what.discharged.isoformat()
        why = reason(rule, why=error.text)
    else:
        rule = "settleable"
        why = reason(rule, why=_plain(error))
    record = source.record
    return RowError(record.file, record.row, column, value, rule, why)


def of_claim(error: ClaimError, day: date, first: str = "?") -> tuple[str, Text]:
    """Return the rule that a claim of a day breaks, and why; `first` is where its id was used."""
    rule = _CLAIM_RULES.get(error.rule, "settleable")
    return rule, reason(rule, found=first, day=day, why=_plain(error))


def _plain(error: YibaoError) -> Text:
    return Text(str(error), str(error))


def _filled(source: Origin, column: str) -> bool:
    if column not in source.columns:
        return False
    return bool(source.record.cells[source.columns.index(column)].strip())
