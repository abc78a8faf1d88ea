"""3201 to 3204: an institution holds its books against the centre's, and asks for clearing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time
from typing import Any

from yibao.agency.clearing.requests import Asked, ask, take_back
from yibao.agency.files import fetch, keep
from yibao.agency.reconcile.compare import compare
from yibao.agency.reconcile.model import KINDS, OTHER_TITLES, TITLES, Difference, Flow, Money, Row
from yibao.agency.reconcile.totals import Totals, Wanted, rows, totals
from yibao.api.national.exchange import Exchange, Failed, Handler, Output
from yibao.interop.national import coding
from yibao.interop.national.check import Row as Given
from yibao.interop.national.load import interface
from yibao.interop.national.model import Field, Node
from yibao.interop.national.rows import day, fen, number, text
from yibao.interop.national.textfile import NoTextFile, packed, unpacked
from yibao.interop.national.values import Wrong, absent, parsed
from yibao.money import format_yuan

_FLOWS: Mapping[str, Flow | str] = {"": "", "0": "settle", "1": "refund"}
EQUAL, DIFFERENT = "0", "1"

MAX_DAYS = 366
"""Most days of a period."""


def _wanted(exchange: Exchange) -> Wanted:
    given = exchange.row()
    first, last = day(given, "stmt_begndate"), day(given, "stmt_enddate")
    assert first is not None
    assert last is not None
    if not 0 <= (last - first).days < MAX_DAYS:
        raise Failed(f"对账结束日期(stmt_enddate)：应不早于开始日期，且至多{MAX_DAYS}天")
    scheme = text(given, "insutype")
    ours = coding.our(coding.SCHEMES, scheme) if scheme else ""
    if ours is None:
        raise Failed(f"险种(insutype)：本中心没有险种“{scheme}”")
    return Wanted(
        exchange.institution.institution_id,
        first,
        last,
        _visits(text(given, "clr_type")),
        ours,
        _FLOWS.get(text(given, "refd_setl_flag"), ""),
    )


def _visits(clearing: str) -> Sequence[str]:
    visits = coding.CLEARING_VISITS.get(clearing)
    if visits is None:
        known = "、".join(coding.CLEARING_VISITS)
        raise Failed(f"清算类别(clr_type)：本中心有{known}，没有“{clearing}”")
    return visits


# --- sums -----------------------------------------------------------------------------------------


def _sums(exchange: Exchange) -> Output:
    """Hold the sums of a period against ours; a refund lowers a sum and is counted as a row."""
    given = exchange.row()
    _check_centre(exchange, text(given, "setl_optins"))
    found = totals(exchange.connection, _wanted(exchange))
    told = _unequal(given, found)
    return {
        "stmtinfo": {
            "setl_optins": text(given, "setl_optins"),
            "stmt_rslt": DIFFERENT if told else EQUAL,
            "stmt_rslt_dscr": "；".join(told)[:200] or None,
        }
    }


def _check_centre(exchange: Exchange, code: str) -> None:
    """Refuse sums of another centre's settlements; above and below ours, divisions are ours."""
    division = exchange.service.office.policy.region.division
    theirs, ours = _significant(code), _significant(division)
    if not theirs or not (theirs.startswith(ours) or ours.startswith(theirs)):
        raise Failed(f"结算经办机构(setl_optins)：本中心是{division}，收到“{code}”")


def _significant(division: str) -> str:
    """Return the digits of a division that say which: its province, its prefecture, its county."""
    return division.removesuffix("00").removesuffix("00")


_SUMS: Mapping[str, tuple[str, str]] = {
    "medfee_sumamt": ("医疗费总额", "total"),
    "fund_pay_sumamt": ("基金支付总额", "fund_pay"),
    "acct_pay": ("个人账户支付金额", "account_pay"),
}


