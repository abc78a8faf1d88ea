"""The columns of the files that are read, made from the vocabulary.

What the vocabulary does not say (ids, dates, amounts of the bill) stands here. This one list drives
the readers, the schema that is printed, and the templates.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from yibao.interop.files.rows import MAX_CELL
from yibao.policy.model import Region, Text
from yibao.policy.vocabulary import Amount, Attribute, vocabulary

Kind = Literal[
    "id",
    "text",
    "date",
    "time",
    "month",
    "amount",
    "decimal",
    "rate",
    "count",
    "code",
    "flag",
    "set",
]
ProcedureName = Literal[
    "contribution",
    "account_credit",
    "account_use",
    "account_withdrawal",
    "account_interest",
    "account_closing",
    "product_financing",
    "accident_grant",
    "maternity_allowance",
    "care_grade",
]
"""The procedures whose requests are read, from files one row each."""
What = Literal["persons", "claims", "payments"] | ProcedureName

_NOTHING = Text("", "")


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `absent` is how an empty cell or a missing column is read; None: it is needed.

    `unless` names a column that can stand in for this one. `form` reads what is written further,
    for example a national code; it raises CodeError where that does not keep to its standard.
    """

    name: str
    kind: Kind
    title: Text
    note: Text = _NOTHING
    absent: str | None = None
    codes: Mapping[str, Text] | None = None
    unless: str = ""
    form: Callable[[str], Any] | None = None
    longest: int = MAX_CELL

    def needed_in(self, header: Collection[str]) -> bool:
        """Tell whether a file with these columns must have this one too."""
        return self.absent is None and (not self.unless or self.unless not in header)


def columns(what: What, region: Region) -> tuple[Column, ...]:
    """Return the columns of a file, with the codes of a region, in the order of the template."""
    if what == "persons":
        return person_columns(region)
    if what == "claims":
        return claim_columns(region)
    return payment_columns(region) if what == "payments" else request_columns(what, region)


def person_columns(region: Region) -> tuple[Column, ...]:
    """Return the columns of the persons file: one row per person and period."""
    attributes = [a for a in vocabulary().of("person") if a.kind != "number"]
    return (
        Column("person_id", "id", Text("人员编号", "Person")),
        Column("from", "date", Text("时段起日", "First day of the period")),
        Column(
            "to",
            "date",
            Text("时段止日", "Last day of the period"),
            Text("含当日；空为至今", "inclusive; empty: until further notice"),
            absent="",
        ),
        Column("birth_date", "date", Text("出生日期", "Date of birth")),
        *(attribute_column(a, region) for a in attributes),
        Column(
            "chosen_institution",
            "id",
            Text("选定的三级医院编号", "Level-3 hospital chosen"),
            Text("与 institution_id 比较", "compared with institution_id of a claim"),
            absent="",
        ),
        Column(
            "contracted_institution",
            "id",
            Text("签约的基层机构编号", "Primary institution contracted"),
            Text("与 institution_id 比较", "compared with institution_id of a claim"),
            absent="",
        ),
    )


def claim_columns(region: Region) -> tuple[Column, ...]:
    """Return the columns of the claims file: one row per claim or reversal."""
    words = vocabulary()
    return (
        Column("claim_id", "id", Text("结算编号", "Claim")),
        Column("person_id", "id", Text("人员编号", "Person")),
        attribute_column(words.attributes["visit"], region),
        Column(
            "date",
            "date",
            Text("就医日期", "Day of the visit"),
            Text("代替入院、出院日期", "stands for both admitted_on and discharged_on"),
            absent="",
        ),
        Column("admitted_on", "date", Text("入院日期", "Day of admission"), unless="date"),
        Column("discharged_on", "date", Text("出院日期", "Day of discharge"), unless="date"),
        Column(
            "settled_at",
            "time",
            Text("结算时刻", "When it is settled"),
            Text("决定先后次序（当地时间）", "decides the order (local time)"),
        ),
        *(amount_column(a) for a in words.amounts.values()),
        *(attribute_column(a, region) for a in words.of("claim") if a.name != "visit"),
        Column(
            "institution_id",
            "id",
            Text("医疗机构编号", "Institution"),
            Text(
                "与参保文件比较，得出 at_chosen_institution、at_contracted_institution",
                "compared with the persons file it gives at_chosen_institution and "
                "at_contracted_institution",
            ),
            absent="",
        ),
        Column(
            "episode",
            "id",
            Text("就医事件编号", "Episode"),
            Text(
                "同一转诊链、留观转住院的各笔相同",
                "the same for the claims of one referral chain or observation and stay",
            ),
            absent="",
        ),
        Column(
            "account_available",
            "amount",
            Text("个人账户可用额", "Available in the personal account"),
            absent="0.00",
        ),
        Column(
            "reverses",
            "id",
            Text("冲正的结算编号", "Claim that this row reverses"),
            Text(
                "填写时只再写 claim_id、settled_at（和 person_id）",
                "when filled, give only claim_id and settled_at (and person_id) besides",
            ),
            absent="",
        ),
    )


