"""`yibao serve`: the HTTP service."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from yibao.cli.db_commands import Place

if TYPE_CHECKING:
    from yibao.api.national.settings import Settings


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(epilog="Example: yibao serve --region tianjin --workers 2")(serve)


def serve(
    database: Place = None,
    region: Annotated[
        str, typer.Option(metavar="REGION", help="Whose rules settle: the region of the database.")
    ] = "tianjin",
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port to listen on.")] = 8000,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes that work.")] = 1,
    *,
    interface: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="How the national interface is spoken: profile, transports, gateway keys (YAML).",
        ),
    ] = None,
    rate: Annotated[
        float,
        typer.Option(min=1, help="Requests a second of each who asks, in each process."),
    ] = 100.0,
    log: Annotated[
        Literal["plain", "json"], typer.Option(help="How the log is written: lines, or JSON.")
    ] = "plain",
    metrics_port: Annotated[
        int | None,
        typer.Option(
            min=0, max=65535, help="Tell figures for Prometheus on this port of this machine."
        ),
    ] = None,
    oidc: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Whose tokens are believed besides: an identity provider, see docs/security.md.",
        ),
    ] = None,
    signatures: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Whose requests have to be signed (SM2), and with which keys: see "
            "docs/security.md.",
        ),
    ] = None,
    trust_actor: Annotated[
        bool,
        typer.Option(
            "--trust-actor",
            help="Nobody signs in: whoever asks is who the header X-Actor says and may do "
            "everything. For trying out, on an address of this machine alone.",
        ),
    ] = False,
) -> None:
    """Run the HTTP service until it is told to stop. GET /openapi.json says what it can do.

    Who asks signs in: `yibao user add` makes a user.
    """
    from functools import partial

    from yibao.agency.users import users
    from yibao.api.guard.oidc import read_provider
    from yibao.api.guard.signed import read_keys
    from yibao.api.main import application
    from yibao.api.serve import serve as run
    from yibao.cli.database import bind, located
    from yibao.cli.options import default_language
    from yibao.cli.settle_run import exits
    from yibao.policy.policy import load_policy
    from yibao.store.database import Database
    from yibao.store.sight import EVERYTHING
    from yibao.store.vault import vault

    if trust_actor and not _is_here(host):
        told = "--trust-actor only with an address of this machine, such as 127.0.0.1"
        raise typer.BadParameter(f"{told} / 只能用于本机地址")
    provider = None if oidc is None else read_provider(oidc)
    signers = None if signatures is None else read_keys(signatures)
    load_policy(region)  # what is wrong with it is told here, once, not by each worker
    with exits(default_language()):
        speaks = _interface(interface, trust=trust_actor)
    with exits(default_language()), located(database) as url:
        with Database(url, sight=EVERYTHING, connections=1) as opened:
            opened.run(lambda connection: bind(connection, region))
            opened.run(vault)  # without the right keys it does not start
            if not trust_actor and not provider and not opened.run(users.everybody):
                typer.echo(NO_USERS.format(f" --database {database}" if database else ""), err=True)
        made = partial(
            application,
            url,
            region,
            trust=trust_actor,
            provider=provider,
            rate=rate,
            signers=signers,
            interface=speaks,
        )
        run(
            made,
            host=host,
            port=port,
            workers=workers,
            log=log,
            metrics_port=metrics_port,
        )


NO_USERS = """\
还没有用户，无人可以登录。另开一个终端： / Nobody can sign in yet. In another terminal:
  yibao user add chen --role benefits{0}    # 显示一次口令 / shows a password, once
  yibao user token chen{0}    # 令牌，一小时有效 / a token, for an hour"""


def _interface(file: Path | None, *, trust: bool) -> Settings:
    """Return how the national interface is spoken: signed, unless everybody is trusted."""
    from yibao.api.national.settings import CLOSED, PLAIN, load

    if file is None:
        return PLAIN if trust else CLOSED
    speaks = load(file)
    if speaks.gateway is None and not trust:
        told = f"{file}: without a gateway anybody could speak for any institution"
        raise typer.BadParameter(f"{told}; add one, or --trust-actor / 须配置网关")
    return speaks


def _is_here(host: str) -> bool:
    """Whether an address is one that only this machine reaches."""
    from ipaddress import ip_address

    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
