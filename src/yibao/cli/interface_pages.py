"""What `yibao interface` prints."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import typer
from rich.table import Table

from yibao.cli import exit_codes
from yibao.cli.options import Language
from yibao.cli.output import console, print_json
from yibao.cli.sample_centre import example
from yibao.cli.settle_run import exits
from yibao.clock import now
from yibao.interop.files.output import OutKind, Sheet, write_files
from yibao.interop.national import sample as samples
from yibao.interop.national.conform import Finding, conform, read_recording
from yibao.interop.national.load import NoProfile, interface
from yibao.interop.national.model import ROOT, Field, Interface, Kind, Node, Transaction
from yibao.policy.source import did_you_mean
from yibao.text import Text

_WORDS = {
    "infno": Text("交易编号", "Number"),
    "zh": Text("名称", "Name"),
    "group": Text("类别", "Group"),
    "field": Text("字段", "Field"),
    "holds": Text("内容", "Holds"),
    "required": Text("必填", "Required"),
    "input": Text("输入", "Input"),
    "output": Text("输出", "Output"),
    "columns": Text("下载文件的列：", "Columns of the file that is downloaded: "),
    "code": Text("代码", "Code"),
    "table": Text("代码表", "Table"),
    "values": Text("代码数", "Codes"),
    "exchange": Text("第几次", "Exchange"),
    "side": Text("报文", "Message"),
    "request": Text("请求", "request"),
    "reply": Text("应答", "reply"),
    "kind": Text("类别", "Kind"),
    "fault": Text("不合规范", "fault"),
    "extra": Text("规范外字段", "unknown field"),
    "identity": Text("金额不平", "amounts do not add up"),
    "finding": Text("说明", "What"),
    "none": Text("{n} 次交易，全部符合规范", "{n} exchanges, all as specified"),
    "sums": Text("{n} 次交易", "{n} exchanges"),
    "many": Text("多行", "rows"),
    "optional": Text("可无", "may be absent"),
    "nothing": Text("（无）", "(nothing)"),
    "more": Text("……另有 {n} 处，用 -o 文件 写出全部", "… and {n} more; -o FILE has them all"),
    "written": Text("……另有 {n} 处，见 {file}", "… and {n} more, in {file}"),
    "opened": Text("本中心", "Here"),
    "closed": Text("未开通", "not answered"),
    "why_closed": Text("本中心未开通此交易：{why}", "not answered by `yibao serve`: {why}"),
    "envelope": Text("报文", "envelope"),
    "field_of": Text("字段 {name} 用代码表 {table}", "the field {name} holds codes of {table}"),
}
_GROUPS = {
    "audit": Text("审核", "audit"),
    "catalogues": Text("目录", "catalogues"),
    "filings": Text("备案", "filings"),
    "grouping": Text("分组", "grouping"),
    "inpatient": Text("住院", "inpatient"),
    "institution": Text("机构", "institution"),
    "mobile": Text("移动支付", "mobile"),
    "outpatient": Text("门诊", "outpatient"),
    "persons": Text("人员", "persons"),
    "pharmacy": Text("药店", "pharmacy"),
    "queries": Text("查询", "queries"),
    "records": Text("病历", "records"),
    "session": Text("签到、文件", "session"),
    "settlement": Text("对账、清算", "settlement"),
    "stock": Text("进销存", "stock"),
    "summary": Text("结算清单", "summary"),
}
_KINDS: Mapping[Kind, Text] = {
    "text": Text("文本", "text"),
    "number": Text("数字", "number"),
    "code": Text("代码", "code"),
    "date": Text("日期", "date"),
    "datetime": Text("日期时间", "datetime"),
    "list": Text("数组", "list"),
    "object": Text("对象", "object"),
    "data": Text("对象或数组", "data"),
    "bytes": Text("字节", "bytes"),
}
COLUMNS: Sequence[tuple[str, OutKind]] = (
    *(("exchange", "count"), ("infno", "text"), ("side", "text")),
    *(("kind", "text"), ("finding", "long")),
)
"""The columns of findings in a file."""

_SHOWN = 50
"""Most findings that are printed."""


def _word(key: str, language: Language, **of: object) -> str:
    return _WORDS[key].pick(language).format(**of)


def schema(profile: str, *, as_json: bool) -> Interface:
    """Return the interface; a profile that there is not is wrong usage."""
    try:
        return interface(profile)
    except NoProfile as error:
        raise typer.BadParameter(str(error)) from None


def transaction_of(found: Interface, infno: str) -> Transaction:
    """Return a transaction; a number that there is not is wrong usage."""
    try:
        return found.transactions[infno.upper()]
    except KeyError:
        hint = did_you_mean(infno, found.transactions)
        raise typer.BadParameter(f"no transaction {infno!r}{hint} / 没有这个交易") from None


def _not_answered() -> Mapping[str, str]:
    """Return why each transaction is refused that our centre does not answer."""
    from yibao.api.national.handlers import NOT_ANSWERED  # a second to load: not for all commands

    return NOT_ANSWERED


def transactions(found: Interface, *, as_json: bool, language: Language) -> None:
    """Print the list of transactions, and which of them our centre does not answer."""
    closed = _not_answered()
    if as_json:
        told = [
            {"infno": t.infno, "zh": t.zh, "group": t.group, "answered": t.infno not in closed}
            for t in found.transactions.values()
        ]
        print_json({"transactions": told})
        return
    rows = [
        (
            *(t.infno, t.zh, _GROUPS[t.group].pick(language)),
            _word("closed", language) if t.infno in closed else "",
        )
        for t in found.transactions.values()
    ]
    console().print(_table(("infno", "zh", "group", "opened"), rows, language))


def envelope(found: Interface, *, as_json: bool, language: Language) -> None:
    """Print what surrounds the input of every request and the output of every reply."""
    zh = _WORDS["envelope"].zh
    around = Transaction("envelope", zh, "", {ROOT: found.request}, {ROOT: found.reply})
    _transaction(around, "", as_json=as_json, language=language)


def transaction(found: Transaction, *, as_json: bool, language: Language) -> None:
    """Print a transaction's nodes and fields, and why our centre does not answer it, if so."""
    why = _not_answered().get(found.infno, "")
    _transaction(found, why, as_json=as_json, language=language)


