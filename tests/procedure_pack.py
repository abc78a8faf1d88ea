"""A small region with rules for contributions, benefit periods and personal accounts, for tests."""

from pathlib import Path
from typing import Any

from tests.small_pack import add_document, add_region, step, table

Steps = list[dict[str, Any]]


def _phase(phase: str, *steps: tuple[str, str, dict[str, Any]]) -> Steps:
    return [
        step(name, at, op, phase=phase, **fields) for at, (name, op, fields) in enumerate(steps, 1)
    ]


def _contribution() -> Steps:
    """12 % of a wage of at least 3,000: 10 % the employer, 2 % the person; residents by age."""
    employee: dict[str, Any] = {"when": {"scheme": "employee"}}
    resident: dict[str, Any] = {"when": {"scheme": "resident"}}
    unpermitted = {"when": {"household_register": "elsewhere", "residence_permit": False}}
    return _phase(
        "contribution",
        ("no_permit", "refuse", unpermitted),
        ("base", "greatest", {"terms": ["wage", "floor"], "to": "contribution_base"} | employee),
        (
            "employer",
            "share",
            {"of": "contribution_base", "rate": "employer_rate", "to": "employer_month"} | employee,
        ),
        (
            "employer_all",
            "times",
            {"of": "employer_month", "count": "months", "to": "employer_contribution"} | employee,
        ),
        (
            "own",
            "share",
            {"of": "contribution_base", "rate": "own_rate", "to": "own_month"} | employee,
        ),
        (
            "own_all",
            "times",
            {"of": "own_month", "count": "months", "to": "personal_contribution"} | employee,
        ),
        ("year", "add", {"terms": ["resident_due"], "to": "personal_contribution"} | resident),
        ("help", "add", {"terms": ["subsidy"], "to": "fiscal_subsidy"} | resident),
    )


def _account() -> Steps:
    over = {"terms": ["threshold"], "to": "needed"}
    return [
        *_phase(
            "account_credit",
            ("credit", "share", {"of": "credit_base", "rate": "own_rate", "to": "account_credit"}),
            (
                "transfer",
                "share",
                {"of": "account_credit", "rate": "transfer_rate", "to": "account_transfer"},
            ),
            (
                "kept",
                "subtract",
                {"from_": "account_credit", "less": ["account_transfer"], "to": "account_kept"},
            ),
        ),
        *_phase(
            "account_use",
            ("no_cosmetics", "refuse", {"when": {"account_use": "cosmetic"}}),
            ("drawn", "least", {"terms": ["charge", "account_balance"], "to": "account_drawn"}),
            (
                "rest",
                "subtract",
                {"from_": "charge", "less": ["account_drawn"], "to": "charge_left"},
            ),
            (
                "left",
                "subtract",
                {"from_": "account_balance", "less": ["account_drawn"], "to": "account_left"},
            ),
        ),
        *_phase(
            "account_withdrawal",
            ("twice", "refuse", {"when": {"withdrawn_this_year": True}}),
            ("needed", "add", over),
            (
                "may",
                "at_most",
                {"value": "needed", "limit": "year_inpatient_expense", "to": "withdrawable"},
            ),
            ("paid", "keep", {"of": "account_balance", "if_": "withdrawable", "to": "withdrawn"}),
        ),
        *_phase(
            "account_interest",
            (
                "interest",
                "share",
                {"of": "carried_balance", "rate": "interest_rate", "to": "account_interest"},
            ),
        ),
        *_phase(
            "account_closing",
            ("heirs", "add", {"terms": ["account_balance"], "to": "balance_to_heirs"}),
        ),
    ]


def _coverage() -> Steps:
    """Up to three months' gap are covered back; a longer one is followed by six months' wait."""
    short: dict[str, Any] = {"when": {"gap_months": {"from": 1, "below": 4}}}
    long: dict[str, Any] = {"when": {"gap_months": {"from": 4}}}
    return _phase(
        "coverage",
        ("back", "add", {"terms": ["yes"], "to": "covers_back"} | short),
        ("wait", "add", {"terms": ["six"], "to": "waiting_months"} | long),
        ("years", "add", {"terms": ["missed_years"], "to": "years"}),
    )


def make_pack(folder: Path) -> Path:
    """Write the region; return its folder."""
    young = [{"age": {"below": 18}, "value": "100.00"}, {"age": {"from": 18}, "value": "320.00"}]
    tables = {
        "floor": table("yuan", "3000.00"),
        "employer_rate": table("rate", "10%"),
        "own_rate": table("rate", "2%"),
        "resident_due": table("yuan", young, {"age": [0, 18]}),
        "subsidy": table(
            "yuan",
            [
                {"contribution_tier": "low", "value": "580.00"},
                {"contribution_tier": ["none", "middle", "high", "student_child"], "missing": "?"},
            ],
            {"contribution_tier": ["none", "low", "middle", "high", "student_child"]},
        ),
        "transfer_rate": table("rate", "70%"),
        "threshold": table("yuan", "50000.00"),
        "interest_rate": table("rate", "1.5%"),
        "yes": table("count", 1),
        "six": table("count", 6),
    }
    steps = [*_contribution(), *_account(), *_coverage()]
    add_region(folder)
    add_document(folder, {"tables": tables, "steps": steps})
    return folder
