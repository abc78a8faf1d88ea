"""The packs that ship, and the example overlays: every worked case, to the fen."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from yibao.policy.load import load_region, regions
from yibao.policy.opspec import results
from yibao.policy.vocabulary import POLICIES, vocabulary
from yibao.settlement.cases import Case, CaseRunner, read_cases
from yibao.settlement.explain import title_of

OVERLAYS = Path(__file__).parents[2] / "examples" / "overlays"
RUNNERS = {region: CaseRunner(region) for region in regions()}
SHIPPED = [(region, case) for region in regions() for case in read_cases(POLICIES / region)]


def case_id(value: object) -> str:
    return value.id if isinstance(value, Case) else str(value)


@pytest.mark.parametrize(("region", "case"), SHIPPED, ids=case_id)
def test_case_of_a_shipped_pack(region: str, case: Case) -> None:
    assert RUNNERS[region].run(case).failures == ()


@pytest.mark.clause("J21-1.1a", "J21-1.1c", "J21-4b", "J21-6a")
@pytest.mark.clause("C-HS-1a", "C-HS-1b", "C-HS-2a", "C-HS-2b", "C-HS-2c", "C-HS-3", "C-HS-4b")
@pytest.mark.clause("C-SX-1b", "C-GD-1.2", "C-ZS-1", "C-ZS-2.1", "C-ZS-2.2b")
@pytest.mark.clause("C-HA-0", "C-HA-2.2", "C-JX04-3")
@pytest.mark.clause("T16-06a", "T16-07c", "P25-3.3.1a", "P25-3.3.2a", "C-IMPL-1.3e")
@pytest.mark.parametrize("case", read_cases(OVERLAYS), ids=case_id)
def test_case_that_needs_an_example_overlay(case: Case) -> None:
    """Figures that no document gives: the pack refuses without them and settles with them.

    An overlay's folder begins with the region that it belongs to.
    """
    region = case.file.parent.name.partition("-")[0]
    assert RUNNERS[region].run(case).failures == ()


def test_every_document_has_cases() -> None:
    """A document of rules without a worked example is not finished; a decision only refers.

    Figures that no step names have nothing to work out: the agency's tests ask for them.
    """

    def rules(folder: Path) -> bool:
        files = (f for f in folder.rglob("*.yaml") if f.name not in {"document.yaml", "cases.yaml"})
        return any(not outside(yaml.safe_load(f.read_text())) for f in files)

    def outside(content: dict[str, Any]) -> bool:
        measures = vocabulary().measures
        named = [table.get("measure", "") for table in content.get("tables", {}).values()]
        return content.keys() == {"tables"} and all(
            name in measures and measures[name].outside for name in named
        )

    lacking = [
        f"{region}/{document.id}"
        for region in regions()
        for document in load_region(region).own
        if document.kind != "decision"
        and rules(document.folder)
        and not (document.folder / "cases.yaml").is_file()
    ]
    assert lacking == []


def test_case_ids_are_unique_within_a_region() -> None:
    counts = Counter((region, case.id) for region, case in SHIPPED)
    assert [key for key, count in counts.items() if count > 1] == []


EXAMPLES = sorted(p.parent for p in (OVERLAYS.parent / "packs").glob("*/region.yaml"))


@pytest.mark.parametrize("region", [*regions(), *EXAMPLES], ids=str)
def test_every_result_has_a_title_in_both_languages(region: str | Path) -> None:
    """An explanation names each figure; a pack that ships leaves none nameless."""
    loaded = load_region(region)
    written = {name for step in loaded.steps for name in results(step)}
    assert sorted(name for name in written if not title_of(loaded, name).zh) == []


@pytest.mark.clause("J21-2.1a", "J21-2.1b", "J21-2.1c")
def test_jining_lists_79_chronic_diseases() -> None:
    codes = [c.code for c in load_region("jining").codes["disease"] if c.code[1:].isdigit()]
    assert Counter(code[0] for code in codes) == {"A": 9, "B": 70}
