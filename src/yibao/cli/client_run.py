"""What `yibao client` does and prints."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO, Any, TextIO

import simplejson
import typer

from yibao.cli import exit_codes
from yibao.cli.options import Language
from yibao.cli.output import console, print_json
from yibao.cli.settle_run import exits
from yibao.clock import now
from yibao.errors import CannotRead, CannotWrite
from yibao.interop.national.client import ENTRY, Centre, Message, fetch, signed_in
from yibao.interop.national.conform import read_recording
from yibao.interop.national.jsontext import parse
from yibao.interop.national.model import Interface
from yibao.interop.national.replay import Difference, Played, replay
from yibao.interop.national.signing import Scheme, Signing, has_digest
from yibao.text import Text

_WORDS = {
    "same": Text("与录制相同", "as recorded"),
    "other": Text("与录制不同", "not as recorded"),
    "sums": Text("{n} 次交易，{m} 次与录制不同", "{n} exchanges, {m} not as recorded"),
    "difference": Text(
        "{zh}（{where}）：录制为 {was}，现为 {now}", "{zh} ({where}): was {was}, is {now}"
    ),
    "left": Text("；{k} 行没有可重放的请求", "; {k} lines without a request to send"),
    "saved": Text("应答是文件，已写入 {file}（{n} 字节）", "a file of {n} bytes: {file}"),
    "nothing": Text("无", "nothing"),
    "amounts": Text(
        "总额 {total} 基金 {fund} 现金 {cash}", "total {total}, funds {fund}, cash {cash}"
    ),
}


def centre(url: str | None, timeout: float, signing: Signing | None) -> Centre:
    """Return the centre of an address; one that is no address is wrong usage."""
    try:
        return Centre(url or ENTRY, timeout, signing)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def signing(access_key: str | None, secret: str | None, scheme: Scheme) -> Signing | None:
    """Return how requests are signed; a key without its secret, or the reverse, is wrong usage."""
    if not access_key and not secret:
        return None
    if not access_key or not secret:
        told = "--access-key and --secret go together / 二者须同时给出"
        raise typer.BadParameter(told)
    if not (access_key.isascii() and access_key.isprintable()):
        raise typer.BadParameter("--access-key: expected ASCII characters / 应为ASCII字符")
    if not has_digest(scheme):
        raise typer.BadParameter(
            f"{scheme}: this machine's library has no such digest / 本机不支持"
        )
    return Signing(access_key, secret.encode(), scheme)


def send_one(
    file: TextIO,
    at: Centre,
    output: Path | None,
    *,
    sign_in: bool,
    as_json: bool,
    language: Language,
) -> None:
    """Send the message of a file and print the reply; leave with 1 where it was not done."""
    with exits(language, as_json=as_json):
        try:
            message = parse(file.read())
        except ValueError as error:  # of UTF-8 too
            raise CannotRead(f"{file.name}: {error}") from None
        if not isinstance(message, dict):
            raise CannotRead(f"{file.name}: no message: expected an object / 应为JSON对象")
        ask = partial(fetch, at)
        reply = signed_in(ask, message, now()) if sign_in else ask(message)
        if isinstance(reply, bytes):
            _save(reply, output, as_json=as_json, language=language)
            return
    typer.echo(simplejson.dumps(reply, ensure_ascii=False, indent=2, use_decimal=True))
    if str(reply.get("infcode")) != "0":
        raise typer.Exit(exit_codes.FINDINGS)


def _save(content: bytes, file: Path | None, *, as_json: bool, language: Language) -> None:
    """Write a file that came back; raises CannotWrite where there is none to write, or one."""
    if file is None:
        raise CannotWrite(
            "the reply is a file; name one with -o FILE / 应答是文件，请用 -o 指定文件名"
        )
    with _new(file, "xb") as stream:
        stream.write(content)
    if as_json:
        print_json({"file": file, "bytes": len(content)})
    else:
        typer.echo(_WORDS["saved"].pick(language).format(file=file, n=f"{len(content):,}"))


def replay_file(
    schema: Interface,
    recording: Path,
    at: Centre,
    output: Path | None,
    *,
    as_json: bool,
    language: Language,
) -> None:
    """Play a recording and print each exchange; leave with 1 where a reply is not as recorded."""
    differing = played = 0
    rows = []
    with exits(language, as_json=as_json), _recorder(output) as record:
        exchanges = list(read_recording(recording))
        for one in replay(schema, iter(exchanges), partial(_answer, at), now):
            played += 1
            differing += bool(one.differences)
            record(one)
            if as_json:
                rows.append(_plain(one))
            else:
                _print(schema, played, one, language)
    left = len(exchanges) - played
    if as_json:
        sums = {"played": played, "different": differing, "without_request": left}
        print_json({"exchanges": rows, **sums})
    else:
        told = _WORDS["sums"].pick(language).format(n=played, m=differing)
        told += _WORDS["left"].pick(language).format(k=left) if left else ""
        console().print(told)
    if differing:
        raise typer.Exit(exit_codes.FINDINGS)


def _answer(at: Centre, message: Message) -> dict[str, Any]:
    """Return a centre's reply; a file that comes back is one that was done, without an output."""
    told = fetch(at, message)
    return {"infcode": 0, "output": None} if isinstance(told, bytes) else told


