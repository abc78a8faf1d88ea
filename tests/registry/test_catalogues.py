"""Releases of the national catalogue, and the removal of local additions."""

from datetime import date
from fractions import Fraction

import pytest
from registry_data import HOSPITAL, Bring

from yibao.registry import find
from yibao.registry.exporting import changes_sheet
from yibao.registry.registers import REGISTERS
from yibao.registry.supplements import batches
from yibao.store.database import Database

COLUMNS = "code,name,class,first_self_pay"
RELEASE = date(2021, 3, 1)


def drug(number: int) -> str:
    return f"XA01ABD075A0020101{number:05d}"


def line(number: int, name: str = "药", *, share: str = "10%") -> str:
    return f"{drug(number)},{name},B,{share}"


@pytest.mark.clause("P25-3.4.1a", "T21-4.3a")
@pytest.mark.usefixtures("institutions")
def test_a_release_says_what_it_adds_removes_and_changes(bring: Bring, database: Database) -> None:
    bring("drug", COLUMNS, *(line(n) for n in range(10)), release=date(2020, 1, 1))
    second = [line(3, share="20%"), *(line(n) for n in range(4, 15))]
    done = bring("drug", COLUMNS, *second, release=RELEASE)
    assert dict(done.counts) == {"added": 5, "changed": 1, "unchanged": 6, "ended": 3}
    sheet = changes_sheet(REGISTERS["drug"], done.changes)
    told = [dict(zip([n for n, _ in sheet.columns], row, strict=True)) for row in sheet.rows]
    assert [t["code"] for t in told if t["change"] == "ended"] == [drug(n) for n in range(3)]
    assert [t["code"] for t in told if t["change"] == "added"] == [drug(n) for n in range(10, 15)]
    (changed,) = [t for t in told if t["change"] == "changed"]
    assert (changed["first_self_pay_before"], changed["first_self_pay_after"]) == ("10%", "20%")
    with database.transaction() as c:
        assert find.item_refusal(c, "drug", drug(0), HOSPITAL, date(2021, 2, 28)) is None
        assert find.item_refusal(c, "drug", drug(0), HOSPITAL, RELEASE) == "not_in_catalogue"
        active = find.items(c, [("drug", drug(n)) for n in range(20)], RELEASE)
        assert sorted(code for _, code in active) == [drug(n) for n in range(3, 15)]
        before = find.item(c, "drug", drug(3), date(2021, 2, 28))
        assert before is not None
        assert before.first_self_pay == Fraction(1, 10)
    again = bring("drug", COLUMNS, *second, release=RELEASE)
    assert dict(again.counts) == {"unchanged": 12}
    assert again.changes == []


def test_a_release_with_a_bad_row_ends_nothing_yet(bring: Bring, database: Database) -> None:
    bring("drug", COLUMNS, line(1), line(2), release=date(2020, 1, 1))
    done = bring("drug", COLUMNS, line(3), f"{drug(1)},药,B,", rejected=1, release=RELEASE)
    assert dict(done.counts) == {"added": 1}
    assert len(done.notices) == 1
    with database.transaction() as c:
        assert find.item(c, "drug", drug(2), RELEASE)
    done = bring("drug", COLUMNS, line(3), line(1), release=RELEASE)
    assert dict(done.counts) == {"unchanged": 2, "ended": 1}


def test_what_an_earlier_file_of_the_release_brought_is_told_not_ended(bring: Bring) -> None:
    bring("drug", COLUMNS, line(1), line(2), release=RELEASE)
    done = bring("drug", COLUMNS, line(1), release=RELEASE)
    assert dict(done.counts) == {"unchanged": 1}
    assert drug(2) in done.notices[0].en


def test_a_release_of_one_kind_leaves_others_and_local_additions(
    bring: Bring, database: Database
) -> None:
    bring("herbal", "code,name,class,source,approval_number,from",
          "H1,当归,A,local,津药饮1,2020-01-01", "H2,黄芪,A,national,,2020-01-01")  # fmt: skip
    bring("drug", COLUMNS, line(1), release=date(2020, 1, 1))
    done = bring("herbal", "code,name,class", "H3,甘草,A", release=RELEASE)
    assert dict(done.counts) == {"added": 1, "ended": 1}
    with database.transaction() as c:
        assert find.item(c, "herbal", "H1", RELEASE)
        assert find.item(c, "herbal", "H2", RELEASE) is None
        assert find.item(c, "drug", drug(1), RELEASE)


