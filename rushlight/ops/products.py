"""Products that add (baddbmm, addmv, addr), contract (inner, tensordot) or spread (kron, cross)."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import errors, types
from ..errors import check_dim
from ..functions import function
from ..kernels.iteration import is_half
from ..kernels.layouts import as_operands_lie
from ..kernels.strides import broadcast_shapes
from ..op import opaque
from ..readers import REGISTRY
from ..tensor import Tensor
from ..writing import write_out
from .matmul import _product, check_added, dot, matmul, mm, mv, needs_tensors, scaled, unsafe_view, wide

_NO_0D = "0-d", "products take vectors or matrices"


def _times(g: Any, factor: Any) -> Any:
    return g if factor == 1 else g * factor.conjugate()


@opaque(
    out="exact partial",
    methods="baddbmm baddbmm_",
    samples=lambda m: [
        m(m.f(2, 3, 2), m.f(2, 3, 4), m.f(2, 4, 2)),
        m(m.f(2), m.f(2, 3, 4), m.f(2, 4, 2), beta=2, alpha=0.5),
        m(m.f(), m.f(1, 2, 2), m.f(1, 2, 2)),
        m(m.f(0, 2, 2), m.f(0, 2, 2), m.f(0, 2, 2)),
        m(m.nc(2, 2, 2), m.nc(2, 2, 2), m.f(2, 2, 2)),
        m(m.f(2, 2, 2), m.f(2, 2, 2), m.f(2, 2, 2), beta=0),
        m(m.i(1, 2, 2), m.i(1, 2, 2), m.i(1, 2, 2)),
    ],
    errors=lambda m: [
        m.error(
            RuntimeError,
            "The expanded size of the tensor (3) must match the existing size (4)",
            m.f(4, 4),
            m.f(2, 3, 3),
            m.f(2, 3, 3),
        ),
        m.error(
            RuntimeError,
            "Expected size for first two dimensions of batch2 tensor to be: [2, 3] but got: [2, 4]",
            m.f(2, 3, 3),
            m.f(2, 3, 3),
            m.f(2, 4, 3),
        ),
    ],
)
def baddbmm(k, input, batch1, batch2, *, beta=1, alpha=1):
    """``beta * input + alpha * batch1 @ batch2``."""
    return scaled(*wide(batch1, batch2), input, beta, alpha)


@baddbmm.prepare
def _(input, batch1, batch2, *, beta=1, alpha=1):
    needs_tensors("baddbmm", ("input", input), ("batch1", batch1), ("batch2", batch2))
    REGISTRY["bmm"].preparer(batch1, batch2)
    if isinstance(input, Tensor):
        check_added(input, (batch1.shape[0], batch1.shape[1], batch2.shape[2]))
    return (input, batch1, batch2), {"beta": beta, "alpha": alpha}


@baddbmm.vjp("input")
def _(k, g, beta):
    return _times(g, beta)


@baddbmm.vjp("batch1")
def _(k, g, batch2, alpha):
    return _times(k.bmm(g, k.conj(k.transpose(batch2, 1, 2))), alpha)


@baddbmm.vjp("batch2")
def _(k, g, batch1, alpha):
    return _times(k.bmm(k.conj(k.transpose(batch1, 1, 2)), g), alpha)


@opaque(
    out="exact partial",
    methods="addbmm addbmm_",
    samples=lambda m: [
        m(m.f(3, 2), m.f(2, 3, 4), m.f(2, 4, 2)),
        m(m.f(2), m.f(2, 3, 4), m.f(2, 4, 2), beta=2, alpha=0.5),
        m(m.f(), m.f(1, 2, 2), m.f(1, 2, 2)),
        m(m.f(2, 2), m.f(0, 2, 2), m.f(0, 2, 2)),
        m(m.nc(2, 2), m.nc(2, 2, 2), m.f(2, 2, 2)),
    ],
    errors=lambda m: [
        m.error(
            RuntimeError,
            "The expanded size of the tensor (3) must match the existing size (4)",
            m.f(4, 4),
            m.f(2, 3, 3),
            m.f(2, 3, 3),
        ),
    ],
)
def addbmm(k, input, batch1, batch2, *, beta=1, alpha=1):
    """``beta * input + alpha * sum of batch1[i] @ batch2[i]``."""
    if is_half(batch1.dtype) and len(batch1):  # PyTorch adds one product after another, and rounds each time
        for n, (a, b) in enumerate(zip(batch1, batch2, strict=True)):
            input = scaled(*wide(a, b), input, 1 if n else beta, alpha)
        return input
    return scaled(np.add.reduce(_product(batch1, batch2), axis=0), batch1.dtype, input, beta, alpha)


@addbmm.prepare
def _(input, batch1, batch2, *, beta=1, alpha=1):
    needs_tensors("addbmm", ("input", input), ("batch1", batch1), ("batch2", batch2))
    REGISTRY["bmm"].preparer(batch1, batch2)
    if isinstance(input, Tensor):
        check_added(input, (batch1.shape[1], batch2.shape[2]))
    return (input, batch1, batch2), {"beta": beta, "alpha": alpha}


@addbmm.vjp("input")
def _(k, g, beta):
    return _times(g, beta)


@addbmm.vjp("batch1")
def _(k, g, batch1_shape, batch2, alpha):
    wide = k.broadcast_gradient(g, size=(batch1_shape[0], *g.shape))
    return _times(k.bmm(wide, k.conj(k.transpose(batch2, 1, 2))), alpha)


@addbmm.vjp("batch2")
def _(k, g, batch1, alpha):
    wide = k.broadcast_gradient(g, size=(batch1.shape[0], *g.shape))
    return _times(k.bmm(k.conj(k.transpose(batch1, 1, 2)), wide), alpha)


@opaque(
    out="exact partial",
    methods="addmv addmv_",
    samples=lambda m: [
        m(m.f(2), m.f(2, 3), m.f(3)),
        m(m.f(), m.f(2, 3), m.f(3), beta=2, alpha=0.5),
        m(m.f(1), m.f(2, 3), m.f(3)),
        m(m.f(0), m.f(0, 3), m.f(3)),
        m(m.nc(2), m.nc(2, 3), m.f(3)),
    ],
    errors=lambda m: [
        m.error(RuntimeError, "size mismatch, got input (3), mat (3x3), vec (4)", m.f(3), m.f(3, 3), m.f(4)),
        m.error(RuntimeError, "vector + matrix @ vector expected, got 1, 1, 1", m.f(3), m.f(3), m.f(3)),
    ],
)
def addmv(k, input, mat, vec, *, beta=1, alpha=1):
    """``beta * input + alpha * mat @ vec``."""
    return scaled(*wide(mat, vec), input, beta, alpha)


@addmv.prepare
def _(input, mat, vec, *, beta=1, alpha=1):
    needs_tensors("addmv", ("input", input), ("mat", mat), ("vec", vec))
    mv.preparer(mat, vec)
    return (input, mat, vec), {"beta": beta, "alpha": alpha}


@addmv.vjp("input")
def _(k, g, beta):
    return _times(g, beta)


@addmv.vjp("mat")
def _(k, g, vec, alpha):
    return _times(k.unsqueeze(g, 1) * k.conj(vec), alpha)


@addmv.vjp("vec")
def _(k, g, mat, alpha):
    return _times(k.mv(k.conj(k.t(mat)), g), alpha)


@opaque(
    out="partial",
    methods="addr addr_",
    samples=lambda m: [
        m(m.f(2, 3), m.f(2), m.f(3)),
        m(m.f(3), m.f(2), m.f(3), beta=2, alpha=0.5),
        m(m.f(), m.f(2), m.f(3)),
        m(m.f(0, 3), m.f(0), m.f(3)),
        m(m.nc(2, 3), m.nc(2), m.f(3)),
        m(m.i(2, 2), m.i(2), m.i(2)),
    ],
    errors=lambda m: [
        m.error(
            RuntimeError,
            "The expanded size of the tensor (4) must match the existing size (3)",
            m.f(3, 3),
            m.f(4),
            m.f(3),
        ),
        m.error(RuntimeError, "addr: Expected 1-D argument vec1, but got 2-D", m.f(3, 3), m.f(3, 3), m.f(3)),
    ],
)
def addr(k, input, vec1, vec2, *, beta=1, alpha=1):
    """``beta * input + alpha * outer(vec1, vec2)``."""
    column = vec1[:, None]
    product = column * vec2
    return as_operands_lie(scaled(product, product.dtype, input, beta, alpha), (input, column, vec2[None]))


@addr.prepare
def _(input, vec1, vec2, *, beta=1, alpha=1):
    needs_tensors("addr", ("input", input), ("vec1", vec1), ("vec2", vec2))
    for name, x in (("vec1", vec1), ("vec2", vec2)):
        if x.ndim != 1:
            raise errors.runtime(f"addr: Expected 1-D argument {name}, but got {x.ndim}-D")
    if isinstance(input, Tensor):
        check_added(input, (vec1.shape[0], vec2.shape[0]))
    return (input, vec1, vec2), {"beta": beta, "alpha": alpha}


@addr.vjp("input")
def _(k, g, beta):
    return _times(g, beta)


@addr.vjp("vec1")
def _(k, g, vec2, alpha):
    return _times(k.mv(g, k.conj(vec2)), alpha)


@addr.vjp("vec2")
def _(k, g, vec1, alpha):
    return _times(k.mv(k.t(g), k.conj(vec1)), alpha)


@opaque(
    methods="vdot",
    samples=lambda m: [
        m(m.f(3), m.f(3)),
        m(m.nc(3), m.nc(3)),
        m(m.f(0), m.f(0)),
        m(m.i(3), m.i(3)),
        m(m.c(2), m.c(2)),
        m.without(*_NO_0D),
    ],
    errors=lambda m: [
        m.error(RuntimeError, "inconsistent tensor size", m.f(3), m.f(4)),
        m.error(RuntimeError, "1D tensors expected, but got 2D and 1D tensors", m.f(3, 3), m.f(3)),
    ],
)
def vdot(k, input, other):
    """The inner product of two vectors, the first conjugated."""
    return np.asarray(_product(np.conjugate(input), other))


@vdot.prepare
def _(input, other):
    return REGISTRY["dot"].preparer(input, other)


@vdot.vjp("input")
def _(k, g, other):
    return k.conj(g) * other


@vdot.vjp("other")
def _(k, g, input):
    return g * input


@opaque(
    torch_name="linalg.cross",
    out="exact apart",
    samples=lambda m: [
        m(m.f(2, 3), m.f(2, 3)),
        m(m.f(3, 2), m.f(3, 2), dim=0),
        m(m.f(3), m.f(2, 3)),
        m(m.nc(2, 3), m.f(1, 3)),
        m(m.f(0, 3), m.f(0, 3)),
        m(m.i(3), m.i(3)),
        m.without("0-d", "vectors of three"),
    ],
    errors=lambda m: [
        m.error(RuntimeError, "must have length 3", m.f(2, 2), m.f(2, 2)),
        m.error(RuntimeError, "at non-singleton dimension 0", m.f(2, 3), m.f(4, 3)),
    ],
    grad_name="LinalgCrossBackward0",
)
def cross_product(k, input, other, *, dim=-1):
    """The vector product along a dimension of size 3."""
    shape = broadcast_shapes(input.shape, other.shape)
    a, b = np.moveaxis(np.broadcast_to(input, shape), dim, 0), np.moveaxis(np.broadcast_to(other, shape), dim, 0)
    out = np.empty(a.shape, a.dtype)
    for i in range(3):
        p, q = (i + 1) % 3, (i + 2) % 3
        out[i] = a[p] * b[q] - a[q] * b[p]
    return np.ascontiguousarray(np.moveaxis(out, 0, dim))


@cross_product.prepare
def _(input, other, *, dim=-1):
    needs_tensors("linalg_cross", ("input", input), ("other", other))
    if input.ndim != other.ndim:
        raise errors.runtime("linalg.cross: inputs must have the same number of dimensions.")
    for x in (input, other):
        if x.shape[check_dim(dim, x.ndim)] != 3:
            raise errors.runtime(
                f"linalg.cross: inputs dimension {dim} must have length 3. Got {input.shape[dim]} and {other.shape[dim]}"
            )
    return (input, other), {"dim": dim if dim < 0 else dim - input.ndim}


@cross_product.vjp("input")
def _(k, g, other, dim):
    return k.cross_product(k.conj(other), g, dim=dim)


@cross_product.vjp("other")
def _(k, g, input, dim):
    return k.cross_product(g, k.conj(input), dim=dim)


@function(
    methods="cross",
    samples=lambda m: [
        m(m.f(2, 3), m.f(2, 3)),
        m(m.f(3, 2), m.f(3, 2), 0),
        m(m.f(3), m.f(3)),
        m(m.nc(2, 3), m.f(2, 3), 1),
        m(m.f(0, 3), m.f(0, 3), 1),
        m.without("0-d", "vectors of three"),
    ],
    errors=lambda m: [
        m.error(RuntimeError, "no dimension of size 3 in input", m.f(2, 2), m.f(2, 2)),
        m.error(IndexError, "Dimension out of range", m.f(2, 3), m.f(2, 3), 5),
    ],
)
def cross(input: Tensor, other: Tensor, dim: int | None = None, *, out: Any = None) -> Tensor:
    """The vector product along ``dim``, or along the first dimension of size 3."""
    if not isinstance(input, Tensor):
        raise errors.not_a_tensor("cross", "input", 1, input)
    if dim is None:
        found = [i for i, n in enumerate(input._a.shape) if n == 3]
        if not found:
            raise errors.runtime("no dimension of size 3 in input")
        dim = found[0]
    result = cross_product.public(input, other, dim=check_dim(dim, input._a.ndim))
    return result if out is None else write_out("cross", out, result, (input, other), "exact apart")  # type: ignore[no-any-return]


# --- composed ---------------------------------------------------------------------------------------------------------
def _folded(x: Tensor, kept: list[int], summed: list[int], first: bool) -> Tensor:
    order = kept + summed if first else summed + kept
    rows, columns = (kept, summed) if first else (summed, kept)
    return x.permute(*order).reshape(  # type: ignore[no-any-return]
        int(np.prod([x._a.shape[i] for i in rows])), int(np.prod([x._a.shape[i] for i in columns]))
    )


@function(
    samples=lambda m: [
        m(m.f(2, 3), m.f(3, 2), 1),
        m(m.f(2, 3), m.f(2, 3), 2),
        m(m.f(2, 3, 2), m.f(3, 2), dims=([1], [0])),
        m(m.f(2, 3), m.f(2), 0),
        m(m.nc(3, 2), m.f(2, 3), 1),
        m(m.f(0, 3), m.f(3, 2), 1),
        m(m.f(2, 3, 2), m.f(2, 3, 4)),
        m.without("0-d", "it contracts dimensions"),
    ],
    errors=lambda m: [
        m.error(
            RuntimeError,
            "contracted dimensions need to match, but first has size 3 in dim 1 and second has size 2 in dim 0",
            m.f(3, 3),
            m.f(2, 2),
            ([1], [0]),
        ),
        m.error(RuntimeError, "tensordot expects dims >= 0, but got dims=-1", m.f(2), m.f(2), -1),
    ],
)
def tensordot(a: Tensor, b: Tensor, dims: Any = 2, out: Any = None) -> Tensor:
    """Products summed over pairs of dimensions: the last ``dims`` of ``a`` with the first of ``b``, or two lists of dimensions."""
    if isinstance(dims, Tensor):
        dims = dims.tolist()
    if isinstance(dims, int):
        if dims < 0:
            raise errors.runtime(f"tensordot expects dims >= 0, but got dims={dims}")
        if dims > min(a._a.ndim, b._a.ndim):
            raise errors.runtime(f"tensordot expects dims < ndim_a or ndim_b, but got dims={dims}")
        dims = (list(range(-dims, 0)), list(range(dims)))
    first, second = ([d] if isinstance(d, int) else list(d) for d in dims)
    if len(first) != len(second):
        raise errors.runtime("both dimension lists should have same length")
    if a._a.dtype is not b._a.dtype:
        raise errors.runtime("both inputs should have same dtype", f"They have {a.dtype} and {b.dtype}.")
    for i, j in zip(first, second, strict=True):
        n, o = a._a.shape[check_dim(i, a._a.ndim)], b._a.shape[check_dim(j, b._a.ndim)]
        if n != o and 1 not in (n, o):
            raise errors.runtime(
                f"contracted dimensions need to match, but first has size {n} in dim {i} and second has size {o} in dim {j}"
            )
        if o == 1:  # a size of 1 is repeated: the other is summed first
            a = a.sum(i, keepdim=True, dtype=a.dtype)
        elif n == 1:
            b = b.sum(j, keepdim=True, dtype=b.dtype)
    sum_a, sum_b = [check_dim(d, a._a.ndim) for d in first], [check_dim(d, b._a.ndim) for d in second]
    keep_a = [i for i in range(a._a.ndim) if i not in sum_a]
    keep_b = [i for i in range(b._a.ndim) if i not in sum_b]
    if all(x._a.shape[i] == 1 for x, kept in ((a, keep_a), (b, keep_b)) for i in kept):  # one number
        product = dot.public(a.permute(*keep_a, *sum_a).reshape(-1), b.permute(*sum_b, *keep_b).reshape(-1))
    else:
        product = mm.public(_folded(a, keep_a, sum_a, True), _folded(b, keep_b, sum_b, False))
    result = product.view([a._a.shape[i] for i in keep_a] + [b._a.shape[i] for i in keep_b])
    return result if out is None else write_out("tensordot", out, result, (), "exact")  # type: ignore[no-any-return]


@function(
    methods="inner",
    samples=lambda m: [
        m(m.f(2, 3), m.f(2, 3)),
        m(m.f(3), m.f(3)),
        m(m.f(2, 3), m.f()),
        m(m.f(2, 2, 3), m.f(3)),
        m(m.nc(2, 3), m.f(2, 3)),
        m(m.f(0, 3), m.f(2, 3)),
    ],
    errors=lambda m: [
        m.error(
            RuntimeError,
            "inner() the last dimension must match on both input tensors but got shapes [3, 3] and [4]",
            m.f(3, 3),
            m.f(4),
        ),
    ],
)
def inner(input: Tensor, other: Tensor, *, out: Any = None) -> Tensor:
    """Products summed over the last dimension of both."""
    if not isinstance(input, Tensor):
        raise errors.not_a_tensor("inner", "input", 1, input)
    if not isinstance(other, Tensor):
        raise errors.not_a_tensor("inner", "other", 2, other)
    if not input._a.ndim or not other._a.ndim:
        result = input * other
    else:
        if input._a.shape[-1] != other._a.shape[-1]:
            raise errors.runtime(
                "inner() the last dimension must match on both input tensors but got shapes "
                f"{list(input._a.shape)} and {list(other._a.shape)}"
            )
        result = tensordot(input, other, ([-1], [-1]))
    return result if out is None else write_out("inner", out, result, (), "exact")  # type: ignore[no-any-return]


@function(
    methods="kron",
    samples=lambda m: [
        s.other_nodes("a view of its own name in torch")
        for s in (
            m(m.f(2, 3), m.f(3, 2)),
            m(m.f(3), m.f(2, 2)),
            m(m.f(), m.f(2)),
            m(m.f(0, 2), m.f(2, 2)),
            m(m.nc(3), m.f(2)),
            m(m.i(2), m.f(2)),
        )
    ],
    errors=lambda m: [m.error(TypeError, "kron(): argument 'other' (position 2) must be Tensor, not int", m.f(2), 3)],
)
def kron(input: Tensor, other: Tensor, *, out: Any = None) -> Tensor:
    """Kronecker's product: each element of the first times the whole second."""
    needs_tensors("kron", ("input", input), ("other", other))
    n = max(input._a.ndim, other._a.ndim)
    a = (1,) * (n - input._a.ndim) + input._a.shape
    b = (1,) * (n - other._a.ndim) + other._a.shape
    left = input.reshape([s for p in a for s in (p, 1)])
    right = other.reshape([s for q in b for s in (1, q)])
    result = unsafe_view.public(left * right, size=tuple([p * q for p, q in zip(a, b, strict=True)]))
    return result if out is None else write_out("kron", out, result, (input, other), "partial")  # type: ignore[no-any-return]


