"""The figures behind populations: what they say, and that a wrong one is told by file and line."""

import csv
import shutil
from pathlib import Path

import numpy as np
import pytest

from yibao.errors import PackErrors
from yibao.interop.files.columns import columns
from yibao.macro.population import figures as cited
from yibao.macro.population.figures import FOLDER, load, load_from
from yibao.policy.policy import load_policy

ABOVE = Path(__file__).resolve().parents


def shared(name: str) -> Path:
    places = (folder / "shared" / "data" / "macro" / name for folder in ABOVE)
    found = next((place for place in places if place.is_file()), None)
    if found is None:
        pytest.skip(f"../shared/data/macro/{name} is not here: nothing to compare the figures with")
    return found


def test_regions_have_figures() -> None:
    assert cited.names() == ("jining", "tianjin")


def test_tianjin_says_what_was_published() -> None:
    figures = load("tianjin")
    stays = figures.use(2019, "employee", "admissions")
    assert (stays.value, stays.grade, stays.scope) == (18.28, "A", "nation")
    assert figures.use(2019, "employee", "yuan_per_admission").value == 1_188_756  # fen
    assert figures.value("employees").scope == "region"
    # 6.5379 of 11.6869 million
    assert figures.value("employees").value == pytest.approx(6.5379 / 11.6869, abs=1e-4)
    ages, shares = figures.census()
    assert shares.sum() == pytest.approx(1)
    assert shares[:, ages >= 60].sum() == pytest.approx(0.2166, abs=1e-4)  # the census' own share


@pytest.mark.parametrize("region", cited.names())
def test_codes_are_those_of_the_pack(region: str) -> None:
    figures = load(region)
    by_name = {c.name: c for c in columns("persons", load_policy(region).region)}
    diseases = by_name["registered_diseases"].codes or {}
    assert set(figures.region["diseases"].values()) <= set(diseases)
    assert set(figures.region["diseases"]) <= set(figures.diseases)
    assert set(figures.region["relief"]) <= set(by_name["identities"].codes or {})
    tiers = {*figures.region["tiers"], figures.region["tiers"]["student"]} - {"student"}
    assert tiers <= set(by_name["contribution_tier"].codes or {})


@pytest.mark.parametrize(
    ("file", "old", "new", "told"),
    [
        ("tianjin", 'value: "55.94%"', 'value: "55,94%"', "does not match"),
        ("tianjin", "source: enrolment, grade: A}", "source: enrolments, grade: A}", "enrolments"),
        ("tianjin", 'low: "62%"', 'low: "61%"', "shares that make 100%"),
        ("tianjin", "male: [43247, ", "male: [", "as many as ages"),
        ("tianjin", "grade: A}", "grade: E}", '"E" is not one of'),
        ("national", 'male: ["0.00618", ', "male: [", "as many as ages"),
        ("national", "stay_days:", "days_of_stay:", "stay_days"),
        ("national", '"11887.56"', '"11887.5"', "does not match"),
        ("model", "frailty:\n", "fragility:\n", "frailty"),
    ],
)
def test_a_wrong_figure_is_told(tmp_path: Path, file: str, old: str, new: str, told: str) -> None:
    for source in FOLDER.glob("*.yaml"):
        shutil.copy(source, tmp_path)
    path = tmp_path / f"{file}.yaml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(PackErrors) as caught:
        load_from(tmp_path, "tianjin")
    assert any(told in str(d) and d.file == path and d.line >= 1 for d in caught.value.defects)


@pytest.mark.shared
@pytest.mark.parametrize(("region", "code"), [("tianjin", "120000"), ("jining", "370800")])
def test_the_census_is_the_published_one(region: str, code: str) -> None:
    with shared("census2020_age_sex_seed_cities.csv").open(encoding="utf-8") as stream:
        rows = [row for row in csv.DictReader(stream) if row["code"] == code]
    for sex, name in (("M", "male"), ("F", "female")):
        published = [int(float(row["pop"])) for row in rows if row["sex"] == sex]
        assert load(region).region["census"][name] == published


@pytest.mark.shared
def test_the_use_of_care_is_the_published_one() -> None:
    with shared("derived_calibration_2012_2025.csv").open(encoding="utf-8") as stream:
        rows = {row["year"]: row for row in csv.DictReader(stream)}
    names = {
        "admissions": "adm_rate_pct",
        "visits": "op_visits_pc",
        "chronic_visits": "chronic_visits_pc",
        "yuan_per_admission": "cost_per_adm_yuan",
        "yuan_per_visit": "cost_per_op_visit",
        "yuan_per_chronic_visit": "cost_per_chronic_visit",
    }
    table = load("tianjin").national["use"]["years"]
    for year, schemes in table.items():
        for scheme, told in schemes.items():
            for name, column in names.items():
                published = float(rows[year][f"{scheme[:3]}_{column}"])
                assert float(told[name]) == pytest.approx(published, abs=0.0051), (year, scheme)


def test_shares_are_floats_and_money_is_not() -> None:
    figures = load("tianjin")
    assert cited.number("62%") == 0.62
    assert cited.fen("1600.00") == 160_000
    assert isinstance(cited.fen(figures.model["accounts"]["median"]), int)
    assert np.isfinite(figures.value("top_tenth_again").value)