def test_a_restriction_may_be_long_a_name_not(bring: Bring) -> None:
    header = "code,name,class,restriction,from"
    done = bring("herbal", header, f"H1,当归,A,{'限' * 2000},2020-01-01",
                 f"H2,当归,A,{'限' * 2001},2020-01-01", f"H3,{'归' * 257},A,,2020-01-01",
                 rejected=2)  # fmt: skip
    assert [(e.column, e.rule) for r in done.rejects for e in r.errors] == [
        ("restriction", "cell_length"),
        ("name", "cell_length"),
    ]


LOCAL = "code,name,class,source,batch,from,to"


@pytest.mark.clause("T21-4.3d", "P25-3.4.1b")
@pytest.mark.usefixtures("institutions")
def test_local_drugs_leave_in_batches_and_none_stays(bring: Bring, database: Database) -> None:
    sizes = {"B1": (30, "2020-12-31"), "B2": (40, "2021-12-31"), "B3": (30, "2022-12-31")}
    bring("supplement_batch", "batch,name,removal_on,from",
          *(f"{b},{b},{end},2019-01-01" for b, (_, end) in sizes.items()))  # fmt: skip
    rows = [
        f"{b}-{n:02d},药,A,local,{b},2019-01-01,{end}"
        for b, (size, end) in sizes.items()
        for n in range(size)
    ]
    bring("drug", LOCAL, *rows)
    with database.transaction() as c:
        found = {b.batch: b for b in batches(c, date(2021, 12, 31))}
        assert (found["B2"].planned, found["B2"].removed) == (40, 0)
        assert found["B2"].share == Fraction(40, 100)
        assert found["B1"].removed == 30
        after = {b.batch: b for b in batches(c, date(2022, 1, 1))}
        assert (after["B2"].removed, after["B3"].removed) == (40, 0)
        assert find.item_refusal(c, "drug", "B2-00", HOSPITAL, date(2021, 12, 31)) is None
        assert find.item_refusal(c, "drug", "B2-00", HOSPITAL, date(2022, 1, 1)) == (
            "not_in_catalogue"
        )
        assert find.item_refusal(c, "drug", "B3-00", HOSPITAL, date(2023, 1, 1)) == (
            "not_in_catalogue"
        )
        assert all(b.removed == b.planned and not b.late for b in batches(c, date(2023, 1, 1)))
    done = bring("drug", LOCAL, "B1-99,药,A,local,B1,2019-01-01,2021-06-30",
                 "B3-98,药,A,local,B3,2019-01-01,2023-01-01",
                 "B3-99,药,A,local,B3,2019-01-01,", rejected=2)  # fmt: skip
    assert {e.rule for r in done.rejects for e in r.errors} == {"local_drug_end"}
    with database.transaction() as c:
        assert {b.batch: b.late for b in batches(c, date(2021, 1, 1)) if b.late} == {
            "B1": ("B1-99",)
        }


@pytest.mark.clause("P25-3.4.1c")
def test_a_region_adds_preparations_and_herbal_pieces_only(bring: Bring) -> None:
    done = bring("drug", LOCAL, "N1,新药,A,local,,2021-07-01,2022-12-31", rejected=1)
    assert [e.rule for r in done.rejects for e in r.errors] == ["local_drug"]
    added = bring("preparation", "code,name,class,approval_number,from",
                  "T1,制剂,A,津药制字1,2021-07-01")  # fmt: skip
    pieces = bring("herbal", "code,name,class,source,approval_number,from",
                   "H1,当归,A,local,津药饮1,2021-07-01",
                   "H2,黄芪,A,local,,2021-07-01", rejected=1)  # fmt: skip
    assert (added.counts["added"], pieces.counts["added"]) == (1, 1)
    assert [e.rule for r in pieces.rejects for e in r.errors] == ["local_approval"]


def test_every_price_item_says_how_it_is_reviewed(bring: Bring, database: Database) -> None:
    done = bring("service", "code,name,class,review,from",
                 "S1,诊查,A,general,2021-07-01", "S2,手术,A,complex,2021-07-01",
                 "S3,换药,A,,2021-07-01", rejected=1)  # fmt: skip
    assert [(e.column, e.rule) for r in done.rejects for e in r.errors] == [("review", "required")]
    with database.transaction() as c:
        kinds = c.execute("SELECT review, count(*) FROM registry.item GROUP BY 1 ORDER BY 1")
        assert kinds.fetchall() == [("complex", 1), ("general", 1)]