@function(
    name="linalg.vecdot",
    samples=lambda m: [
        s.other_nodes("composed otherwise")
        for s in (
            m(m.f(3), m.f(3)),
            m(m.f(2, 3), m.f(3)),
            m(m.f(2, 3), m.f(2, 3), dim=0),
            m(m.f(0, 3), m.f(3)),
            m(m.nc(2, 3), m.f(3)),
            m(m.f(), m.f()),
            m(m.c(3), m.c(3)),
        )
    ],
    errors=lambda m: [m.error(RuntimeError, "at non-singleton dimension", m.f(2, 3), m.f(3, 3))],
)
def vecdot(x: Tensor, y: Tensor, *, dim: int = -1, out: Any = None) -> Tensor:
    """Inner products along ``dim``, the first conjugated."""
    if x._a.dtype.kind in "biu":
        kind = types.scalar_name(x.dtype)
        raise errors.runtime(f"linalg.vecdot: Expected a floating point or complex tensor as input. Got {kind}")
    result = (x.conj() * y).sum(dim)
    return result if out is None else write_out("linalg_vecdot", out, result, (), "exact loose")  # type: ignore[no-any-return]


def _cheapest(sizes: list[int]) -> list[list[int]]:
    """The best place to split each run of a chain of products, by the count of multiplications (Cormen et al., 15.2)."""
    n = len(sizes) - 1
    cost = [[0] * n for _ in range(n)]
    split = [[0] * n for _ in range(n)]
    for length in range(1, n):
        for i in range(n - length):
            j = i + length
            options = [(cost[i][s] + cost[s + 1][j] + sizes[i] * sizes[s + 1] * sizes[j + 1], s) for s in range(i, j)]
            cost[i][j], split[i][j] = min(options)
    return split


