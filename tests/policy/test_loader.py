"""Bad packs: every kind of defect is told with file, line, what was found and what was expected."""

from datetime import date
from pathlib import Path

import pytest
from small_pack import add_document, add_region

from yibao.errors import Defect, PackErrors
from yibao.policy.load import load_region

HEAD = """\
title: {zh: 例, en: an example}
number: "1"
issuer: {zh: 例, en: an example}
kind: policy
known: 2000-01-01
effective: {from: 2000-01-01, to: null}
"""

RULES = """\
tables:
  rate:
    title: {zh: 例, en: an example}
    unit: rate
    keys: {level: ["1", "2"]}
    provisions:
    - cite: 一
      says: {zh: 例, en: an example}
      rows:
      - {level: "1", value: "50%"}
      - {level: "2", value: "40%"}
steps:
- id: pay
  order: 10
  layer: basic
  op: share
  of: in_scope
  rate: rate
  to: pool_pay
  cite: 一
  says: {zh: 例, en: an example}
"""
SHARE, REFUSE = "  op: share\n  of: in_scope\n  rate: rate\n  to: pool_pay\n", "  op: refuse\n"


def write(folder: Path, document: str = HEAD, rules: str | bytes = RULES) -> Path:
    """Write a region of one document; return its folder."""
    path = add_region(folder) / "rules@2000-01-01"
    path.mkdir()
    (path / "document.yaml").write_text(document, encoding="utf-8")
    text = rules.encode() if isinstance(rules, str) else rules
    (path / "rules.yaml").write_bytes(text)
    return folder


def defects(folder: Path) -> tuple[Defect, ...]:
    """Load a region that must not load; return what was found."""
    with pytest.raises(PackErrors) as caught:
        load_region(folder)
    return caught.value.defects


def test_the_pack_that_the_defects_start_from_loads(tmp_path: Path) -> None:
    region = load_region(write(tmp_path))
    assert [step.id for step in region.steps] == ["pay"]
    assert len(region.tables["rate"].rows) == 2


@pytest.mark.parametrize(
    ("old", "new", "line", "found", "expected"),
    [
        # strict YAML
        ('"50%"', "&a x", 10, "an anchor or alias", "the value written out"),
        ('"50%"', "!x y", 10, "the tag !x", "a plain value"),
        ('"50%"', "0.5", 10, "the number 0.5", 'a quoted amount such as "800.00" or "65%"'),
        ("  layer: basic", "  order: 11", 15, "the key 'order' twice", "each key once"),
        ("  rate:\n", "  rate: [\n", 4, "did not find expected", "well-formed YAML"),
        # shape
        ("  cite: 一\n  says", "  says", 13, "no field 'cite' at steps.pay", "the field cite"),
        ("  order: 10", "  ordre: 10", 14, "the field 'ordre' at steps.pay", "mean 'order'"),
        ("  op: share", "  op: multiply", 16, '"multiply" at steps.pay.op', "one of add, subtract"),
        (SHARE, REFUSE, 13, "no field 'when' at steps.pay", "the field when: conditions, such as"),
        (SHARE, f"{REFUSE}  when: {{}}\n", 17, "{} at steps.pay.when", "conditions, such as"),
        ("unit: rate", "unit: percent", 4, '"percent" at tables.rate.unit', "one of yuan, rate"),
        ("id: pay", "id: Pay!", 13, '"Pay!" at steps.Pay!.id', "lower"),
        # values
        ('"50%"', '"50"', 10, "'50' is not a percentage", '"65%"'),
        ('"50%"', '"101%"', 10, "101% is above 100 %", '"65%"'),
        ("unit: rate", "unit: yuan", 10, "'50%' is not an amount", '"800.00" or unlimited'),
        ("unit: rate", "unit: count", 10, "'50%' is not a whole number", "a whole number"),
        ("    - cite", "    - from: 2021-02-30\n      cite", 7, "2021-02-30", "a day that exists"),
        (
            "    - cite",
            "    - from: 2021-02-01\n      to: 2021-01-01\n      cite",
            7,
            "validity 2021-02-01 to 2021-01-01",
            "an end after the beginning",
        ),
        # names
        ('{level: "1"', '{level: "9"', 10, "'9'", "a code of level: none, 1, 2, 3"),
        ('{level: "1"', "{age: {from: 1}", 10, "the key age", "a key of rate (level), value"),
        ('keys: {level: ["1"', 'keys: {level: ["7"', 5, "'7'", "a code of level"),
        ("keys: {level:", "keys: {levle:", 5, "the key levle", "an attribute, a classification"),
        ('{level: "1"', "{level: {any_of: [x]}", 10, "level: {'any_of': ['x']}", "a code or codes"),
        ("layer: basic", "layer: bottom", 13, "'bottom'", "a layer: basic"),
        ("    unit: rate\n", "", 6, "no unit", "each declared once"),
    ],
)
def test_defect_in_a_rules_file(
    tmp_path: Path, *, old: str, new: str, line: int, found: str, expected: str
) -> None:
    assert RULES.count(old) >= 1
    folder = write(tmp_path, rules=RULES.replace(old, new, 1))
    told = [d for d in defects(folder) if found in d.found and expected in d.expected]
    assert told, "\n".join(map(str, defects(folder)))
    assert told[0].file == folder / "rules@2000-01-01" / "rules.yaml"
    assert told[0].line == line


