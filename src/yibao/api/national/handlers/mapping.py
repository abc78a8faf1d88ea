"""3301, 3302: an institution's own codes are mapped to national ones."""

from __future__ import annotations

from collections.abc import Mapping

from yibao.api.national.exchange import Exchange, Failed, Handler, Output
from yibao.interop.national import coding
from yibao.interop.national.check import Row
from yibao.interop.national.rows import day, text
from yibao.registry.mapping import Mapped, bring, end


def _mapped(exchange: Exchange, row: Row, where: str = "") -> Mapped:
    kind = coding.item_kind(text(row, "list_type"))
    if kind is None:
        raise Failed(f"{where}目录类别(list_type)：没有“{text(row, 'list_type')}”")
    return Mapped(
        exchange.institution.institution_id,
        kind,
        text(row, "fixmedins_hilist_id"),
        text(row, "med_list_codg"),
        day(row, "begndate") or exchange.today,
        day(row, "enddate"),
    )


def _bring(exchange: Exchange) -> Output:
    rows = enumerate(exchange.rows("data"), 1)
    asked = [_mapped(exchange, row, f"第{at}行 ") for at, row in rows]
    done = bring(exchange.connection, asked, actor=exchange.actor)
    if done.rejects:
        told = [f"第{r.record.row + 1}行 {r.errors[0].message.zh}" for r in done.rejects[:5]]
        raise Failed("；".join(told))
    return None


def _end(exchange: Exchange) -> Output:
    given = exchange.row()
    if text(given, "fixmedins_code") != exchange.institution.institution_id:
        raise Failed("定点医药机构编号(fixmedins_code)：应与报文的定点医药机构编号一致")
    asked = _mapped(exchange, given)
    end(exchange.connection, asked, exchange.today, actor=exchange.actor)
    return None


HANDLERS: Mapping[str, Handler] = {"3301": _bring, "3302": _end}
