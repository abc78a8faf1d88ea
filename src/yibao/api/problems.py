"""What goes wrong, as problem+json (RFC 9457), and which of it a route may answer.

Every refusal has a `rule`: a short name for machines. Its status and titles are in one table; what
a rule of the policy or a register refuses, and the table does not name, is 422.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import Field
from starlette.exceptions import HTTPException

from yibao.agency.desk.bill import BadLines
from yibao.agency.desk.model import DeskError
from yibao.agency.enrolment.refusal import Refusal
from yibao.api import money_rules
from yibao.api.care import rules as care
from yibao.api.clearing import rules as clearing
from yibao.api.fields import Told
from yibao.api.guard.principal import NotAllowed, NotSignedIn
from yibao.api.guard.rates import TooOften
from yibao.api.matching import rules as matching
from yibao.api.registry import rules as registry
from yibao.api.routing import Twice
from yibao.errors import ClaimError, PolicyError, YibaoError
from yibao.masking import masked_words
from yibao.registry.find import REASONS
from yibao.store.errors import StoreError
from yibao.text import Text

MEDIA_TYPE = "application/problem+json"

RETRY_AFTER = "1"
"""Seconds after which to ask again."""

defects = logging.getLogger("yibao.defects")


class Fault(Told):
    """One thing that is wrong with a request."""

    field: str
    rule: str
    detail: str


class Problem(Told):
    """Why a request was not done. Nothing of it was: it may be put right and sent again."""

    type: str = Field(examples=["urn:yibao:problem:claim_no_used"])
    title: str
    title_zh: str
    status: int = Field(ge=400, le=599)
    detail: str
    detail_zh: str
    rule: str = Field(examples=["claim_no_used"])
    field: str = Field("", examples=["claim_no"])
    errors: Sequence[Fault] = Field((), description="each fault, where there may be several")


class Faulty(YibaoError):
    """A request with faults that are all told, however many there are."""

    def __init__(self, faults: Sequence[Fault], rule: str = "request") -> None:
        self.faults = faults
        self.rule = rule
        super().__init__(f"{faults[0].field}: {faults[0].detail}")


STATUS: Mapping[int, Text] = {
    400: Text("请求无法读取", "the request cannot be read"),
    401: Text("未登录或登录已失效", "nobody has signed in, or it holds no more"),
    403: Text("无权办理", "not allowed"),
    404: Text("没有这个对象", "there is no such thing"),
    405: Text("此处没有这种操作", "this cannot be done here"),
    409: Text("与已有的记录冲突", "in conflict with what has been recorded"),
    412: Text("对象已经改变", "it has changed since it was read"),
    413: Text("请求太大", "the request is too large"),
    422: Text("请求有误或不予办理", "the request is not right, or is refused"),
    429: Text("请求过于频繁，请稍后再试", "too many requests; ask again later"),
    500: Text("本程序的缺陷，请报告", "a defect of this program; please report it"),
    503: Text("数据库暂不可用，请稍后重试", "the database is not there; ask again later"),
}
"""Every status of an error and what it means."""

RULES: Mapping[str, tuple[int, Text]] = {
    "known_route": (404, Text("没有这个地址", "there is no such address")),
    "known_settlement": (404, Text("没有这笔结算", "there is no such settlement")),
    "known_request": (404, Text("没有用过这个幂等键", "the key has not been used")),
    "known_account": (404, Text("没有这个账户", "there is no such account")),
    "known_entry": (404, Text("没有这笔分录", "there is no such entry")),
    "known_reconciliation": (404, Text("没有这次对账", "there is no such reconciliation")),
    "key_used": (
        409,
        Text("幂等键已用于另一请求", "the idempotency key stands for another request"),
    ),
    "claim_no_used": (409, Text("单据号已用过", "the claim's number has been used")),
    "reversed": (409, Text("已冲正", "it has been taken back")),
    "of_visit": (
        409,
        Text(
            "该笔由机构按就诊结算，由机构撤销后重新结算", "its institution settled it for a visit"
        ),
    ),
    "invoice_used": (409, Text("发票已报销", "the invoice has been reimbursed")),
    "reference_used": (409, Text("编号已用于另一笔结算", "the number is another settlement's")),
    "known_guest": (404, Text("没有这笔异地结算", "there is no such settlement of that region")),
    "lines": (422, Text("明细有误", "lines of the bill are not right")),
    "same_rules": (
        409,
        Text("所载规则与结算时不同", "settled by other rules than those loaded"),
    ),
    "unchanged": (412, STATUS[412]),
    "person_id_taken": (409, Text("人员编号已登记为另一人", "the id is another person's")),
    "identity_taken": (409, Text("证件号码已登记", "the identity number is registered")),
    "known_person": (422, Text("未登记此人", "the person is not registered")),
    "known_person_id": (404, Text("没有登记这个人", "there is no such person")),
    "known_gap_id": (404, Text("没有这个缺口", "there is no such gap")),
    "person_id_blind": (422, Text("人员编号不得是证件号码", "the id is an identity number")),
    "known_employer_id": (404, Text("没有登记这个单位", "there is no such employer")),
    "known_institution": (422, Text("当日没有登记这个机构", "no such institution on that day")),
    **{rule: (422, text) for rule, text in REASONS.items()},
    **clearing.RULES,
    **registry.RULES,
    **care.RULES,
    **matching.RULES,
    **money_rules.RULES,
    "days": (422, Text("日期不合", "the days do not fit")),
    "asked_fact": (422, Text("不是可由机构提供的事实", "not a fact for an institution to give")),
    "known_code": (422, Text("没有这个代码", "there is no such code")),
    "required": (422, Text("缺少必填项", "something needed is missing")),
    "request": (422, Text("请求有误", "the request is not right")),
    "constraint": (422, Text("数据库不接受此值", "the database does not take this value")),
    "body_size": (413, STATUS[413]),
    "signed_in": (401, STATUS[401]),
    "password_fits": (401, STATUS[401]),
    "allowed": (403, STATUS[403]),
    "rate": (429, STATUS[429]),
    "method": (405, STATUS[405]),
    "readable": (400, STATUS[400]),
    "twice": (400, Text("字段重复", "a field stands twice")),
    "database": (503, STATUS[503]),
    "defect": (500, STATUS[500]),
}
"""The status and the title of each rule that is not one of a policy."""

_OF_STATUS = {400: "readable", 404: "known_route", 405: "method", 413: "body_size"}


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return what a route declares of its errors, besides those that each may answer."""
    return {
        status: {
            "description": f"{STATUS[status].en} / {STATUS[status].zh}",
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
            **({"headers": _HEADERS[status]} if status in _HEADERS else {}),
        }
        for status in sorted({*statuses, *EVERYWHERE})
    }


