"""`yibao demo`: what the product does, on published examples, on each visit type, on a city."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from yibao.cli.options import Lang, default_language

if TYPE_CHECKING:
    from yibao.cli.options import Language

_LANGUAGE = default_language()


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(demo)


def demo(lang: Lang = _LANGUAGE) -> None:
    """Show what Yibao does, on examples and a made-up city."""
    from yibao.cli.demo_show import show

    language: Language = lang
    show(language)
