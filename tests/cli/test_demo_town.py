"""The demonstration at the agency runs to its end, and its books agree."""

from io import StringIO

from rich.console import Console

from yibao.cli.demo_town import show_town
from yibao.cli.sample_town import sample_town
from yibao.registry.codes import identity_number


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
