"""Matrix products, through NumPy's BLAS."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import errors, types
from ..autograd.mode import recording
from ..functions import function
from ..kernels import double_products, gemm
from ..kernels.copies import cast
from ..kernels.iteration import is_half
from ..kernels.outer import product as long_outer
from ..kernels.products import inner_product
from ..op import opaque
from ..override import dispatch_override, has_override, takes_over
from ..plain import PLAIN_TENSORS, is_rare, pair, shortened
from ..readers import arrays
from ..routes import routed
from ..tensor import Tensor, of_inference, requires_grad, wrap
from ..writing import write_out


def _same_dtype(a: Any, b: Any, names: str = "m1 and m2") -> None:
    x, y = (types.of_array(v._a if isinstance(v, Tensor) else v) for v in (a, b))
    if x is not y:
        raise errors.runtime(
            f"expected {names} to have the same dtype, but got: {_c_name(x)} != {_c_name(y)}",
            "Convert one of them with .to(dtype).",
        )


def _c_name(t: types.dtype) -> str:
    return {"float32": "float", "float64": "double", "int64": "long int", "int32": "int", "float16": "c10::Half"}.get(
        t.name, t.name
    )


def _product(a: Any, b: Any) -> Any:
    """``a @ b``; 16-bit floats are multiplied in float32 and rounded once."""
    dt = a.dtype
    if dt is F32 and b.dtype is F32:
        exact: Any = None
        if a.ndim == b.ndim == 2:
            exact = gemm.product(a, b)
        elif a.ndim == 3:
            exact = gemm.products(a, b)
        elif a.ndim == 1:
            exact = inner_product(a, b)
        elif a.ndim == 2 and (exact := gemm.product(a, b[:, None])) is not None:
            exact = exact[:, 0]
        if exact is not None:
            return exact
    elif dt is F64 and b.dtype is F64:
        exact = _double_product(a, b)
        if exact is not None:
            return exact
    elif is_half(dt):
        return cast(_product(cast(a, F32), cast(b, F32)), dt)
    return np.matmul(a, b)


def _double_product(a: Any, b: Any) -> Any:
    if a.ndim == b.ndim == 2:
        return double_products.product(a, b)
    if a.ndim == 3:
        return double_products.products(a, b)
    return double_products.inner_product(a, b) if a.ndim == 1 else double_products.vector_product(a, b)


def stacked_product(a: Any, b: Any) -> Any:
    """``a @ b`` of arrays of matrices, as ``torch.matmul`` adds it: matrices, or batches of one shape."""
    batch = a.shape[:-2]
    if batch != b.shape[:-2] or a.dtype is not b.dtype:
        return np.matmul(a, b)
    if not batch:
        return _product(a, b)
    found = (
        _product(a.reshape(-1, *a.shape[-2:]), b.reshape(-1, *b.shape[-2:])) if a.size and b.size else np.matmul(a, b)
    )
    return found.reshape(*batch, *found.shape[-2:])


def wide(a: Any, b: Any) -> tuple[Any, Any]:
    """``a @ b``, of 16-bit floats in float32, and the dtype it is to be rounded to."""
    if is_half(a.dtype):
        return _product(cast(a, F32), cast(b, F32)), a.dtype
    return _product(a, b), a.dtype


def scaled(product: Any, dtype: Any, input: Any, beta: Any, alpha: Any) -> Any:
    """``beta * input + alpha * product``, which may be overwritten; rounded once if ``dtype`` is narrower than the product's."""
    t = product.dtype.type
    if alpha != 1:
        product *= t(alpha)
    if beta != 0:
        input = cast(input, product.dtype)
        product += input if beta == 1 else input * t(beta)
    return cast(product, dtype)


def needs_tensors(name: str, *pairs: tuple[str, Any]) -> None:
    """Refuse what is no tensor, by argument."""
    for position, (argument, x) in enumerate(pairs, 1):
        if not isinstance(x, (Tensor, np.ndarray, np.generic)):
            raise errors.not_a_tensor(name, argument, position, x)


F32, F64 = np.dtype(np.float32), np.dtype(np.float64)
_NO_0D = "0-d", "products take vectors or matrices"


