"""Reports: every figure arrives, nothing that a pack says is executed, files are self-contained."""

import io
import json
import re
from dataclasses import replace
from fractions import Fraction
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from openpyxl import load_workbook
from tiny_city import claims, paid, people
from town import YEARS, Town

from yibao.macro.simulation.comparison import Options
from yibao.macro.simulation.reforms import Reform
from yibao.macro.simulation.report import show
from yibao.macro.simulation.report.data import as_data, as_json
from yibao.macro.simulation.report.page import page
from yibao.macro.simulation.report.table import Of, cell, plain
from yibao.macro.simulation.report.workbook import write_workbook
from yibao.macro.simulation.scalar import BookPopulation
from yibao.macro.simulation.study import Study, study
from yibao.text import Text

RATE = "tianjin-resident-inpatient-rate"
HOSTILE = '=HYPERLINK("http://x")</script><script>alert(1)</script><img src=x onerror=alert(2)>'


class Made(BookPopulation):
    """The town with its made-up incomes."""

    def __init__(self, town: Town, folder: Path) -> None:
        super().__init__(town.policy, town.small, folder, YEARS)
        self.__dict__["people"] = town.people


@pytest.fixture(scope="session")
def made(town: Town, tmp_path_factory: pytest.TempPathFactory) -> Study:
    population = Made(town, tmp_path_factory.mktemp("made"))
    reforms = list(town.reforms.values())
    return study(population, reforms, Options(draws=100), marginal=False)


@pytest.fixture(scope="session")
def hostile(made: Study) -> Study:
    """A study whose reform has a title that would like to be code."""
    outcome = made.outcomes[0]
    reform = replace(outcome.reform, title=Text(HOSTILE, HOSTILE))
    return replace(made, outcomes=(replace(outcome, reform=reform),))


# --- figures --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (show.yuan(-123456789), "−1,234,567.89"),
        (show.yuan(Fraction(1, 2)), "0.01"),
        (show.yuan(-1), "−0.01"),
        (show.rounded(Fraction(-1, 1000), 2), "0.00"),
        (show.signed("0.00"), "0.00"),
        (show.signed("1.00"), "+1.00"),
        (show.percent(Fraction(1, 3)), "33.33%"),
        (show.large(12_345_678_900, "zh"), "1.23亿元"),
        (show.large(-4_560_000, "zh"), "−4.56万元"),
        (show.large(99_999, "zh"), "999.99元"),
        (show.large(12_345_678_900, "en"), "123.46 million yuan"),
        (cell(None, "money", "en"), "–"),
        (cell(Of(3, "count"), "money", "en"), "3"),
        (plain(Fraction(-5, 2), "money"), "-0.03"),
        (plain(123456, "money"), "1234.56"),
        (plain(Fraction(1, 3), "share"), "0.333333333"),
        (plain(7, "count"), 7),
        (cell(Of(Fraction(-1, 100), "points"), "text", "en"), "−1 point"),
        (cell(Of(Fraction(6, 100), "points"), "text", "zh"), "+6个百分点"),
        (cell(Of(Fraction(0), "points"), "text", "en"), "0 points"),
        (plain(Of(Fraction(-25, 1000), "points"), "text"), "-2.5"),
    ],
)
def test_figures_as_they_are_shown(told: object, expected: object) -> None:
    assert told == expected


# --- JSON -----------------------------------------------------------------------------------------


def test_json_has_the_figures_of_the_comparison(made: Study) -> None:
    data = as_data(made)
    assert json.loads(as_json(made)) == data
    assert data["years"] == list(YEARS)
    for outcome, told in zip(made.outcomes, data["reforms"], strict=True):
        rows = {row["item"]["en"]: row for row in told["tables"]["costs"]["rows"]}
        cost = outcome.comparison.cost
        sign = "-" if cost < 0 else ""
        assert rows["All funds"]["change"] == f"{sign}{abs(cost) // 100}.{abs(cost) % 100:02d}"
        groups = told["tables"]["gains_by_scheme"]["rows"]
        assert sum(row["winners"] for row in groups) == outcome.comparison.whole.winners
        assert told["changes_anything"]
        assert {"catastrophic", "impoverished", "fairness", "response", "sampling"} <= set(
            told["tables"]
        )