@contextmanager
def _new(file: Path, mode: str) -> Iterator[IO[Any]]:
    """Open a file that there is not yet; raises CannotWrite."""
    try:
        with file.open(mode, encoding=None if "b" in mode else "utf-8") as stream:
            yield stream
    except FileExistsError:
        raise CannotWrite(f"{file}: is there already; name a new file / 文件已存在") from None
    except OSError as error:
        raise CannotWrite(f"{file}: {error.strerror} / 无法写入") from None


@contextmanager
def _recorder(file: Path | None) -> Iterator[Callable[[Played], None]]:
    """Yield what writes an exchange down as soon as it is over; to nowhere without a file."""
    if file is None:
        yield lambda one: None
        return
    with _new(file, "x") as stream:

        def record(one: Played) -> None:
            exchange = {"request": one.request, "reply": one.reply}
            stream.write(simplejson.dumps(exchange, ensure_ascii=False, use_decimal=True))
            stream.write("\n")
            stream.flush()

        yield record


def _plain(one: Played) -> dict[str, Any]:
    differences = [
        {
            "node": d.node,
            "row": d.row,
            "field": d.name,
            "zh": d.zh,
            "recorded": None if d.recorded is None else str(d.recorded),
            "live": None if d.live is None else str(d.live),
        }
        for d in one.differences
    ]
    reply = {"infcode": one.reply.get("infcode"), "err_msg": one.reply.get("err_msg")}
    return {"infno": one.infno, **reply, "differences": differences}


def _print(schema: Interface, number: int, one: Played, language: Language) -> None:
    page = console()
    transaction = schema.transactions.get(one.infno)
    told = _WORDS["other" if one.differences else "same"].pick(language)
    name = transaction.zh if transaction else ""
    page.print(
        f"{number:4} {one.infno:6} {name}  {told}{_amounts(one, language)}",
        markup=False,
        highlight=False,
    )
    for difference in one.differences:
        page.print(f"       {_told(difference, language)}", markup=False, highlight=False)


def _amounts(one: Played, language: Language) -> str:
    """Return what a settlement came to: it is what one looks for."""
    output = one.reply.get("output")
    info = output.get("setlinfo") if isinstance(output, dict) else None
    if not isinstance(info, dict):
        return ""
    cash = info.get("psn_cash_pay", info.get("cash_payamt"))  # 5203 has another name for it
    sums = {"total": info.get("medfee_sumamt"), "fund": info.get("fund_pay_sumamt"), "cash": cash}
    return "  " + _WORDS["amounts"].pick(language).format(**sums)


def _told(one: Difference, language: Language) -> str:
    row = str(one.row) if one.row > 1 else ""
    where = ".".join(part for part in (one.node, row, one.name) if part)
    nothing = _WORDS["nothing"].pick(language)
    was, is_now = (nothing if v is None else v for v in (one.recorded, one.live))
    return _WORDS["difference"].pick(language).format(zh=one.zh, where=where, was=was, now=is_now)
