"""What the amounts of a message must come to, whoever has worked them out.

They held in every forward reply that was at hand; in cancellations some parts come as nothing, and
an identity of which a part is absent says nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from yibao.interop.national.check import Checked, Fault, Row


@dataclass(frozen=True, slots=True)
class Identity:
    """A sum that is another: `whole` is what the `parts` add up to, of a row of `node`."""

    node: str
    whole: str
    parts: tuple[str, ...]


_FUNDS = (
    *("hifp_pay", "cvlserv_pay", "hifes_pay", "hifmi_pay"),
    *("hifob_pay", "hifdm_pay", "maf_pay", "oth_pay"),
)
_SCOPE = ("fulamt_ownpay_amt", "overlmt_selfpay", "preselfpay_amt", "inscp_scp_amt")
_LINE = ("fulamt_ownpay_amt", "overlmt_amt", "preselfpay_amt", "inscp_scp_amt")

OPTIONAL = frozenset({"hifdm_pay"})
"""Parts that some provinces do not send: they count as nothing."""

IDENTITIES = (
    Identity("setlinfo", "medfee_sumamt", _SCOPE),
    Identity("setlinfo", "fund_pay_sumamt", _FUNDS),
    Identity("setlinfo", "psn_part_amt", ("acct_pay", "psn_cash_pay")),
    Identity("setlinfo", "medfee_sumamt", ("fund_pay_sumamt", "psn_part_amt", "hosp_part_amt")),
    Identity("data", "medfee_sumamt", _SCOPE),
    Identity("result", "det_item_fee_sumamt", _LINE),
    Identity("detlcutinfo", "det_item_fee_sumamt", _LINE),
)
CHARGED = ("feedetail", "drugdetail")
"""Nodes of lines as they are charged."""

FEN = Decimal("0.01")


def broken(message: Checked, names: Mapping[str, str]) -> Iterator[Fault]:
    """Yield the identities that the amounts of a message break; `names` are fields in Chinese."""
    for identity in IDENTITIES:
        rows = message.rows.get(identity.node, ())
        for number, row in enumerate(rows, 1):
            wrong = _difference(identity, row)
            if wrong is not None:
                parts = "＋".join(names.get(part, part) for part in identity.parts)
                says = f"应等于{parts}，相差{wrong}"
                at = number if len(rows) > 1 else 0
                whole = names.get(identity.whole, identity.whole)
                yield Fault(identity.node, identity.whole, whole, at, says)
    yield from _details(message, names)
    yield from _lines(message, names)


def _amounts(row: Row, names: Sequence[str]) -> list[Decimal] | None:
    found = [row.get(n, Decimal(0) if n in OPTIONAL else None) for n in names]
    return [f for f in found if isinstance(f, Decimal)] if None not in found else None


def _difference(identity: Identity, row: Row) -> Decimal | None:
    whole, parts = _amounts(row, [identity.whole]), _amounts(row, identity.parts)
    if whole is None or parts is None or whole[0] == sum(parts):
        return None
    return whole[0] - sum(parts)


def _details(message: Checked, names: Mapping[str, str]) -> Iterator[Fault]:
    """The payers' list has the personal account and the hospital's part too.

    A list of nobody says that nobody paid; one that is not there says nothing.
    """
    rows, details = message.rows.get("setlinfo", ()), message.rows.get("setldetail")
    if len(rows) != 1 or details is None:
        return
    total = _amounts(rows[0], ("fund_pay_sumamt", "acct_pay", "hosp_part_amt"))
    paid = [_amounts(row, ["fund_payamt"]) for row in details]
    if total is None or None in paid:
        return
    difference = sum(p[0] for p in paid if p) - sum(total)
    if difference:
        says = f"各行合计应等于基金支付总额＋个人账户支出＋医院负担金额，相差{difference}"
        name = names.get("fund_payamt", "fund_payamt")
        yield Fault("setldetail", "fund_payamt", name, 0, says)


def _lines(message: Checked, names: Mapping[str, str]) -> Iterator[Fault]:
    """A line is its quantity times its price, to the fen."""
    name = names.get("det_item_fee_sumamt", "det_item_fee_sumamt")
    for node in CHARGED:
        for number, row in enumerate(message.rows.get(node, ()), 1):
            found = _amounts(row, ("det_item_fee_sumamt", "cnt", "pric"))
            if found is None:
                continue
            total, count, price = found
            difference = total - (count * price).quantize(FEN, ROUND_HALF_UP)
            if difference:
                says = f"应等于数量×单价，相差{difference}"
                yield Fault(node, "det_item_fee_sumamt", name, number, says)
