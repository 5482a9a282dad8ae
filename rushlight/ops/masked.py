"""``torch.masked``: reductions and normalizations of the elements that a mask marks.

Each is the ordinary function of a tensor in which the other elements are the operation's identity, a number that changes
nothing: 0 for a sum, minus infinity for a maximum.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import errors, types
from ..errors import check_dim
from ..functions import function
from ..readers import tensors as k
from ..tensor import Tensor, wrap

_inf = float("inf")
_WIDENED = (types.bool_, types.uint8, types.int8, types.int16, types.int32)  # sums and products of these are int64


# --- arguments --------------------------------------------------------------------------------------------------------
def _dims(dim: Any, ndim: int) -> tuple[int, ...]:
    """The dimensions that are reduced, ascending: all for None and ``()``."""
    if dim is None or (isinstance(dim, (tuple, list)) and not dim):
        return tuple(range(ndim))
    found: list[int] = []
    for d in (dim,) if isinstance(dim, int) else dim:
        at = check_dim(d, ndim)
        if at in found:
            raise errors.runtime(f"dim={d} appears multiple times in the list of dims")
        found.append(at)
    return tuple(sorted(found))


def _filled(input: Tensor, mask: Tensor | None, value: Any) -> Tensor:
    """The input with ``value`` where the mask is False."""
    if mask is None:
        return input
    if mask._a.ndim > input._a.ndim:
        raise errors.index(
            "_input_mask expected broadcastable mask (got mask dimensionality higher than of the input)",
            f"The mask has shape {list(mask._a.shape)}, the input {list(input._a.shape)}.",
        )
    if mask._a.shape != input._a.shape:
        mask = mask.expand(input._a.shape)
    if mask.dtype is not types.bool_:
        mask = mask.bool()
    return k.where(mask, input, wrap(np.array(value, input._a.dtype)))  # type: ignore[no-any-return]


def _need_order(x: Tensor) -> None:
    if x.dtype.is_complex:
        raise errors.type_(
            "torch.iinfo() requires an integer input type.", "Complex numbers have no order: mask x.abs()."
        )


def _lowest(x: Tensor) -> Any:
    """What no element is below."""
    if x.dtype.is_floating_point:
        return -_inf
    _need_order(x)
    return False if x.dtype is types.bool_ else np.iinfo(x._a.dtype).min


def _highest(x: Tensor) -> Any:
    """What no element is above."""
    if x.dtype.is_floating_point:
        return _inf
    _need_order(x)
    return True if x.dtype is types.bool_ else np.iinfo(x._a.dtype).max


def _sum_dtype(input: Tensor, dtype: Any) -> Any:
    return dtype or (types.int64 if input.dtype in _WIDENED else input.dtype)


def _inexact(dtype: types.dtype) -> bool:
    return dtype.is_floating_point or dtype.is_complex


def _mean_dtype(input: Tensor, dtype: Any) -> Any:
    if dtype is None and not _inexact(input.dtype):
        raise errors.value(
            "mean(): Could not infer output dtype. Input dtype must be either a floating point or complex dtype. Got: "
            f"{input.dtype}",
            "Pass dtype=torch.float32.",
        )
    return dtype or input.dtype


# --- declaration ------------------------------------------------------------------------------------------------------
def _reduced(m: Any) -> list[Any]:
    mask = m.a([[True, False, True], [True, True, False]])
    return [
        m(m.f(2, 3), 1, mask=mask), m(m.f(2, 3), mask=mask), m(m.f(2, 3), 0, keepdim=True),
        m(m.f()).not_numeric("the variance of one number is NaN"), m(m.f(0, 3), 1),
        m(m.nc(3, 2), 1, mask=m.a([True, False])).not_numeric("the same"),
        m(m.f(2, 3), 1, dtype=m.torch.float32, mask=mask).value_only("rounded"), m(m.i(2, 3), 0, mask=mask),
    ]  # fmt: skip


def _along(m: Any) -> list[Any]:
    mask = m.a([[True, False, True], [True, True, False]])
    return [
        m(m.f(2, 3), 1, mask=mask).not_numeric("infinities have no difference"), m(m.f(2, 3), 0), m(m.f(), 0), m(m.f(0, 3), 1),
        m(m.nc(3, 2), -1, mask=m.a([True, False])).not_numeric("as before"), m(m.f(2, 3), 1, mask=mask, dtype=m.torch.float32)
        .value_only("rounded"),
    ]  # fmt: skip


def _declared(samples: Any, *more: Any) -> Callable[[Any], Any]:
    """Declare ``torch.masked.<name>``; ``more`` are wrong calls beside those that all refuse."""

    def declare(fn: Any) -> Any:
        return function(name=f"masked.{fn.__name__}", samples=samples, errors=lambda m: [
            m.error(IndexError, "Dimension out of range", m.f(2, 3), 5),
            m.error(IndexError, "_input_mask expected broadcastable mask", m.f(2, 3), 1, mask=m.b(1, 2, 3)),
            m.error(RuntimeError, "The expanded size of the tensor (3) must match the existing size (2)", m.f(2, 3), 1, mask=m.b(2)),
            *[row(m) for row in more]])(fn)  # fmt: skip

    return declare


def _twice(m: Any) -> Any:
    return m.error(RuntimeError, "dim=0 appears multiple times in the list of dims", m.f(2, 3), (0, 0))


# --- reductions -------------------------------------------------------------------------------------------------------
@_declared(_reduced, _twice)
def sum(
    input: Tensor, dim: Any = None, *, keepdim: bool = False, dtype: Any = None, mask: Tensor | None = None
) -> Tensor:  # noqa: A001
    """The sum of the elements where ``mask`` is True; 0 if there are none. Small integers are summed as int64.

    >>> import rushlight as torch
    >>> torch.masked.sum(torch.tensor([1, 2, 4]), mask=torch.tensor([True, False, True]))
    tensor(5)
    """
    dtype = _sum_dtype(input, dtype)
    return _filled(input, mask, 0).sum(_dims(dim, input.ndim), keepdim=bool(keepdim), dtype=dtype)  # type: ignore[no-any-return]


@_declared(_reduced, _twice)
def prod(
    input: Tensor, dim: Any = None, *, keepdim: bool = False, dtype: Any = None, mask: Tensor | None = None
) -> Tensor:
    """The product of the elements where ``mask`` is True; 1 if there are none. Small integers are multiplied as int64."""
    dtype = _sum_dtype(input, dtype)
    out = _filled(input, mask, 1)
    for d in reversed(_dims(dim, input.ndim)):
        out = out.prod(d, keepdim=bool(keepdim), dtype=dtype)
    return out.to(dtype)  # type: ignore[no-any-return]


@_declared(_reduced, _twice)
def amax(
    input: Tensor, dim: Any = None, *, keepdim: bool = False, dtype: Any = None, mask: Tensor | None = None
) -> Tensor:
    """The largest of the elements where ``mask`` is True; the lowest number of the dtype if there are none."""
    out = k.amax(_filled(input, mask, _lowest(input)), _dims(dim, input.ndim), bool(keepdim))
    return out.to(dtype or input.dtype)  # type: ignore[no-any-return]


@_declared(_reduced, _twice)
def amin(
    input: Tensor, dim: Any = None, *, keepdim: bool = False, dtype: Any = None, mask: Tensor | None = None
) -> Tensor:
    """The smallest of the elements where ``mask`` is True; the highest number of the dtype if there are none."""
    out = k.amin(_filled(input, mask, _highest(input)), _dims(dim, input.ndim), bool(keepdim))
    return out.to(dtype or input.dtype)  # type: ignore[no-any-return]


@_declared(_reduced)
def argmax(
    input: Tensor, dim: int | None = None, *, keepdim: bool = False, dtype: Any = None, mask: Tensor | None = None
) -> Tensor:
    """The index of the largest of the elements where ``mask`` is True. Dtype: the input's, unless ``dtype`` is given."""
    return _filled(input, mask, _lowest(input)).argmax(dim, bool(keepdim)).to(dtype or input.dtype)  # type: ignore[no-any-return]


