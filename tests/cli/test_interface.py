"""`yibao interface`: what is printed, and a recording held against the specification."""

import json
from pathlib import Path

from typer.testing import CliRunner

from yibao.cli import app
from yibao.interop.national import sample
from yibao.interop.national.load import interface


def call(*arguments: str, code: int = 0) -> str:
    found = CliRunner().invoke(app, ["interface", *arguments], env={"YIBAO_LANG": "zh"})
    assert found.exit_code == code, found.output
    return found.output


def test_a_transaction_is_shown_field_by_field() -> None:
    text = call("show", "2207")
    assert "│ insutype " in text
    assert "code 6 → insutype" in text
    told = json.loads(call("show", "2207", "--json"))
    (data, traced) = told["input"]
    assert (data["node"], data["many"], traced["many"], traced["required"]) == (
        *("data", False),
        *(True, False),
    )
    assert data["fields"][0] == {
        "name": "psn_no",
        "zh": "人员编号",
        "kind": "text",
        "length": 30,
        "decimals": None,
        "codes": None,
        "required": True,
    }


def test_what_there_is_not_is_wrong_usage() -> None:
    assert "did you mean '2207'?" in call("show", "22077", code=2)
    assert "did you mean 'insutype'?" in call("codes", "insutyp", code=2)
    assert "there are: hunan" in call("list", "--profile", "x", code=2)


def test_codes_and_transactions_are_listed() -> None:
    assert "城乡居民基本医疗保险" in call("codes", "insutype")
    assert len(json.loads(call("codes", "--json"))["tables"]) == 155
    assert len(json.loads(call("list", "--json"))["transactions"]) == 119


def test_a_recording_is_checked(tmp_path: Path) -> None:
    file, out = tmp_path / "traffic.jsonl", tmp_path / "findings.csv"
    good = json.loads(call("sample", "2207", "--all"))
    file.write_text(json.dumps({"request": good}) + "\n")
    assert "1 次交易，全部符合规范" in call("check", str(file))

    bad = sample.request(interface(), "2207")
    bad["input"]["data"] |= {"insutype": "999", "medfee_sumamt": "1.005", "mine": 1}
    with file.open("a") as stream:
        stream.write(json.dumps({"request": bad}, default=str) + "\n")
    text = call("check", str(file), "-o", str(out), code=1)
    assert "险种类型(data.insutype)：应为代码表“险种类型”(insutype)中的代码" in text.replace(
        "\n", ""
    )
    rows = out.read_text(encoding="utf-8-sig").splitlines()
    assert rows[0] == "exchange,infno,side,kind,finding"
    assert [row.split(",")[:4] for row in rows[1:]] == [
        ["2", "2207", "请求", "不合规范"],
        ["2", "2207", "请求", "不合规范"],
        ["2", "2207", "请求", "规范外字段"],
    ]
    told = json.loads(call("check", str(file), "--json", code=1))
    assert told["counts"] == {"fault": 2, "extra": 1}


def test_a_recording_that_cannot_be_read_ends_with_its_code(tmp_path: Path) -> None:
    assert "无法读取" in call("check", str(tmp_path / "none.jsonl"), code=4)
