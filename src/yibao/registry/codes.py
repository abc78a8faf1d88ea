"""The national code formats: what each position means, and whether a code keeps to it.

Each function takes the text of a cell without blanks around it and returns what the code says; it
raises `CodeError`, whose `text` tells in both languages what is wrong. Nothing is corrected beyond
a small letter where the standard writes a capital.

| code | form | standard |
|---|---|---|
| citizen's identity number | 6 division + 8 birth date + 3 sequence + 1 check | GB 11643-1999 |
| unified social credit code | 2 registrar + 6 division + 9 organisation + 1 check | GB 32100-2015 |
| designated institution | H or P + 6 division + 5 sequence | codes of the national bureau |
| practitioner | D, N, Y, HY or HJ + 6 division + 6 sequence | codes of the national bureau |
| drug, consumable | 23; 20 or 27 characters | codes of the national bureau |
| device identifier (UDI-DI) | GTIN-14 with its check digit, or MA.… | GS1; MA |
"""

from __future__ import annotations

import re
from datetime import date
from typing import Literal, NamedTuple

from yibao.errors import CodeError

_PROVINCES = """
11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46
50 51 52 53 54 61 62 63 64 65 71 81 82
"""
PROVINCES = frozenset(_PROVINCES.split())
"""First two digits of a division (GB/T 2260)."""

_RESIDENTS = frozenset({"83"})
"""Not a division, but in identity numbers: residence permits of people from Taiwan."""

Sex = Literal["male", "female"]


class IdentityNumber(NamedTuple):
    """What an identity number says about its holder."""

    number: str
    division: str
    birth_date: date
    sex: Sex


# --- persons --------------------------------------------------------------------------------------

_IDENTITY = re.compile(r"([1-9][0-9]{5})((?:18|19|20)[0-9]{2})([0-9]{2})([0-9]{2})[0-9]{3}[0-9X]")
_FOREIGN_RESIDENT = "9"


def identity_number(text: str) -> IdentityNumber:
    """Return what an 18-character identity number says.

    The 17th digit is odd for men. The last character makes the sum of all, each weighted with 2 to
    the number of characters behind it, 1 modulo 11 (ISO 7064, MOD 11-2; X is ten). Permits of
    residents from Hong Kong, Macao and Taiwan and, from the form of 2023, of foreign permanent
    residents (9, then a province) have the same form. Numbers of 15 digits ended on 2013-01-01.
    """
    number = text.upper()
    match = _IDENTITY.fullmatch(number)
    if match is None:
        if re.fullmatch("[0-9]{15}", number):
            raise CodeError(
                "15 位旧号码自 2013 年起停用，请填 18 位号码",
                "the form of 15 digits ended in 2013; give the number of 18 characters",
            )
        raise CodeError(
            "不是 18 位公民身份号码（17 位数字加校验码）",
            "not an identity number: 17 digits and a check character",
        )
    division, *day = match.groups()
    province = division[1:3] if division[0] == _FOREIGN_RESIDENT else division[:2]
    if province not in PROVINCES | _RESIDENTS:
        raise _no_province(province)
    try:
        born = date(*map(int, day))
    except ValueError:
        raise CodeError(
            f"出生日期 {'-'.join(day)} 不存在", f"its date of birth {'-'.join(day)} does not exist"
        ) from None
    expected = identity_check(number[:17])
    if number[17] != expected:
        raise _wrong_check(number[17], expected)
    return IdentityNumber(number, division, born, "male" if int(number[16]) % 2 else "female")


def identity_check(digits: str) -> str:
    """Return the check character for the first 17 digits of an identity number."""
    total = sum(int(digit) * 2 ** (17 - at) for at, digit in enumerate(digits))
    return "0123456789X"[(1 - total) % 11]


# --- organisations --------------------------------------------------------------------------------

_CREDIT_SIGNS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
"""31 signs: no I, O, S, V, Z, which are taken for digits."""

_CREDIT = re.compile(rf"[{_CREDIT_SIGNS}]{{2}}[0-9]{{6}}[{_CREDIT_SIGNS}]{{10}}")


def credit_code(text: str) -> str:
    """Return a unified social credit code of 18 signs.

    The last sign makes the sum of all, the value of each weighted with 3 to its position (from 0;
    the last with 1), 0 modulo 31.
    """
    code = text.upper()
    if _CREDIT.fullmatch(code) is None:
        raise CodeError(
            "不是 18 位统一社会信用代码（不含 I、O、S、V、Z）",
            "not a unified social credit code: 18 signs, none of I, O, S, V, Z",
        )
    expected = credit_check(code[:17])
    if code[17] != expected:
        raise _wrong_check(code[17], expected)
    return code


def credit_check(signs: str) -> str:
    """Return the check sign for the first 17 signs of a unified social credit code."""
    total = sum(_CREDIT_SIGNS.index(sign) * 3**at for at, sign in enumerate(signs))
    return _CREDIT_SIGNS[-total % 31]