@opaque(
    methods="mm",
    refuses={"bool": "addmm_impl_cpu_"},
    refuses_where="elements",
    samples=lambda m: [
        m(m.f(2, 3), m.f(3, 4)),
        m(m.nc(3, 2), m.f(2, 2)),
        m(m.f(0, 3), m.f(3, 2)),
        m(m.f(2, 0), m.f(0, 3)),
        m(m.i(2, 2), m.i(2, 2)),
        m(m.c(2, 2), m.c(2, 2)),
        m(m.b(2, 2), m.b(2, 2)),
        m(m.f(1, 3), m.nc(3, 1)),
        m.without(*_NO_0D),
    ],
    errors=lambda m: [
        m.error(RuntimeError, "mat1 and mat2 shapes cannot be multiplied (2x3 and 2x3)", m.f(2, 3), m.f(2, 3)),
        m.error(RuntimeError, "self must be a matrix", m.f(3), m.f(3, 2)),
        m.error(RuntimeError, "mat2 must be a matrix", m.f(3, 3), m.f(3)),
        m.error(
            RuntimeError, "expected m1 and m2 to have the same dtype, but got: double != long int", m.f(2, 2), m.i(2, 2)
        ),
        m.error(TypeError, "mm(): argument 'mat2' (position 2) must be Tensor, not str", m.f(2, 2), "text"),
    ],
)
def mm(k, input, mat2, *, turned=(False, False)):
    """The matrix product of two matrices."""
    return _product(input, mat2)


@mm.check
def _(input, mat2):
    if isinstance(input, Tensor) and isinstance(mat2, Tensor):
        a, b = input._a, mat2._a
        if a.ndim == b.ndim == 2 and a.shape[1] == b.shape[0] and a.dtype is b.dtype:
            return (input, mat2), {"turned": (by_columns(a), by_columns(b))}  # nothing to explain
    else:
        needs_tensors("mm", ("input", input), ("mat2", mat2))
        a, b = input, mat2
    for name, x in (("self", a), ("mat2", b)):
        if x.ndim != 2:
            raise errors.runtime(f"{name} must be a matrix", f"It has shape {list(x.shape)}.")
    if a.shape[1] != b.shape[0]:
        raise errors.runtime(
            f"mat1 and mat2 shapes cannot be multiplied ({a.shape[0]}x{a.shape[1]} and {b.shape[0]}x{b.shape[1]})",
            "The columns of the first must be as many as the rows of the second.",
        )
    if a.dtype is not b.dtype:
        _same_dtype(input, mat2)
    return (input, mat2), {"turned": (by_columns(a), by_columns(b))}


def by_columns(a: Any) -> bool:
    """Whether a matrix lies in memory column after column, as a transposed one does."""
    step, strides = a.itemsize, a.strides
    return strides[0] == step and strides[1] == step * a.shape[0]  # type: ignore[no-any-return]


def left_gradient(k: Any, g: Any, mat2: Any, turned: bool) -> Any:
    """The gradient of ``mat1`` in ``mat1 @ mat2``, in the layout of ``mat1``, so that a weight gets its own without a copy."""
    if k is arrays and g.dtype is F32 and mat2.dtype is F32:  # what most products of a network come to
        found = gemm.product(mat2, g.T) if turned else gemm.product(g, mat2.T)
        if found is not None:
            return found.T if turned else found
    return k.t(k.mm(k.conj(mat2), k.t(g))) if turned else k.mm(g, k.conj(k.t(mat2)))


def right_gradient(k: Any, g: Any, mat1: Any, turned: bool) -> Any:
    """The gradient of ``mat2`` in ``mat1 @ mat2``, in the layout of ``mat2``."""
    if k is arrays and g.dtype is F32 and mat1.dtype is F32:
        found = gemm.product(g.T, mat1) if turned else gemm.product(mat1.T, g)
        if found is not None:
            return found.T if turned else found
    return k.t(k.mm(k.t(g), k.conj(mat1))) if turned else k.mm(k.conj(k.t(mat1)), g)


@mm.vjp("input")
def _(k, g, mat2, turned):
    return left_gradient(k, g, mat2, turned[0])


@mm.vjp("mat2")
def _(k, g, input, turned):
    return right_gradient(k, g, input, turned[1])


