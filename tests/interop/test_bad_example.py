"""examples/bad has one row of each kind; its ids say what is wrong."""

from pathlib import Path

from claim_files import settled, tianjin

from yibao.interop.files.results import cell
from yibao.interop.files.settling import settle_files

BAD = Path(__file__).resolve().parents[2] / "examples" / "bad"

RULES = {
    "third-decimal": "two_decimals",
    "negative": "not_negative",
    "oversized": "max_amount",
    "thousands-separator": "amount",
    "parts": "parts_add_up",
    "portion": "portion_within",
    "unknown-visit": "known_code",
    "unknown-level": "known_code",
    "no-such-day": "date",
    "discharged-first": "discharge_after_admission",
    "settled-first": "settled_after_discharge",
    "before-the-rules": "rule_in_force",
    "unknown-person": "known_person",
    "not-insured": "insured_on_day",
    "two-statuses": "person_rows_valid",
    "missing-cell": "required",
    "good": "unique_claim_id",
    "reverses-unknown": "reversal_known",
    "reverses-itself": "reversal_not_itself",
    "reverses-twice": "reversal_once",
    "reverses-with-amount": "not_negative",
    "=1+1": "identifier",
    "invisible\u200b": "control_character",
    "long-" + "x" * 300: "cell_length",
    "unterminated": "quote",
    "cells": "cells",
    "cut-off": "cells",
}


def test_each_bad_row_breaks_its_rule() -> None:
    run = settle_files(tianjin(), [BAD / "claims.csv"], [BAD / "persons.csv"])
    found = {
        (cell(r, "claim_id") or r.errors[0].value).partition(",")[0]: r.errors[0].rule
        for r in run.rejects
    }
    assert found == RULES
    assert settled(run) == ["good", "reversed", "reverses-once"]
    rules = [r.errors[0].rule for r in run.persons.rejects]
    assert rules == ["one_status", "one_status", "period", "date"]
