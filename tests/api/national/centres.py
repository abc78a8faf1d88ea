"""A hospital system that speaks the national interface to a centre, and checks what comes back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from itertools import count
from typing import Any

from services import Client

from yibao.interop.national.check import check
from yibao.interop.national.identities import broken
from yibao.interop.national.load import interface
from yibao.interop.national.model import ROOT, Interface

ENTRY = "/fsi/api/rsfComIfsService/callService"
SCHEMA = interface()
_numbers = count(1)


def faults(infno: str, reply: Mapping[str, Any], schema: Interface = SCHEMA) -> list[str]:
    """Return what the schema has against a reply, its output and its sums."""
    told = check({ROOT: schema.reply}, reply, schema.codes)
    found = [*told.faults, *told.extra]
    nodes = schema.transactions[infno].output
    if str(reply["infcode"]) == "0" and nodes:
        output = check(nodes, reply["output"], schema.codes)
        found += [*output.faults, *output.extra, *broken(output, {})]
    return list(map(str, found))


class Hospital:
    """One institution's system; every reply is held against the schema."""

    def __init__(self, client: Client, code: str = "H3", schema: Interface = SCHEMA) -> None:
        self.client = client
        self.code = code
        self.schema = schema

    def message(self, infno: str, body: Any, **envelope: Any) -> dict[str, Any]:
        return {
            "infno": infno,
            "msgid": f"{self.code:<12}20260302093000{next(_numbers):04d}".replace(" ", "0"),
            "mdtrtarea_admvs": "120100",
            "recer_sys_code": "YIBAO",
            "infver": "1.0.0",
            "opter_type": "1",
            "opter": "0001",
            "opter_name": "张三",
            "inf_time": datetime(2026, 3, 2, 9, 30).strftime("%Y-%m-%d %H:%M:%S"),  # noqa: DTZ001
            "fixmedins_code": self.code,
            "fixmedins_name": "示例医院",
            "input": body,
            **envelope,
        }

    def send(self, message: Any, path: str = ENTRY) -> dict[str, Any]:
        """Send a message as it is and return the reply, numbers exact."""
        raw = message if isinstance(message, bytes) else json.dumps(message).encode()
        reply = self.client("POST", path, raw=raw)
        assert reply.status == 200, reply
        read: dict[str, Any] = json.loads(reply.body, parse_float=Decimal)
        return read

    def ask(self, infno: str, body: Any, **envelope: Any) -> Any:
        """Return the output of a transaction that is done."""
        reply = self.send(self.message(infno, body, **envelope))
        assert reply["infcode"] == 0, reply["err_msg"]
        found = faults(infno, reply, self.schema)
        assert not found, found
        return reply["output"]

    def refused(self, infno: str, body: Any, **envelope: Any) -> str:
        """Return why a transaction is not done."""
        reply = self.send(self.message(infno, body, **envelope))
        assert reply["infcode"] == -1, reply
        found = faults(infno, reply, self.schema)
        assert not found, found
        return str(reply["err_msg"])
