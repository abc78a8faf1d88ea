"""Whom the database is about, sealed; the audit log, chained by hashes.

What was written before there were keys is sealed too: particulars, former particulars in the audit
log, kept replies that tell them. Numbers in keys and subjects become blind ones. Ids of persons
stay what they are, though some may be identity numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from psycopg.types.json import Jsonb

from yibao.store.migrations.script import driver, run
from yibao.store.vault import Vault, make_ready

revision = "0018"
down_revision = "0017"

_SEALED = ("name", "identity_number", "phone")


def upgrade() -> None:
    """Apply; raises StoreError where there are no keys."""
    run("0018_seal")
    safe = make_ready(driver())
    _persons(safe)
    _elsewhere(safe)
    _gaps(safe)
    with _changeable("matching.decision"):
        _decisions(safe)
    with _changeable("ops.request"):
        _replies(safe)
    with _changeable("ops.audit"):
        _audit(safe)
    run("0018_sealed")
    run("0018_audit_chain")


@contextmanager
def _changeable(table: str) -> Iterator[None]:
    driver().execute(f"ALTER TABLE {table} DISABLE TRIGGER append_only")
    yield
    driver().execute(f"ALTER TABLE {table} ENABLE TRIGGER append_only")


def _each(query: str, update: str, made: Callable[..., tuple[Any, ...]]) -> None:
    """Update by what is made of each row of a query."""
    rows = [made(*row) for row in driver().execute(query).fetchall()]
    with driver().cursor() as cursor:
        cursor.executemany(update, rows)


def _persons(safe: Vault) -> None:
    def made(person: str, number: str | None, name: str, phone: str) -> tuple[Any, ...]:
        def about(column: str) -> str:
            return f"enrolment.person.{column}:{person}"

        return (
            None if number is None else safe.seal(number, about("identity_number")),
            None if number is None else safe.index("identity", number.upper()),
            safe.seal(name, about("name")),
            safe.index("name", name) if name else b"",
            safe.seal(phone, about("phone")),
            person,
        )

    _each(
        "SELECT person_id, identity_number, name, phone FROM enrolment.person",
        "UPDATE enrolment.person SET sealed_identity = %s, identity_index = %s, "
        "sealed_name = %s, name_index = %s, sealed_phone = %s WHERE person_id = %s",
        made,
    )


def _elsewhere(safe: Vault) -> None:
    def made(number: str) -> tuple[Any, ...]:
        index = safe.index("identity", number.upper())
        about = f"enrolment.elsewhere.identity_number:{index.hex()}"
        return safe.seal(number, about), index, number

    _each(
        "SELECT DISTINCT identity_number FROM enrolment.elsewhere",
        "UPDATE enrolment.elsewhere SET sealed_identity = %s, identity_index = %s "
        "WHERE identity_number = %s",
        made,
    )


def _gaps(safe: Vault) -> None:
    def made(gap: int, number: str, name: str) -> tuple[Any, ...]:
        index = safe.index("identity", number.upper())
        about = f"matching.gap.{{}}:{index.hex()}"
        sealed = safe.seal(number, about.format("identity_number"))
        return sealed, index, safe.seal(name, about.format("name")), gap

    _each(
        "SELECT gap_id, identity_number, name FROM matching.gap",
        "UPDATE matching.gap SET sealed_identity = %s, identity_index = %s, sealed_name = %s "
        "WHERE gap_id = %s",
        made,
    )


def _blind_key(safe: Vault, key: str) -> str:
    """Return the key of a record with a blind number where it has an identity number."""
    region, _, number = key.partition(":")
    if region == "person" or not (len(number) in {15, 18} and number[:14].isdigit()):
        return key
    return f"{region}:{safe.index('identity', number.upper()).hex()}"


def _decisions(safe: Vault) -> None:
    def made(number: int, left: str, right: str, kept: str | None, tasks: Any) -> tuple[Any, ...]:
        blind = [key and _blind_key(safe, key) for key in (left, right, kept)]
        told = [{**task, "subject": _blind_key(safe, task["subject"])} for task in tasks]
        return *blind, Jsonb(told), number

    _each(
        "SELECT decision_id, left_key, right_key, kept, left_to_do FROM matching.decision",
        "UPDATE matching.decision SET left_key = %s, right_key = %s, kept = %s, left_to_do = %s "
        "WHERE decision_id = %s",
        made,
    )


def _replies(safe: Vault) -> None:
    _each(
        "SELECT caller, key, reply FROM ops.request "
        """WHERE reply ~ '"(identity_number|name|phone|left|right)"'""",
        "UPDATE ops.request SET reply = %s WHERE (caller, key) = (%s, %s)",
        lambda caller, key, reply: (
            safe.token(reply, f"ops.request.reply:{caller} {key}"),
            caller,
            key,
        ),
    )


def _audit(safe: Vault) -> None:
    def made(number: int, action: str, subject: str, detail: dict[str, Any]) -> tuple[Any, ...]:
        about, _, what = subject.partition(":")
        if about == "gap":
            row = driver().execute(
                "SELECT gap_id FROM matching.gap WHERE identity_number = %s", (what,)
            )
            subject = f"gap:{(row.fetchone() or ['unknown'])[0]}"
        elif about == "identity":
            subject = f"identity:{safe.index('identity', what).hex()}"
        elif action == "register":
            detail.pop("name", None)
        elif action == "change":
            detail = detail.get("before", {})
            told = {name: detail.pop(name) for name in _SEALED if name in detail}
            if told:
                detail["sealed"] = safe.token_of(told, f"ops.audit.detail:{subject}")
        elif action == "decide-pair":
            for name in ("other", "kept"):
                detail[name] = detail.get(name) and _blind_key(safe, detail[name])
        return subject, Jsonb(detail), number

    _each(
        "SELECT audit_id, action, subject, detail FROM ops.audit WHERE action IN "
        "('register', 'change', 'decide-pair', 'gap', 'close-gap', 'elsewhere')",
        "UPDATE ops.audit SET subject = %s, detail = %s WHERE audit_id = %s",
        made,
    )
