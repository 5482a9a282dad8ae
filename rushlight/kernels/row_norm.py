"""Layer normalisation of rows and its gradients: by machine code where it is worth it, else by NumPy (``moments``, ``row_gradients``).

Machine code gives PyTorch's bits in float32 and float64, for one thread and for several: like PyTorch, it adds up the gradients of
weight and bias in as many parts as ``set_num_threads`` says. NumPy gives the same bits in float32, but for the weight's gradient of
more than 256 rows, and is some units of the last place away in float64.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from . import moments
from .copies import cast
from .fused import fma
from .iteration import get_threads, is_half
from .llvm import has, patience
from .memory import empty, maker

Array = np.ndarray[Any, Any]

LARGE = 1 << 14  # numbers from which on machine code does not wait
_CHUNK = 1 << 14  # numbers of a thread's chunk
_CALLS = 40  # what NumPy needs for the smallest array
_F32 = np.dtype(np.float32)
_KINDS = {np.dtype(np.float32): ("F32", 8), np.dtype(np.float64): ("F64", 4)}


_made: dict[tuple[str, np.dtype[Any]], Any] = {}


def _kernel(name: str, dtype: np.dtype[Any], elements: int) -> Any:
    """The kernel, if it is there or worth making; None if NumPy is to do the work."""
    found = _made.get((name, dtype))
    if found is not None:
        return None if patience.ready is False else found
    half = is_half(dtype)
    if (dtype not in _KINDS and not half) or not has("fma") or not patience.over_or_large(elements, _CALLS, LARGE):
        return None
    from . import emit
    from .code import normalization
    from .kernel import compiled

    kind, lanes = _KINDS[_F32 if half else dtype]
    bound: dict[str, Any] = {}
    if half:
        is_float16 = dtype.char == "e"
        bound["CAST"] = normalization.to_half if is_float16 else normalization.to_bfloat
        bound["EACH"] = normalization.as_f16 if is_float16 else normalization.as_bf16
    _made[name, dtype] = compiled(getattr(normalization, name), T=getattr(emit, kind), W=lanes, **bound)
    return _made[name, dtype]


def layer_norm(rows: Array, weight: Array | None, bias: Array | None, eps: float) -> tuple[Array, Array, Array]:
    """(output, mean [b], 1 / sqrt(variance + eps) [b]) of rows [b, n], b and n > 0: (x - mean) * rstd * weight + bias.

    16-bit types work in float32 and round the output.
    """
    half = is_half(rows.dtype)
    kernel = _kernel("narrow_layer_norm" if half else "layer_norm", rows.dtype, rows.size)
    if kernel is not None:
        x = cast(rows, np.float32) if half else rows
        x = x if x.flags.c_contiguous else np.ascontiguousarray(x)
        count, n = x.shape
        out, mean, rstd = empty(x.shape, rows.dtype), np.empty(count, x.dtype), np.empty(count, x.dtype)
        w, b = _like(weight, x.dtype), _like(bias, x.dtype)
        to = out.view(np.int16) if half else out
        if kernel(count, max(1, _CHUNK // n), to, mean, rstd, x, w, b, n, float(eps)):
            return out, mean, rstd
    out, mean, rstd = moments.layer_norm(rows, weight, bias, eps)
    if half:
        w, b = _like(weight, np.dtype(np.float32)), _like(bias, np.dtype(np.float32))
        out = _narrow(cast(rows, np.float32), mean, rstd, w, b).astype(rows.dtype)
    return out, mean, rstd


def _narrow(x: Array, mean: Array, rstd: Array, weight: Array | None, bias: Array | None) -> Array:
    """Rows that were 16-bit floats, normalised in the form that PyTorch has for these: ``x * rstd - mean * rstd``, fused."""
    with np.errstate(all="ignore"):
        out = fma(x, rstd[:, None], -(mean * rstd)[:, None])
        if weight is not None and bias is not None:
            return np.asarray(fma(out, weight, bias))
        return np.asarray(out * weight if weight is not None else out if bias is None else out + bias)


def planned(rows: tuple[int, int], shape: Any, stats: Any, x: Array, weight: Any, bias: Any, eps: float) -> Any:
    """``layer_norm`` of arrays like ``x`` seen as rows [b, n], in their shape, the moments in the shape ``stats``; None for NumPy."""
    count, n = rows
    parameters = [v for v in (weight, bias) if v is not None]
    if not patience.ready or not all([v.flags.c_contiguous and v.dtype is x.dtype for v in (x, *parameters)]):
        return None
    kernel = _kernel("layer_norm", x.dtype, x.size)
    if kernel is None:
        return None
    make, moments, grain, eps = maker(shape, x.dtype), maker(stats, x.dtype), max(1, _CHUNK // n), float(eps)

    def normalised(x: Array, weight: Array | None = None, bias: Array | None = None) -> Any:
        out, mean, rstd = make(), moments(), moments()
        return (out, mean, rstd) if kernel(count, grain, out, mean, rstd, x, weight, bias, n, eps) else None

    return normalised


def row_moments(rows: Array) -> tuple[Array, Array]:
    """(mean, variance with n) of each contiguous row [b, n], b and n > 0, as PyTorch's group_norm takes them."""
    kernel = _kernel("moments", rows.dtype, rows.size)
    if kernel is not None:
        count, n = rows.shape
        mean, variance = np.empty(count, rows.dtype), np.empty(count, rows.dtype)
        if kernel(count, max(1, _CHUNK // n), mean, variance, rows, n):
            return mean, variance
    return moments.row_moments(rows)


def _like(v: Array | None, dtype: np.dtype[Any]) -> Array | None:
    if v is None or (v.dtype is dtype and v.flags.c_contiguous):
        return v
    return np.ascontiguousarray(v, dtype)


def gradients(
    g: Array, x: Array, weight: Array | None, mean: Array, rstd: Array, needs: tuple[bool, ...]
) -> tuple[Array | None, Array | None, Array | None] | None:
    """The gradients of rows [b, n], weight and bias that are needed; None if NumPy is to compute them. Of 16-bit rows they are computed
    in float32; that of the rows is rounded, those of weight and bias with each row that is added."""
    half = is_half(x.dtype)
    dtype = _F32 if half else x.dtype
    kernel = _kernel("layer_norm_gradient", x.dtype, x.size) if g.dtype == x.dtype else None
    if kernel is None:
        return None
    narrow = x.dtype
    if half:
        g, x, mean, rstd = (cast(v, dtype) for v in (g, x, mean, rstd))
    count, n = x.shape
    of_parameters = needs[1] or needs[2]
    share = -(-count // get_threads()) if of_parameters else max(1, _CHUNK // n)
    parts = -(-count // share)
    to_input = empty(x.shape, dtype) if needs[0] else None
    to_weight, to_bias = (np.empty((parts, n), dtype) if of_parameters else None for _ in range(2))
    ran = kernel(
        parts, parts if x.size <= _CHUNK else 1, count, share, to_input, to_weight, to_bias, _like(g, dtype), _like(x, dtype),
        _like(weight, dtype), mean.reshape(-1), rstd.reshape(-1), n,
    )  # fmt: skip
    if not ran:
        return None
    if half and to_input is not None:
        to_input = cast(to_input, narrow)
    return to_input, _added(to_weight, needs[1]), _added(to_bias, needs[2])


def _added(parts: Array | None, needed: bool) -> Array | None:
    """The sums of the chunks, one after another."""
    if parts is None or not needed:
        return None
    return parts[0] if len(parts) == 1 else np.add.reduce(parts, axis=0)
