"""A product of matrices with something added: ``addmm``, and the layers' ``linear``."""

from __future__ import annotations

import itertools

from .. import errors, types
from ..asking import among
from ..functions import function
from ..kernels import double_products, gemm
from ..op import opaque
from ..override import PLAIN, handle
from ..plain import affine
from ..tensor import Tensor
from ..writing import check_result
from .matmul import (
    F32,
    F64,
    by_columns,
    check_added,
    left_gradient,
    matmul,
    mm,
    needs_tensors,
    right_gradient,
    scaled,
    wide,
)
from .movement import t


@opaque(
    out="exact partial",
    methods="addmm addmm_",
    refuses={"bool": "addmm_impl_cpu_"},
    refuses_where="elements",
    samples=lambda m: [
        m(m.f(2, 4), m.f(2, 3), m.f(3, 4)),
        m(m.f(4), m.f(2, 3), m.f(3, 4), beta=2, alpha=0.5),
        m(m.f(), m.f(2, 3), m.f(3, 4)),
        m(m.f(2, 2), m.f(2, 0), m.f(0, 2)),
        m(m.nc(2, 2), m.nc(2, 3), m.nc(3, 2)),
        m(m.f(2, 2), m.f(2, 2), m.f(2, 2), beta=0),
        m(m.i(2, 2), m.i(2, 2), m.i(2, 2)),
    ],
    errors=lambda m: [
        m.error(
            RuntimeError, "mat1 and mat2 shapes cannot be multiplied (3x3 and 4x2)", m.f(3, 2), m.f(3, 3), m.f(4, 2)
        ),
        m.error(
            RuntimeError,
            "The expanded size of the tensor (3) must match the existing size (2) at non-singleton dimension 1",
            m.f(2, 2),
            m.f(3, 3),
            m.f(3, 3),
        ),
        m.error(RuntimeError, "mat1 must be a matrix, got 1-D tensor", m.f(3, 3), m.f(3), m.f(3, 3)),
        m.error(
            RuntimeError,
            "self and mat2 must have the same dtype, but got Long and Double",
            m.i(2, 2),
            m.f(2, 2),
            m.f(2, 2),
        ),
    ],
)
def addmm(k, input, mat1, mat2, *, beta=1, alpha=1, turned=(False, False)):
    """``beta * input + alpha * mat1 @ mat2``."""
    if beta == 1 and alpha == 1 and mat1.dtype is mat2.dtype is input.dtype and mat1.dtype in (F32, F64):
        exact = (gemm if mat1.dtype is F32 else double_products).added(input, mat1, mat2)
        if exact is not None:
            return exact
    return scaled(*wide(mat1, mat2), input, beta, alpha)


@addmm.prepare
def _(input, mat1, mat2, *, beta=1, alpha=1):
    if isinstance(input, Tensor) and isinstance(mat1, Tensor) and isinstance(mat2, Tensor):
        a, b, c = mat1._a, mat2._a, input._a
        fits = a.ndim == b.ndim == 2 and a.shape[1] == b.shape[0] and c.shape in (b.shape[1:], (a.shape[0], b.shape[1]))
        if fits and a.dtype is b.dtype is c.dtype:
            turned = by_columns(a), by_columns(b)
            return (input, mat1, mat2), {"beta": beta, "alpha": alpha, "turned": turned}  # nothing to explain
    needs_tensors("addmm", ("input", input), ("mat1", mat1), ("mat2", mat2))
    for name, x in (("mat1", mat1), ("mat2", mat2)):
        if x.ndim != 2:
            raise errors.runtime(f"{name} must be a matrix, got {x.ndim}-D tensor")
    turned = mm.preparer(mat1, mat2)[1]["turned"]
    if isinstance(input, Tensor):
        check_added(input, (mat1.shape[0], mat2.shape[1]))
        if input.dtype is not mat2.dtype:
            names = types.scalar_name(input.dtype), types.scalar_name(mat2.dtype)
            raise errors.runtime(f"self and mat2 must have the same dtype, but got {names[0]} and {names[1]}")
    return (input, mat1, mat2), {"beta": beta, "alpha": alpha, "turned": turned}


@addmm.vjp("input")
def _(k, g, beta):
    return g if beta == 1 else g * beta.conjugate()


@addmm.vjp("mat1")
def _(k, g, mat2, alpha, turned):
    out = left_gradient(k, g, mat2, turned[0])
    return out if alpha == 1 else out * alpha.conjugate()


