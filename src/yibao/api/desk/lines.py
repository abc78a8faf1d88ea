"""The lines of a bill: what a request brings, what a reply says of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Any, Literal

from pydantic import Field, PlainValidator, StringConstraints, ValidationError
from pydantic_core import PydanticCustomError

from yibao.agency.desk.bill import MAX_LINES, AskedLine
from yibao.api.fields import Day, NameOrNone, Strict, Told, Yuan, example
from yibao.api.problems import Fault, Faulty, fault
from yibao.registry.find import ItemKind

MAX_BODY = 4 << 20
"""Most bytes of a body with lines: the most lines that a bill may have, of 400 bytes each. A line
with a national code, the hospital's own and a practitioner has some 200."""

Price = Annotated[
    str,
    StringConstraints(pattern=r"^(0|[1-9][0-9]{0,8})(\.[0-9]{1,6})?$"),
    Field(description="yuan a unit, up to 6 decimals / 单价", examples=["12.3456"]),
]
Quantity = Annotated[
    str,
    StringConstraints(pattern=r"^(0|[1-9][0-9]{0,8})(\.[0-9]{1,4})?$"),
    Field(description="units, up to 4 decimals / 数量", examples=["2", "0.5"]),
]

LINE: Mapping[str, Any] = {
    "kind": "drug",
    "code": "XA10BAE040A001010101234",
    "quantity": "2",
    "price": "33.3300",
    "served_on": "2023-03-01",
}


class Line(Strict):
    """An item that was served. Without a national code it is found by the institution's own."""

    model_config = example(**LINE)

    kind: ItemKind = Field(description="of which catalogue / 目录类别")
    code: NameOrNone = Field("", description="national code / 国家医保代码")
    local_code: NameOrNone = Field("", description="the institution's own code / 机构内代码")
    quantity: Quantity
    price: Price
    served_on: Day
    practitioner_id: NameOrNone = Field("", description="who prescribed or did it / 医师代码")


def _lines(given: Any) -> tuple[Line, ...]:
    """Check lines one by one, so that each that is wrong is told; raises Faulty.

    A reply has not many more faults than a bill may have lines.
    """
    if not isinstance(given, list) or not 1 <= len(given) <= MAX_LINES:
        raise PydanticCustomError("lines", f"expected a list of 1 to {MAX_LINES} lines")
    found: list[Line] = []
    faults: list[Fault] = []
    for at, one in enumerate(given):
        try:
            found.append(Line.model_validate(_sized(one)))
        except ValidationError as error:
            faults += [fault(e, "lines", at) for e in error.errors(include_input=False)]
            if len(faults) >= MAX_LINES:
                break
    faults += [
        Fault(field=f"lines.{at}.code", rule="required", detail="expected code or local_code")
        for at, line in enumerate(found if not faults else ())
        if not (line.code or line.local_code)
    ]
    if faults:
        raise Faulty(faults)
    return tuple(found)


def _sized(given: Any) -> Any:
    """Return a line as it was given, or nothing where it has fields without number."""
    too_many = isinstance(given, dict) and len(given) > 2 * len(Line.model_fields)
    return None if too_many else given


Lines = Annotated[
    Sequence[Line],
    PlainValidator(
        _lines,
        json_schema_input_type=Annotated[
            Sequence[Line], Field(min_length=1, max_length=MAX_LINES, examples=[[dict(LINE)]])
        ],
    ),
]


def asked(lines: Sequence[Line]) -> list[AskedLine]:
    """Return lines as the desk is asked them: prices in fen, all exact."""
    return [
        AskedLine(
            line.kind,
            line.code,
            _exact(line.quantity),
            _exact(line.price) * 100,
            line.served_on,
            line.local_code,
            line.practitioner_id,
        )
        for line in lines
    ]


def _exact(text: str) -> Fraction:
    whole, _, decimals = text.partition(".")
    return Fraction(int(whole + decimals), 10 ** len(decimals))


class LineTold(Told):
    """A line as it was priced by the catalogue of its day: four parts add up to its total."""

    number: int = Field(description="from 1, in the order of the bill / 行号")
    kind: str
    code: str
    local_code: str
    item_class: Literal["A", "B", "C"]
    quantity: str
    price: str = Field(description="yuan a unit")
    standard: str | None = Field(description="yuan a unit that is payable at most; null: no limit")
    rate: str = Field(description="share that is paid first by the person / 先自付比例")
    total: Yuan
    out_of_catalogue: Yuan
    over_limit: Yuan
    first_self_pay: Yuan
    in_scope: Yuan
    served_on: str
    practitioner_id: str
    reason: str = Field(description="why the fund does not pay, but for its class / 不支付原因")


class LinePage(Told):
    """Lines of a settlement by number; `next` is the cursor of the page after, null at the end."""

    lines: Sequence[LineTold]
    next: str | None


_SAME = (
    *("number", "code", "local_code", "item_class", "quantity", "rate", "total"),
    *("out_of_catalogue", "over_limit", "first_self_pay", "in_scope"),
    *("served_on", "practitioner_id", "reason"),
)


def line_told(row: Mapping[str, Any]) -> LineTold:
    """Return a row of desk.line as a reply has it."""
    standard = row["standard"]
    return LineTold.model_construct(
        **{name: row[name] for name in _SAME},
        kind=row["item_kind"],
        price=_yuan(row["price"]),
        standard=None if standard is None else _yuan(standard),
    )


def _yuan(fen: str) -> str:
    """Return fen with decimals as yuan: two decimals and more."""
    return f"{Decimal(fen).scaleb(-2):f}"
