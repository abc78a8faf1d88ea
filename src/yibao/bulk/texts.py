"""Arrow texts that are all of one length, as ids mostly are, moved as cells of that many bytes."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from yibao.interop.files.arrays.columns import buffers


def take(texts: Any, rows: npt.NDArray[np.int64]) -> Any:
    """Return some of Arrow texts that have no nulls.

    Where all are equally long, that costs a fraction of what Arrow takes, which looks at each.
    """
    offsets, data = buffers(texts)
    lengths = np.diff(offsets)
    if not len(lengths) or not lengths[0] or (lengths != lengths[0]).any():
        return texts.take(pa.array(rows))
    width = int(lengths[0])
    cells = data[offsets[0] : offsets[-1]].view(f"V{width}")
    starts = np.arange(len(rows) + 1, dtype=np.int32) * np.int32(width)
    return pa.StringArray.from_buffers(len(rows), pa.py_buffer(starts), pa.py_buffer(cells[rows]))
