"""Messages with one thing wrong, and messages of anything that may be sent: never a defect."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from centres import SCHEMA, Hospital, faults
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from yibao.api.national.endpoint import answer
from yibao.api.national.handlers import HANDLERS, NOT_ANSWERED, READS, TRIES
from yibao.api.national.services import SERVICES
from yibao.interop.national import sample
from yibao.interop.national.model import ROOT, Field, Node, is_file, nested
from yibao.interop.national.values import written

SERVED = sorted(HANDLERS)


@pytest.fixture(scope="module")
def service(app: FastAPI, client: Any) -> Any:
    """Return the service of a running application, which is asked without HTTP."""
    assert client
    return app.state.service


def asked(service: Any, message: Mapping[str, Any]) -> dict[str, Any]:
    told = answer(service, json.dumps(message, default=str).encode())
    assert isinstance(told, str)
    read: dict[str, Any] = json.loads(told, parse_float=Decimal)
    return read


@pytest.mark.clause("P25-3.11.2a")
def test_every_transaction_is_served_or_there_is_a_reason_why_not() -> None:
    assert not HANDLERS.keys() & NOT_ANSWERED.keys()
    assert HANDLERS.keys() | NOT_ANSWERED.keys() == SCHEMA.transactions.keys()
    assert {i for i in SCHEMA.transactions if i.startswith("13")} <= HANDLERS.keys()
    assert not READS & TRIES
    assert HANDLERS.keys() >= READS | TRIES | set(SERVICES.values())


@pytest.mark.parametrize("infno", SERVED)
def test_every_transaction_answers_its_samples(
    service: Any, hospital: Hospital, infno: str
) -> None:
    for everything in (False, True):
        nodes = SCHEMA.transactions[infno].input
        body = sample.message(SCHEMA, nodes, everything=everything)
        reply = asked(service, hospital.message(infno, body))
        assert faults(infno, reply) == []
        assert "缺陷" not in str(reply["err_msg"]), reply
        assert "数据库" not in str(reply["err_msg"]), reply


def test_what_is_not_served_says_so(service: Any, hospital: Hospital) -> None:
    for infno in sorted(SCHEMA.transactions.keys() - HANDLERS.keys()):
        body = sample.message(SCHEMA, SCHEMA.transactions[infno].input, everything=False)
        told = asked(service, hospital.message(infno, body))
        assert told["err_msg"].startswith(f"本中心未开通交易{infno}")
        assert told["err_msg"].endswith(NOT_ANSWERED[infno])


# --- one thing wrong ----------------------------------------------------------------------------

Place = tuple[dict[str, Any], Node, Field]


def places(nodes: Mapping[str, Node], body: Any) -> Iterator[Place]:
    """Yield every field of a message with the object that it stands in."""
    inside = nested(nodes)
    for name, node in nodes.items():
        if name not in inside and not is_file(node):
            yield from _places(nodes, node, body if name == ROOT else body.get(name))


def _places(nodes: Mapping[str, Node], node: Node, found: Any) -> Iterator[Place]:
    for row in found if isinstance(found, list) else [found]:
        if isinstance(row, dict):
            for name, field in node.fields.items():
                yield row, node, field
                if name in nodes and name in row:
                    yield from _places(nodes, nodes[name], row[name])


def breakages(nodes: Mapping[str, Node], field: Field) -> list[Any]:
    """Return values that a field cannot hold; None stands for leaving it out."""
    if field.name in nodes:
        return [7, "x", [7]]
    wrong: dict[str, list[Any]] = {
        "number": ["x", "1e5", True, "١", "9" * (field.length + 1)] if field.length else ["x", {}],
        "date": ["2026-02-30", "2026/01/01", 20260101, "yesterday"],
        "datetime": ["2026-02-30 00:00:00", "2026-01-01T00:00:00", 7],
        "code": ["没有这个代码", {}, True, "\u0000"],
        "list": ["x", {}, 7],
        "object": ["x", [], 7],
        "bytes": ["=", [256], 7],
    }
    long = ["字" * (field.length + 1)] if field.length else []
    found = wrong.get(field.kind, [{}, True, 1.5, "\u0007", "\ud800", *long])
    return [*found, None] if field.required else found


@given(st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_one_thing_wrong_is_told_by_its_name(
    service: Any, hospital: Hospital, data: st.DataObject
) -> None:
    infno = data.draw(st.sampled_from(SERVED))
    nodes = SCHEMA.transactions[infno].input
    body = sample.message(SCHEMA, nodes, everything=True)
    found = list(places(nodes, body))
    row, node, field = data.draw(st.sampled_from(found).filter(lambda p: breakages(nodes, p[2])))
    value = data.draw(st.sampled_from(breakages(nodes, field)))
    row.pop(field.name, None)
    if value is not None:
        row[field.name] = value
    reply = asked(service, hospital.message(infno, body))
    assert reply["infcode"] == -1, (infno, node.name, field.name, value)
    told = f"{field.zh}(" if field.name not in nodes else f"({field.name}"
    where = f"{field.zh}({'' if node.name == ROOT else node.name + '.'}{field.name})"
    assert where in reply["err_msg"] or told in reply["err_msg"], (reply["err_msg"], where)


# --- anything that the schema allows ------------------------------------------------------------

KNOWN: Mapping[str, list[Any]] = {
    "psn_no": ["P1", "P2", "nobody"],
    "fixmedins_code": ["H3", "P1", "H9"],
    "list_type": ["101", "201", "301"],
    "insutype": ["310", "390"],
    "clr_type": ["11", "21", "41"],
    "setlym": ["202601", "202613"],
    "ver": ["0", "20260101000000000000"],
    "type": ["insutype", "nothing"],
    "biz_appy_type": ["03"],
    "ide_fixmedins_no": ["H3"],
    "reflin_medins_no": ["H2", "H3"],
    "page_num": [1, 2],
    "page_size": [10],
}
TEXTS = st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=20)


def values(field: Field) -> st.SearchStrategy[Any]:
    """Return what a field may hold."""
    known = KNOWN.get(field.name)
    match field.kind:
        case "number":
            if known:
                return st.sampled_from(known)
            most = 10 ** (field.length - field.decimals) - 1 if field.length else 10**6
            numbers = st.decimals(-most, most, places=field.decimals, allow_nan=False)
            small = st.integers(0, min(100, most))
            return st.one_of(small, small, numbers.map(str))
        case "date":
            return st.dates(date(1900, 1, 1), date(2099, 12, 31)).map(written)
        case "datetime":
            return st.datetimes(datetime(1900, 1, 1), datetime(2099, 12, 31)).map(written)  # noqa: DTZ001
        case "code":
            return st.sampled_from(known or sorted(SCHEMA.codes[field.table].values)).filter(
                lambda code: not field.length or len(code) <= field.length
            )
        case "list":
            return st.lists(TEXTS, max_size=2)
        case "object":
            return st.just({})
        case "bytes":
            return st.sampled_from(["YQ==", [1, 2]])
        case _:
            most = field.length or 50
            texts = st.one_of(st.integers(0, 30).map(str), TEXTS).map(lambda t: t[:most])
            return st.one_of(st.sampled_from(known), texts) if known else texts


def rows(nodes: Mapping[str, Node], node: Node) -> st.SearchStrategy[Any]:
    must, may = {}, {}
    for name, field in node.fields.items():
        held = rows(nodes, nodes[name]) if name in nodes else values(field)
        (must if field.required else may)[name] = held
    row = st.fixed_dictionaries(must, optional=may)
    return st.lists(row, min_size=1, max_size=2) if node.many else row


def bodies(infno: str) -> st.SearchStrategy[Any]:
    nodes = SCHEMA.transactions[infno].input
    inside = nested(nodes)
    parts = {
        name: rows(nodes, node)
        for name, node in nodes.items()
        if name not in inside and not is_file(node)
    }
    return parts[ROOT] if ROOT in parts else st.fixed_dictionaries(parts)


@given(st.data())
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    deadline=None,
    max_examples=400,
)
def test_anything_that_the_schema_allows_is_done_or_refused(
    service: Any, hospital: Hospital, data: st.DataObject
) -> None:
    infno = data.draw(st.sampled_from(SERVED))
    reply = asked(service, hospital.message(infno, data.draw(bodies(infno))))
    told = str(reply["err_msg"])
    assert "缺陷" not in told, (infno, told)
    assert "数据库" not in told, (infno, told)
    assert faults(infno, reply) == [], infno
