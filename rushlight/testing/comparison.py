"""``assert_close``: two values, or nests of them, are equal up to rounding."""

from __future__ import annotations

import cmath
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from .. import errors, types
from ..ops.create import as_tensor
from ..tensor import Tensor

#: Relative and absolute tolerance by dtype.
TOLERANCES = {
    types.float16: (1e-3, 1e-5), types.bfloat16: (1.6e-2, 1e-5), types.float32: (1.3e-6, 1e-5), types.float64: (1e-7, 1e-7),
    types.complex64: (1.3e-6, 1e-5), types.complex128: (1e-7, 1e-7),
}  # fmt: skip
_OLD_TOLERANCES = {types.float16: (1e-3, 1e-3), types.float32: (1e-4, 1e-5), types.float64: (1e-5, 1e-8)}
_NUMBERS = (bool, int, float, complex)


class _Difference(Exception):
    """What differs, and where in the nest; ``kind`` is the exception it becomes."""

    def __init__(self, kind: type[Exception], text: str, path: tuple[Any, ...] = ()):
        self.kind, self.text, self.path = kind, text, path


def assert_close(
    actual: Any, expected: Any, *, allow_subclasses: bool = True, rtol: float | None = None, atol: float | None = None,
    equal_nan: bool = False, check_device: bool = True, check_dtype: bool = True, check_layout: bool = True,
    check_stride: bool = False, msg: Any = None,
) -> None:  # fmt: skip
    """Check ``|actual - expected| <= atol + rtol * |expected|``, and that dtypes and shapes are the same.

    Tensors, arrays, numbers, None, and sequences and mappings of them. Tolerances depend on the dtype unless both are given.

    Raises:
        AssertionError: if they differ, with where and by how much (or with ``msg``, or what ``msg(text)`` gives).
        ValueError: for one tolerance without the other. TypeError: for values of different or unknown kinds.
    """
    if (rtol is None) != (atol is None):
        missing, given = ("rtol", "atol") if rtol is None else ("atol", "rtol")
        raise errors.value(
            f"Both 'rtol' and 'atol' must be either specified or omitted, but got no {missing}.", f"{given} is given."
        )
    checks = _Checks(None if rtol is None else (rtol, atol), equal_nan, check_dtype, check_stride, allow_subclasses)
    try:
        _compare(actual, expected, checks)
    except _Difference as found:
        text = found.text
        if found.path:
            text += f"\n\nThe failure occurred for item {''.join(f'[{key!r}]' for key in found.path)}"
        if msg is not None and found.kind is AssertionError:
            text = msg(text) if callable(msg) else msg
        raise found.kind(text) from None


def assert_allclose(
    actual: Any,
    expected: Any,
    rtol: float | None = None,
    atol: float | None = None,
    equal_nan: bool = True,
    msg: str = "",
) -> None:
    """The older ``assert_close``: wider tolerances, dtypes may differ."""
    a, b = (x if isinstance(x, Tensor) else as_tensor(x) for x in (actual, expected))
    if rtol is None and atol is None:
        pairs = [_OLD_TOLERANCES.get(x.dtype, (0.0, 0.0)) for x in (a, b)]
        rtol, atol = max(pair[0] for pair in pairs), max(pair[1] for pair in pairs)
    assert_close(a, b, rtol=rtol, atol=atol, equal_nan=equal_nan, check_dtype=False, msg=msg or None)


class _Checks:
    def __init__(self, tolerances: Any, equal_nan: bool, dtype: bool, stride: bool, subclasses: bool):
        self.tolerances, self.equal_nan, self.dtype = tolerances, equal_nan, dtype
        self.stride, self.subclasses = stride, subclasses


# --- kinds of values ------------------------------------------------------------------------------------------------------
def _compare(actual: Any, expected: Any, checks: _Checks) -> None:
    both = (actual, expected)
    if all(isinstance(x, Mapping) for x in both):
        _of_mappings(actual, expected, checks)
    elif all(isinstance(x, Sequence) and not isinstance(x, str) for x in both):
        if len(actual) != len(expected):
            raise _Difference(AssertionError, f"The length of the sequences mismatch: {len(actual)} != {len(expected)}")
        _within(enumerate(zip(actual, expected, strict=True)), checks)
    elif any(x is None for x in both):
        if actual is not expected:
            raise _Difference(AssertionError, f"None mismatch: {actual} is not {expected}")
    elif all(isinstance(x, (bool, np.bool_)) for x in both):
        if bool(actual) is not bool(expected):
            raise _Difference(AssertionError, f"Booleans mismatch: {actual} is not {expected}")
    elif all(isinstance(x, (*_NUMBERS, np.number)) for x in both):
        _of_numbers(actual, expected, checks)
    elif all(isinstance(x, Tensor) for x in both) and (checks.subclasses or type(actual) is type(expected)):
        _of_tensors(actual, expected, checks)
    elif all(isinstance(x, np.ndarray) for x in both):
        _of_tensors(as_tensor(actual), as_tensor(expected), checks)
    else:
        raise _Difference(
            TypeError, f"No comparison pair was able to handle inputs of type {type(actual)} and {type(expected)}."
        )


def _within(items: Any, checks: _Checks) -> None:
    for key, (a, b) in items:
        try:
            _compare(a, b, checks)
        except _Difference as found:
            raise _Difference(found.kind, found.text, (key, *found.path)) from None


