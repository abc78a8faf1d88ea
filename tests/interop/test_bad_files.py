"""Files that are damaged, or wrong as a whole."""

import gzip
import random
from pathlib import Path

import pytest
from claim_files import (
    CLAIM,
    GOOD,
    PERSON,
    errors,
    places,
    settle,
    settle_text,
    settled,
    tianjin,
    write,
)

from yibao.interop.files.columns import claim_columns
from yibao.interop.files.rows import MAX_LINE, InputError
from yibao.interop.files.settling import settle_files

HEADER = ",".join(CLAIM).encode()
LINE = ",".join(CLAIM.values()).encode()
LAST = ",".join(GOOD.values()).encode()


def problems(error: InputError) -> list[tuple[str, int, str, str]]:
    return [(p.file.name, p.row, p.column, p.rule) for p in error.problems]


# --- columns --------------------------------------------------------------------------------------


def test_missing_column(tmp_path: Path) -> None:
    row = {k: v for k, v in CLAIM.items() if k not in {"visit", "total"}}
    with pytest.raises(InputError) as caught:
        settle(tmp_path, [row])
    assert problems(caught.value) == [
        ("claims.csv", 1, "visit", "required_column"),
        ("claims.csv", 1, "total", "required_column"),
    ]
    assert "expected: claim_id, person_id, visit, date" in caught.value.problems[0].message.en


