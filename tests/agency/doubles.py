"""A synthetic town with duplicates of known kinds, and persons who only look like duplicates.

    PYTHONPATH=src python tests/agency/doubles.py 5000

prints how many of each kind are found, precision, recall and the CPU seconds.
"""

from __future__ import annotations

import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from yibao.agency.matching import pairs
from yibao.agency.matching.likeness import THRESHOLD
from yibao.agency.matching.records import HERE, Record, one_form, today_number
from yibao.registry.codes import identity_check

SURNAMES = (
    "王李张刘陈杨黄赵周吴徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程"
    "苏魏吕丁任沈"
)
GIVEN = (
    "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超霞平刚桂英华玉兰建国志海云红梅文斌鹏宇欣怡子轩浩然梓涵"
    "雨萱晨阳思琪嘉豪俊雪婷佳慧秀珍春凤淑琴永成福生德龙金山东晓小光辉立新庆祥宝利民"
)
COMMON = ("王伟", "王芳", "李伟", "李娜", "张敏", "张伟")
DIVISIONS = tuple(f"1201{n:02d}" for n in range(1, 17))
HOMOPHONES = dict(
    zip("伟芳静丽军明英晓小云红梅文宇怡", "维方婧莉君鸣瑛小晓芸虹玫雯雨仪", strict=True)
)


@dataclass
class Town:
    """Records, and which pairs of them are one person: by pair of keys, the kind of duplicate."""

    records: list[Record] = field(default_factory=list)
    same: dict[tuple[str, str], str] = field(default_factory=dict)
    looks: dict[tuple[str, str], str] = field(default_factory=dict)


