"""What a hospital adds up from its replies is what the centre has: the books agree to the fen."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

import pytest
import visit_town as town
from centres import Hospital
from visiting import Patient

from yibao.clock import today
from yibao.store.database import Database
from yibao.store.sight import EVERYTHING


@pytest.fixture(scope="module")
def database(url: str) -> Iterator[Database]:
    with Database(url, sight=EVERYTHING) as database:
        town.build(database, "R1", "R2", "R3")
        yield database


def test_replies_add_up_to_the_books(client: Any, database: Database) -> None:
    hospital = Hospital(client, "H1")
    replies = []
    for person, price in (("R1", "812.35"), ("R2", "77.77"), ("R3", "1203.04")):
        patient = Patient(hospital, person)
        patient.register()
        patient.describe()
        patient.charge(patient.line("1", town.RESTRICTED, price, hosp_appr_flag="1"))
        replies.append(patient.settle(price, patient.presettle(price))["setlinfo"])
    replies.append(patient.take_back()["setlinfo"])
    assert hospital.ask("3201", books(replies))["stmtinfo"]["stmt_rslt"] == "0"
    wrong = books(replies)
    wrong["data"]["fund_pay_sumamt"] = str(Decimal(wrong["data"]["fund_pay_sumamt"]) + 61)
    told = hospital.ask("3201", wrong)["stmtinfo"]
    assert told["stmt_rslt"] == "1"
    assert "差61.00" in told["stmt_rslt_dscr"]
    with database.transaction() as connection:  # and the ledger has the same
        row = connection.execute(
            "SELECT sum(CASE kind WHEN 'settlement' THEN fund_pay ELSE -fund_pay END) "
            "FROM desk.settlement WHERE institution_id = 'H1'"
        ).fetchone()
    assert row is not None
    assert row[0] == 100 * sum(reply["fund_pay_sumamt"] for reply in replies)


def books(replies: Sequence[dict[str, Any]]) -> dict[str, Any]:
    names = ("medfee_sumamt", "fund_pay_sumamt", "acct_pay")
    data = {
        "insutype": "390",
        "clr_type": replies[0]["clr_type"],
        "setl_optins": "120000",
        "stmt_begndate": today().isoformat(),
        "stmt_enddate": today().isoformat(),
        **{name: str(sum(reply[name] for reply in replies)) for name in names},
        "fixmedins_setl_cnt": len(replies),
    }
    return {"data": data}
