"""What the comparison rests on: engines that claim to be exact are; what is wrong is counted.

Nothing is timed here.
"""

import json
from collections.abc import Callable
from pathlib import Path

import bench_columnar
import numpy as np
import pytest
from peers import arrays, benefit, columnar, native, ours, outside, tianjin, tianjin_loops
from peers.benefit import Claims, Outcome
from peers.clock import Run, Skipped


def claims_of(*yuan: str, category: int = 0, level: int = 0) -> Claims:
    """Return one person's claims."""
    fen = np.array([int(y.replace(".", "")) for y in yuan], np.int64)
    levels = np.full(len(fen), level, np.int8)
    return Claims(np.array([0, len(fen)]), np.array([category], np.int8), levels, fen)


# --- the small benefit ----------------------------------------------------------------------------


def test_the_reference_by_hand():
    # In service, level 1. 1,000.00: 800.00 borne, 200.00 x 75.5 % = 151.00.
    # 0.01: 0.755 fen, half up 1. 40,000.00: 75.5 % = 30,200.00, of which the cap leaves
    # 20,000.00 - 151.00 - 0.01 = 19,848.99. The burden was 849.00 + 0 and grows by 20,151.01 to
    # 21,000.01: of that 11,000.01 lies above 10,000.00, at 50 % 5,500.005, half up 5,500.01.
    found = benefit.settle_exactly(claims_of("1000.00", "0.01", "40000.00"))
    assert found.pool.tolist() == [151_00, 1, 1984899]
    assert found.serious.tolist() == [0, 0, 550001]
    assert found.personal.tolist() == [849_00, 0, 2015101 - 550001]


def test_all_bands_by_hand():
    # Retired, level 3: 170,000.00 less 20,000.00 (the cap) is a burden of 150,000.00:
    # 20,000 x 50 % + 70,000 x 60 % + 50,000 x 70 % = 10,000 + 42,000 + 35,000.
    found = benefit.settle_exactly(claims_of("170000.00", category=1, level=2))
    assert (found.pool[0], found.serious[0], found.personal[0]) == (2000000, 8700000, 6300000)


def test_persons_lie_on_the_edges():
    claims = benefit.make_claims(2000, 12, seed=3)
    exact = benefit.settle_exactly(claims)
    expense = np.cumsum(claims.amount.reshape(-1, 12), axis=1)
    paid = np.cumsum(exact.pool.reshape(-1, 12), axis=1)
    burden = np.cumsum((claims.amount - exact.pool).reshape(-1, 12), axis=1)
    for sums, edges in (
        (expense, (benefit.DEDUCTIBLE,)),
        (paid, (benefit.CAP,)),
        (burden, benefit.EDGES),
    ):
        for edge in edges:
            near = np.unique(sums[abs(sums - edge) <= 2] - edge)
            assert len(near) >= 3, (edge, near)


EXACT = (
    native.prepare,
    arrays.prepare_numba,
    arrays.prepare_numpy,
    ours.prepare_scalar,
    columnar.prepare,
)


@pytest.mark.parametrize("prepare", EXACT, ids=lambda f: f"{f.__module__}.{f.__name__}")
def test_what_claims_exactness_is_exact(prepare: Callable[[Claims], Run]):
    claims = benefit.make_claims(400, 12, seed=5)
    try:
        done = prepare(claims)()
    except Skipped as reason:
        pytest.skip(str(reason))
    found = ours.outcome(done) if isinstance(done, list) else done
    assert benefit.wrong(found, benefit.settle_exactly(claims)) == (0, 0)


def test_floats_are_found_wrong():
    claims = benefit.make_claims(400, 12, seed=5)
    found = arrays.prepare_floats(claims)()
    count, _ = benefit.wrong(found, benefit.settle_exactly(claims))
    assert 0 < count < len(claims) // 10


def test_a_fen_is_counted():
    exact = Outcome(*(np.array([100, 200, 300]) for _ in range(3)))
    found = Outcome(np.array([100, 201, 300]), exact.serious, np.array([100, 199, 301]))
    assert benefit.wrong(found, exact) == (2, 1)


def test_the_first_persons_alone_come_to_the_same():
    claims = benefit.make_claims(50, 12, seed=8)
    exact = benefit.settle_exactly(claims)
    some = benefit.settle_exactly(claims.first(7))
    assert benefit.wrong(some, exact.first(84)) == (0, 0)


