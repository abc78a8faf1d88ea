"""`yibao sample`: make up a city's claims, a town's files, what its bank and hospitals send."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from yibao.cli.options import default_language, parse_date

if TYPE_CHECKING:
    from yibao.interop.files.output import Sheet

RegionName = Literal["tianjin", "jining"]


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    sample = typer.Typer(help="Make up input to try things with.", no_args_is_help=True)
    sample.callback()(_group)
    for command in (city, town, bank, hospital):
        sample.command()(command)
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


def town(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Folder to write to.")],
    seed: Annotated[int, typer.Option("--seed", help="Another seed, another town.")] = 1,
) -> None:
    """Write the files of a made-up town of Tianjin.

    They are for the commands of an agency.

    Institutions, agreements, catalogues, employers, households, staff, a month of bills with their
    lines, a bill on paper with its invoices. The same seed gives the same bytes.

    \b
    Example: yibao sample town town
    """
    from yibao.cli.sample_town import sample_town
    from yibao.cli.settle_run import exits

    with exits(default_language()):
        for file in write_tables(folder, sample_town(seed).files):
            typer.echo(str(file))


def bank(
    arrears: Annotated[
        Path, typer.Argument(metavar="ARREARS", help="As `contributions arrears` wrote them, CSV.")
    ],
    *,
    on: Annotated[
        date, typer.Option("--on", metavar="DATE", parser=parse_date, help="When it came in.")
    ],
    output: Annotated[Path, typer.Option("-o", "--output", help=".csv")],
) -> None:
    """Write a bank's file in which everybody pays all that they owe.

    \b
    Example: yibao sample bank arrears.csv --on 2021-12-20 -o bank.csv
    """
    from yibao.cli.sample_replies import receipts

    _write_csv(output, receipts(read_rows(arrears), on))


def hospital(
    settled: Annotated[
        Path, typer.Argument(metavar="SETTLED", help="As `desk settle -o` wrote it, CSV.")
    ],
    *,
    institution: Annotated[str, typer.Option(help="Whose file it is.")],
    output: Annotated[Path, typer.Option("-o", "--output", help=".csv")],
) -> None:
    """Write a hospital's own file of what was settled.

    One amount of it is 36.00 too high.

    \b
    Example: yibao sample hospital settled.csv --institution H12019900003 -o hospital.csv
    """
    from yibao.cli.sample_replies import own_records

    _write_csv(output, own_records(read_rows(settled), institution))


def read_rows(file: Path) -> list[dict[str, str]]:
    """Return the rows of a CSV file that this program wrote; raises CannotRead."""
    import csv

    from yibao.errors import CannotRead

    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            return list(csv.DictReader(stream))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CannotRead(f"{file}: {error}") from None


def _write_csv(file: Path, rows: Sequence[Mapping[str, str]]) -> None:
    from yibao.interop.files.output import write_files

    write_files({file: [_sheet(_columns(rows), rows)]})
    typer.echo(str(file))


def _columns(rows: Sequence[Mapping[str, str]]) -> list[str]:
    return list(dict.fromkeys(name for row in rows for name in row))


def write_tables(folder: Path, tables: Mapping[str, Sequence[Mapping[str, str]]]) -> list[Path]:
    """Write tables into a folder, which is made when it is not there, each as a CSV file.

    Raises OutputError.
    """
    from yibao.interop.files.output import write_files

    _make(folder)
    files = {folder / f"{name}.csv": rows for name, rows in tables.items()}
    write_files({file: [_sheet(_columns(rows), rows)] for file, rows in files.items()})
    return list(files)


def _make(folder: Path) -> None:
    from yibao.interop.files.rows import OutputError

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(folder, error.strerror or str(error)) from None


def write_city(folder: Path, region: str, persons: int, seed: int = 1) -> tuple[Path, Path]:
    """Write a made-up city into a folder, which is made when it is not there.

    Returns the persons file and the claims file. Raises OutputError.
    """
    from yibao.cli.sample_city import CLAIM_COLUMNS, PERSON_COLUMNS, sample_city
    from yibao.interop.files.output import write_files

    made = sample_city(region, persons, seed)
    _make(folder)
    files = (folder / "persons.csv", folder / "claims.csv")
    tables = (_sheet(PERSON_COLUMNS, made.persons), _sheet(CLAIM_COLUMNS, made.claims))
    write_files({file: [table] for file, table in zip(files, tables, strict=True)})
    return files


def _sheet(names: Sequence[str], rows: Iterable[Mapping[str, str]]) -> Sheet:
    from yibao.interop.files.output import Sheet

    return Sheet(
        "", [(name, "text") for name in names], ([r.get(n, "") for n in names] for r in rows)
    )
