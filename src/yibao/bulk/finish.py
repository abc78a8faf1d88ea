"""The end of a run: the other files, all of them under their names at once; and the summary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from yibao.bulk.booked import Sums
from yibao.bulk.run import Run
from yibao.interop.files.columns import claim_columns, person_columns
from yibao.interop.files.csvfile import is_unfinished
from yibao.interop.files.output import Sheet, write_files
from yibao.interop.files.results import beside, differences_sheet, rejects_of_columns
from yibao.interop.files.rows import RowError
from yibao.interop.files.summary import Summary
from yibao.policy.vocabulary import vocabulary
from yibao.settlement.batch import CLOSING, Totals
from yibao.settlement.indicators import Ratio


def publish(run: Run, rejects: Path, language: str) -> list[Path]:
    """Write differences and rejects, then give every file its name; return what was written.

    Raises OutputError, after which no file of this run is there under its name.
    """
    own = [writer.target for writer in run.writers]
    sheets = dict(_sheets(run, rejects, language))
    write_files({target: [sheet] for target, sheet in sheets.items()})
    for writer in run.writers:
        writer.publish()
    run.writers = []
    differences = [target for target, sheet in sheets.items() if sheet.name == "differences"]
    others = [target for target in sheets if target not in differences]
    return [own[0], *differences, *own[1:], *others]


def _sheets(run: Run, rejects: Path, language: str) -> Iterator[tuple[Path, Sheet]]:
    if run.totals.differences:
        sheet = differences_sheet(())
        yield beside(run.job.output, "differences"), replace(sheet, rows=run.differences())
    region = run.job.policy.region
    kinds = (
        (rejects, run.claim_rejects, claim_columns(region)),
        (beside(rejects, "persons"), run.person_rejects, person_columns(region)),
    )
    for target, found, columns in kinds:
        if len(found):
            order = [column.name for column in columns]
            yield (
                target,
                rejects_of_columns(found.in_order(), found.columns(), order, language),
            )


def reasons(run: Run) -> list[tuple[RowError, int]]:
    """Return why rows were rejected, each reason with its first row and how often it came."""
    return [*run.person_rejects.firsts(), *run.claim_rejects.firsts()]


def summary_of(run: Run) -> Summary:
    """Return the summary of a run."""
    totals = run.totals
    sums = totals.sums
    years = [year for year, count in sums.years.items() if count > 0]
    begins = min(years, default=0)
    return Summary(
        region=run.job.policy.region,
        rows={"claims": totals.claims_rows, "persons": totals.persons_rows},
        rejected={"claims": len(run.claim_rejects), "persons": len(run.person_rejects)},
        rejected_by_rule=_together(run.person_rejects.by_rule, run.claim_rejects.by_rule),
        differences=totals.differences,
        sums=_sums(sums),
        ratios={name: Ratio(sums.parts[name], sums.wholes[name]) for name in _RATIOS},
        stays=sums.stays,
        early=sum(count for year, count in totals.begins.items() if year < begins),
        unfinished=[file for file in run.job.inputs if is_unfinished(file)],
    )


_RATIOS = ("P25-K04", "P25-K05", "P25-K06", "P25-K07", "P25-K08")


def _together(one: Counter[str], other: Counter[str]) -> Counter[str]:
    found = Counter(one)
    found.update(other)
    return found


def _sums(sums: Sums) -> dict[str, Totals]:
    """Return the sums by scheme, of those that have claims, and of all."""
    found = {
        scheme: _totals(sums, [scheme])
        for scheme in sorted({scheme for (scheme, _), count in sums.counts.items() if count})
    }
    return found | {"all": _totals(sums, list(found))}


def _totals(sums: Sums, schemes: Sequence[str]) -> Totals:
    names = ("total", "in_scope", *vocabulary().funds, *CLOSING)
    return Totals(
        sum(sums.counts[scheme, 1] for scheme in schemes),
        sum(sums.counts[scheme, -1] for scheme in schemes),
        {name: sum(sums.fen[scheme, name] for scheme in schemes) for name in names},
    )
