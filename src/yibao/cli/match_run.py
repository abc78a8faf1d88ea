"""What `enrol duplicates`, `decide` and `decisions` do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from yibao.agency.matching import decisions as decided
from yibao.agency.matching import records
from yibao.agency.matching.decisions import TASKS, Decision
from yibao.agency.matching.likeness import COMPARISONS, THRESHOLD
from yibao.agency.matching.pairs import KINDS, Pair
from yibao.agency.matching.search import search
from yibao.cli.agency_run import readers, rejects_file, tell
from yibao.cli.options import Language
from yibao.cli.output import console
from yibao.cli.settle_run import exits
from yibao.cli.sharing import At
from yibao.cli.targets import check_targets, remove_old, written_twice
from yibao.cli.work import run
from yibao.interop.files.encoding import Encoding
from yibao.interop.files.output import Cell, OutKind, Sheet, write_files
from yibao.interop.files.results import rejects_sheet
from yibao.interop.files.rows import Reject, visible
from yibao.money import format_yuan
from yibao.store.database import Connection
from yibao.store.vault import Vault, vault
from yibao.text import Text

_SHOWN = 10
_TITLES = {c.field: c.title for c in COMPARISONS} | {"days": Text("参保", "enrolment")}


@dataclass(frozen=True, slots=True)
class Search:
    """How duplicates are looked for, and where they are written."""

    files: Sequence[Path]
    exact: bool
    threshold: float | None
    output: Path | None
    rejects: Path | None
    encoding: Encoding | None


def duplicates(at: At, how: Search) -> None:
    """Look for duplicates; leaves with the exit code."""
    with exits(at.lang, as_json=at.as_json):
        target = rejects_file(how.files, how.rejects) if how.files else None
        outputs = [how.output] if how.output else []
        check_targets(outputs, how.files)
        if target is not None and target.resolve() in {out.resolve() for out in outputs}:
            raise written_twice(target)
        refused: list[Reject] = []
        with _busy(at.lang), at.opened() as store, store.transaction() as connection:
            theirs = list(_theirs(vault(connection), how, refused))
            found = search(
                connection,
                theirs,
                threshold=THRESHOLD if how.threshold is None else how.threshold,
                likeness=not how.exact,
            )
        sheets = {out: [_sheet(found, at.lang)] for out in outputs}
        if target is not None and refused:
            order = [column.name for column in records.columns()]
            sheets[target] = [rejects_sheet(refused, order, at.lang)]
        write_files(sheets)
        counts = Counter(pair.kind for pair in found)
        if not at.as_json:
            _print(found, counts, at.lang)
        tell(
            {"rows": len(theirs) + len(refused), "rejected": len(refused)} if how.files else {},
            refused,
            sheets,
            remove_old([target] if target else [], sheets),
            at.lang,
            as_json=at.as_json,
            more={
                "found": {kind: counts[kind] for kind in KINDS},
                "pairs": list(map(_data, found)),
            },
        )


def _theirs(safe: Vault, how: Search, refused: list[Reject]) -> Iterator[records.Record]:
    if how.files:
        rows = readers(how.files, "records", records.columns(), how.encoding)
        yield from records.theirs(safe, rows, refused)


def _busy(language: Language) -> Any:
    """Return a line that is shown for as long as the work lasts, on a terminal."""
    page = console(stderr=True)
    told = Text("比对中…", "comparing …").pick(language)
    return page.status(told) if page.is_terminal else nullcontext()


def _print(found: Sequence[Pair], counts: Counter[Any], language: Language) -> None:
    page = console()
    for pair in found[:_SHOWN]:
        likely = "" if pair.probability is None else f" {pair.probability:.2f}"
        title = f"{KINDS[pair.kind].pick(language)}{likely}: {pair.left.key} – {pair.right.key}"
        page.print(visible(title), style="bold", soft_wrap=True)
        page.print(f"  {visible(_why(pair, language))}", soft_wrap=True)
    if len(found) > _SHOWN:
        more = len(found) - _SHOWN
        page.print(Text(f"……另有 {more} 对", f"… and {more} more pairs").pick(language))
    told = [f"{KINDS[kind].pick(language)} {counts[kind]:,}" for kind in KINDS if counts[kind]]
    page.print(" · ".join(told) or Text("没有", "none").pick(language))


def _why(pair: Pair, language: Language) -> str:
    return "; ".join(reason.says.pick(language) for reason in pair.reasons)


def _data(pair: Pair) -> dict[str, Any]:
    return {
        "kind": pair.kind,
        "probability": pair.probability,
        "left": pair.left.key,
        "right": pair.right.key,
        "reasons": [
            {"field": r.field, "level": r.level, "says": r.says, "title": _TITLES[r.field]}
            for r in pair.reasons
        ],
    }


_SIDE: Sequence[tuple[str, OutKind]] = (
    ("key", "text"),
    ("name", "text"),
    ("birth_date", "date"),
    ("sex", "text"),
    ("document", "text"),
    ("number", "text"),
    ("division", "text"),
    ("phone", "text"),
)


def _sheet(found: Sequence[Pair], language: Language) -> Sheet:
    columns: list[tuple[str, OutKind]] = [
        ("kind", "text"),
        ("probability", "figure"),
        *((f"left_{name}", kind) for name, kind in _SIDE),
        *((f"right_{name}", kind) for name, kind in _SIDE),
        ("reasons", "long"),
    ]
    return Sheet("pairs", columns, (_row(pair, language) for pair in found))


def _row(pair: Pair, language: Language) -> list[Cell]:
    sides = [
        None if value == date.min else value
        for record in (pair.left, pair.right)
        for name, _ in _SIDE
        for value in (getattr(record, name),)
    ]
    likely = None if pair.probability is None else f"{pair.probability:.4f}"
    return [pair.kind, likely, *sides, _why(pair, language)]


# --- decisions ------------------------------------------------------------------------------------


def decide(
    at: At, one: str, other: str, last: date | None, *, take_number: bool, reason: str
) -> None:
    """Decide about a pair: one person where `last` is given."""

    def work(connection: Connection, who: str) -> dict[str, Any]:
        if last is None:
            made = decided.different(connection, one, other, reason=reason, actor=who)
            return {"outcome": "different", "made": made}
        decision = decided.same(
            *(connection, one, other, last),
            reason=reason,
            actor=who,
            take_number=take_number,
        )
        return _told(decision, at.lang)

    run(at, work)


def decisions(at: At, key: str | None) -> None:
    """Show what was decided."""

    def work(connection: Connection, _: str) -> dict[str, Any]:
        found = decided.decisions(connection, key)
        rows = [{"left": d.left, "right": d.right, **_told(d, at.lang)} for d in found]
        if not at.as_json:  # on one line each
            rows = [{**row, "left_to_do": _tasks(row["left_to_do"])} for row in rows]
        return {"decisions": rows}

    run(at, work)


def _tasks(tasks: Sequence[Mapping[str, Any]]) -> str:
    told = ((task["what"], task["subject"], task["amount"]) for task in tasks)
    return "; ".join(" ".join(filter(None, task)) for task in told)


def _told(decision: Decision, language: Language) -> dict[str, Any]:
    return {
        "outcome": decision.outcome,
        "kept": decision.kept,
        "last": decision.last,
        "left_to_do": [
            {
                "kind": task.kind,
                "what": TASKS[task.kind].pick(language),
                "subject": task.subject,
                "amount": format_yuan(task.fen) if task.fen else None,
            }
            for task in decision.left_to_do
        ],
        "reason": decision.reason,
        "by": decision.actor,
        "at": decision.decided_at,
    }
