"""9101, 9102: files sent and fetched. What is fetched comes as it is, without an envelope."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time

from yibao.agency.files import MAX_FILE, fetch, keep
from yibao.api.national.exchange import Exchange, Failed, Handler, Output, Stream
from yibao.interop.national.rows import text
from yibao.interop.national.values import written


def _sent(exchange: Exchange) -> Output:
    given = exchange.row("fsUploadIn")
    own = exchange.institution.institution_id
    content = given.get("in")
    if not isinstance(content, bytes) or not content:
        raise Failed("文件数据(fsUploadIn.in)：必填，字节数组或Base64文本")
    if len(content) > MAX_FILE:
        raise Failed(f"文件数据(fsUploadIn.in)：最多{MAX_FILE}字节，收到{len(content)}")
    if given["fixmedins_code"] != own:
        raise Failed("医药机构编号(fsUploadIn.fixmedins_code)：应与报文的定点医药机构编号一致")
    kept = keep(exchange.connection, own, text(given, "filename"), content)
    return {
        "file_qury_no": kept.number,
        "filename": kept.name,
        "fixmedins_code": own,
        "dld_endtime": written(datetime.combine(kept.until, time(23, 59, 59))),
    }


def _fetched(exchange: Exchange) -> Stream:
    given = exchange.row("fsDownloadIn")
    own = exchange.institution.institution_id
    number, name = text(given, "file_qury_no"), text(given, "filename")
    return Stream(fetch(exchange.connection, own, number, name), name)


HANDLERS: Mapping[str, Handler] = {"9101": _sent, "9102": _fetched}
READS = frozenset({"9102"})
