"""The parts of the demonstration."""

from __future__ import annotations

import csv
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text as Styled

from yibao.cli import settle_report
from yibao.cli.demo_centre import show_centre
from yibao.cli.demo_city import PERSONS, show_city
from yibao.cli.demo_funding import show_funding
from yibao.cli.demo_policies import show_policies
from yibao.cli.demo_town import show_town
from yibao.cli.options import Language
from yibao.cli.output import console
from yibao.cli.sample import write_city
from yibao.cli.waterfall import print_waterfall
from yibao.interop.files.settling import Run, settle_files
from yibao.interop.files.summary import summary_of
from yibao.money import format_yuan
from yibao.policy.load import load_region
from yibao.policy.model import Grade, Region, Text
from yibao.policy.policy import Policy, load_policy
from yibao.policy.vocabulary import vocabulary
from yibao.settlement.batch import standing
from yibao.settlement.cases import CaseRunner, Verdict
from yibao.settlement.explain import Explainer, Explanation, Line, Quantity, title_of
from yibao.settlement.model import Settlement

EXAMPLES = Path(str(files("yibao"))).parents[1] / "examples"

_PERSONS = 1_000
_STEPS = 5
"""How many steps of a claim a short sheet shows."""

_WORDS = {
    "published": Text(
        "{n}. 媒体和主管部门公开的案例，用小规则包结算：公布数与本程序的结果",
        "{n}. Examples that press and authorities published, settled through small rule packs",
    ),
    "visits": Text("{n}. {city}：每种就医类别一笔", "{n}. {city}: one claim of each visit type"),
    "city": Text(
        "{n}. {city}：虚构的 {persons} 人城市{more}",
        "{n}. {city}: a made-up city of {persons} persons{more}",
    ),
    "funding": Text(
        "{n}. {city}：缴费、待遇期、个人账户",
        "{n}. {city}: contributions, cover, personal accounts",
    ),
    "whole": Text(
        "{n}. {city}：合成的 {persons} 人城市，整体结算，试算一项改革",
        "{n}. {city}: a synthetic city of {persons} persons, settled as a whole, and a reform",
    ),
    "town": Text(
        "{n}. 经办：一个虚构的镇参保、缴费、就医、清算、对账",
        "{n}. The agency: a made-up town enrols, pays, is treated, is cleared and reconciled",
    ),
    "centre": Text(
        "{n}. 国家接口：医院信息系统与沙箱的两段会话",
        "{n}. The national interface: a hospital's system speaks to a sandbox",
    ),
    "policies": Text("{n}. {city}：分析政策", "{n}. {city}: its policies, analysed"),
    "more": Text("，另加一份坏数据", ", and a file of bad rows"),
    "absent": Text(
        "（{what} 不在此安装中，跳过这一部分）",
        "({what} is not part of this installation; this part is left out)",
    ),
    "terms": Text(
        "! 文件没有写明的数值：接受到 {grade} 级，并以示例覆盖文件补足（{overlays}）",
        "! Figures that the documents leave out: accepted down to grade {grade}, and example "
        "overlays fill in what nobody gives ({overlays})",
    ),
    "took": Text(
        "读取、结算 {rows} 行用 {seconds} 秒", "{rows} rows read and settled in {seconds} s"
    ),
    "rejects": Text("退回的行（节选）：", "Rejected rows (some):"),
    "next": Text("{n}. 接下来可以试", "{n}. What to try next"),
    "full": Text("其中一笔的全部计算：", "One of them in full:"),
    "wrong": Text("原文算错", "misprinted there"),
    "example": Text("案例", "Example"),
    "place": Text("出处", "Source"),
    "figure": Text("项目", "Figure"),
    "theirs": Text("公布数", "published"),
    "ours": Text("本程序", "ours"),
}