def _transaction(found: Transaction, why: str, *, as_json: bool, language: Language) -> None:
    if as_json:
        sides = {"input": _plain(found.input), "output": _plain(found.output)}
        told = {"infno": found.infno, "zh": found.zh, "group": found.group, **sides}
        print_json({**told, "columns": list(found.columns), "answered": not why})
        return
    page = console()
    page.print(f"{found.infno}  {found.zh}", style="bold", markup=False)
    if why:
        page.print(_word("why_closed", language, why=why), style="yellow", markup=False)
    for side, nodes in (("input", found.input), ("output", found.output)):
        page.print()
        page.print(_word(side, language), "" if nodes else _word("nothing", language), style="bold")
        for node in nodes.values():
            page.print(_node_title(node, language), markup=False)
            rows = [
                (f.name, f.zh, holds(f, language), "✓" if f.required else "") for f in _fields(node)
            ]
            page.print(_table(("field", "zh", "holds", "required"), rows, language))
    if found.columns:
        page.print(_word("columns", language), " ".join(found.columns), markup=False)


def _fields(node: Node) -> Sequence[Field]:
    return tuple(node.fields.values())


def _node_title(node: Node, language: Language) -> str:
    marks = [_word("many", language)] if node.many else []
    marks += [] if node.required else [_word("optional", language)]
    name = "" if node.name == ROOT else node.name
    return f"{name} ({', '.join(marks)})" if marks else name


def holds(field: Field, language: Language) -> str:
    """Return what a field holds, such as `number 16,2` or `code 6 → insutype`."""
    size = f" {field.length}" if field.length else ""
    size += f",{field.decimals}" if field.kind == "number" and field.length else ""
    table = f" → {field.table}" if field.table else ""
    return f"{_KINDS[field.kind].pick(language)}{size}{table}"


