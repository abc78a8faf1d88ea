"""A study as JSON: every table of the report, with exact money."""

from __future__ import annotations

import json
from typing import Any

from yibao.macro.simulation.report.content import Section, content
from yibao.macro.simulation.report.table import Table, plain
from yibao.macro.simulation.study import Study


def as_data(study: Study) -> dict[str, Any]:
    """Return the report as what JSON knows; money is text in yuan with two decimals."""
    whole = content(study)
    return {
        "title": _text(whole.title),
        "region": study.policy.region.id,
        "years": list(study.years),
        "persons": study.persons,
        "households": study.households,
        "claims": {"items": study.items, "settled": study.settled, "standing": study.standing},
        "reforms": [_section(section) for section in whole.sections],
        "side_by_side": _table(whole.side_by_side),
        "assumptions": [_text(text) for text in whole.assumptions],
    }


def as_json(study: Study) -> str:
    """Return the report as JSON text."""
    return json.dumps(as_data(study), ensure_ascii=False, indent=2) + "\n"


def _text(text: Any) -> dict[str, str]:
    return {"zh": text.zh, "en": text.en}


def _section(section: Section) -> dict[str, Any]:
    reform = section.outcome.reform
    return {
        "name": reform.name,
        "title": _text(reform.title),
        "folder": str(reform.folder),
        "changes": [
            {
                "group": _text(told.group),
                "text": _text(told.text),
                "from": str(told.first),
                "to": str(told.last),
                "of_claims": told.of_claims,
            }
            for told in reform.told
        ],
        "notices": [_text(text) for text in section.notices],
        "changes_anything": section.outcome.comparison.changes,
        "tables": {table.name: _table(table) for table in section.tables},
    }


def _table(table: Table) -> dict[str, Any]:
    return {
        "title": _text(table.title),
        "note": None if table.note is None else _text(table.note),
        "columns": [{"name": c.name, "title": _text(c.title)} for c in table.columns],
        "rows": [
            {
                column.name: plain(value, column.kind)
                for column, value in zip(table.columns, row, strict=True)
            }
            for row in table.rows
        ],
    }
