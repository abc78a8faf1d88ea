"""The demonstration at the agency runs to its end, and its books agree."""

from io import StringIO
from pathlib import Path

from rich.console import Console
from typer.testing import CliRunner

from yibao.cli import app
from yibao.cli.demo_town import show_town
from yibao.cli.sample_town import sample_town
from yibao.money import parse_yuan
from yibao.registry.codes import identity_number, national_consumable, national_drug


def test_a_town_is_enrolled_billed_treated_cleared_and_reconciled() -> None:
    told = StringIO()
    show_town("en", Console(file=told, width=200))
    text = told.getvalue()
    assert "355 settled, 45 refused (outpatient_ceiling 45), 3 asked again" in text


def test_the_persons_of_a_town_are_the_same_each_time_and_have_numbers_of_no_place() -> None:
    town = sample_town()
    assert town == sample_town()
    numbers = [row["identity_number"] for row in (*town.files["persons"], *town.files["staff"])]
    assert len(set(numbers)) == len(numbers)
    assert all(identity_number(number).number.startswith("120199") for number in numbers)


def test_a_sample_of_the_town_is_written_with_codes_that_keep_to_their_forms(
    tmp_path: Path,
) -> None:
    result = CliRunner().invoke(app, ["sample", "town", str(tmp_path / "town")])
    assert result.exit_code == 0, result.output
    town = sample_town()
    assert {file.stem for file in (tmp_path / "town").iterdir()} == set(town.files)
    for row in town.files["drugs"]:
        national_drug(row["code"])
    for row in town.files["consumables"]:
        national_consumable(row["code"])
    totals = {row["claim_no"]: parse_yuan(row["total"]) for row in town.files["bills"]}
    sums = dict.fromkeys((row["claim_no"] for row in town.files["lines"]), 0)
    for row in town.files["lines"]:
        sums[row["claim_no"]] += int(row["quantity"]) * parse_yuan(row["price"])
    assert sums == {number: totals[number] for number in sums}