@_declared(_reduced)
def argmin(
    input: Tensor, dim: int | None = None, *, keepdim: bool = False, dtype: Any = None, mask: Tensor | None = None
) -> Tensor:
    """The index of the smallest of the elements where ``mask`` is True. Dtype: the input's, unless ``dtype`` is given."""
    return _filled(input, mask, _highest(input)).argmin(dim, bool(keepdim)).to(dtype or input.dtype)  # type: ignore[no-any-return]


@_declared(_reduced, _twice)
def logsumexp(
    input: Tensor, dim: Any = None, *, keepdim: bool = False, dtype: Any = None, mask: Tensor | None = None
) -> Tensor:
    """The logarithm of the sum of exponentials of the elements where ``mask`` is True; minus infinity if there are none."""
    nothing = -_inf if input.dtype.is_complex else _lowest(input)
    out = _filled(input, mask, nothing).logsumexp(_dims(dim, input.ndim), keepdim=keepdim)
    return out.to(dtype or input.dtype)  # type: ignore[no-any-return]


def _count(input: Tensor, dims: tuple[int, ...], keepdim: bool, mask: Tensor | None) -> Tensor:
    ones = wrap(np.ones(input._a.shape, np.int64))
    return _filled(ones, mask, 0).sum(dims, keepdim=keepdim)  # type: ignore[no-any-return]


