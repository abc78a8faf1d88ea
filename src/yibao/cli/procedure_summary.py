"""What a run over files of requests or payments tells: counts, sums, rejected rows, files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import typer
from rich.table import Table

from yibao.cli import exit_codes, settle_report
from yibao.cli.options import Language
from yibao.cli.output import console, print_json
from yibao.cli.procedure_page import TOTAL
from yibao.interop.files.rows import Reject, visible
from yibao.money import format_yuan
from yibao.policy.model import Region
from yibao.settlement.explain import title_of
from yibao.text import Text

_WORDS = {
    "answered": Text("核定 {n} 行", "{n} answered"),
    "persons": Text("{n} 人", "{n} persons"),
    "covered": Text("享受待遇 {n} 段", "{n} covered periods"),
    "sums": Text("合计（元）", "Sums (yuan)"),
}


@dataclass(frozen=True, slots=True)
class Summary:
    """What a run tells: counts by word, sums by figure, files."""

    region: Region
    counts: Mapping[str, int]
    sums: Mapping[str, int]
    notices: Sequence[Text]
    written: Sequence[Path]
    removed: Sequence[Path]


def tell(summary: Summary, rejects: Sequence[Reject], language: Language, *, as_json: bool) -> None:
    """Print a summary; leave with exit code 1 when rows were rejected."""
    if as_json:
        print_json(
            {
                "policy": summary.region.id,
                **summary.counts,
                "rejected_by_rule": dict(Counter(r.errors[0].rule for r in rejects)),
                "sums": {name: format_yuan(fen) for name, fen in summary.sums.items()},
                "notices": [n._asdict() for n in summary.notices],
                "files": [str(f) for f in summary.written],
                "removed": [str(f) for f in summary.removed],
            }
        )
    else:
        _print(summary, language)
    settle_report.print_rejects(rejects, language, console(stderr=True))
    if rejects:
        raise typer.Exit(exit_codes.REJECTED)


def _print(summary: Summary, language: Language) -> None:
    page, region = console(), summary.region
    counts = [_word(key, language, f"{n:,}") for key, n in summary.counts.items()]
    page.print(f"{region.name.pick(language)}  {' · '.join(counts)}", style="bold")
    sums = {name: fen for name, fen in summary.sums.items() if fen or name == "total"}
    if sums:
        table = Table(title=_word("sums", language), title_justify="left", show_header=False)
        table.add_column()
        table.add_column(justify="right")
        for name, fen in sums.items():
            title = TOTAL if name == "total" else title_of(region, name)
            table.add_row(title.pick(language), settle_report.money(fen))
        page.print(table)
    for notice in summary.notices:
        page.print(f"! {visible(notice.pick(language))}", style="yellow")
    for key, files in (("written", summary.written), ("removed", summary.removed)):
        for file in files:
            told = settle_report.word(key, language)
            page.print(f"{told} {visible(str(file))}", soft_wrap=True)


def _word(key: str, language: Language, n: object = "") -> str:
    if key in _WORDS:
        return _WORDS[key].pick(language).format(n=n)
    return settle_report.word(key, language, n=n)
