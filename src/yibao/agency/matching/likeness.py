"""How alike two records are: the model, as data with the reasons for its figures.

A level of a comparison has two probabilities: `m`, how often two records of one person are on it,
and `u`, how often two records of different persons are. Their ratio is what it says for or against.
The figures are given rather than trained: a register has few known duplicates to train on, and what
is given can be argued with, and gives the same pairs each time. How common a name is, is counted
in the records themselves.
"""

from __future__ import annotations

from dataclasses import dataclass

from yibao.text import Text

DUPLICATES = 0.01
"""How many duplicates a record is expected to have; one in a hundred is a register in which people
were enrolled by several offices. Ten times more or less moves a pair by one step of name."""

AS_IF = 10_000
"""A smaller register is taken for one of so many records: where few are compared, chance makes few
pairs, but relatives are as alike as anywhere, and one of ten has no common name."""

THRESHOLD = 0.5
"""The probability from which a pair is shown: a clerk looks at each, and what nobody sees
costs more than a look."""


@dataclass(frozen=True, slots=True)
class Level:
    """What two records have in common in a field: a condition of SQL on `_l` and `_r`.

    The first that holds counts, the last holds always. `common`: a column whose frequency in the
    records stands in for `u`, so that a rare value says more.
    """

    name: str
    says: Text
    when: str
    m: float
    u: float
    because: str
    common: str = ""


@dataclass(frozen=True, slots=True)
class Comparison:
    """The levels of a field; where `absent` holds, nothing can be compared and nothing is said."""

    field: str
    title: Text
    absent: str
    levels: tuple[Level, ...]


_SLIP = "damerau_levenshtein({0}_l, {0}_r) = 1"

