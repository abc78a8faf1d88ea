"""`yibao interface`: what is printed, and a recording held against the specification."""

import json
from pathlib import Path

from typer.testing import CliRunner

from yibao.api.national.handlers import HANDLERS
from yibao.cli import app
from yibao.cli.sample_centre import DIVISIONS, sandbox_files
from yibao.clock import today
from yibao.interop.national import sample
from yibao.interop.national.load import interface


def call(*arguments: str, code: int = 0) -> str:
    found = CliRunner().invoke(app, ["interface", *arguments], env={"YIBAO_LANG": "zh"})
    assert found.exit_code == code, found.output
    return found.output


def test_a_transaction_is_shown_field_by_field() -> None:
    text = call("show", "2207")
    assert "│ insutype " in text
    assert "代码 6 → insutype" in text
    assert "数字 16,2" in text
    assert "未开通" not in text
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


def test_the_envelope_is_shown_as_a_transaction_is() -> None:
    text = call("show", "envelope")
    for name in ("msgid", "inf_time", "fixmedins_code", "infcode", "err_msg"):
        assert f"│ {name} " in text, name
    told = json.loads(call("show", "envelope", "--json"))
    required = {f["name"]: f["required"] for f in told["input"][0]["fields"]}
    assert (required["msgid"], required["sign_no"]) == (True, False)


def test_what_is_not_answered_here_says_so() -> None:
    assert "本中心未开通此交易：上传的费用明细不可改写" in call("show", "2306")
    assert json.loads(call("show", "2306", "--json"))["answered"] is False
    told = {t["infno"]: t["answered"] for t in json.loads(call("list", "--json"))["transactions"]}
    assert (told["2207"], told["2306"], sum(told.values())) == (True, False, len(HANDLERS))
    text = call("list")
    assert "未开通" in text
    assert "inpatient" not in text  # groups have Chinese names
    assert "│ 住院" in text


def test_what_there_is_not_is_wrong_usage() -> None:
    assert "did you mean '2207'?" in call("show", "22077", code=2)
    assert "did you mean 'insutype'?" in call("codes", "insutyp", code=2)
    assert "there are: hunan" in call("list", "--profile", "x", code=2)


def test_codes_and_transactions_are_listed() -> None:
    assert "城乡居民基本医疗保险" in call("codes", "insutype")
    tables = [t["table"] for t in json.loads(call("codes", "--json"))["tables"]]
    assert len(tables) == 155
    assert tables == sorted(tables)
    of_field = call("codes", "caty")
    assert "字段 caty 用代码表 dept" in of_field
    assert call("codes", "dept") in of_field
    assert len(json.loads(call("list", "--json"))["transactions"]) == 119


def test_a_sample_is_of_the_sandbox_and_of_now() -> None:
    told = json.loads(call("sample", "1101"))
    files = sandbox_files("tianjin")
    assert told["fixmedins_code"] in {row["institution_id"] for row in files["institution"]}
    assert told["mdtrtarea_admvs"] == DIVISIONS["tianjin"]
    numbers = {row["identity_number"] for row in files["persons"]}
    assert told["input"]["data"]["mdtrt_cert_no"] in numbers
    assert told["msgid"].startswith(told["fixmedins_code"])
    assert told["inf_time"][:10] == f"{today()}"
    assert json.loads(call("sample", "1101"))["msgid"] != told["msgid"]
    visit = json.loads(call("sample", "2201"))["input"]["data"]
    assert visit["psn_no"] in {row["person_id"] for row in files["persons"]}
    assert visit["atddr_no"] in {row["practitioner_id"] for row in files["practitioner"]}


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
    text = call("check", str(tmp_path / "none.jsonl"), code=4)
    assert "none.jsonl: No such file or directory / 无法读取" in text.replace("\n", "")
    assert "Errno" not in text


def test_what_is_left_out_is_in_the_file_if_there_is_one(tmp_path: Path) -> None:
    file, out = tmp_path / "traffic.jsonl", tmp_path / "findings.csv"
    file.write_text('{"request": {"infno": "1101"}}\n' * 10, encoding="utf-8")
    assert "处，用 -o 文件 写出全部" in call("check", str(file), code=1)
    told = call("check", str(file), "-o", str(out), code=1).replace("\n", "")
    assert f"处，见 {out}" in told
