"""What a run writes: settlements, explanation lines, differences, rejected rows."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path

from yibao.interop.files.output import Cell, OutKind, Sheet
from yibao.interop.files.rows import Reject
from yibao.interop.files.tabular import REJECT_COLUMNS
from yibao.policy.model import Region, Text
from yibao.policy.policy import Policy
from yibao.policy.program import Program
from yibao.policy.vocabulary import vocabulary
from yibao.settlement.batch import CLOSING, Entry
from yibao.settlement.book import Difference
from yibao.settlement.explain import Explainer, Line, Quantity, title_of
from yibao.settlement.model import Reversal, Settlement
from yibao.settlement.sources import Source

Columns = list[tuple[str, OutKind]]

Out = Sequence[Cell]


def settlements_sheet(entries: Iterable[Entry], policy: Policy) -> Sheet:
    """One row per settlement and, with negative amounts, per reversal, in the order booked."""
    columns = settlement_columns()
    return Sheet("settlements", columns, _settlements(entries, settlement_figures(), policy))


def settlement_figures() -> tuple[str, ...]:
    """Return the columns of money of a settlement, in their order."""
    parts, funds = vocabulary().amounts["total"].parts, vocabulary().funds
    return ("total", *parts, "deductible", *funds, "fund_pay", *CLOSING)


def settlement_columns() -> Columns:
    """Return the columns of the settlements file."""
    return [
        ("claim_id", "text"),
        ("kind", "text"),
        ("reverses", "text"),
        ("person_id", "text"),
        ("scheme", "text"),
        ("visit", "text"),
        ("day", "date"),
        ("settled_at", "time"),
        *((name, "money") for name in settlement_figures()),
        ("documents", "long"),
    ]


def _settlements(entries: Iterable[Entry], money: Sequence[str], policy: Policy) -> Iterator[Out]:
    visit = [a.name for a in vocabulary().of("claim")].index("visit")
    explainer = Explainer(policy)
    documents: dict[Program, str] = {}
    for entry in entries:
        what, settlement = entry.item.what, entry.settlement
        program = settlement.program
        if program not in documents:
            used = explainer.explain(settlement).documents
            documents[program] = ";".join(d.version for d in used)
        yield (
            what.claim_id,
            "reversal" if isinstance(what, Reversal) else "claim",
            what.reverses if isinstance(what, Reversal) else None,
            settlement.claim.person_id,
            settlement.scheme,
            str(settlement.claim.facts[visit]),
            settlement.day,
            what.settled_at,
            *[entry.sign * _paid(settlement, name) for name in money],
            documents[program],
        )


def _paid(settlement: Settlement, name: str) -> int:
    """Return a figure in fen; a claim without a deductible step bears none."""
    if name == "deductible" and name not in settlement.program.structure.final:
        return 0
    return settlement.figure(name)


def explanation_sheet(entries: Iterable[Entry], policy: Policy, language: str) -> Sheet:
    """One row per step of each settlement (reversals take the same steps back)."""
    columns: Columns = [("claim_id", "text"), *LINE_COLUMNS]
    return Sheet("explanation", columns, _explanations(entries, policy, language))


LINE_COLUMNS: Columns = [
    ("line", "count"),
    ("layer", "text"),
    ("step", "text"),
    ("says", "long"),
    ("formula", "long"),
    ("before_rounding", "figure"),
    ("result", "text"),
    ("value", "figure"),
    ("document", "text"),
    ("cite", "text"),
    ("grade", "text"),
    ("figures", "long"),
]
"""The columns of a step: its number, and what `line_cells` returns."""


def columns_sheet(sheets: Iterable[Sheet], region: Region) -> Sheet:
    """What the columns of other sheets are called in Chinese and English."""
    columns: Columns = [("sheet", "text"), ("column", "text"), ("zh", "long"), ("en", "long")]
    rows = [
        (sheet.name, name, *_column_title(name, region))
        for sheet in sheets
        for name, _ in sheet.columns
    ]
    return Sheet("columns", columns, rows)


def _column_title(name: str, region: Region) -> Text:
    if name in _TITLES:
        return _TITLES[name]
    for ending, told in _WHEN.items():
        if name.endswith(ending):
            title = title_of(region, name.removesuffix(ending))
            return Text(f"{title.zh}（{told.zh}）", f"{title.en} ({told.en})")
    return title_of(region, name)


_WHEN = {"_stands": Text("已结算", "as settled"), "_would_be": Text("应为", "as it would be now")}

_TITLES = {
    "institution_id": Text("医疗机构编号", "Institution"),
    "claim_no": Text("单据号", "The institution's number of the bill"),
    "claim_id": Text("结算编号", "Claim"),
    "kind": Text("结算或冲正", "Claim or reversal"),
    "reverses": Text("冲正的结算编号", "Claim that is reversed"),
    "person_id": Text("人员编号", "Person"),
    "scheme": Text("险种", "Scheme"),
    "visit": Text("就医类别", "Visit type"),
    "day": Text("适用规则的日期", "Day whose rules apply"),
    "settled_at": Text("结算时刻", "When it was settled"),
    "fund_pay": Text("基金支付合计", "All funds"),
    "documents": Text("依据文件", "Documents that it rests on"),
    "line": Text("行号", "Number of the line"),
    "layer": Text("支付层次", "Layer"),
    "step": Text("步骤", "Step"),
    "says": Text("规定内容", "What the step does"),
    "formula": Text("算式", "Arithmetic"),
    "before_rounding": Text("四舍五入前", "Before rounding"),
    "result": Text("结果的名称", "Name of the result"),
    "value": Text("结果", "Result"),
    "document": Text("文号", "Number of the document"),
    "cite": Text("条款", "Article"),
    "grade": Text("可信度", "Confidence grade"),
    "figures": Text("所用数值及其出处", "Figures used, with their sources"),
    "cause": Text("由哪一笔引起", "What caused it"),
    "group": Text("单位或家庭编号", "Employer or household"),
    "date": Text("适用规则的日期", "Day whose rules apply"),
    "would_be": Text("现在会是", "What it would be now"),
}


def _explanations(entries: Iterable[Entry], policy: Policy, language: str) -> Iterator[Out]:
    explainer = Explainer(policy)
    cited: dict[int, tuple[Quantity, str]] = {}
    for entry in entries:
        if entry.sign > 0:
            claim_id = entry.settlement.claim.claim_id
            for number, line in enumerate(explainer.explain(entry.settlement).lines, 1):
                yield (claim_id, number, *line_cells(line, language, cited))


def line_cells(line: Line, language: str, cited: dict[int, tuple[Quantity, str]]) -> Out:
    """Return the cells of one step; `cited` keeps what has been written of figures."""
    results, source = line.results, line.source
    last = results[-1] if results else None
    figures = []
    for quantity in line.operands:
        if quantity.source is not None:
            known = cited.get(id(quantity))  # the figure of a program is always the same object
            if known is None:
                name = f"{quantity.title.pick(language)} {quantity.value}"
                known = quantity, f"{name} [{_cite(quantity.source)}]"
                cited[id(quantity)] = known
            figures.append(known[1])
    return (
        line.layer,
        line.step,
        line.says.pick(language),
        line.formula,
        line.exact,
        last.name if last else None,
        last.value if last else None,
        source.number,
        source.cite,
        source.grade,
        "; ".join(figures),
    )


def _cite(source: Source) -> str:
    return f"{source.number} {source.cite} {source.grade}"


def differences_sheet(differences: Iterable[Difference]) -> Sheet:
    """One row per settlement that stands but would be otherwise now, with what caused that."""
    money = [*vocabulary().funds, "personal_pay"]
    columns: Columns = [
        ("claim_id", "text"),
        ("cause", "text"),
        ("would_be", "text"),
        *((f"{name}_{when}", "money") for name in money for when in ("stands", "would_be")),
    ]
    return Sheet("differences", columns, _differences(differences, money))


def _differences(differences: Iterable[Difference], money: Sequence[str]) -> Iterator[Out]:
    for difference in differences:
        row: list[Cell] = [
            difference.settlement.claim.claim_id,
            difference.cause,
            "settled" if difference.would_be else "refused",
        ]
        for name in money:
            now = difference.would_be
            row += [difference.settlement.figure(name), _figure(now, name)]
        yield row


def _figure(settlement: Settlement | None, name: str) -> int | None:
    return None if settlement is None else settlement.figure(name)


def rejects_sheet(rejects: Sequence[Reject], order: Sequence[str], language: str) -> Sheet:
    """One row per rejected row: all its original cells, then where, what and why.

    `order` is the order of known columns; several reasons stand in one cell. Corrected, the file
    can be settled as it is: the added columns are ignored when it is read.
    """
    given = {name for reject in rejects for name in reject.columns}
    return rejects_of_columns(rejects, given, order, language)


def rejects_of_columns(
    rejects: Iterable[Reject], given: Collection[str], order: Sequence[str], language: str
) -> Sheet:
    """Return the sheet of rejects whose files have the columns `given`."""
    names = [name for name in order if name in given] or list(order)
    columns: Columns = [(name, "text") for name in (*names, *REJECT_COLUMNS[:-1])]
    columns.append((REJECT_COLUMNS[-1], "long"))
    return Sheet("rejects", columns, (_rejected(r, names, language) for r in rejects))


def _rejected(reject: Reject, names: Sequence[str], language: str) -> Out:
    cells = dict(zip(reject.columns, reject.record.cells, strict=False))
    if reject.record.problem is not None and len(reject.record.cells) == 1:
        cells = {}  # the line as a whole stands in the column `value`
    first = reject.errors[0]
    why = " | ".join(
        e.message.pick(language) if e is first else f"{e.column}: {e.message.pick(language)}"
        for e in reject.errors
    )
    at = (str(first.file), str(first.row), first.column, first.value, first.rule, why)
    return (*(cells.get(name, "") for name in names), *at)


def cell(reject: Reject, column: str) -> str:
    """Return an original cell of a rejected row, empty when it cannot be found."""
    cells = dict(zip(reject.columns, reject.record.cells, strict=False))
    return cells.get(column, "").strip()


def beside(target: Path, name: str) -> Path:
    """Return the file beside `target` with a second name: out.csv → out.rejects.csv."""
    suffix = ".csv.gz" if target.name.lower().endswith(".csv.gz") else target.suffix
    stem = target.name[: len(target.name) - len(suffix)]
    return target.parent / f"{stem}.{name}{suffix}"
