"""Contracts with family doctors over HTTP: one of a person for each year."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import Response
from pydantic import Field

from yibao.agency.enrolment.persons import find, unknown
from yibao.agency.filing import family_doctors
from yibao.agency.filing.family_doctors import Contract
from yibao.api.calls import MAKES_OF_ONE, READS_ONE, One, Write
from yibao.api.fields import Amount, Day, Name, PersonId, Strict, Told, Yuan, example
from yibao.api.routing import Router
from yibao.store.database import Connection

router = Router(prefix="/care/persons/{person_id}/family-doctors", tags=["care"])


class NewContract(Strict):
    """A contract from a day to the end of its year."""

    model_config = example(
        institution_id="H12010100003",
        practitioner_id="D120101000001",
        first="2022-03-01",
        fee="30.00",
    )

    institution_id: Name
    practitioner_id: Name
    first: Day
    fee: Amount = Field(
        0, json_schema_extra={"default": "0.00"}, description="for the year / 年签约费"
    )


class ContractTold(Told):
    """A contract and its days, both included."""

    institution_id: str
    practitioner_id: str
    first: Day
    last: Day = Field(description="the last day of the year / 当年末日")
    fee: Yuan


class Contracts(Told):
    """The contracts of a person, the earliest first."""

    person_id: str
    contracts: Sequence[ContractTold]


@router.post(
    "",
    operation_id="signFamilyDoctor",
    summary="Sign a contract with a family doctor, one a year / 签约家庭医生",
    status_code=201,
    response_model=ContractTold,
    responses=MAKES_OF_ONE,
)
def post_contract(person_id: PersonId, body: NewContract, write: Write) -> Response:
    """Sign; the person counts as signed to the end of the year."""
    contract = Contract(**dict(body))

    def work(connection: Connection) -> ContractTold:
        family_doctors.sign(connection, person_id, contract, actor=write.actor)
        return _told(contract)

    return write.once(body, work)


@router.get(
    "",
    operation_id="getFamilyDoctors",
    summary="Contracts of a person with family doctors / 查询家庭医生签约",
    response_model=Contracts,
    responses=READS_ONE,
)
def get_contracts(person_id: PersonId, read: One) -> Response:
    """Return a person's contracts with an entity tag."""

    def work(connection: Connection) -> Contracts:
        if find(connection, person_id) is None:
            raise unknown(person_id)
        rows = family_doctors.contracts(connection, person_id)
        return Contracts.model_construct(person_id=person_id, contracts=[_told(c) for c in rows])

    return read.one(work)


def _told(contract: Contract) -> ContractTold:
    says = {name: getattr(contract, name) for name in ContractTold.model_fields}
    return ContractTold.model_construct(**says)
