"""A made-up city: persons and claims of every visit type, the same bytes for the same seed.

Nobody in it exists. Only additions and multiplications of `Random.random()` are used, so that the
files do not depend on the machine or the Python version. Money is drawn as integer fen.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random

from yibao.money import format_yuan

Row = dict[str, str]

PERSON_COLUMNS = (
    "person_id",
    "from",
    "to",
    "birth_date",
    "scheme",
    "category",
    "contribution_tier",
    "identities",
    "large_expense_paid",
    "registered_diseases",
    "insulin_user",
    "chosen_institution",
    "contracted_institution",
)
CLAIM_COLUMNS = (
    "claim_id",
    "person_id",
    "visit",
    "admitted_on",
    "discharged_on",
    "settled_at",
    "total",
    "out_of_catalogue",
    "over_limit",
    "first_self_pay",
    "in_scope",
    "in_scope_tcm",
    "in_scope_two_disease",
    "institution_id",
    "level",
    "tcm_institution",
    "primary_institution",
    "prescriber_level",
    "disease",
    "outcome",
    "episode",
    "account_available",
    "reverses",
)


@dataclass(frozen=True, slots=True)
class City:
    """The rows of both files, as text by column."""

    persons: list[Row]
    claims: list[Row]


@dataclass(frozen=True, slots=True)
class Habits:
    """What a region's inhabitants do: the years, and the visits by scheme with their weights."""

    prefix: str
    years: tuple[int, ...]
    employees: float
    visits: Mapping[str, Sequence[tuple[str, int]]]


HABITS = {
    "tianjin": Habits(
        prefix="TJ",
        years=(2018, 2019),
        employees=0.45,
        visits={
            "employee": (
                ("outpatient", 52),
                ("emergency", 6),
                ("pharmacy", 25),
                ("special_outpatient", 9),
                ("inpatient", 7),
                ("emergency_observation", 1),
            ),
            "resident": (
                ("outpatient", 55),
                ("emergency", 6),
                ("pharmacy", 15),
                ("special_outpatient", 12),
                ("inpatient", 11),
                ("emergency_observation", 1),
            ),
        },
    ),
    "jining": Habits(
        prefix="JN",
        years=(2022, 2023),
        employees=0.0,
        visits={
            "resident": (
                ("outpatient", 50),
                ("emergency", 5),
                ("chronic_outpatient", 14),
                ("two_disease", 18),
                ("inpatient", 13),
            ),
        },
    ),
}

_RANGES = {  # least and largest total of a claim in yuan; small ones are far more frequent
    "outpatient": (30, 2_500),
    "emergency": (60, 4_000),
    "pharmacy": (15, 900),
    "special_outpatient": (200, 9_000),
    "chronic_outpatient": (80, 4_000),
    "two_disease": (20, 400),
    "inpatient": (1_500, 180_000),
    "emergency_observation": (400, 12_000),
}
_LEVELS = {  # share of levels 1 and 2; the rest is level 3
    "inpatient": (0.15, 0.50),
    "two_disease": (0.70, 1.0),
}
_CHRONIC = ("A1", "A2", "B1", "B2", "B8", "B16", "B23", "B36", "B47")
_RELIEF = ("subsistence_allowance", "low_income_relief", "destitute", "severely_disabled")


@dataclass(frozen=True, slots=True)
class Person:
    """One inhabitant, as far as the claims depend on it."""

    id: str
    scheme: str
    born: int
    diseases: tuple[str, ...]
    chosen: str
    contracted: str


def sample_city(region: str, persons: int, seed: int = 1) -> City:
    """Return a city of `persons` inhabitants; raises KeyError for a region without habits."""
    return _Maker(HABITS[region], Random(seed)).city(persons)


