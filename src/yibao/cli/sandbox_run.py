"""What `yibao sandbox` does: fill a database once, say what is in it, serve."""

from __future__ import annotations

import contextlib
import io
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path

from rich.table import Table

from yibao.agency.accounts.moves import Slip, move_in
from yibao.agency.enrolment.facts import hold
from yibao.agency.enrolment.memberships import state_coverage
from yibao.agency.enrolment.persons import Person, register
from yibao.agency.enrolment.profile import Membership
from yibao.agency.region import check
from yibao.api.main import application
from yibao.api.national.endpoint import ENTRY
from yibao.api.national.settings import Settings, SignIn
from yibao.api.serve import listen, serve
from yibao.cli import interface_pages
from yibao.cli.options import Language
from yibao.cli.output import console, print_json
from yibao.cli.sample import write_tables
from yibao.cli.sample_centre import DIVISIONS, FIRST_DAY, example, sandbox_files
from yibao.cli.settle_run import exits
from yibao.errors import CannotWrite, YibaoError
from yibao.interop.national.coding import SCHEMES
from yibao.money import parse_yuan
from yibao.policy.vocabulary import vocabulary
from yibao.store import migrate
from yibao.store.database import Connection, Database
from yibao.store.server import serving
from yibao.store.sight import EVERYTHING
from yibao.text import Text

_ACCEPT = "D"
"""A sandbox settles by doubtful figures too: it pays nobody."""

_ACTOR = "sandbox"
_ELSEWHERE = "130199"
"""A made-up region from which balances of personal accounts came along."""
_HOST = "127.0.0.1"
_STOPPED = 130
"""The exit code of a command that Ctrl-C ends."""
_ENVELOPE = ("mdtrtarea_admvs", "insuplc_admdvs", "recer_sys_code", "infver", "opter_type")
"""What every message says of a sandbox, besides its institution."""

_TABLES = {
    "institutions": ("institution_id", "name", "level"),
    "physicians": ("practitioner_id", "name"),
    "items": ("code", "name", "class", "first_self_pay", "standard"),
    "diagnoses": ("code", "name"),
    "persons": (
        *("person_id", "identity_number", "name", "insutype", "category", "birth_date", "balance"),
    ),
}
_OF_PERSONS = frozenset({"physicians", "persons"})

_TRIED = {
    "tianjin": "yibao client replay examples/national/outpatient.jsonl",
    "jining": "yibao interface sample 1101 --region jining | yibao client send -",
}
"""What to try first: the recorded conversations are of Tianjin's sandbox."""

