"""National codes: published examples, and every single wrong character is found."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yibao.errors import CodeError
from yibao.registry import codes


def test_what_an_identity_number_says():
    # The example of the standard.
    assert codes.identity_number("11010519491231002X") == codes.IdentityNumber(
        "11010519491231002X", "110105", date(1949, 12, 31), "female"
    )
    assert codes.identity_number("440524188001010014").sex == "male"
    assert codes.identity_number("11010519491231002x").number == "11010519491231002X"


@pytest.mark.parametrize(
    ("number", "why"),
    [
        ("110105491231002", "ended in 2013"),
        ("1101051949123100", "17 digits and a check"),
        ("１１０１０５19491231002X", "17 digits and a check"),
        ("110105194912310021", "not X"),
        ("991105194912310020", "no province"),
        ("101105194912310020", "no province"),
        ("11010519490229002X", "1949-02-29 does not exist"),
        ("11010519491331002X", "1949-13-31 does not exist"),
        ("11010517491231002X", "17 digits and a check"),
        ("", "17 digits and a check"),
    ],
)
def test_refused_identity_numbers(number, why):
    with pytest.raises(CodeError, match=why) as caught:
        codes.identity_number(number)
    assert caught.value.text.zh != caught.value.text.en


@given(
    st.dates(date(1900, 1, 1), date(2026, 1, 1)),
    st.integers(0, 999),
    st.integers(0, 17),
    st.sampled_from("0123456789X"),
)
def test_one_wrong_character_of_an_identity_number_is_found(born, sequence, at, wrong):
    digits = f"120101{born:%Y%m%d}{sequence:03d}"
    number = digits + codes.identity_check(digits)
    found = codes.identity_number(number)
    assert (found.birth_date, found.sex == "male") == (born, sequence % 2 == 1)
    changed = number[:at] + wrong + number[at + 1 :]
    if changed != number:
        with pytest.raises(CodeError):
            codes.identity_number(changed)


def test_foreign_residents_and_residents_from_taiwan():
    for head in ("911124", "830000"):
        digits = head + "19811108" + "002"
        assert codes.identity_number(digits + codes.identity_check(digits)).division == head


def test_credit_code():
    # Published examples of the standard.
    for code in ("91350100M000100Y43", "91350211M000100Y46"):
        assert codes.credit_code(code) == code
    assert codes.credit_code("91350100m000100y43") == "91350100M000100Y43"
    for bad in ("91350100M000100Y44", "91350100I000100Y43", "91350100M000100Y4", ""):
        with pytest.raises(CodeError):
            codes.credit_code(bad)


@given(st.integers(0, 16), st.sampled_from("0123456789ABCDEFGHJKLMNPQRTUWXY"))
def test_one_wrong_sign_of_a_credit_code_is_found(at, wrong):
    code = "91350100M000100Y43"
    changed = code[:at] + wrong + code[at + 1 :]
    if changed != code:
        with pytest.raises(CodeError):
            codes.credit_code(changed)


@pytest.mark.parametrize(
    ("check", "good", "bad"),
    [
        (codes.division, ["120101"], ["12010", "990101", "12010a", "１20101"]),
        (
            codes.institution,
            ["H12010100001", "P37080000012"],
            ["H1201010001", "h12010100001", "D12010100001", "H99010100001", "H12010100001 "],
        ),
        (
            codes.practitioner,
            ["D120101000001", "N120101000001", "Y120101000001", "HY120101000001", "HJ120101000001"],
            ["D12010100001", "H120101000001", "D990101000001", "X120101000001"],
        ),
        (codes.national_drug, ["XA01ABD075A002010100483"], ["XA01ABD075A00201010048", "A" * 23]),
        (
            codes.national_consumable,
            ["C" + "0" * 19, "C" + "0" * 26],
            ["C" + "0" * 20, "D" + "0" * 19, "C" + "A" * 19],
        ),
        (
            codes.device_identifier,
            ["06901234567892", "MA.156.M0.100119"],
            ["06901234567891", "6901234567892", "MA.1", ""],
        ),
    ],
)
def test_other_codes(check, good, bad):
    for code in good:
        assert check(code) == code
    for code in bad:
        with pytest.raises(CodeError):
            check(code)