@opaque(
    out="exact loose",
    methods="bmm",
    refuses={"bool": "bmm"},
    refuses_where="elements",
    samples=lambda m: [
        m(m.f(2, 3, 4), m.f(2, 4, 2)),
        m(m.nc(2, 3, 2), m.f(2, 2, 2)),
        m(m.f(0, 2, 3), m.f(0, 3, 2)),
        m(m.f(2, 0, 3), m.f(2, 3, 2)),
        m(m.i(2, 2, 2), m.i(2, 2, 2)),
        m(m.c(2, 2, 2), m.c(2, 2, 2)),
        m.without(*_NO_0D),
    ],
    errors=lambda m: [
        m.error(RuntimeError, "batch1 must be a 3D tensor", m.f(2, 3), m.f(3, 2)),
        m.error(
            RuntimeError,
            "Expected size for first two dimensions of batch2 tensor to be: [2, 3] but got: [3, 3].",
            m.f(2, 3, 3),
            m.f(3, 3, 3),
        ),
        m.error(RuntimeError, "expected scalar type Double but found Long", m.f(2, 2, 2), m.i(2, 2, 2)),
    ],
)
def bmm(k, input, mat2):
    """Matrix products of two batches of matrices."""
    if not input.size or not mat2.size:  # of any dtypes
        return np.zeros((*input.shape[:2], mat2.shape[2]), mat2.dtype)
    return _product(input, mat2)


@bmm.check
def _(input, mat2):
    needs_tensors("bmm", ("input", input), ("mat2", mat2))
    for x in (input, mat2):
        if x.ndim != 3:
            raise errors.runtime("batch1 must be a 3D tensor" if x is input else "batch2 must be a 3D tensor")
    if input.shape[0] != mat2.shape[0] or input.shape[2] != mat2.shape[1]:
        raise errors.runtime(
            "Expected size for first two dimensions of batch2 tensor to be: "
            f"[{input.shape[0]}, {input.shape[2]}] but got: [{mat2.shape[0]}, {mat2.shape[1]}]."
        )
    if isinstance(input, Tensor) and input.dtype is not mat2.dtype and input._a.size and mat2._a.size:
        names = types.scalar_name(input.dtype), types.scalar_name(mat2.dtype)
        raise errors.runtime(
            f"expected scalar type {names[0]} but found {names[1]}", "Convert one of them with .to(dtype)."
        )
    return (input, mat2), {}


@bmm.vjp("input")
def _(k, g, mat2):
    return k.bmm(g, k.conj(k.transpose(mat2, 1, 2)))


@bmm.vjp("mat2")
def _(k, g, input):
    return k.bmm(k.conj(k.transpose(input, 1, 2)), g)


@opaque(
    out="exact loose",
    methods="mv",
    refuses={"bool": "addmv_impl_cpu"},
    refuses_where="elements",
    samples=lambda m: [
        m(m.f(2, 3), m.f(3)),
        m(m.nc(3, 2), m.nc(2)),
        m(m.f(0, 3), m.f(3)),
        m(m.f(2, 0), m.f(0)),
        m(m.i(2, 3), m.i(3)),
        m(m.c(2, 2), m.c(2)),
        m.without(*_NO_0D),
    ],
    errors=lambda m: [
        m.error(RuntimeError, "size mismatch, got input (3), mat (3x3), vec (4)", m.f(3, 3), m.f(4)),
        m.error(RuntimeError, "vector + matrix @ vector expected, got 1, 1, 2", m.f(3), m.f(3, 3)),
    ],
)
def mv(k, input, vec):
    """The product of a matrix and a vector."""
    return _product(input, vec)


@mv.check
def _(input, vec):
    if not input.ndim:
        raise errors.index("Dimension specified as 0 but tensor has no dimensions")
    if input.ndim != 2 or vec.ndim != 1:
        raise errors.runtime(f"vector + matrix @ vector expected, got 1, {input.ndim}, {vec.ndim}")
    if input.shape[1] != vec.shape[0]:
        raise errors.runtime(
            f"size mismatch, got input ({input.shape[0]}), mat ({input.shape[0]}x{input.shape[1]}), vec ({vec.shape[0]})"
        )
    _same_dtype(input, vec, "mat and vec")
    return (input, vec), {}


