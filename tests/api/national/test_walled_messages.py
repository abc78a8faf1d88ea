"""What a message is done with sees the rows of the institution that sent it, whatever it asks."""

import pytest
from centres import Hospital

from yibao.api.national import endpoint
from yibao.api.national.exchange import Exchange, Output
from yibao.store.database import Database

SIGN_IN = "INSERT INTO ops.sign_in (institution_id, operator, mac, address) VALUES (%s, %s, '', '')"


ASKED = {
    "1101": {"data": {"mdtrt_cert_type": "03", "mdtrt_cert_no": "P1", "psn_cert_type": "01"}},
    "9001": {"signIn": {"opter_no": "0001", "mac": "1", "ip": "1"}},
}


@pytest.mark.parametrize("infno", ASKED)
def test_a_handler_sees_and_writes_its_institutions_rows(
    hospital: Hospital, database: Database, monkeypatch: pytest.MonkeyPatch, infno: str
) -> None:
    found: list[str] = []

    def asks(exchange: Exchange) -> Output:
        rows = exchange.connection.execute("SELECT institution_id FROM ops.sign_in").fetchall()
        found.extend(at for (at,) in rows)
        return None

    def writes(exchange: Exchange) -> Output:
        exchange.connection.execute(SIGN_IN, ("H1", "of another"))
        return None

    with database.transaction() as connection:
        for at in ("H1", "H3"):
            connection.execute(SIGN_IN, (at, infno))
    message = hospital.message(infno, ASKED[infno])
    monkeypatch.setitem(endpoint.HANDLERS, infno, asks)  # type: ignore[arg-type]
    assert hospital.send(message)["infcode"] == 0
    assert set(found) == {"H3"}
    monkeypatch.setitem(endpoint.HANDLERS, infno, writes)  # type: ignore[arg-type]
    if infno not in endpoint.READS:
        reply = hospital.send(hospital.message(infno, ASKED[infno]))
        assert (reply["infcode"], reply["err_msg"]) == (-1, "无权办理")
    with database.transaction() as connection:
        none = connection.execute("SELECT FROM ops.sign_in WHERE operator = 'of another'")
        assert none.fetchall() == []
