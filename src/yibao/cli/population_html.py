"""The calibration report as one page that needs nothing else: pictures, table, what is assumed."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from yibao.cli.population_pages import HEADS, cells, notes, verdict
from yibao.macro.population.picture import pictures
from yibao.macro.population.report import CHECKS, Report
from yibao.text import Text

_STYLE = """
body { font: 15px/1.5 'Noto Sans CJK SC', 'Microsoft YaHei', 'PingFang SC', sans-serif; color: #222;
  max-width: 1100px; margin: 2em auto; padding: 0 1em; }
table { border-collapse: collapse; width: 100%; font-size: 13px; }
th, td { border-bottom: 1px solid #ddd; padding: 3px 8px; text-align: left; vertical-align: top; }
td.n { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
tr.missed td { background: #fdecea; }
figure { margin: 1.5em 0; border: 1px solid #ddd; }
svg { display: block; width: 100%; height: auto; }
.sum { font-size: 1.1em; font-weight: 600; }
"""
_TITLE = Text("合成人群校准报告", "Calibration of a synthetic population")
_CHECKS = Text("文件检查", "Checks of the files")
_ASSUMED = Text("假定（D级），未经校准", "Assumed (grade D), not calibrated")
_RULE = Text(
    "差距不超过允许差加三倍抽样误差即为达到。全部由文件计算。",
    "A target is met when the distance is within the tolerance and three sampling errors. All is "
    "computed from the files.",
)


def page(report: Report, language: str) -> str:
    """Return the page."""
    return "\n".join(_page(report, language)) + "\n"


def _page(report: Report, language: str) -> Iterator[str]:
    told, span = report.manifest, report.measured.span
    title = _TITLE.pick(language)
    yield f'<!doctype html>\n<html lang="{language}"><head><meta charset="utf-8">'
    yield f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>"
    yield f"<h1>{escape(title)}</h1>"
    last = span.first + span.years - 1
    about = Text(
        f"{told['region']}，{report.measured.persons:,}人，{span.first}至{last}年，"
        f"{report.measured.claims:,}笔结算和冲正，种子{told.get('seed')}。其中无一真人。",
        f"{told['region']}, {report.measured.persons:,} persons, {span.first} to {last}, "
        f"{report.measured.claims:,} claims and reversals, seed {told.get('seed')}. Nobody in it "
        "exists.",
    )
    yield f"<p>{escape(about.pick(language))}</p>"
    *_, summed = notes(report)
    yield f'<p class="sum">{escape(summed.pick(language))}</p>'
    yield f"<p>{escape(_RULE.pick(language))}</p>"
    for picture in pictures(report, language):
        yield f"<figure>{picture}</figure>"
    yield from _table(report, language)
    yield f"<h2>{escape(_CHECKS.pick(language))}</h2><ul>"
    for name, failures in report.checks.items():
        word = verdict(not failures).pick(language)
        yield f"<li>{escape(CHECKS[name].pick(language))}: {escape(word)} ({failures:,})</li>"
    yield f"</ul><h2>{escape(_ASSUMED.pick(language))}</h2><ul>"
    for name, note in report.assumptions:
        yield f"<li><code>{escape(name)}</code> {escape(note.pick(language))}</li>"
    yield "</ul></body></html>"


def _table(report: Report, language: str) -> Iterator[str]:
    heads = "".join(f"<th>{escape(head.pick(language))}</th>" for head in HEADS)
    yield f"<table><thead><tr>{heads}</tr></thead><tbody>"
    for row in report.rows:
        told = "".join(
            f'<td class="n">{escape(cell)}</td>' if 0 < at < 5 else f"<td>{escape(cell)}</td>"
            for at, cell in enumerate(cells(row, language))
        )
        yield f'<tr class="{"met" if row.met else "missed"}">{told}</tr>'
    yield "</tbody></table>"
