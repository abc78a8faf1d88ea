"""The book of the packs that ship: everything is in it, and every link leads somewhere."""

import json
import posixpath
import re
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from book_pages import Page

from yibao.policy.load import load_region, regions
from yibao.policy.vocabulary import POLICIES
from yibao.policy_book.articles import order, slug
from yibao.policy_book.book import Book
from yibao.policy_book.pages import static
from yibao.policy_book.views import page_of
from yibao.settlement.cases import read_cases

REGIONS = regions()


# --- everything is there --------------------------------------------------------------------------


@pytest.mark.parametrize("name", REGIONS)
def test_every_provision_is_at_its_article(name: str, pages: dict[str, Page]) -> None:
    region = load_region(name)
    held = [row.origin for table in region.tables.values() for row in table.rows]
    held += [s.origin for s in (*region.steps, *region.constraints, *region.limits)]
    held += [p.origin for c in region.classifications.values() for p in c.provisions]
    for origin in held:
        document = origin.document
        section = pages[f"{document.region}/{page_of(document)}"].sections[slug(origin.cite)]
        assert origin.says.zh in section
        assert origin.says.en in section


@pytest.mark.parametrize("name", REGIONS)
def test_every_step_act_and_article_left_out_is_on_its_documents_page(
    name: str, pages: dict[str, Page]
) -> None:
    region = load_region(name)
    for step in region.steps:
        assert step.id in pages[f"{name}/index.html"].text
    for document in region.own:
        text = pages[f"{name}/{page_of(document)}"].text
        for act in (*document.extends, *document.activates, *document.repeals, *document.waives):
            assert act.says.zh in text
        for article, _, why in document.not_encoded:
            assert slug(article) in pages[f"{name}/{page_of(document)}"].ids
            assert why.zh in text
            assert why.en in text


@pytest.mark.parametrize("name", REGIONS)
def test_every_parameter_and_classification_has_a_place(name: str, pages: dict[str, Page]) -> None:
    region = load_region(name)
    page = pages[f"{name}/parameters.html"]
    anchors = {f"p-{t}" for t in region.tables} | {f"c-{c}" for c in region.classifications}
    assert anchors <= set(page.ids)
    for table in region.tables.values():
        for row in table.rows:
            assert row.missing is None or row.missing in page.text
            assert row.origin.source is None or row.origin.source in page.text


@pytest.mark.parametrize("name", REGIONS)
def test_every_case_is_there_with_its_outcome(name: str, pages: dict[str, Page]) -> None:
    page = pages[f"{name}/cases.html"]
    cases = read_cases(POLICIES / name)
    for case in cases:
        assert case.title.zh in page.text
        assert case.title.en in page.text
    assert page.text.count("✓") == len(cases)
    assert "✗" not in page.text


def test_the_articles_of_a_document_stand_in_its_own_order(pages: dict[str, Page]) -> None:
    page = pages["tianjin/2016-opinion@2016-06-23.html"]
    cites = [i for i in page.ids if re.match("[一二三四五六七八九十]", i)]
    assert cites == sorted(cites, key=order)
    for earlier, later in [("二（七）", "三（九）"), ("九（三十三）", "十（三十四）")]:
        assert cites.index(earlier) < cites.index(later)


def test_the_notice_of_2022_reads_as_it_was_written(pages: dict[str, Page]) -> None:
    """二（一）: three levels, 600 yuan, 4,000 yuan, 55/55/50 % and 50/50/45 %."""
    section = pages["tianjin/2021-resident-notice@2022-01-01.html"].sections["二（一）"]
    for told in ("600 元", "600 yuan", "4,000 元", "55%", "50%", "45%", "T21-2.1a", "2022-01-01"):
        assert told in section


def test_a_parameter_tells_which_document_won_and_what_it_beat(pages: dict[str, Page]) -> None:
    """Residents' ceiling: the plan's 4,000 from 2020 wins over the opinion's 3,000."""
    section = pages["tianjin/parameters.html"].sections["p-outpatient_ceiling"]
    beaten = "优先于wins over 3,000 元3,000 yuan (津政发〔2016〕17号2016 opinion 四（十二）"
    assert beaten in re.sub(r"\s+", " ", section)
    for told in ("4,000 元", "被后来的规定取代"):
        assert told in section


def test_a_day_tells_what_changed(pages: dict[str, Page]) -> None:
    """2022-01-01: residents' deductible rises from 500 to 600 yuan under 二（一）."""
    section = pages["changes.html"].sections["d-2022-01-01"]
    assert re.search(r"500 元500 yuan\s*600 元600 yuan", section)