@dataclass(slots=True)
class _Maker:
    habits: Habits
    random: Random
    claims: list[Row] = field(default_factory=list)

    def city(self, persons: int) -> City:
        people = [row for n in range(1, persons + 1) for row in self.person(n)]
        self.claims.sort(key=lambda row: (row["settled_at"], row["claim_id"]))
        return City(people, self.claims)

    # --- drawing ------------------------------------------------------------------------------

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def below(self, count: int) -> int:
        return int(self.random.random() * count)

    def pick(self, weighted: Sequence[tuple[str, int]]) -> str:
        at = self.below(sum(weight for _, weight in weighted))
        for name, weight in weighted:
            at -= weight
            if at < 0:
                return name
        return weighted[-1][0]

    def fen(self, low: int, high: int) -> int:
        """Draw an amount between two of yuan, mostly near the lower."""
        draw = self.random.random()
        return low * 100 + int((high - low) * 100 * draw * draw * draw * draw)

    # --- persons ------------------------------------------------------------------------------

    def person(self, number: int) -> Iterator[Row]:
        first = self.habits.years[0]
        employee = self.chance(self.habits.employees)
        category, born = self.category(employee, first)
        tier = "none"
        if not employee:
            tier = "student_child" if category == "student_child" else ""
            tier = tier or self.pick((("low", 5), ("middle", 2), ("high", 3)))
        jining = self.habits.prefix == "JN"
        diseases = self.diseases(jining)
        person = Person(
            id=f"{self.habits.prefix}{number:07d}",
            scheme="employee" if employee else "resident",
            born=born,
            diseases=diseases,
            chosen=f"H3-{1 + self.below(12):02d}" if self.chance(0.6) else "",
            contracted=f"H1-{1 + self.below(40):02d}" if self.chance(0.8) else "",
        )
        row = dict.fromkeys(PERSON_COLUMNS, "") | {
            "person_id": person.id,
            "from": f"{first}-01-01",
            "birth_date": f"{born}-{1 + self.below(12):02d}-{1 + self.below(28):02d}",
            "scheme": person.scheme,
            "category": category,
            "contribution_tier": "none" if jining else tier,
            "identities": "",
            "large_expense_paid": "true" if employee and self.chance(0.9) else "false",
            "registered_diseases": ";".join(diseases),
            "insulin_user": "true" if "diabetes" in diseases and self.chance(0.3) else "false",
            "chosen_institution": person.chosen,
            "contracted_institution": person.contracted,
        }
        if not employee and self.chance(0.06):
            row["identities"] = _RELIEF[self.below(len(_RELIEF))]
        for year in self.habits.years:
            self.year(person, year)
        if category == "in_service" and born <= first - 59 and self.chance(0.5):
            retired = date(first, 7, 1)
            yield row | {"to": (retired - timedelta(days=1)).isoformat()}
            yield row | {"from": retired.isoformat(), "category": "retired"}
        else:
            yield row

    def category(self, employee: bool, year: int) -> tuple[str, int]:
        if employee:
            retired = self.chance(0.3)
            age = 60 + self.below(28) if retired else 20 + self.below(40)
            return ("retired" if retired else "in_service"), year - age
        child = self.chance(0.35)
        return (
            ("student_child", year - 1 - self.below(17))
            if child
            else ("adult", year - 18 - self.below(65))
        )

    def diseases(self, jining: bool) -> tuple[str, ...]:
        if not jining:
            return ()
        if self.chance(0.18):
            return ("hypertension",) if self.chance(0.6) else ("diabetes",)
        if self.chance(0.15):
            own = _CHRONIC[self.below(len(_CHRONIC))]
            other = _CHRONIC[self.below(len(_CHRONIC))]
            return tuple(dict.fromkeys((own, other))) if self.chance(0.2) else (own,)
        return ()

    # --- claims -------------------------------------------------------------------------------

    def year(self, person: Person, year: int) -> None:
        age = year - person.born
        most = 5 + age // 6
        for _ in range(self.below(most)):
            visit = self.pick(self.habits.visits[person.scheme])
            if visit == "chronic_outpatient" and not any(d in _CHRONIC for d in person.diseases):
                visit = "outpatient"
            if visit == "two_disease" and not {"hypertension", "diabetes"} & {*person.diseases}:
                visit = "outpatient"
            self.visit(person, visit, date(year, 1, 1) + timedelta(days=self.below(360)))

    def visit(self, person: Person, visit: str, day: date) -> None:
        """Add a visit: a claim, perhaps followed by a transfer, or taken back."""
        days = 1 + self.below(20) if visit == "inpatient" else 0
        claim = self.claim(person, visit, day, day + timedelta(days=days))
        out = day + timedelta(days=days)
        if visit == "inpatient" and self.chance(0.08):
            claim["episode"] = claim["claim_id"]
            other = self.claim(person, visit, out, out + timedelta(days=1 + self.below(15)))
            other["episode"] = claim["claim_id"]
        elif visit == "emergency_observation":
            claim["outcome"] = self.pick((("home", 6), ("admitted", 3), ("death", 1)))
            if claim["outcome"] == "admitted":
                claim["episode"] = claim["claim_id"]
                stay = self.claim(person, "inpatient", out, out + timedelta(days=5))
                stay["episode"] = claim["claim_id"]
        elif self.chance(0.004):
            self.reversal(claim, out + timedelta(days=1 + self.below(30)))

    def claim(self, person: Person, visit: str, admitted: date, discharged: date) -> Row:
        level, institution = self.institution(person, visit)
        total = self.fen(*_RANGES[visit])
        outside = self.part(total, 0.3) if self.chance(0.7) else 0
        over = self.part(total, 0.05) if visit == "inpatient" and self.chance(0.5) else 0
        own = self.part(total - outside - over, 0.12)
        inside = total - outside - over - own
        row = dict.fromkeys(CLAIM_COLUMNS, "") | {
            "claim_id": f"{self.habits.prefix}{len(self.claims) + 1:08d}",
            "person_id": person.id,
            "visit": visit,
            "admitted_on": admitted.isoformat(),
            "discharged_on": discharged.isoformat(),
            "settled_at": self.moment(discharged),
            "total": format_yuan(total),
            "out_of_catalogue": format_yuan(outside),
            "over_limit": format_yuan(over),
            "first_self_pay": format_yuan(own),
            "in_scope": format_yuan(inside),
            "institution_id": institution,
            "level": level,
            "primary_institution": "true" if level == "1" else "false",
        }
        if person.scheme == "employee":
            row["account_available"] = format_yuan(self.fen(0, 4_000))
        if visit == "pharmacy":
            row["prescriber_level"] = self.pick((("1", 3), ("2", 4), ("3", 3)))
        if visit == "two_disease":
            row["in_scope_two_disease"] = format_yuan(inside)
            row["disease"] = next(d for d in person.diseases if d in {"hypertension", "diabetes"})
        if visit == "chronic_outpatient":
            row["disease"] = next(d for d in person.diseases if d in _CHRONIC)
        if visit == "inpatient" and self.chance(0.2):
            row["in_scope_tcm"] = format_yuan(self.part(inside, 0.3))
        if level != "none" and self.chance(0.1):
            row["tcm_institution"] = "true"
        self.claims.append(row)
        return row

    def part(self, fen: int, share: float) -> int:
        return int(fen * share * self.random.random())

    def institution(self, person: Person, visit: str) -> tuple[str, str]:
        """Return the level and the institution, mostly those that the person has signed with."""
        if visit == "pharmacy":
            return "none", f"PH-{1 + self.below(200):03d}"
        low, middle = _LEVELS.get(visit, (0.45, 0.72))
        draw = self.random.random()
        level = "1" if draw < low else "2" if draw < middle else "3"
        own = {"1": person.contracted, "2": "", "3": person.chosen}[level]
        if own and self.chance(0.8):
            return level, own
        return level, f"H{level}-{1 + self.below({'1': 40, '2': 20, '3': 12}[level]):02d}"

    def moment(self, day: date) -> str:
        minutes = 8 * 60 + self.below(9 * 60)
        return f"{day} {minutes // 60:02d}:{minutes % 60:02d}:{self.below(60):02d}"

    def reversal(self, claim: Row, day: date) -> None:
        self.claims.append(
            dict.fromkeys(CLAIM_COLUMNS, "")
            | {
                "claim_id": f"{self.habits.prefix}{len(self.claims) + 1:08d}",
                "person_id": claim["person_id"],
                "settled_at": self.moment(day),
                "reverses": claim["claim_id"],
            }
        )
