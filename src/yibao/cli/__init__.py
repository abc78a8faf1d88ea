"""The command line: arguments in, text or JSON and an exit code out.

It starts fast: commands are declared in modules that import nothing heavy, and import what they
need when they run. It may import everything below it; nothing imports it.
"""

from __future__ import annotations

import sys
import traceback
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import typer
from typer.core import TyperGroup

from yibao.cli import exit_codes
from yibao.errors import YibaoError

COMMANDS = ("settle_commands", "policy_commands", "demo")
"""Modules of this package; each has `register(app: typer.Typer) -> None`."""


class _Guarded(TyperGroup):
    """Turns what goes wrong into one message on stderr and the exit code that the table gives."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except YibaoError as error:
            typer.echo(str(error), err=True)
            raise typer.Exit(exit_codes.of(error)) from None
        except (typer.TyperException, typer.Exit, typer.Abort, BrokenPipeError):
            raise
        except Exception:
            traceback.print_exc()
            typer.echo(
                "yibao: a defect of this program, please report it / 程序缺陷，请报告", err=True
            )
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
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

for _name in COMMANDS:
    if find_spec(f"yibao.cli.{_name}") is not None:
        import_module(f"yibao.cli.{_name}").register(app)


def main() -> None:
    """Run the command line; the console script `yibao`."""
    sys.exit(app())
