"""The files of what is filed before care: referrals, care elsewhere, chosen institutions.

A row that says just what stands there, even if it was cancelled since, is there already.
"""

from __future__ import annotations

from collections.abc import Mapping

from yibao.agency.enrolment.persons import locked
from yibao.agency.filing import choices, referrals, remote
from yibao.agency.filing.referrals import Referral
from yibao.agency.filing.remote import CATEGORIES, Remote
from yibao.agency.imports import RowFile
from yibao.interop.files.columns import Column
from yibao.interop.files.rowreader import Values
from yibao.store.database import Connection
from yibao.text import Text

_PERSON = Column("person_id", "id", Text("人员编号", "Person"))
_FIRST = Column("from", "date", Text("起日", "First day"))
_LAST = Column("to", "date", Text("止日", "Last day"))
_OPEN = Column(
    "to", "date", Text("止日", "Last day"), Text("空为至今", "empty: until further notice"), ""
)


def _referral(connection: Connection, values: Values, actor: str) -> bool:
    wanted = Referral(
        values["person_id"],
        values["from_institution"],
        values["to_institution"],
        values["from"],
        values["to"],
        values["reason"],
        values["follows"],
    )
    locked(connection, wanted.person_id)
    if any(f.referral == wanted for f in referrals.referrals(connection, wanted.person_id)):
        return False
    referrals.refer(connection, wanted, actor=actor)
    return True


def _remote(connection: Connection, values: Values, actor: str) -> bool:
    wanted = Remote(
        values["person_id"],
        values["category"],
        values["division"],
        values["from"],
        values["to"],
        values["reason"],
    )
    locked(connection, wanted.person_id)
    if any(f.remote == wanted for f in remote.filings(connection, wanted.person_id)):
        return False
    remote.file(connection, wanted, values["filed_on"], actor=actor)
    return True


def _choice(connection: Connection, values: Values, actor: str) -> bool:
    person, institution, first = values["person_id"], values["institution_id"], values["from"]
    locked(connection, person)
    wanted = (values["kind"], institution, values["chosen_on"], first)
    if any(
        (c.kind, c.institution_id, c.on_day, c.first) == wanted
        for c in choices.choices(connection, person)
    ):
        return False
    return choices.choose(
        *(connection, values["kind"], person, institution),
        first=first,
        on_day=values["chosen_on"],
        residence=values["residence"],
        actor=actor,
    )


_REFERRAL = RowFile(
    "referral",
    (
        _PERSON,
        Column("from_institution", "id", Text("转出机构", "Sent from")),
        Column("to_institution", "id", Text("转入机构", "Sent to")),
        _FIRST,
        _LAST,
        Column("reason", "text", Text("理由", "Reason")),
        Column(
            "follows",
            "count",
            Text("前次转诊号", "The referral that it follows"),
            Text("再转、转回时填写", "where a patient is sent on again"),
            absent="",
        ),
    ),
    _referral,
)
_REMOTE = RowFile(
    "remote",
    (
        _PERSON,
        Column("category", "code", Text("备案类型", "Category"), codes=CATEGORIES),
        Column("division", "id", Text("就医地区划前2、4或6位", "2, 4 or 6 digits of the place")),
        Column("filed_on", "date", Text("备案日", "Day of the filing")),
        _FIRST,
        _OPEN,
        Column("reason", "text", Text("理由", "Reason"), absent=""),
    ),
    _remote,
)
CHOICES = {
    "level_3": Text("选定三级医院", "hospital of level 3"),
    "primary": Text("签约基层机构", "contracted primary institution"),
}
_CHOICE = RowFile(
    "choice",
    (
        _PERSON,
        Column(
            "kind",
            "code",
            Text("选定类型", "Kind"),
            codes=CHOICES,
        ),
        Column("institution_id", "id", Text("医疗机构编号", "Institution")),
        Column("chosen_on", "date", Text("选定日", "Day of the choice")),
        _FIRST,
        Column(
            "residence",
            "text",
            Text("居住原因", "Reason of residence"),
            Text("在参保县以外签约时必填", "needed outside the county of enrolment"),
            absent="",
        ),
    ),
    _choice,
)

KINDS: Mapping[str, RowFile] = {kind.name: kind for kind in (_REFERRAL, _REMOTE, _CHOICE)}
