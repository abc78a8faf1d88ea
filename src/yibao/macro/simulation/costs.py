"""What all claims cost, by who pays: funds with their layers, and the persons."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from yibao.macro.simulation.exact import Codes, totals_by
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


def costs(paid: Paid) -> Costs:
    """Return the sums of all claims."""
    (whole,) = _by(paid, np.zeros(len(paid.sign), np.int16), 1)
    return whole


def together(parts: Iterable[CostsOf]) -> Costs:
    """Return the sums of parts that make up a whole."""
    found = [part.costs for part in parts]
    amounts: Counter[str] = Counter(dict.fromkeys((*SUMS, *vocabulary().funds), 0))
    for part in found:
        amounts.update(part.amounts)
    return Costs(sum(part.claims for part in found), dict(amounts))


def by_code(paid: Paid, coded: Coded) -> tuple[CostsOf, ...]:
    """Return the sums for each code of an attribute that has claims."""
    size = len(coded.values)
    present = np.bincount(coded.codes, minlength=size)
    named = zip(coded.values, coded.titles, _by(paid, coded.codes, size), present, strict=True)
    return tuple(CostsOf(value, title, found) for value, title, found, n in named if n)


def _by(paid: Paid, codes: Codes, size: int) -> list[Costs]:
    arrays = {
        "total": paid.total,
        "in_scope": paid.in_scope,
        "personal": paid.personal,
        "account": paid.account,
        "claims": paid.sign.astype(np.int64),
        **paid.funds,
    }
    with ThreadPoolExecutor() as threads:  # the loops are compiled and hold no lock
        found = threads.map(lambda values: totals_by(codes, values, size), arrays.values())
        sums = dict(zip(arrays, found, strict=True))
    return [_costs({name: sums[name][code] for name in sums}) for code in range(size)]


def _costs(sums: Mapping[str, int]) -> Costs:
    amounts = {
        "total": sums["total"],
        "in_scope": sums["in_scope"],
        "fund": sums["total"] - sums["personal"],
        "personal": sums["personal"],
        "account": sums["account"],
        "cash": sums["personal"] - sums["account"],
    }
    funds = {name: sums.get(name, 0) for name in vocabulary().funds}
    return Costs(sums["claims"], amounts | funds)


def breakdown(claims: Claims, paid: Paid) -> Mapping[str, tuple[CostsOf, ...]]:
    """Return the sums by scheme, visit type and level."""
    places = {"scheme": claims.scheme, "visit": claims.visit, "level": claims.level}
    return {name: by_code(paid, coded) for name, coded in places.items()}


def paying(sides: Sequence[Costs]) -> list[str]:
    """Return the funds that pay anything on some side, in the vocabulary's order."""
    return [name for name in vocabulary().funds if any(side[name] for side in sides)]