@addmm.vjp("mat2")
def _(k, g, mat1, alpha, turned):
    out = right_gradient(k, g, mat1, turned[1])
    return out if alpha == 1 else out * alpha.conjugate()


#: The attributes of a layer's product, by which of its matrices lie column after column.
_LAYER = {turned: {"beta": 1, "alpha": 1, "turned": turned} for turned in itertools.product((False, True), repeat=2)}
_affine = affine(t, addmm, lambda a, b: _LAYER[by_columns(a), by_columns(b)])


@function(
    name="nn.functional.linear",
    asks=False,
    samples=lambda m: [
        m(m.f(2, 3), m.f(4, 3)),
        m(m.f(2, 3), m.f(4, 3), m.f(4)),
        m(m.f(3), m.f(4, 3), m.f(4)),
        m(m.f(2, 2, 3), m.f(4, 3), m.f(4)),
        m(m.f(0, 3), m.f(4, 3), m.f(4)),
        m(m.nc(2, 3), m.nc(4, 3)),
        m(m.f(2, 3), m.f(3)),
        m(m.f(2, 3), m.f(3), m.f()),
        m(m.f(3), m.f(4, 3)),
        m(m.f(2, 2, 3), m.f(4, 3)),
    ],
    errors=lambda m: [
        m.error(RuntimeError, "mat1 and mat2 shapes cannot be multiplied (3x3 and 4x2)", m.f(3, 3), m.f(2, 4)),
        m.error(
            RuntimeError,
            "The expanded size of the tensor (3) must match the existing size (2) at non-singleton dimension 1",
            m.f(3, 3),
            m.f(3, 3),
            m.f(2),
        ),
    ],
)
def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """``input @ weight.T + bias``; weight is (out, in), input (..., in)."""
    found = _affine(input, weight, bias)
    if found is not None:
        return found  # type: ignore[no-any-return]
    if input.__class__ not in PLAIN or weight.__class__ not in PLAIN or bias.__class__ not in PLAIN:
        asked = among((input, weight, bias), {})
        if asked:
            return handle(linear, asked, (input, weight) if bias is None else (input, weight, bias), {})  # type: ignore[no-any-return]
    if not (isinstance(input, Tensor) and isinstance(weight, Tensor)):
        raise errors.not_tensors("linear", input=input, weight=weight)
    a, w = input._a, weight._a
    if w.ndim == 2 and a.ndim and a.shape[-1] != w.shape[1]:
        rows = a.size // a.shape[-1] if a.shape[-1] else 0
        raise errors.runtime(
            f"mat1 and mat2 shapes cannot be multiplied ({rows}x{a.shape[-1]} and {w.shape[1]}x{w.shape[0]})",
            f"linear() got input of shape {list(a.shape)}, whose last size must be {w.shape[1]} (weight is {list(w.shape)}).",
        )
    if a.dtype is not w.dtype:
        mine, other = (types.scalar_name(types.of_array(x)) for x in (a, w))
        raise errors.runtime(
            f"mat1 and mat2 must have the same dtype, but got {mine} and {other}",
            "linear() multiplies its input by its weight: convert one of them, for example input.float().",
        )
    if bias is not None and w.ndim == 1 and a.ndim == 2:
        raise errors.runtime("mat2 must be a matrix, got 1-D tensor")
    if bias is not None and w.ndim == a.ndim == 2:
        return addmm.public(bias, input, weight.t())  # type: ignore[no-any-return]
    if bias is None or w.ndim != 2 or bias._a.ndim != 1 or not a.flags.c_contiguous:
        out = matmul(input, weight.t())
        return out if bias is None else _added(out, bias)
    if a.ndim == 1:
        return addmm.public(bias, input.unsqueeze(0), weight.t()).view(w.shape[0])  # type: ignore[no-any-return]
    rows = input.reshape(-1, a.shape[-1])
    out = _affine(rows, weight, bias)
    if out is None:
        out = addmm.public(bias, rows, weight.t())
    return out.view(*a.shape[:-1], w.shape[0])  # type: ignore[no-any-return]


def _added(out: Tensor, bias: Tensor) -> Tensor:
    """A product with the bias added, which PyTorch writes into the product: it keeps its shape and dtype."""
    total: Tensor = out + bias  # type: ignore[operator]
    check_result(out, total._a)
    return total
