"""Numbers at even distances: arange, range, linspace, logspace."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import errors, fpstate, types
from ..functions import function
from ..random.fma import fma32, fma64
from ..tensor import Tensor, wrap
from .create import finish, need_number, wanted_dtype

ndarray = np.ndarray


@function(
    samples=lambda m: [m(5), m(2, 8, 3), m(1.0, 2.0, 0.3), m(5, 0, -2), m(0), m(3, dtype=m.torch.float16)],
    errors=lambda m: [
        m.error(RuntimeError, "step must be nonzero", 1, 5, 0),
        m.error(RuntimeError, "upper bound and lower bound inconsistent with step sign", 5, 1),
        m.error(TypeError, "arange(): argument 'end' (position 1) must be Number, not str", "a"),
    ],
)
def arange(start: Any = None, end: Any = None, step: Any = 1, **kwargs: Any) -> Tensor:
    """Numbers from ``start`` (0) up to, not including, ``end``: ``start + i * step``.

    int64 if all arguments are ints, else the default dtype.

    Raises:
        RuntimeError: for a zero step, or one that leads away from ``end``.
    """
    if start.__class__ is int and step.__class__ is int and (end is None or end.__class__ is int) and not kwargs:
        first, last = (0, start) if end is None else (start, end)  # the commonest call
        if step and (last - first) * step >= 0:
            return wrap(np.arange(first, last, step, np.int64))
    if start is None and end is None:
        raise errors.type_(
            "arange() received an invalid combination of arguments - got ()", "Write arange(end) or arange(start, end)."
        )
    names = ("end", "start", "step") if end is None else ("start", "end", "step")
    if end is None:
        start, end = 0, start
        need_number("arange", "end", 1, end)
    start, end, step = (
        need_number("arange", n, i + 1, v) for i, (n, v) in enumerate(zip(names, (start, end, step), strict=True))
    )
    whole = all(isinstance(v, (int, np.integer)) for v in (start, end, step))
    dtype = wanted_dtype("arange", kwargs, types.int64 if whole else None)
    refuse_bool("arange", dtype)
    if not (np.isfinite(start) and np.isfinite(end)):
        raise errors.runtime(f"unsupported range: {start} -> {end}")
    if step == 0:
        raise errors.runtime("step must be nonzero")
    if (end - start) * step < 0:
        raise errors.runtime("upper bound and lower bound inconsistent with step sign")
    if dtype.category == types.INTEGER:  # counted in whole numbers, whatever was given
        start, end, step = int(start), int(end), int(step)
        if step == 0:
            raise errors.value("step must be nonzero", f"As a whole number, which {dtype} asks for, it is 0.")
        a = np.arange(start, end, step, dtype=np.int64)
    else:
        n = int(np.ceil((end - start) / step))
        a = np.arange(n, dtype=np.float64)  # computed in double, rounded once, as PyTorch does
        if step != 1:
            a *= step
        if start != 0:
            a += start
    return finish(a.astype(dtype.np, copy=False), **kwargs)


@function(
    name="range",
    samples=lambda m: [m(0, 4), m(1, 2, 0.5), m(3, 1, -1)],
    errors=lambda m: [
        m.error(RuntimeError, "step must be nonzero", 1, 5, 0),
        m.error(RuntimeError, "upper bound and lower bound inconsistent with step sign", 5, 1),
    ],
)
def range_(start: Any = 0, end: Any = None, step: Any = 1, **kwargs: Any) -> Tensor:
    """As ``arange`` but with ``end`` included; PyTorch deprecates it."""

    errors.warn(
        "torch.range is deprecated and will be removed in a future release because its behavior is inconsistent with "
        "Python's range builtin. Instead, use torch.arange, which produces values in [start, end).",
        UserWarning,
        stacklevel=2,
    )
    dtype = wanted_dtype("range", kwargs)
    refuse_bool("range", dtype)
    if step == 0:
        raise errors.runtime("step must be nonzero")
    if (end - start) * step < 0:
        raise errors.runtime("upper bound and lower bound inconsistent with step sign")
    n = int((end - start) / step) + 1
    return finish((start + step * np.arange(n, dtype=np.float64)).astype(dtype.np), **kwargs)


def linear(start: float, end: float, steps: int, dtype: types.dtype, fused: bool = True) -> ndarray[Any, Any]:
    """The first half counted from the start, the second from the end, in the dtype's own arithmetic, as PyTorch does.

    ``fused`` rounds ``i * step + start`` once, as PyTorch's vectors do.
    """
    if dtype.category == types.INTEGER:  # counted from whole numbers, whatever was given
        start, end = int(start), int(end)
    if steps == 0:
        return np.empty(0, dtype.np)
    if steps == 1:
        return np.array([start]).astype(dtype.np)
    if dtype.category == types.INTEGER:
        step = (end - start) / (steps - 1)
        i = np.arange(steps)
        low, high = start + step * i, end - step * (steps - 1 - i)
        return np.trunc(np.where(i < steps // 2, low, high)).astype(dtype.np)
    work = np.dtype(np.float32) if dtype.itemsize == 2 else dtype.np
    first, last = work.type(start), work.type(end)
    step = (last - first) / work.type(steps - 1)
    i, half = np.arange(steps).astype(work), steps // 2
    i[half:] -= work.type(steps - 1)  # how far before the end
    if not fused or work.kind != "f":
        out = step * i
        out[:half] += first
        out[half:] += last
        return out.astype(dtype.np)
    token = fpstate.enter(fpstate.QUIET)
    try:
        if work == np.float32:
            ends = np.full(steps, last)
            ends[:half] = first
            out = fma32(i, step, ends)
        else:
            out = np.concatenate((fma64(i[:half], step, first), fma64(i[half:], step, last)))
    finally:
        fpstate.leave(token)
    return out.astype(dtype.np, copy=False)


def refuse_bool(name: str, dtype: types.dtype) -> None:
    """Raise what PyTorch raises for a range of bools."""
    if dtype is types.bool_:
        raise NotImplementedError(f"\"{name}_cpu\" not implemented for 'Bool'")


def _ends(name: str, start: Any, end: Any, steps: Any, base: str = "") -> tuple[Any, Any, int]:
    """The ends and the count of linspace and logspace, as numbers.

    Raises:
        TypeError: for arguments of other types. RuntimeError: for a tensor with dimensions, a negative count.
    """
    counts = isinstance(steps, Tensor) and not steps.ndim and steps.dtype.category == types.INTEGER
    counts = counts or (hasattr(steps, "__index__") and not isinstance(steps, (bool, Tensor)))
    if not counts or not all(isinstance(x, (Tensor, bool, int, float, complex, np.number)) for x in (start, end)):
        kinds = [("Tensor", "Tensor"), ("Number", "Tensor"), ("Tensor", "Number"), ("Number", "Number")]
        rest = f"int steps{base}, *, Tensor out = None, torch.dtype dtype = None, torch.layout layout = None, "
        rest += "torch.device device = None, bool pin_memory = False, bool requires_grad = False"
        given = [x for x in (start, end, steps) if x is not None]
        raise errors.combination(name, given, [f"{a} start, {b} end, {rest}" for a, b in kinds])
    for which, x in (("start", start), ("end", end)):
        if isinstance(x, Tensor) and x.ndim:
            raise errors.runtime(
                f"{name} only supports 0-dimensional start and end tensors, but got {which} with {x.ndim} dimension(s)."
            )
    if steps < 0:
        raise errors.runtime("number of steps must be non-negative")
    start, end = (x.item() if isinstance(x, Tensor) else x for x in (start, end))
    return start, end, int(steps)


@function(
    samples=lambda m: [
        m(0, 1, 5),
        m(-3.0, 3.0, 7),
        m(1, 2, 1),
        m(1, 2, 0),
        m(0, 10, 4, dtype=m.torch.int64),
        m(-1.3, 7.1, 50),
        m(-1.3, 7.1, 50, dtype=m.torch.float64),
    ],
    errors=lambda m: [
        m.error(RuntimeError, "number of steps must be non-negative", 0, 1, -1),
        m.error(TypeError, "linspace() received an invalid combination of arguments - got (int, str, int)", 0, "a", 3),
    ],
)
def linspace(start: Any, end: Any, steps: Any = None, **kwargs: Any) -> Tensor:
    """``steps`` numbers from ``start`` to ``end``, both included, evenly spaced.

    Integers are counted between whole numbers, and cut off.
    """
    start, end, steps = _ends("linspace", start, end, steps)
    dtype = wanted_dtype("linspace", kwargs)
    refuse_bool("linspace", dtype)
    return finish(linear(start, end, steps, dtype), **kwargs)


@function(
    samples=lambda m: [m(0, 2, 3, dtype=m.torch.float64), m(0, 4, 3, base=2.0), m(1, 2, 1), m(1, 2, 0)],
    errors=lambda m: [m.error(RuntimeError, "number of steps must be non-negative", 0, 1, -1)],
)
def logspace(start: Any, end: Any, steps: Any = None, base: float = 10.0, **kwargs: Any) -> Tensor:
    """``base`` to the powers ``linspace(start, end, steps)``; for integers the ends are whole numbers."""
    start, end, steps = _ends("logspace", start, end, steps, ", float base = 10.0")
    dtype = wanted_dtype("logspace", kwargs)
    refuse_bool("logspace", dtype)
    if dtype.category == types.INTEGER:
        start, end = int(start), int(end)
    powers = linear(start, end, steps, types.float64, fused=False)
    return finish(np.power(float(base), powers).astype(dtype.np), **kwargs)
