"""Tensors put together: stacks, diagonals, blocks, grids of indices, combinations."""

from __future__ import annotations

from itertools import combinations as subsets
from itertools import combinations_with_replacement as multisets
from typing import Any

import numpy as np

from .. import errors, types
from ..errors import check_dim
from ..functions import FUNCTIONS, function
from ..kernels import copies, layouts
from ..op import opaque
from ..promotion import result_type
from ..readers import REGISTRY
from ..tensor import Tensor, wrap
from ..writing import write_out
from .reduction import need_tensor


# --- stacks ---------------------------------------------------------------------------------------------------------
def _raised(x: Tensor, n: int) -> Tensor:
    """At least n dimensions, as atleast_1d, _2d and _3d make them."""
    if x._a.ndim >= n:
        return x
    if x._a.ndim == 0:
        return x.reshape([1] * n)  # type: ignore[no-any-return]
    if n == 2:
        return x.unsqueeze(0)  # type: ignore[no-any-return]
    return x.unsqueeze(0).unsqueeze(-1) if x._a.ndim == 1 else x.unsqueeze(-1)  # type: ignore[no-any-return]


def _at_least(n: int) -> None:
    name = f"atleast_{n}d"

    def public(*tensors: Any) -> Any:
        if len(tensors) == 1 and isinstance(tensors[0], (tuple, list)):
            tensors = tuple(tensors[0])
        for x in tensors:
            if not isinstance(x, Tensor):
                raise errors.type_(f"{name}() received an invalid combination of arguments - got ({type(x).__name__})")
        raised = tuple([_raised(x, n) for x in tensors])
        return raised[0] if len(raised) == 1 else raised

    public.__name__, public.__doc__ = name, f"Each tensor with at least {n} dimensions."
    function(
        name=name,
        samples=lambda m: [
            m(m.f()),
            m(m.f(3)),
            m(m.f(2, 3)),
            m(m.f(0)),
            m(m.nc(3, 2)),
            m(m.f(), m.f(2)),
            m([m.f(2), m.f(2, 2, 2)]),
        ],
        errors=lambda m: [m.error(TypeError, f"{name}() received an invalid combination of arguments", "text")],
    )(public)


for _n in (1, 2, 3):
    _at_least(_n)


def _stacked(name: str, least: int, dim: Any, aliases: str, doc: str) -> None:
    def public(tensors: Any, *, out: Any = None) -> Tensor:
        if not isinstance(tensors, (tuple, list)):
            raise errors.type_(
                f"{name}(): argument 'tensors' (position 1) must be tuple of Tensors, not {type(tensors).__name__}"
            )
        if not tensors:
            raise errors.runtime(f"{name} expects a non-empty TensorList")
        raised = [_raised(x, least) for x in tensors]
        along = (0 if raised[0]._a.ndim == 1 else 1) if dim is None else dim
        result = REGISTRY["cat"].public(raised, along)
        return result if out is None else write_out(name, out, result, tuple(tensors), "apart")  # type: ignore[no-any-return]

    public.__name__, public.__doc__ = name, doc
    function(
        name=name,
        aliases=aliases,
        samples=lambda m: [
            m([m.f(3), m.f(3)]),
            m([m.f(2, 3), m.f(2, 3)]),
            m((m.f(), m.f())),
            m([m.nc(3, 2), m.f(3, 2)]),
            m([m.i(2), m.f(2)]),
            m([m.f(2)]),
            m([m.f(0), m.f(0)]),
        ],
        errors=lambda m: [
            m.error(RuntimeError, f"{name} expects a non-empty TensorList", []),
            m.error(
                TypeError, f"{name}(): argument 'tensors' (position 1) must be tuple of Tensors, not Tensor", m.f(2)
            ),
        ],
    )(public)


_stacked("hstack", 1, None, "", "Tensors side by side: along the second dimension, vectors along the first.")
_stacked("vstack", 2, 0, "row_stack", "Tensors one below the other, along the first dimension; vectors become rows.")
_stacked("dstack", 3, 2, "", "Tensors one behind the other, along the third dimension.")


