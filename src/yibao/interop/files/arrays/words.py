"""Eight bytes of a text at a time, for loops over Arrow's text buffers, where nothing is aligned.

Both functions are for compiled code alone. They don't check bounds: eight bytes must be there.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

_WORD = ir.IntType(64)


def _place(context: Any, builder: Any, array_type: Any, array: Any, at: Any) -> Any:
    data = context.make_array(array_type)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [at]), _WORD.as_pointer())


def _load(context: Any, data: Any, at: Any) -> Any:
    """Compile `load(data, at)`: the bytes from `at` on as a number, the first one lowest."""
    del context, at

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        place = _place(context, builder, signature.args[0], args[0], args[1])
        return builder.load(place, align=1)

    return types.uint64(data, types.int64), code


load: Any = intrinsic(_load)


def _store(context: Any, data: Any, at: Any, word: Any) -> Any:
    """Compile `store(data, at, word)`: a number's bytes are written from `at` on."""
    del context, at, word

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        place = _place(context, builder, signature.args[0], args[0], args[1])
        builder.store(args[2], place, align=1)
        return context.get_dummy_value()

    return types.void(data, types.int64, types.uint64), code


store: Any = intrinsic(_store)