EVERYWHERE = (401, 403, 422, 429, 500, 503)
"""What every route may answer."""

_RETRY = {
    "Retry-After": {
        "description": "seconds after which to ask again",
        "schema": {"type": "string", "pattern": "^[0-9]+$"},
    }
}
_HEADERS = {
    401: {"WWW-Authenticate": {"description": "how to sign in", "schema": {"type": "string"}}},
    429: _RETRY,
    503: _RETRY,
}


def problem(
    rule: str,
    detail: str,
    *,
    field: str = "",
    errors: Sequence[Fault] = (),
    text: Text | None = None,
    of: Request | None = None,
) -> Response:
    """Return the reply for a rule; `text` is what to say of it in both languages, where known.

    What the address of the request `of` names and is not there is 404, whatever the table says.
    What has the form of an identity number is masked.
    """
    status, title = RULES.get(rule, (422, STATUS[422]))
    detail = masked_words(detail)
    if of is not None and rule.startswith("known_") and field in of.path_params:
        status = 404
    told = Problem(
        type=f"urn:yibao:problem:{rule.replace(' ', '_')}",
        title=title.en,
        title_zh=title.zh,
        status=status,
        detail=detail,
        detail_zh=masked_words(text.zh) if text else title.zh,
        rule=rule,
        field=field,
        errors=[one.model_copy(update={"detail": masked_words(one.detail)}) for one in errors],
    )
    return Response(told.model_dump_json(), status, _SENT.get(status), MEDIA_TYPE)


