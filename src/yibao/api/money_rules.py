"""The status and title of what contributions and accounts refuse, where it is not 422."""

from __future__ import annotations

from collections.abc import Mapping

from yibao.text import Text

RULES: Mapping[str, tuple[int, Text]] = {
    "known_bill": (404, Text("没有这个核定", "there is no such bill")),
    "known_receipt": (404, Text("没有这笔到账", "there is no such receipt")),
    "known_movement": (404, Text("没有这个变动", "there is no such movement")),
    "known_freeze": (404, Text("没有这个冻结", "there is no such freeze")),
    **{
        rule: (409, text)
        for rule, text in {
            "reference_taken": Text("业务号已用于别的内容", "the reference says something else"),
            "billed_once": Text("部分月份已核定", "some of the months are billed"),
            "cancelled_once": Text("核定已撤销", "the bill has been taken back"),
            "taken_back_once": Text("已撤销", "it has been taken back"),
            "taken_back": Text("该业务号已撤销", "what the reference says was taken back"),
            "claims_settled": Text("已有结算以此为据", "claims were settled on it"),
            "refunded": Text("已退费", "money of it was refunded"),
            "surcharge_paid": Text("滞纳金已缴", "its surcharge has been paid"),
            "balance_spent": Text("已支用", "it has been spent"),
            "passed_on": Text("已划入银行账户", "it went on to a bank account"),
            "paid_by_account": Text("由个人账户支付", "a personal account paid it"),
            "freeze_ended": Text("冻结已解除", "the freeze has ended"),
            "frozen": Text("账户有冻结", "money of the account is frozen"),
        }.items()
    },
}
