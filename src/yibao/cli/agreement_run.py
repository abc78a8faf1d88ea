"""What `yibao registry agreement` and `yibao registry designation` do."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any, Literal, NamedTuple, cast

import typer

from yibao.cli.output import print_json
from yibao.cli.sharing import At
from yibao.errors import Refused
from yibao.policy.vocabulary import vocabulary
from yibao.registry import agreements, designation, find
from yibao.registry.agreements import Act, Event, Terms
from yibao.registry.versions import ONE
from yibao.text import Text


class Scope(NamedTuple):
    """What an agreement covers; None where nothing is said of it."""

    visits: Sequence[str] | None
    schemes: Sequence[str] | None


def scope(visits: Sequence[str] | None, schemes: Sequence[str] | None) -> Scope:
    """Return what an agreement is to cover; raises BadParameter on unknown codes."""
    return Scope(_known("visit", visits), _known("scheme", schemes))


def terms(agreement: str, first: date, last: date, wanted: Scope) -> Terms:
    """Return the terms of an agreement to be signed, of all visits and schemes unless given."""
    visits = wanted.visits or _codes("visit")
    schemes = wanted.schemes or _codes("scheme")
    return Terms(agreement, "", first, last, visits, schemes)


def _codes(attribute: str) -> Collection[str]:
    return vocabulary().attributes[attribute].codes or {}


def _known(attribute: str, given: Sequence[str] | None) -> Sequence[str] | None:
    codes = _codes(attribute)
    for code in given or ():
        if code not in codes:
            there = ", ".join(codes)
            raise typer.BadParameter(f"no {attribute} {code!r}; there are: {there} / 没有这个代码")
    return given


# --- agreements -----------------------------------------------------------------------------------


def sign(at: At, application: str, day: date, agreed: Terms) -> None:
    """Sign an agreement."""
    with at.transaction() as connection:
        designation.sign(connection, application, agreed, day, actor=at.who)
    at.say(_in_force(agreed))


def renew(at: At, agreement: str, previous: str, last: date, wanted: Scope) -> None:
    """Sign the agreement that follows another."""
    with at.transaction() as connection:
        held = agreements.versions(connection, previous)
        if not held or held[-1].last is None:
            raise Refused(
                "unknown_agreement",
                Text(f"没有会到期的协议 {previous}", f"no agreement {previous} that ends"),
            )
        ending = held[-1]
        agreed = Terms(
            agreement,
            ending.institution_id,
            cast(date, ending.last) + ONE,
            last,
            wanted.visits or ending.visits,
            wanted.schemes or ending.schemes,
        )
        agreements.renew(connection, previous, agreed, actor=at.who)
    at.say(_in_force(agreed))


def _in_force(agreed: Terms) -> Text:
    return Text(
        f"协议 {agreed.agreement_id} 自 {agreed.first} 至 {agreed.last} 有效",
        f"{agreed.agreement_id} is in force from {agreed.first} to {agreed.last}",
    )


def amend(at: At, agreement: str, day: date, wanted: Scope, reason: str) -> None:
    """Change what an agreement covers."""
    if not wanted.visits and not wanted.schemes:
        raise typer.BadParameter("give --visit or --scheme / 请给出 --visit 或 --scheme")
    with at.transaction() as connection:
        agreements.act(
            connection,
            agreement,
            "amend",
            day,
            actor=at.who,
            reason=reason,
            visits=wanted.visits,
            schemes=wanted.schemes,
        )
    at.say(_done(agreement, "amend", day))


def turn(at: At, agreement: str, kind: str, day: date, reason: str) -> None:
    """Suspend, resume or terminate an agreement."""
    with at.transaction() as connection:
        agreements.act(connection, agreement, cast(Act, kind), day, actor=at.who, reason=reason)
    at.say(_done(agreement, kind, day))


_ACTS = {
    "amend": Text("变更", "amended"),
    "suspend": Text("暂停", "suspended"),
    "resume": Text("恢复", "resumed"),
    "terminate": Text("解除", "terminated"),
}


def _done(agreement: str, kind: str, day: date) -> Text:
    told = _ACTS[kind]
    return Text(f"协议 {agreement} 自 {day} {told.zh}", f"{agreement} is {told.en} from {day} on")


def assess(at: At, agreement: str, day: date, year: int, score: int, *, pass_mark: int) -> None:
    """Record a yearly assessment."""
    with at.transaction() as connection:
        passed = agreements.assess(
            connection, agreement, day, year, score, actor=at.who, pass_mark=pass_mark
        )
    at.say(
        Text(f"{year} 年度考核合格", f"{year}: passed")
        if passed
        else Text(f"{year} 年度考核不合格，不予续签", f"{year}: not passed, so no renewal")
    )


def breach(at: At, agreement: str, day: date, what: str) -> None:
    """Record a breach."""
    with at.transaction() as connection:
        agreements.breach(connection, agreement, day, what, actor=at.who)
    at.say(Text("已记录", "recorded"))


def show(at: At, agreement: str) -> None:
    """Show what has held of an agreement, and what was done with it."""
    with at.transaction() as connection:
        held = agreements.versions(connection, agreement)
        done = agreements.events(connection, agreement)
        if not held:
            raise Refused(
                "unknown_agreement", Text(f"没有协议 {agreement}", f"no agreement {agreement}")
            )
    if at.as_json:
        print_json({"versions": held, "events": done})
        return
    for version in held:
        paused = Text("（暂停）", " (suspended)").pick(at.lang) if version.suspended else ""
        scope = f"{', '.join(version.visits)} | {', '.join(version.schemes)}"
        typer.echo(
            f"{version.first} – {version.last or ''}  {version.institution_id}{paused}  {scope}"
        )
    _print_events(done)


def _print_events(events: Sequence[Event]) -> None:
    for event in events:
        detail = ", ".join(f"{k}: {_plain(v)}" for k, v in event.detail.items())
        typer.echo(f"  {event.on_day}  {event.kind}  {event.actor}  {detail}".rstrip())


def _plain(value: Any) -> str:
    return "; ".join(map(str, value)) if isinstance(value, list) else str(value)


def covers(at: At, institution: str, day: date, visit: str, scheme: str) -> None:
    """Tell whether an agreement covers a claim."""
    _known("visit", [visit])
    _known("scheme", [scheme])
    with at.transaction() as connection:
        rule = find.agreement_refusal(connection, institution, day, visit, scheme)
        if rule is not None:
            raise Refused(rule, find.REASONS[rule])
    at.say(Text("协议有效", "covered"))


# --- designation ----------------------------------------------------------------------------------


def apply(at: At, application: str, institution: str, day: date) -> None:
    """Take in an application."""
    with at.transaction() as connection:
        found = designation.apply(connection, application, institution, day, actor=at.who)
    at.say(_stands(found))


def step(at: At, application: str, which: str, day: date) -> None:
    """Take the next step of an application."""
    taken = cast(Literal["assess", "negotiate"], which)
    with at.transaction() as connection:
        found = designation.step(connection, application, taken, day, actor=at.who)
    at.say(_stands(found))


def refuse(at: At, application: str, day: date, reason: str) -> None:
    """Refuse an application."""
    if reason not in designation.REFUSALS:
        there = ", ".join(designation.REFUSALS)
        raise typer.BadParameter(f"no reason {reason!r}; there are: {there} / 没有这个理由")
    with at.transaction() as connection:
        designation.refuse(connection, application, day, reason, actor=at.who)
    at.say(designation.REFUSALS[reason])


def show_application(at: At, application: str, day: date) -> None:
    """Show how an application stands."""
    with at.transaction() as connection:
        found = designation.application(connection, application, day)
    if at.as_json:
        print_json(found)
        return
    at.say(_stands(found))
    _print_events(found.events)


def _stands(found: designation.Application) -> Text:
    name = found.application_id
    if found.next is None:
        last = designation.TITLES[found.events[-1].kind]
        return Text(f"{name} 已办结：{last.zh}", f"{name} is over: {last.en}")
    if found.waiting:
        return Text(
            f"{name} 候补第 {found.waiting} 位",
            f"{name} is number {found.waiting} on the waiting list",
        )
    step_title = designation.TITLES[found.next]
    limit = Text("", "")
    if found.due is not None:
        limit = Text(f"，期限 {found.due}", f", due {found.due}")
    if found.overdue:
        limit = Text(f"{limit.zh}，已超期", f"{limit.en}, overdue")
    return Text(
        f"{name} 下一步：{step_title.zh}{limit.zh}", f"{name}: next {step_title.en}{limit.en}"
    )


def quotas(at: At, day: date) -> None:
    """Show the places of each division."""
    with at.transaction() as connection:
        found = designation.quotas(connection, day)
    if at.as_json:
        print_json(
            [
                {
                    "division": q.division,
                    "kind": q.kind,
                    "places": q.places,
                    "used": q.used,
                    "available": q.available,
                }
                for q in found
            ]
        )
        return
    for q in found:
        at.say(
            Text(
                f"{q.division} {q.kind}  名额 {q.places} · 已用 {q.used} · 可用 {q.available}",
                f"{q.division} {q.kind}  {q.places} places, {q.used} used, {q.available} left",
            )
        )
