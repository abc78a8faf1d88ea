"""Many at once: registers and agreements come out as if one had come after the other."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from time import sleep

import pytest
from registry_data import HOSPITAL, Bring

from yibao.errors import Refused
from yibao.registry import agreements, designation
from yibao.registry.importing import import_files
from yibao.registry.registers import REGISTERS
from yibao.store.database import Database

MANY = 8


def test_the_same_file_eight_times_at_once_lands_once(database: Database, tmp_path: Path) -> None:
    file = tmp_path / "institution.csv"
    rows = [f"H120101{n:05d},医院,120101,2020-01-01" for n in range(200)]
    file.write_text("\n".join(["institution_id,name,division,from", *rows, ""]), encoding="utf-8")

    def bring(_: int) -> Counter[str]:
        with database.transaction() as c:
            return import_files(c, REGISTERS["institution"], [file], actor="test").counts

    with ThreadPoolExecutor(MANY) as pool:
        counts = sum(pool.map(bring, range(MANY)), Counter[str]())
    assert counts == {"added": 200, "unchanged": 200 * (MANY - 1)}


@pytest.mark.usefixtures("institutions")
def test_an_agreement_is_suspended_once_whoever_is_first(bring: Bring, database: Database) -> None:
    columns = "institution_id,agreement_id,visits,schemes,from"
    bring("agreement", columns, f"{HOSPITAL},A1,inpatient,employee,2021-01-01")

    def suspend(_: int) -> str:
        try:
            with database.transaction() as c:
                agreements.act(c, "A1", "suspend", date(2021, 5, 1), actor="x")
        except Refused as refused:
            return refused.name
        return "done"

    with ThreadPoolExecutor(MANY) as pool:
        assert Counter(pool.map(suspend, range(MANY))) == {"done": 1, "not_the_latest": MANY - 1}
    with database.transaction() as c:
        assert len(agreements.versions(c, "A1")) == 2
        assert len(agreements.events(c, "A1")) == 1


@pytest.mark.usefixtures("institutions")
def test_a_step_is_taken_once_whoever_is_first(database: Database) -> None:
    day = date(2021, 9, 1)
    with database.transaction() as c:
        designation.apply(c, "X1", HOSPITAL, day, actor="x")

    def assess(_: int) -> str:
        try:
            with database.transaction() as c:
                designation.step(c, "X1", "assess", day, actor="x")
        except Refused as refused:
            return refused.name
        return "done"

    with ThreadPoolExecutor(MANY) as pool:
        assert Counter(pool.map(assess, range(MANY))) == {"done": 1, "step_skipped": MANY - 1}


def test_the_last_place_is_given_once(bring: Bring, database: Database) -> None:
    day = date(2021, 9, 1)
    codes = [f"H120102{n:05d}" for n in range(MANY)]
    header = "institution_id,name,division,from"
    bring("institution", header, *(f"{c},医院,120102,2020-01-01" for c in codes))
    bring("quota", "division,kind,places,from", "120102,hospital,1,2021-01-01")
    with database.transaction() as c:
        for number, code in enumerate(codes):
            designation.apply(c, f"X{number}", code, day, actor="x")

    def assess(number: int) -> str:
        try:
            with database.transaction() as c:
                designation.step(c, f"X{number}", "assess", day, actor="x")
        except Refused as refused:
            return refused.name
        return "done"

    with ThreadPoolExecutor(MANY) as pool:
        assert list(pool.map(assess, range(MANY))) == ["done"] + ["waiting"] * (MANY - 1)


def test_an_import_that_breaks_off_leaves_nothing(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "institution.csv"
    rows = [f"H120101{n:05d},医院,120101,2020-01-01" for n in range(10)]
    file.write_text("\n".join(["institution_id,name,division,from", *rows, ""]), encoding="utf-8")
    monkeypatch.setattr("yibao.registry.importing.CHUNK", 3)
    landed = []

    def bring() -> None:
        with database.transaction() as c:
            import_files(c, REGISTERS["institution"], [file], actor="test")
            landed.append(c.execute("SELECT count(*) FROM registry.institution").fetchone())
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        bring()
    assert landed == [(10,)]
    with database.transaction() as c:
        assert c.execute("SELECT count(*) FROM registry.institution").fetchone() == (0,)
        assert c.execute("SELECT count(*) FROM ops.audit").fetchone() == (0,)


@pytest.mark.usefixtures("institutions")
def test_whoever_renews_while_it_is_terminated_is_told_so(bring: Bring, database: Database) -> None:
    columns = "institution_id,agreement_id,visits,schemes,from,to"
    bring("agreement", columns, f"{HOSPITAL},A1,inpatient,employee,2021-01-01,2021-12-31")
    first, last = date(2022, 1, 1), date(2022, 12, 31)
    wanted = agreements.Terms("A2", HOSPITAL, first, last, ["inpatient"], ["employee"])

    def renew() -> str:
        try:
            with database.transaction() as c:
                agreements.renew(c, "A1", wanted, actor="test")
        except Refused as refused:
            return refused.name
        return ""

    with ThreadPoolExecutor(1) as pool:
        with database.transaction() as c:
            agreements.act(c, "A1", "terminate", date(2021, 12, 1), actor="test")
            renewed = pool.submit(renew)
            waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
            while c.execute(waiting).fetchone() != (1,):
                sleep(0.01)
        assert renewed.result() in {"terminated", "not_a_renewal"}
    with database.transaction() as c:
        assert agreements.versions(c, "A2") == []
