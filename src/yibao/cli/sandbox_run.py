"""What `yibao sandbox` does: fill a database once, say what is in it, serve."""

from __future__ import annotations

import contextlib
import io
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from rich.table import Table

from yibao.agency.enrolment.facts import hold
from yibao.agency.enrolment.memberships import state_coverage
from yibao.agency.enrolment.persons import Person, register
from yibao.agency.enrolment.profile import Membership
from yibao.api.main import application
from yibao.api.national.endpoint import ENTRY
from yibao.api.national.settings import Settings, SignIn
from yibao.api.serve import serve
from yibao.cli import interface_pages
from yibao.cli.options import Language
from yibao.cli.output import console, print_json
from yibao.cli.sample import write_tables
from yibao.cli.sample_centre import FIRST_DAY, sandbox_files
from yibao.cli.settle_run import exits
from yibao.errors import CannotWrite, YibaoError
from yibao.policy.vocabulary import vocabulary
from yibao.store.database import Connection, Database
from yibao.store.server import serving
from yibao.store.sight import EVERYTHING
from yibao.text import Text

_ACCEPT = "D"
"""A sandbox settles by doubtful figures too: it pays nobody."""

_ACTOR = "sandbox"
_EXAMPLE = "examples/national/outpatient.jsonl"

_WORDS = {
    "filling": Text(
        "准备示例机构、目录和参保人…", "making sample institutions, catalogues and persons …"
    ),
    "entry": Text("入口", "entry"),
    "institutions": Text("定点医药机构", "Institutions"),
    "persons": Text("参保人", "Insured persons"),
    "physicians": Text("医保医师（依次在上列医院）", "Physicians, of these hospitals in turn"),
    "practitioner_id": Text("医师编号", "Code"),
    "items": Text("目录编码", "Items of the catalogues"),
    "institution_id": Text("机构编号", "Code"),
    "identity_number": Text("证件号码", "Identity number"),
    "name": Text("名称", "Name"),
    "level": Text("级别", "Level"),
    "category": Text("人员类别", "Category"),
    "code": Text("编码", "Code"),
    "class": Text("类别", "Class"),
    "try": Text(
        "试一试（另开一个终端）：yibao client replay {example} --url {url}",
        "try, in another terminal: yibao client replay {example} --url {url}",
    ),
    "grade": Text(
        "本环境接受 D 级（未核实）数字，结果仅供联调；按 Ctrl-C 结束",
        "figures of grade D (not verified) are accepted here: results are for testing only; "
        "Ctrl-C stops it",
    ),
    "sign_in": Text(
        "报文须带当日签到(9001)取得的 sign_no", "messages need the sign_no of a sign-in (9001)"
    ),
    "recorded": Text("交易记录写入 {file}", "exchanges are recorded in {file}"),
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """A sandbox as it is asked for; without a `folder` it is thrown away."""

    region: str
    folder: Path | None
    port: int
    record: Path | None
    profile: str
    sign_in: SignIn


def run(wanted: Wanted, *, as_json: bool, language: Language) -> None:
    """Serve until told to stop."""
    interface_pages.schema(wanted.profile, as_json=as_json)  # a profile that there is not is told
    with exits(language, as_json=as_json), _place(wanted.folder) as place:
        _check_record(wanted.record)
        with serving(str(place / "data"), make=True) as url:
            filled = place / f"{wanted.region}.filled"  # written last: what stopped is begun anew
            if not filled.exists():
                console(stderr=True).print(_WORDS["filling"].pick(language))
                _fill(place, url, wanted.region)
                filled.touch()
            settings = Settings(
                profile=wanted.profile, sign_in=wanted.sign_in, record=wanted.record
            )
            made = partial(
                application, url, wanted.region, trust=True, interface=settings, accept=_ACCEPT
            )
            tell = partial(_tell, wanted, as_json=as_json, language=language)
            serve(made, host="127.0.0.1", port=wanted.port, open_at=tell)


@contextlib.contextmanager
def _place(folder: Path | None) -> Iterator[Path]:
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        yield folder
        return
    with tempfile.TemporaryDirectory(prefix="yibao-sandbox-") as made:
        yield Path(made)


def _check_record(file: Path | None) -> None:
    if file is not None:
        try:
            file.open("ab").close()
        except OSError as error:
            raise CannotWrite(f"{file}: {error.strerror} / 无法写入") from None


def _fill(place: Path, url: str, region: str) -> None:
    """Import the registers as a user would, by commands; take over the insured as they stand."""
    files = sandbox_files(region)
    registers = {kind: rows for kind, rows in files.items() if kind != "persons"}
    write_tables(place, registers)
    _command(place, "db", "init", "--region", region)
    for kind in registers:
        _command(place, "registry", "import", kind, str(place / f"{kind}.csv"))
    with Database(url, sight=EVERYTHING, connections=1) as database:
        for row in files["persons"]:
            database.run(partial(_insure, row=row))


def _insure(connection: Connection, row: Mapping[str, str]) -> None:
    who, since = row["person_id"], date.fromisoformat(FIRST_DAY)
    person = Person(
        who,
        date.fromisoformat(row["birth_date"]),
        name=row["name"],
        identity_type="resident_id",
        identity_number=row["identity_number"],
        division=row["division"],
    )
    register(connection, person, actor=_ACTOR)
    member = Membership(row["scheme"], row["category"], row["contribution_tier"])
    state_coverage(connection, who, member, since, None, actor=_ACTOR)
    if row["identity"]:
        hold(connection, who, "identities", row["identity"], since, source="sandbox", actor=_ACTOR)


def _command(place: Path, *words: str) -> None:
    from yibao.cli import app

    told = io.StringIO()
    with contextlib.redirect_stdout(told):
        arguments = [*words, "--database", str(place / "data")]
        code = app(arguments, prog_name="yibao", standalone_mode=False) or 0
    if code:
        raise YibaoError(f"yibao {' '.join(words)}: {told.getvalue()}")


# --- what is told ---------------------------------------------------------------------------------


def _shown(name: str, value: str, language: Language) -> str:
    attribute = vocabulary().attributes.get(name)
    codes = (attribute.codes if attribute else None) or {}
    return codes[value].pick(language) if value in codes else value


def _tell(wanted: Wanted, port: int, *, as_json: bool, language: Language) -> None:
    files = sandbox_files(wanted.region)
    url = f"http://127.0.0.1:{port}{ENTRY}"
    items = [row for kind in ("drug", "service", "consumable") for row in files[kind]]
    if as_json:
        shown: dict[str, Any] = {
            "institutions": files["institution"],
            "physicians": files["practitioner"],
            "persons": files["persons"],
            "items": items,
        }
        print_json({"entry": url, "region": wanted.region, **shown})
        return
    page = console()
    tables = (
        ("institutions", files["institution"], ("institution_id", "name", "level")),
        ("physicians", files["practitioner"], ("practitioner_id", "name")),
        ("items", items, ("code", "name", "class")),
        ("persons", files["persons"], ("identity_number", "name", "category")),
    )
    for title, rows, columns in tables:
        table = Table(*(_WORDS[name].pick(language) for name in columns))
        table.title = _WORDS[title].pick(language)
        for row in rows:
            table.add_row(*(_shown(name, row[name], language) for name in columns))
        page.print(table)
    page.print(f"{_WORDS['entry'].pick(language)}: {url}", markup=False)
    if wanted.sign_in == "required":
        page.print(_WORDS["sign_in"].pick(language), markup=False)
    if wanted.record is not None:
        page.print(_WORDS["recorded"].pick(language).format(file=wanted.record), markup=False)
    page.print(_WORDS["grade"].pick(language), markup=False)
    hint = _WORDS["try"].pick(language).format(example=_EXAMPLE, url=url)
    page.print(hint, markup=False, soft_wrap=True)