@_declared(_reduced, _twice)
def mean(
    input: Tensor, dim: Any = None, *, keepdim: bool = False, dtype: Any = None, mask: Tensor | None = None
) -> Tensor:
    """The mean of the elements where ``mask`` is True; NaN if there are none. Integers need a ``dtype``.

    >>> import rushlight as torch
    >>> torch.masked.mean(torch.tensor([1.0, 2.0, 4.0]), mask=torch.tensor([True, False, True]))
    tensor(2.5000)
    """
    dtype = _mean_dtype(input, dtype)
    return sum(input, dim, keepdim=keepdim, dtype=dtype, mask=mask) / _count(  # type: ignore[no-any-return]
        input, _dims(dim, input.ndim), bool(keepdim), mask
    )


@_declared(_reduced)
def median(
    input: Tensor, dim: int = -1, *, keepdim: bool = False, dtype: Any = None, mask: Tensor | None = None
) -> Tensor:
    """The median (the lower of two) of the elements where ``mask`` is True; NaN if there are none, which integers refuse."""
    (d,) = _dims(dim, max(input.ndim, 1))
    floating = input.dtype.is_floating_point
    out = _filled(input if floating else input.float(), mask, float("nan")).nanmedian(d, keepdim).values
    if floating:
        return out  # type: ignore[no-any-return]
    if np.isnan(out._a).any():
        raise errors.value(
            "masked median expects no fully masked out rows if dtype is not floating point", "Convert first: x.float()."
        )
    return out.to(dtype or input.dtype)  # type: ignore[no-any-return]


def _spread(
    input: Tensor, dim: Any, unbiased: Any, correction: Any, keepdim: bool, dtype: Any, mask: Tensor | None
) -> Tensor:
    """The variance: the sum of squared distances from the mean, divided by the count less ``correction``.

    Integers are taken as float32.
    """
    if unbiased is not None and correction is not None:
        raise errors.value("Only one of unbiased and correction may be given")
    less = correction if correction is not None else 0 if unbiased is False else 1
    wanted = dtype or (input.dtype if _inexact(input.dtype) else types.float32)
    dtype = wanted if _inexact(wanted) else types.float32
    dims = _dims(dim, input.ndim)
    count = _count(input, dims, True, mask)
    away = input - sum(input, dim, keepdim=True, dtype=dtype, mask=mask) / count
    total = sum(away * away.conj(), dim, keepdim=keepdim, dtype=dtype, mask=mask)
    if not keepdim:
        count = count.reshape(total._a.shape)
    if less != 0:
        count = count - less
        count = k.maximum(count, wrap(np.zeros((), count._a.dtype)))
    return (total / count).to(wanted)  # type: ignore[no-any-return]