COMPARISONS = (
    Comparison(
        "name",
        Text("姓名", "name"),
        "name_l IS NULL OR name_r IS NULL",
        (
            Level(
                "same",
                Text("姓名相同", "the same name"),
                "name_l = name_r",
                *(0.75, 0.0005),
                "three of four duplicates are written alike; u is replaced by the name's share",
                common="name",
            ),
            Level(
                "sounds_alike",
                Text("姓名一字不同而声母相同", "one character differs and sounds begin alike"),
                "initials_l = initials_r AND " + _SLIP.format("name"),
                *(0.12, 0.001),
                "names are typed by their sound; siblings too often share all but one character",
            ),
            Level(
                "parts",
                Text("字序不同或少字", "other order, or characters left out"),
                "list_sort(string_split(name_l, '')) = list_sort(string_split(name_r, '')) "
                "OR (least(length(name_l), length(name_r)) > 1 AND (starts_with(name_l, name_r) "
                "OR starts_with(name_r, name_l) OR ends_with(name_l, name_r) "
                "OR ends_with(name_r, name_l)))",
                *(0.05, 0.0005),
                "surname last, a long name of a minority cut off",
            ),
            Level(
                "one_differs",
                Text("姓名一字不同", "one character differs"),
                _SLIP.format("name"),
                *(0.05, 0.004),
                "by shape or by hand; two of the same surname often differ in one character",
            ),
            Level(
                "other",
                Text("姓名不同", "another name"),
                "ELSE",
                *(0.03, 0.994),
                "changed by marriage or by deed",
            ),
        ),
    ),
    Comparison(
        "birth_date",
        Text("出生日期", "date of birth"),
        "born_l IS NULL OR born_r IS NULL",
        (
            Level(
                "same",
                Text("出生日期相同", "born the same day"),
                "born_l = born_r",
                *(0.93, 0.00004),
                "25,000 days in seventy years",
            ),
            Level(
                "slip",
                Text("出生日期一位不同或两位互换", "one digit differs, or two are swapped"),
                _SLIP.format("born")
                + " OR (year(born_l::date) = year(born_r::date) "
                + "AND month(born_l::date) = day(born_r::date) "
                + "AND day(born_l::date) = month(born_r::date))",
                *(0.05, 0.0015),
                "about forty days of those 25,000 are one slip away",
            ),
            Level(
                "other",
                Text("出生日期不同", "born another day"),
                "ELSE",
                *(0.02, 0.99846),
                "registered by the lunar calendar, or wrong",
            ),
        ),
    ),
    Comparison(
        "sex",
        Text("性别", "sex"),
        "sex_l IS NULL OR sex_r IS NULL",
        (
            Level("same", Text("性别相同", "the same sex"), "sex_l = sex_r", 0.99, 0.5, "a half"),
            Level("other", Text("性别不同", "another sex"), "ELSE", 0.01, 0.5, "seldom mistyped"),
        ),
    ),
    Comparison(
        "number",
        Text("证件号码", "identity number"),
        "number_l IS NULL OR number_r IS NULL OR document_l <> document_r",
        (
            Level(
                "same",
                Text("证件号码相同", "the same number"),
                "number_l = number_r",
                *(0.7, 0.0000001),
                "a number is one person's; a few were given twice by hand",
            ),
            Level(
                "slip",
                Text(
                    "证件号码一位不同或两位互换，且一方校验码不符",
                    "one character differs or two are swapped, and one number fails its check",
                ),
                "NOT (sound_l AND sound_r) AND " + _SLIP.format("number"),
                *(0.25, 0.000001),
                "the check character finds every slip of this kind, and every swap",
            ),
            Level(
                "twins",
                Text(
                    "姓名不同，证件号码仅顺序码不同且均有效，如双胞胎",
                    "names and sequences differ in two sound numbers, as with twins",
                ),
                "sound_l AND sound_r AND left(number_l, 14) = left(number_r, 14) "
                "AND name_l <> name_r",
                *(0.00001, 0.4),
                "born on one day, registered at one place: weighed against date, name and phone",
            ),
            Level(
                "two_sound",
                Text("两个有效而不同的证件号码", "two sound numbers that differ"),
                "sound_l AND sound_r",
                *(0.0005, 0.5),
                "two persons', but for households registered twice",
            ),
            Level(
                "other",
                Text("证件号码不同", "another number"),
                "ELSE",
                *(0.04949, 0.0999989),
                "one is wrong in more than one place",
            ),
        ),
    ),
    Comparison(
        "phone",
        Text("电话", "telephone"),
        "phone_l IS NULL OR phone_r IS NULL",
        (
            Level(
                "same",
                Text("电话相同", "the same telephone"),
                "phone_l = phone_r",
                *(0.55, 0.005),
                "a household has one: of those who share it most are relatives",
            ),
            Level(
                "other",
                Text("电话不同", "another telephone"),
                "ELSE",
                *(0.45, 0.995),
                "numbers are changed",
            ),
        ),
    ),
    Comparison(
        "division",
        Text("区划", "division"),
        "division_l IS NULL OR division_r IS NULL",
        (
            Level(
                "same",
                Text("区划相同", "the same division"),
                "division_l = division_r",
                *(0.6, 0.1),
                "a city has about ten; half of those registered twice have moved",
            ),
            Level("other", Text("区划不同", "another division"), "ELSE", 0.4, 0.9, "see above"),
        ),
    ),
)
"""Fields are taken for independent, which relatives are not: figures that speak for twins and
households are weaker than counting would make them."""

BLOCKS = (
    "l.number = r.number",
    "l.name = r.name AND l.born = r.born",
    "l.initials = r.initials AND l.born = r.born",
    "l.phone = r.phone AND l.born = r.born",
    "l.name = r.name AND l.phone = r.phone",
    "l.name = r.name AND left(l.born, 4) = left(r.born, 4)",
    "l.name = r.name AND right(l.born, 5) = right(r.born, 5)",
    "left(l.name, 1) = left(r.name, 1) AND l.born = r.born AND l.division = r.division",
    "right(l.number, 10) = right(r.number, 10)",
)
"""What two records must share to be compared at all: comparing all with all takes too long."""
