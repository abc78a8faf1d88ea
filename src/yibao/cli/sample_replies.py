"""What a made-up town's bank and hospitals send back, made of what the agency told them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date

from yibao.money import format_yuan, parse_yuan

Row = dict[str, str]

TOO_HIGH = 36_00
"""By how much, in fen, the first amount of a hospital's file is too high."""


def receipts(owed: Sequence[Mapping[str, str]], received_on: date) -> list[Row]:
    """Return one receipt for each payer of a file of arrears, of all that they owe."""
    due: Counter[str] = Counter()
    for row in owed:
        due[row["payer"]] += parse_yuan(row["owed"])
    on = received_on.isoformat()
    return [
        {"reference": f"B{n}", "payer": payer, "received_on": on, "amount": format_yuan(fen)}
        for n, (payer, fen) in enumerate(due.items(), 1)
    ]


_SAME = ("claim_no", "person_id", "scheme", "total", "fund_pay", "account_pay", "cash_pay")


def own_records(settled: Sequence[Mapping[str, str]], institution: str) -> list[Row]:
    """Return a hospital's file of what was settled with it, with a mistake in its first amount."""
    rows = [
        {
            **{name: row[name] for name in _SAME},
            "settled_at": row["settled_at"][:19].replace("T", " "),
        }
        for row in settled
        if row["institution_id"] == institution
    ]
    for wrong in rows[:1]:
        wrong["fund_pay"] = format_yuan(parse_yuan(wrong["fund_pay"]) + TOO_HIGH)
    return rows
