"""people.parquet: read in the order of the persons, and what is wrong with it is told."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from yibao.errors import CannotRead
from yibao.macro.simulation.people_file import read_people

COLUMNS: dict[str, pa.Array] = {
    "person_id": pa.array(["A", "B", "C"]),
    "birth_date": pa.array([date(1970, 1, 11), date(1950, 5, 1), date(2000, 1, 1)]),
    "sex": pa.array(["male", "female", "male"]).dictionary_encode(),
    "household_id": pa.array(["H1", None, "H1"]),
    "income": pa.array(map(Decimal, ("100.50", "0.01", "9999999.99")), pa.decimal128(16, 2)),
    "income_decile": pa.array([1, 10, 5], pa.int8()),
    "scheme": pa.array(["resident", "employee", "resident"]),
    "identities": pa.array(["", "destitute;veteran", None]),
    "chronic_diseases": pa.array(["hypertension", "", "hypertension;diabetes"]),
}  # fmt: skip
IDS = pa.array(["C", "A"])


def written(folder: Path, **other: Any) -> Path:
    file = folder / "people.parquet"
    columns = {name: array for name, array in (COLUMNS | other).items() if array is not None}
    pq.write_table(pa.table(columns), file)
    return file


def test_people_are_read_in_the_order_asked(tmp_path: Path) -> None:
    people = read_people(written(tmp_path), IDS)
    assert people.birth.tolist() == [10957, 10]
    assert people.income is not None
    assert people.income.tolist() == [999_999_999, 10_050]
    assert people.decile is not None
    assert people.decile.tolist() == [5, 1]
    assert people.household is not None
    assert people.household[0] == people.household[1]
    scheme = people.codes["scheme"]
    assert [scheme.values[code] for code in scheme.codes] == ["resident", "resident"]
    assert list(scheme.values) == ["employee", "resident"]  # the vocabulary's order
    assert people.sets["chronic_diseases"]["diabetes"].tolist() == [True, False]
    assert people.sets["identities"]["destitute"].tolist() == [False, False]
    assert people.titles["chronic_diseases"]["diabetes"].zh == "糖尿病"


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("sports_club", "sports_club"),
        ("two\nlines", "two\\nlines"),
        ("nul\0", "nul\\x00"),
        ("\u202egnorw", "\\u202egnorw"),
        ("x" * 70, "x" * 59 + "…"),
    ],
)
def test_a_code_without_a_title_is_shown_so_that_it_can_be_seen(
    tmp_path: Path, code: str, shown: str
) -> None:
    people = read_people(written(tmp_path, sex=pa.array([code, "female", code])), IDS)
    assert shown in [title.en for title in people.codes["sex"].titles]


def test_a_column_of_names_is_none_of_codes(tmp_path: Path) -> None:
    ids = pa.array([f"P{n}" for n in range(1001)])
    columns = {"person_id": ids, "birth_date": pa.array([date(1970, 1, 1)] * 1001)}
    only = dict.fromkeys(COLUMNS) | columns
    with pytest.raises(CannotRead, match="employment is 1,001 different texts; expected codes"):
        read_people(written(tmp_path, **only, employment=ids), ids)


def test_columns_beyond_birth_may_be_missing(tmp_path: Path) -> None:
    only = dict.fromkeys(COLUMNS) | {n: COLUMNS[n] for n in ("person_id", "birth_date")}
    people = read_people(written(tmp_path, **only), IDS)
    assert (people.income, people.decile, people.household) == (None, None, None)
    assert not people.codes


@pytest.mark.parametrize(
    ("other", "match"),
    [
        ({"person_id": pa.array(["A", "A", "C"])}, "person_id is not unique"),
        ({"person_id": pa.array(["A", "B", "D"])}, "no row for person 'C'"),
        ({"birth_date": None}, "no column 'birth_date'"),
        ({"birth_date": pa.array(["1970-01-01"] * 3)}, "birth_date is string; expected a date"),
        ({"birth_date": pa.array([None] * 3, pa.date32())}, "a date in every row"),
        ({"income": pa.array([1.5, 2.0, 3.0])}, "income is double; expected yuan as decimals"),
        ({"income": pa.array([Decimal("-1.00")] * 3, pa.decimal128(16, 2))}, "no negative amount"),
        ({"income": pa.array([Decimal("1.001")] * 3, pa.decimal128(16, 3))}, "two places"),
        ({"income": pa.array([Decimal(10**20)] * 3, pa.decimal128(30, 2))}, "too large"),
        ({"income_decile": pa.array([0, 1, 2])}, "income_decile is 0 to 2; expected 1 to 10"),
        ({"income_decile": pa.array(["1", "2", "3"])}, "whole numbers"),
        ({"scheme": pa.array([1, 2, 3])}, "scheme is int64; expected text"),
    ],
)
def test_a_wrong_column_is_told(tmp_path: Path, other: dict[str, Any], match: str) -> None:
    with pytest.raises(CannotRead, match=match):
        read_people(written(tmp_path, **other), IDS)


def test_a_file_that_is_not_parquet_is_told(tmp_path: Path) -> None:
    file = tmp_path / "people.parquet"
    file.write_bytes(b"PAR1 cut off")
    with pytest.raises(CannotRead, match=r"people\.parquet"):
        read_people(file, IDS)
    whole = written(tmp_path).read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(CannotRead, match=r"people\.parquet"):
        read_people(file, IDS)
