"""Write small rule packs and make claims under them, for tests that need exactly one rule.

A pack is written as JSON, which strict YAML reads. Amounts are text in yuan, as in the format.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

from yibao.money import parse_yuan
from yibao.policy.policy import Policy, load_policy
from yibao.policy.vocabulary import vocabulary
from yibao.settlement.book import Book
from yibao.settlement.enrolment import Enrolment
from yibao.settlement.model import Claim, Settlement, Status

Rules = dict[str, Any]

SAYS = {"zh": "例", "en": "an example"}
CITED = {"cite": "1", "says": SAYS}
LAYERS = ["basic", "serious_illness", "assistance", "supplement"]

PERSON = {"scheme": "resident", "category": "adult"}
VISIT = {"visit": "inpatient"}

# --- packs --------------------------------------------------------------------------------------


def table(
    unit: str,
    rows: str | int | Sequence[Mapping[str, Any]],
    keys: Mapping[str, Sequence[Any]] | None = None,
    **provision: Any,
) -> Rules:
    """Return a table of one provision; a single value makes a table without keys."""
    rows = [{"value": rows}] if isinstance(rows, str | int) else list(rows)
    head = {"title": SAYS, "unit": unit} | ({"keys": keys} if keys else {})
    return head | {"provisions": [CITED | provision | {"rows": rows}]}


def bands(unit: str, *values: str) -> Rules:
    """Return a table keyed by the number of the band."""
    names = [str(n + 1) for n in range(len(values))]
    rows = [{"band": name, "value": value} for name, value in zip(names, values, strict=True)]
    return table(unit, rows, {"band": names})


def state(*names: str, unit: str = "yuan", scope: str = "year") -> Rules:
    """Return state declarations."""
    return {name: {"title": SAYS, "unit": unit, "scope": scope} for name in names}


def step(step_id: str, order: int, op: str, **fields: Any) -> Rules:
    """Return a step; write `from_` and `if_` for the fields that are Python words."""
    fields = {name.rstrip("_"): value for name, value in fields.items()}
    return {"id": step_id, "order": order, "op": op} | CITED | fields


def add_document(
    folder: Path,
    rules: Rules,
    name: str = "rules",
    *,
    start: str = "2000-01-01",
    end: str | None = None,
    **document: Any,
) -> Path:
    """Write one document folder with one rules file; return it."""
    path = folder / f"{name}@{start}"
    path.mkdir(parents=True)
    head = {"title": SAYS, "number": name, "issuer": SAYS, "kind": "policy", "known": start}
    head |= {"effective": {"from": start, "to": end}} | document
    (path / "document.yaml").write_text(json.dumps(head), encoding="utf-8")
    if rules:
        (path / "rules.yaml").write_text(json.dumps(rules), encoding="utf-8")
    return path


def add_region(folder: Path, stays: str = "discharge") -> Path:
    """Write region.yaml; return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    rule = {"stays": stays, "cite": "1", "says": SAYS}
    region = {"name": SAYS, "level": "city", "division": "000000", "date_rule": rule}
    (folder / "region.yaml").write_text(json.dumps(region), encoding="utf-8")
    return folder


def make_policy(folder: Path, rules: Rules, **load: Any) -> Policy:
    """Write a region of one document and load it."""
    add_region(folder)
    layers = [CITED | {"order": LAYERS}]
    add_document(folder, {"layers": layers} | rules)
    return load_policy(folder, **load)


# --- persons and claims -------------------------------------------------------------------------


def status(
    person: str = "p",
    first: str = "2000-01-01",
    last: str | None = None,
    birth: str = "1980-01-01",
    **facts: Any,
) -> Status:
    """Return a person's status; facts that are left out take PERSON's, then the absent value."""
    known = PERSON | facts
    words = [a for a in vocabulary().of("person") if a.kind != "number"]
    assert known.keys() <= {a.name for a in words}
    return Status(
        person_id=person,
        first=date.fromisoformat(first),
        last=date.fromisoformat(last) if last else None,
        birth_date=date.fromisoformat(birth),
        facts=tuple(known.get(a.name, a.absent) for a in words),
    )


def claim(
    claim_id: str,
    day: str,
    in_scope: str = "0",
    *,
    person: str = "p",
    admitted: str | None = None,
    episode: str = "",
    account: str = "0",
    **rest: Any,
) -> Claim:
    """Return a claim discharged and settled on `day`; amounts in yuan, the total is their sum."""
    words = vocabulary()
    amounts = {"in_scope": parse_yuan(in_scope)}
    amounts |= {name: parse_yuan(rest.pop(name)) for name in words.amounts if name in rest}
    amounts["total"] = sum(amounts.get(part, 0) for part in words.amounts["total"].parts)
    facts = VISIT | rest
    assert facts.keys() <= {a.name for a in words.of("claim")}
    return Claim(
        claim_id=claim_id,
        person_id=person,
        admitted=date.fromisoformat(admitted or day),
        discharged=date.fromisoformat(day),
        settled_at=datetime.fromisoformat(f"{day}T12:00:00"),
        facts=tuple(facts.get(a.name, a.absent) for a in words.of("claim")),
        amounts=tuple(amounts.get(name, 0) for name in words.amounts),
        episode=episode,
        account_available=parse_yuan(account),
    )


def make_book(policy: Policy, *statuses: Status) -> Book:
    """Return a book with these statuses, by default one person "p" insured since 2000."""
    return Book(policy, Enrolment(statuses or [status()]))


def settle_all(book: Book, claims: Sequence[Claim]) -> list[Settlement]:
    """Settle claims in their order."""
    return [book.settle(c) for c in claims]


def paid(settlements: Sequence[Settlement], fund: str = "pool_pay") -> list[int]:
    """Return what a fund paid for each, in fen."""
    return [s.figure(fund) for s in settlements]
