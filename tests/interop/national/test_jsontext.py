"""Messages as text: what two readers could take for different things is read by neither."""

from decimal import Decimal
from pathlib import Path

import pytest

from yibao.errors import CannotRead
from yibao.interop.national.conform import read_recording
from yibao.interop.national.jsontext import MAX_DEPTH, parse


def test_numbers_are_exact_and_a_mark_before_the_text_is_none() -> None:
    assert parse('\ufeff{"a": [1, 12.10, "张三", "\\ud83d\\ude00"]}') == {
        "a": [1, Decimal("12.10"), "张三", "😀"]
    }
    assert parse(b'\xef\xbb\xbf"x"') == "x"
    assert parse("[" * MAX_DEPTH + "]" * MAX_DEPTH)


BAD = {
    "{": "no JSON",
    "": "no JSON",
    "NaN": "no JSON",
    "9" * 5000: "no JSON",
    "1e99999999999999999999": "no JSON",
    '{"infno": 1, "infno": 1}': "infno stands more than once",
    '{"input": [{"\\ud800": 1, "\\ud800": 1}]}': r"\\ud800 stands more than once",
    '["\\ud800"]': "lone surrogate",
    '{"input": {"\\udfff": 1}}': "lone surrogate",
    "[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1): "deeper than",
    '{"a":' * (MAX_DEPTH + 1) + "1" + "}" * (MAX_DEPTH + 1): "deeper than",
    "[" * 200_000: "deeper than",
}


@pytest.mark.parametrize(("text", "says"), BAD.items(), ids=[str(n) for n in range(len(BAD))])
def test_what_is_not_read(text: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=says) as told:
        parse(text)
    str(told.value).encode()
    if text:
        file = tmp_path / "recording.jsonl"
        file.write_text(f'{{"request": {text}}}\n', encoding="utf-8")
        with pytest.raises(CannotRead, match=f":1: .*({says}|no JSON)"):
            list(read_recording(file))


def test_bytes_that_are_no_text() -> None:
    with pytest.raises(ValueError, match="no JSON"):
        parse('{"infcode": 0}'.encode("utf-16"))


def test_a_recording_may_have_a_mark_before_it_and_unusual_characters_in_it(tmp_path: Path) -> None:
    file = tmp_path / "recording.jsonl"
    file.write_bytes('\ufeff{"request": {"a": "x\u2028y\x85"}}\r\n\n{"reply": {}}'.encode())
    assert list(read_recording(file)) == [{"request": {"a": "x\u2028y\x85"}}, {"reply": {}}]
