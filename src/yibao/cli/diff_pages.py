"""What `policy diff` compares and prints."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from itertools import groupby

import typer

from yibao.cli.options import Language, parse_date
from yibao.cli.output import plain, print_json
from yibao.cli.policy_pages import Pack
from yibao.policy.amendment import GROUPS, sentences
from yibao.policy.compare import difference
from yibao.policy.consolidate import Consolidation

_DATE = re.compile(r"\d{4}-.*")
_USAGE = (
    "expected REGION DATE1 DATE2 (two days), REGION DATE --overlay DIR or --without DOC (with and "
    "without it), or REGION1 REGION2 DATE (two regions or folders on one day)"
)


def diff(
    pack: Pack, more: Sequence[str], day: date | None, *, as_json: bool, language: Language
) -> None:
    """Print what changed: between two days, by an overlay, or between two regions."""
    before, after = _states(pack, more, day)
    changes = difference(before, after)
    told = sentences(before, after, changes)
    if as_json:
        print_json({**plain(changes), "sentences": plain(told)})
        return
    if not told:
        typer.echo("无变化" if language == "zh" else "no change")
    for group, held in groupby(told, key=lambda sentence: sentence.group):
        typer.echo(GROUPS[group].pick(language))
        for sentence in held:
            typer.echo(f"  {sentence.text.pick(language)}")


def _states(
    pack: Pack, more: Sequence[str], day: date | None
) -> tuple[Consolidation, Consolidation]:
    """Return the two states of the rules that the arguments name."""
    days = [parse_date(text) for text in more if _DATE.fullmatch(text)]
    others = [text for text in more if not _DATE.fullmatch(text)]
    if day is not None:
        days.append(day)
    changed = bool(pack.overlays or pack.without)
    if not others and len(days) == 2:
        region = pack.load()
        return Consolidation(region, days[0]), Consolidation(region, days[1])
    if not others and len(days) == 1 and changed:
        plain_pack = Pack(pack.region)
        return Consolidation(plain_pack.load(), days[0]), Consolidation(pack.load(), days[0])
    if len(others) == 1 and len(days) in (1, 2) and not pack.without:
        one, other = Pack(pack.region), replace(pack, region=others[0])
        return Consolidation(one.load(), days[0]), Consolidation(other.load(), days[-1])
    raise typer.BadParameter(_USAGE)
