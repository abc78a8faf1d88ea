"""What tests of registers share: bring rows in, and say what landed."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from registry_data import HOSPITAL, OTHER, PHARMACY, THIRD, Bring

from yibao.registry.importing import Imported, import_files
from yibao.registry.registers import REGISTERS
from yibao.store.database import Database


def csv(rows: Iterable[str]) -> str:
    return "\n".join([*rows, ""])


@pytest.fixture
def bring(database: Database, tmp_path: Path) -> Bring:
    """Give a function that imports lines of CSV, all of which must land unless `rejected`."""

    def bring(name: str, *lines: str, rejected: int = 0, **options: Any) -> Imported:
        file = tmp_path / f"{name}.csv"
        file.write_text(csv(lines), encoding="utf-8")
        with database.transaction() as connection:
            done = import_files(connection, REGISTERS[name], [file], actor="test", **options)
        told = [error.say("en") for reject in done.rejects for error in reject.errors]
        assert len(done.rejects) == rejected, told
        return done

    return bring


@pytest.fixture
def institutions(bring: Bring) -> None:
    """Give three hospitals of level 3, 2 and 1 and a pharmacy, from 2010 on."""
    bring(
        "institution",
        "institution_id,name,division,level,primary_institution,from",
        f"{HOSPITAL},第一医院,120101,3,,2010-01-01",
        f"{OTHER},第二医院,120101,2,,2010-01-01",
        f"{THIRD},社区中心,120101,1,true,2010-01-01",
        f"{PHARMACY},大药房,120101,,,2010-01-01",
    )
