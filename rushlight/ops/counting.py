"""Counting and finding: bincount, unique, searchsorted, isin."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import errors, levels, types
from ..errors import check_dim
from ..functions import function
from ..kernels.sorting import for_numpy
from ..op import opaque
from ..tensor import Tensor, wrap
from ..writing import write_out
from .reduction import need_tensor
from .underived import no_derivative


@function(
    methods="bincount",
    samples=lambda m: [
        m(m.a([1, 2, 1])),
        m(m.a([1, 2, 1]), minlength=6),
        m(m.i(0)),
        m(m.a([1, 1]), m.a([1.5, 2.0], m.torch.float64)).value_only("no gradient"),
        m(m.a([1, 1]), m.a([1, 2])),
        m(m.a([0, 9, 1, 9])[::2]),
        m.without("0-d", "a vector"),
    ],
    errors=lambda m: [
        m.error(RuntimeError, "bincount only supports 1-d non-negative integral inputs.", m.a([-1])),
        m.error(RuntimeError, "bincount only supports 1-d non-negative integral inputs.", m.a([[1]])),
        m.error(NotImplementedError, "\"bincount_cpu\" not implemented for 'Double'", m.f(2)),
        m.error(RuntimeError, "weights should be 1-d and have the same length as input", m.a([1]), m.f(2)),
        m.error(RuntimeError, "minlength should be >= 0", m.a([1]), minlength=-1),
    ],
)
@levels.by_example
def bincount(input: Tensor, weights: Tensor | None = None, minlength: int = 0) -> Tensor:
    """How often each number from 0 up occurs, or the sum of the weights that stand beside it."""
    need_tensor("bincount", input)
    a = input._a
    if minlength < 0:
        raise errors.runtime("minlength should be >= 0")
    if a.dtype.kind not in "iu":
        raise NotImplementedError(f"\"bincount_cpu\" not implemented for '{types.scalar_name(input.dtype)}'")
    if a.ndim != 1 or (a.size and a.min() < 0):
        raise errors.runtime("bincount only supports 1-d non-negative integral inputs.")
    if weights is None:
        return wrap(np.bincount(a, minlength=minlength).astype(np.int64))
    w = weights._a
    if w.ndim != 1 or w.size != a.size:
        raise errors.runtime("weights should be 1-d and have the same length as input")
    out = np.zeros(max(int(a.max(initial=-1)) + 1, minlength), w.dtype if w.dtype == np.float32 else np.float64)
    np.add.at(out, a, w)
    return wrap(out)


# --- in sorted sequences --------------------------------------------------------------------------------------------------
def _search(sequence: Any, values: Any, side: str) -> Any:
    if values.dtype.kind == "V" or sequence.dtype.kind == "V":
        sequence, values = for_numpy(sequence).astype(np.float64), for_numpy(values).astype(np.float64)
    if sequence.ndim <= 1:
        return np.searchsorted(sequence, values, side)
    lead = int(np.prod(sequence.shape[:-1]))
    rows, wanted = sequence.reshape(lead, sequence.shape[-1]), values.reshape(lead, values.shape[-1])
    found = [np.searchsorted(r, v, side) for r, v in zip(rows, wanted, strict=True)]
    return np.array(found, np.int64).reshape(values.shape)


def _side(right: bool, side: str | None) -> str:
    if side not in (None, "left", "right"):
        raise errors.runtime(f"torch.searchsorted(): side can only be 'left' or 'right' but got {side}")
    if right and side == "left":
        raise errors.runtime(
            "torch.searchsorted(): side and right can't be set to opposites, got side of left while right was True"
        )
    return "right" if right or side == "right" else "left"


@function(
    samples=lambda m: [
        m(m.a([1.0, 2.0, 4.0]), m.a([[0.5, 2.0], [3.0, 9.0]])).value_only("places"),
        m(m.a([1, 2, 2, 4]), m.a([2, 4]), right=True),
        m(m.a([1.0, 2.0]), 1.5).value_only("a place"),
        m(m.a([1, 2, 2]), m.a(2), side="right"),
        m(m.a([[1, 3], [2, 4]]), m.a([[2, 3, 9], [2, 3, 1]])),
        m(m.a([1, 2]), m.a([2]), out_int32=True),
        m(m.i(0), m.a([1])),
        m(m.a([5, 1, 3]), m.a([2, 4]), sorter=m.a([1, 2, 0])),
        m(m.a([1, 0, 2, 0, 3, 0])[::2], m.a([2])),
    ],
    errors=lambda m: [
        m.error(
            RuntimeError,
            "torch.searchsorted(): side can only be 'left' or 'right' but got x",
            m.a([1]),
            m.a([1]),
            side="x",
        ),
        m.error(RuntimeError, "side and right can't be set to opposites", m.a([1]), m.a([1]), right=True, side="left"),
        m.error(RuntimeError, "boundaries tensor should be 1 dimension or the first N-1 dimensions", m.f(2, 3), m.f(1)),
    ],
)
@levels.by_example
def searchsorted(
    sorted_sequence: Tensor,
    input: Any,
    *,
    out_int32: bool = False,
    right: bool = False,
    side: str | None = None,
    out: Any = None,
    sorter: Tensor | None = None,
) -> Tensor:
    """Where each value would stand in a sorted sequence (along its last dimension): before its equals, or after them (``right``)."""
    if not isinstance(sorted_sequence, Tensor):
        raise errors.not_a_tensor("searchsorted", "sorted_sequence", 1, sorted_sequence)
    where = _side(right, side)
    values = input._a if isinstance(input, Tensor) else np.asarray(input)
    s = sorted_sequence._a
    if s.ndim != 1 and s.shape[:-1] != values.shape[:-1]:
        raise errors.runtime(
            "torch.searchsorted(): boundaries tensor should be 1 dimension or the first N-1 dimensions of boundaries tensor and "
            f"input value tensor must match, but we got boundaries tensor {list(s.shape)} and input value tensor {list(values.shape)}"
        )
    if values.size and "c" in (s.dtype.kind, values.dtype.kind):
        raise NotImplementedError("\"searchsorted_out_cpu\" not implemented for 'ComplexFloat'")
    if sorter is not None:
        s = np.take_along_axis(s, sorter._a, -1)
    result = wrap(np.asarray(_search(s, values, where), np.int32 if out_int32 else np.int64))
    return result if out is None else write_out("searchsorted", out, result, (), "exact")  # type: ignore[no-any-return]


@function(
    samples=lambda m: [
        m(m.a([[0.5, 2.0], [3.0, 9.0]]), m.a([1.0, 2.0, 4.0])).value_only("places"),
        m(m.a([2, 4]), m.a([1, 2, 2, 4]), right=True),
        m(1.5, m.a([1.0, 2.0])).value_only("a place"),
        m(m.a(2), m.a([1, 2])),
        m(m.i(0), m.a([1])),
        m(m.i(3, 2).t(), m.a([1, 2])),
        m(m.a([2]), m.a([1, 2]), out_int32=True),
    ],
    errors=lambda m: [
        m.error(RuntimeError, "boundaries tensor must be 1 dimension, but got dim(2)", m.f(1), m.f(1, 1))
    ],
)
@levels.by_example
def bucketize(
    input: Any, boundaries: Tensor, *, out_int32: bool = False, right: bool = False, out: Any = None
) -> Tensor:
    """The number of the part, between sorted boundaries, that each value falls into."""
    if boundaries._a.ndim != 1:
        raise errors.runtime(f"boundaries tensor must be 1 dimension, but got dim({boundaries._a.ndim})")
    return searchsorted(boundaries, input, out_int32=out_int32, right=right, out=out)


@function(
    samples=lambda m: [
        m(m.a([1, 2, 3]), m.a([2, 5])),
        m(m.a([[1, 2], [3, 4]]), m.a([2, 3]), invert=True),
        m(1, m.a([2, 1])),
        m(m.a([1, 2]), 2),
        m(m.i(0), m.a([1])),
        m(m.i(3, 2).t(), m.a([1])),
        m(m.f(3), m.f(2)).value_only("bools"),
        m(m.a(2), m.a([1, 2]), assume_unique=True),
    ],
    errors=lambda m: [
        m.error(RuntimeError, "Unsupported input type encountered for isin(): Bool", m.a([True]), m.a([1]))
    ],
)
@levels.by_example
def isin(
    elements: Any, test_elements: Any, *, assume_unique: bool = False, invert: bool = False, out: Any = None
) -> Tensor:
    """Whether each element is among the test elements."""
    for x in (elements, test_elements):
        kind = x._a.dtype.kind if isinstance(x, Tensor) else ""
        if kind and kind in "bc":
            raise errors.runtime(f"Unsupported input type encountered for isin(): {types.scalar_name(x.dtype)}")
    a, b = (x._a if isinstance(x, Tensor) else np.asarray(x) for x in (elements, test_elements))
    result = wrap(np.asarray(np.isin(a, b, invert=invert)))
    return result if out is None else write_out("isin", out, result, (), "exact")  # type: ignore[no-any-return]


# --- unique -------------------------------------------------------------------------------------------------------------
def _rows(a: Any, dim: int) -> Any:
    moved = np.moveaxis(a, dim, 0)
    return moved.reshape(moved.shape[0], int(np.prod(moved.shape[1:]))), moved.shape


def _back(rows: Any, shape: Any, dim: int) -> Any:
    return np.ascontiguousarray(np.moveaxis(rows.reshape(rows.shape[0], *shape[1:]), 0, dim))


def _unique_name(inputs, attrs):
    return "UniqueConsecutive" if attrs["consecutive"] else "Unique2" if attrs["dim"] is None else "UniqueDim"


@opaque(
    public=False,
    outputs=("values", "inverse", "counts"),
    n_diff=1,
    grad_name=lambda inputs, attrs: _unique_name(inputs, attrs) + "Backward0",
)
def unique_parts(k, input, *, dim, consecutive):
    """Values, the place of each element among them, and how often each occurs."""
    flat = input.reshape(-1) if dim is None else _rows(input, dim)[0]
    if consecutive:
        if not len(flat):
            return (flat if dim is None else input).copy(), np.zeros(0, np.int64), np.zeros(0, np.int64)
        differs = flat[1:] != flat[:-1]
        new = np.concatenate([[True], differs if differs.ndim == 1 else differs.any(1)])
        values, inverse = flat[new], np.cumsum(new) - 1
        counts = np.bincount(inverse, minlength=len(values))
    else:
        values, inverse, counts = np.unique(
            flat if dim is not None else for_numpy(flat),
            return_inverse=True,
            return_counts=True,
            axis=None if dim is None else 0,
            equal_nan=False,
        )
        values = values.astype(input.dtype, copy=False)
    inverse = inverse.reshape(input.shape) if dim is None else inverse.reshape(-1)
    values = values if dim is None else _back(values, _rows(input, dim)[1], dim)
    return values, inverse.astype(np.int64), counts.astype(np.int64)


@unique_parts.vjp("input")
def _(k, g, dim, consecutive):
    raise no_derivative("unique_consecutive" if consecutive else "_unique2" if dim is None else "unique_dim")


def _unique(input: Tensor, inverse: bool, counts: bool, dim: Any, consecutive: bool) -> Any:
    need_tensor("unique", input)
    if input.dtype.is_complex and dim is None and not consecutive:
        raise NotImplementedError(f"\"unique\" not implemented for '{types.scalar_name(input.dtype)}'")
    if dim is not None:
        dim = check_dim(dim, input._a.ndim)
        if 0 in [n for i, n in enumerate(input._a.shape) if i != dim]:
            raise errors.runtime("There are 0 sized dimensions, and they aren't selected, so unique cannot be applied")
    values, where, many = unique_parts.public(input, dim=dim, consecutive=consecutive)
    found = [values, *([where] if inverse else []), *([many] if counts else [])]
    return found[0] if len(found) == 1 else tuple(found)


def _unique_samples(m: Any) -> list[Any]:
    calls = [
        m(m.a([2, 1, 2])),
        m(m.i(3, 4, hi=3), return_inverse=True, return_counts=True),
        m(m.a([[2, 1], [2, 1], [0, 1]]), dim=0, return_inverse=True, return_counts=True),
        m(m.a([[2, 2, 1], [1, 1, 1]]), dim=1),
        m(m.a(3)),
        m(m.i(0)),
        m(m.i(3, 2, hi=2).t(), return_counts=True),
        m(m.b(4)),
        m(m.a([2, 2, 1, 1, 2]), return_counts=True),
        m(m.f(4), return_inverse=True).value_only("torch has no derivative"),
    ]
    return calls


_UNIQUE_ERRORS = lambda m: [m.error(IndexError, "Dimension out of range", m.i(2), dim=3)]  # noqa: E731


@function(methods="unique", samples=_unique_samples, errors=_UNIQUE_ERRORS)
def unique(
    input: Tensor,
    sorted: bool = True,
    return_inverse: bool = False,
    return_counts: bool = False,
    dim: int | None = None,
) -> Any:
    """The different elements in order (or slices along ``dim``); where each element went, and how often each occurs."""
    return _unique(input, return_inverse, return_counts, dim, False)


@function(methods="unique_consecutive", samples=_unique_samples, errors=_UNIQUE_ERRORS)
def unique_consecutive(
    input: Tensor, return_inverse: bool = False, return_counts: bool = False, dim: int | None = None
) -> Any:
    """Runs of equal elements reduced to one each."""
    return _unique(input, return_inverse, return_counts, dim, True)


@function(
    samples=lambda m: [m(m.a([5, 0]), (2, 3)), m(m.a(4), (2, 3)), m(m.i(0), (2, 3)), m(m.i(3, 2).t(), (5,))],
    errors=lambda m: [m.error(TypeError, "shape", m.a([6]), 2.5)],
)
def unravel_index(indices: Tensor, shape: Any) -> tuple[Tensor, ...]:
    """Places in a flattened tensor as coordinates, one tensor a dimension."""
    if isinstance(shape, int):
        shape = (shape,)
    if not isinstance(shape, (tuple, list, types.Size)):
        raise errors.type_(
            f"unravel_index() expected 'shape' to be int or sequence of ints, but got {type(shape).__name__}"
        )
    out = []
    rest = indices
    for n in reversed(shape):
        out.append(rest % n)
        rest = rest // n
    return tuple(reversed(out))
