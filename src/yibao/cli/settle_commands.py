"""`yibao settle`, `yibao explain`, `yibao schema`: files in, settlements and explanations out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from yibao.cli import sample
from yibao.cli.options import AcceptGrade, AsJson, Known, Lang, Overlays, default_language

_LANGUAGE = default_language()

What = Literal[
    "claims",
    "persons",
    "payments",
    "bills",
    "lines",
    "invoices",
    "contribution",
    "account_credit",
    "account_use",
    "account_withdrawal",
    "account_interest",
    "account_closing",
]
Encoding = Literal["utf-8", "gb18030"]
EngineName = Literal["auto", "desk", "columnar", "spark"]

LARGE = 1_000_000
"""From so many rows of claims on, `--engine auto` chooses the columnar engine."""

ClaimsFiles = Annotated[
    list[Path],
    typer.Argument(
        metavar="CLAIMS…",
        help="Claims: .csv, .csv.gz, .parquet or .xlsx files; or a folder with claims* and "
        "persons*, as `population make` writes it.",
    ),
]
PersonsFiles = Annotated[
    list[Path] | None,
    typer.Option(
        "--persons",
        help="Who is insured when; may be given several times. Else persons* of the folder.",
    ),
]
PolicyName = Annotated[
    str, typer.Option("--policy", help="A region of `policy list`, or a pack's folder.")
]
Opening = Annotated[
    Path | None,
    typer.Option("--opening", help="States that a year opens with, as --closing wrote them."),
]
EncodingName = Annotated[
    Encoding | None,
    typer.Option(
        "--encoding",
        help="Encoding of CSV input that is not UTF-8. Without it GB18030 is detected where that "
        "is certain.",
    ),
]


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.command()(settle)
    app.command()(explain)
    app.command()(schema)
    sample.register(app)


def settle(
    claims: ClaimsFiles,
    *,
    persons: PersonsFiles = None,
    policy: PolicyName,
    output: Annotated[
        Path,
        typer.Option(
            "-o", "--output", help="Settlements: .csv, .csv.gz, .parquet, .xlsx; of spark a folder."
        ),
    ],
    explain: Annotated[
        bool, typer.Option("--explain", help="Write every step of every claim too.")
    ] = False,
    opening: Opening = None,
    closing: Annotated[
        Path | None,
        typer.Option("--closing", help="Write the states that the year after the last opens with."),
    ] = None,
    rejects: Annotated[
        Path | None,
        typer.Option("--rejects", help="Rejected rows; else OUTPUT.rejects.* when there are any."),
    ] = None,
    overlay: Overlays = None,
    accept_grade: AcceptGrade = "C",
    known: Known = None,
    encoding: EncodingName = None,
    engine: Annotated[
        EngineName,
        typer.Option(
            "--engine",
            help="desk keeps all in memory and can explain; columnar is for input of any size; "
            f"auto is columnar from {LARGE:,} claims on; spark is for a cluster, and writes "
            "folders of Parquet files.",
        ),
    ] = "auto",
    threads: Annotated[
        int, typer.Option("--threads", min=1, max=64, help="Of the columnar engine.")
    ] = 2,
    memory: Annotated[
        int,
        typer.Option(
            "--memory",
            min=512,
            metavar="MB",
            help="What the columnar engine may use, or one task of Spark.",
        ),
    ] = 1024,
    work: Annotated[
        Path | None,
        typer.Option(
            "--work",
            metavar="DIR",
            help="Folder for the columnar engine's or Spark's work; else a hidden one beside "
            "OUTPUT. After a stop, the same command goes on from there.",
        ),
    ] = None,
    master: Annotated[
        str | None,
        typer.Option("--master", help="Spark's master: local[2] (the default), yarn, spark://…"),
    ] = None,
    conf: Annotated[
        list[str] | None,
        typer.Option("--conf", metavar="KEY=VALUE", help="A setting of Spark; any number of them."),
    ] = None,
    as_json: AsJson = False,
    lang: Lang = _LANGUAGE,
) -> None:
    """Settle claims; write what each fund and the person pay.

    One row is written per claim. Good rows are settled; bad rows go to a rejects
    file with the reason, and the exit code is 1.

    \b
    Example: yibao settle examples/tianjin/claims.csv --persons examples/tianjin/persons.csv
               --policy tianjin -o out.xlsx --explain
             yibao settle examples/tianjin --policy tianjin -o out.csv

    \b
    On a cluster: yibao settle claims-*.parquet --persons persons-0.parquet
                    --persons persons-1.parquet --policy tianjin -o settled
                    --engine spark --master yarn
    """
    from yibao.cli import bulk_choice, settle_run
    from yibao.cli.files_named import files_named

    files = files_named(claims, persons or [])
    given = settle_run.Input(
        claims=files.claims,
        persons=files.persons,
        policy=policy,
        opening=opening,
        overlays=overlay or [],
        accept=accept_grade,
        known=known,
        encoding=encoding,
        language=lang,
    )
    wanted = settle_run.Output(
        settlements=output, explain=explain, closing=closing, rejects=rejects, as_json=as_json
    )
    how = bulk_choice.How(engine, threads, memory, work, master, conf or ())
    if engine == "spark":
        from yibao.cli import spark_run

        spark_run.settle(given, wanted, how)
    elif bulk_choice.is_columnar(given, wanted, how):
        from yibao.cli import bulk_run

        bulk_run.settle(given, wanted, how)
    else:
        settle_run.settle(given, wanted)


def explain(
    claim_id: Annotated[str, typer.Argument(help="The claim to explain.")],
    claims: ClaimsFiles,
    *,
    persons: PersonsFiles = None,
    policy: PolicyName,
    opening: Opening = None,
    overlay: Overlays = None,
    accept_grade: AcceptGrade = "C",
    known: Known = None,
    encoding: EncodingName = None,
    full: Annotated[
        bool, typer.Option("--full", help="Show steps that changed nothing, and every rival rule.")
    ] = False,
    as_json: AsJson = False,
    lang: Lang = _LANGUAGE,
) -> None:
    """Explain one claim: every step with its article.

    Printed are the bill, every step with its arithmetic and the article behind it, and who pays.

    The person's earlier claims are settled first, since the deductible and the ceilings need them.

    \b
    Example: yibao explain T08 examples/tianjin/claims.csv
               --persons examples/tianjin/persons.csv --policy tianjin
    """
    from yibao.cli import settle_run
    from yibao.cli.files_named import files_named

    files = files_named(claims, persons or [])
    settle_run.explain(
        claim_id,
        settle_run.Input(
            claims=files.claims,
            persons=files.persons,
            policy=policy,
            opening=opening,
            overlays=overlay or [],
            accept=accept_grade,
            known=known,
            encoding=encoding,
            language=lang,
        ),
        full=full,
        as_json=as_json,
    )


def schema(
    what: Annotated[What, typer.Argument(help="Which file.")],
    policy: PolicyName,
    *,
    template: Annotated[
        Path | None, typer.Option("--template", help="Write an empty table: .csv or .xlsx.")
    ] = None,
    codes: Annotated[
        str | None,
        typer.Option("--codes", metavar="COLUMN", help="Show every code of this column."),
    ] = None,
    as_json: AsJson = False,
    lang: Lang = _LANGUAGE,
) -> None:
    """Show the columns of the input files and their codes.

    \b
    Example: yibao schema claims --policy tianjin --codes visit
             yibao schema claims --policy tianjin --template claims.xlsx
    """
    from yibao.cli import settle_run

    settle_run.schema(what, policy, codes, template=template, as_json=as_json, language=lang)
