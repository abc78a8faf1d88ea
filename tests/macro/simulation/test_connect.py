"""Folders of files become populations: the engine's agrees with the book's, and faults are told."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from shutil import copytree

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest
from town import Town

from yibao.cli.sample import write_city
from yibao.errors import CannotRead
from yibao.macro.simulation.connect import load_population
from yibao.macro.simulation.costs import breakdown, costs
from yibao.macro.simulation.dimensions import dimensions
from yibao.macro.simulation.paid import units
from yibao.policy.policy import load_policy


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("folder")
    write_city(made, "tianjin", 600)
    return made


def test_the_engine_agrees_with_the_book(town: Town, folder: Path) -> None:
    """The same city: sums by scheme, visit type and level, and the sizes of all groups."""
    found = load_population(town.policy, folder)
    base = found.paid(town.policy)
    assert costs(base) == costs(town.base)
    assert list(found.years) == sorted(set(town.claims.year.tolist()))
    for name, parts in breakdown(found.claims, base).items():
        theirs = {part.code: part.costs for part in breakdown(town.claims, town.base)[name]}
        assert {p.code: p.costs for p in parts if p.costs.claims} == {
            code: of for code, of in theirs.items() if of.claims
        }
    people = town.small.people()
    span = units(people, town.claims)
    assert sizes(found.people, span) == sizes(people, span)


def sizes(people: object, span: object) -> dict[str, dict[str, int]]:
    return {
        d.name: {group.code: int(group.members.sum()) for group in d.groups}
        for d in dimensions(people, span)  # type: ignore[arg-type]
    }


def test_only_some_years(town: Town, folder: Path) -> None:
    found = load_population(town.policy, folder, [2019])
    kept = town.claims.year == 2019
    assert len(found.claims) == kept.sum()
    assert int(found.paid(town.policy).fund.sum()) == int(town.base.fund[kept].sum())
    with pytest.raises(CannotRead, match="no claims of 2001"):
        load_population(town.policy, folder, [2001])


def test_people_are_those_of_the_file(town: Town, folder: Path, tmp_path: Path) -> None:
    """One row a person in any order: incomes follow the persons."""
    copytree(folder, tmp_path / "city")
    ids = list(town.small.enrolment.persons())
    income = {person: at * 100 for at, person in enumerate(ids)}
    mixed = list(np.random.default_rng(0).permutation(ids))
    table = pa.table(
        {
            "person_id": mixed,
            "birth_date": pa.array([date(1980, 1, 1)] * len(ids)),
            "income": pa.array([Decimal(income[p]) / 100 for p in mixed], pa.decimal128(16, 2)),
        }
    )
    pq.write_table(table, tmp_path / "city" / "people.parquet")
    people = load_population(town.policy, tmp_path / "city").people
    assert people.income is not None
    assert people.income.tolist() == [income[person.as_py()] for person in people.ids]


@pytest.mark.parametrize("fault", ["cell", "parquet", "person"])
def test_files_that_are_wrong_are_refused(folder: Path, tmp_path: Path, fault: str) -> None:
    made = tmp_path / "city"
    copytree(folder, made)
    policy = load_policy("tianjin")
    claims = made / "claims.csv"
    if fault == "cell":
        claims.write_text(claims.read_text().replace("outpatient", "dentist", 1))
    elif fault == "parquet":
        pq.write_table(pacsv.read_csv(claims), made / "claims.parquet")
        claims.unlink()
        whole = (made / "claims.parquet").read_bytes()
        (made / "claims.parquet").write_bytes(whole[: len(whole) // 2])
    else:
        persons = made / "persons.csv"
        lines = persons.read_text().splitlines(keepends=True)
        persons.write_text("".join(lines[:-1]))
    with pytest.raises(CannotRead):
        assert load_population(policy, made).people