@function(
    samples=lambda m: [
        m([m.f(3), m.f(3, 2)]),
        m([m.f(2, 3), m.f(2, 1)]),
        m([m.f(), m.f()]),
        m([m.nc(3, 2), m.f(3)]),
        m([m.f(0), m.f(0)]),
    ],
    errors=lambda m: [m.error(RuntimeError, "column_stack expects a non-empty TensorList", [])],
)
def column_stack(tensors: Any, *, out: Any = None) -> Tensor:
    """Tensors side by side; vectors become columns."""
    if not tensors:
        raise errors.runtime("column_stack expects a non-empty TensorList")
    columns = [x if x._a.ndim > 1 else x.reshape(x._a.size, 1) for x in tensors]
    result = REGISTRY["cat"].public(columns, 1)
    return result if out is None else write_out("column_stack", out, result, tuple(tensors), "apart")  # type: ignore[no-any-return]


# --- turned and repeated ------------------------------------------------------------------------------------------------
def _flipped(name: str, least: int, dim: int, doc: str) -> None:
    def public(input: Tensor) -> Tensor:
        need_tensor(name, input)
        if input._a.ndim < least:
            raise errors.runtime(f"Input must be >= {least}-d.")
        return REGISTRY["flip"].public(input, (dim,))  # type: ignore[no-any-return]

    public.__name__, public.__doc__ = name, doc
    function(
        name=name,
        methods=name,
        samples=lambda m: [
            m(m.f(2, 3)),
            m(m.f(2, 3, 2)),
            m(m.f(0, 2)),
            m(m.nc(3, 2)),
            m(m.i(2, 2)),
            m.without("0-d", "it turns a dimension"),
        ],
        errors=lambda m: [m.error(RuntimeError, f"Input must be >= {least}-d.", m.f())],
    )(public)


_flipped("fliplr", 2, 1, "The second dimension in reverse order.")
_flipped("flipud", 1, 0, "The first dimension in reverse order.")


@opaque(
    methods="rot90",
    samples=lambda m: [
        *[m(m.f(2, 3), k) for k in (0, 1, 2, 3, -1)],
        m(m.f(2, 3, 2), 1, (1, 2)),
        m(m.nc(3, 2)),
        m(m.f(0, 2)),
        m(m.i(2, 2)),
        m.without("0-d", "a plane"),
    ],
    errors=lambda m: [
        m.error(
            RuntimeError, "expected rotation dims to be different, but got dim0 = 0 and dim1 = 0", m.f(2, 2), 1, (0, 0)
        ),
        m.error(RuntimeError, "expected total dims >= 2, but got total dims = 1", m.f(2)),
    ],
)
def rot90(k, input, *, times, dims):
    """The plane of two dimensions turned by 90 degrees, so many times."""
    turned = np.rot90(input, times, dims)
    if times % 4 == 0:
        return copies.contiguous(turned)
    out = layouts.empty_like_array(input, input.dtype)
    out = out.swapaxes(*dims) if times % 2 else out  # a flip and a transposition, or two flips
    out[...] = turned
    return out


@rot90.prepare
def _(input, k=1, dims=(0, 1)):
    dims = tuple(dims)
    if len(dims) != 2:
        raise errors.runtime(f"expected total rotation dims == 2, but got dims = {len(dims)}")
    if input.ndim < 2:
        raise errors.runtime(f"expected total dims >= 2, but got total dims = {input.ndim}")
    if dims[0] == dims[1] or abs(dims[0] - dims[1]) == input.ndim:
        raise errors.runtime(f"expected rotation dims to be different, but got dim0 = {dims[0]} and dim1 = {dims[1]}")
    return (input,), {"times": k, "dims": tuple(check_dim(d, input.ndim) for d in dims)}


@rot90.vjp("input")
def _(k, g, times, dims):
    return k.rot90(g, -times, dims)


@function(
    methods="tile",
    samples=lambda m: [
        m(m.f(3), (2,)),
        m(m.f(2, 3), (2,)),
        m(m.f(3), (2, 2)),
        m(m.f(), (3,)),
        m(m.f(0, 2), (2, 2)),
        m(m.nc(3, 2), (1, 2)),
        m(m.f(2), ()),
    ],
    errors=lambda m: [m.error(RuntimeError, "Trying to create tensor with negative dimension", m.f(2), (-1,))],
)
def tile(input: Tensor, *dims: Any) -> Tensor:
    """The tensor repeated along its dimensions; missing counts are 1."""
    need_tensor("tile", input)
    counts = tuple(dims[0]) if len(dims) == 1 and isinstance(dims[0], (tuple, list)) else dims
    return input.repeat((1,) * (input._a.ndim - len(counts)) + tuple(counts))  # type: ignore[no-any-return]