def test_claims_are_counted_by_their_names(made: Study, town: Town) -> None:
    data = as_data(made)
    found = data["claims"]
    sign = town.base.sign[np.isin(town.claims.year, YEARS)]
    assert found["items"] == len(sign)
    assert found["settled"] - found["standing"] == (sign < 0).sum() > 0
    rows = data["reforms"][0]["tables"]["costs_by_scheme"]["rows"]
    assert sum(row["claims"] for row in rows) == found["standing"]
    assert f"{found['standing']:,} of them stand" in " ".join(parsed(page(made, "en")).text)


def test_the_two_tables_by_scheme_say_by_whose(made: Study) -> None:
    tables = as_data(made)["reforms"][0]["tables"]
    assert "each claim's day" in tables["costs_by_scheme"]["note"]["en"]
    assert "first day" in tables["gains_by_scheme"]["note"]["en"]
    assert "each claim's day" not in tables["costs_by_visit"]["note"]["en"]


def test_without_incomes_tables_on_hardship_are_left_out(town: Town, tmp_path: Path) -> None:
    population = BookPopulation(town.policy, town.small, tmp_path, [2019])
    found = study(population, [town.reforms[RATE]], Options(draws=0))
    (told,) = as_data(found)["reforms"]
    assert not {"catastrophic", "impoverished", "fairness", "sampling"} & set(told["tables"])
    assert found.households is None
    marginals = told["tables"]["marginal"]["rows"]
    assert len(marginals) == 6
    assert {row["unit"]["en"] for row in marginals} == {"per percentage point"}


def test_the_cost_of_a_figure_for_each_unit(town: Town, tmp_path: Path) -> None:
    """In yuan for each yuan: the change of funds over the change of the deductible."""
    population = BookPopulation(town.policy, town.small, tmp_path, [2019])
    name = "tianjin-employee-outpatient-deductible"
    (outcome,) = study(population, [town.reforms[name]], Options(draws=0)).outcomes
    assert outcome.marginals is not None
    first = outcome.marginals[0]
    assert first.single.where.en == "in service"
    assert first.each is not None
    assert first.each * -200 == first.cost  # 800 -> 600 yuan
    assert first.each < 0 < first.cost


def test_a_reform_of_other_years_says_that_it_changes_nothing(town: Town, tmp_path: Path) -> None:
    population = BookPopulation(town.policy, town.small, tmp_path, [2018])
    reform = replace(town.reforms[RATE], told=())
    (told,) = as_data(study(population, [reform], Options(draws=0)))["reforms"]
    assert not told["changes_anything"]
    assert any("changes no rule in the years" in notice["en"] for notice in told["notices"])


def test_a_reform_that_reaches_nobody_says_so(town: Town) -> None:
    class Nobody:
        policy = town.policy
        claims = claims([0])
        people = people(None, count=1)
        years = (2023,)

        def paid(self, _: object) -> object:
            return paid([100], [50])

    reform: Reform = town.reforms[RATE]
    (told,) = as_data(study(Nobody(), [reform], Options(draws=0), marginal=False))["reforms"]  # type: ignore[arg-type]
    assert any("not a single claim" in notice["en"] for notice in told["notices"])


# --- HTML -----------------------------------------------------------------------------------------


