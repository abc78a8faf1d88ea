"""Article numbers: their order, and which covers which."""

from itertools import pairwise

import pytest

from yibao.policy_book.articles import best, in_order, number, order, paths


@pytest.mark.parametrize(
    ("text", "value"), [("七", 7), ("十", 10), ("二十一", 21), ("一百零三", 103), ("12", 12)]
)
def test_numerals(text: str, value: int) -> None:
    assert number(text) == value


def test_articles_sort_as_the_document_runs() -> None:
    written = [
        "引言",
        "标题与附则",
        "一（三）",
        "二（七）",
        "三（九）",
        "三（九）（十）",
        "三（十）",
        "四（十三）",
        "四（十三）第1款",
        "四（十三）第2款",
        "四（十四）",
        "九（三十三）",
        "十（三十四）",
        "附则",
    ]
    assert max(written, key=order) == "附则"
    assert all(order(a) < order(b) for a, b in pairwise(written))
    assert sorted(["§10 甲", "§2 大病", "§1 门诊起付"], key=order)[0] == "§1 门诊起付"
    assert sorted(["第十条", "第二条", "第九条"], key=order) == ["第二条", "第九条", "第十条"]


@pytest.mark.parametrize(
    ("cite", "found"),
    [
        ("二（七）", ((2, 7),)),
        ("三（九）（十）", ((3, 9), (3, 10))),
        ("六（十九）至（二十一）", ((6, 19), (6, 20), (6, 21))),
        ("一（一）第6至9段", ((1, 1, 6), (1, 1, 7), (1, 1, 8), (1, 1, 9))),
        ("三（九）第1段、第3至4段", ((3, 9, 1), (3, 9, 3), (3, 9, 4))),
        ("二（一）、二（二）第2款", ((2, 1), (2, 2, 2))),
        ("一（二）、二", ((1, 2), (2,))),
        ("四（十三）第1款", ((4, 13, 1),)),
        ("主要指标表第1至3项", (("主要指标表", 1), ("主要指标表", 2), ("主要指标表", 3))),
        ("三 药品分类", ((3,),)),
        ("第十条第二款", ((10, 2),)),
        ("附则（过渡）", (("附则",),)),
        ("", ()),
    ],
)
def test_the_articles_that_a_cite_names(cite: str, found: tuple[object, ...]) -> None:
    assert paths(cite) == found


def test_the_nearest_article_covers() -> None:
    held = {
        cite: paths(cite) for cite in ("四", "四（十三）", "四（十三）第1款", "五（十七）（十八）")
    }
    assert best(paths("四（十三）第1款"), held) == "四（十三）第1款"
    assert best(paths("四（十三）第2款"), held) == "四（十三）"
    assert best(paths("四（十五）"), held) == "四"
    assert best(paths("五（十八）"), held) == "五（十七）（十八）"
    assert best(paths("五"), held) == "五（十七）（十八）"
    assert best(paths("八"), held) is None


def test_a_list_of_articles_gives_the_order() -> None:
    cites = ["不予支付", "住院待遇居民限额", "住院待遇", "二（一）", "附则", "二"]
    assert in_order(cites, ["住院待遇", "不予支付"]) == [
        "住院待遇",
        "住院待遇居民限额",
        "不予支付",
        "二",
        "二（一）",
        "附则",
    ]