# --- divisions, institutions, practitioners -------------------------------------------------------


def division(text: str) -> str:
    """Return a division's six digits: province, city, county (GB/T 2260)."""
    if re.fullmatch("[0-9]{6}", text) is None:
        raise CodeError("行政区划代码应为 6 位数字", "a division has six digits")
    if text[:2] not in PROVINCES:
        raise _no_province(text[:2])
    return text


def institution(text: str) -> str:
    """Return the code of a designated institution: H (hospital) or P (pharmacy), 12 characters."""
    return _numbered(
        text,
        r"(?:H|P)([0-9]{6})[0-9]{5}",
        "定点机构代码应为 H（医疗机构）或 P（零售药店）加 6 位区划加 5 位顺序码",
        "an institution's code is H (hospital) or P (pharmacy), a division of six digits and five",
    )


def practitioner(text: str) -> str:
    """Return a practitioner's code.

    D physician, N nurse, Y pharmacist of a retail pharmacy; HY pharmacist and HJ technician of a
    hospital, codes of 2022.
    """
    return _numbered(
        text,
        r"(?:D|N|Y|HY|HJ)([0-9]{6})[0-9]{6}",
        "医保人员代码应为 D、N、Y、HY 或 HJ 加 6 位区划加 6 位顺序码",
        "a practitioner's code is D, N, Y, HY or HJ, six digits of the division and six",
    )


def _numbered(text: str, form: str, zh: str, en: str) -> str:
    match = re.fullmatch(form, text)
    if match is None:
        raise CodeError(zh, en)
    division(match.group(1))
    return text


# --- diagnoses and procedures ---------------------------------------------------------------------


def diagnosis(text: str) -> str:
    """Return a diagnosis of the insurance version of ICD-10: E11, E11.9, E11.900, E11.900x001."""
    if re.fullmatch(r"[A-Z][0-9]{2}(?:\.[0-9xX][0-9]{0,2}(?:[+*]|[xX][0-9]{3})?)?", text) is None:
        raise CodeError(
            "诊断代码应为字母加两位数字，再加小数点后的细目，如 E11.900",
            "a diagnosis is a letter, two digits and the digits behind a dot, such as E11.900",
        )
    return text


def procedure(text: str) -> str:
    """Return a procedure of the insurance version of ICD-9-CM-3: 36.0, 36.0600, 36.0600x004."""
    if re.fullmatch(r"[0-9]{2}(?:\.[0-9]{1,4}(?:[xX][0-9]{3})?)?", text) is None:
        raise CodeError(
            "手术操作代码应为两位数字加小数点后的细目，如 36.0600",
            "a procedure is two digits and the digits behind a dot, such as 36.0600",
        )
    return text


# --- items ----------------------------------------------------------------------------------------


def national_drug(text: str) -> str:
    """Return a national drug code of 23 characters: X western, Z Chinese patent medicine first."""
    if re.fullmatch("[XZ][A-Z][A-Z0-9]{21}", text) is None:
        raise CodeError(
            "国家药品代码为 23 位，以 X 或 Z 开头",
            "a national drug code has 23 characters, X or Z first",
        )
    return text


def national_consumable(text: str) -> str:
    """Return a national consumable code: C and 19 digits for the kind, or 26 with its variant."""
    if re.fullmatch("C[0-9]{19}(?:[0-9]{7})?", text) is None:
        raise CodeError(
            "国家医用耗材代码为 C 加 19 位或 26 位数字",
            "a national consumable code is C and 19 or 26 digits",
        )
    return text


def device_identifier(text: str) -> str:
    """Return the device identifier (DI) of a UDI.

    14 digits are a GTIN: from the right, digits weighted 1 and 3 in turn sum to a multiple of ten.
    Codes of the issuer MA begin with "MA." and carry no check of their own here.
    """
    if re.fullmatch(r"MA\.[0-9A-Z.]{5,60}", text):
        return text
    if re.fullmatch("[0-9]{14}", text) is None:
        raise CodeError(
            "器械标识应为 14 位 GTIN 或 MA. 开头的代码",
            "a device identifier is a GTIN of 14 digits or begins with MA.",
        )
    total = sum(int(digit) * (1 + at % 2 * 2) for at, digit in enumerate(reversed(text)) if at)
    if int(text[13]) != -total % 10:
        raise _wrong_check(text[13], str(-total % 10))
    return text


def _no_province(found: str) -> CodeError:
    return CodeError(f"没有以 {found} 开头的省级区划", f"no province has the digits {found}")


def _wrong_check(found: str, expected: str) -> CodeError:
    return CodeError(
        f"校验码是 {found}，应为 {expected}，号码有误",
        f"the check character is {found}, not {expected}: some character is wrong",
    )
