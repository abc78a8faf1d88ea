"""The exit codes of every command, in one table."""

from __future__ import annotations

from yibao.errors import (
    CannotRead,
    CannotWrite,
    MoneyError,
    NotGiven,
    PackDefect,
    PackErrors,
    Refused,
    YibaoError,
)

OK = 0
REJECTED = 1
FINDINGS = REJECTED
USAGE = 2
PACK = 3
INPUT = 4
OUTPUT = 5
REFUSED = 6
DEFECT = 70

TABLE = {
    OK: ("成功", "success"),
    REJECTED: (
        "有发现：检查未通过、案例不符或有被拒绝的数据行",
        "findings: a check or case failed, or rows were rejected",
    ),
    USAGE: ("命令用法有误", "wrong usage of the command"),
    PACK: ("规则包无法加载", "a rule pack does not load"),
    INPUT: ("输入无法读取", "an input cannot be read"),
    OUTPUT: ("输出无法写入", "an output cannot be written"),
    REFUSED: ("规则不予办理", "a rule refuses what was asked"),
    DEFECT: ("本程序的缺陷，请报告", "a defect of this program; please report it"),
}


_BY_ERROR: tuple[tuple[type[YibaoError], int], ...] = (
    (PackErrors, PACK),
    (CannotRead, INPUT),
    (CannotWrite, OUTPUT),
    (MoneyError, USAGE),
    (NotGiven, USAGE),
    (Refused, REFUSED),
    (PackDefect, DEFECT),
)


def of(error: YibaoError) -> int:
    """Return the exit code for an error."""
    return next((code for kind, code in _BY_ERROR if isinstance(error, kind)), FINDINGS)
