"""The end of a run: the other files, all of them under their names at once; and the summary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from yibao.bulk.booked import Sums
from yibao.bulk.job import Job, Totals
from yibao.bulk.rejects import Rejects
from yibao.interop.files.columns import claim_columns, person_columns
from yibao.interop.files.csvfile import is_unfinished
from yibao.interop.files.output import Sheet, write_files
from yibao.interop.files.results import beside, differences_sheet, rejects_of_columns
from yibao.interop.files.rows import RowError
from yibao.interop.files.summary import Summary
from yibao.policy.vocabulary import vocabulary
from yibao.settlement.batch import CLOSING
from yibao.settlement.batch import Totals as SchemeTotals
from yibao.settlement.indicators import Ratio


class Finished(Protocol):
    """A run whose rows are settled and written under hidden names; see `Run`."""

    job: Job
    totals: Totals
    claim_rejects: Rejects
    person_rejects: Rejects

    @property
    def writers(self) -> Sequence[Writer]:
        """What has been written: the settlements, then the closing states if any."""

    def differences(self) -> Iterable[Sequence[Any]]:
        """Yield the rows of the differences file."""


class Writer(Protocol):
    """Something that was written under a hidden name."""

    @property
    def target(self) -> Path:
        """The name that it will have."""

    def publish(self) -> None:
        """Give it its name."""


def publish(
    run: Finished, rejects: Path, language: str, differences: Path | None = None
) -> list[Path]:
    """Write differences and rejects, then give every file its name; return what was written.

    `differences` is where those go, else beside the output.

    Raises OutputError, after which no file of this run is there under its name.
    """
    own = [writer.target for writer in run.writers]
    place = differences or beside(run.job.output, "differences")
    sheets = dict(_sheets(run, rejects, place, language))
    write_files({target: [sheet] for target, sheet in sheets.items()})
    for writer in run.writers:
        writer.publish()
    first = [target for target, sheet in sheets.items() if sheet.name == "differences"]
    others = [target for target in sheets if target not in first]
    return [own[0], *first, *own[1:], *others]


def _sheets(
    run: Finished, rejects: Path, differences: Path, language: str
) -> Iterator[tuple[Path, Sheet]]:
    if run.totals.differences:
        sheet = differences_sheet(())
        yield differences, replace(sheet, rows=run.differences())
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


def reasons(run: Finished) -> list[tuple[RowError, int]]:
    """Return why rows were rejected, each reason with its first row and how often it came."""
    return [*run.person_rejects.firsts(), *run.claim_rejects.firsts()]


def summary_of(run: Finished) -> Summary:
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


def _sums(sums: Sums) -> dict[str, SchemeTotals]:
    """Return the sums by scheme, of those that have claims, and of all."""
    found = {
        scheme: _totals(sums, [scheme])
        for scheme in sorted({scheme for (scheme, _), count in sums.counts.items() if count})
    }
    return found | {"all": _totals(sums, list(found))}


def _totals(sums: Sums, schemes: Sequence[str]) -> SchemeTotals:
    names = ("total", "in_scope", *vocabulary().funds, *CLOSING)
    return SchemeTotals(
        sum(sums.counts[scheme, 1] for scheme in schemes),
        sum(sums.counts[scheme, -1] for scheme in schemes),
        {name: sum(sums.fen[scheme, name] for scheme in schemes) for name in names},
    )