_NEXT = (
    (
        "./run yibao schema claims --policy tianjin",
        Text("结算文件有哪些列", "the columns of a file"),
    ),
    (
        "./run yibao settle examples/tianjin/claims.csv --persons examples/tianjin/persons.csv "
        "--policy tianjin -o out.xlsx --explain",
        Text("结算并写出每一步", "settle, with every step"),
    ),
    (
        "./run yibao explain T08 examples/tianjin/claims.csv --persons "
        "examples/tianjin/persons.csv --policy tianjin --full",
        Text("一笔结算的全部依据，包括落选的规定", "one claim in full, with the rules that lost"),
    ),
    (
        "./run yibao contributions quote --policy tianjin --date 2022-09-01 --set scheme=employee "
        "--set category=in_service --set contributor=employer_staff --set wage=3000 --set months=1",
        Text("一张缴费单和它的依据", "a contribution bill, with every step"),
    ),
    (
        "./run yibao sandbox",
        Text("国家接口的沙箱中心，供医院系统联调", "a centre for hospital systems to speak to"),
    ),
    (
        "./run yibao client replay examples/national/outpatient.jsonl",
        Text("另开一个终端，向它回放一次门诊", "in another terminal, play a visit to it"),
    ),
    (
        "./run yibao sample city --region tianjin --persons 2000 -o city",
        Text("造一个城市的数据", "make up a city"),
    ),
    (
        "./run yibao population make --region tianjin --persons 1000000 --years 3 -o population",
        Text("造一个百万人的合成人群", "a synthetic population of a million"),
    ),
    (
        "./run yibao policy cliffs tianjin --date 2023-06-01",
        Text("哪里多花一分钱或身份一变反而吃亏", "where a fen more, or a change of status, hurts"),
    ),
    (
        "./run yibao policy book -o book",
        Text(
            "政策书：逐条对照规则的网站，打开 book/index.html",
            "the policy book: open book/index.html",
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class _City:
    """How a region is shown."""

    region: str
    accept: str
    overlays: tuple[str, ...] = ()

    def policy(self) -> Policy:
        overlays = [EXAMPLES / "overlays" / name for name in self.overlays]
        found = [folder for folder in overlays if folder.is_dir()]
        return load_policy(self.region, accept=self.accept, overlays=found)


_CITIES = (
    _City("tianjin", "C"),
    _City("jining", "D", ("jining-outpatient-rate@2021-01-01",)),
)


def show(language: Language) -> None:
    """Show everything; raises what the settlement raises."""
    page = _Demo(language, console())
    page.published()
    policies = {city.region: city.policy() for city in _CITIES}
    for policy in policies.values():
        page.visits(policy)
    for policy in policies.values():
        page.city(policy)
    page.funding(policies["tianjin"])
    page.policies(policies["tianjin"])
    page.town()
    page.centre()
    page.whole(policies["tianjin"])
    page.next()


class _Demo:
    def __init__(self, language: Language, console: Console) -> None:
        self.language = language
        self.console = console
        self.section = 0

    def word(self, key: str, **facts: object) -> str:
        return _WORDS[key].pick(self.language).format(**facts)

    def title(self, key: str, **facts: object) -> None:
        self.section += 1
        self.console.rule(self.word(key, n=self.section, **facts), align="left", style="bold")

    def absent(self, what: Path) -> None:
        self.console.print(self.word("absent", what=what.name), style="dim", markup=False)

    # --- published examples -------------------------------------------------------------------

    def published(self) -> None:
        self.title("published")
        packs, list_ = EXAMPLES / "packs", EXAMPLES / "published.csv"
        if not (packs.is_dir() and list_.is_file()):
            self.absent(packs)
            return
        with list_.open(encoding="utf-8", newline="") as stream:
            published = {row["case"]: row for row in csv.DictReader(stream)}
        table = Table(expand=True)
        for key, ratio in (("example", 3), ("place", 2), ("figure", 2)):
            table.add_column(self.word(key), no_wrap=True, overflow="ellipsis", ratio=ratio)
        for key in ("theirs", "ours"):
            table.add_column(self.word(key), justify="right", no_wrap=True)
        table.add_column("", no_wrap=True)
        for folder in sorted(p.parent for p in packs.glob("*/region.yaml")):
            region = load_region(folder)
            for verdict in CaseRunner(folder).run_all():
                row = published.get(verdict.case.id)
                if row is not None and verdict.settlements:
                    self.example(table, region, verdict, row)
        self.console.print(table)

    def example(self, table: Table, region: Region, verdict: Verdict, row: dict[str, str]) -> None:
        """Add a row: the figure that the source prints, and what the engine makes of it."""
        case, ours = verdict.case, format_yuan(verdict.settlements[0].figure(row["figure"]))
        right = row["consistent"] == "true"
        same = "✓" if ours == row["published"] else "✗" if right else self.word("wrong")
        document = next(d for d in region.documents if d.folder == case.file.parent)
        figure = title_of(region, row["figure"]).pick(self.language)
        table.add_row(
            f"{case.id} {case.title.pick(self.language)}",
            f"{region.name.pick(self.language)} {document.number}",
            figure or row["figure"].replace("_", " "),
            row["published"],
            ours,
            same,
        )

    # --- visit types --------------------------------------------------------------------------

    def visits(self, policy: Policy) -> None:
        name = policy.region.name.pick(self.language)
        self.title("visits", city=name)
        self.terms(policy)
        folder = EXAMPLES / policy.region.id
        if not folder.is_dir():
            self.absent(folder)
            return
        run = settle_files(policy, [folder / "claims.csv"], [folder / "persons.csv"])
        explainer = Explainer(policy)
        shown: list[Explanation] = []
        for settlement in first_of_each_visit(standing(run.batch.entries)):
            shown.append(explainer.explain(settlement))
            self.sheet(shown[-1])
        longest = max(shown, key=lambda e: sum(line.moves for line in e.lines), default=None)
        if longest is not None:
            self.console.print(f"{self.word('full')}\n", style="bold")
            print_waterfall(longest, self.language, self.console)
            self.console.print()

    def sheet(self, explanation: Explanation) -> None:
        """Print one claim in short: what it is, the steps that moved money, and who pays."""
        claim = explanation.settlement.claim
        names = [a.name for a in vocabulary().of("claim")]
        facts = dict(zip(names, claim.facts, strict=True))
        codes = vocabulary().attributes
        shown = [
            (codes[name].codes or {})[str(value)].pick(self.language)
            for name, value in (
                ("scheme", explanation.settlement.scheme),
                ("visit", facts["visit"]),
                ("level", facts["level"]),
            )
            if value != "none"
        ]
        bill = {q.name: q for q in explanation.bill}
        head = [claim.claim_id, *shown, str(explanation.settlement.day)]
        head += [self.quantity(bill[name]) for name in ("total", "in_scope")]
        self.console.print(" · ".join(head), style="bold", markup=False)
        moves = [
            line
            for line in explanation.lines
            if line.moves and line.fen and "." in line.results[-1].value  # money, no counts
        ]
        table = Table.grid(padding=(0, 2))
        table.add_column(overflow="fold")
        table.add_column(no_wrap=True, overflow="ellipsis", max_width=40)
        for line in chosen(moves):
            title = line.results[-1].title.pick(self.language)
            source = f"{line.source.number} {line.source.cite}"
            table.add_row(Styled(f"  {title}: {line.formula}"), Styled(source, style="blue"))
        self.console.print(table)
        paid = [q for q in (*explanation.funds, *explanation.closing) if q.value != "0.00"]
        self.console.print(f"  → {' · '.join(map(self.quantity, paid))}\n", markup=False)

    def quantity(self, quantity: Quantity) -> str:
        return f"{quantity.title.pick(self.language)} {quantity.value}"

    def terms(self, policy: Policy) -> None:
        """Say which figures are used that are not the documents' own."""
        extra = [d.id for d in policy.region.documents if EXAMPLES in d.folder.parents]
        if policy.accept < Grade.C or extra:
            terms = self.word("terms", grade=policy.accept.name, overlays=", ".join(extra) or "—")
            self.console.print(terms, style="yellow", markup=False)

    # --- a city -------------------------------------------------------------------------------

    def city(self, policy: Policy) -> None:
        name = policy.region.name.pick(self.language)
        bad = EXAMPLES / "bad"
        more = bad.is_dir() and policy.region.id == "tianjin"
        add = self.word("more") if more else ""
        self.title("city", city=name, persons=f"{_PERSONS:,}", more=add)
        with tempfile.TemporaryDirectory() as folder:
            persons, claims = write_city(Path(folder), policy.region.id, _PERSONS)
            start = time.perf_counter()
            run = settle_files(
                policy,
                [claims, *([bad / "claims.csv"] if more else [])],
                [persons, *([bad / "persons.csv"] if more else [])],
            )
            took = time.perf_counter() - start
        self.summary(run, took)

    def summary(self, run: Run, took: float) -> None:
        rows = f"{run.claims.rows + run.persons.rows:,}"
        self.console.print(self.word("took", rows=rows, seconds=f"{took:.1f}"))
        settle_report.Report(summary_of(run)).print(self.language, self.console)
        rejects = [*run.persons.rejects, *run.rejects]
        if rejects:
            self.console.print(f"\n{self.word('rejects')}")
            settle_report.print_rejects(rejects, self.language, self.console)
        self.console.print()

    # --- funding ------------------------------------------------------------------------------

    def funding(self, policy: Policy) -> None:
        self.title("funding", city=policy.region.name.pick(self.language))
        folder = EXAMPLES / policy.region.id
        if (folder / "contributions.csv").is_file():
            show_funding(policy, folder, self.language, self.console)
        else:
            self.absent(folder)

    # --- policies -----------------------------------------------------------------------------

    def policies(self, policy: Policy) -> None:
        self.title("policies", city=policy.region.name.pick(self.language))
        show_policies(policy, self.language, self.console)
        self.console.print()

    # --- the agency ---------------------------------------------------------------------------

    def town(self) -> None:
        self.title("town")
        show_town(self.language, self.console)
        self.console.print()

    # --- a centre -----------------------------------------------------------------------------

    def centre(self) -> None:
        self.title("centre")
        recordings = EXAMPLES / "national"
        if not recordings.is_dir():
            self.absent(recordings)
            return
        show_centre(self.language, self.console, recordings)
        self.console.print()

    # --- a whole city -------------------------------------------------------------------------

    def whole(self, policy: Policy) -> None:
        city = policy.region.name.pick(self.language)
        self.title("whole", city=city, persons=f"{PERSONS:,}")
        reforms = EXAMPLES / "reforms"
        if reforms.is_dir():
            show_city(reforms, self.language, self.console)
        else:
            self.absent(reforms)
        self.console.print()

    def next(self) -> None:
        self.title("next")
        for command, what in _NEXT:
            self.console.print(f"  # {what.pick(self.language)}", style="dim", markup=False)
            self.console.print(f"  {command}", markup=False, soft_wrap=True)


def chosen(lines: Sequence[Line]) -> list[Line]:
    """Return the few steps to show, in order: what pays or deducts before what passes on."""

    def passes_on(at: int) -> bool:
        name = lines[at].results[-1].name
        return not (name.endswith("_pay") or name == "deductible")

    best = sorted(range(len(lines)), key=passes_on)[:_STEPS]
    return [lines[at] for at in sorted(best)]


def first_of_each_visit(settlements: Iterable[Settlement]) -> Iterator[Settlement]:
    """Yield the first settlement of each visit type, in the vocabulary's order."""
    names = [a.name for a in vocabulary().of("claim")]
    at = names.index("visit")
    found: dict[str, Settlement] = {}
    for settlement in settlements:
        found.setdefault(str(settlement.claim.facts[at]), settlement)
    for visit in vocabulary().attributes["visit"].codes or {}:
        if visit in found:
            yield found[visit]