def _unequal(given: Given, found: Totals) -> list[str]:
    pairs = [
        (zh, fen(given, name), getattr(found.money, ours)) for name, (zh, ours) in _SUMS.items()
    ]
    told = [
        f"{zh}：机构{format_yuan(theirs)}，中心{format_yuan(ours)}，差{format_yuan(theirs - ours)}"
        for zh, theirs, ours in pairs
        if theirs != ours
    ]
    count = number(given, "fixmedins_setl_cnt")
    if count != found.rows:
        told.append(
            f"笔数：机构{count}，中心{found.rows}（结算{found.settlements}、退费{found.refunds}）"
        )
    return told


# --- row by row -----------------------------------------------------------------------------------


def _details(exchange: Exchange) -> Output:
    """Hold the rows of a file against ours; each of either side comes back with its result."""
    given, wanted = exchange.row(), _wanted(exchange)
    _check_centre(exchange, text(given, "setl_optins"))
    own, connection = wanted.institution_id, exchange.connection
    node = exchange.transaction.input["_file_in"]
    content = fetch(connection, own, text(given, "file_qury_no"))
    theirs = list(_read(exchange, node, content))
    _as_told(given, theirs)
    numbers = [int(text(r, "setl_id")) for r in theirs if _is_number(text(r, "setl_id"))]
    ours = rows(connection, wanted, numbers)
    told = [_their(row, ours, wanted) for row in theirs]
    found = compare(
        ("desk", "institution"),
        [row for row, _ in ours.values()],
        told,
        (wanted.first, wanted.last),
    )
    name = f"3202_{wanted.first:%Y%m%d}_{wanted.last:%Y%m%d}.txt"
    made = list(_results(told, ours, found.differences, wanted))
    kept = keep(connection, own, f"{name}.zip", packed(name, made), rows=len(made))
    until = datetime.combine(kept.until, time(23, 59, 59))
    return {"fileinfo": {"file_qury_no": kept.number, "filename": kept.name, "dld_endtime": until}}


def _is_number(number: str) -> bool:
    return number.isascii() and number.isdigit() and len(number) <= 18


def _read(exchange: Exchange, node: Node, content: bytes) -> Iterator[Given]:
    try:
        for at, cells in enumerate(unpacked(content), 1):
            if len(cells) != len(node.fields):
                raise Failed(f"明细文件第{at}行：应有{len(node.fields)}列，有{len(cells)}列")
            fields = zip(node.fields.values(), cells, strict=True)
            yield {f.name: _cell(exchange, at, f, cell) for f, cell in fields}
    except NoTextFile as error:
        raise Failed(f"明细文件：{error}") from None


def _cell(exchange: Exchange, at: int, field: Field, cell: str) -> Any:
    if absent(cell):
        raise Failed(f"明细文件第{at}行 {field.zh}({field.name})：必填")
    try:
        return parsed(field, cell, interface(exchange.service.national.profile).codes)
    except Wrong as wrong:
        raise Failed(f"明细文件第{at}行 {field.zh}({field.name})：{wrong}") from None


def _as_told(given: Given, theirs: Sequence[Given]) -> None:
    """Refuse a file whose rows do not add up to what was told of it."""
    for name in ("medfee_sumamt", "fund_pay_sumamt"):
        zh, _ = _SUMS[name]
        found = sum(fen(row, name) for row in theirs)
        if found != fen(given, name):
            raise Failed(
                f"{zh}({name})：报文为{format_yuan(fen(given, name))}，文件合计{format_yuan(found)}"
            )
    if number(given, "fixmedins_setl_cnt") != len(theirs):
        raise Failed(f"定点医药机构结算笔数(fixmedins_setl_cnt)：文件有{len(theirs)}笔")


