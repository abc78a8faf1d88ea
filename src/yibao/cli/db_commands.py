"""`yibao db`: make, bring up to date, back up and restore the database."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Place = Annotated[
    str | None,
    typer.Option(
        "--database",
        metavar="FOLDER|URL",
        help="A folder for the embedded PostgreSQL, or the URL of another; "
        "else $YIBAO_DATABASE_URL, else ./yibao-data.",
    ),
]


db = typer.Typer(
    help="Make, upgrade, back up and restore the database.",
    no_args_is_help=True,
)


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.add_typer(db, name="db")


@db.command(epilog="Example: yibao db init --database ./yibao-data --region tianjin")
def init(
    database: Place = None,
    region: Annotated[
        str | None,
        typer.Option(
            metavar="REGION",
            help="By whose rules it is run from now on; else those of the first that writes to it.",
        ),
    ] = None,
) -> None:
    """Make the database, or bring an empty one to this program's schema."""
    from yibao.cli.database import opened
    from yibao.cli.options import default_language
    from yibao.cli.settle_run import exits, place_of

    if region is not None:
        place_of(region)  # a name that is none is told before anything is made
    _upgrade(database, make=True)
    if region is not None:
        with exits(default_language()), opened(database, region):
            typer.echo(f"region {region} / 地区 {region}")


@db.command(epilog="Example: yibao db upgrade")
def upgrade(database: Place = None) -> None:
    """Bring the schema to that of this program. Make a backup before."""
    _upgrade(database, make=False)


def _upgrade(database: str | None, *, make: bool) -> None:
    from yibao.store import migrate
    from yibao.store.keys import file_of
    from yibao.store.server import serving, wanted

    place = wanted(database)
    with serving(place, make=make) as url:
        before, after = migrate.upgrade(url)
        keys = None if before == after else file_of(url)
    if before == after:
        typer.echo(f"{place}: schema {after}, nothing to do / 已是最新")
    else:
        typer.echo(f"{place}: schema {before or 'empty'} -> {after}")
        typer.echo(f"keys, to be kept apart / 密钥文件，请另行保管: {keys}")


@db.command(epilog="Example: yibao db backup backup-2026-11-28.dump")
def backup(
    file: Path,
    database: Place = None,
    *,
    force: Annotated[bool, typer.Option("--force", help="Overwrite a file that is there.")] = False,
) -> None:
    """Write a backup of everything into one file, which must not be there yet."""
    from yibao.errors import CannotWrite
    from yibao.store.backup import backup as write
    from yibao.store.server import serving, wanted

    if file.exists() and not force:
        raise CannotWrite(f"{file} is there: give another name, or --force / 文件已存在")
    with serving(wanted(database)) as url:
        size = write(url, file)
    typer.echo(f"{file}: {size:,} bytes")


@db.command(epilog="Example: yibao db restore backup-2026-11-28.dump --database ./restored")
def restore(file: Path, database: Place = None) -> None:
    """Fill a new, empty database from a backup."""
    from yibao.store import migrate
    from yibao.store.backup import restore as read
    from yibao.store.server import serving, wanted

    place = wanted(database)
    with serving(place, make=True) as url:
        read(url, file)
        found = migrate.version(url)
    typer.echo(f"{place}: restored, schema {found}")