_WORDS = {
    "filling": Text(
        "准备示例机构、目录和参保人…", "making sample institutions, catalogues and persons …"
    ),
    "entry": Text("入口", "entry"),
    "institutions": Text("定点医药机构", "Institutions"),
    "persons": Text("参保人", "Insured persons"),
    "physicians": Text("医保医师（依次在上列医院）", "Physicians, of these hospitals in turn"),
    "practitioner_id": Text("医师编号 atddr_no", "Code atddr_no"),
    "items": Text(
        "目录（价格自定，限价以上由个人负担）", "Items; what is above the limit price is not paid"
    ),
    "diagnoses": Text("诊断", "Diagnoses"),
    "institution_id": Text("机构编号 fixmedins_code", "Code fixmedins_code"),
    "person_id": Text("人员编号 psn_no", "Number psn_no"),
    "identity_number": Text("证件号码 certno", "Identity number certno"),
    "name": Text("名称", "Name"),
    "person": Text("姓名", "Name"),
    "level": Text("级别", "Level"),
    "insutype": Text("险种 insutype", "Scheme insutype"),
    "category": Text("人员类别", "Category"),
    "birth_date": Text("出生日期", "Born"),
    "balance": Text("个人账户", "Account"),
    "code": Text("编码", "Code"),
    "class": Text("类别", "Class"),
    "first_self_pay": Text("先行自付", "First self-pay"),
    "standard": Text("限价", "Limit price"),
    "message": Text(
        "每条报文：{fields}（yibao interface show envelope）",
        "in every message: {fields} (yibao interface show envelope)",
    ),
    "first": Text(
        "第一笔门诊结算：1101 → 2201 → 2203 → 2204 → 2206 → 2207，"
        "med_type 11，psn_setlway 01，setl_optins {division}；"
        "样例报文：yibao interface sample 2201 --region {region}",
        "a first settlement: 1101 → 2201 → 2203 → 2204 → 2206 → 2207, "
        "med_type 11, psn_setlway 01, setl_optins {division}; "
        "samples: yibao interface sample 2201 --region {region}",
    ),
    "try": Text(
        "试一试（另开一个终端）：{command} --url {url}",
        "try, in another terminal: {command} --url {url}",
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
        listen(_HOST, wanted.port).close()  # before what takes a while
        with serving(str(place / "data"), make=True) as url:
            filled = place / f"{wanted.region}.filled"  # written last: what stopped is begun anew
            if not filled.exists():
                _check_region(url, wanted.region)
                console(stderr=True).print(_WORDS["filling"].pick(language))
                _fill(place, url, wanted.region)
                filled.touch()
            settings = Settings(
                profile=wanted.profile, sign_in=wanted.sign_in, record=wanted.record, told=True
            )
            made = partial(
                application, url, wanted.region, trust=True, interface=settings, accept=_ACCEPT
            )
            tell = partial(_tell, wanted, as_json=as_json, language=language)
            serve(made, host=_HOST, port=wanted.port, open_at=tell)


@contextlib.contextmanager
def _place(folder: Path | None) -> Iterator[Path]:
    if folder is not None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise CannotWrite(f"{folder}: {error.strerror} / 无法写入") from None
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


def _check_region(url: str, region: str) -> None:
    """Raise Refused for a folder of another region, before anything in it is overwritten."""
    if migrate.version(url) == migrate.newest():
        with Database(url, connections=1) as database:
            database.run(partial(check, region=region))


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
    if balance := parse_yuan(row["balance"]):
        slip = Slip(who, _ELSEWHERE, f"sandbox-{who}", since, months=0, balance=balance)
        move_in(connection, slip, actor=_ACTOR)
    if row["identity"]:
        hold(connection, who, "identities", row["identity"], since, source="sandbox", actor=_ACTOR)


def _command(place: Path, *words: str) -> None:
    from yibao.cli import app

    told = io.StringIO()
    with contextlib.redirect_stdout(told):
        arguments = [*words, "--database", str(place / "data")]
        code = app(arguments, prog_name="yibao", standalone_mode=False) or 0
    if code == _STOPPED:
        raise KeyboardInterrupt
    if code:
        raise YibaoError(f"yibao {' '.join(words)}: {told.getvalue()}")


# --- what is told ---------------------------------------------------------------------------------


_CLASSES = {"A": Text("甲类", "A"), "B": Text("乙类", "B"), "C": Text("丙类", "C")}


def _shown(name: str, value: str, language: Language) -> str:
    if name == "class" and value in _CLASSES:
        return _CLASSES[value].pick(language)
    attribute = vocabulary().attributes.get(name)
    codes = (attribute.codes if attribute else None) or {}
    return codes[value].pick(language) if value in codes else value


def _shown_files(region: str) -> dict[str, list[Mapping[str, str]]]:
    """Return the rows that are told, by table."""
    files = sandbox_files(region)
    return {
        "institutions": [*files["institution"]],
        "physicians": [*files["practitioner"]],
        "items": [row for kind in ("drug", "service", "consumable") for row in files[kind]],
        "diagnoses": [*files["diagnosis"]],
        "persons": [row | {"insutype": SCHEMES[row["scheme"]]} for row in files["persons"]],
    }


def _tell(wanted: Wanted, port: int, *, as_json: bool, language: Language) -> None:
    shown = _shown_files(wanted.region)
    url = f"http://{_HOST}:{port}{ENTRY}"
    says = example(wanted.region)
    if as_json:
        print_json({"entry": url, "region": wanted.region, "message": says, **shown})
        return
    page = console()
    for title, rows in shown.items():
        page.print(_table(title, rows, language))

    def tell(key: str, **of: object) -> None:
        page.print(_WORDS[key].pick(language).format(**of), markup=False, soft_wrap=True)

    page.print(f"{_WORDS['entry'].pick(language)}: {url}", markup=False)
    tell("message", fields=" ".join(f"{name}={says[name]}" for name in _ENVELOPE))
    tell("first", division=DIVISIONS[wanted.region], region=wanted.region)
    if wanted.sign_in == "required":
        tell("sign_in")
    if wanted.record is not None:
        tell("recorded", file=wanted.record)
    tell("grade")
    tell("try", command=_TRIED[wanted.region], url=url)


def _table(title: str, rows: Iterable[Mapping[str, str]], language: Language) -> Table:
    names = {"name": "person"} if title in _OF_PERSONS else {}
    columns = _TABLES[title]
    table = Table(*(_WORDS[names.get(name, name)].pick(language) for name in columns))
    table.title = _WORDS[title].pick(language)
    for row in rows:
        table.add_row(*(_shown(name, row.get(name, ""), language) for name in columns))
    return table
