"""What `policy cliffs` prints and writes of a year's end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from yibao.analysis.year_end import YearCliff, YearEnd
from yibao.cli.options import Language
from yibao.cli.patient_words import amount, settings
from yibao.interop.files.output import Cell, OutKind
from yibao.money import format_yuan
from yibao.policy.model import Region, Text
from yibao.settlement.sources import name_of

_HEAD = Text(
    "{year}年年末：{jumps}处，多一分即改变次年待遇的起点",
    "End of {year}: {jumps} places where one fen more changes what the next year opens with",
)
_TITLE = Text(
    "全年多一分，次年吃亏：{name}由{last}元至{more}元",
    "One fen more in the year costs the next: {name} from {last} to {more} yuan",
)
_SIZE = Text(
    "{year}年一笔{x}元的费用个人多付{size}元；各类就医：{visits}",
    "pays {size} yuan more of one bill of {x} in {year}; by visit: {visits}",
)
_COUNTED = Text("{n}种情形；分界：{lasts}元", "in {n} profiles; up to {lasts} yuan")
_OPENS = Text("次年起点", "the next year opens with")
_STEP = Text("规则", "rule")
_EXAMPLE = Text("例", "example")
_CHANGE = Text("变化", "change")
_PAYS = Text("个人由{a}元变为{b}元", "the person's share goes from {a} to {b} yuan")

COLUMNS: list[tuple[str, OutKind]] = [
    ("last_value_of_year", "money"),
    ("year_end_rules", "long"),
    ("next_opening", "long"),
    ("by_visit", "long"),
]
"""What a table says of these cliffs alone."""


def head(found: YearEnd, language: Language) -> str:
    """Return what was looked at."""
    return _HEAD.pick(language).format(year=found.year, jumps=found.jumps)


def title(cliff: YearCliff, region: Region, language: Language) -> str:
    """Say which accumulator is one fen more, and where."""
    name, last = region.state[cliff.jump.name].title.pick(language), cliff.jump.last
    return _TITLE.pick(language).format(
        name=name, last=format_yuan(last), more=format_yuan(last + 1)
    )


def lines(cliff: YearCliff, year: int, region: Region, language: Language) -> Iterator[str]:
    """Yield the lines of one cliff at the end of `year`."""
    example = cliff.example
    yield title(cliff, region, language)
    size, x = format_yuan(cliff.size), format_yuan(example.expenses[0])
    told = {"size": size, "x": x, "year": year + 1, "visits": _visits(cliff)}
    yield _SIZE.pick(language).format(**told)
    yield _COUNTED.pick(language).format(n=cliff.profiles, lasts=_lasts(cliff))
    yield f"{_OPENS.pick(language)} {_opens(cliff, region)}"
    for rule in _rules(cliff, language):
        yield f"{_STEP.pick(language)} {rule}"
    before = " ".join(settings(example.before, region))
    yield f"{_EXAMPLE.pick(language)}: --date {date(year + 1, 1, 1)} {before}"
    yield f"{_CHANGE.pick(language)}: {' '.join(_changed(cliff, region))}"
    one, other = map(format_yuan, example.personal)
    yield _PAYS.pick(language).format(a=one, b=other)


def _visits(cliff: YearCliff) -> str:
    return ", ".join(f"{visit} {format_yuan(size)}" for visit, (size, _) in cliff.visits.items())


def _lasts(cliff: YearCliff) -> str:
    return ", ".join(map(format_yuan, sorted(cliff.lasts)))


def _opens(cliff: YearCliff, region: Region) -> str:
    before, after = cliff.jump.opened
    sides = (
        (n, amount(region, n, before[n]), amount(region, n, after[n])) for n in cliff.jump.moved
    )
    return ", ".join(f"{name} {one} → {other}" for name, one, other in sides)


def _changed(cliff: YearCliff, region: Region) -> list[str]:
    after = cliff.jump.opened[1]
    return [f"--opening {name}={amount(region, name, after[name])}" for name in cliff.jump.moved]


def _rules(cliff: YearCliff, language: Language) -> list[str]:
    origins = ((step.id, step.origin) for step in cliff.jump.steps)
    return [f"{name} ({name_of(o.document).pick(language)} {o.cite})" for name, o in origins]


# --- as data --------------------------------------------------------------------------------------


def cells(
    cliff: YearCliff, columns: Sequence[str], region: Region, language: Language
) -> list[Cell]:
    """Return one cliff as a row of the table of all cliffs; what it does not have is empty."""
    example = cliff.example
    patients = [" ".join(settings(given, region)) for given in (example.before, example.after)]
    row: dict[str, Cell] = {
        "kind": "year_end",
        "attribute": cliff.jump.name,
        "change": title(cliff, region, language),
        "size": cliff.size,
        "expense": example.expenses[0],
        "profiles": cliff.profiles,
        "patient": patients[0],
        "patient_after": patients[1],
        "personal_before": example.personal[0],
        "personal_after": example.personal[1],
        "last_value_of_year": cliff.jump.last,
        "year_end_rules": "; ".join(_rules(cliff, language)),
        "next_opening": _opens(cliff, region),
        "by_visit": _visits(cliff),
    }
    return [row.get(name) for name in columns]


def data(found: YearEnd, region: Region) -> dict[str, Any]:
    """Return the cliffs of a year's end as data."""
    return {
        "year": found.year,
        "jumps": found.jumps,
        "cliffs": [_cliff_data(cliff, region) for cliff in found.found],
        "refused": dict(found.refused),
        "not_analysed": dict(found.unclear),
    }


def _cliff_data(cliff: YearCliff, region: Region) -> dict[str, Any]:
    example = cliff.example
    sides = zip((example.before, example.after), example.funds, example.personal, strict=True)
    return {
        "accumulator": cliff.jump.name,
        "last_value": format_yuan(cliff.jump.last),
        "all_last_values": [format_yuan(fen) for fen in sorted(cliff.lasts)],
        "rules": [
            {"step": s.id, "document": s.origin.document.id, "cite": s.origin.cite}
            for s in cliff.jump.steps
        ],
        "closing": [_values(values, region) for values in cliff.jump.closing],
        "opening": [_values(values, region) for values in cliff.jump.opened],
        "size": format_yuan(cliff.size),
        "expense": format_yuan(example.expenses[0]),
        "by_visit": {
            visit: {"size": format_yuan(size), "expense": format_yuan(x)}
            for visit, (size, x) in cliff.visits.items()
        },
        "profiles": cliff.profiles,
        "example": [
            {
                "patient": settings(given, region),
                "funds": {name: format_yuan(fen) for name, fen in funds.items()},
                "personal_pay": format_yuan(personal),
            }
            for given, funds, personal in sides
        ],
    }


def _values(values: Mapping[str, int], region: Region) -> dict[str, str]:
    return {name: amount(region, name, value) for name, value in values.items() if value}
