"""The national scale of disability (医保办发〔2021〕37号): seventeen items in three dimensions.

Points are counts. How the sums of the dimensions become a grade is a matter of packs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from yibao.agency.enrolment.refusal import Refusal
from yibao.text import Text

Dimension = Literal["daily_living_score", "cognition_score", "perception_score"]
DIMENSIONS: tuple[Dimension, ...] = ("daily_living_score", "cognition_score", "perception_score")
"""Facts of the procedure `care_grade`: what the rules look at."""


@dataclass(frozen=True, slots=True)
class Item:
    """One item: its dimension, the most points, and the step in which they are given."""

    dimension: Dimension
    title: Text
    most: int
    step: int = 1

    def allows(self, points: int) -> bool:
        """Tell whether an assessor can give so many points."""
        return 0 <= points <= self.most and points % self.step == 0


def _living(zh: str, en: str, most: int) -> Item:
    return Item("daily_living_score", Text(zh, en), most, 5)


ITEMS: Mapping[str, Item] = {
    "eating": _living("进食", "eating", 10),
    "dressing": _living("穿衣", "dressing", 10),
    "face_and_mouth": _living("面部与口腔清洁", "washing face and mouth", 5),
    "bowel": _living("大便控制", "bowel control", 10),
    "bladder": _living("小便控制", "bladder control", 10),
    "toilet": _living("用厕", "using the toilet", 10),
    "walking": _living("平地行走", "walking on the level", 15),
    "transfer": _living("床椅转移", "moving between bed and chair", 15),
    "stairs": _living("上下楼", "climbing stairs", 10),
    "bathing": _living("洗澡", "bathing", 5),
    "time": Item("cognition_score", Text("时间定向", "orientation in time"), 4),
    "persons": Item("cognition_score", Text("人物定向", "orientation to persons"), 4),
    "space": Item("cognition_score", Text("空间定向", "orientation in space"), 4),
    "memory": Item("cognition_score", Text("记忆力", "memory"), 4),
    "sight": Item("perception_score", Text("视力", "sight"), 4),
    "hearing": Item("perception_score", Text("听力", "hearing"), 4),
    "speech": Item("perception_score", Text("沟通能力", "communication"), 4),
}


def sums(points: Mapping[str, int]) -> dict[str, int]:
    """Return the points of each dimension; raises Refusal unless every item has possible ones."""
    for name in (*points, *ITEMS):
        item = ITEMS.get(name)
        if item is None:
            known = ", ".join(ITEMS)
            raise Refusal("item", f"没有项目 {name}", f"no item {name}: {known}", column="points")
        given = points.get(name)
        if given is None or not item.allows(given):
            steps = f"0 to {item.most}" + (f" in steps of {item.step}" if item.step > 1 else "")
            raise Refusal(
                "points",
                f"{item.title.zh}（{name}）应为0至{item.most}分",
                f"{name}: {steps}, not {given}",
                column="points",
            )
    return {
        dimension: sum(points[name] for name, item in ITEMS.items() if item.dimension == dimension)
        for dimension in DIMENSIONS
    }
