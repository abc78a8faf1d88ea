"""The command line: arguments in, text or JSON and an exit code out.

It starts fast: commands are declared in modules that import nothing heavy, and import what they
need when they run. It may import everything below it; nothing imports it.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
import traceback
from importlib import import_module
from importlib.util import find_spec
from io import TextIOWrapper
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from yibao.cli import exit_codes, failure
from yibao.errors import YibaoError

COMMANDS = (
    "settle_commands",
    "policy_commands",
    "analysis_commands",
    "book_commands",
    "conform_commands",
    "new_commands",
    "simulate_commands",
    "procedure_commands",
    "population_commands",
    "db_commands",
    "audit_commands",
    "key_commands",
    "registry_commands",
    "enrol_commands",
    "match_commands",
    "contributions_commands",
    "accounts_commands",
    "serve_commands",
    "user_commands",
    "ledger_commands",
    "clearing_commands",
    "reconcile_commands",
    "desk_commands",
    "qualify_commands",
    "filing_commands",
    "prescription_commands",
    "product_commands",
    "interface_commands",
    "client_commands",
    "sandbox_commands",
    "fhir_commands",
    "demo",
)
"""Modules of this package; each has `register(app: typer.Typer) -> None`."""


class _Guarded(TyperGroup):
    """Turns what goes wrong into one message on stderr and the exit code that the table gives."""

    def invoke(self, ctx: Any) -> Any:
        as_json = "--json" in ctx.args
        try:
            return super().invoke(ctx)
        except YibaoError as error:
            failure.tell(error, as_json=as_json)
            raise typer.Exit(exit_codes.of(error)) from None
        except typer.TyperException as error:  # wrong usage; Typer prints it on stderr
            if as_json:
                failure.print_object(type(error).__name__, error.exit_code, error.format_message())
            raise
        except (typer.Exit, typer.Abort, BrokenPipeError):
            raise
        except Exception as error:
            if isinstance(error, OSError) and error.errno == errno.ENOSPC:
                raise
            traceback.print_exc()
            told = "yibao: a defect of this program, please report it / 程序缺陷，请报告"
            typer.echo(told, err=True)
            if as_json:
                failure.print_object(type(error).__name__, exit_codes.DEFECT, told)
            raise typer.Exit(exit_codes.DEFECT) from None


def _epilog() -> str:
    codes = "; ".join(f"{code} {en}" for code, (_, en) in exit_codes.TABLE.items())
    return f"Exit codes: {codes}."


app = typer.Typer(
    name="yibao",
    cls=_Guarded,
    help="医保 Yibao: settle medical-insurance claims under dated, cited policy rules.",
    epilog=_epilog(),
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"yibao {version('yibao')}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    """Hold the options that stand before a command."""


for _name in COMMANDS:
    if find_spec(f"yibao.cli.{_name}") is not None:
        import_module(f"yibao.cli.{_name}").register(app)


def _stop(number: int, _: object) -> None:
    """Leave as after Ctrl-C, so that no half-written file stays."""
    sys.exit(128 + number)


def main() -> None:
    """Run the command line; the console script `yibao`."""
    signal.signal(signal.SIGTERM, _stop)
    if hasattr(signal, "SIGPIPE"):  # a reader that has enough ends the program, as for cat
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    for stream in (sys.stdout, sys.stderr):  # a console that is not UTF-8 lacks some characters
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        try:
            app(prog_name="yibao")
        finally:
            sys.stdout.flush()  # what does not fit shows here, not after the last line of Python
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python tries again
        typer.echo(f"standard output: {error.strerror} / 标准输出写不下", err=True)
        sys.exit(exit_codes.OUTPUT)
