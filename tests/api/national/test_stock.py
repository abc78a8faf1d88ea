"""35xx: stock is counted, bought, sold and given back; what was a mistake is deleted."""

from itertools import count
from typing import Any

import pytest
from centres import SCHEMA, Hospital

from yibao.agency.enrolment.sealed import MOVEMENT
from yibao.interop.national import sample
from yibao.store.database import Database
from yibao.store.vault import vault

_numbers = count(1)
NODES = {"3501": "invinfo", "3502": "invinfo", "3503": "purcinfo", "3504": "purcinfo"}
NODES |= {"3505": "selinfo", "3506": "selinfo"}
QUANTITY = {"3501": "inv_cnt", "3502": "cnt", "3503": "purc_retn_cnt", "3504": "purc_retn_cnt"}
QUANTITY |= {"3505": "sel_retn_cnt", "3506": "sel_retn_cnt"}


def row(infno: str, quantity: Any = "10", **changes: Any) -> dict[str, Any]:
    """Return what is reported: what must be there, under a batch of its own."""
    bare = infno.removesuffix("A")
    (made, *_) = sample.message(SCHEMA, SCHEMA.transactions[infno].input, everything=False).values()
    made = made[0] if isinstance(made, list) else made
    own = {
        "fixmedins_bchno": f"B{next(_numbers)}",
        "med_list_codg": "XA1",
        "expy_end": "2099-01-01",
    }
    kept = {name: value for name, value in made.items() if name != "drugtracinfo"}
    if "drugtracinfo" in made:
        kept["drugtracinfo"] = [{"drug_trac_codg": "T1"}, {"drug_trac_codg": "T2"}]
    return {**kept, **own, QUANTITY[bare]: quantity, **changes}


def report(pharmacy: Hospital, infno: str, **changes: Any) -> dict[str, Any]:
    told = row(infno, **changes)
    pharmacy.ask(infno, {NODES[infno]: told})
    return told


@pytest.mark.parametrize("infno", sorted(NODES))
def test_a_movement_is_reported_once_and_deleted(pharmacy: Hospital, infno: str) -> None:
    told = report(pharmacy, infno)
    again = {NODES[infno]: told}
    assert "[reported]" in pharmacy.refused(infno, again)
    kind = {"3501": "1", "3502": "2", "3503": "3", "3504": "3", "3505": "4", "3506": "4"}[infno]
    delete = {"fixmedins_bchno": told["fixmedins_bchno"], "inv_data_type": kind}
    other = {**delete, "inv_data_type": "1" if kind != "1" else "2"}
    assert "[known_batch]" in pharmacy.refused("3507", {"data": other})
    assert "[known_batch]" in Hospital(pharmacy.client, "P2").refused("3507", {"data": delete})
    pharmacy.ask("3507", {"data": delete})
    assert "[known_batch]" in pharmacy.refused("3507", {"data": delete})
    pharmacy.ask(infno, again)


def test_what_is_kept_is_what_was_told_but_for_persons(
    pharmacy: Hospital, database: Database
) -> None:
    told = report(pharmacy, "3505", finl_trns_pric="12.345678", psn_name="张三", certno="1")
    with database.transaction() as connection:
        found = connection.execute(
            "SELECT quantity, price::text, trace_codes, movement_id, says FROM stock.movement "
            "WHERE batch = %s",
            (told["fixmedins_bchno"],),
        ).fetchone()
        assert found is not None
        says = MOVEMENT.open_told(vault(connection), *found[3:])
    assert found[:3] == (10, "1234.567800", ["T1", "T2"])
    assert not says.keys() & {"psn_name", "certno"}
    assert says["prsc_dr_name"]


def sold(pharmacy: Hospital, quantity: str = "10") -> str:
    """Sell and return our number of the sale."""
    (told,) = pharmacy.ask("3505A", {"selinfoDetail": [row("3505A", quantity)]})["selinfoDetail"]
    assert told["retRslt"] == "1"
    return str(told["medins_prod_sel_no"])