def request_columns(procedure: ProcedureName, region: Region) -> tuple[Column, ...]:
    """Return the columns of a file of requests: one row per person and what is asked for them."""
    words = vocabulary()
    inputs = words.procedures[procedure].inputs.values()
    return (
        Column("person_id", "id", Text("人员编号", "Person")),
        Column(
            "group",
            "id",
            Text("单位或家庭编号", "Employer or household"),
            Text("原样写回", "written back as it is"),
            absent="",
        ),
        Column(
            "date",
            "date",
            Text("适用规则的日期", "Day whose rules apply"),
            Text("所核定时段的首日", "the first day of the period that it is for"),
        ),
        *profile_columns(procedure, region),
        *(_input(amount) for amount in inputs),
    )


def profile_columns(procedure: str, region: Region) -> tuple[Column, ...]:
    """Return the columns of what the rules of a procedure may look at; all may be left out.

    What a rule needs is known only when it is asked: a fact that is missing then is an error.
    """
    words = vocabulary()
    person = [a for a in words.of("person") if a.kind != "number"]
    facts = [words.attributes[name] for name in words.procedures[procedure].facts]
    found = [attribute_column(attribute, region) for attribute in (*person, *facts)]
    return (
        Column(
            "birth_date",
            "date",
            Text("出生日期", "Date of birth"),
            Text("规则看年龄时才需要", "needed only where a rule looks at the age"),
            absent="",
        ),
        *(replace(c, absent="") if c.absent is None else c for c in found),
    )


_FROM_PAYMENTS = frozenset({"gap_months", "gap_years", "continuous_years", "months_since_birth"})
_YEARS_FROM_PAYMENTS = frozenset({"missed_years", "repaired_years"})
"""What follows from a person's payments and so is no column."""


def payment_columns(region: Region) -> tuple[Column, ...]:
    """Return the columns of the payments file: one row per payment."""
    inputs = vocabulary().procedures["coverage"].inputs.values()
    birth, *facts = profile_columns("coverage", region)
    needed = {"scheme", "category"}
    return (
        Column("person_id", "id", Text("人员编号", "Person")),
        Column("first_month", "month", Text("费款所属期起", "First month that it belongs to")),
        Column("last_month", "month", Text("费款所属期止", "Last month that it belongs to")),
        Column("paid_on", "date", Text("到账日期", "Day on which it was paid")),
        replace(birth, absent=None, note=_NOTHING),
        *(
            replace(c, absent=None) if c.name in needed else c
            for c in facts
            if c.name not in _FROM_PAYMENTS
        ),
        *(_input(amount) for amount in inputs if amount.name not in _YEARS_FROM_PAYMENTS),
    )


def _input(amount: Amount) -> Column:
    kind: Kind = "amount" if amount.unit == "yuan" else "count"
    note = Text("规则用到时必填", "needed where a rule uses it")
    return Column(amount.name, kind, amount.title, note, absent="")


def attribute_column(attribute: Attribute, region: Region) -> Column:
    """Return the column of an attribute, with the codes that it has in a region."""
    absent = attribute.absent
    text: str | None
    if isinstance(absent, bool):
        text = "true" if absent else "false"
    elif isinstance(absent, frozenset):
        text = ";".join(sorted(absent))
    else:
        text = None if absent is None else str(absent)
    note = _NOTHING
    if attribute.kind == "set":
        note = Text("多个用 ; 或 | 分开", "several are separated by ; or |")
    elif attribute.name in DERIVED:
        note = Text(
            f"空时由 institution_id 与参保文件的 {DERIVED[attribute.name]} 得出",
            f"where empty, follows from institution_id and {DERIVED[attribute.name]} of the "
            "persons file",
        )
    kind: Kind = attribute.kind if attribute.kind != "number" else "count"
    return Column(attribute.name, kind, attribute.title, note, text, _codes(attribute, region))


DERIVED = {
    "at_chosen_institution": "chosen_institution",
    "at_contracted_institution": "contracted_institution",
}
"""Claim flags that follow from institution_id, and the column of the persons file they need."""


def _codes(attribute: Attribute, region: Region) -> Mapping[str, Text] | None:
    if attribute.kind not in {"code", "set"}:
        return None
    if attribute.codes is not None:
        return attribute.codes
    own = region.codes.get(attribute.codes_like or attribute.name, ())
    codes = {c.code: c.title for c in own}
    return codes if attribute.kind == "set" else {"none": Text("无", "none"), **codes}


def amount_column(amount: Amount) -> Column:
    """Return the column of an amount of a bill."""
    note = _NOTHING
    if amount.parts:
        parts = " + ".join(amount.parts)
        note = Text(f"= {parts}", f"= {parts}")
    elif amount.portion_of:
        note = Text(f"不超过 {amount.portion_of}", f"within {amount.portion_of}")
    needed = amount.name in {"total", "in_scope"}
    return Column(amount.name, "amount", amount.title, note, None if needed else "0.00")
