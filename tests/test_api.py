"""The Python interface that README shows."""

from pathlib import Path

import pytest

import yibao

EXAMPLES = Path(__file__).parents[1] / "examples" / "tianjin"


def test_settle_and_explain_as_the_readme_shows() -> None:
    policy = yibao.load_policy("tianjin")
    run = yibao.settle(policy, [EXAMPLES / "claims.csv"], [EXAMPLES / "persons.csv"])
    assert not run.rejects
    entries = [e for e in run.batch.entries if e.settlement.claim.claim_id == "T01"]
    (first,) = entries
    # 1100.00 in scope, deductible 800.00, 65 % at a level-2 hospital: 300.00 x 65 % = 195.00
    assert first.settlement.figure("pool_pay") == 195_00
    lines = yibao.explain(first.settlement, policy).lines
    pay = next(line for line in lines if line.results[-1].name == "pool_pay")
    assert pay.formula == "(1100.00 − 800.00) × 65% = 195.00"
    assert {q.value for q in pay.operands} >= {"5500.00", "65%"}


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="settel"):
        yibao.settel  # noqa: B018


def test_the_public_names_can_be_imported() -> None:
    assert all(callable(getattr(yibao, name)) for name in yibao.__all__)
