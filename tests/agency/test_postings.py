"""What the institution bears itself is no fund's money: nobody owes it to anybody."""

from pathlib import Path

from small_pack import claim, make_book, make_policy, status, step, table

from yibao.agency.desk.postings import shares, transfers_of
from yibao.ledger.chart import Account
from yibao.ledger.entries import Transfer

RULES = {
    "tables": {"half": table("rate", "50%"), "tenth": table("rate", "10%")},
    "steps": [
        step("pool", 10, "share", of="in_scope", rate="half", to="pool_pay"),
        step("relief", 20, "share", of="in_scope", rate="tenth", to="hospital_relief_pay"),
    ],
}


def test_what_the_institution_bears_is_owed_to_nobody(tmp_path: Path) -> None:
    book = make_book(make_policy(tmp_path, RULES), status(first="2017-01-01"))
    settled = book.settle(claim("A", "2017-03-01", in_scope="100.00"))
    paid = shares(settled)
    assert paid == {
        "funds": {"pool_pay": 50_00},
        "fund_pay": 50_00,
        "hospital_pay": 10_00,
        "account_pay": 0,
        "cash_pay": 40_00,
    }
    row = {
        **paid,
        "scheme": "resident",
        "person_id": "P",
        "institution_id": "H",
        "payee": "institution",
    }
    assert transfers_of(row) == [
        Transfer(
            Account("benefit_expense", "resident.pool_pay"),
            Account("institution_payable", "resident.pool_pay", "H"),
            50_00,
        ),
        Transfer(Account("relief_borne", "", "H"), Account("relief_given"), 10_00),
        Transfer(Account("cash_due"), Account("cash_collected", "", "H"), 40_00),
    ]
