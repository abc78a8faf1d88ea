"""Products of the layer chain over HTTP: what the rules say is paid, and a year paid for."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from fastapi import Response
from pydantic import Field

from yibao.agency.products import financing
from yibao.api.calls import MAKES, All, Write
from yibao.api.desk.models import Cited, Step
from yibao.api.fields import Day, Strict, Told, Yuan, example
from yibao.api.headers import as_json
from yibao.api.problems import Fault, Faulty, documented
from yibao.api.routing import Router
from yibao.interop.files import cells
from yibao.interop.files.columns import Column, request_columns
from yibao.policy.model import Region
from yibao.policy.vocabulary import vocabulary
from yibao.settlement.explain import Explainer
from yibao.settlement.explain_data import account_as_json
from yibao.settlement.procedure import Office, Request
from yibao.store.database import Connection

router = Router(prefix="/products", tags=["products"])

Procedure = Literal["product_financing", "accident_grant", "maternity_allowance", "care_grade"]
Product = Literal["accident", "long_term_care"]
Scheme = Literal["employee", "resident"]

_GIVEN = {"scheme": "employee", "category": "in_service", "accident_outcome": "disability_3"}


class QuoteAsked(Strict):
    """Which procedure is asked on which day, for what is given of the person and the case."""

    model_config = example(procedure="accident_grant", on="2022-03-01", given=_GIVEN)

    procedure: Procedure
    on: Day
    given: Annotated[
        dict[
            Annotated[str, Field(pattern="^[a-z][a-z0-9_]{0,63}$")],
            Annotated[str, Field(min_length=1, max_length=200)],
        ],
        Field(max_length=100),
    ] = Field({}, description="facts and amounts, written as in a file / 写法同文件")


class Quote(Told):
    """What the rules answer, with every step. A name stands with its amount in yuan, or a count."""

    procedure: Procedure
    policy: str
    day: Day
    birth_date: Day | None
    facts: Mapping[str, bool | int | str | list[str]]
    inputs: Mapping[str, str]
    steps: Sequence[Step]
    payers: Mapping[str, str]
    total: str | None = Field(description="of all payers; null where the answer is no money")
    results: Mapping[str, str]
    documents: Sequence[Cited]


class NewFinancing(Strict):
    """A year of a product for the persons whom a scheme insures on 1 January."""

    model_config = example(product="long_term_care", scheme="employee", year=2023, on="2023-01-15")

    product: Product
    scheme: Scheme
    year: Annotated[int, Field(ge=1900, le=2999)]
    on: Day = Field(description="day of the books / 记账日")


class FinancingTold(Told):
    """What a year of a product costs, and who pays."""

    product: Product
    scheme: Scheme
    year: int
    heads: int
    payers: Mapping[str, Yuan]
    total: Yuan
    entry_id: int = Field(description="of the ledger / 分录号")


@router.post(
    "/quotes",
    operation_id="quoteProduct",
    summary="What the rules answer and why; nothing is written / 试算",
    response_model=Quote,
    responses=documented(400, 413),
)
def quote(body: QuoteAsked, read: All) -> Response:
    """Work out a lump sum, an allowance, a grade, or what a year of a product costs."""
    policy = read.service.procedures.policy
    request = _request(body, policy.region)
    # An office of its own: the service's would keep a program for every profile that is made up.
    account = Explainer(policy).account(Office(policy).run(request))
    return as_json(json.dumps(account_as_json(account), ensure_ascii=False, default=sorted))


def _request(body: QuoteAsked, region: Region) -> Request:
    """Read what is given; raises Faulty with all that is wrong."""
    columns = {
        c.name: c
        for c in request_columns(body.procedure, region)
        if c.name not in {"person_id", "group", "date"}
    }
    values: dict[str, Any] = {}
    faults: list[Fault] = []
    for name, cell in body.given.items():
        try:
            values[name] = _read(columns.get(name), cell)
        except cells.BadCell as bad:
            told = bad.message.en
            faults.append(Fault(field=f"given.{name}", rule=bad.rule, detail=told))
        except LookupError:
            told = f"expected one of {', '.join(columns)}"
            faults.append(Fault(field=f"given.{name}", rule="known_fact", detail=told))
    if faults:
        raise Faulty(faults)
    birth = values.pop("birth_date", None)
    inputs = vocabulary().procedures[body.procedure].inputs
    amounts = {name: values.pop(name) for name in inputs if name in values}
    return Request(body.procedure, body.on, values, amounts, birth)


def _read(column: Column | None, cell: str) -> Any:
    if column is None:
        raise LookupError
    cleaned = cells.clean(cell)
    if not cleaned:
        raise cells.BadCell("required")
    return cells.parser(column)(cleaned)


@router.post(
    "/financings",
    operation_id="financeProduct",
    summary="Pay for a year of a product, once for each scheme / 年度列支",
    status_code=201,
    response_model=FinancingTold,
    responses=MAKES,
)
def post_financing(body: NewFinancing, write: Write) -> Response:
    """Move the money of a year from the funds that the rules name."""

    def work(connection: Connection) -> FinancingTold:
        made = financing.finance(
            *(connection, write.service.procedures, body.product, body.scheme, body.year),
            on_day=body.on,
            actor=write.actor,
        )
        says = {name: getattr(made, name) for name in FinancingTold.model_fields}
        return FinancingTold.model_construct(**says)

    return write.once(body, work)