@function(
    name="linalg.multi_dot",
    samples=lambda m: (
        [
            s.other_nodes("a view in torch")
            for s in (
                m([m.f(2, 3), m.f(3, 2), m.f(2, 4)]),
                m([m.f(3), m.f(3, 2), m.f(2)]),
                m([m.f(2, 3), m.f(3)]),
                m([m.nc(2, 3), m.f(3, 2)]),
                m([m.f(0, 3), m.f(3, 2)]),
            )
        ]
        + [m.without(*_NO_0D)]
    ),
    errors=lambda m: [
        m.error(RuntimeError, "multi_dot(): expected at least 2 tensors but got 1", [m.f(2, 2)]),
    ],
)
def multi_dot(tensors: Any, *, out: Any = None) -> Tensor:
    """The product of a chain of matrices in the cheapest order; the first and the last may be vectors."""
    xs = list(tensors)
    if len(xs) < 2:
        raise errors.runtime(f"multi_dot(): expected at least 2 tensors but got {len(xs)}")
    row, column = xs[0]._a.ndim == 1, xs[-1]._a.ndim == 1
    if row:
        xs[0] = xs[0].unsqueeze(0)
    if column:
        xs[-1] = xs[-1].unsqueeze(1)
    for i, x in enumerate(xs):
        if x._a.ndim != 2:
            raise errors.runtime(f"multi_dot(): tensor {i} must be 2D but got {x._a.ndim}D")
    split = _cheapest([x._a.shape[0] for x in xs] + [xs[-1]._a.shape[1]])

    def product(i: int, j: int) -> Tensor:
        return xs[i] if i == j else mm.public(product(i, split[i][j]), product(split[i][j] + 1, j))  # type: ignore[no-any-return]

    result = product(0, len(xs) - 1)
    result = result.squeeze(0) if row else result
    result = result.squeeze(-1) if column else result
    return result if out is None else write_out("linalg_multi_dot", out, result, (), "exact loose")  # type: ignore[no-any-return]


@function(
    samples=lambda m: [
        m(m.f(2, 3), m.f(3, 2), m.f(2, 2)).other_nodes("a view in torch"),
        m(m.f(2, 3)),
        m(m.nc(2, 3)),
        m(m.f(0, 2)),
        m.without(*_NO_0D),
    ],
    errors=lambda m: [m.error(RuntimeError, "chain_matmul(): Expected one or more matrices")],
)
def chain_matmul(*matrices: Tensor, out: Any = None) -> Tensor:
    """The product of a chain of matrices in the cheapest order."""
    if not matrices:
        raise errors.runtime("chain_matmul(): Expected one or more matrices")
    return REGISTRY["clone"].public(matrices[0]) if len(matrices) == 1 else multi_dot(matrices, out=out)


def power(x: Tensor, n: int) -> Tensor:
    """``x @ x @ ...`` by repeated squaring, n >= 1."""
    result, square = None, x
    while n:
        if n & 1:
            result = square if result is None else matmul(result, square)
        n >>= 1
        if n:
            square = matmul(square, square)
    assert result is not None
    return result
