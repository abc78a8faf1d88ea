# ruff: noqa: E501 - a row of the table below is one mistake
"""What a newcomer gets wrong, and whether the message helps: where, what was found, what to write.

A pack begun with `policy new` is filled in and then broken in one place. Each message has to name
the file and the line, and to say what to write there, most often the very thing.
"""

import re
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from yibao.errors import PackErrors
from yibao.policy.checking import check
from yibao.policy.load import load_region
from yibao.policy.scaffold import NewDocument, NewRegion, region_files
from yibao.settlement.cases import CaseRunner
from yibao.text import Text

DOCUMENT = "notice@2023-01-01"
RULES, HEAD, CASES = (
    f"{DOCUMENT}/{name}.yaml" for name in ("resident-inpatient", "document", "cases")
)
LAYERS, REGION = f"{DOCUMENT}/framework.yaml", "region.yaml"
FIGURES = {"1": ("100.00", "80%"), "2": ("300.00", "65%"), "3": ("500.00", "50%")}
DONE = "refused: resident_inpatient_deductible"
"""What the case says until the figures are in: 1,000 less 300, of which 65 %, is 455.00."""


def write(folder: Path) -> Path:
    """Write a region with figures for stays; return its folder."""
    document = NewDocument(
        id="notice", first=date(2023, 1, 1), number="1", title=Text("例", "x"),
        issuer=Text("例", "x"), known=date(2022, 12, 1),
    )  # fmt: skip
    new = NewRegion(
        id="city",
        document=document,
        name=Text("某市", "City"),
        division="420200",
        parts=("inpatient",),
    )
    for name, text in region_files(new, "en").items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(filled(text), encoding="utf-8")
    return folder


def filled(text: str) -> str:
    """Return a file with its figures, its articles and its example filled in."""
    for level, (deductible, rate) in FIGURES.items():
        text = text.replace(
            f'missing: "TODO: the deductible at level {level}"', f'value: "{deductible}"'
        )
        text = text.replace(f'missing: "TODO: the rate at level {level}"', f'value: "{rate}"')
    text = re.sub(r'missing: "TODO: the yearly[^"]*"', "value: unlimited", text)
    return text.replace("cite: TODO", "cite: 二（一）").replace(
        DONE, 'expect: {pool_pay: "455.00"}'
    )


def told(folder: Path) -> list[str]:
    """Return every message of the loader, else of the checks, else of the cases."""
    try:
        findings = check(load_region(folder))
        found = [str(finding) for finding in findings if finding.check != "to do"]
        if not found:
            verdicts = CaseRunner(folder).run_all()
            found = [f"{v.case.file}:{v.case.line}: {f}" for v in verdicts for f in v.failures]
    except PackErrors as error:
        found = [str(defect) for defect in error.defects]
    return [message.removeprefix(f"{folder}/") for message in found]


def test_the_pack_that_is_broken_below_has_no_fault(tmp_path: Path) -> None:
    assert told(write(tmp_path)) == []


