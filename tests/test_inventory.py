"""docs/clauses.yaml names every clause of the requirement list, once."""

import re
from collections import Counter
from pathlib import Path

import pytest
import yaml

from yibao.cli.clauses import coverage, read_inventory
from yibao.policy.load import regions
from yibao.policy.vocabulary import POLICIES

ROOT = Path(__file__).resolve().parents[1]
INVENTORY = ROOT / "docs" / "clauses.yaml"
SHARED_INVENTORY = ROOT.parent / "shared" / "clauses.yaml"

FIELDS = {"id", "document", "article", "region", "subsystem", "tier", "en", "zh"}


def load(path: Path) -> list[dict[str, object]]:
    clauses = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    assert isinstance(clauses, list)
    return clauses


def test_every_entry_is_complete_and_its_id_unique() -> None:
    clauses = load(INVENTORY)
    incomplete = [c["id"] for c in clauses if c.keys() != FIELDS or not all(c.values())]
    assert not incomplete
    repeated = [i for i, n in Counter(c["id"] for c in clauses).items() if n > 1]
    assert not repeated


@pytest.mark.clause("C-INT-1")
def test_the_opinion_of_2016_is_there_with_its_10_sections_and_34_policies() -> None:
    articles = [str(c["article"]) for c in load(INVENTORY) if str(c["id"]).startswith("T16-")]
    numbered = [match.groups() for a in articles if (match := re.match("(.+?)（(.+?)）", a))]
    assert len({section for section, _ in numbered}) == 10
    assert len({policy for _, policy in numbered}) == 34
    assert {a for a in articles if "（" not in a} == {"附则"}


@pytest.mark.shared
def test_ids_equal_those_of_the_requirement_list() -> None:
    if not SHARED_INVENTORY.exists():
        pytest.skip("../shared/clauses.yaml is not here: nothing to compare docs/clauses.yaml with")
    ours = {c["id"] for c in load(INVENTORY)}
    theirs = {c["id"] for c in load(SHARED_INVENTORY)}
    assert ours == theirs


@pytest.mark.parametrize("subsystem", ["settlement", "enrolment", "account"])
def test_every_core_clause_has_a_case_or_a_test(subsystem: str) -> None:
    wanted = {"tier": ["core"], "subsystem": [subsystem]}
    packs = [POLICIES / region for region in regions()]
    found = coverage(read_inventory(INVENTORY), wanted, packs, ROOT / "tests")
    assert found.clauses
    assert [clause.id for clause in found.clauses if not clause.covered] == []
    assert found.unknown == {}


LATER = ROOT / "docs" / "later.yaml"


def test_every_clause_of_the_agency_has_a_test_or_a_time() -> None:
    later = yaml.safe_load(LATER.read_text(encoding="utf-8"))
    subsystems = ["enrolment", "account", "registry"]
    wanted = {"tier": ["core", "platform"], "subsystem": subsystems}
    packs = [POLICIES / region for region in regions()]
    found = coverage(read_inventory(INVENTORY), wanted, packs, ROOT / "tests")
    assert {c.id for c in found.clauses if not c.covered} == later.keys()
    assert all(later.values())
