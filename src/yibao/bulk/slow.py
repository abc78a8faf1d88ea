"""Claims that were read one by one, as rows of a piece."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from yibao.interop.files.arrays.claims import BY_DATE, ClaimRows
from yibao.interop.files.arrays.columns import day_number, hash_texts
from yibao.interop.files.arrays.facts import FactsTable
from yibao.interop.files.claims import Origin
from yibao.interop.files.rowreader import cell_of
from yibao.policy.vocabulary import vocabulary
from yibao.settlement.batch import Item
from yibao.settlement.columnar.data import NONE
from yibao.settlement.model import Claim


def rows_of_items(items: Sequence[Item], facts: FactsTable) -> ClaimRows:
    """Return items as rows; flags that follow from the institution are among their facts."""
    count = len(items)
    claims = [i.what if isinstance(i.what, Claim) else None for i in items]

    def texts(found: Iterable[str]) -> Any:
        return pa.array(list(found), pa.string())

    def numbers(kind: Any, found: Iterable[int]) -> npt.NDArray[Any]:
        return np.fromiter(found, kind, count)

    person = texts(_origin(i).person_id for i in items)
    return ClaimRows(
        claim_id=texts(i.what.claim_id for i in items),
        person_id=person,
        person_hash=hash_texts(person),
        reverses=texts("" if isinstance(i.what, Claim) else i.what.reverses for i in items),
        episode=texts("" if c is None else c.episode for c in claims),
        institution_id=texts("" if c is None else c.institution_id for c in claims),
        settled_at=numbers(
            np.int64, (int(np.datetime64(i.what.settled_at, "us").astype(np.int64)) for i in items)
        ),
        admitted=numbers(np.int32, (0 if c is None else day_number(c.admitted) for c in claims)),
        discharged=numbers(
            np.int32, (0 if c is None else day_number(c.discharged) for c in claims)
        ),
        facts=numbers(np.int32, (NONE if c is None else facts.code(c.facts) for c in claims)),
        flags=numbers(np.int8, (_by_date(i) for i in items)),
        amounts={
            name: numbers(np.int64, (0 if c is None else c.amounts[at] for c in claims))
            for at, name in enumerate(vocabulary().amounts)
        },
        account_available=numbers(
            np.int64, (0 if c is None else c.account_available for c in claims)
        ),
        row=numbers(np.int64, (_origin(i).record.row for i in items)),
    )


def _origin(item: Item) -> Origin:
    assert isinstance(item.source, Origin)
    return item.source


def _by_date(item: Item) -> int:
    source = _origin(item)
    return BY_DATE if cell_of(source.columns, source.record, "date").strip() else 0
