"""Put stays into episodes: transfers to a higher level, observations before a stay."""

from __future__ import annotations

import numpy as np

from yibao.macro.population.draft import OBSERVATION, Block, Draft
from yibao.macro.population.figures import Ints, number
from yibao.macro.population.need import RESIDENT, STAY, VISIT
from yibao.macro.population.visits import institutions, seconds, stay_days


def with_transfers(block: Block, draft: Draft) -> Draft:
    """Let some stays at levels 1 and 2 be followed by one at level 3, in one episode."""
    figures, people, rng = block.figures, block.people, block.rng
    stays = np.flatnonzero(draft.kind == STAY)
    below = stays[draft.level[stays] < 3]
    share = number(figures.model["visits"]["transfers"]) * len(stays) / max(len(below), 1)
    chosen = below[rng.random(len(below)) < share]
    days = stay_days(figures, draft.employee[chosen], rng)
    until = np.minimum(people.death[draft.person[chosen]], block.span.end)
    kept = draft.discharged[chosen] + days <= until
    chosen, days = chosen[kept], days[kept]
    more = draft.take(chosen)
    more.admitted = draft.discharged[chosen]
    more.discharged = (more.admitted + days).astype(np.int32)
    more.level = np.full(len(chosen), 3, dtype=np.int8)
    more.second = seconds(len(chosen), rng)
    more.institution = institutions(figures, people, more.person, more.level, rng)
    more.after = chosen
    return draft.add(more)


def with_observations(block: Block, draft: Draft) -> Draft:
    """Put an emergency observation before some stays, in one episode with them."""
    figures, rng = block.figures, block.rng
    if not figures.region["observation"]:
        return draft
    # A stay may have begun before the first day; its observation is then not among the claims.
    begun = draft.admitted >= block.span.start
    stays = np.flatnonzero((draft.kind == STAY) & (draft.after < 0) & begun)
    share = number(figures.model["visits"]["observation"])
    chosen = stays[rng.random(len(stays)) < share]
    more = draft.take(chosen)
    more.kind = np.full(len(chosen), VISIT, dtype=np.int8)
    more.visit = np.full(len(chosen), OBSERVATION, dtype=np.int8)
    more.outcome = np.ones(len(chosen), dtype=np.int8)
    more.discharged = more.admitted
    more.second = seconds(len(chosen), rng)
    group = np.where(more.employee, 1, RESIDENT)
    visit, stay = (block.scales.costs[more.half // 2, group, kind] for kind in (VISIT, STAY))
    more.mean = more.mean * visit / stay * number(figures.model["visits"]["observation_cost"])
    draft.after[chosen] = len(draft) + np.arange(len(chosen))
    return draft.add(more)


def episode_starts(draft: Draft) -> Ints:
    """Return for each row the row that began its episode, -1 where there is none."""
    first = draft.after.copy()
    linked = np.flatnonzero(first >= 0)
    earlier = first[first[linked]]
    first[linked] = np.where(earlier >= 0, earlier, first[linked])
    first[first[linked]] = first[linked]
    return first
