"""What is printed of the audit log."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import typer

from yibao.cli import exit_codes
from yibao.cli.options import Language
from yibao.cli.output import print_json
from yibao.clock import CHINA
from yibao.store.audit import Head, Verified
from yibao.text import Text

SHOWN = 20
"""Findings that are printed; JSON has all."""


def verified(found: Verified, noted: int, *, as_json: bool, language: Language) -> None:
    """Print what was looked at and what is wrong; leaves with exit code 1 where something is."""
    if as_json:
        print_json(
            {
                "rows": found.rows,
                "heads": [head._asdict() for head in found.heads],
                "heads_noted": noted,
                "broken": [
                    {"lane": b.lane, "first": b.first, "last": b.last, "what": b.text.en}
                    for b in found.broken
                ],
            }
        )
    else:
        for line in _lines(found, noted):
            typer.echo(line.pick(language))
    if found.broken:
        raise typer.Exit(exit_codes.FINDINGS)


def _lines(found: Verified, noted: int) -> list[Text]:
    rows, lanes = f"{found.rows:,}", len(found.heads)
    said = [
        Text(
            f"审计日志 {rows} 行，{lanes} 条链，核对留存链头 {noted} 个",
            f"audit log: {rows} rows in {lanes} chains, {noted} noted heads",
        )
    ]
    for b in found.broken[:SHOWN]:
        span = f"{b.first}" if b.first == b.last else f"{b.first}–{b.last}"
        zh, en = f"✗ 链 {b.lane} 第 {span} 行", f"✗ lane {b.lane}, {span}"
        said.append(Text(f"{zh}：{b.text.zh}", f"{en}: {b.text.en}"))
    more = len(found.broken) - SHOWN
    if more > 0:
        said.append(Text(f"另有 {more} 处", f"and {more} more"))
    if not found.broken:
        said.append(Text("✓ 与写入时一致", "✓ as it was written"))
        if not noted:
            said.append(
                Text(
                    "未与留存的链头核对，末尾被截去无法发现：见 yibao audit heads",
                    "not held to noted heads, so a cut end would not show: yibao audit heads",
                )
            )
    return said


def heads(found: Sequence[Head], *, as_json: bool) -> None:
    """Print heads, in the form in which they are read again."""
    if as_json:
        print_json({"heads": [head._asdict() for head in found]})
        return
    typer.echo(f"# {datetime.now(CHINA).isoformat(timespec='seconds')}")
    for head in found:
        typer.echo(f"{head.lane} {head.number} {head.hash}")
