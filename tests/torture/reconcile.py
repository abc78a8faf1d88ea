"""Differences of every kind with an institution's books: each is found, and no other is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from torture.figures import Figure, How
from yibao.agency.reconcile.compare import compare
from yibao.agency.reconcile.model import Money, Row

SEEDED, LONG = 1_000, 100_000
DAY = date(2026, 3, 2)
NEXT = DAY + timedelta(days=1)
PERIOD = (DAY, DAY)


def figures(how: How) -> Iterator[Figure]:
    """Spoil the rows of days, a thousand or more, and compare them."""
    seeded = rows = 0
    kinds: Counter[str] = Counter()
    wrong = Counter({"not found": 0, "false alarms": 0})
    seed = how.seed
    while seeded < (SEEDED if how.quick else LONG):
        random = Random(seed)
        town = make_town(random, rows=random.randrange(60, 300), spoilt=random.randrange(20, 60))
        found = compare(("desk", "institution"), town.ours, town.theirs, PERIOD).differences
        told = Counter((d.kind, d.claim_no, d.flow) for d in found)
        expected = Counter(town.seeded)
        wrong["not found"] += (expected - told).total()
        wrong["false alarms"] += (told - expected).total()
        kinds.update(kind for kind, _, _ in town.seeded)
        seeded, rows, seed = seeded + len(town.seeded), rows + len(town.ours), seed + 1
    wrong["kinds never seeded"] = 7 - len(kinds)
    what = f"differences of {len(KINDS)} kinds seeded among {rows:,} rows"
    yield Figure(what, seeded, wrong)


@dataclass
class Town:
    """A day's rows of the desk, an institution's made from them, and what was spoilt on the way."""

    ours: list[Row]
    theirs: list[Row]
    seeded: set[tuple[str, str, str]]


def make_town(rng: Random, rows: int, spoilt: int) -> Town:
    ours = []
    for n in range(rows):
        parts = [rng.randrange(1, 10**7) for _ in range(3)]
        one = Row(
            f"A{n}",
            "settle",
            f"P{rng.randrange(50)}",
            rng.choice(("resident", "employee")),
            DAY,
            Money(sum(parts), *parts),
            str(n),
        )
        ours.append(one)
        if rng.random() < 0.3:
            ours.append(one._replace(flow="refund"))
    town = Town(ours, list(ours), set())
    settled = [one for one in ours if one.flow == "settle"]
    for one in rng.sample(settled, spoilt):
        spoil(rng, town, one)
    rng.shuffle(town.ours)
    rng.shuffle(town.theirs)
    return town


KINDS = (
    "missing:institution",
    "missing:desk",
    "duplicate:",
    "reversed_on_one_side:desk",
    "reversed_on_one_side:institution",
    "wrong_person:",
    "wrong_scheme:",
    "wrong_day:",
    "wrong_day:ours",
    "amount:",
)


def spoil(rng: Random, town: Town, one: Row) -> None:
    """Spoil one settlement in one way, and note what must be found."""
    kind = rng.choice(KINDS)
    refund = one._replace(flow="refund")
    if refund in town.ours and kind.startswith(("missing", "reversed")):
        for side in (town.ours, town.theirs):
            side.remove(refund)  # so that what is spoilt here is one thing
    class_, _, _ = kind.partition(":")
    if kind == "missing:institution":
        town.theirs.remove(one)
    elif kind == "missing:desk":
        town.ours.remove(one)
    elif class_ == "duplicate":
        town.theirs.append(one._replace(place="again"))
    elif kind == "reversed_on_one_side:desk":
        town.theirs.append(refund)
    elif kind == "reversed_on_one_side:institution":
        town.ours.append(refund)
    elif kind == "wrong_day:ours":
        change(town.ours, one, day=NEXT)
    else:
        change(town.theirs, one, **_changes(rng, class_, one))
    flow = "refund" if class_ == "reversed_on_one_side" else "settle"
    town.seeded.add((class_, one.claim_no, flow))


def _changes(rng: Random, class_: str, one: Row) -> dict[str, object]:
    other = {"resident": "employee", "employee": "resident"}
    column = rng.choice(Money._fields)
    money = one.money._replace(**{column: getattr(one.money, column) + rng.choice((-1, 1, 61_00))})
    return {
        "wrong_person": {"person_id": "P99"},
        "wrong_scheme": {"scheme": other[one.scheme]},
        "wrong_day": {"day": DAY + timedelta(days=rng.choice((-1, 1, 30)))},
        "amount": {"money": money},
    }[class_]


def change(side: list[Row], one: Row, **changes: object) -> None:
    side[side.index(one)] = one._replace(**changes)
