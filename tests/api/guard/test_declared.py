"""A route of which nobody said who may use it does not come up; nor one that lost its guard."""

from pathlib import Path

import pytest
from desks import office
from fastapi import APIRouter
from fastapi.routing import APIRoute
from typer.testing import CliRunner

from yibao.agency.desk.registers import REGISTERS
from yibao.api import app as application
from yibao.api.app import create_app
from yibao.api.guard.allow import Undeclared, check_declared
from yibao.api.guard.asked import ENDPOINTS, trust_actor
from yibao.api.guard.owners import OWNERS
from yibao.api.guard.roles import AGENCY, OWN
from yibao.api.guard.table import TABLE
from yibao.cli import app as command


def create() -> object:
    return create_app("postgresql://x", office().policy, REGISTERS, identify=trust_actor)


@pytest.mark.parametrize("named", ["newThing", None])
def test_a_route_that_the_table_lacks_does_not_start(
    named: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    router = APIRouter()
    router.add_api_route("/new", lambda: None, operation_id=named, include_in_schema=False)
    monkeypatch.setattr(application, "ROUTERS", (*application.ROUTERS, router))
    with pytest.raises(Undeclared, match=named or "/new"):
        create()


def test_a_row_without_a_route_does_not_start() -> None:
    with pytest.raises(Undeclared, match="without a route: settle"):
        check_declared(TABLE.keys() - {"settle"})


def test_who_asks_is_left_to_the_endpoint_below_fsi_alone() -> None:
    for router in (*application.ROUTERS, *application.OTHER_PROTOCOLS):
        for route in router.routes:
            if isinstance(route, APIRoute):
                row = TABLE[str(route.operation_id)]
                assert (row.door == "endpoint") == route.path.startswith(ENDPOINTS), route.path


def test_the_table_names_roles_and_places_that_there_are() -> None:
    routes = {
        route.operation_id: route
        for router in (*application.ROUTERS, *application.OTHER_PROTOCOLS)
        for route in router.routes
        if isinstance(route, APIRoute)
    }
    for operation, row in TABLE.items():
        assert row.roles <= AGENCY, operation
        assert row.own.keys() <= OWN, operation
        assert (row.door == "roles") == bool(row.roles), operation
        for role, places in row.own.items():
            for place in places:
                if "." not in place:
                    assert f"AS {role}" in OWNERS[place].query, (operation, role)
                    assert f"{{{OWNERS[place].path}}}" in routes[operation].path, operation


def test_serve_opens_the_national_interface_to_nobody_whom_it_does_not_know(tmp_path: Path) -> None:
    file = tmp_path / "interface.yaml"
    file.write_text("profile: hunan\n")
    run = CliRunner().invoke(command, ["serve", "--interface", str(file)])
    assert run.exit_code == 2
    assert "须配置网关" in run.output