def _plain(nodes: Mapping[str, Node]) -> list[dict[str, Any]]:
    return [
        {
            "node": node.name,
            "many": node.many,
            "required": node.required,
            "fields": [
                {
                    "name": f.name,
                    "zh": f.zh,
                    "kind": f.kind,
                    "length": f.length or None,
                    "decimals": f.decimals if f.kind == "number" else None,
                    "codes": f.table or None,
                    "required": f.required,
                }
                for f in _fields(node)
            ],
        }
        for node in nodes.values()
    ]


def codes(found: Interface, name: str | None, *, as_json: bool, language: Language) -> None:
    """Print the code tables, or the codes of one: by its name, or that of a field that holds it."""
    if name is None:
        rows = [(t.name, t.zh, str(len(t.values))) for _, t in sorted(found.codes.items())]
        if as_json:
            print_json({"tables": [{"table": n, "zh": zh, "codes": int(c)} for n, zh, c in rows]})
        else:
            console().print(_table(("table", "zh", "values"), rows, language))
        return
    of_field = None if name in found.codes else _table_of_field(found, name)
    if name not in found.codes and of_field is None:
        hint = did_you_mean(name, found.codes)
        raise typer.BadParameter(f"no table {name!r}{hint} / 没有这个代码表")
    table = found.codes[of_field or name]
    if as_json:
        print_json({"table": table.name, "zh": table.zh, "codes": dict(table.values)})
        return
    page = console()
    if of_field:
        page.print(_word("field_of", language, name=name, table=of_field), markup=False)
    page.print(f"{table.name}  {table.zh}", style="bold", markup=False)
    page.print(_table(("code", "zh"), list(table.values.items()), language))


def _table_of_field(found: Interface, name: str) -> str | None:
    """Return the code table of a field, whichever transaction has it."""
    for transaction in found.transactions.values():
        for node in (*transaction.input.values(), *transaction.output.values()):
            if name in node.fields and node.fields[name].table:
                return node.fields[name].table
    return None


def sample(found: Interface, infno: str, region: str, *, everything: bool) -> None:
    """Print a request that the schema allows, and that a region's sandbox knows."""
    known = example(region)
    print_json(samples.request(found, infno, everything=everything, known=known, at=now()))


def check(
    found: Interface, recording: Path, output: Path | None, *, as_json: bool, language: Language
) -> None:
    """Print what a recording has that the specification does not allow; leave with 1 for faults."""
    with exits(language, as_json=as_json):
        exchanges = list(read_recording(recording))
        findings = list(conform(found, exchanges))
        rows = [_finding(one, language) for one in findings]
        if output is not None:
            write_files({output: [Sheet("findings", COLUMNS, rows)]})
    names = [name for name, _ in COLUMNS]
    counts = Counter(one.kind for one in findings)
    if as_json:
        told = [dict(zip(names, row, strict=True)) for row in rows]
        print_json({"exchanges": len(exchanges), "counts": dict(counts), "findings": told})
    else:
        _findings(len(exchanges), rows, counts, output, language)
    if counts["fault"] or counts["identity"]:
        raise typer.Exit(exit_codes.FINDINGS)


def _finding(one: Finding, language: Language) -> tuple[int, str, str, str, str]:
    side, kind = _word(one.side, language), _word(one.kind, language)
    return one.exchange, one.infno, side, kind, str(one.fault)


def _findings(
    exchanges: int,
    rows: Sequence[tuple[int, str, str, str, str]],
    counts: Counter[Any],
    output: Path | None,
    language: Language,
) -> None:
    page = console()
    if not rows:
        page.print(_word("none", language, n=exchanges))
        return
    shown = [(str(row[0]), *row[1:]) for row in rows[:_SHOWN]]
    page.print(_table([name for name, _ in COLUMNS], shown, language))
    if len(rows) > _SHOWN:
        more = "written" if output else "more"
        page.print(_word(more, language, n=len(rows) - _SHOWN, file=output))
    sums = " · ".join(f"{_word(kind, language)} {n}" for kind, n in counts.items())
    page.print(f"{_word('sums', language, n=exchanges)} · {sums}")


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]], language: Language) -> Table:
    table = Table()
    for key in columns:
        table.add_column(_word(key, language), overflow="fold")
    for row in rows:
        table.add_row(*row)
    return table