def build(persons: int, seed: int = 1) -> Town:
    """Build a town of so many persons; two in a hundred are there twice, one in a hundred twins."""
    draw, town = random.Random(seed), Town()
    for n in range(persons):
        town.records.append(_person(draw, f"person:P{n}"))
    kinds = tuple(_CHANGES)
    for n in range(persons // 50):
        kind = kinds[n % len(kinds)]
        first = town.records[n * 17 % persons]
        second = _CHANGES[kind](draw, first, f"person:Q{n}")
        town.records.append(second)
        town.same[_keys(first, second)] = kind
    for n in range(persons // 100):
        first = town.records[(n * 31 + 7) % persons]
        second = _twin(draw, first, f"person:T{n}")
        town.records.append(second)
        town.looks[_keys(first, second)] = "twins"
    draw.shuffle(town.records)
    return town


def _keys(one: Record, other: Record) -> tuple[str, str]:
    left, right = sorted((one.key, other.key))
    return left, right


def _person(draw: random.Random, key: str) -> Record:
    if draw.random() < 0.01:
        name = draw.choice(COMMON)
    else:
        surname = SURNAMES[min(int(draw.expovariate(0.08)), len(SURNAMES) - 1)]
        name = surname + "".join(draw.choices(GIVEN, k=1 if draw.random() < 0.12 else 2))
    born = date(1940, 1, 1) + timedelta(days=draw.randrange(29_000))
    number = _number(draw, draw.choice(DIVISIONS), born)
    return Record(
        *(key, HERE, name, born, _sex(number), "resident_id", number),
        division=draw.choice(DIVISIONS),
        phone=_phone(draw) if draw.random() < 0.8 else "",
    )


def _number(draw: random.Random, division: str, born: date) -> str:
    digits = f"{division}{born:%Y%m%d}{draw.randrange(1, 1000):03d}"
    return digits + identity_check(digits)


def _sex(number: str) -> str:
    return "male" if int(number[16]) % 2 else "female"


def _phone(draw: random.Random) -> str:
    return f"1{draw.choice('3578')}{draw.randrange(10**9):09d}"


def _moved(draw: random.Random, record: Record) -> Record:
    """Return a record as another office would have it: the phone and the division may be new."""
    if draw.random() < 0.4:
        record = replace(record, phone=_phone(draw))
    return replace(record, division=draw.choice(DIVISIONS)) if draw.random() < 0.4 else record


def _passport(draw: random.Random, record: Record, key: str) -> Record:
    number = f"E{draw.randrange(10**8):08d}"
    return replace(_moved(draw, record), key=key, document="passport", number=number)


def _passport_typo(draw: random.Random, record: Record, key: str) -> Record:
    return replace(_passport(draw, record, key), name=_homophone(draw, record.name))


def _old_number(_: random.Random, record: Record, key: str) -> Record:
    number = record.number
    if number.startswith("19", 6):  # who was born later never had one
        number = today_number(number[:6] + number[8:17])
    return replace(record, key=key, number=number)


def _swapped(draw: random.Random, record: Record, key: str) -> Record:
    n = record.number
    places = [at for at in range(17) if n[at] != n[at + 1]]
    at = draw.choice(places)
    slipped = n[:at] + n[at + 1] + n[at] + n[at + 2 :]
    return replace(_moved(draw, record), key=key, number=slipped)


def _wrong_digit(draw: random.Random, record: Record, key: str) -> Record:
    n, at = record.number, draw.randrange(17)
    other = draw.choice([d for d in "0123456789" if d != n[at]])
    slipped = n[:at] + other + n[at + 1 :]
    name = _homophone(draw, record.name) if draw.random() < 0.3 else record.name
    return replace(_moved(draw, record), key=key, number=slipped, name=name)


def _no_number(draw: random.Random, record: Record, key: str) -> Record:
    return replace(_moved(draw, record), key=key, document="none", number="")


def _wrong_day(draw: random.Random, record: Record, key: str) -> Record:
    """Registered under a passport with a slip in the date of birth."""
    day, born = f"{record.birth_date.day:02d}", record.birth_date
    while born == record.birth_date:
        at = draw.randrange(2)
        other = day[:at] + draw.choice("0123456789") + day[at + 1 :]
        with suppress(ValueError):
            born = record.birth_date.replace(day=int(other))
    return replace(_passport(draw, record, key), birth_date=born)


def _twice_registered(draw: random.Random, record: Record, key: str) -> Record:
    """Two households, two sound numbers."""
    while True:
        number = _number(draw, draw.choice(DIVISIONS), record.birth_date)
        if number != record.number and _sex(number) == record.sex:
            return replace(_moved(draw, record), key=key, number=number)


def _homophone(draw: random.Random, name: str) -> str:
    places = [at for at, c in enumerate(name) if at and c in HOMOPHONES]
    if not places:
        return name[0] + draw.choice(GIVEN) + name[2:]
    at = draw.choice(places)
    return name[:at] + HOMOPHONES[name[at]] + name[at + 1 :]


_CHANGES = {
    "passport": _passport,
    "passport, name mistyped": _passport_typo,
    "15 digits": _old_number,
    "digits swapped": _swapped,
    "a wrong digit": _wrong_digit,
    "no number": _no_number,
    "passport, wrong day": _wrong_day,
    "two sound numbers": _twice_registered,
}


def _twin(draw: random.Random, record: Record, key: str) -> Record:
    """Return a twin: surname, date, address and telephone are the same, the given name is not."""
    while (name := record.name[:-1] + draw.choice(GIVEN)) == record.name:
        pass
    while (number := _number(draw, record.number[:6], record.birth_date)) == record.number:
        pass
    return replace(record, key=key, name=name, number=number, sex=_sex(number))


@dataclass
class Found:
    """What was found of a town's duplicates."""

    by_kind: dict[str, tuple[int, int]]
    wrong: Counter[str]
    right: int
    shown: int

    @property
    def precision(self) -> float:
        """The share of what is shown that are duplicates."""
        return self.right / self.shown

    @property
    def recall(self) -> float:
        """The share of duplicates that is shown."""
        return self.right / sum(total for _, total in self.by_kind.values())


def found(town: Town, threshold: float = THRESHOLD) -> Found:
    """Look for the duplicates of a town."""
    shown = pairs.merged(
        pairs.exact(town.records, across=False),
        pairs.alike(town.records, across=False, threshold=threshold),
    )
    keys = {pair.keys for pair in shown}
    totals = Counter(town.same.values())
    hits = Counter(kind for two, kind in town.same.items() if two in keys)
    wrong = Counter(town.looks.get(two, "chance") for two in keys - town.same.keys())
    by_kind = {kind: (hits[kind], total) for kind, total in sorted(totals.items())}
    return Found(by_kind, wrong, hits.total(), len(keys))


def _lines(persons: int) -> Iterator[str]:
    town = build(persons)
    assert all(record.name == one_form(record.name) for record in town.records)
    start = time.process_time()
    told = found(town)
    spent = time.process_time() - start
    for kind, (hits, total) in told.by_kind.items():
        yield f"{kind:28}{hits:6} of {total}"
    yield f"shown wrongly: {dict(told.wrong)}"
    yield f"precision {told.precision:.3f}, recall {told.recall:.3f}, {spent:.1f} s of CPU"


if __name__ == "__main__":
    print("\n".join(_lines(int(sys.argv[1]))))