# --- Tianjin's full plan --------------------------------------------------------------------------

LOOPS = (tianjin_loops.prepare_c, tianjin_loops.prepare_numba)


@pytest.mark.parametrize("loop", LOOPS, ids=lambda f: f.__name__)
def test_hand_written_loops_agree_with_the_scalar_executor(loop: Callable[..., Run]):
    rules = tianjin.policy()
    population = tianjin.make_population(700, 12, seed=2)
    exact = tianjin.columns_of(tianjin.prepare_scalar(population, rules)())
    for name, column in exact.items():
        assert column.any(), f"no claim has any {name}"
    prepared = tianjin_loops.prepare(population, rules)
    for column in prepared.out:
        column[:] = -1  # what a loop does not write is seen
    try:
        found = loop(prepared)()
    except Skipped as reason:
        pytest.skip(str(reason))
    bench_columnar.agree(loop.__name__, found, "scalar", exact)


def test_the_columnar_engine_agrees_with_the_scalar_executor():
    rules = tianjin.policy()
    population = tianjin.make_population(700, 12, seed=6)
    exact = tianjin.columns_of(tianjin.prepare_scalar(population, rules)())
    found = columnar.prepare_plan(population, rules)()
    products = {"accident_pay", "care_pay", "mutual_aid_pay", "charity_pay"}
    others = {"supplement_pay", "hospital_relief_pay"}
    assert set(found.figures) - set(exact) == products | others
    bench_columnar.agree("columnar", dict(found.figures), "scalar", exact)


def test_the_mix_is_the_stated_one():
    population = tianjin.make_population(3000, 12, seed=4)
    names = [visit.facts[0] for visit in tianjin.VISITS]
    share = {
        kind: np.isin(population.visit, [n for n, v in enumerate(names) if v == kind]).mean()
        for kind in set(names)
    }
    assert share["outpatient"] + share["emergency"] == pytest.approx(0.60, abs=0.02)
    assert share["pharmacy"] == pytest.approx(0.25, abs=0.02)
    assert share["special_outpatient"] == pytest.approx(0.05, abs=0.01)
    assert share["inpatient"] == pytest.approx(0.10, abs=0.01)
    chained = population.episode[population.episode >= 0]
    assert len(chained)
    assert np.unique(chained, return_counts=True)[1].min() >= 2


def test_a_fen_of_difference_stops_the_benchmark():
    exact = {name: np.array([5, 6]) for name in tianjin.COLUMNS}
    found = {name: np.array([5, 6, 9]) for name in tianjin.COLUMNS}
    bench_columnar.agree("C", found, "scalar", exact)
    found["pool_pay"][1] = 7
    with pytest.raises(SystemExit, match="pool_pay of claim 1 is 7 by C and 6 by scalar; 1 of 2"):
        bench_columnar.agree("C", found, "scalar", exact)


# --- the edges ------------------------------------------------------------------------------------


def test_without_a_compiler_c_is_left_out(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(native.shutil, "which", lambda _: None)
    with pytest.raises(Skipped, match="no C compiler"):
        native.prepare(claims_of("1.00"))


def test_what_cannot_be_installed_is_left_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("YIBAO_BENCH_CACHE", str(tmp_path))
    monkeypatch.setattr(outside, "_install", lambda _, package: package == "numpy")
    monkeypatch.setattr(outside.venv, "create", lambda folder, **_: folder.mkdir())
    with (
        pytest.raises(Skipped, match="pip could not install duckdb here"),
        outside.started("duckdb", "outside_duckdb", "", claims_of("1.00")),
    ):
        pass


def test_one_command_measures_all_that_is_here(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    options = ("--persons", "300", "--rounds", "1", "--installed-only", "--json")
    monkeypatch.setattr("sys.argv", ["bench_columnar.py", *options])
    bench_columnar.main()
    found = json.loads(capsys.readouterr().out)
    small = {row["engine"]: row for row in found["small_benefit"]}
    assert {name for name, *_ in bench_columnar.HERE} == set(small)
    for name, row in small.items():
        assert "skipped" in row or "float" in name or row["wrong"] == 0, row
    assert {"Yibao, scalar", "Yibao, columnar", "Numba, by hand"} <= {
        row["engine"] for row in found["tianjin"]
    }
    assert found["machine"]["Python"]
