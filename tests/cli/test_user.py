"""`yibao user`: make users, list them, shut them out."""

import json
import re
from typing import Any

import pytest
from typer.testing import CliRunner

from yibao.agency.users import sessions
from yibao.cli import app
from yibao.store.database import Database
from yibao.store.sight import EVERYTHING


@pytest.fixture
def user(url: str) -> Any:
    def run(*words: str, code: int = 0, given: str = "") -> str:
        done = CliRunner().invoke(app, ["user", *words, "--database", url], input=given)
        assert done.exit_code == code, done.output
        return done.output

    return run


def test_a_user_from_beginning_to_end(user: Any, url: str) -> None:
    told = user("add", "h3", "--role", "institution", "--own", "H3", code=6)
    assert "没有登记机构“H3”" in told
    with Database(url) as database, database.transaction() as connection:
        connection.execute(
            "INSERT INTO registry.institution "
            "(institution_id, name, kind, division, level, valid) "
            "VALUES ('H3', 'third', 'hospital', '120101', '3', '[2010-01-01,)')"
        )
    made = json.loads(user("add", "h3", "--role", "institution", "--own", "H3", "--json"))
    assert made.keys() == {"name", "roles", "institution", "password"}
    with Database(url, sight=EVERYTHING) as database:
        _, session = sessions.sign_in(database, "h3", made["password"])
        assert session.user.own == {"institution": "H3"}
        assert "h3" in user("add", "h3", "--role", "auditor", code=6)
        user("password", "h3", "--own-password", given="another pass 1\n")
        sessions.sign_in(database, "h3", "another pass 1")
        with database.transaction() as connection:
            token = user("token", "h3").strip()
            assert sessions.find(connection, token) is not None
        user("disable", "h3")
        with pytest.raises(sessions.WrongPassword):
            sessions.sign_in(database, "h3", "another pass 1")
        [listed] = json.loads(user("list", "--json"))["users"]
        assert (listed["name"], listed["institution"], listed["disabled"]) == ("h3", "H3", True)
        assert listed["roles"] == ["institution"]
        assert re.search(r"│ h3 +│ 定点医药机构 +│ H3 +│ 是 +│", user("list"))
        user("enable", "h3")
        sessions.sign_in(database, "h3", "another pass 1")
    told = user("add", "both", "--role", "auditor", "--role", "benefits")
    assert "角色: auditor、benefits" in told
    assert "口令: " in told
    assert "口令" in user("password", "h3", "--own-password", given="short\n", code=6)
    assert "none" in user("disable", "none", code=6)
    assert re.search(r"│ institution +│ 定点医药机构 +│ 本机构 +│", user("roles"))


@pytest.mark.parametrize(
    "words",
    [
        ("add", "a b", "--role", "auditor"),
        ("add", "x", "--role", "king"),
        ("add", "x", "--role", "institution"),
        ("add", "x", "--role", "auditor", "--own", "H3"),
        ("add", "x", "--role", "insured", "--role", "employer", "--own", "P1"),
        ("add", "x", "--role", "insured", "--own", "Ｐ1"),
        ("add", "x"),
    ],
)
def test_users_that_are_none(user: Any, words: tuple[str, ...]) -> None:
    user(*words, code=2)
    assert json.loads(user("list", "--json")) == {"users": []}