@pytest.mark.parametrize(
    ("old", "new", "line", "found", "expected"),
    [
        ("from: 2000-01-01", "from: 2001-01-01", 6, "the folder rules@2000-01-01", "rules@2001-01"),
        ("kind: policy", "kind: law", 4, '"law" at kind', "one of policy, draft"),
        ("kind: policy", "kind: figures", 7, "a base figure without grade or source", "both"),
        ('number: "1"\n', "", 1, "no field 'number'", "the field number"),
        (
            "kind: policy",
            "kind: policy\nrepeals: [{document: gone, from: 2001-01-01, cite: 一, "
            "says: {zh: 例, en: an example}}]",
            5,
            "an act on 'gone'",
            "a document of the region",
        ),
    ],
)
def test_defect_of_a_document(
    tmp_path: Path, *, old: str, new: str, line: int, found: str, expected: str
) -> None:
    folder = write(tmp_path, document=HEAD.replace(old, new, 1))
    told = [d for d in defects(folder) if found in d.found and expected in d.expected]
    assert told, "\n".join(map(str, defects(folder)))
    assert told[0].line == line


def test_bytes_that_are_not_utf8(tmp_path: Path) -> None:
    (defect,) = defects(write(tmp_path, rules=RULES.encode("gb18030")))
    assert defect.found.endswith("is not UTF-8")
    assert defect.expected == "a UTF-8 file: save it again with the encoding UTF-8"


def test_every_defect_of_every_file_is_told(tmp_path: Path) -> None:
    rules = RULES.replace('"50%"', '"50"').replace('"40%"', '"40"')
    add_document(tmp_path, {"state": {"x": 1}}, "other")
    found = defects(write(tmp_path, rules=rules))
    assert {d.file.parent.name for d in found} == {"other@2000-01-01"}
    (tmp_path / "other@2000-01-01" / "rules.yaml").unlink()
    assert [d.line for d in defects(tmp_path)] == [10, 11]


def test_region_that_is_not_there(tmp_path: Path) -> None:
    (defect,) = defects(tmp_path / "nowhere")
    assert "no region" in defect.found
    assert "tianjin" in defect.expected


def test_overlay_and_document_left_out_must_exist(tmp_path: Path) -> None:
    write(tmp_path)
    with pytest.raises(PackErrors, match=r"no document\.yaml"):
        load_region(tmp_path, overlays=[tmp_path / "nothing"])
    with pytest.raises(PackErrors, match="no document 'nothing' to leave out"):
        load_region(tmp_path, without=["nothing"])


def test_document_left_out_takes_its_acts_along(tmp_path: Path) -> None:
    write(tmp_path)
    act = {"document": "rules", "from": "2010-01-01", "cite": "1", "says": {"zh": "例", "en": "x"}}
    add_document(tmp_path, {}, "repeal", start="2010-01-01", repeals=[act])
    assert load_region(tmp_path).steps[0].origin.last == date(2009, 12, 31)
    assert load_region(tmp_path, without=["repeal"]).steps[0].origin.last is None


@pytest.mark.parametrize(
    ("constraint", "found"),
    [
        ("table: gone, key: level, code: '1'", "the table gone"),
        ("table: rate, key: age, code: '1'", "'age'"),
        ("table: rate, key: level, code: '3'", "'3'"),
        ("table: rate, when: {scheme: resident}, key: level, code: '1'", "'scheme'"),
    ],
)
def test_constraint_on_what_is_not_there(tmp_path: Path, constraint: str, found: str) -> None:
    says = "cite: 一, says: {zh: 例, en: an example}"
    line = f"constraints:\n- {{id: c, {constraint}, must_be: above, than: ['2'], {says}}}\n"
    (defect,) = defects(write(tmp_path, rules=RULES + line))
    assert defect.found == found
    assert defect.line == 23
