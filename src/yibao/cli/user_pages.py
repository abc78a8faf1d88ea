"""What `yibao user` lists: users, roles."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rich.table import Table

from yibao.agency.users import users
from yibao.api.guard.roles import ROLES
from yibao.cli.output import console, print_json
from yibao.cli.sharing import At
from yibao.text import Text

_WORDS = {
    "name": Text("用户名", "Name"),
    "roles": Text("角色", "Roles"),
    "role": Text("角色", "Role"),
    "title": Text("名称", "Title"),
    "own": Text("数据范围", "Own data"),
    "disabled": Text("已停用", "Disabled"),
    "locked_until": Text("锁定至", "Locked until"),
    "yes": Text("是", "yes"),
    "person_id": Text("本人", "person"),
    "employer_id": Text("本单位", "employer"),
    "institution_id": Text("本机构", "institution"),
    "division": Text("本区划", "division"),
}


def everybody(at: At) -> None:
    """Print the users with their roles."""
    with at.transaction() as connection:
        found = users.everybody(connection)
    if at.as_json:
        told = [
            {
                "name": one.user.name,
                "roles": list(one.user.roles),
                **one.user.own,
                "disabled": one.disabled,
                "locked_until": one.locked_until and one.locked_until.isoformat(),
            }
            for one in found
        ]
        print_json({"users": told})
        return
    rows = [
        {
            "name": one.user.name,
            "roles": ", ".join(ROLES[role].title.pick(at.lang) for role in one.user.roles),
            "own": " ".join(one.user.own.values()),
            "disabled": _WORDS["yes"].pick(at.lang) if one.disabled else "",
            "locked_until": f"{one.locked_until:%Y-%m-%d %H:%M}" if one.locked_until else "",
        }
        for one in found
    ]
    _print(at, ("name", "roles", "own", "disabled", "locked_until"), rows)


def roles(at: At) -> None:
    """Print the roles that there are."""
    if at.as_json:
        told = [{"role": n, "title": one.title, "own": one.own} for n, one in ROLES.items()]
        print_json({"roles": told})
        return
    rows = [
        {
            "role": name,
            "title": one.title.pick(at.lang),
            "own": _WORDS[one.own].pick(at.lang) if one.own else "",
        }
        for name, one in ROLES.items()
    ]
    _print(at, ("role", "title", "own"), rows)


def _print(at: At, columns: tuple[str, ...], rows: Iterable[Mapping[str, str]]) -> None:
    table = Table(*(_WORDS[name].pick(at.lang) for name in columns))
    for row in rows:
        table.add_row(*(row[name] for name in columns))
    console().print(table)