@mv.vjp("input")
def _(k, g, vec):
    return k.unsqueeze(g, 1) * k.conj(vec)


@mv.vjp("vec")
def _(k, g, input):
    return k.mv(k.conj(k.t(input)), g)


@opaque(
    methods="dot",
    refuses={"bool": "dot"},
    samples=lambda m: [
        m(m.f(3), m.f(3)),
        m(m.nc(3), m.nc(3)),
        m(m.f(0), m.f(0)),
        m(m.i(3), m.i(3)),
        m(m.c(2), m.c(2)),
        m.without(*_NO_0D),
    ],
    errors=lambda m: [
        m.error(RuntimeError, "inconsistent tensor size, expected tensor [3] and src [4]", m.f(3), m.f(4)),
        m.error(RuntimeError, "1D tensors expected, but got 2D and 1D tensors", m.f(3, 3), m.f(3)),
        m.error(
            RuntimeError, "dot : expected both vectors to have same dtype, but found Double and Long", m.f(2), m.i(2)
        ),
    ],
)
def dot(k, input, tensor):
    """The inner product of two vectors."""
    return np.asarray(_product(input, tensor))


@dot.check
def _(input, tensor):
    if input.ndim != 1 or tensor.ndim != 1:
        raise errors.runtime(f"1D tensors expected, but got {input.ndim}D and {tensor.ndim}D tensors")
    if input.shape[0] != tensor.shape[0]:
        raise errors.runtime(
            f"inconsistent tensor size, expected tensor [{input.shape[0]}] and src [{tensor.shape[0]}] to have the same number of "
            f"elements, but got {input.shape[0]} and {tensor.shape[0]} elements respectively"
        )
    if isinstance(input, Tensor):
        x, y = input.dtype, tensor.dtype
        if x is not y:
            raise errors.runtime(
                f"dot : expected both vectors to have same dtype, but found {types.scalar_name(x)} and {types.scalar_name(y)}"
            )
    return (input, tensor), {}


@dot.vjp("input")
def _(k, g, tensor):
    return g * k.conj(tensor)


@dot.vjp("tensor")
def _(k, g, input):
    return g * k.conj(input)


_pair = mm.short = pair(
    mm, gemm.product, double_products.product, lambda a, b: {"turned": (by_columns(a), by_columns(b))}
)


def _matmul_samples(m: Any) -> list[Any]:
    return [
        m(m.f(3), m.f(3)),
        m(m.f(2, 3), m.f(3)),
        m(m.f(3), m.f(3, 2)),
        m(m.f(2, 3), m.f(3, 2)),
        m(m.f(2, 2, 3), m.f(3)),
        m(m.f(2, 2, 3), m.f(3, 2)),
        m(m.f(2, 2, 3), m.f(2, 3, 2)),
        m(m.f(2, 1, 2, 3), m.f(2, 3, 2)),
        m(m.f(3), m.f(2, 3, 2)),
        m(m.f(2, 3), m.f(2, 3, 2)).other_nodes("folded the other way"),
        m(m.nc(3, 2), m.nc(2, 3)),
        m(m.f(0, 3), m.f(3, 2)),
        m(m.f(2, 0, 3), m.f(3, 2)),
        m(m.i(2, 2), m.i(2, 2)),
        m.without(*_NO_0D),
    ]


