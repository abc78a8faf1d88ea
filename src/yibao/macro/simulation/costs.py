"""What all claims cost, by who pays: funds with their layers, and the persons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from yibao.macro.simulation.exact import Flags, total
from yibao.macro.simulation.paid import Claims, Coded, Paid
from yibao.policy.vocabulary import vocabulary
from yibao.text import Text

SUMS = ("total", "in_scope", "fund", "personal", "account", "cash")
"""Besides the funds: the bill, its part in scope, all funds, the person, and how that one pays."""

TITLES: Mapping[str, Text] = {
    "total": Text("医疗总费用", "Total expense"),
    "in_scope": Text("政策范围内费用", "In-scope expense"),
    "fund": Text("各项基金合计", "All funds"),
    "personal": Text("个人负担合计", "Paid by persons"),
    "account": Text("其中：个人账户", "of which personal accounts"),
    "cash": Text("其中：个人现金", "of which in cash"),
}


@dataclass(frozen=True, slots=True)
class Costs:
    """Sums of some claims, in fen by name (`SUMS` and every fund), and how many they are net."""

    claims: int
    amounts: Mapping[str, int]

    def __getitem__(self, name: str) -> int:
        return self.amounts[name]


@dataclass(frozen=True, slots=True)
class CostsOf:
    """The costs of one code of an attribute."""

    code: str
    title: Text
    costs: Costs


def title_of(name: str) -> Text:
    """Return the title of a sum or a fund."""
    return TITLES.get(name) or vocabulary().funds[name].title


def layer_of(fund: str) -> Text:
    """Return the layer of the chain that a fund belongs to."""
    words = vocabulary()
    return words.layers[words.funds[fund].layer]


def costs(paid: Paid, where: Flags | None = None) -> Costs:
    """Return the sums of all claims, or of some."""
    funds = {
        name: total(paid.funds[name], where) if name in paid.funds else 0
        for name in vocabulary().funds
    }
    bill, personal = total(paid.total, where), total(paid.personal, where)
    account = total(paid.account, where)
    sums = {
        "total": bill,
        "in_scope": total(paid.in_scope, where),
        "fund": bill - personal,
        "personal": personal,
        "account": account,
        "cash": personal - account,
    }
    sign = paid.sign if where is None else paid.sign[where]
    return Costs(int(sign.sum(dtype="int64")), sums | funds)


def by_code(paid: Paid, coded: Coded) -> tuple[CostsOf, ...]:
    """Return the sums for each code of an attribute that has claims."""
    found = []
    for code, (value, title) in enumerate(zip(coded.values, coded.titles, strict=True)):
        here = coded.codes == code
        if here.any():
            found.append(CostsOf(value, title, costs(paid, here)))
    return tuple(found)


def breakdown(claims: Claims, paid: Paid) -> Mapping[str, tuple[CostsOf, ...]]:
    """Return the sums by scheme, visit type and level."""
    places = {"scheme": claims.scheme, "visit": claims.visit, "level": claims.level}
    return {name: by_code(paid, coded) for name, coded in places.items()}


def paying(sides: Sequence[Costs]) -> list[str]:
    """Return the funds that pay anything on some side, in the vocabulary's order."""
    return [name for name in vocabulary().funds if any(side[name] for side in sides)]