def test_extra_column_with_a_near_name(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        settle(tmp_path, [{**CLAIM, "in_scop": "1.00", "colour": "red"}])
    assert problems(caught.value) == [
        ("claims.csv", 1, "in_scop", "known_column"),
        ("claims.csv", 1, "colour", "known_column"),
    ]
    assert caught.value.problems[0].message.en == "no such column; did you mean in_scope?"
    assert caught.value.problems[1].message.en == "no such column"


def test_chinese_titles_of_columns_and_codes(tmp_path: Path) -> None:
    titles = {c.name: c.title.zh for c in claim_columns(tianjin().region)}
    given = {**CLAIM, "visit": "门诊", "level": "二级"}
    row = {titles[name]: cell for name, cell in given.items()}
    assert settled(settle(tmp_path, [row])) == ["C1"]
    with pytest.raises(InputError) as caught:
        settle(tmp_path, [{**CLAIM, "结算编号": "C1"}])
    assert problems(caught.value) == [("claims.csv", 1, "claim_id", "unique_column")]


def test_files_that_changed_places_are_one_line(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        settle(tmp_path, [PERSON], [CLAIM])
    assert problems(caught.value) == [("persons.csv", 1, "", "kind_of_file")]
    assert caught.value.problems[0].message.en.startswith("this looks like a claims file")


def test_gb18030_that_was_asked_for_is_not_applied_to_utf8(tmp_path: Path) -> None:
    persons = write(tmp_path / "persons.csv", [PERSON])
    gb, utf8 = tmp_path / "gb.csv", tmp_path / "utf8.csv"
    for file, code, encoding in ((gb, "门诊", "gb18030"), (utf8, "门诊", "utf-8")):
        write(file, [{**CLAIM, "claim_id": file.stem, "visit": code}])
        file.write_bytes(file.read_text(encoding="utf-8").encode(encoding))
    run = settle_files(tianjin(), [gb, utf8], [persons], encoding="gb18030")
    assert settled(run) == ["gb", "utf8"]


def test_duplicate_and_nameless_columns(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        settle_text(tmp_path, HEADER + b",total,\n" + LINE + b",1,\n")
    assert [p[2:] for p in problems(caught.value)] == [
        ("total", "unique_column"),
        ("", "column_name"),
    ]


def test_optional_columns_may_be_left_out(tmp_path: Path) -> None:
    needed = {k: v for k, v in CLAIM.items() if k not in {"over_limit", "in_scope_tcm", "reverses"}}
    assert settled(settle(tmp_path, [needed])) == ["C1"]


# --- as a whole -----------------------------------------------------------------------------------


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xef\xbb\xbf"])
def test_empty_file(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(InputError) as caught:
        settle_text(tmp_path, content)
    assert problems(caught.value)[0][3] == "not_empty"


def test_header_only(tmp_path: Path) -> None:
    run = settle_text(tmp_path, HEADER + b"\n")
    assert run.claims.rows == 0
    assert not run.rejects
    assert not run.batch.entries


@pytest.mark.parametrize("name", ["claims.xls", "claims.txt", "claims"])
def test_unknown_format(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(HEADER)
    with pytest.raises(InputError) as caught:
        settle_files(tianjin(), [tmp_path / name], [write(tmp_path / "p.csv", [PERSON])])
    assert problems(caught.value) == [(name, 1, "", "format")]


@pytest.mark.parametrize("name", ["claims.xlsx", "claims.parquet", "claims.csv.gz"])
def test_not_what_the_name_says(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(HEADER + b"\n" + LINE + b"\n")
    with pytest.raises(InputError) as caught:
        settle_files(tianjin(), [tmp_path / name], [write(tmp_path / "p.csv", [PERSON])])
    assert problems(caught.value)[0][3] in {"readable", "whole_file"}


# --- cut off --------------------------------------------------------------------------------------


def test_cut_off_in_the_middle_of_a_row(tmp_path: Path) -> None:
    run = settle_text(tmp_path, HEADER + b"\n" + LAST + b"\n" + LINE[:40])
    assert places(run) == [("claims.csv", 3, "", LINE[:40].decode(), "cells")]
    assert settled(run) == ["GOOD"]
    assert [f.name for f in run.unfinished] == ["claims.csv"]


def test_a_whole_file_without_a_last_line_end_is_good_but_noted(tmp_path: Path) -> None:
    run = settle_text(tmp_path, HEADER + b"\n" + LINE)
    assert settled(run) == ["C1"]
    assert [f.name for f in run.unfinished] == ["claims.csv"]


def test_unterminated_quote_costs_its_line_only(tmp_path: Path) -> None:
    run = settle_text(tmp_path, HEADER + b'\nC0,"P1,x\n' + LAST + b"\n")
    assert places(run) == [("claims.csv", 2, "", 'C0,"P1,x', "quote")]
    assert settled(run) == ["GOOD"]


@pytest.mark.parametrize("cells", [LINE + b",", LINE.rpartition(b",")[0]])
def test_wrong_number_of_cells(tmp_path: Path, cells: bytes) -> None:
    run = settle_text(tmp_path, HEADER + b"\n" + cells + b"\n" + LAST + b"\n")
    assert [(row, rule) for _, row, _, _, rule in places(run)] == [(2, "cells")]
    assert settled(run) == ["GOOD"]


def test_gzip_cut_off(tmp_path: Path) -> None:
    draw = random.Random(1)
    lines = [HEADER] + [
        LINE.replace(b"C1", f"C{draw.getrandbits(60)}".encode(), 1) for _ in range(2_000)
    ]
    whole = gzip.compress(b"\n".join(lines) + b"\n")
    file = tmp_path / "claims.csv.gz"
    persons = write(tmp_path / "p.csv", [PERSON])
    file.write_bytes(whole)
    assert len(settle_files(tianjin(), [file], [persons]).batch.entries) == 2_000
    file.write_bytes(whole[: len(whole) // 2])
    run = settle_files(tianjin(), [file], [persons])
    assert 0 < len(run.batch.entries) < 2_000
    (error,) = errors(run)
    assert error.rule == "whole_file"
    assert error.row == len(run.batch.entries) + 2


def test_endless_line(tmp_path: Path) -> None:
    run = settle_text(tmp_path, HEADER + b"\n" + b"x" * (3 * MAX_LINE) + b"\n" + LAST + b"\n")
    assert [(row, rule) for _, row, _, _, rule in places(run)] == [(2, "line_length")]
    assert settled(run) == ["GOOD"]


# --- encodings ------------------------------------------------------------------------------------

CHINESE = LINE.decode().replace("C1", "结算一号", 1)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_encodings_that_are_certain(tmp_path: Path, encoding: str) -> None:
    text = "\r\n".join([HEADER.decode(), CHINESE, LAST.decode(), ""])
    run = settle_text(tmp_path, text.encode(encoding))
    assert settled(run) == ["结算一号", "GOOD"]


@pytest.mark.parametrize("name", ["café", "naïve"])
def test_latin_1_is_not_guessed(tmp_path: Path, name: str) -> None:
    bad = LINE.decode().replace("C1", name, 1).encode("latin-1")
    run = settle_text(tmp_path, b"\n".join([HEADER, bad, LAST, b""]))
    assert [(row, rule) for _, row, _, _, rule in places(run)] == [(2, "encoding")]
    assert settled(run) == ["GOOD"]


def test_big5_is_not_guessed(tmp_path: Path) -> None:
    bad = LINE.decode().replace("C1", "結算一號", 1).encode("big5")
    run = settle_text(tmp_path, b"\n".join([HEADER, bad, LAST, b""]))
    assert [rule for *_, rule in places(run)] == ["encoding"]


def test_one_bad_byte_in_a_utf8_file_costs_its_line(tmp_path: Path) -> None:
    good = CHINESE.encode()
    bad = LINE.replace(b"C1", b"C\xff", 1)
    run = settle_text(tmp_path, b"\n".join([HEADER, good, bad, LAST, b""]))
    assert [(row, rule) for _, row, _, _, rule in places(run)] == [(3, "encoding")]
    assert settled(run) == ["结算一号", "GOOD"]


def test_a_rare_character_needs_the_encoding_named(tmp_path: Path) -> None:
    """䶮 is in GB18030 but not in GB 2312, so that its bytes alone are not certain."""
    text = f"{HEADER.decode()}\n{LINE.decode().replace('C1', 'C䶮', 1)}\n".encode("gb18030")
    assert [rule for *_, rule in places(settle_text(tmp_path, text))] == ["encoding"]
    files = [tmp_path / "claims.csv"], [tmp_path / "persons.csv"]
    run = settle_files(tianjin(), *files, encoding="gb18030")
    assert settled(run) == ["C䶮"]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf16_is_refused(tmp_path: Path, encoding: str) -> None:
    with pytest.raises(InputError):
        settle_text(tmp_path, (HEADER + b"\n" + LINE).decode().encode(encoding))


def test_old_macintosh_line_ends_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        settle_text(tmp_path, HEADER + b"\r" + LINE + b"\r")
