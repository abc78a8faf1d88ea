"""What each role may do: every operation of the service stands here, or the service does not start.

A row names the roles of the agency that may do it with anybody's data, then, for each role that may
do it with its own alone, where in the request its own id has to stand: `path.`, `query.` or `body.`
with a field's name, or a name of `owners`, which looks up whose the thing in the path is. Where
several are named, all must hold.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from yibao.api.guard.roles import AGENCY

Door = Literal["anybody", "signed_in", "roles", "endpoint"]


@dataclass(frozen=True, slots=True)
class Row:
    """Who may do an operation: anybody, whoever is signed in, or these roles.

    `endpoint`: the endpoint finds out itself who asks, for only the body says it. It does so by
    the national interface's sign-in and signature, and makes the principal of an institution.
    """

    door: Door
    roles: frozenset[str] = frozenset()
    own: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def _may(*roles: str, **own: str) -> Row:
    return Row("roles", frozenset(roles), {role: tuple(at.split()) for role, at in own.items()})


def _reads(*roles: str, **own: str) -> Row:
    return _may(*roles, "auditor", **own)


ANYBODY = Row("anybody")
SIGNED_IN = Row("signed_in")
ENDPOINT = Row("endpoint")

_OFFICES = AGENCY - {"auditor", "operator"}
_BY_BILL = {"institution": "body.institution_id"}
_OF_SETTLEMENT = {"insured": "settlement", "institution": "settlement"}
_SELF = {"insured": "path.person_id"}
_OF_PERSON = {"insured": "query.person_id"}
_FILED = {"insured": "body.person_id"}

TABLE: Mapping[str, Row] = {
    # the service itself
    "isAlive": ANYBODY,
    "isReady": ANYBODY,
    "signIn": ANYBODY,
    "getSession": SIGNED_IN,
    "signOut": SIGNED_IN,
    "changePassword": SIGNED_IN,
    "getRequest": SIGNED_IN,  # keys are of an actor: one's own alone are found
    # the national interface
    "speak": ENDPOINT,
    "speakToService": ENDPOINT,
    # the claims desk
    "preSettle": _reads("benefits", insured="body.person_id", **_BY_BILL),
    "settle": _may("benefits", **_BY_BILL),
    "reimburse": _may("benefits"),
    "takeBack": _may("benefits", institution="settlement"),
    "correct": _may("benefits", institution="settlement body.institution_id"),
    "correctReimbursement": _may("benefits"),
    "getSettlement": _reads("benefits", "clearing", "finance", **_OF_SETTLEMENT),
    "listSettlements": _reads(
        *("benefits", "clearing", "finance"), institution="query.institution_id", **_OF_PERSON
    ),
    "listLines": _reads("benefits", "clearing", **_OF_SETTLEMENT),
    "explainSettlement": _reads("benefits", "clearing", **_OF_SETTLEMENT),
    "recordGuest": _may("clearing", region="body.region"),
    "takeGuestBack": _may("clearing", region="path.region"),
    "getGuest": _reads("clearing", "finance", region="path.region"),
    "listGuests": _reads(
        *("clearing", "finance"), region="query.region", institution="query.institution_id"
    ),
    # persons and what they are insured as
    "registerPerson": _may("enrolment"),
    "getPerson": _reads("enrolment", "contributions", "benefits", **_SELF),
    "changePerson": _may("enrolment"),
    "listPersons": _reads("enrolment"),
    "findPersons": _reads("enrolment", "contributions", "benefits"),
    "unmaskPerson": _may("enrolment", "benefits"),  # the audit log keeps who and why
    "getCoverage": _reads("enrolment", "contributions", "benefits", **_SELF),
    "enrol": _may("enrolment"),
    "endMembership": _may("enrolment"),
    "pauseMembership": _may("enrolment"),
    "resumeMembership": _may("enrolment"),
    "moveOut": _may("enrolment"),
    "moveIn": _may("enrolment"),
    "listMoves": _reads("enrolment", "contributions", **_SELF),
    "holdIdentity": _may("enrolment"),
    "endIdentity": _may("enrolment"),
    "getHistory": _reads("enrolment", **_SELF),
    "enrolHousehold": _may("enrolment"),
    "registerEmployer": _may("enrolment"),
    "getEmployer": _reads("enrolment", "contributions", employer="path.employer_id"),
    "hireStaff": _may("enrolment", employer="path.employer_id"),
    "listStaff": _reads("enrolment", "contributions", employer="path.employer_id"),
    "findDuplicates": _reads("enrolment"),
    "decideSame": _may("enrolment"),
    "decideDifferent": _may("enrolment"),
    "listDecisions": _reads("enrolment"),
    "listGaps": _reads("enrolment"),
    "countGaps": _reads("enrolment"),
    "followUpGap": _may("enrolment"),
    "unmaskGap": _may("enrolment"),
    "closeCoveredGaps": _may("enrolment"),
    # contributions and personal accounts
    "makeBills": _may("contributions"),
    "getBill": _reads("contributions", "finance", insured="bill", employer="bill"),
    "listBills": _reads("contributions", "finance", employer="query.payer", **_OF_PERSON),
    "cancelBill": _may("contributions"),
    "renewBill": _may("contributions"),
    "giveUpMonths": _may("contributions"),
    "listArrears": _reads(
        *("contributions", "finance"), insured="query.payer", employer="query.payer"
    ),
    "chargeLateness": _may("contributions"),
    "enterReceipt": _may("contributions", "finance"),
    "enterReceipts": _may("contributions", "finance"),
    "getReceipt": _reads("contributions", "finance", insured="receipt", employer="receipt"),
    "takeReceiptBack": _may("finance"),
    "refund": _may("finance"),
    "getHeld": _reads(*("contributions", "finance"), insured="query.payer", employer="query.payer"),
    "getPersonalAccount": _reads("contributions", "benefits", **_SELF),
    "getAccountStatement": _reads("contributions", "benefits", **_SELF),
    "creditMonth": _may("contributions"),
    "useAccount": _may("contributions"),
    "takeMovementBack": _may("contributions"),
    "freezeAccount": _may("contributions"),
    "endFreeze": _may("contributions"),
    # what stands around a bill
    "applyForDisease": _may("benefits", **_FILED),
    "assessDiseaseApplication": _may("benefits", **_BY_BILL),
    "withdrawDiseaseApplication": _may("benefits", insured="disease_application"),
    "cancelDiseaseApplication": _may("benefits"),
    "getDiseaseApplication": _reads("benefits", insured="disease_application"),
    "listDiseaseApplications": _reads("benefits", **_OF_PERSON),
    "getRegistrations": _reads("benefits", **_SELF),
    "chooseSites": _may("benefits", **_SELF),
    "reExamine": _may("benefits", **_BY_BILL),
    "revokeRegistration": _may("benefits"),
    "refer": _may("benefits", institution="body.from_institution"),
    "cancelReferral": _may("benefits", institution="referral"),
    "getReferral": _reads("benefits", insured="referral", institution="referral"),
    "listReferrals": _reads("benefits", **_OF_PERSON),
    "fileRemote": _may("benefits", **_FILED),
    "cancelRemote": _may("benefits", insured="remote"),
    "getRemote": _reads("benefits", insured="remote"),
    "listRemote": _reads("benefits", **_OF_PERSON),
    "chooseInstitution": _may("benefits", **_FILED),
    "cancelChoice": _may("benefits", insured="choice"),
    "getChoice": _reads("benefits", insured="choice"),
    "listChoices": _reads("benefits", **_OF_PERSON),
    "issuePrescription": _may("benefits", **_BY_BILL),
    "auditPrescription": _may("benefits", institution="prescription"),
    "getPrescription": _reads("benefits", insured="prescription", institution="prescription"),
    "listPrescriptions": _reads("benefits", **_OF_PERSON),
    "orderDelivery": _may("benefits", **_BY_BILL),
    "dispatchDelivery": _may("benefits", institution="delivery"),
    "cancelDelivery": _may("benefits", institution="delivery"),
    "getDelivery": _reads("benefits", insured="delivery", institution="delivery"),
    "listDeliveries": _reads("benefits", **_OF_PERSON),
    "assessForCare": _may("benefits", **_BY_BILL),
    "getCareAssessments": _reads("benefits", **_SELF),
    "signFamilyDoctor": _may("benefits", **_BY_BILL),
    "getFamilyDoctors": _reads("benefits", **_SELF),
    "quoteProduct": SIGNED_IN,  # of facts that are given, nobody's
    "financeProduct": _may("finance"),
    "getLimits": SIGNED_IN,
    "getLimit": SIGNED_IN,
    "setLimit": _may("catalogue"),
    # clearing and the books
    "applyForMonth": _may("clearing", **_BY_BILL),
    "auditApplication": _may("clearing"),
    "payApplication": _may("finance"),
    "getApplication": _reads("clearing", "finance", institution="clearing_application"),
    "listApplications": _reads("clearing", "finance", institution="query.institution_id"),
    "getDeduction": _reads("clearing", "finance", institution="deduction"),
    "appealDeduction": _may("clearing", institution="deduction"),
    "decideAppeal": _may("clearing"),
    "advanceWorkingCapital": _may("finance"),
    "repayWorkingCapital": _may("finance"),
    "releaseDeposits": _may("finance"),
    "getInstitutionStanding": _reads("clearing", "finance", institution="path.institution_id"),
    "getReserve": _reads("clearing", "finance"),
    "setAside": _may("finance"),
    "drawReserve": _may("finance"),
    "getRegionStanding": _reads("clearing", "finance", region="path.region"),
    "payRegionAhead": _may("finance"),
    "clearRegion": _may("finance"),
    "returnFromRegion": _may("finance"),
    "reconcile": _may("clearing", **_BY_BILL),
    "getReconciliation": _reads("clearing", "finance", institution="reconciliation"),
    "listReconciliations": _reads("clearing", "finance", institution="query.institution_id"),
    "getTrialBalance": _reads("finance"),
    "getAccount": _reads("finance"),
    "listAccounts": _reads("finance"),
    "getStatement": _reads("finance"),
    "getEntry": _reads("finance"),
    "verifyLedger": _reads("finance"),
    "compareBank": _reads("finance"),
    # institutions, registers, agreements
    "getInstitution": SIGNED_IN,  # which there are is public
    "getCover": _reads("agreements", "benefits", institution="path.institution_id"),
    "mapCodes": _reads("benefits", "catalogue", institution="path.institution_id"),
    "listRegisters": SIGNED_IN,
    "listEntries": _reads(*_OFFICES),
    "getEntryOfRegister": _reads(*_OFFICES),
    "getVersions": _reads(*_OFFICES),
    "registerVersions": _may("catalogue"),
    "getAgreement": _reads("agreements", "clearing", institution="agreement"),
    "renewAgreement": _may("agreements"),
    "changeAgreement": _may("agreements"),
    "assessAgreement": _may("agreements"),
    "recordBreach": _may("agreements"),
    "applyForDesignation": _may("agreements", **_BY_BILL),
    "takeStep": _may("agreements"),
    "refuseDesignation": _may("agreements"),
    "signAgreement": _may("agreements"),
    "getDesignation": _reads("agreements", institution="designation"),
    "listDesignations": _reads("agreements", institution="query.institution_id"),
    "listQuotas": SIGNED_IN,
}
