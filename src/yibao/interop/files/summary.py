"""What a run of settling files comes to: counts, sums, indicators, and what one should know."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from yibao.interop.files.settling import Run
from yibao.policy.model import Region
from yibao.policy.vocabulary import vocabulary
from yibao.settlement import indicators
from yibao.settlement.batch import Totals, standing, totals


@dataclass(frozen=True, slots=True)
class Summary:
    """The summary of a run.

    rows, rejected   how many rows the claims and the persons files have, and how many were refused
    rejected_by_rule by the rule that a rejected row breaks first
    sums             by scheme, and of all under "all"
    ratios           indicators by the id of their target
    stays            standing claims of inpatient stays
    early            persons who were insured before the first year of the claims and for whom no
                     opening state was given
    unfinished       files whose last line has no line end
    """

    region: Region
    rows: Mapping[str, int]
    rejected: Mapping[str, int]
    rejected_by_rule: Mapping[str, int]
    differences: int
    sums: Mapping[str, Totals]
    ratios: Mapping[str, indicators.Ratio]
    stays: int
    early: int
    unfinished: Sequence[Path]


def summary_of(run: Run) -> Summary:
    """Return the summary of a run that is in memory."""
    entries = run.batch.entries
    settlements = standing(entries)
    schemes = sorted({e.settlement.scheme for e in entries})
    visit = [a.name for a in vocabulary().of("claim")].index("visit")
    begins = min((s.day.year for s in settlements), default=0)
    statuses = run.persons.enrolment.statuses
    persons = {s.claim.person_id for s in settlements} - run.opened
    rejected = [*run.persons.rejects, *run.rejects]
    return Summary(
        region=run.policy.region,
        rows={"claims": run.claims.rows, "persons": run.persons.rows},
        rejected={"claims": len(run.rejects), "persons": len(run.persons.rejects)},
        rejected_by_rule=Counter(r.errors[0].rule for r in rejected),
        differences=len(run.batch.differences),
        sums={s: totals(entries, s) for s in schemes} | {"all": totals(entries)},
        ratios=indicators.of_claims(settlements),
        stays=sum(s.claim.facts[visit] == "inpatient" for s in settlements),
        early=sum(statuses(person)[0].first.year < begins for person in persons),
        unfinished=run.unfinished,
    )
