"""Cells: what is written is read back exactly, and nothing else is accepted."""

from datetime import date, datetime, time, timedelta
from fractions import Fraction

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from yibao.errors import CodeError
from yibao.interop.files import cells
from yibao.interop.files.columns import Column
from yibao.interop.files.encoding import detect
from yibao.interop.files.output import defused
from yibao.interop.files.rows import MAX_CELL, visible
from yibao.money import MAX_CLAIM, format_yuan
from yibao.policy.model import Text

CODES = {name: Text(name, name) for name in ("none", "A1", "A10", "B2")}


@given(st.integers(0, MAX_CLAIM))
@example(MAX_CLAIM)
@example(0)
def test_amounts_are_read_back(fen: int) -> None:
    assert cells.amount(format_yuan(fen)) == fen


@given(st.integers(MAX_CLAIM + 1, 10**30))
def test_amounts_above_the_limit_are_refused(fen: int) -> None:
    with pytest.raises(cells.BadCell) as caught:
        cells.amount(format_yuan(fen))
    assert caught.value.rule == "max_amount"


@given(st.text(max_size=12))
@example("-0")
@example("+1")
@example("1.")
@example(".5")
@example("1 000")
@example("٣")
@example("1.5\n")
def test_amounts_never_guess(text: str) -> None:
    """What is accepted is digits with at most two decimals: it prints back to itself."""
    try:
        fen = cells.amount(text)
    except cells.BadCell:
        return
    whole, _, decimals = text.partition(".")
    assert whole.isascii()
    assert whole.isdigit()
    assert len(decimals) <= 2
    assert format_yuan(fen) == f"{int(whole)}.{decimals.ljust(2, '0')}"


@given(st.dates(date(1900, 1, 1), date(2200, 12, 31)))
def test_days_are_read_back(day: date) -> None:
    assert cells.day(day.isoformat()) == day
    assert cells.day(f"{day.year}/{day.month}/{day.day}") == day
    assert cells.day(f"{day} 00:00:00.000000") == day


@given(st.datetimes(min_value=datetime.combine(date(1900, 1, 1), time())))
def test_times_are_read_back(moment: datetime) -> None:
    assert cells.time(moment.isoformat(" ")) == moment
    assert cells.time(moment.isoformat("T")) == moment


@pytest.mark.parametrize(
    "text",
    [
        "20190301",
        "2019-3-1",
        "01/03/2019",
        "3/1/2019",
        "2019-02-29",
        "2019-00-10",
        "2019-03-01 10:00",
        "2019-03-01Z",
        "2019年3月1日",
        "43525",
        "0000-01-01",
        "２０１９-03-01",
    ],
)
def test_what_is_not_a_day(text: str) -> None:
    with pytest.raises(cells.BadCell) as caught:
        cells.day(text)
    assert caught.value.rule == "date"


@pytest.mark.parametrize(
    ("text", "why", "example"),
    [
        ("20190301", "not the right form", "2019-03-01"),
        ("2019-3-1", "not the right form", "2019-03-01"),
        ("2019.3.1", "not the right form", "2019-03-01"),
        ("2019年3月1日", "not the right form", "2019-03-01"),
        ("43525", "not the right form", "2017-03-01"),
        ("2019-02-29", "there is no such day", "2017-03-01"),
        ("20190229", "there is no such day", "2017-03-01"),
        ("2019-03-01 10:00", "not the right form", "2017-03-01"),
    ],
)
def test_a_wrong_form_is_not_a_day_that_does_not_exist(text: str, why: str, example: str) -> None:
    with pytest.raises(cells.BadCell) as caught:
        cells.day(text)
    assert caught.value.message.en == f"{why}; write it as {example}"


def test_a_code_by_its_chinese_name() -> None:
    codes = {"1": Text("一级及以下", "level 1"), "2": Text("二级", "level 2")}
    assert cells.code("二级", codes) == "2"
    assert cells.codes_of("二级;1", codes) == {"1", "2"}
    with pytest.raises(cells.BadCell, match="did you mean 1"):
        cells.code("一级", codes)


@given(st.text(max_size=20))
def test_times_never_guess(text: str) -> None:
    try:
        moment = cells.time(text)
    except cells.BadCell:
        return
    assert text.isascii()
    assert str(moment.year).zfill(4) == text[:4]


@given(st.sets(st.sampled_from(sorted(CODES))), st.sampled_from([";", "|", " ; ", "；"]))
def test_sets_are_read_back(names: set[str], separator: str) -> None:
    assert cells.codes_of(separator.join(names), CODES) == names


def test_codes_are_exact() -> None:
    assert cells.code("A1", CODES) == "A1"
    for text in ("a1", "A", "A1 ", ""):
        with pytest.raises(cells.BadCell):
            cells.code(text, CODES)


@given(st.text(max_size=MAX_CELL + 5))
@example("　C1\u00a0")
@example("\ufeffC1")
@example("C\x00")
@example("C\r1")
def test_clean_cells_are_visible(text: str) -> None:
    try:
        cell = cells.clean(text)
    except cells.BadCell:
        return
    assert cell in text
    assert cell.isprintable()
    assert len(cell) <= MAX_CELL


@given(st.text(max_size=20))
def test_no_text_becomes_a_formula(text: str) -> None:
    safe = defused(visible(text))
    assert safe.isprintable()
    if safe[:1] in {"=", "+", "-", "@"}:
        assert safe[0] in "+-"
        float(safe)


@given(st.text())
@example("是")
def test_utf8_is_always_recognised(text: str) -> None:
    assume("\n" not in text)
    assert detect([text.encode("utf-8", "ignore")]) == "utf-8"


@pytest.mark.parametrize("text", ["天津市", "是", "结算一号"])
def test_gb2312_is_certain(text: str) -> None:
    assert detect([b"a,b", text.encode("gb2312")]) == "gb18030"


def test_mixed_lines_are_not_certain() -> None:
    assert detect(["是".encode("gb2312"), "是".encode()]) == "utf-8"


def test_a_leap_day_and_its_morrow() -> None:
    assert cells.day("2020-02-29") + timedelta(days=1) == cells.day("2020-03-01")


@pytest.mark.parametrize(
    ("cell", "rate"),
    [("20%", "1/5"), ("12.5%", "1/8"), ("0.125", "1/8"), ("0", "0"), ("1", "1"), ("100%", "1")],
)
def test_rates_are_exact(cell: str, rate: str) -> None:
    assert cells.rate(cell) == Fraction(rate)


@pytest.mark.parametrize("cell", ["20", "100.01%", "1.1", "-5%", "5 %", "", "%", ".5", "２０%"])
def test_rates_never_guess(cell: str) -> None:
    with pytest.raises(cells.BadCell) as caught:
        cells.rate(cell)
    assert caught.value.rule == "rate"


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@A1", "＝1"])
def test_a_name_is_no_formula(cell: str) -> None:
    with pytest.raises(cells.BadCell) as caught:
        cells.text(cell)
    assert caught.value.rule == "formula"
    assert cells.text(f"({cell})") == f"({cell})"


def test_a_form_reads_a_cell_further() -> None:
    def even(cell: str) -> int:
        if int(cell) % 2:
            raise CodeError("奇数", "odd")
        return int(cell)

    column = Column("n", "id", Text("数", "n"), absent="", form=even)
    assert cells.parser(column)("12") == 12
    assert cells.absent_value(column) == ""
    with pytest.raises(cells.BadCell, match="odd") as caught:
        cells.parser(column)("13")
    assert caught.value.rule == "code_form"
