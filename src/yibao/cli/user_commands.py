"""`yibao user …`: who may sign in to the service."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from yibao.cli.sharing import At, Told, Work, sharing, writes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from yibao.store.database import Connection

user = typer.Typer(
    help="Who may sign in to the service: make users, shut them out.", no_args_is_help=True
)

Name = Annotated[str, typer.Argument(metavar="NAME", help="Letters, digits, . _ and -.")]
Given = Annotated[
    bool,
    typer.Option(
        "--own-password",
        help="Ask for the password, or read it from standard input; else one is made up and shown.",
    ),
]


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.add_typer(user, name="user")


@writes(user)
def add(
    name: Name,
    *,
    role: Annotated[
        list[str], typer.Option("--role", metavar="ROLE", help="What the user does; see `roles`.")
    ],
    own: Annotated[
        str | None,
        typer.Option(
            metavar="ID",
            help="Whose data are the user's: a person, an employer, an institution, a division.",
        ),
    ] = None,
    own_password: Given = False,
) -> Work:
    """Make a user, with one role or several.

    \b
    Example: yibao user add chen --role benefits
             yibao user add h3 --role institution --own H12010100003
    """
    from yibao.agency.users import users
    from yibao.agency.users.users import User

    made = User(_checked(name), _roles(role), _owns(role, own))
    password, shown = _password(own_password)

    def work(connection: Connection, who: str) -> Told:
        _check_institution(connection, made.own)
        users.add(connection, made, password, actor=who)
        return {"name": name, "roles": list(made.roles), **made.own, **shown}

    return work


@user.command("list")
@sharing("json")
def list_(at: At) -> None:
    """List the users with their roles."""
    from yibao.cli import user_pages

    user_pages.everybody(at)


@user.command()
@sharing("json")
def roles(at: At) -> None:
    """List the roles that there are."""
    from yibao.cli import user_pages

    user_pages.roles(at)


@writes(user)
def disable(name: Name) -> Work:
    """Shut a user out; whoever is signed in under the name is out within half a minute."""
    return _set_disabled(name, disabled=True)


@writes(user)
def enable(name: Name) -> Work:
    """Let a user in again who was disabled or is locked."""
    return _set_disabled(name, disabled=False)


def _set_disabled(name: str, *, disabled: bool) -> Work:
    from yibao.agency.users import users

    def work(connection: Connection, who: str) -> Told:
        users.set_disabled(connection, name, disabled, actor=who)
        return {"name": name, "disabled": disabled}

    return work


@writes(user)
def password(name: Name, *, own_password: Given = False) -> Work:
    """Give a user another password; whoever is signed in under the name has to do so anew."""
    from yibao.agency.users import users

    given, shown = _password(own_password)

    def work(connection: Connection, who: str) -> Told:
        users.set_password(connection, name, given, actor=who)
        return {"name": name, **shown}

    return work


@user.command()
@sharing("actor")
def token(at: At, name: Name) -> None:
    """Print a token of a user, good for an hour; for scripts of whoever rules the database.

    \b
    Example: curl -H "Authorization: Bearer $(yibao user token chen)" localhost:8000/session
    """
    from yibao.agency.users import sessions
    from yibao.cli.settle_run import exits

    with exits(at.lang):
        made, _ = at.written(lambda connection: sessions.issue(connection, name, actor=at.who))
    typer.echo(made)


def _checked(name: str) -> str:
    import re

    from yibao.agency.users.users import NAME

    if not re.fullmatch(NAME, name):
        raise typer.BadParameter(
            "expected letters, digits, . _ and - / 用户名不合", param_hint="NAME"
        )
    return name


def _roles(given: list[str]) -> list[str]:
    from yibao.api.guard.roles import ROLES

    for role in given:
        if role not in ROLES:
            expected = f"expected some of {', '.join(ROLES)} / 没有角色 {role}"
            raise typer.BadParameter(expected, param_hint="--role")
    return sorted(set(given))


def _owns(roles: list[str], own: str | None) -> dict[str, str]:
    """Return the id that is a user's own by role."""
    from yibao.api.guard.roles import OWN
    from yibao.text import is_one_spelling

    needing = OWN & set(roles)
    if len(needing) > 1 or bool(needing) != bool(own):
        told = f"exactly one of {', '.join(sorted(OWN))} goes with --own ID, no other role does"
        raise typer.BadParameter(f"{told} / 数据范围与角色不合", param_hint="--own")
    if own and not is_one_spelling(own):
        raise typer.BadParameter("expected no full-width characters", param_hint="--own")
    return dict.fromkeys(needing, own or "")


def _check_institution(connection: Connection, own: Mapping[str, str]) -> None:
    """Raise Refused where the institution that a user is to be is not one, on any day."""
    from yibao.errors import Refused
    from yibao.registry.find import is_institution
    from yibao.text import Text

    code = own.get("institution")
    if code is not None and not is_institution(connection, code):
        told = Text(
            f"没有登记机构“{code}”，请先登记（registry import institution）",
            f"no institution {code!r}; register it first (registry import institution)",
        )
        raise Refused("known_institution", told)


def _password(ask: bool) -> tuple[str, dict[str, str]]:
    """Return a password, and what to show of it: what was made up is shown once."""
    from yibao.agency.users.passwords import made_up

    if not ask:
        password = made_up()
        return password, {"password": password}
    if sys.stdin.isatty():
        return typer.prompt("password / 口令", hide_input=True, confirmation_prompt=True), {}
    return sys.stdin.readline().rstrip("\n"), {}
