"""Elementwise operations on small operands of several dtypes: ``mask * x``, ``count / 2``, ``x + y`` of float32 and float64.

The general path (``rushlight.op``) asks of each call which dtype the operands meet in and whether the operation takes it. That follows
from the kinds of the operands alone, so it is asked once for each combination, and looked up from then on.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from . import types
from .autograd.mode import recording
from .fpstate import quietly
from .kernels.elementwise import MEDIUM
from .node import gather_edges, record
from .op import Op, laid_out
from .plain import is_rare
from .promotion import cast, cast_array, promote
from .readers import arrays
from .tensor import Parameter, Tensor, wrap

ndarray = np.ndarray
NUMBERS = frozenset({bool, int, float, complex})


class Meeting:
    """Where the operands of an op meet: ``meeting(*inputs)`` is the result, None where the general path is to be gone.

    That is so for large operands, for all but tensors and Python numbers, and for what fails, so that errors are told in one place.
    """

    def __init__(self, op: Op):
        self.op: Op = op
        self.body: Callable[..., Any] = partial(op.forward, arrays, **op.defaults)
        #: By the kinds of operands: the dtype of each, None for a number that stays one; nothing where they do not meet.
        self.dtypes: dict[Any, tuple[Any, ...]] = {}
        #: By number, its class and dtype: the 0-d array.
        self.numbers: dict[Any, ndarray[Any, Any]] = {}
        #: What is decided once for all numbers of a class. Powers of integers look at the sign too.
        self.possible: bool = op.promote in ("common", "float") or op.keeps_floats
        self.signs: bool = op.keeps_floats

    def __call__(self, *inputs: Any) -> Tensor | None:
        mode = recording()
        if is_rare(mode) or not self.possible:
            return None
        kinds: list[Any] = [types._defaults.dtype]
        given = []
        for x in inputs:
            cls = x.__class__
            if cls is Tensor or cls is Parameter:
                a = x._a
                if a.size >= MEDIUM:
                    return None
                kinds += (a.dtype, not a.ndim)
                given.append(a)
            elif cls in NUMBERS:
                kinds.append((cls, cls is not complex and x < 0) if self.signs else cls)
                given.append(x)
            else:
                return None
        key = tuple(kinds)
        dtypes = self.dtypes.get(key)
        if dtypes is None:
            dtypes = self.dtypes[key] = self.first_met(inputs)
        if not dtypes:
            return None
        operands = tuple(
            [
                a if to is None else self.number(a, to) if a.__class__ is not ndarray else a if a.dtype is to else cast_array(a, to)
                for a, to in zip(given, dtypes)  # noqa: B905 - one for each
            ]
        )  # fmt: skip
        try:
            r = quietly(self.body, *operands)
        except Exception:  # the general path meets it again, and says what it means
            return None
        if r.__class__ is not ndarray:
            r = np.asarray(r)
        if r.ndim > 1:
            tensors = [a for a in given if a.__class__ is ndarray]
            r = laid_out(self.op, r, tensors, number_first=tensors[0] is not given[0])
        t = wrap(r)
        if mode:
            edges = gather_edges(self.op, inputs)
            if edges is not None:
                record(self.op, (t,), (r,), inputs, operands, self.op.defaults, edges)
        return t

    def first_met(self, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
        """The dtypes in which the general path has these operands; none if it refuses them, or asks for more than an operation on them."""
        op = self.op
        try:
            bound, attrs = op.bind(inputs, {})
            promoted = promote(op, inputs)
        except Exception:  # the general path says what is wrong
            return ()
        if attrs != op.defaults or any([x is not y for x, y in zip(bound, inputs, strict=True)]):
            return ()
        return tuple([x.dtype if x.__class__ is ndarray else None for x in promoted])

    def number(self, x: Any, to: Any) -> ndarray[Any, Any]:
        """A number as an array: programs use the same few again and again."""
        key = x, x.__class__, to
        found = self.numbers.get(key)
        if found is None:
            found = cast(x, types.from_numpy_dtype(to))
            if x:  # 0.0 and -0.0 are one key
                if len(self.numbers) > 500:
                    self.numbers.clear()
                found.flags.writeable = False
                self.numbers[key] = found
        return found
