"""Draw the claims of a block: who goes where on which day, and what it costs.

Claims lie person by person, then by the moment of settlement; a reversal is a row of its own. Days
are counted from 1970-01-01, moments are seconds of the day, amounts fen.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from yibao.macro.population.bills import Bills, divide, draw_totals
from yibao.macro.population.days import Days
from yibao.macro.population.draft import PHARMACY, Block, Draft
from yibao.macro.population.episodes import episode_starts, with_observations, with_transfers
from yibao.macro.population.figures import Figures, Flags, Ints, Small, fen, number
from yibao.macro.population.need import CHRONIC, TWO_DISEASE, TWO_DISEASES, special_weights
from yibao.macro.population.visits import draw_visits, level_costs, seconds


@dataclass(frozen=True, slots=True, eq=False)
class Claims:
    """The claims of a block in their order. n rows.

    number    n: of the person's claims, from 1
    reverses  n: number of the person's claim that the row takes back, 0 for a claim
    episode   n: number of the person's claim that began the episode, 0 for none
    disease   n: number of the model's disease, -1 for none
    The rest as in `Draft`; the amounts of a reversal are 0.
    """

    person: npt.NDArray[np.int32]
    number: npt.NDArray[np.int32]
    reverses: npt.NDArray[np.int32]
    episode: npt.NDArray[np.int32]
    visit: Small
    admitted: Days
    discharged: Days
    settled: Ints
    level: Small
    institution: npt.NDArray[np.int32]
    outcome: Small
    prescriber: Small
    disease: Small
    bills: Bills
    tcm: Ints
    account: Ints

    def __len__(self) -> int:
        return len(self.person)


def draw_claims(block: Block) -> Claims:
    """Draw all claims of a block's people."""
    figures, rng = block.figures, block.rng
    draft = with_observations(block, with_transfers(block, draw_visits(block)))
    total = draw_totals(figures, draft.mean * level_costs(figures, draft), draft.kind, rng)
    bills = divide(figures, total, draft.kind, draft.employee, rng)
    return _in_order(block, draft, bills)


def _in_order(block: Block, draft: Draft, bills: Bills) -> Claims:
    """Add the reversals, sort by person and moment, and number each person's claims."""
    figures, rng = block.figures, block.rng
    count = len(draft)
    settled = draft.discharged.astype(np.int64) * 86_400 + draft.second
    taken = rng.random(count) < number(figures.model["visits"]["reversals"])
    back = np.flatnonzero(taken)
    when = draft.discharged[back] + 1 + (rng.random(len(back)) * 20).astype(np.int64)
    back, when = back[when <= block.span.end], when[when <= block.span.end]
    moment = when * 86_400 + seconds(len(back), rng)
    person = np.concatenate((draft.person, draft.person[back]))
    settled = np.concatenate((settled, moment))
    key = (person.astype(np.int64) << 36) + settled
    order = np.argsort(key, kind="stable")
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    source = np.concatenate((np.arange(count), back))[order]
    reversal = order >= count
    person = person[order]
    starts = np.searchsorted(person, np.arange(len(block.people)))
    numbers_of = (np.arange(len(order)) - starts[person] + 1).astype(np.int32)
    first = episode_starts(draft)

    def number_of(rows: Ints) -> npt.NDArray[np.int32]:
        return np.where(rows >= 0, numbers_of[place[rows]], 0).astype(np.int32)

    def claim(column: Any) -> Any:
        return np.where(reversal, np.zeros(1, column.dtype), column[source])

    sorted_bills = Bills(
        total=claim(bills.total),
        out_of_catalogue=claim(bills.out_of_catalogue),
        over_limit=claim(bills.over_limit),
        first_self_pay=claim(bills.first_self_pay),
        in_scope=claim(bills.in_scope),
        lines=tuple(claim(line) for line in bills.lines),
        standard=claim(bills.standard),
    )
    visit, level, institution = claim(draft.visit), claim(draft.level), claim(draft.institution)
    return Claims(
        person=person,
        number=numbers_of,
        reverses=np.where(reversal, number_of(source), 0).astype(np.int32),
        episode=claim(number_of(first)),
        visit=visit,
        admitted=draft.admitted[source],
        discharged=draft.discharged[source],
        settled=settled[order],
        level=level,
        institution=institution,
        outcome=claim(draft.outcome),
        prescriber=_prescribers(figures, visit, reversal, rng),
        disease=_diseases(block, draft, source, reversal),
        bills=sorted_bills,
        tcm=_tcm(figures, sorted_bills.in_scope, is_tcm(level, institution), rng),
        account=_accounts(block, draft, source, reversal),
    )


