"""`yibao serve`: the HTTP service."""

from __future__ import annotations

from typing import Annotated

import typer

from yibao.cli.db_commands import Place


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(epilog="Example: yibao serve --region tianjin --workers 2")(serve)


def serve(
    database: Place = None,
    region: Annotated[
        str, typer.Option(metavar="REGION", help="Whose rules settle: of `policy list`.")
    ] = "tianjin",
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port to listen on.")] = 8000,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes that work.")] = 1,
) -> None:
    """Run the HTTP service until it is told to stop. GET /openapi.json says what it can do."""
    from functools import partial

    from yibao.api.main import application
    from yibao.api.serve import serve as run
    from yibao.policy.policy import load_policy
    from yibao.store import migrate
    from yibao.store.server import serving, wanted

    load_policy(region)  # what is wrong with it is told here, once, not by each worker
    with serving(wanted(database)) as url:
        migrate.require_newest(url)
        run(partial(application, url, region), host=host, port=port, workers=workers)