ROW, SHARE = '{level: "2", value: "65%"}', "  op: share"
SHARED = f"{SHARE}\n  of: after_deductible\n  rate: resident_inpatient_rate"
BANDS = "  op: bands\n  of: after_deductible\n  segments: [{to: resident_inpatient_ceiling, rate: resident_inpatient_rate}]"
WHEN = "when: {scheme: resident, visit: inpatient}"
BROKEN = [
    # money and rates
    (RULES, '"300.00"', "300.00", "found the number 300.00", 'a quoted amount such as "800.00"'),
    (RULES, '"300.00"', "300", "300 is not quoted", 'did you mean "300.00"?'),
    (RULES, '"300.00"', '"300"', "'300' is not an amount", 'did you mean "300.00"?'),
    (RULES, '"300.00"', '"300.5"', "'300.5' is not an amount", 'did you mean "300.50"?'),
    (RULES, '"300.00"', '"1,300.00"', "'1,300.00' is not", 'did you mean "1300.00"?'),
    (RULES, '"300.00"', '"300元"', "'300元' is not an amount", 'did you mean "300.00"?'),
    (RULES, '"300.00"', '"-300.00"', "'-300.00' is not an amount", '"800.00" or unlimited'),
    (RULES, '"300.00"', '"65%"', "'65%' is not an amount", '"800.00" or unlimited'),
    (RULES, '"65%"', '"0.65"', "'0.65' is not a percentage", 'did you mean "65%"?'),
    (RULES, '"65%"', '"0.625"', "'0.625' is not a percentage", 'did you mean "62.5%"?'),
    (RULES, '"65%"', '"65"', "'65' is not a percentage", 'did you mean "65%"?'),
    (RULES, '"65%"', '"65％"', "'65％' is not a percentage", 'did you mean "65%"?'),
    (RULES, '"65%"', "“65%”", "'“65%”' is not a percentage", 'did you mean "65%"?'),
    (RULES, '"65%"', '"650%"', "650% is above 100 %", '"65%"'),
    # YAML as a Chinese keyboard or an editor writes it
    (RULES, "unit: rate", "unit：rate", "the Chinese sign '：'", "':'"),
    (RULES, ROW, '{level: "2"， value: "65%"}', "the Chinese sign '，'", "','"),
    (RULES, ROW, '｛level: "2", value: "65%"｝', "the Chinese sign '｛'", "'{'"),
    (RULES, "unit: rate", "unit:　rate", "the Chinese sign", "a blank"),
    (RULES, "    unit: rate", "\tunit: rate", "a tab at the beginning", "blanks"),
    (RULES, "    unit: rate", "\u00a0   unit: rate", "a no-break space", "an ordinary blank"),
    (RULES, "unit: rate", "unit:rate", "unit:rate without a blank", "unit: rate"),
    (RULES, "    unit: rate", "   unit: rate", "found", "equally far indented"),
    (RULES, "en: Inpatient rate of", "en: Rate: of", "a colon in the text", "the text in quotes"),
    # tables
    (RULES, ROW, '{level: 2, value: "65%"}', "2 at tables.", 'a code in quotes: "2"'),
    (RULES, ROW, '{level: "二级", value: "65%"}', "'二级'", "a code of level: none, 1, 2, 3"),
    (RULES, ROW, '{levle: "2", value: "65%"}', "the key levle", "did you mean 'level'?"),
    (RULES, ROW, '{level: "2", vaule: "65%"}', '"vaule"', "did you mean 'value'?"),
    (RULES, ROW, '{level: "2"}', '{"level": "2"}', "a value, or missing with the reason"),
    (RULES, ROW, '{level: "2", value: "65%", missing: x}', '"missing"', "not both"),
    (RULES, f"      - {ROW}\n", "", "no row of resident_inpatient_rate for level=2", "a row for"),
    (RULES, ROW, '{level: "1", value: "65%"}', "two rows of resident_inpatient_rate", "one row"),
    (RULES, "unit: rate", "unit: ratio", '"ratio"', "did you mean 'rate'?"),
    (RULES, "measure: inpatient_rate", "measure: inpatient_ratio", "'inpatient_ratio'", "did you mean"),
    (RULES, "{scheme: resident}", "{scheme: residents}", "'residents'", "did you mean 'resident'?"),
    (RULES, 'keys: {level: ["1", "2", "3"]}', 'keys: {level: ["1", "2", "3"], age: [60+]}', "'60+'", "whole numbers without quotes"),
    (RULES, ROW, '{level: "2", age: 60+, value: "65%"}', "the key age", "a key of resident_inpatient_rate"),
    # steps
    (RULES, "\nsteps:", "\nstep:", "the field 'step'", "did you mean 'steps'?"),
    (RULES, SHARE, "  op: shares", '"shares" at steps.resident_inpatient_share', "did you mean 'share'?"),
    (RULES, "of: after_deductible", "of: after_deductable", "'after_deductable'", "did you mean 'after_deductible'?"),
    (RULES, "  rate: resident", "  limit: resident", "the field 'limit'", "share, which takes of, rate, to"),
    (RULES, "terms: [in_scope, resident_inpatient_deductible]", "terms: in_scope", '"in_scope"', "a list"),
    (RULES, WHEN, "when: {visit: hospital}", "'hospital'", "a code of visit: outpatient"),
    (RULES, WHEN, "when: {visits: inpatient}", "the name visits", "did you mean 'visit'?"),
    (RULES, WHEN, "when: {age: 60+}", "age: 60+", "{from: 60}"),
    (RULES, "  limit: resident_inpatient_ceiling", "  limit: unlimited", "'unlimited'", "the table may say `value: unlimited`"),
    (RULES, SHARED, BANDS, "no field 'start'", "such as [deductible]"),
    (RULES, SHARED, f"  start: []\n{BANDS}", "[] at steps.resident_inpatient_share.start", "at least one entry"),
    (RULES, WHEN, "when: {age: 70}", "70 at steps.", "{from: 70}"),
    (RULES, WHEN, "when: {identities: veteran}", "identities: veteran", "{any_of: …"),
    (RULES, "layer: basic", "layer: base", "'base'", "did you mean 'basic'?"),
    (RULES, "to: pool_pay", "to: assistance_pay", "writes assistance_pay", "a step of the layer assistance"),
    (RULES, "order: 230", "order: 215", "the name 'after_deductible'", "a step before it"),
    (RULES, "order: 230", 'order: "230"', '"230"', "a whole number without quotes"),
    (RULES, "says: {zh: 按比例计算。, en: The rate is applied.}", "says: 按比例", '"按比例"', "{zh: …, en: …}"),
    (LAYERS, "[basic]", "[basics]", "'basics'", "did you mean 'basic'?"),
    # the document and the region
    (HEAD, "known: 2022-12-01", "known: 2022/12/1", '"2022/12/1"', "did you mean 2022-12-01?"),
    (HEAD, "known: 2022-12-01", "known: 2022年12月1日", '"2022年12月1日"', "did you mean 2022-12-01?"),
    (HEAD, "known: 2022-12-01", "known: 2022-02-30", '"2022-02-30"', "a day that exists"),
    (HEAD, "from: 2023-01-01", "from: 2023-02-01", f"the folder {DOCUMENT}", "notice@2023-02-01"),
    (HEAD, "to: null", "to: 2022-01-01", "2023-01-01 to 2022-01-01", "an end after the beginning"),
    (HEAD, "{from: 2023-01-01, to: null}", "2023-01-01", "at effective", "{from: 2023-01-01, to: null}"),
    (HEAD, "kind: policy", "kind: polciy", '"polciy"', "did you mean 'policy'?"),
    (HEAD, "issuer:", "isuer:", "the field 'isuer'", "did you mean 'issuer'?"),
    (HEAD, 'number: "1"', "number: 1", "1 at number", "in quotes"),
    (REGION, "level: city", "level: City", '"City"', "did you mean 'city'?"),
    (REGION, 'division: "420200"', "division: 420200", "420200", "in quotes"),
    (REGION, "# parent: national", "parent: nowhere", "no region 'nowhere'", "a region's folder"),
    # cases
    (CASES, "pool_pay", "pool_paid", "no figure pool_paid", "did you mean 'pool_pay'?"),
    (CASES, '"455.00"', '"455.01"', "pool_pay is 455.00", "expected 455.01"),
    (CASES, "visit: inpatient", "visit: inpatients", "inpatients is not one of", "did you mean 'inpatient'?"),
    (CASES, "in_scope:", "inscope:", "inscope is not in the vocabulary", "did you mean 'in_scope'?"),
    (CASES, "scheme:", "schema:", "schema is not in the vocabulary", "did you mean 'scheme'?"),
    (CASES, "category: adult", "category: adults", "adults is not one of", "did you mean 'adult'?"),
    (CASES, "events:", "event:", "the field 'event'", "did you mean 'events'?"),
]  # fmt: skip