@function(
    methods="matmul",
    aliases="linalg.matmul",
    samples=_matmul_samples,
    errors=lambda m: [
        m.error(RuntimeError, "mat1 and mat2 shapes cannot be multiplied (3x3 and 4x2)", m.f(3, 3), m.f(4, 2)),
        m.error(RuntimeError, "size mismatch, got input (3), mat (3x3), vec (4)", m.f(3, 3), m.f(4)),
        m.error(
            RuntimeError, "both arguments to matmul need to be at least 1D, but they are 0D and 2D", m.f(), m.f(2, 2)
        ),
        m.error(TypeError, "matmul(): argument 'other' (position 2) must be Tensor, not int", m.f(2, 2), 1),
        m.error(RuntimeError, "at non-singleton dimension 0", m.f(2, 3, 3), m.f(3, 3, 3)),
        m.error(RuntimeError, "expected m1 and m2 to have the same dtype", m.f(2, 2), m.i(2, 2)),
    ],
)
@shortened(_pair)
@routed
def matmul(input: Tensor, other: Tensor, *, out: Any = None) -> Tensor:
    """The matrix product: of vectors the inner product, of matrices the product, of more dimensions batches of products.

    Raises:
        RuntimeError: for shapes that do not fit, or different dtypes.
    """
    if not (isinstance(input, Tensor) and isinstance(other, Tensor)):
        raise errors.not_tensors("matmul", input=input, other=other)
    try:
        result = _matmul(input, other)
    except errors.NoArray:
        return dispatch_override(matmul, input if has_override(input) else other, (input, other), {})  # type: ignore[no-any-return]
    if out is None:
        return result
    return write_out("matmul", out, result, (), "exact loose")  # type: ignore[no-any-return]


def check_added(input: Tensor, size: tuple[int, ...]) -> None:
    """Refuse what cannot be expanded to the size of the product it is added to."""
    have = input._a.shape
    for i in range(1, min(len(have), len(size)) + 1):
        if have[-i] not in (1, size[-i]):
            raise errors.runtime(
                f"The expanded size of the tensor ({size[-i]}) must match the existing size ({have[-i]}) at non-singleton dimension "
                f"{len(size) - i}.  Target sizes: {list(size)}.  Tensor sizes: {list(have)}"
            )
    if len(have) > len(size):
        raise errors.runtime(
            f"The number of sizes provided ({len(size)}) must be greater or equal to the number of dimensions in the tensor ({len(have)})"
        )


@opaque(public=False)
def unsafe_view(k, input, *, size):
    """A product that nobody else holds, in another shape: no view of anything."""
    return input.reshape(size)


@unsafe_view.vjp("input")
def _(k, g, input_shape):
    return k.reshape_gradient(g, size=input_shape)


def _matmul(x: Tensor, y: Tensor) -> Tensor:
    m, n = x._a.ndim, y._a.ndim
    if m == 0 or n == 0:
        raise errors.runtime(
            f"both arguments to matmul need to be at least 1D, but they are {m}D and {n}D", "Use * for numbers."
        )
    if m == 1 and n == 1:
        return dot.public(x, y)  # type: ignore[no-any-return]
    if m == 2 and n == 1:
        return mv.public(x, y)  # type: ignore[no-any-return]
    if m == 1 and n == 2:
        return mm.public(x.unsqueeze(0), y).squeeze_(0)  # type: ignore[no-any-return]
    if m == 2 and n == 2:
        return mm.public(x, y)  # type: ignore[no-any-return]
    if _folds(x, y):
        return _folded(x, y)
    if m == n == 3 and x._a.shape[0] != y._a.shape[0]:
        # a repeated matrix that needs a gradient: as one larger product it gets it without a sum over the batch
        if x._a.shape[0] == 1 and requires_grad(x):
            return _matmul(x.squeeze(0), y)
        if y._a.shape[0] == 1 and requires_grad(y):
            return _matmul(x, y.squeeze(0))
    return _batched(x, y)


def _folds(x: Tensor, y: Tensor) -> bool:
    """Whether a batch of rows times one matrix or vector is one larger product: where that copies no batch, or saves the gradient of
    the matrix a sum over the batch."""
    first = x._a.ndim >= y._a.ndim
    batch, one = (x, y) if first else (y, x)
    if batch._a.ndim < 3 or one._a.ndim > 2:
        return False
    if requires_grad(one):
        return True
    if x._a.ndim == 2:  # the product would have to be turned
        return False
    shape, strides = batch._a.shape, batch._a.strides
    if not first:
        shape, strides = (*shape[:-2], shape[-1], shape[-2]), (*strides[:-2], strides[-1], strides[-2])
    return 0 in shape or all(strides[d] == strides[d + 1] * shape[d + 1] for d in range(len(shape) - 2))


