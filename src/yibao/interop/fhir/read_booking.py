"""ExplanationOfBenefit and ClaimResponse become rows that `yibao reconcile` takes.

Both tell of one settlement: where both are there, they must say the same, and are one row.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from yibao.clock import CHINA
from yibao.interop.fhir import systems
from yibao.interop.fhir.given import At, Found, Given, Reader, coded
from yibao.interop.fhir.read_claim import PERSON
from yibao.interop.files.bills import LINE_COLUMNS
from yibao.interop.files.columns import Column
from yibao.money import format_yuan, parse_yuan
from yibao.text import Text

_INSTITUTION, _CLAIM_NO = LINE_COLUMNS[:2]
_OWN = ("account_pay", "cash_pay")
_TOTAL = Column("total", "amount", Text("总额", "total"))
_PART = Column("part", "amount", Text("支付", "payment"))

BOOKING_NAMES = (
    *("claim_no", "person_id", "kind", "scheme", "total", "fund_pay", "account_pay", "cash_pay"),
    "settled_at",
)
"""The columns of an institution's own file."""


@dataclass(frozen=True, slots=True, eq=False)
class _Booking:
    """A settlement or refund as one resource tells of it."""

    found: Found
    institution: str
    row: Mapping[str, str]

    @property
    def key(self) -> tuple[str, str, str]:
        """What two resources that tell of one settlement have in common."""
        return self.institution, self.row["claim_no"], self.row["kind"]


def bookings(given: Given) -> dict[str, list[Mapping[str, str]]]:
    """Return the rows of each institution, in the order of the files.

    What was paid by persons themselves is left out, as no institution books it.
    """
    benefits = list(_read(given, "ExplanationOfBenefit"))
    responses = list(_read(given, "ClaimResponse"))
    by_key = {one.key: one for one in benefits}
    single = [one for one in responses if one.key not in by_key]
    for one in responses:
        if one.key in by_key:
            _compare(given, one, by_key[one.key])
    rows: dict[str, list[Mapping[str, str]]] = {}
    for one in (*benefits, *single):
        rows.setdefault(one.institution, []).append(one.row)
    return rows


def _compare(given: Given, response: _Booking, benefit: _Booking) -> None:
    """Tell where a response says otherwise; a scheme that one does not tell is no difference."""
    for name, said in response.row.items():
        other = benefit.row[name]
        if said != other and not (name == "scheme" and "" in {said, other}):
            found = response.found
            path = found.path or found.kind
            given.add(found.file, path, "told_apart", said, found=f"{name} {other}")


def _read(given: Given, kind: str) -> Iterator[_Booking]:
    for found in given.of(kind):
        reader = Reader(given, found)
        if _paid_by_person(reader.root):
            given.left_out[kind] += 1
            continue
        made = _booking(reader)
        given.problems += reader.problems
        if not reader.problems:
            yield made


def _paid_by_person(at: At) -> bool:
    return any(
        concept.says(systems.PAYEE, "subscriber")
        for concept in (at["payee"]["type"], at["payeeType"])
    )


def _booking(reader: Reader) -> _Booking:
    at = reader.root
    reader.status("active", "cancelled")  # what was taken back had been booked, and stays so
    for name, expected in (("use", "claim"), ("outcome", "complete")):
        if at[name].value != expected:
            at[name].wrong("status", expected=expected)
    own = reader.found.kind == "ExplanationOfBenefit"
    claim, provider = (at["claim"], at["provider"]) if own else (at["request"], at["requestor"])
    row = {
        "claim_no": claim.identified(systems.CLAIM_NO, _CLAIM_NO),
        "person_id": at["patient"].identified(systems.PERSON, PERSON),
        "kind": "refund" if reader.refund else "settle",
        "scheme": _scheme(at),
        **_amounts(at, refund=reader.refund),
        "settled_at": _local(at["created"]),
    }
    return _Booking(reader.found, provider.identified(systems.INSTITUTION, _INSTITUTION), row)


def _scheme(at: At) -> str:
    """Return the scheme of the insurance, "" where it is not told: it is not compared then."""
    for insurance in at["insurance"]:
        coverage = insurance["coverage"].target()
        if coverage is not None and coverage["type"].codings(systems.SCHEME):
            return coverage["type"].code(systems.SCHEME, coded("scheme"))
    return ""


def _local(created: At) -> str:
    """Return an instant as the time of China."""
    text = created.value
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is not None:
            return moment.astimezone(CHINA).replace(tzinfo=None).isoformat(" ")
    except (TypeError, ValueError, OverflowError):
        pass
    created.wrong("instant")
    return ""


# --- amounts --------------------------------------------------------------------------------------


def _amounts(at: At, *, refund: bool) -> dict[str, str]:
    """Return the four amounts in yuan, above zero also for a refund; they must add up."""
    totals = _by_code(at["total"], systems.ADJUDICATION, refund=refund)
    paid = _by_code(at["adjudication"], systems.PAYER, refund=refund)
    for code in ("submitted", "benefit"):
        if code not in totals:
            at["total"].wrong("system", system=f"{systems.ADJUDICATION}|{code}", found=0)
    total, fund_pay = totals.get("submitted", 0), totals.get("benefit", 0)
    own = {name: paid.get(name, 0) for name in _OWN}
    sums = [(total, fund_pay + sum(own.values()) + paid.get("hospital_pay", 0))]
    funds = [fen for name, fen in paid.items() if name not in {*_OWN, "hospital_pay"}]
    if funds:
        sums.append((fund_pay, sum(funds)))
    if not at.reader.problems:
        for stated, comes_to in sums:
            if stated != comes_to:
                at["total"].wrong("adds_up", found=format_yuan(comes_to))
    fen = {"total": total, "fund_pay": fund_pay, **own}
    return {name: format_yuan(amount) for name, amount in fen.items()}


def _by_code(parts: At, system: str, *, refund: bool) -> dict[str, int]:
    """Return amounts in fen by their codes of a system; others say nothing here."""
    found: dict[str, int] = {}
    for part in parts:
        for coding in part["category"].codings(system):
            code = coding["code"].value
            if code in found:
                coding["code"].wrong("unique", found=code)
            found[code] = _fen(part["amount"], refund=refund)
    return found


def _fen(amount: At, *, refund: bool) -> int:
    """Return the fen of an amount, which is below zero in a refund and in nothing else."""
    value = amount["value"].value
    if isinstance(value, bool | str | None) or not value:
        cell = amount.yuan(_PART)
    elif (value < 0) != refund:
        amount["value"].wrong("refund", flow=systems.FLOW)
        return 0
    else:
        positive = {**amount.value, "value": abs(value)}
        cell = At(amount.reader, positive, amount.path).yuan(_PART)
    return parse_yuan(cell) if cell else 0