_SENT = {
    401: {"WWW-Authenticate": "Bearer"},
    429: {"Retry-After": RETRY_AFTER},
    503: {"Retry-After": RETRY_AFTER},
}
"""Headers of a reply that has a status."""


def install(app: FastAPI) -> None:
    """Let an application answer every error as a problem."""
    app.add_exception_handler(RequestValidationError, _not_valid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(YibaoError, refused)
    app.add_exception_handler(psycopg.OperationalError, _no_database)
    app.add_exception_handler(psycopg.errors.InsufficientPrivilege, _walled)
    for kind in (psycopg.errors.CheckViolation, psycopg.DataError):
        app.add_exception_handler(kind, _constraint)
    app.add_exception_handler(Exception, _defect)


def refused(request: Request, error: Exception) -> Response:
    """Return the reply for one of our own errors."""
    match error:
        case Faulty():
            first = error.faults[0].field
            return problem(error.rule, str(error), field=first, errors=error.faults)
        case BadLines():
            return refused(request, _of_lines(error))
        case DeskError():
            return problem(error.rule, str(error), field=error.column, of=request)
        case ClaimError():
            return problem(error.rule, str(error), field=error.column)
        case Refusal():
            told = str(error)
            return problem(error.name, told, field=error.column, text=error.text, of=request)
        case NotAllowed():
            return problem(error.rule, str(error), text=error.text)
        case NotSignedIn() | TooOften():
            return problem(error.rule, str(error))
        case PolicyError():
            return problem(error.name, str(error), text=error.text)
        case StoreError():
            return _no_database(request, error)
        case _:  # a pack that pays more than there is: nothing was settled, and we should know
            defects.error("%s: %s", type(error).__name__, masked_words(str(error)))
            return problem("not_settled", str(error))


def _of_lines(error: BadLines) -> Faulty:
    """Return the faults of lines by where they stand in the request, counted from 0."""
    faults = [
        Fault(field=f"lines.{number - 1}.{one.column}", rule=one.rule, detail=str(one))
        for number, one in error.problems
    ]
    return Faulty(faults, "lines")


def _no_database(_: Request, error: Exception) -> Response:
    defects.error("database: %s", masked_words(str(error)))
    return problem("database", STATUS[503].en)


def _constraint(_: Request, error: Exception) -> Response:
    """Answer what the database refuses to hold; we should have refused it before."""
    assert isinstance(error, psycopg.Error)
    name = error.diag.constraint_name or error.diag.sqlstate or ""
    defects.error("constraint of the database: %s", name)
    return problem("constraint", f"the database refuses it: {name}")


def _walled(_: Request, error: Exception) -> Response:
    """Answer what the database keeps from whom it works for; the table of roles should have."""
    defects.error("kept by the database: %s", error)
    return problem("allowed", "the database keeps it from whoever asks")


def _http(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if isinstance(error, Twice):
        return problem("twice", error.text.en, field=error.field, text=error.text)
    return problem(_OF_STATUS.get(error.status_code, "request"), str(error.detail))


def _defect(_: Request, error: Exception) -> Response:
    return problem("defect", type(error).__name__)


def _not_valid(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    faults = [fault(one) for one in error.errors()[:MAX_FAULTS]]
    first = faults[0]
    return problem("request", f"{first.field}: {first.detail}", field=first.field, errors=faults)


MAX_FAULTS = 20
"""Most faults that a reply lists, but for those of lines."""


def fault(found: Mapping[str, Any], *within: str | int) -> Fault:
    """Return one of pydantic's errors without what was given: it may be personal.

    `within` says where what was checked stands in the body; without it pydantic does.
    """
    where, *path = found["loc"] or ("",)
    steps = [*within, *found["loc"]] if within else path or [where]
    shown = [str(step)[:64] for step in steps]
    field = ".".join(shown).encode(errors="backslashreplace").decode()
    return Fault(field=field, rule=found["type"], detail=found["msg"])


def schemas() -> dict[str, Any]:
    """Return the schemas of Problem and of what it holds, for the OpenAPI document."""
    schema = Problem.model_json_schema(
        mode="serialization", ref_template="#/components/schemas/{model}"
    )
    return {**schema.pop("$defs"), "Problem": schema}
