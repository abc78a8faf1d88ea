"""What the simulation commands do; errors become messages and exit codes here."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from pathlib import Path

import typer

from yibao.cli import exit_codes, failure
from yibao.cli.options import Language
from yibao.cli.output import console, print_json
from yibao.cli.settle_run import exits, place_of
from yibao.cli.simulate_pages import print_search, print_study
from yibao.errors import MoneyError, NotGiven, PackErrors
from yibao.interop.files.output import check_place, write_contents
from yibao.macro.simulation.comparison import Options
from yibao.macro.simulation.connect import load_population
from yibao.macro.simulation.hardship import Line
from yibao.macro.simulation.population import Population
from yibao.macro.simulation.reforms import load_reforms
from yibao.macro.simulation.response import DEFAULTS, Elasticity
from yibao.macro.simulation.study import Study, study
from yibao.money import parse_yuan
from yibao.policy.policy import Policy, load_policy
from yibao.text import Text

_FORMATS = (".html", ".xlsx", ".json")
_ELASTICITY = re.compile(r"(outpatient|inpatient)=(-?0(?:\.\d{1,3})?)(?:,(-?0(?:\.\d{1,3})?)){2}")


@dataclass(frozen=True, slots=True)
class Given:
    """The population and the rules."""

    policy: str
    population: Path
    years: Sequence[int]
    overlays: Sequence[Path]
    accept: str
    language: Language


@dataclass(frozen=True, slots=True)
class Asked:
    """The reforms and what is to be worked out, as written on the command line."""

    reforms: Sequence[Path]
    lines: Sequence[str]
    subsistence: str | None
    elasticities: Sequence[str]
    draws: int
    seed: int
    marginal: bool


def reforms(given: Given, asked: Asked, outputs: Sequence[Path], *, as_json: bool) -> None:
    """Run `yibao simulate reforms`."""
    with exits(given.language, as_json=as_json):
        _check(outputs)
        _check_reforms(asked.reforms)
        options = _options(asked)
        with _watching(given.language) as watch:
            watch(Text("读取规则", "reading the rules"))
            population = _population(given, _policy(given), watch)
            place = place_of(given.policy)
            found = load_reforms(
                population.policy, place, asked.reforms, population.years, given.overlays
            )
            made = study(population, found, options, marginal=asked.marginal, watch=watch)
            watch(Text("写出报告", "writing the report"))
            reports = _reports(made, given.language)
            write_contents({target: reports[target.suffix.lower()]() for target in outputs})
        if as_json:
            from yibao.macro.simulation.report.data import as_data

            print_json(as_data(made))
        else:
            print_study(made, given.language, console())
            for target in outputs:
                typer.echo(str(target))


def search(
    given: Given, targets: Path, most: int, outputs: Sequence[Path], *, as_json: bool
) -> None:
    """Run `yibao simulate search`."""
    from yibao.macro.simulation.report import searched
    from yibao.macro.simulation.rows import table_named
    from yibao.macro.simulation.search.find import search as find
    from yibao.macro.simulation.search.trials import Bench
    from yibao.macro.simulation.search.wishes import read_wishes

    with exits(given.language, as_json=as_json):
        _check(outputs)
        told = partial(_told_of_targets, given.language, as_json=as_json)
        with told():
            wishes = read_wishes(targets)
        with _watching(given.language) as watch:
            watch(Text("读取规则", "reading the rules"))
            policy = _policy(given)
            with told():  # a name misspelt is told before the population is read
                for parameter in wishes.parameters:
                    table_named(policy.region, parameter.table)
            population = _population(given, policy, watch)
            with told():
                bench = Bench(population, wishes)
                found = find(
                    bench,
                    most,
                    lambda done, all_: watch(
                        Text(f"结算取值 {done}/{all_}", f"settling {done}/{all_}")
                    ),
                )
            language = given.language

            def workbook() -> bytes:
                stream = io.BytesIO()
                searched.write_search_workbook(stream, bench, found, language)
                return stream.getvalue()

            made: dict[str, Callable[[], bytes]] = {
                ".html": lambda: searched.search_page(bench, found, language).encode(),
                ".json": lambda: searched.search_json(bench, found).encode(),
                ".xlsx": workbook,
            }
            write_contents({target: made[target.suffix.lower()]() for target in outputs})
        if as_json:
            typer.echo(searched.search_json(bench, found), nl=False)
        else:
            print_search(bench, found, language, console())
            for target in outputs:
                typer.echo(str(target))


@contextmanager
def _told_of_targets(language: Language, *, as_json: bool) -> Iterator[None]:
    """Tell faults of the file of targets as those of an input: it is no pack and no option.

    Some show when it is read, others only beside the rules or the population.
    """
    try:
        yield
    except (PackErrors, MoneyError, NotGiven) as error:
        said = error.text.pick(language) if isinstance(error, NotGiven) else str(error)
        typer.echo(said, err=True)
        if as_json:
            problems = failure.problems(error)
            failure.print_object(type(error).__name__, exit_codes.INPUT, said, problems)
        raise typer.Exit(exit_codes.INPUT) from None


def _policy(given: Given) -> Policy:
    return load_policy(place_of(given.policy), accept=given.accept, overlays=given.overlays)


def _population(given: Given, policy: Policy, watch: Callable[[Text], None]) -> Population:
    watch(Text("读取人群", "reading the population"))
    return load_population(policy, given.population, list(given.years) or None)


def _check(outputs: Sequence[Path]) -> None:
    for target in outputs:
        if target.suffix.lower() not in _FORMATS:
            raise typer.BadParameter(f"{target}: expected {', '.join(_FORMATS)} / 未知的文件类型")
        check_place(target)
    if len({target.resolve() for target in outputs}) < len(outputs):
        raise typer.BadParameter("one file would be written twice / 同一个文件要写两次")


def _check_reforms(folders: Sequence[Path]) -> None:
    """Refuse one reform given twice: the same folder, or a copy that nobody has changed yet.

    Folders of one name with other documents are two reforms.
    """
    met: dict[Path | tuple[bytes, ...], Path] = {}
    for folder in folders:
        place = folder.resolve()
        if place in met:
            raise typer.BadParameter(f"--reform {folder} is given twice / 同一个方案给了两次")
        documents = tuple(file.read_bytes() for file in sorted(place.glob("*.yaml")))
        if documents and documents in met:
            raise typer.BadParameter(
                f"--reform {folder} holds the same documents as {met[documents]} / 两个方案内容相同"
            )
        met |= {place: folder, documents: folder}


def _options(asked: Asked) -> Options:
    given = [_elasticity(text) for text in asked.elasticities]
    kinds = [one.kind for one in given]
    if len(set(kinds)) < len(kinds):
        raise typer.BadParameter("--elasticity: one of each kind / 每类只能给一次")
    if 0 < asked.draws < 40:
        raise typer.BadParameter("--draws: 0, or at least 40 / 至少40次，或为0")
    return Options(
        lines=tuple(Line(Text("给定的线", "given line"), _yuan(text)) for text in asked.lines),
        subsistence=None if asked.subsistence is None else _yuan(asked.subsistence),
        draws=asked.draws,
        seed=asked.seed,
        elasticities=(*given, *(one for one in DEFAULTS if one.kind not in kinds)),
    )


def _yuan(text: str) -> int:
    try:
        return parse_yuan(text)
    except MoneyError as error:
        raise typer.BadParameter(str(error)) from None


def _elasticity(text: str) -> Elasticity:
    expected = "KIND=LOW,CENTRAL,HIGH, such as outpatient=-0.2,-0.37,-0.55"
    kind, _, values = text.partition("=")
    if _ELASTICITY.fullmatch(text) is None or kind not in ("outpatient", "inpatient"):
        raise typer.BadParameter(f"--elasticity {text!r}: expected {expected}")
    low, central, high = (int(Decimal(value) * 1000) for value in values.split(","))
    source = Text("使用者给定", "given by the user")
    try:
        if kind == "outpatient":
            return Elasticity("outpatient", low, central, high, source)
        return Elasticity("inpatient", low, central, high, source)
    except ValueError as error:
        raise typer.BadParameter(f"--elasticity {text!r}: {error}") from None


def _reports(made: Study, language: Language) -> dict[str, Callable[[], bytes]]:
    """Return what makes each kind of report."""

    def html() -> bytes:
        from yibao.macro.simulation.report.page import page

        return page(made, language).encode()

    def workbook() -> bytes:
        from yibao.macro.simulation.report.workbook import write_workbook

        stream = io.BytesIO()
        write_workbook(stream, made, language)
        return stream.getvalue()

    def data() -> bytes:
        from yibao.macro.simulation.report.data import as_json

        return as_json(made).encode()

    return {".html": html, ".xlsx": workbook, ".json": data}


@contextmanager
def _watching(language: Language) -> Iterator[Callable[[Text], None]]:
    """Show on a terminal what is being done."""
    from rich.console import Console

    page = Console(stderr=True)
    with page.status("…") as status:
        yield lambda what: status.update(what.pick(language))