def test_no_more_is_given_back_than_was_sold(pharmacy: Hospital) -> None:
    sale = sold(pharmacy)
    back = report(pharmacy, "3506", quantity="6", medins_prod_sel_no=sale)
    more = row("3506", "4.5", medins_prod_sel_no=sale)
    assert "退货数量 4.5 大于可退数量 4" in pharmacy.refused("3506", {"selinfo": more})
    pharmacy.ask("3506", {"selinfo": {**more, "sel_retn_cnt": 4}})
    other = {"selinfo": row("3506", "1", medins_prod_sel_no=sale, med_list_codg="XB1")}
    assert "[known_movement]" in pharmacy.refused("3506", other)
    pharmacy.ask("3507", {"data": {"fixmedins_bchno": back["fixmedins_bchno"]}})
    pharmacy.ask("3506", {"selinfo": row("3506", "6", medins_prod_sel_no=sale)})


@pytest.mark.parametrize("number", ["x", "99999999", "٣"])
def test_what_was_not_sold_is_not_given_back(pharmacy: Hospital, number: str) -> None:
    told = {"selinfo": row("3506", medins_prod_sel_no=number)}
    assert "[known_movement]" in pharmacy.refused("3506", told)


def test_a_sale_that_was_given_back_is_not_deleted(pharmacy: Hospital) -> None:
    sold_row = row("3505A")
    (told,) = pharmacy.ask("3505A", {"selinfoDetail": [sold_row]})["selinfoDetail"]
    report(pharmacy, "3506", medins_prod_sel_no=told["medins_prod_sel_no"])
    delete = {"fixmedins_bchno": sold_row["fixmedins_bchno"], "inv_data_type": "4"}
    assert "[given_back]" in pharmacy.refused("3507", {"data": delete})


@pytest.mark.parametrize(
    ("infno", "changes", "told"),
    [
        ("3503", {"quantity": "0"}, "[quantity]"),
        ("3503", {"quantity": "-1"}, "[quantity]"),
        ("3501", {"manu_date": "2026-01-02", "expy_end": "2026-01-01"}, "[expires]"),
        ("3502", {"pric": "-1"}, "[price]"),
        ("3505", {"setl_id": "999"}, "[known_settlement]"),
        ("3502", {"inv_chg_type": "999"}, "库存变更类型(invinfo.inv_chg_type)"),
    ],
)
def test_a_movement_that_cannot_be_is_told(
    pharmacy: Hospital, infno: str, changes: dict[str, Any], told: str
) -> None:
    assert told in pharmacy.refused(infno, {NODES[infno]: row(infno, **changes)})


LISTS = {
    "3502A": ("invinfoDetail", "invinfoErrDetail"),
    "3504A": ("purcinfoDetail", "purcinfoErrDetail"),
    "3506A": ("selinfoDetail", "selinfoErrDetail"),
}


@pytest.mark.parametrize("infno", sorted(LISTS))
def test_a_list_is_done_but_for_what_cannot_be(pharmacy: Hospital, infno: str) -> None:
    node, wrong = LISTS[infno]
    rows = [row(infno), row(infno, "0"), row(infno)]
    (told,) = pharmacy.ask(infno, {node: rows})[wrong]
    assert (told["fixmedins_bchno"], told["retRslt"]) == (rows[1]["fixmedins_bchno"], "0")
    assert "[quantity]" in told["msgRslt"]
    deleted = [{"fixmedins_bchno": r["fixmedins_bchno"], "inv_data_type": ""} for r in rows]
    body = {"goodDetail": [{**one, "inv_data_type": "9"} for one in deleted[:1]]}
    (told,) = pharmacy.ask("3507A", body)["goodErrDetail"]
    assert "进销存数据类型" in told["msgRslt"]


def test_purchases_in_a_list_all_come_back(pharmacy: Hospital) -> None:
    rows = [row("3503A"), row("3503A", "0")]
    told = pharmacy.ask("3503A", {"purcinfoDetail": rows})["purcinfoDetail"]
    assert [one["retRslt"] for one in told] == ["1", "0"]
    assert (told[0]["medins_prod_purc_no"], told[1]["medins_prod_purc_no"]) != (None, None)


def test_a_count_without_a_place_for_mistakes_is_done_whole_or_not(pharmacy: Hospital) -> None:
    rows = [row("3501A"), row("3501A", "-1")]
    assert "[quantity]" in pharmacy.refused("3501A", {"invinfoDetail": rows})
    pharmacy.ask("3501A", {"invinfoDetail": rows[:1]})
