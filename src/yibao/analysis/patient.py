"""A patient: what holds of the person and the visit, the rules that apply, the opening state.

Enters: codes by attribute, as an analyst gives them. Leaves: the program that settles this
patient's claims on a day. An attribute that a rule looks at and that nobody gave, and that has no
value of its own for "absent", is an error that lists its codes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from difflib import get_close_matches

from yibao.analysis.bill import Bill
from yibao.errors import ClaimError, PackDefect
from yibao.money import format_yuan
from yibao.policy.model import Region, Value
from yibao.policy.policy import Policy
from yibao.policy.program import Program
from yibao.policy.vocabulary import Attribute, vocabulary
from yibao.settlement.enrolment import AGES
from yibao.settlement.generate import Run, runner

BIRTH = "birth_date"
_FLAGS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


@dataclass(frozen=True)
class Given:
    """What an analyst says of a patient; `opening` is fen or counts by state value."""

    attributes: Mapping[str, Value] = field(default_factory=dict)
    birth_date: date | None = None
    opening: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Patient:
    """A patient under the rules of a day: the program, and the state that it starts from."""

    policy: Policy
    day: date
    program: Program
    opening: tuple[int, ...]
    run: Run

    def memory(self, bill: Bill, x: int) -> list[int]:
        """Return the memory after the claim for a bill of x fen: what is really paid."""
        memory = self.run([*bill.amounts(x), *self.opening, *self.program.figures])
        if memory[0] < sum(memory[slot] for _, slot in self.program.structure.funds):
            raise PackDefect(f"a bill of {format_yuan(x)} yuan: the funds pay more than the bill")
        return memory

    def funds(self, bill: Bill, x: int) -> dict[str, int]:
        """Return what each fund really pays of a bill of x fen."""
        memory = self.memory(bill, x)
        return {name: memory[slot] for name, slot in self.program.structure.funds}

    def personal(self, bill: Bill, x: int) -> int:
        """Return what is really left to the person of a bill of x fen."""
        return x - sum(self.funds(bill, x).values())


def patient(policy: Policy, day: date, given: Given) -> Patient:
    """Return a patient; raises PolicyError when no rule answers, ClaimError for what is lacking."""
    attributes = asked(policy, day, given)
    program = policy.plan(day).program("claim", attributes, day)
    opening = tuple(attributes.opening.values())
    return Patient(policy, day, program, opening, runner(program.structure))


def asked(policy: Policy, day: date, given: Given) -> Asked:
    """Return the attributes of a patient, as rules ask for them; ClaimError for the unborn."""
    if given.birth_date is not None and given.birth_date > day:
        raise ClaimError(BIRTH, str(given.birth_date), "born", f"a day not after {day}")
    return Asked(policy.region, day, given, _opening(policy.region, given.opening))


def _opening(region: Region, given: Mapping[str, int]) -> dict[str, int]:
    for name in given:
        if name not in region.state:
            known = ", ".join(region.state) or "none"
            raise ClaimError("opening", name, "state", f"a state value of {region.id}: {known}")
    return {name: given.get(name, 0) for name in region.state}


class Asked(Mapping[str, Value]):
    """The attributes of a patient, worked out when a rule asks for them."""

    def __init__(self, region: Region, day: date, given: Given, opening: Mapping[str, int]) -> None:
        self._region = region
        self._day = day
        self._given = given
        self.opening = opening

    def __contains__(self, name: object) -> bool:
        return name in self._names()

    def __iter__(self) -> Iterator[str]:
        return iter(name for name in self._names() if self._value(name) is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __getitem__(self, name: str) -> Value:
        value = self._value(name)
        if value is None:
            raise _lacking(self._region, name)
        return value

    def _names(self) -> list[str]:
        kinds = {"person", "claim", "derived"}
        attributes = vocabulary().attributes.values()
        return [*(a.name for a in attributes if a.of in kinds), *self._region.state_attributes]

    def _value(self, name: str) -> Value | None:
        state = self._region.state_attributes.get(name)
        if state is not None:
            own = self.opening[state.within] if state.within else 0
            return state.code(self.opening[state.counter], own)
        if name in self._given.attributes:
            return self._given.attributes[name]
        if name in AGES and self._given.birth_date is not None:
            return AGES[name](self._given.birth_date, self._day)
        attribute = vocabulary().attributes[name]
        if attribute.of == "derived":
            among = self[attribute.among]
            assert isinstance(among, frozenset)
            return self[attribute.code] in among
        return attribute.absent


def _lacking(region: Region, name: str) -> ClaimError:
    if name in AGES:
        wanted = f"{BIRTH}=1980-05-01, or {name}= and completed years"
        return ClaimError(name, "", "required", f"a rule looks at it; give {wanted}")
    codes = ", ".join(codes_of(region, vocabulary().attributes[name]))
    return ClaimError(name, "", "required", f"a rule looks at it; give {name}= and one of: {codes}")


# --- what is given as text ------------------------------------------------------------------------


def codes_of(region: Region, attribute: Attribute) -> list[str]:
    """Return the codes of an attribute, of the region where it has its own."""
    if attribute.kind == "flag":
        return ["true", "false"]
    if attribute.codes is not None:
        return list(attribute.codes)
    own = region.codes.get(attribute.codes_like or attribute.name, ())
    return [*([] if attribute.kind == "set" else ["none"]), *(code.code for code in own)]


def read(region: Region, texts: Mapping[str, str], opening: Mapping[str, int]) -> Given:
    """Read attributes given as text: codes, true or false, years, sets as `a+b`, a birth date."""
    attributes = {n: _read(region, n, text) for n, text in texts.items() if n != BIRTH}
    birth = _birth(texts[BIRTH]) if BIRTH in texts else None
    return Given(attributes, birth, opening)


def _birth(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ClaimError(BIRTH, text, "date", "a day such as 1980-05-01") from None


def _read(region: Region, name: str, text: str) -> Value:
    kinds = {"person", "claim"}
    known = {a.name: a for a in vocabulary().attributes.values() if a.of in kinds}
    attribute = known.get(name)
    if attribute is None:
        if name in region.state_attributes:
            counter = region.state_attributes[name].counter
            raise ClaimError(name, text, "state", f"the opening state: --opening {counter}=…")
        near = get_close_matches(name, known, n=1, cutoff=0.5)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise ClaimError(name, text, "attribute", f"one of {', '.join(known)}, {BIRTH}{hint}")
    if attribute.kind == "number":
        if not text.isascii() or not text.isdigit() or len(text) > 3:
            raise ClaimError(name, text, "years", "completed years such as 67")
        return int(text)
    if attribute.kind == "flag":
        if text.lower() not in _FLAGS:
            raise ClaimError(name, text, "flag", "true or false")
        return _FLAGS[text.lower()]
    codes = codes_of(region, attribute)
    chosen = [c for c in text.replace("+", "|").split("|") if c]
    chosen = chosen if attribute.kind == "set" else [text]
    for code in chosen:
        if code not in codes:
            near = get_close_matches(code, codes, n=1, cutoff=0.5)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise ClaimError(name, code, "known_code", f"one of: {', '.join(codes)}{hint}")
    return frozenset(chosen) if attribute.kind == "set" else text
