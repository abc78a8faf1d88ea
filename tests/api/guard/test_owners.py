"""Whose a thing is: each look-up finds the owner of a real row, and nobody's of any other."""

import psycopg
import pytest
from desks import office, register, status
from fastapi import Request
from services import Client, Contract, bill, running

from yibao.api.app import create_app
from yibao.api.guard.owners import OWNERS, owners
from yibao.api.guard.principal import NOBODY, Principal
from yibao.api.guard.roles import OWN
from yibao.store.database import Database
from yibao.store.sight import EVERYTHING

ROWS = """
SET session_replication_role = replica;  -- rows alone, without what stands behind
INSERT INTO enrolment.person (person_id, identity_type, birth_date)
VALUES ('P1', 'none', '1960-5-5');
INSERT INTO contributions.bill OVERRIDING SYSTEM VALUE
SELECT 7, person_no, '', 'resident', 'basic', '[1,2)', '2023-1-1', '2023-1-1', '{}', '{}', '{}', 1
FROM enrolment.person;
INSERT INTO contributions.part VALUES (7, 'a', 'E1', 1), (7, 'b', 'E2', 1);
INSERT INTO contributions.receipt OVERRIDING SYSTEM VALUE VALUES (1, 'R7', 'E1', '2023-1-1', 1, 1);
INSERT INTO qualification.application OVERRIDING SYSTEM VALUE VALUES (7, 'P1', 'x', '2023-1-1');
INSERT INTO filing.referral OVERRIDING SYSTEM VALUE
VALUES (7, 'P1', 'H1', 'H3', '[2023-1-1,2023-2-1)', NULL, NULL, '');
INSERT INTO filing.remote OVERRIDING SYSTEM VALUE
VALUES (7, 'P1', 'other', '11', '[2023-1-1,)', now(), '');
INSERT INTO filing.choice OVERRIDING SYSTEM VALUE
VALUES (7, 'P1', 'primary', 'H1', '2023-1-1', '2023-1-2', '', '');
INSERT INTO dispensing.prescription OVERRIDING SYSTEM VALUE
VALUES (7, 'H1', '1', 'P1', 'D', now(), '1', false, 1, 'none');
INSERT INTO dispensing.delivery OVERRIDING SYSTEM VALUE
VALUES (7, 7, 'H3', 'web', now(), 'a', 'b', 'c');
INSERT INTO clearing.application OVERRIDING SYSTEM VALUE VALUES (7, 'H1', '2023-1-1', 1, 'a');
INSERT INTO clearing.deduction OVERRIDING SYSTEM VALUE VALUES (7, 7, 'f', 'v', 1, 'r');
INSERT INTO clearing.reconciliation OVERRIDING SYSTEM VALUE
VALUES (7, 'H1', '2023-1-1', '2023-1-2', true, '{}', 'a');
INSERT INTO registry.agreement (institution_id, agreement_id, visits, schemes, valid)
VALUES ('H1', 'R7', '{}', '{}', '[2023-1-1,)');
INSERT INTO registry.application VALUES ('R7', 'H1');
"""

FOUND = {
    "bill": {"insured": {"P1"}, "employer": {"E1", "E2"}},
    "receipt": {"insured": {"E1"}, "employer": {"E1"}},
    "disease_application": {"insured": {"P1"}},
    "referral": {"insured": {"P1"}, "institution": {"H1"}},
    "remote": {"insured": {"P1"}},
    "choice": {"insured": {"P1"}},
    "prescription": {"insured": {"P1"}, "institution": {"H1"}},
    "delivery": {"insured": {"P1"}, "institution": {"H3"}},
    "clearing_application": {"institution": {"H1"}},
    "deduction": {"institution": {"H1"}},
    "reconciliation": {"institution": {"H1"}},
    "agreement": {"institution": {"H1"}},
    "designation": {"institution": {"H1"}},
}