def _their(row: Given, ours: Mapping[str, tuple[Row, str]], wanted: Wanted) -> Row:
    """Return a row of the file as it is compared.

    It does not tell the day, the scheme and what was paid in cash: those are ours where we have it.
    """
    held = ours.get(text(row, "setl_id"))
    flow: Flow = "refund" if text(row, "refd_setl_flag") == "1" else "settle"
    total, fund, account = (abs(fen(row, n)) for n in _SUMS)
    rest = total - fund - account
    if held is not None:
        mine = held[0].money
        rest += mine.cash_pay - (mine.total - mine.fund_pay - mine.account_pay)
    on: date = wanted.first if held is None else held[0].day
    money = Money(total, fund, account, rest)
    return Row(text(row, "setl_id"), flow, text(row, "psn_no"), "", on, money, "")


def _results(
    told: Sequence[Row],
    ours: Mapping[str, tuple[Row, str]],
    differences: Sequence[Difference],
    wanted: Wanted,
) -> Iterator[list[Any]]:
    """Yield a row of the result for each row of either side, those that differ with why."""
    why: dict[tuple[str, Flow], list[str]] = {}
    for one in differences:
        why.setdefault((one.claim_no, one.flow), []).append(_why(one))
    shown: set[tuple[str, Flow]] = set()
    mine = [row for row, _ in ours.values() if wanted.first <= row.day <= wanted.last]
    for row in (*told, *mine):
        key = (row.claim_no, row.flow)
        if key in shown:
            continue
        shown.add(key)
        memo = "；".join(why.get(key, ()))
        sign = 1 if row.flow == "settle" else -1
        own = ours.get(row.claim_no)
        yield [
            row.person_id,
            None,
            row.claim_no,
            own[1] if own else None,
            DIFFERENT if memo else EQUAL,
            "0" if row.flow == "settle" else "1",
            memo or None,
            *(coding.yuan(sign * fen) for fen in row.money[:3]),
        ]


def _why(one: Difference) -> str:
    kind = KINDS[one.kind].zh
    if one.lacking is not None:
        return f"{kind}：{'中心' if one.lacking == 'desk' else '机构'}没有"
    names = {**TITLES, **OTHER_TITLES}
    columns = (
        f"{names[name].zh}中心{_shown(ours)}机构{_shown(theirs)}" for name, ours, theirs in one.told
    )
    return f"{kind}：{'、'.join(columns)}" if one.told else kind


def _shown(value: str | int) -> str:
    return format_yuan(value) if isinstance(value, int) else value


# --- clearing -------------------------------------------------------------------------------------


def _asked(exchange: Exchange) -> Output:
    given = exchange.row()
    count = number(given, "psntime")
    asked = Asked(
        exchange.institution.institution_id,
        _month(given),
        _visits(text(given, "clr_type")),
        None if count is None else int(count),
        *(
            fen(given, name) if name in given else None
            for name in ("medfee_sumamt", "fund_appy_sum", "acct_pay", "cash_payamt")
        ),
    )
    made = ask(exchange.connection, asked, actor=exchange.actor)
    return {"result": {"clr_appy_evt_id": str(made)}}


def _month(given: Given) -> date:
    """Return the first day of the month that clearing is asked for."""
    told = text(given, "setlym")
    first = day(given, "begndate")
    if told:
        try:
            return datetime.strptime(told, "%Y%m").date()  # noqa: DTZ007 (a month)
        except ValueError:
            raise Failed(f"清算年月(setlym)：应为yyyyMM，收到“{told}”") from None
    if first is None:
        raise Failed("清算年月(setlym)：与开始日期(begndate)至少填一个")
    return first.replace(day=1)


def _taken_back(exchange: Exchange) -> Output:
    told = text(exchange.row(), "clr_appy_evt_id")
    own = exchange.institution.institution_id
    asked = int(told) if _is_number(told) else 0
    take_back(exchange.connection, own, asked, actor=exchange.actor)
    return None


HANDLERS: Mapping[str, Handler] = {
    "3201": _sums,
    "3202": _details,
    "3203": _asked,
    "3204": _taken_back,
}
READS = frozenset({"3201"})
