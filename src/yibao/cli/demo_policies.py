"""The part of the demonstration on policies: a curve, a comparison, what departs from limits."""

from __future__ import annotations

from datetime import date

from rich.console import Console

from yibao.cli.analysis_pages import Wanted, curve
from yibao.cli.compare_pages import compare
from yibao.cli.conform_pages import print_comparisons
from yibao.cli.options import Language
from yibao.cli.policy_pages import Pack
from yibao.policy.checking.conform import conform
from yibao.policy.policy import Policy
from yibao.text import Text

_PATIENT = ("scheme=resident", "category=adult", "visit=inpatient", "level=3")
_TIER = "contribution_tier=high"
_BORN = "birth_date=1960-01-01"
_BEFORE, _AFTER = date(2019, 7, 1), date(2023, 7, 1)

_WORDS = {
    "curve": Text(
        "居民三级医院住院：费用从零增加，谁付多少（每个转折点都由规则算出）",
        "A resident in a level-3 hospital: who pays what as the bill grows, every kink computed",
    ),
    "compare": Text("同一位患者，2019年与2023年", "The same patient in 2019 and in 2023"),
    "conform": Text(
        "与国家医疗保障待遇清单的出入", "Where the figures depart from the national benefit list"
    ),
}


def show_policies(policy: Policy, language: Language, console: Console) -> None:
    """Show one patient's curve and two years of it, and what departs from national limits."""

    def say(key: str) -> None:
        console.print(_WORDS[key].pick(language), style="bold", markup=False)

    pack = Pack(policy.region.id)
    wanted = Wanted([*_PATIENT, _TIER, _BORN], [], [], "450000", policy.accept.name)
    say("curve")
    curve(pack, _BEFORE, wanted, None, as_json=False, language=language)
    console.print()
    say("compare")
    sides = (Pack(f"{pack.region}@{_BEFORE}"), Pack(f"{pack.region}@{_AFTER}"))
    compare(sides, None, wanted, ["20000", "200000"], None, as_json=False, language=language)
    console.print()
    say("conform")
    found = conform(policy.region, _AFTER)
    print_comparisons([c for c in found if c.verdict in {"departs", "breach"}], language)