def test_each_look_up_finds_the_owner(url: str) -> None:
    with psycopg.connect(url) as owner:
        owner.execute(ROWS.encode())
    assert {*FOUND, "settlement"} == OWNERS.keys()
    with Database(url, sight=EVERYTHING) as database, database.transaction() as connection:
        for name, expected in FOUND.items():
            for role, ids in expected.items():
                named = "7" if OWNERS[name].numbered else "R7"
                assert owners(connection, OWNERS[name], role, named) == ids, name
        for name, owner in OWNERS.items():
            role = next(role for role in sorted(OWN) if f"AS {role}" in owner.query)
            for strange in ("8", "0", "-1", "x", "9" * 18, "9" * 19, "\0", "\udcff", ""):
                assert owners(connection, owner, role, strange) == set(), name


async def who(request: Request) -> Principal:
    role, _, own = request.headers.get("x-who", "").partition(":")
    return Principal(f"{role}-{own}", frozenset({role}), {role: own}) if role else NOBODY


def test_two_hospitals_and_two_persons_at_one_desk(url: str) -> None:
    with Database(url, sight=EVERYTHING) as database:
        register(database, "P1", "P2")
    made = office(status("P1"), status("P2"))
    app = create_app(url, made.policy, made.registers, identify=who)
    with running(app) as port:
        client = Client(port, Contract())

        def ask(by: str, method: str, target: str, body: object = None) -> tuple[int, object]:
            reply = client(method, target, body, X_Who=by, Idempotency_Key=f"k{body is None}")
            return reply.status, reply.json

        status_, told = ask("institution:H1", "POST", "/desk/settlements", bill("A1"))
        assert (status_, told["detail_zh"]) == (  # type: ignore[index]
            403,
            "settle：定点医药机构只能办理自己的（institution_id）",
        )
        _, told = ask("operator:", "POST", "/desk/settlements", bill("A1"))
        assert told["detail_zh"] == "settle：须为待遇审核、定点医药机构"  # type: ignore[index]
        status_, made_ = ask("institution:H3", "POST", "/desk/settlements", bill("A1"))
        assert status_ == 201
        number = made_["settlement_id"]  # type: ignore[index]
        for who_, expected in {
            "institution:H3": 200,
            "institution:H1": 403,
            "insured:P1": 200,
            "insured:P2": 403,
            "insured:H3": 403,  # an id of another kind
            "benefits:": 200,
            "operator:": 403,
        }.items():
            for what in ("", "/lines", "/explanation"):
                assert ask(who_, "GET", f"/desk/settlements/{number}{what}")[0] == expected
        at_none = ask("insured:P2", "GET", "/desk/settlements/999")
        at_other = ask("insured:P2", "GET", f"/desk/settlements/{number}")
        assert at_none == at_other  # whether there is such a one is nobody else's concern
        back = f"/desk/settlements/{number}/reversal"
        assert ask("institution:H1", "POST", back)[0] == 403
        assert ask("insured:P1", "POST", back)[0] == 403
        assert ask("institution:H3", "POST", back)[0] == 201
        with psycopg.connect(url) as reads:
            actors = reads.execute("SELECT actor FROM ops.audit ORDER BY audit_id").fetchall()
        assert {"institution-H3"} == {actor for (actor,) in actors}
        client.close()


@pytest.mark.parametrize("last", ["institution_id=H1", "institution_id=H3&institution_id=H1"])
def test_a_parameter_that_stands_twice_is_read_as_the_route_reads_it(url: str, last: str) -> None:
    made = office()
    app = create_app(url, made.policy, made.registers, identify=who)
    with running(app) as port:
        client = Client(port)
        target = "/desk/settlements?institution_id=H3"
        assert client("GET", target, X_Who="institution:H3").status == 200
        assert client("GET", f"{target}&{last}", X_Who="institution:H3").status == 403
        raw = b'{"institution_id": "H3", "institution_id": "H1"}'
        headers = {"X_Who": "institution:H3", "Idempotency_Key": "k"}
        for kind in ("application/json", "text/plain"):
            reply = client("POST", "/desk/settlements", raw=raw, Content_Type=kind, **headers)
            assert (reply.status, reply.json["rule"]) == (400, "twice")
        client.close()