# --- diagonals --------------------------------------------------------------------------------------------------------
@opaque(
    refuses={"bool": "trace"},
    methods="trace",
    samples=lambda m: [
        m(m.f(3, 3)),
        m(m.f(2, 3)),
        m(m.f(0, 0)),
        m(m.nc(3, 2)),
        m(m.i(2, 2)),
        m(m.b(2, 2)),
        m.without("0-d", "a matrix"),
    ],
    errors=lambda m: [m.error(RuntimeError, "trace: expected a matrix, but got tensor with dim 1", m.f(3))],
)
def trace(k, input):
    """The sum of the diagonal of a matrix.

    Gradient of ``input``: ``g`` on the diagonal, 0 elsewhere.
    """
    return np.asarray(np.trace(input, dtype=np.int64 if input.dtype.kind in "biu" else None))


@trace.prepare
def _(input):
    need_tensor("trace", input)
    if input.ndim != 2:
        raise errors.runtime(f"trace: expected a matrix, but got tensor with dim {input.ndim}")
    return (input,), {}


@trace.vjp("input")
def _(k, g, input_shape):
    n = min(input_shape)
    row = k.broadcast_gradient(k.reshape_gradient(g, size=(1,)), size=(n,))
    return k.diagonal_put(row, size=tuple(input_shape), offset=0, dim1=0, dim2=1)


@opaque(public=False)
def diagonal_put(k, input, *, size, offset, dim1, dim2):
    """Zeros with ``input`` on a diagonal, which stands last in it."""
    out = np.zeros(size, input.dtype)
    view = np.diagonal(out, offset, dim1, dim2)
    view.flags.writeable = True
    view[...] = input
    return out


@diagonal_put.vjp("input")
def _(k, g, offset, dim1, dim2):
    return k.diagonal_take(g, offset=offset, dim1=dim1, dim2=dim2)


@opaque(public=False, grad_name="DiagonalBackward0_copy")
def diagonal_take(k, input, *, offset, dim1, dim2):
    """A copy of a diagonal.

    Gradient of ``input``: ``g`` on the diagonal, 0 elsewhere.
    """
    return np.diagonal(input, offset, dim1, dim2).copy()


@diagonal_take.vjp("input")
def _(k, g, input_shape, offset, dim1, dim2):
    return k.diagonal_put(g, size=tuple(input_shape), offset=offset, dim1=dim1, dim2=dim2)


@opaque(
    methods="diag_embed",
    samples=lambda m: [
        m(m.f(3)),
        m(m.f(2, 3)),
        m(m.f(3), 1),
        m(m.f(3), -2),
        m(m.f(2, 3), 0, 0, 2),
        m(m.nc(3, 2), 1),
        m(m.f(0)),
        m(m.i(3)),
        m.without("0-d", "a vector"),
    ],
    errors=lambda m: [
        m.error(RuntimeError, "diagonal dimensions cannot be identical 0, 0", m.f(3), 0, 0, 0),
        m.error(IndexError, "Dimension out of range", m.f(3), 0, 5, 1),
    ],
)
def diag_embed(k, input, *, offset, dim1, dim2):
    """Matrices with the last dimension on a diagonal.

    Gradient of ``input``: the diagonal of ``g``.
    """
    n = input.shape[-1] + abs(offset)
    size = list(input.shape[:-1])
    for d in sorted((dim1, dim2)):
        size.insert(d, n)
    return diagonal_put.forward(k, input, size=tuple(size), offset=offset, dim1=dim1, dim2=dim2)