class Elements(HTMLParser):
    """Collects elements with their attributes, and the text outside scripts."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self._script = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        self._script = tag in ("script", "style")

    def handle_endtag(self, tag: str) -> None:
        self._script = False

    def handle_data(self, data: str) -> None:
        if not self._script:
            self.text.append(data)


def parsed(html: str) -> Elements:
    elements = Elements()
    elements.feed(html)
    return elements


def test_the_page_needs_nothing_from_elsewhere(made: Study) -> None:
    elements = parsed(page(made))
    for tag, attributes in elements.found:
        assert tag not in {"link", "img", "iframe", "object"}
        assert "src" not in attributes
        assert str(attributes.get("href", "#")).startswith("#")
    policy = [a["content"] for tag, a in elements.found if a.get("http-equiv")]
    assert policy
    assert str(policy[0]).startswith("default-src 'none'")


def test_the_page_speaks_both_languages(made: Study) -> None:
    elements = parsed(page(made, "en"))
    root = next(a for tag, a in elements.found if tag == "html")
    assert root == {"lang": "en", "data-lang": "en"}
    text = " ".join(elements.text)
    for told in (
        "谁支付多少",
        "Who pays what",
        "少付的人",
        "Who pays less",
        "因病致贫",
        "Impoverishment",
    ):
        assert told in text
    figures = json.loads(re.search(r'id="figures">(.*?)</script>', page(made), re.S)[1])  # type: ignore[index]
    assert all(set(figure) == {"zh", "en"} for figure in figures.values())
    places = {a.get("id") for tag, a in elements.found if a.get("class") == "plot"}
    assert places == set(figures)


def test_long_labels_of_pictures_are_wrapped(made: Study) -> None:
    """Whole and distinct, in lines that leave the bars room on a phone."""
    figures = json.loads(re.search(r'id="figures">(.*?)</script>', page(made), re.S)[1])  # type: ignore[index]
    bars = {name: one["en"]["data"][0] for name, one in figures.items()}
    labels = [y for bar in bars.values() if bar.get("orientation") == "h" for y in bar["y"]]
    assert any("<br>" in label for label in labels)
    assert max(len(line) for label in labels for line in label.split("<br>")) <= 22
    assert len(set(bars["reforms"]["y"])) == len(made.outcomes)


def test_a_hostile_title_stays_text(hostile: Study) -> None:
    html = page(hostile)
    elements = parsed(html)
    assert [tag for tag, _ in elements.found].count("script") == 3
    assert not any("onerror" in attributes for _, attributes in elements.found)
    assert HOSTILE in "".join(elements.text)


# --- Excel ----------------------------------------------------------------------------------------


def book_of(made: Study) -> object:
    stream = io.BytesIO()
    write_workbook(stream, made, "en")
    return load_workbook(io.BytesIO(stream.getvalue()))


def test_the_workbook_has_numbers_with_two_decimals(made: Study) -> None:
    book = book_of(made)
    assert len(book.sheetnames) == 1 + len(made.outcomes)  # type: ignore[attr-defined]
    sheet = book[book.sheetnames[1]]  # type: ignore[index,attr-defined]
    row = next(r for r in sheet.iter_rows() if r[0].value == "All funds")
    cost = made.outcomes[0].comparison.cost
    assert row[4].value == pytest.approx(cost / 100, abs=0.001)
    assert row[4].number_format.startswith("+#,##0.00")
    assert all(cell.data_type != "f" for r in sheet.iter_rows() for cell in r)


def test_the_workbook_is_easy_to_find_ones_way_in(made: Study) -> None:
    book = book_of(made)
    assert book.sheetnames == ["Overview", "Reform 1", "Reform 2", "Reform 3"]  # type: ignore[attr-defined]
    for sheet in book:  # type: ignore[attr-defined]
        assert sheet.freeze_panes == "B2"
        told = [str(cell.value) for row in sheet.iter_rows() for cell in row if cell.value]
        assert not [text for text in told if re.search(r"[a-z]：|\d）$", text)]


def test_a_hostile_title_is_no_formula(hostile: Study) -> None:
    book = book_of(hostile)
    for sheet in book:  # type: ignore[attr-defined]
        for row in sheet.iter_rows():
            assert all(cell.data_type != "f" for cell in row)
