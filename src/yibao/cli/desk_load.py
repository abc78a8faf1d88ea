"""What `yibao desk load` does."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from yibao.agency.desk.load import Load, Loaded, NotLoaded, load, uncollected
from yibao.agency.desk.model import DeskError
from yibao.agency.enrolment.statuses import statuses_of_many
from yibao.agency.imports import Imported
from yibao.cli.agency_run import finish, rejects_file
from yibao.cli.desk_office import office as desk_office
from yibao.cli.settle_run import exits
from yibao.cli.sharing import At
from yibao.errors import ClaimError, PolicyError, YibaoError
from yibao.interop.files.claims import Claims, Origin, read_claims, reject
from yibao.interop.files.columns import claim_columns
from yibao.interop.files.encoding import Encoding
from yibao.interop.files.persons import Persons
from yibao.interop.files.reasons import rule_of
from yibao.interop.files.rows import Reject, RowError
from yibao.interop.files.tabular import open_table
from yibao.money import format_yuan
from yibao.settlement.enrolment import Enrolment
from yibao.settlement.model import Claim
from yibao.store.database import Connection
from yibao.text import Text


def load_files(
    at: At, files: Sequence[Path], name: str, rejects: Path | None, encoding: Encoding | None
) -> None:
    """Load files of claims under a name, all or none; leaves with the exit code."""
    with exits(at.lang, as_json=at.as_json), uncollected():
        target = rejects_file(files, rejects)
        office = desk_office(at)
        region = office.policy.region
        with at.opened() as database:
            enrolment = database.run(lambda c: _enrolment(c, files, encoding))
            persons = Persons(enrolment, given=_CHOSEN)
            read = read_claims(files, region, persons, encoding=encoding)
            done = Imported(rows=read.rows, rejects=[*read.rejects, *_reversals(read)])
            more: Mapping[str, Any] = {}
            if not done.rejects:
                claims = [item.what for item in read.items if isinstance(item.what, Claim)]
                wanted = Load(name, _digest(files), claims)
                try:
                    loaded = database.run(lambda c: load(c, office, wanted, actor=at.who))
                except NotLoaded as error:
                    done.rejects += _rejects(read, error)
                else:
                    done.made, done.unchanged = (0, read.rows) if loaded.again else (read.rows, 0)
                    more = _says(loaded)
        finish(done, claim_columns(region), target, at.lang, as_json=at.as_json, more=more)


_CHOSEN = frozenset({"chosen_institution", "contracted_institution"})
"""What the register knows that a file may leave out."""


def _enrolment(
    connection: Connection, files: Sequence[Path], encoding: Encoding | None
) -> Enrolment:
    """Return when the persons of claims files are insured, as the register has it."""
    ids: set[str] = set()
    for file in files:
        table = open_table(file, "claims", encoding)
        if "person_id" in table.columns:
            at = table.columns.index("person_id")
            ids |= {r.cells[at].strip() for r in table.records if r.problem is None}
    known = statuses_of_many(connection, sorted(ids))
    return Enrolment(status for own in known.values() for status in own)


def _reversals(read: Claims) -> list[Reject]:
    """Return rows that take a claim back: that is done at the desk, or the claim is left out."""
    return [
        reject(item.source, "reverses", item.what.reverses, "empty")
        for item in read.items
        if not isinstance(item.what, Claim) and isinstance(item.source, Origin)
    ]


def _rejects(read: Claims, refused: NotLoaded) -> list[Reject]:
    """Return the rows of claims that were refused."""
    origins = {id(item.what): item.source for item in read.items}
    found = []
    for claim, error in refused.problems:
        source = origins[id(claim)]
        assert isinstance(source, Origin)
        column, value, rule, why = _reason(error)
        row = source.record
        told = RowError(row.file, row.row, column, value, rule, why)
        found.append(Reject(row, source.columns, (told,)))
    return found


def _reason(error: YibaoError) -> tuple[str, str, str, Text]:
    """Return the column, the value, the rule and the reason of a refusal."""
    if isinstance(error, PolicyError):
        return "", "", rule_of(error), error.text
    assert isinstance(error, ClaimError | DeskError)
    return (
        error.column,
        error.value,
        error.rule,
        Text((isinstance(error, DeskError) and error.zh) or str(error), str(error)),
    )


def _digest(files: Sequence[Path]) -> str:
    digest = hashlib.sha256()
    for file in files:
        with file.open("rb") as stream:
            digest.update(hashlib.file_digest(stream, "sha256").digest())
    return digest.hexdigest()


def _says(done: Loaded) -> Mapping[str, Any]:
    numbers = {"first": done.first, "last": done.last}
    if done.again:
        return numbers
    return numbers | {"total": format_yuan(done.total), "fund_pay": format_yuan(done.fund_pay)}
