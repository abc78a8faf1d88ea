"""The consolidated rules of a day, and what changed between two."""

from datetime import date
from pathlib import Path

from small_pack import CITED, LAYERS, SAYS, Rules, add_document, add_region, step, table

from yibao.policy.compare import Difference, difference, in_force
from yibao.policy.consolidate import Consolidation
from yibao.policy.load import load_region
from yibao.policy.model import Region

PAY = step("pay", 10, "share", of="in_scope", rate="rate", to="pool_pay", layer="basic")
LEVELS = {"level": ["1", "2", "3"]}
BEFORE, AFTER = date(2009, 12, 31), date(2010, 1, 1)


def amended(folder: Path, amendment: Rules) -> Region:
    """Load a region whose rules are amended on 2010-01-01."""
    rows = [{"level": ["1", "2"], "value": "50%"}, {"level": "3", "value": "40%"}]
    care = {"title": SAYS, "codes": {"a": SAYS, "b": SAYS}}
    rules: Rules = {
        "layers": [CITED | {"order": LAYERS}],
        "tables": {"rate": table("rate", rows, LEVELS)},
        "classifications": {"care": care | {"provisions": [CITED | {"rows": [{"value": "a"}]}]}},
        "steps": [PAY | {"when": {"care": "a"}}],
    }
    add_document(add_region(folder), rules, "base")
    add_document(folder, amendment, "amendment", start="2010-01-01")
    return load_region(folder)


def changes(region: Region) -> Difference:
    """Return what the amendment changed."""
    return difference(Consolidation(region, BEFORE), Consolidation(region, AFTER))


def test_changed_figure_names_key_values_and_both_documents(tmp_path: Path) -> None:
    rows = [{"level": ["2", "3"], "value": "45%"}]
    found = changes(amended(tmp_path, {"tables": {"rate": table("rate", rows, LEVELS)}}))
    told = [(c.key, c.before and c.before.value, c.after and c.after.value) for c in found.figures]
    assert told == [({"level": ("2",)}, "50%", "45%"), ({"level": ("3",)}, "40%", "45%")]
    first = found.figures[0]
    assert first.before is not None
    assert first.after is not None
    assert (first.before.basis.document, first.after.basis.document) == ("base", "amendment")
    assert found.steps == found.classifications == ()


def test_figure_restated_is_no_change(tmp_path: Path) -> None:
    rows = [{"level": "3", "value": "40%"}]
    found = changes(amended(tmp_path, {"tables": {"rate": table("rate", rows, LEVELS)}}))
    assert not found


def test_figure_that_becomes_missing_is_a_change(tmp_path: Path) -> None:
    rows = [{"level": "3", "missing": "nobody knows"}]
    (change,) = changes(
        amended(tmp_path, {"tables": {"rate": table("rate", rows, LEVELS)}})
    ).figures
    assert change.after is not None
    assert (change.after.value, change.after.missing) == (None, "nobody knows")


def test_steps_added_removed_and_replaced(tmp_path: Path) -> None:
    more = step("more", 20, "add", terms=["total"], to="x")
    old = step("old", 30, "add", terms=["total"], to="y", valid={"to": "2009-12-31"})
    region = amended(tmp_path, {"steps": [PAY | {"when": {"visit": "inpatient"}}, more]})
    assert [(c.name, c.kind) for c in changes(region).steps] == [
        ("pay", "replaced"),
        ("more", "added"),
    ]
    extra = add_document(tmp_path / "overlays", {"steps": [old]}, "extra", start="2001-01-01")
    with_old = load_region(tmp_path, overlays=[extra])
    assert ("old", "removed") in [(c.name, c.kind) for c in changes(with_old).steps]


def test_classification_and_layers_replaced(tmp_path: Path) -> None:
    care = {"provisions": [CITED | {"rows": [{"visit": "pharmacy", "value": "b"}, {"value": "a"}]}]}
    order = ["basic", "assistance", "serious_illness"]
    found = changes(
        amended(
            tmp_path,
            {"classifications": {"care": care}, "layers": [CITED | {"order": order}]},
        )
    )
    assert [(c.name, c.kind) for c in found.classifications] == [("care", "replaced")]
    assert found.layers == (tuple(LAYERS), tuple(order))


def test_null_reform_is_no_difference(tmp_path: Path) -> None:
    region = amended(tmp_path, {"steps": [PAY]})
    for day in (BEFORE, AFTER):
        assert not difference(Consolidation(region, day), Consolidation(region, day))


def test_consolidation_gives_winning_rows_steps_layers_and_what_is_missing(tmp_path: Path) -> None:
    rows = [{"level": "3", "missing": "nobody knows"}]
    region = amended(tmp_path, {"tables": {"rate": table("rate", rows, LEVELS)}})
    rules = in_force(Consolidation(region, AFTER))
    (rate,) = rules.tables
    assert [(f.key, f.value, f.basis.document) for f in rate.figures] == [
        ({"level": ("1", "2")}, "50%", "base"),
        ({"level": ("3",)}, None, "amendment"),
    ]
    assert [(t.name, f.missing) for t, f in rules.missing] == [("rate", "nobody knows")]
    assert [s.id for s in rules.steps] == ["pay"]
    assert rules.layers == tuple(LAYERS)
    assert [c.rows for c in rules.classifications] == [(("always", "a"),)]
    assert [d.id for d in rules.documents] == ["amendment", "base"]


def test_consolidation_before_all_rules_says_that_there_are_none(tmp_path: Path) -> None:
    rules = in_force(Consolidation(amended(tmp_path, {"steps": [PAY]}), date(1999, 12, 31)))
    (rate,) = rules.tables
    assert (rate.figures, rate.open) == ((), ({},))
    assert (rules.steps, rules.layers, rules.documents) == ((), (), ())