@diag_embed.prepare
def _(input, offset=0, dim1=-2, dim2=-1):
    need_tensor("diag_embed", input)
    first, second = check_dim(dim1, input.ndim + 1), check_dim(dim2, input.ndim + 1)
    if first == second:
        raise errors.runtime(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
    return (input,), {"offset": offset, "dim1": first, "dim2": second}


@diag_embed.vjp("input")
def _(k, g, offset, dim1, dim2):
    return k.diagonal_take(g, offset=offset, dim1=dim1, dim2=dim2)


@function(
    methods="diag",
    samples=lambda m: [
        m(m.f(3)),
        m(m.f(3, 3)),
        m(m.f(2, 3), 1),
        m(m.f(3), -1),
        m(m.nc(3, 2)),
        m(m.f(0)),
        m(m.i(2, 2)),
        m.without("0-d", "torch refuses it"),
    ],
    errors=lambda m: [
        m.error(RuntimeError, "diag(): Supports 1D or 2D tensors. Got 3D", m.f(2, 2, 2)),
        m.error(RuntimeError, "diag(): Supports 1D or 2D tensors. Got 0D", m.f()),
    ],
)
def diag(input: Tensor, diagonal: int = 0, *, out: Any = None) -> Tensor:
    """A vector as a diagonal matrix; of a matrix its diagonal, copied."""
    need_tensor("diag", input)
    if input._a.ndim not in (1, 2):
        raise errors.runtime(f"diag(): Supports 1D or 2D tensors. Got {input._a.ndim}D")
    if input._a.ndim == 1:
        result = diag_embed.public(input, diagonal)
    else:
        result = diagonal_take.public(input, offset=diagonal, dim1=0, dim2=1)
    return result if out is None else write_out("diag", out, result, (), "exact")  # type: ignore[no-any-return]


@function(
    methods="diagflat",
    samples=lambda m: [m(m.f(3)), m(m.f(2, 2)), m(m.f()), m(m.f(3), 1), m(m.nc(3, 2)), m(m.f(0))],
    errors=lambda m: [m.error(TypeError, "must be Tensor, not str", "text")],
)
def diagflat(input: Tensor, offset: int = 0) -> Tensor:
    """A diagonal matrix of all elements."""
    need_tensor("diagflat", input)
    return diag_embed.public(input.reshape(-1), offset)  # type: ignore[no-any-return]


@opaque(
    variadic=True,
    samples=lambda m: [
        m(m.f(2, 2), m.f(1, 3)),
        m(m.f(2), m.f()),
        m(m.f(2, 3)),
        m(m.nc(3, 2), m.f(0, 2)),
        m(m.i(2), m.f(2)),
    ],
    errors=lambda m: [m.error(RuntimeError, "Input tensors must have 2 or fewer dimensions", m.f(2, 2, 2))],
)
def block_diag(k, *tensors):
    """A matrix of matrices along the diagonal, zeros elsewhere.

    Gradient of ``tensors``: the part of ``g`` where it lies.
    """
    blocks = [np.atleast_2d(t) for t in tensors]
    out = np.zeros(
        (sum(b.shape[0] for b in blocks), sum(b.shape[1] for b in blocks)),
        np.result_type(*blocks) if blocks else np.float32,
    )
    row = column = 0
    for b in blocks:
        out[row : row + b.shape[0], column : column + b.shape[1]] = b
        row, column = row + b.shape[0], column + b.shape[1]
    return out


@block_diag.prepare
def _(*tensors):
    for i, x in enumerate(tensors):
        need_tensor("block_diag", x, "tensors")
        if x.ndim > 2:
            raise errors.runtime(
                f"torch.block_diag: Input tensors must have 2 or fewer dimensions. Input {i} has {x.ndim} dimensions"
            )
    if not tensors:
        return (wrap(np.empty((1, 0), types.get_default_dtype().np)),), {}
    common = result_type(tensors) if isinstance(tensors[0], Tensor) else None
    return tuple(tensors if common is None else [x if x.dtype is common else x.to(common) for x in tensors]), {}


@block_diag.vjp_joint
def _(k, g, tensors_shape, needs):
    grads: list[Any] = []
    row = column = 0
    for shape, needed in zip(tensors_shape, needs, strict=True):
        h, w = (1, 1) if not shape else (1, shape[0]) if len(shape) == 1 else shape
        part = k.basic_slice(g, where=(slice(row, row + h), slice(column, column + w))) if needed else None
        grads.append(None if part is None else k.reshape_gradient(part, size=tuple(shape)))
        row, column = row + h, column + w
    return grads


# --- grids of indices -----------------------------------------------------------------------------------------------------
def _triangle(name: str, find: Any, doc: str) -> None:
    def public(
        row: int, col: int, offset: int = 0, *, dtype: Any = types.int64, device: Any = None, layout: Any = None
    ) -> Tensor:
        for what, n in (("row", row), ("col", col)):
            if n < 0:
                raise errors.runtime(f"{what} must be non-negative, got{n}")
        return wrap(np.stack(find(row, offset, col)).astype(dtype.np))

    public.__name__, public.__doc__ = name, doc
    function(
        name=name,
        samples=lambda m: [m(3, 3), m(2, 4, 1), m(4, 2, -1), m(0, 3), m(3, 3, dtype=m.torch.int32)],
        errors=lambda m: [m.error(RuntimeError, "row must be non-negative, got-1", -1, 3)],
    )(public)


_triangle("tril_indices", np.tril_indices, "Rows and columns of the lower triangle of a matrix.")
_triangle("triu_indices", np.triu_indices, "Rows and columns of the upper triangle of a matrix.")


@function(
    methods="combinations",
    samples=lambda m: [
        m(m.f(4)),
        m(m.f(4), 3),
        m(m.f(3), 2, True),
        m(m.f(3), 1),
        m(m.f(3), 0),
        m(m.nc(3)),
        m(m.f(0)),
        m(m.i(3)),
        m.without("0-d", "a vector"),
    ],
    errors=lambda m: [
        m.error(RuntimeError, "Expect a 1D vector, but got shape [2, 2]", m.f(2, 2)),
        m.error(RuntimeError, "Expect a non-negative number, but got -1", m.f(2), -1),
    ],
)
def combinations(input: Tensor, r: int = 2, with_replacement: bool = False) -> Tensor:
    """All choices of ``r`` elements of a vector, one a row."""
    if not isinstance(input, Tensor):
        raise errors.not_a_tensor("combinations", "input", 1, input)
    if input._a.ndim != 1:
        raise errors.runtime(f"Expect a 1D vector, but got shape {list(input._a.shape)}")
    if r < 0:
        raise errors.runtime(f"Expect a non-negative number, but got {r}")
    if r == 0:
        return wrap(np.empty(0, input._a.dtype))
    choices = list((multisets if with_replacement else subsets)(range(input._a.size), r))
    index = np.array(choices, np.int64).reshape(-1, r)
    columns = [input.index_select(0, wrap(np.ascontiguousarray(index[:, i]))) for i in range(r)]
    return REGISTRY["stack"].public(columns, 1)  # type: ignore[no-any-return]


@function(
    samples=lambda m: [
        m(m.f(2), m.f(3)),
        m(m.f(2), m.f(2), m.f(2)),
        m(m.f(3)),
        m(m.nc(3), m.f(2)),
        m(m.f(0), m.f(2)),
        m(m.i(2), m.i(2)),
        m.without("0-d", "vectors"),
    ],
    errors=lambda m: [m.error(RuntimeError, "Expect a 1D vector, but got shape [2, 2]", m.f(2, 2))],
)
def cartesian_prod(*tensors: Any) -> Tensor:
    """All tuples of one element of each vector, one a row."""
    if len(tensors) == 1 and isinstance(tensors[0], (tuple, list)):
        tensors = tuple(tensors[0])
    for x in tensors:
        if x._a.ndim != 1:
            raise errors.runtime(f"Expect a 1D vector, but got shape {list(x._a.shape)}")
    if len(tensors) == 1:
        return tensors[0]  # type: ignore[no-any-return]
    grid = FUNCTIONS["meshgrid"].fn(*tensors, indexing="ij")
    return REGISTRY["stack"].public([x.flatten() for x in grid], 1)  # type: ignore[no-any-return]


@function(
    samples=lambda m: [
        m(m.f(3)).value_only("torch fails backward"),
        m(m.f(3), 2).value_only("torch fails backward"),
        m(m.f(3), 4, True).value_only("torch fails backward"),
        m(m.nc(3)).value_only("torch fails backward"),
        m(m.f(0), 2).value_only("torch fails backward"),
        m(m.i(3)),
        m(m.f(3), 0).value_only("torch fails backward"),
        m(m.f(3), 1).value_only("torch fails backward"),
        m.without("0-d", "a vector"),
    ],
    errors=lambda m: [m.error(RuntimeError, "x must be a one-dimensional tensor.", m.f(2, 2))],
)
def vander(x: Tensor, N: int | None = None, increasing: bool = False) -> Tensor:
    """The powers of each element as a row, from high to low."""
    if not isinstance(x, Tensor):
        raise errors.not_a_tensor("vander", "x", 1, x)
    if x._a.ndim != 1:
        raise errors.runtime("x must be a one-dimensional tensor.")
    n = x._a.size if N is None else N
    if n < 0:
        raise errors.runtime("N must be non-negative.")
    like = x.to(types.int64) if x.dtype.category < types.FLOATING else x
    ones = wrap(np.ones((x._a.size, min(n, 1)), like._a.dtype))
    result = ones
    if n > 1:
        powers = like.unsqueeze(1).expand(x._a.size, n - 1).cumprod(1)
        result = REGISTRY["cat"].public([ones, powers], 1)
    return result if increasing else REGISTRY["flip"].public(result, (1,))  # type: ignore[no-any-return]
