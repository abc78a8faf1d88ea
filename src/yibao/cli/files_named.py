"""The files of claims and persons that a command line names, one by one or as a folder."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import typer

from yibao.errors import CannotRead
from yibao.interop.files.folder import files_in

_ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]+:/")
"""How an address such as hdfs://… begins, once it was taken for a path."""


class Named(NamedTuple):
    """The files that a command line names."""

    claims: list[Path]
    persons: list[Path]


def files_named(claims: Sequence[Path], persons: Sequence[Path]) -> Named:
    """Return the files of claims and persons; a folder among the claims stands for its own.

    Persons that are named take the place of those in folders. Raises CannotRead for a folder
    without such files and for what is not there, BadParameter where nothing says who is insured.
    """
    for place in (*claims, *persons):
        if _ELSEWHERE.match(str(place)) and not place.exists():
            raise typer.BadParameter(
                f"{place}: only paths of the file system are read; give the one under which it is "
                "mounted / 只读取文件系统中的路径"
            )
    folders = [place for place in claims if place.is_dir()]
    if not persons and not folders:
        for place in claims:
            if not place.exists():
                raise CannotRead(f"there is no file or folder {place} / 没有这个文件或文件夹")
        raise typer.BadParameter(
            "--persons must be given, or a folder that has persons* beside claims* / 缺少 --persons"
        )
    all_claims: list[Path] = []
    all_persons = list(persons)
    for place in claims:
        all_claims += files_in(place, "claims") if place in folders else [place]
    for place in folders if not persons else ():
        all_persons += files_in(place, "persons")
    return Named(all_claims, all_persons)