def _of_mappings(actual: Any, expected: Any, checks: _Checks) -> None:
    if set(actual) != set(expected):
        missing, more = set(expected) - set(actual), set(actual) - set(expected)
        raise _Difference(
            AssertionError,
            "The keys of the mappings do not match:\n"
            f"Missing keys in the actual mapping: {sorted(missing, key=str)}\n"
            f"Additional keys in the actual mapping: {sorted(more, key=str)}",
        )
    _within(((key, (actual[key], expected[key])) for key in sorted(expected, key=str)), checks)


def _of_numbers(actual: Any, expected: Any, checks: _Checks) -> None:
    a, b = (x.item() if isinstance(x, np.number) else x for x in (actual, expected))
    if checks.dtype and type(a) is not type(b):
        raise _Difference(AssertionError, f"The (d)types do not match: {type(a)} != {type(b)}.")
    kinds = {float: types.float64, complex: types.complex128}
    rtol, atol = checks.tolerances or max(TOLERANCES.get(kinds.get(type(x)), (0.0, 0.0)) for x in (a, b))  # type: ignore[arg-type]
    if a == b or (checks.equal_nan and cmath.isnan(a) and cmath.isnan(b)):
        return
    if cmath.isfinite(a) and cmath.isfinite(b) and abs(a - b) <= atol + rtol * abs(b):
        return
    raise _Difference(AssertionError, _scalars(a, b, rtol, atol))


def _scalars(a: Any, b: Any, rtol: float, atol: float) -> str:
    distance = abs(a - b)
    share = distance / abs(b) if b else math.inf
    exact = not (rtol or atol)
    limits = ("", "") if exact else (f" (up to {atol} allowed)", f" (up to {rtol} allowed)")
    return (
        f"Scalars are not {'equal' if exact else 'close'}!\n\nExpected {b} but got {a}.\n"
        f"Absolute difference: {distance}{limits[0]}\nRelative difference: {share}{limits[1]}"
    )


def _of_tensors(actual: Any, expected: Any, checks: _Checks) -> None:
    questions: list[tuple[bool, str, Callable[[Any], Any]]] = [
        (True, "shape", lambda x: x.shape), (True, "layout", lambda x: x.layout), (checks.stride, "stride()", lambda x: x.stride()),
        (checks.dtype, "dtype", lambda x: x.dtype),
    ]  # fmt: skip
    for asked, name, of in questions:
        if asked and of(actual) != of(expected):
            raise _Difference(
                AssertionError, f"The values for attribute '{name}' do not match: {of(actual)} != {of(expected)}."
            )
    if actual.layout is types.sparse_coo:
        actual, expected = actual.to_dense(), expected.to_dense()
    pairs = [TOLERANCES.get(x.dtype, (0.0, 0.0)) for x in (actual, expected)]
    rtol, atol = checks.tolerances or (max(p[0] for p in pairs), max(p[1] for p in pairs))
    common = types.promote_types(actual.dtype, expected.dtype)
    a, b = (x.detach().to(common)._a for x in (actual, expected))
    if common in (types.bfloat16, *types.FLOAT8):
        a, b = a.astype(np.float32), b.astype(np.float32)
    close = _close(a, b, rtol, atol, checks.equal_nan)
    if close.all():
        return
    if a.ndim == 0:
        raise _Difference(AssertionError, _scalars(a.item(), b.item(), rtol, atol))
    raise _Difference(AssertionError, _differences(a, b, close, rtol, atol))


def _close(a: Any, b: Any, rtol: float, atol: float, equal_nan: bool) -> Any:
    if a.dtype.kind not in "fc":
        wide_a, wide_b = (x.astype(np.float64) if x.dtype.kind != "b" else x.astype(np.int8) for x in (a, b))
        return (a == b) | ((rtol > 0 or atol > 0) & (np.abs(wide_a - wide_b) <= atol + rtol * np.abs(wide_b)))
    with np.errstate(all="ignore"):
        close = (a == b) | (np.isfinite(a) & np.isfinite(b) & (np.abs(a - b) <= atol + np.abs(rtol * b)))
    return close | (np.isnan(a) & np.isnan(b)) if equal_nan else close


def _differences(a: Any, b: Any, close: Any, rtol: float, atol: float) -> str:
    exact = not (rtol or atol)
    n = int(close.size - close.sum())
    if a.dtype.kind not in "fc":
        a, b = a.astype(np.int64), b.astype(np.int64)
    with np.errstate(all="ignore"):
        distance = np.where(close, 0, np.abs(a - b))
        share = np.abs(distance / np.abs(b)) if a.dtype.kind in "fc" else (distance / np.abs(b)).astype(np.float32)
        share = np.where(close, 0, share.astype(distance.dtype if a.dtype.kind in "fc" else np.float32))

    def line(name: str, values: Any, limit: float) -> str:
        at = np.unravel_index(np.argmax(values), values.shape)  # the first NaN, if there is one
        allowed = "" if exact else f" (up to {limit} allowed)"
        return f"Greatest {name} difference: {values[at].item()} at index {tuple(int(i) for i in at)}{allowed}"

    return (
        f"Tensor-likes are not {'equal' if exact else 'close'}!\n\n"
        f"Mismatched elements: {n} / {close.size} ({n / close.size:.1%})\n"
        f"{line('absolute', distance, atol)}\n{line('relative', share, rtol)}"
    )
