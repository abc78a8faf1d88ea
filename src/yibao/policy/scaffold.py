"""Write the files of a new rule pack: everything but what only the document can say.

Enters: what is known of the region and the document. Leaves: texts by file name, which load and
pass the checks. Nothing is invented: a figure is a `missing` row, an article is TODO, and the
checker lists every TODO by file and line until the analyst has filled it in.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from string import Template

from yibao.text import Text

SCHEMES: Mapping[str, Text] = {
    "employee": Text("职工", "employees"),
    "resident": Text("居民", "residents"),
}
PARTS = ("outpatient", "inpatient", "serious-illness", "contribution")
"""What a new region may begin with."""

_PICK = re.compile("«([^|»]*)\\|([^»]*)»")
_CITE = re.compile(r"^( *)(- )?cite: TODO$", re.MULTILINE)
_LEVELS = ("1", "2", "3")
_CATEGORIES: Mapping[str, Mapping[str, Text]] = {
    "employee": {"in_service": Text("在职", "in service"), "retired": Text("退休", "retired")}
}


@dataclass(frozen=True, slots=True)
class NewDocument:
    """A document as far as it is known; what is left empty becomes a TODO."""

    id: str
    first: date
    title: Text | None = None
    number: str = ""
    issuer: Text | None = None
    known: date | None = None
    kind: str = "policy"

    @property
    def folder(self) -> str:
        """The name of its folder."""
        return f"{self.id}@{self.first}"


@dataclass(frozen=True, slots=True)
class NewRegion:
    """A region with its first document, and what its rules are to hold."""

    id: str
    document: NewDocument
    name: Text | None = None
    level: str = "city"
    division: str = ""
    parent: str = ""
    schemes: Sequence[str] = ("resident",)
    parts: Sequence[str] = ("outpatient", "inpatient")


@dataclass(frozen=True, slots=True)
class Words:
    """Fills templates; a text written «zh|en» takes the words of one language."""

    language: str

    def fill(self, name: str, **fields: str) -> str:
        """Return a template with its fields filled in."""
        text = (files("yibao.policy") / "templates" / f"{name}.yaml").read_text(encoding="utf-8")
        filled = Template(self.pick(text)).substitute(fields)
        return "\n".join(line.rstrip() for line in filled.splitlines()) + "\n"

    def pick(self, text: str) -> str:
        """Return a text with «zh|en» resolved."""
        return _PICK.sub(lambda found: found[1 if self.language == "zh" else 2], text)

    def todo(self, text: Text) -> str:
        """Return what is to be filled in, as the checker lists it."""
        return f"TODO: {text.pick(self.language)}"


def region_files(new: NewRegion, language: str) -> dict[str, str]:
    """Return the files of a new region, by their path below its folder."""
    words = Words(language)
    name = new.name or Text(*[f"TODO: {new.id}"] * 2)
    todo = words.pick("  # TODO: «行政区划代码|the division's code»")
    texts = {
        "region.yaml": words.fill(
            "region",
            name_zh=quoted(name.zh),
            name_en=quoted(name.en),
            level=new.level,
            division=quoted(new.division or "000000"),
            division_todo="" if new.division else todo,
            parent=f"parent: {new.parent}" if new.parent else "# parent: national",
        )
    }
    rules = dict(_rules(new, words))
    if new.document.kind == "figures":
        rules = {file: _CITE.sub(_graded, text) for file, text in rules.items()}
    rules = {"document.yaml": document_text(new.document, words), **rules}
    rules["cases.yaml"] = words.fill("cases", cases="\n".join(_cases(new, words)))
    return texts | {f"{new.document.folder}/{file}": text for file, text in rules.items()}


def _graded(cite: re.Match[str]) -> str:
    """Return a cite with the grade and the source that every base figure names."""
    indent = cite[1] + " " * len(cite[2] or "")
    return f"{cite[0]}\n{indent}grade: D   # TODO\n{indent}source: TODO"


def document_text(new: NewDocument, words: Words) -> str:
    """Return the document.yaml of a new document."""
    title = new.title or _todo(words, Text("文件标题", "title of the document"))
    issuer = new.issuer or _todo(words, Text("发文机关", "who issued it"))
    number = new.number or words.todo(Text("文号", "number of the document"))
    todo = words.pick("  # TODO: «改成发布日期|the day of publication»")
    return words.fill(
        "document",
        title_zh=quoted(title.zh),
        title_en=quoted(title.en),
        number=quoted(number),
        issuer_zh=quoted(issuer.zh),
        issuer_en=quoted(issuer.en),
        kind=new.kind,
        known=str(new.known or new.first),
        known_todo="" if new.known else todo,
        first=str(new.first),
    )


def quoted(text: str) -> str:
    """Return a text as a double-quoted scalar: JSON's form is YAML's too."""
    return json.dumps(text, ensure_ascii=False)


def _todo(words: Words, text: Text) -> Text:
    told = words.todo(text)
    return Text(told, told)


# --- rules and cases of a region ------------------------------------------------------------------


def _rules(new: NewRegion, words: Words) -> Iterator[tuple[str, str]]:
    claims = [part for part in new.parts if part != "contribution"]
    if claims:
        layers = ["basic", *(["serious_illness"] if "serious-illness" in claims else [])]
        yield "framework.yaml", words.fill("framework", layers=", ".join(layers))
    for scheme in new.schemes:
        for part in new.parts:
            if part == "contribution":
                yield f"{scheme}-{part}.yaml", words.fill(f"{part}-{scheme}")
            else:
                yield f"{scheme}-{part}.yaml", words.fill(part, **_scheme(scheme, words))


def _scheme(scheme: str, words: Words) -> dict[str, str]:
    title, categories = SCHEMES[scheme], _CATEGORIES.get(scheme, {})
    keys = "level: [" + ", ".join(map(quoted, _LEVELS)) + "]"
    if categories:
        keys += ", category: [" + ", ".join(categories) + "]"
    return {
        "s": scheme,
        "s_zh": title.zh,
        "s_en": title.en,
        "deductible_rows": "\n".join(_rows(words, Text("起付标准", "deductible"), {})),
        "rate_keys": keys,
        "rate_rows": "\n".join(_rows(words, Text("支付比例", "rate"), categories)),
    }


def _rows(words: Words, what: Text, categories: Mapping[str, Text]) -> Iterator[str]:
    for level in _LEVELS:
        told = words.todo(Text(f"{level}级{what.zh}", f"the {what.en} at level {level}"))
        if not categories:
            yield f'      - {{level: "{level}", missing: {quoted(told)}}}'
        for category, title in categories.items():
            whose = Text(f"，{title.zh}", f", {title.en}").pick(words.language)
            row = f'{{level: "{level}", category: {category}, missing: {quoted(told + whose)}}}'
            yield f"      - {row}"


_PERSON = {"employee": "category: in_service", "resident": "category: adult"}
_WORKED = Text("手工算出的数", "worked out by hand")


def _cases(new: NewRegion, words: Words) -> Iterator[str]:
    for scheme in new.schemes:
        for part in new.parts:
            if part == "serious-illness":
                continue  # it is settled with the stay
            person = f"{{scheme: {scheme}, {_PERSON[scheme]}, birth_date: 1980-05-01}}"
            title = SCHEMES[scheme]
            yield f"- id: {scheme}-{part}"
            yield f"  title: {{zh: {title.zh}{_ZH[part]}, en: {part} of the {title.en}}}"
            yield f"  person: {person}"
            yield "  events:"
            yield from (_bill if part == "contribution" else _claim)(new, scheme, part, words)


_ZH = {"outpatient": "门诊", "inpatient": "住院", "contribution": "缴费"}


def _claim(new: NewRegion, scheme: str, part: str, words: Words) -> Iterator[str]:
    claim = f'date: {new.document.first}, visit: {part}, level: "2", in_scope: "1000.00"'
    figures = 'deductible: "…", pool_pay: "…", personal_pay: "…"'
    yield f"  - {{{claim}, refused: {scheme}_{part}_deductible}}"
    yield f"  # - {{{claim}, expect: {{{figures}}}}}   # {words.todo(_WORKED)}"


def _bill(new: NewRegion, scheme: str, part: str, words: Words) -> Iterator[str]:
    bill = f"procedure: {part}, date: {new.document.first}"
    if scheme == "employee":
        bill, refused = f'{bill}, wage: "6000.00", months: 1', "contribution_base_floor"
        figures = 'personal_contribution: "…", employer_contribution: "…"'
    else:
        refused = "resident_contribution"
        figures = 'personal_contribution: "…", fiscal_subsidy: "…"'
    yield f"  - {{{bill}, refused: {refused}}}"
    yield f"  # - {{{bill}, expect: {{{figures}}}}}   # {words.todo(_WORKED)}"