def _folded(x: Tensor, y: Tensor) -> Tensor:
    """The product of what ``_folds``."""
    turned = y._a.ndim > x._a.ndim
    batch, one = (y.mT, x.t() if x._a.ndim == 2 else x) if turned else (x, y)  # type: ignore[attr-defined]
    shape = batch._a.shape
    rows = batch.reshape(int(np.prod(shape[:-1])), shape[-1])
    product = mm.public(rows, one) if one._a.ndim == 2 else mv.public(rows, one)
    out = unsafe_view.public(product, size=(*shape[:-1], *one._a.shape[1:]))
    return out.mT.contiguous() if turned and one._a.ndim == 2 else out  # type: ignore[no-any-return]


def _batched(x: Tensor, y: Tensor) -> Tensor:
    """A product for each pair of matrices; a vector on the left is a row, on the right a column."""
    from ..kernels.strides import broadcast_shapes

    a, b = x._a.shape, y._a.shape
    batch = broadcast_shapes(a[:-2], b[:-2])
    rows, inner = a[-2:] if len(a) > 1 else (1, a[0])
    of_vector = len(b) == 1
    height, columns = (b[0], 1) if of_vector else b[-2:]
    count = int(np.prod(batch))
    if inner != height:
        raise errors.runtime(
            f"Expected size for first two dimensions of batch2 tensor to be: [{count}, {inner}] but got: [{count}, {height}].",
            f"The shapes are {list(a)} and {list(b)}.",
        )
    left = x.expand(*batch, rows, inner).reshape(count, rows, inner)
    if of_vector:
        right = y.expand(*batch, height).reshape(count, height).unsqueeze(2)  # type: ignore[attr-defined]
        return unsafe_view.public(bmm.public(left, right).squeeze(-1), size=(*batch, rows))  # type: ignore[no-any-return]
    right = y.expand(*batch, height, columns).reshape(count, height, columns)
    size = (*batch, rows, columns) if len(a) > 1 else (*batch, columns)
    return unsafe_view.public(bmm.public(left, right), size=size)  # type: ignore[no-any-return]


def _at(self: Tensor, other: Any) -> Any:
    product = _pair(self, other) if other.__class__ is not Tensor or other._a.ndim == 2 else None
    if product is None:
        return matmul(self, other) if isinstance(other, Tensor) or takes_over(other) else NotImplemented
    return product


def _rat(self: Tensor, other: Any) -> Any:
    return matmul(other, self) if isinstance(other, Tensor) else NotImplemented


Tensor.__matmul__, Tensor.__rmatmul__ = _at, _rat  # type: ignore[attr-defined]


@function(
    methods="outer",
    aliases="ger",
    samples=lambda m: [
        m(m.f(2), m.f(3)),
        m(m.nc(2), m.nc(3)),
        m(m.f(0), m.f(2)),
        m(m.i(2), m.f(2)),
        m.without(*_NO_0D),
    ],
    errors=lambda m: [
        m.error(RuntimeError, "outer: Expected 1-D argument self, but got 2-D", m.f(2, 2), m.f(2)),
        m.error(RuntimeError, "outer: Expected 1-D argument vec2, but got 2-D", m.f(2), m.f(2, 2)),
    ],
)
def outer(input: Tensor, vec2: Tensor, *, out: Any = None) -> Tensor:
    """The products of all pairs of elements of two vectors."""
    if not isinstance(input, Tensor):
        raise errors.not_a_tensor("outer", "input", 1, input)
    if not isinstance(vec2, Tensor):
        raise errors.not_a_tensor("outer", "vec2", 2, vec2)
    for name, x in (("self", input), ("vec2", vec2)):
        if x._a.ndim != 1:
            raise errors.runtime(f"outer: Expected 1-D argument {name}, but got {x._a.ndim}-D")
    if (
        out is None
        and not is_rare(recording())
        and input.__class__ in PLAIN_TENSORS
        and vec2.__class__ in PLAIN_TENSORS
    ):
        free = not ((requires_grad(input) or requires_grad(vec2)) and recording())
        if free and not (of_inference(input) or of_inference(vec2)):
            found = long_outer(input._a, vec2._a)
            if found is not None:
                return wrap(found)
    result = input.unsqueeze(1) * vec2
    return result if out is None else write_out("outer", out, result, (input, vec2), "partial")  # type: ignore[no-any-return]
