"""A pack whose texts try to be markup and script."""

from pathlib import Path

from small_pack import LAYERS, add_document, add_region, step, table

EVIL = '<script>alert(\'x\')</script>"><img src=x onerror="window.hacked=1"></title>{{ 7*7 }}'


def hostile_region(folder: Path, evil: str = EVIL) -> Path:
    """Write a region with hostile text wherever a pack holds text."""
    says = {"zh": f"测试条文 {evil}", "en": f"evil {evil}"}
    cited = {"cite": f"一（一）{evil}", "says": says}
    rate = table("rate", [{"level": "1", "value": "50%"}], {"level": ["1", "2"]})
    rate["title"] = says
    rate["provisions"][0] |= cited | {"grade": "C", "source": evil}
    rate["provisions"][0]["rows"].append({"level": "2", "missing": evil})
    pay = step("pay", 10, "share", of="in_scope", rate="rate", to="pool_pay", layer="basic") | cited
    rules = {"layers": [cited | {"order": LAYERS}], "tables": {"rate": rate}, "steps": [pay]}
    left = [{"article": f"二 {evil}", "left_to": "agency", "why": says}]
    head = {"title": says, "number": evil, "issuer": says, "note": says, "not_encoded": left}
    add_document(add_region(folder), rules, "one", **head)
    return folder
