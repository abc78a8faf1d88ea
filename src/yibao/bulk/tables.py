"""What was booked as Arrow tables, with the columns of the files that `interop.files` writes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from yibao.bulk.booked import KINDS, Booked, Words
from yibao.bulk.writing import Columns, fen_column
from yibao.interop.files.results import settlement_columns
from yibao.interop.files.states import states_columns
from yibao.policy.model import Region


def settlements_table(booked: Booked, words: Words) -> Any:
    """Return the rows of the settlements file."""
    found = {
        "claim_id": booked.claim_id,
        "kind": _coded((booked.sign < 0).astype(np.int32), KINDS),
        "reverses": _nulls(booked.reverses),
        "person_id": booked.person_id,
        "scheme": _coded(booked.scheme.astype(np.int32), words.schemes),
        "visit": _coded(booked.visit, words.visits.texts),
        "day": pa.array(booked.day, pa.date32()),
        "settled_at": pa.array(booked.settled_at, pa.timestamp("us")),
        "documents": _coded(booked.documents, words.documents.texts),
    }
    found |= {name: fen_column(fen) for name, fen in booked.money.items()}
    return pa.table({name: found[name] for name, _ in settlement_columns()})


def _coded(codes: npt.NDArray[np.int32], texts: Sequence[str]) -> Any:
    return pa.DictionaryArray.from_arrays(pa.array(codes), pa.array(texts, pa.string()))


def _nulls(texts: Any) -> Any:
    """Return texts with nulls for the empty ones."""
    return pc.if_else(pc.equal(pc.binary_length(texts), 0), pa.scalar(None, pa.string()), texts)


def closing_table(
    closing: tuple[Sequence[str], npt.NDArray[np.int64]], year: int, region: Region
) -> Any:
    """Return the rows of the states file."""
    names, values = closing
    columns: Columns = states_columns(region)
    arrays = [pa.array(names, pa.string()), pa.array(np.full(len(names), year, np.int64))]
    for at, (_, kind) in enumerate(columns[2:]):
        own = np.ascontiguousarray(values[:, at]) if len(names) else np.zeros(0, np.int64)
        arrays.append(fen_column(own) if kind == "money" else pa.array(own))
    return pa.table(arrays, names=[name for name, _ in columns])
