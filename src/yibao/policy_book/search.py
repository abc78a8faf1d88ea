"""The search index: what can be found in the book, as a script that a page loads from the disk.

An entry is a list: kind, address, region, title and text in Chinese, title and text in English.
The page itself builds the postings (pairs of Chinese characters, words of other scripts), which is
quicker than reading them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence

from yibao.policy_book import labels
from yibao.policy_book.entry import (
    Body,
    ClassBody,
    Entry,
    FactsBody,
    OrderBody,
    StepBody,
    TableBody,
)
from yibao.policy_book.naming import join, same
from yibao.policy_book.steps import Piece
from yibao.policy_book.views import ArticleView, DocumentView, RegionView
from yibao.policy_book.worked import Worked
from yibao.text import Text

Hit = tuple[str, str, str, Text, Text]
"""Kind, address from the book's first page, region, title, text."""

_SEPARATORS = (" ", " ")


def index(views: Iterable[RegionView], terms: Iterable[Hit]) -> str:
    """Return the script that holds the index."""
    held = list(views)
    hits = [hit for view in held for hit in _of_region(view)] + list(terms)
    names = {view.region.id: view.region.name for view in held}
    kinds = list(dict.fromkeys(hit[0] for hit in hits))
    regions = list(dict.fromkeys(hit[2] for hit in hits))
    data = {
        "kinds": [labels.of(kind)._asdict() for kind in kinds],
        "regions": [{"id": name, **names.get(name, same(name))._asdict()} for name in regions],
        "entries": [
            [kinds.index(k), url, regions.index(r), title.zh, text.zh, title.en, text.en]
            for k, url, r, title, text in hits
        ],
    }
    written = json.dumps(data, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    for end, escaped in (("\u2028", "\\u2028"), ("\u2029", "\\u2029")):
        written = written.replace(end, escaped)
    return f"window.POLICY_BOOK={written};\n"


def _of_region(view: RegionView) -> Iterator[Hit]:
    region, home = view.region, view.href
    yield "region", f"{home}/index.html", region.id, region.name, same(region.id)
    for document in view.documents:
        yield from _of_document(view, document)
    for history in view.histories:
        table = history.table
        says = (v.origin.says for v in history.versions)
        text = _all([same(table.name), *says])
        yield "table", f"{home}/parameters.html#p-{table.name}", region.id, table.title, text
    for name, classification in region.classifications.items():
        text = _all([same(name), *classification.codes.values()])
        url = f"{home}/parameters.html#c-{name}"
        yield "classification", url, region.id, classification.title, text
    for name, state in region.state.items():
        yield "state_value", f"{home}/parameters.html#s-{name}", region.id, state.title, same(name)
    for codes in region.codes.values():
        for code in codes:
            url = f"{home}/parameters.html#k-{code.code}"
            text = same(f"{code.code} {code.icd10 or ''} {code.cite}")
            yield "code", url, region.id, code.title, text
    for case in view.cases:
        url = f"{home}/cases.html#{case.anchor}"
        yield "case", url, region.id, case.case.title, _of_case(case)


def _of_case(case: Worked) -> Text:
    return same(" ".join([case.case.id, *case.case.clauses]))


def _of_document(view: RegionView, document: DocumentView) -> Iterator[Hit]:
    held, region = document.document, view.region.id
    page = f"{view.href}/{document.page}"
    about = _all([same(held.number), held.issuer, *([held.note] if held.note else ())])
    yield "document", page, region, held.title, about
    for article in document.articles:
        url = f"{page}#{article.anchor}"
        yield from _of_article(
            article, url, region, join([document.short, same(article.cite)], " ", " ")
        )


def _of_article(article: ArticleView, url: str, region: str, title: Text) -> Iterator[Hit]:
    for entry in article.entries:
        text = _all([entry.says, entry.title, same(entry.name), text_of(entry)])
        yield entry.kind, url, region, title, text
    for to, why in article.left:
        yield "not_encoded", url, region, title, _all([why, to])
    for clause in article.clauses:
        yield "clause", url, region, title, _all([clause.says, same(clause.id)])


def text_of(entry: Entry) -> Text:
    """Return what a rule says as plain text."""
    return _all(_parts(entry.body))


def _parts(body: Body) -> Iterator[Text]:
    if isinstance(body, TableBody):
        for keys, value, missing in body.rows:
            yield join([*keys, value or same(missing or "")], " ", " ")
    elif isinstance(body, ClassBody):
        for row in body.rows:
            yield join([row[1], row[2]], " → ", " → ")
    elif isinstance(body, StepBody):
        sentence = body.words.sentence
        if sentence is not None:
            yield Text(_plain(sentence.zh, "zh"), _plain(sentence.en, "en"))
        yield from body.when
    elif isinstance(body, OrderBody):
        yield join(body.layers, " → ", " → ")
    elif isinstance(body, FactsBody):
        for label, value in body.facts:
            yield join([label, value], " ", " ")


def _plain(pieces: Sequence[Piece], language: str) -> str:
    return "".join(
        p if isinstance(p, str) else "、".join(ref.title.pick(language) for ref in p)
        for p in pieces
    )


def _all(texts: Iterable[Text]) -> Text:
    return join((text for text in texts if text.zh or text.en), *_SEPARATORS)