# --- what else stands in a row --------------------------------------------------------------------


def is_tcm(level: Any, institution: Any) -> Flags:
    """Tell which institutions are of traditional Chinese medicine: some of levels 2 and 3."""
    result: Flags = (level >= 2) & (institution % 9 == 4)
    return result


def is_reformed(level: Any, institution: Any) -> Flags:
    """Tell which institutions are public hospitals under the reform: most of levels 2 and 3."""
    result: Flags = (level >= 2) & (institution % 5 != 3)
    return result


def _prescribers(
    figures: Figures, visit: Small, reversal: Flags, rng: np.random.Generator
) -> Small:
    """Draw the level of the prescriber of what is bought at a pharmacy, 0 where there is none."""
    draw = rng.random(len(visit), dtype=np.float32)
    share = number(figures.model["visits"]["prescribed"])
    level = np.minimum(1 + draw / share * 3, 3).astype(np.int8)
    bought = (visit == PHARMACY) & ~reversal & (draw < share)
    return np.where(bought, level, np.int8(0)).astype(np.int8)


def _diseases(block: Block, draft: Draft, source: Ints, reversal: Flags) -> Small:
    """Draw the disease that a chronic or two-disease visit is for among those registered then."""
    figures, rng = block.figures, block.rng
    disease = np.full(len(source), -1, dtype=np.int8)
    if not figures.region["diseases"]:
        return disease
    days = block.people.registered(figures.model["registration"]["days"])
    two = np.array([float(name in TWO_DISEASES) for name in figures.diseases])
    for kind, weights in ((CHRONIC, special_weights(figures)), (TWO_DISEASE, two)):
        rows = np.flatnonzero((draft.kind[source] == kind) & ~reversal)
        of = source[rows]
        begun = days[draft.person[of]] <= block.span.bounds[draft.half[of]][:, None]
        sums = np.cumsum(begun * weights, axis=1)
        draw = rng.random(len(rows)) * sums[:, -1]
        disease[rows] = (sums <= draw[:, None]).sum(axis=1)
    return disease


def _tcm(figures: Figures, in_scope: Ints, at_tcm: Flags, rng: np.random.Generator) -> Ints:
    """Draw how much of in-scope expense is Chinese medicine, in whole fen."""
    share = 2 * number(figures.model["bills"]["tcm"]) * rng.random(len(in_scope))
    return np.where(at_tcm, np.rint(in_scope * share), 0).astype(np.int64)


def _accounts(block: Block, draft: Draft, source: Ints, reversal: Flags) -> Ints:
    """Draw what employees have in their account: a year's balance that is drawn down, in fen."""
    told = block.figures.model["accounts"]
    drawn = np.exp(
        number(told["spread"]) * block.rng.standard_normal((len(block.people), block.span.years))
    ) * fen(told["median"])
    half = draft.half[source]
    begun = block.span.bounds[half - half % 2]
    left = np.maximum(1 - 0.8 * (draft.discharged[source] - begun) / 366, 0)
    balance = drawn[draft.person[source], half // 2] * left
    has = draft.employee[source] & ~reversal
    return np.where(has, np.rint(balance), 0).astype(np.int64)
