"""Registers of classifications that other centres hand out too: a code, its name, its groups.

All share a table. What of them the region has, its own releases say: none is shipped.
"""

from __future__ import annotations

from yibao.interop.files.columns import Column
from yibao.registry import codes
from yibao.registry.register import Reference, Register
from yibao.text import Text

_CODE = Column("code", "id", Text("代码", "Code"))
_NAME = Column("name", "text", Text("名称", "Name"))
_PROCEDURE = Column(
    "procedure",
    "id",
    Text("限定手术操作代码", "Only with this procedure"),
    Text("空为不限", "empty: with any or none"),
    absent="",
    form=codes.procedure,
)


def _group(name: str, zh: str, en: str) -> tuple[Column, Column]:
    """Return the columns of a group that codes fall under."""
    return (
        Column(f"{name}_code", "id", Text(f"{zh}代码", f"{en}, code"), absent=""),
        Column(f"{name}_name", "text", Text(f"{zh}名称", f"{en}, name"), absent=""),
    )


def _classification(name: str, title: Text, *more: Column) -> Register:
    with_procedure = _PROCEDURE in more
    return Register(
        name,
        title,
        "registry.classification",
        1,
        (_CODE, _NAME, *more),
        fixed={"kind": name},
        references=(Reference("registry.procedure", {"procedure": "code"}),)
        if with_procedure
        else (),
    )


CLASSIFICATIONS = (
    _classification(
        "morphology",
        Text("肿瘤形态学", "morphology of tumours"),
        *_group("group", "肿瘤/细胞类型", "Type of tumour or cell"),
    ),
    _classification(
        "tcm_disease",
        Text("中医疾病", "diseases of traditional Chinese medicine"),
        *_group("group", "科别类目", "Department"),
        *_group("subgroup", "专科系统分类目", "System"),
    ),
    _classification(
        "tcm_syndrome",
        Text("中医证候", "syndromes of traditional Chinese medicine"),
        *_group("group", "证候类目", "Category"),
        *_group("subgroup", "证候属性", "Attribute"),
    ),
    _classification(
        "case_payment", Text("按病种付费病种", "diseases that are paid by the case"), _PROCEDURE
    ),
    _classification(
        "day_surgery", Text("日间手术治疗病种", "diseases treated by day surgery"), _PROCEDURE
    ),
)