def test_what_a_document_above_changes_is_told_once(pages: dict[str, Page]) -> None:
    """The national list of 2021-01-19 holds everywhere, and is told of the nation only."""
    section = pages["changes.html"].sections["d-2021-01-19"]
    assert "国家" in section
    assert "天津市" not in section


def test_clauses_stand_at_their_articles(book: Book, pages: dict[str, Page]) -> None:
    opinion = pages["tianjin/2016-opinion@2016-06-23.html"].sections
    assert "T16-12" in opinion["四（十二）"]
    assert "T16-19a" in opinion["六（十九）"]
    assert "见：See: 六（十九）至（二十一）" in opinion["六（十九）"]
    assert "T16-08" in opinion["三（八）"]
    assert book.summary["tianjin"]["clauses"] >= 77 + 60 + 184  # opinion, notice, plan
    assert book.summary["jining"]["clauses"] == 45


# --- links and form -------------------------------------------------------------------------------


def test_every_link_resolves_within_the_book(book: Book, pages: dict[str, Page]) -> None:
    for name, page in pages.items():
        for link in page.links:
            if link.startswith("data:"):
                continue
            parts = urlsplit(link)
            assert not parts.scheme, f"{name}: {link}"
            path = unquote(parts.path)
            target = posixpath.normpath(posixpath.join(posixpath.dirname(name), path))
            target = target if path else name
            assert target in book.files, f"{name}: {link}"
            if parts.fragment:
                assert unquote(parts.fragment) in pages[target].ids, f"{name}: {link}"


def test_every_place_that_the_search_finds_exists(book: Book, pages: dict[str, Page]) -> None:
    script = book.files["search-index.js"]
    data = json.loads(script.removeprefix("window.POLICY_BOOK=").removesuffix(";\n"))
    assert len(data["entries"]) > 1000
    for entry in data["entries"]:
        page, _, fragment = entry[1].partition("#")
        assert not fragment or fragment in pages[page].ids, entry[1]


def test_pages_are_accessible_in_form(pages: dict[str, Page]) -> None:
    for name, page in pages.items():
        assert len(page.ids) == len(set(page.ids)), name
        assert len(page.tags("h1")) == len(page.tags("main")) == 1, name
        levels = [int(tag[1]) for tag, _ in page.tags("h1", "h2", "h3", "h4")]
        assert levels[0] == 1, name
        assert all(b <= a + 1 for a, b in pairwise(levels)), name
        for tag, attributes in page.tags("nav", "section", "form"):
            assert attributes["aria-labelledby"] in page.ids, (name, tag)
        (_, html) = page.tags("html")[0]
        assert html["lang"] == "zh-CN"


def test_nothing_is_asked_of_a_network(book: Book) -> None:
    for name, text in static().items():
        assert not re.search(r"https?:|//[a-z]|@import|url\(|fetch\(|XMLHttp|WebSocket", text), name
    for name, text in book.files.items():
        assert not re.search(r'(src|href)="(https?:)?//', text), name


def _colours(block: str) -> dict[str, str]:
    return dict(re.findall(r"--([a-z0-9]+): (#[0-9a-f]{6})", block))


def _light(colour: str) -> float:
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("theme", [":root {", ':root[data-theme="dark"] {'])
def test_text_has_contrast_in_both_themes(theme: str) -> None:
    css = static()["book.css"]
    colours = _colours(css[css.index(theme) :].partition("}")[0])
    for ink in ("ink", "soft", "seal", "link", "good", "bad"):
        for ground in ("paper", "card", "wash"):
            pair = sorted((_light(colours[ink]), _light(colours[ground])))
            assert (pair[1] + 0.05) / (pair[0] + 0.05) >= 4.5, (ink, ground)


def test_no_place_of_this_machine_is_in_the_book(book: Book) -> None:
    here = str(Path(__file__).parents[2])
    assert not [name for name, text in book.files.items() if here in text]


def test_each_document_of_the_inventory_is_found_under_whatever_name(book: Book) -> None:
    """By number, by the clauses that cases name, by the words of its title."""
    held = {region: counts["clauses"] for region, counts in book.summary.items()}
    assert (held["jining"], held["national"], held["unnamed_city"]) == (45, 5, 14)
    left = book.files["coverage.html"].partition('id="elsewhere"')[2]
    assert "医疗保险付费方式改革意见评述" in left
    assert "津政发〔2016〕17号政策解读" in left
    assert "意见（2020）" not in left
