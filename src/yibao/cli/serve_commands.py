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
        str, typer.Option(metavar="REGION", help="Whose rules settle: the region of the database.")
    ] = "tianjin",
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port to listen on.")] = 8000,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes that work.")] = 1,
) -> None:
    """Run the HTTP service until it is told to stop. GET /openapi.json says what it can do."""
    from functools import partial

    from yibao.api.main import application
    from yibao.api.serve import serve as run
    from yibao.cli.database import bind, located
    from yibao.cli.options import default_language
    from yibao.cli.settle_run import exits
    from yibao.policy.policy import load_policy
    from yibao.store.database import Database
    from yibao.store.vault import vault

    load_policy(region)  # what is wrong with it is told here, once, not by each worker
    with exits(default_language()), located(database) as url:
        with Database(url, connections=1) as opened:
            opened.run(lambda connection: bind(connection, region))
            opened.run(vault)  # without the right keys it does not start
        run(partial(application, url, region), host=host, port=port, workers=workers)