@_declared(_reduced, _twice)
def var(
    input: Tensor, dim: Any = None, unbiased: bool | None = None, *, correction: Any = None, keepdim: bool = False,
    dtype: Any = None, mask: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """The variance of the elements where ``mask`` is True, divided by their count less ``correction`` (1 by default)."""
    return _spread(input, dim, unbiased, correction, bool(keepdim), dtype, mask)


@_declared(_reduced, _twice)
def std(
    input: Tensor, dim: Any = None, unbiased: bool | None = None, *, correction: Any = None, keepdim: bool = False,
    dtype: Any = None, mask: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """The standard deviation of the elements where ``mask`` is True: the root of ``var``."""
    return _spread(input, dim, unbiased, correction, bool(keepdim), dtype, mask).sqrt()  # type: ignore[no-any-return]


def _normed(make: Any) -> Any:
    """Samples with the order of the norm as second argument."""

    def samples(m: Any) -> list[Any]:
        made = [s for s in make(m) if not hasattr(s, "args") or s.args[0].dtype.is_floating_point]
        for s, order in zip(
            [s for s in made if hasattr(s, "args")], (2.0, 2.0, 1.0, 2.0, 2.0, 3.0, 2.0, 2.0), strict=False
        ):
            s.args = (s.args[0], order, *s.args[1:])
        return made

    return samples


def _vector_norm(input: Tensor, ord: Any, dim: Any, keepdim: bool, dtype: Any, mask: Tensor | None) -> Tensor:
    filled = _filled(input, mask, _inf if ord == -_inf else 0)
    return k.vector_norm(filled, ord, _dims(dim, input.ndim), keepdim, dtype=dtype or input.dtype)  # type: ignore[no-any-return]


@function(name="masked.norm", samples=_normed(_reduced), errors=lambda m: [
    m.error(IndexError, "Dimension out of range", m.f(2, 3), 2.0, 5),
    m.error(RuntimeError, "dim=0 appears multiple times in the list of dims", m.f(2, 3), 2.0, (0, 0))])  # fmt: skip
def norm(
    input: Tensor,
    ord: Any = 2.0,
    dim: Any = None,
    *,
    keepdim: bool = False,
    dtype: Any = None,
    mask: Tensor | None = None,
) -> Tensor:
    """The norm of order ``ord`` of the elements where ``mask`` is True, as ``torch.linalg.vector_norm``."""
    return _vector_norm(input, ord, dim, bool(keepdim), dtype, mask)


# --- along one dimension ----------------------------------------------------------------------------------------------
@_declared(_along)
def cumsum(input: Tensor, dim: int, *, dtype: Any = None, mask: Tensor | None = None) -> Tensor:
    """Running sums; an element where ``mask`` is False adds nothing."""
    (d,) = _dims(dim, max(input.ndim, 1))
    return _filled(input, mask, 0).cumsum(d, dtype=dtype or input.dtype)  # type: ignore[no-any-return]


@_declared(_along)
def cumprod(input: Tensor, dim: int, *, dtype: Any = None, mask: Tensor | None = None) -> Tensor:
    """Running products; an element where ``mask`` is False changes nothing."""
    (d,) = _dims(dim, max(input.ndim, 1))
    return _filled(input, mask, 1).cumprod(d, dtype=dtype or input.dtype)  # type: ignore[no-any-return]


@_declared(_along)
def softmax(input: Tensor, dim: int, *, dtype: Any = None, mask: Tensor | None = None) -> Tensor:
    """Softmax of the elements where ``mask`` is True, 0 elsewhere; NaN if there are none.

    >>> import rushlight as torch
    >>> torch.masked.softmax(torch.tensor([1.0, 5.0, 1.0]), 0, mask=torch.tensor([True, False, True]))
    tensor([0.5000, 0.0000, 0.5000])
    """
    (d,) = _dims(dim, max(input.ndim, 1))
    return _filled(input, mask, _lowest(input)).softmax(d, dtype=dtype or input.dtype)  # type: ignore[no-any-return]


@_declared(_along)
def log_softmax(input: Tensor, dim: int, *, dtype: Any = None, mask: Tensor | None = None) -> Tensor:
    """The logarithm of the softmax of the elements where ``mask`` is True, minus infinity elsewhere."""
    (d,) = _dims(dim, max(input.ndim, 1))
    return _filled(input, mask, _lowest(input)).log_softmax(d, dtype=dtype or input.dtype)  # type: ignore[no-any-return]


@_declared(_along)
def softmin(input: Tensor, dim: int, *, dtype: Any = None, mask: Tensor | None = None) -> Tensor:
    """Softmax of the negated elements where ``mask`` is True, 0 elsewhere; NaN if there are none."""
    (d,) = _dims(dim, max(input.ndim, 1))
    return (-_filled(input, mask, _highest(input))).softmax(d, dtype=dtype or input.dtype)  # type: ignore[no-any-return]


@function(name="masked.normalize", samples=_normed(_along),
    errors=lambda m: [m.error(IndexError, "Dimension out of range", m.f(2, 3), 2.0, 5)])  # fmt: skip
def normalize(
    input: Tensor, ord: float, dim: int, *, eps: float = 1e-12, dtype: Any = None, mask: Tensor | None = None
) -> Tensor:
    """The elements where ``mask`` is True divided by their norm along ``dim`` (by ``eps`` if that is larger), 0 elsewhere."""
    (d,) = _dims(dim, max(input.ndim, 1))
    length = _vector_norm(input, ord, d, True, dtype, mask)
    return _filled(input, mask, 0) / k.maximum(length, wrap(np.array(eps, length._a.dtype)))  # type: ignore[no-any-return]


# --- of two -----------------------------------------------------------------------------------------------------------
@function(name="masked.logaddexp", samples=lambda m: [
    m(m.f(2, 3), m.f(2, 3), input_mask=m.a([True, False, True])).not_numeric("infinities have no difference"), m(m.f(2), m.f(2)),
    m(m.f(), m.f()), m(m.f(0), m.f(0)), m(m.f(2), m.f(2), dtype=m.torch.float32).value_only("rounded"),
    m(m.nc(3, 2), m.f(3, 2), input_mask=m.a([True, False]), other_mask=m.a([True, True])).value_only("as before")],
    errors=lambda m: [
    m.error(IndexError, "_input_mask expected broadcastable mask", m.f(2), m.f(2), input_mask=m.b(1, 2))])  # fmt: skip
def logaddexp(
    input: Tensor,
    other: Tensor,
    *,
    dtype: Any = None,
    input_mask: Tensor | None = None,
    other_mask: Tensor | None = None,
) -> Tensor:
    """``log(exp(input) + exp(other))``; what a mask leaves out counts as minus infinity."""
    out = k.logaddexp(_filled(input, input_mask, -_inf), _filled(other, other_mask, -_inf))
    return out.to(dtype or input.dtype)  # type: ignore[no-any-return]