def line_of(message: str, file: str) -> int:
    """Return the line that a message names: the mistake's own, or that of its step or provision."""
    found = re.match(rf"{re.escape(file)}:(\d+): ", message)
    return int(found[1]) if found else 0


@pytest.mark.parametrize(("file", "old", "new", "found", "write_this"), BROKEN)
def test_message(
    tmp_path: Path, *, file: str, old: str, new: str, found: str, write_this: str
) -> None:
    path = write(tmp_path) / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    messages = told(tmp_path)
    at = 1 + text[: text.index(old.lstrip("\n"))].count("\n")
    good = [
        m for m in messages if found in m and write_this in m and at - 10 <= line_of(m, file) <= at
    ]
    assert good, "\n".join(messages)
    assert len(messages) <= 3, "one mistake, a page of messages"


def test_where_a_mistake_repeats_in_every_provision_it_is_told_once(tmp_path: Path) -> None:
    file = write(tmp_path) / HEAD
    file.write_text(
        file.read_text(encoding="utf-8").replace("to: null", "to: 2022-01-01"), encoding="utf-8"
    )
    assert len(told(tmp_path)) == 1


@pytest.mark.parametrize(
    ("encode", "problem"),
    [
        (lambda text: text.encode("gb18030"), "save it again with the encoding UTF-8"),
        (lambda text: text.encode("utf-16"), "save it again with the encoding UTF-8"),
        (lambda _: b"", "an empty file"),
        (lambda text: b"\xef\xbb\xbf" + text.encode(), None),
        (lambda text: text.replace("\n", "\r\n").encode(), None),
    ],
)
def test_encodings_and_line_ends(
    tmp_path: Path, encode: Callable[[str], bytes], problem: str | None
) -> None:
    file = write(tmp_path) / RULES
    file.write_bytes(encode(file.read_text(encoding="utf-8")))
    messages = told(tmp_path)
    if problem is None:
        assert messages == []
    else:
        assert messages[0].startswith(f"{RULES}:1: ")
        assert problem in messages[0]


@pytest.mark.parametrize(
    ("old", "new", "where", "expected"),
    [
        (DOCUMENT, "notice", "notice:1", "<document>@<first day in force>"),
        (DOCUMENT, "notice@2023-1-1", "notice@2023-1-1/document.yaml:7", "notice@2023-01-01"),
        (HEAD, f"{DOCUMENT}/Document.yaml", f"{DOCUMENT}:1", "a document.yaml"),
        (RULES, RULES.replace(".yaml", ".yml"), f"{RULES[:-5]}.yml:1", "resident-inpatient.yaml"),
        (RULES, f"{DOCUMENT}/sub/rules.yaml", f"{DOCUMENT}/sub/rules.yaml:1", "rules beside document.yaml"),
    ],
)  # fmt: skip
def test_nothing_is_passed_over_in_silence(
    tmp_path: Path, old: str, new: str, where: str, expected: str
) -> None:
    write(tmp_path)
    (tmp_path / new).parent.mkdir(exist_ok=True)
    (tmp_path / old).rename(tmp_path / new)
    messages = told(tmp_path)
    assert [m for m in messages if m.startswith(f"{where}: ") and expected in m], messages
