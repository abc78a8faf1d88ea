"""`yibao sample city`: write the persons and claims of a made-up city."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from yibao.cli.options import default_language

if TYPE_CHECKING:
    from yibao.interop.files.output import Sheet

RegionName = Literal["tianjin", "jining"]


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    sample = typer.Typer(help="Make up input to try things with.", no_args_is_help=True)
    sample.callback()(_group)
    sample.command()(city)
    app.add_typer(sample, name="sample")


def _group() -> None:
    """Make up input to try things with."""


def city(
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder to write to.")],
    region: Annotated[RegionName, typer.Option("--region", help="Whose habits.")] = "tianjin",
    persons: Annotated[int, typer.Option("--persons", min=1, max=1_000_000)] = 2_000,
    seed: Annotated[int, typer.Option("--seed", help="Another seed, another city.")] = 1,
) -> None:
    """Write the persons and claims of a made-up city.

    The files are persons.csv and claims.csv; the same seed gives the same bytes.

    \b
    Example: yibao sample city --region tianjin --persons 2000 -o city
    """
    from yibao.cli.settle_run import exits

    with exits(default_language()):
        for file in write_city(output, region, persons, seed):
            typer.echo(str(file))


def write_city(folder: Path, region: str, persons: int, seed: int = 1) -> tuple[Path, Path]:
    """Write a made-up city into a folder, which is made when it is not there.

    Returns the persons file and the claims file. Raises OutputError.
    """
    from yibao.cli.sample_city import CLAIM_COLUMNS, PERSON_COLUMNS, sample_city
    from yibao.interop.files.output import write_files
    from yibao.interop.files.rows import OutputError

    made = sample_city(region, persons, seed)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(folder, error.strerror or str(error)) from None
    files = (folder / "persons.csv", folder / "claims.csv")
    tables = (_sheet(PERSON_COLUMNS, made.persons), _sheet(CLAIM_COLUMNS, made.claims))
    write_files({file: [table] for file, table in zip(files, tables, strict=True)})
    return files


def _sheet(names: Sequence[str], rows: Iterable[Mapping[str, str]]) -> Sheet:
    from yibao.interop.files.output import Sheet

    return Sheet("", [(name, "text") for name in names], ([r[n] for n in names] for r in rows))
