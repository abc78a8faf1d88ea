"""The connection to files: a population's folder in, a population that can be settled again out.

The only module that knows how files are read into the engine's arrays.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from yibao.bulk.bucket import ASIDE
from yibao.bulk.in_memory import Population as Loaded
from yibao.bulk.in_memory import load
from yibao.errors import CannotRead
from yibao.interop.files.folder import files_in
from yibao.macro.simulation.paid import Coded, People
from yibao.macro.simulation.people_file import PEOPLE, read_people
from yibao.macro.simulation.population import Population
from yibao.macro.simulation.settled import EnginePopulation, engine_for
from yibao.policy.policy import Policy
from yibao.policy.vocabulary import vocabulary
from yibao.settlement.columnar.engine import Engine


def load_population(policy: Policy, folder: Path, years: Sequence[int] | None = None) -> Population:
    """Load the population of a folder, for all years of its claims or for some.

    Raises InputError and CannotRead for what cannot be read, and for a year without claims. Claims
    that the rules refuse, or that no insured person has, are kept and counted as refused.
    """
    persons, claims = files_in(folder, "persons"), files_in(folder, "claims")
    engine = engine_for(policy)
    read = load(policy, engine, persons, claims)
    apart = int(np.count_nonzero(read.bucket.state == ASIDE))
    if read.rejects or apart:
        raise CannotRead(
            f"{folder}: {read.rejects} rows cannot be read, and {apart} are of persons who share "
            "claim ids; `yibao settle` tells which and why / 数据行有误，请先用 yibao settle 查看"
        )

    def people() -> People:
        file = folder / PEOPLE
        if file.is_file():
            return read_people(file, read.persons)
        return _people(engine, read)

    return EnginePopulation(engine, read.items, read.statuses, people, years)


def _people(engine: Engine, read: Loaded) -> People:
    """Return the persons as their last statuses say; no households, no incomes.

    Raises CannotRead for a person with claims and without any status.
    """
    start = read.statuses.start
    bare = np.flatnonzero(start[:-1] == start[1:])
    if len(bare):
        name = read.persons[int(bare[0])].as_py()
        raise CannotRead(f"person {name!r} has claims and no row in the persons files / 缺少此人")
    last = start[1:] - 1
    facts = read.statuses.facts[last]
    codes, sets, titles = {}, {}, {}
    names = [a.name for a in vocabulary().of("person") if a.kind != "number"]
    for at, name in enumerate(names):
        known = vocabulary().attributes[name]
        if known.kind == "code" and known.codes:
            order = list(known.codes)
            own = np.asarray([order.index(str(f[at])) for f in engine.person_facts], np.int16)
            codes[name] = Coded(own[facts], order, list(known.codes.values()))
        elif known.kind == "set" and known.codes:
            held = [f[at] for f in engine.person_facts]
            titles[name] = dict(known.codes)
            sets[name] = {
                code: np.asarray([code in one for one in held if isinstance(one, frozenset)])[facts]
                for code in known.codes
            }
    return People(read.persons, read.statuses.birth[last], codes, sets, titles)
