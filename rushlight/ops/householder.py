"""Householder's reflections: what QR is made of, as LAPACK keeps them."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import errors, types
from ..functions import function
from ..kernels import householder
from ..op import opaque
from ..readers import arrays
from ..return_types import named
from ..tensor import Tensor
from ..writing import write_out
from .matrices import NO_0D, adjoint, by_columns, check_kernel, check_tensor, columns, constant


# --- QR, unfinished ---------------------------------------------------------------------------------------------------
@opaque(public=False, outputs=("a", "tau"), n_diff=2, grad_name="GeqrfBackward0")
def geqrf_pair(k, input):
    """R in the upper triangle, the reflections' vectors below it, and their factors."""
    small = householder.factors(input)
    if small is not None:
        return small
    a, tau = np.linalg.qr(input, "raw")
    return by_columns(a.swapaxes(-1, -2)), tau


geqrf_pair.unsupported("input", "PyTorch has no derivative of geqrf either; torch.linalg.qr has one")


@function(
    methods="geqrf",
    samples=lambda m: [
        *[m(x).value_only("no derivative") for x in (m.f(4, 3), m.f(3, 4), m.f(2, 3, 3), m.nc(3, 2), m.f(0, 2, 2))],
        m(m.c(3, 2)),
        m.without(*NO_0D),
    ],
    errors=lambda m: [
        m.error(RuntimeError, "torch.geqrf: input must have at least 2 dimensions.", m.f(3)),
        m.error(NotImplementedError, "\"geqrf_cpu\" not implemented for 'Long'", m.i(2, 2)),
    ],
)
def geqrf(input: Tensor, *, out: Any = None) -> Any:
    """The reflections of QR: R in the upper triangle of ``a``, the vectors below it, their factors in ``tau``."""
    check_tensor("geqrf", "input", 1, input)
    if input.ndim < 2:
        raise errors.runtime("torch.geqrf: input must have at least 2 dimensions.")
    check_kernel("geqrf_cpu", input)
    result = named("geqrf", ("a", "tau"))(*geqrf_pair.public(input))
    return result if out is None else write_out("geqrf", out, result)


# --- products of reflections ------------------------------------------------------------------------------------------
def _reflection(k: Any, A: Any, tau: Any, i: int, transpose: bool) -> tuple[Any, Any]:
    """v and t of the reflection ``I - t v v^H`` number i: v is 1 at i, zero above, and what A has below."""
    place = np.arange(A.shape[-2])[:, None]
    below = k.where(constant(k, place > i), columns(k, A, i, i + 1), 0.0)
    dtype = A._a.dtype if isinstance(A, Tensor) else A.dtype
    t = k.unsqueeze(columns(k, tau, i, i + 1), -1)
    return below + constant(k, (place == i).astype(dtype)), k.conj(t) if transpose else t


def _states(k: Any, A: Any, tau: Any, C: Any, transpose: bool) -> list[Any]:
    """C after each reflection: the last first, or with ``transpose`` the adjoints in order."""
    steps = range(tau.shape[-1])
    states = [C]
    for i in steps if transpose else reversed(steps):
        v, t = _reflection(k, A, tau, i, transpose)
        states.append(states[-1] - t * k.matprod(v, k.matprod(adjoint(k, v), states[-1])))
    return states


def _backward(k: Any, g: Any, A: Any, tau: Any, C: Any, transpose: bool) -> tuple[Any, Any]:
    """Gradients of A and tau: the reflections are undone one by one."""
    count = tau.shape[-1]
    states = _states(k, A, tau, C, transpose)
    below, factors = [None] * count, [None] * count
    place = np.arange(A.shape[-2])[:, None]
    for step, i in enumerate(reversed(range(count)) if transpose else range(count)):
        v, t = _reflection(k, A, tau, i, transpose)
        before = states[count - 1 - step]
        h, vg = adjoint(k, k.matprod(adjoint(k, v), before)), k.matprod(adjoint(k, v), g)
        gt = -k.matprod(vg, h)
        gv = -k.conj(t) * k.matprod(g, h) - t * k.matprod(before, adjoint(k, vg))
        below[i] = k.where(constant(k, place > i), gv, 0.0)
        factors[i] = k.squeeze(k.conj(gt) if transpose else gt, dim=(-1,))
        g = g - k.conj(t) * k.matprod(v, vg)
    rest = columns(k, A, count, A.shape[-1]) * 0.0
    return k.cat([*below, rest], -1), k.cat(factors, -1) if count else tau * 0.0


@opaque(public=False, grad_name="LinalgHouseholderProductBackward0")
def reflections_product(k, A, tau):
    """The first columns of the product of the reflections.

    Gradient of ``A``: in each column v ``-tau * (G + G.T) @ v``, ``G = g @ x.T`` of what ``eye - tau * v @ v.T`` gives and is given.
    Gradient of ``tau``: ``-v.T @ G @ v`` for each column v, ``G = g @ x.T`` of what ``eye - tau * v @ v.T`` gives and is given.
    """
    small = householder.orthogonal(A, tau, A.shape[-1]) if k is arrays else None
    return _states(k, A, tau, _eye(A), False)[-1] if small is None else small


def _eye(A: Any) -> Any:
    """What the reflections are applied to, of A's shape."""
    a = A._a if isinstance(A, Tensor) else A
    return np.broadcast_to(np.eye(*a.shape[-2:], dtype=a.dtype), a.shape)


@reflections_product.vjp_joint
def _(k, g, A, tau):
    return _backward(k, g, A, tau, constant(k, _eye(A)), False)


def _check(name: str, A: Tensor, tau: Tensor) -> None:
    if tau.ndim != A.ndim - 1:
        raise errors.runtime(
            f"{name}: Expected tau to have one dimension less than input, but got tau.ndim equal to {tau.ndim} and input.ndim is "
            f"equal to {A.ndim}"
        )
    if tau.shape[:-1] != A.shape[:-2]:
        raise errors.runtime(
            f"{name}: Expected batch dimensions of tau to be equal to input.shape[:-2], but got {list(tau.shape[:-1])}"
        )


@function(
    name="linalg.householder_product",
    aliases="orgqr",
    methods="orgqr",
    samples=lambda m: [
        m(m.f(4, 3), m.f(3)),
        m(m.f(3, 3), m.f(2)),
        m(m.f(2, 3, 2), m.f(2, 2)),
        m(m.nc(4, 2), m.f(1)),
        m(m.f(0, 3, 2), m.f(0, 2)),
        m(m.c(3, 2), m.c(2)),
        m.without(*NO_0D),
    ],
    errors=lambda m: [
        m.error(RuntimeError, "input must have at least 2 dimensions.", m.f(3), m.f(1)),
        m.error(
            RuntimeError,
            "torch.linalg.householder_product: input.shape[-2] must be greater than or equal to input.shape[-1]",
            m.f(2, 3),
            m.f(2),
        ),
        m.error(RuntimeError, "input.shape[-1] must be greater than or equal to tau.shape[-1]", m.f(3, 2), m.f(3)),
        m.error(RuntimeError, "Expected batch dimensions of tau to be equal to", m.f(4, 3, 2), m.f(3, 2)),
        m.error(RuntimeError, "tau dtype Long does not match input dtype Double", m.f(3, 2), m.i(2)),
    ],
)
def householder_product(A: Tensor, tau: Tensor, *, out: Any = None) -> Tensor:
    """The first columns of ``H_1 H_2 ... H_k`` with ``H_i = I - tau_i v_i v_i^H``, as ``geqrf`` keeps them: Q of QR."""
    name = "torch.linalg.householder_product"
    check_tensor(name, "input", 1, A)
    check_tensor(name, "tau", 2, tau)
    if A.ndim < 2:
        raise errors.runtime(f"{name}: input must have at least 2 dimensions.")
    if A.shape[-2] < A.shape[-1]:
        raise errors.runtime(f"{name}: input.shape[-2] must be greater than or equal to input.shape[-1]")
    if A.shape[-1] < tau.size(-1):
        raise errors.runtime(f"{name}: input.shape[-1] must be greater than or equal to tau.shape[-1]")
    _check(name, A, tau)
    if tau.dtype is not A.dtype:
        t, a = types.scalar_name(tau.dtype), types.scalar_name(A.dtype)
        raise errors.runtime(f"{name}: tau dtype {t} does not match input dtype {a}")
    check_kernel("orgqr_cpu", A)
    result = reflections_product.public(A, tau)
    return result if out is None else write_out("linalg_householder_product", out, result)  # type: ignore[no-any-return]


@opaque(public=False, grad_name="OrmqrBackward0")
def reflected(k, input, tau, other, *, left, transpose):
    """A matrix times the product of all reflections, or its adjoint.

    Gradient of ``input``: in each column v ``-tau * (G + G.T) @ v``, ``G = g @ x.T`` of what ``eye - tau * v @ v.T`` gives and is given.
    Gradient of ``tau``: ``-v.T @ G @ v`` for each column v, ``G = g @ x.T`` of what ``eye - tau * v @ v.T`` gives and is given.
    Gradient of ``other``: g times the product of all reflections, transposed.
    """
    if left:
        return _states(k, input, tau, other, transpose)[-1]
    return adjoint(k, _states(k, input, tau, adjoint(k, other), not transpose)[-1])


@reflected.vjp_joint
def _(k, g, input, tau, other, left, transpose):
    to_other = k.reflected(input, tau, g, left=left, transpose=not transpose)
    if left:
        return *_backward(k, g, input, tau, other, transpose), to_other
    return *_backward(k, adjoint(k, g), input, tau, adjoint(k, other), not transpose), to_other


@function(
    methods="ormqr",
    samples=lambda m: [
        m(m.f(4, 3), m.f(3), m.f(4, 2)),
        m(m.f(4, 3), m.f(3), m.f(4, 2), transpose=True),
        m(m.f(4, 3), m.f(3), m.f(2, 4), left=False),
        m(m.f(2, 3, 2), m.f(2, 2), m.f(2, 2, 3), False, True),
        m(m.f(2, 4), m.f(2), m.nc(2, 3)),
        m(m.f(0, 3, 2), m.f(0, 2), m.f(0, 3, 2)),
        m(m.c(3, 2), m.c(2), m.c(3, 2), True, True),
        m.without(*NO_0D),
    ],
    errors=lambda m: [
        m.error(RuntimeError, "torch.ormqr: input must have at least 2 dimensions.", m.f(3), m.f(1), m.f(3, 4)),
        m.error(RuntimeError, "other.shape[-2] must be equal to input.shape[-2]", m.f(3, 2), m.f(2), m.f(4, 4)),
        m.error(
            RuntimeError, "other.shape[-1] must be equal to input.shape[-2]", m.f(3, 2), m.f(2), m.f(4, 4), left=False
        ),
        m.error(
            RuntimeError,
            "tau.shape[-1] must be equal to min(other.shape[-2], input.shape[-1])",
            m.f(3, 2),
            m.f(3),
            m.f(3, 4),
        ),
        m.error(
            RuntimeError,
            "Expected other to have the same number of dimensions as input",
            m.f(2, 2),
            m.f(2),
            m.f(3, 2, 2),
        ),
        m.error(
            RuntimeError,
            "Expected input and other to have the same dtype, but input has dtypeDouble and other has dtype Long",
            m.f(2, 2),
            m.f(2),
            m.i(2, 2),
        ),
    ],
)
def ormqr(
    input: Tensor, tau: Tensor, other: Tensor, left: bool = True, transpose: bool = False, *, out: Any = None
) -> Tensor:
    """``Q other`` (``other Q`` with ``left=False``, Q^H for Q with ``transpose``) from the reflections that ``geqrf`` returns."""
    for position, (argument, x) in enumerate((("input", input), ("input2", tau), ("input3", other)), 1):
        check_tensor("ormqr", argument, position, x)
    for argument, x in (("input", input), ("other", other)):
        if x.ndim < 2:
            raise errors.runtime(f"torch.ormqr: {argument} must have at least 2 dimensions.")
    side = -2 if left else -1
    if other.shape[side] != input.shape[-2]:
        raise errors.runtime(f"torch.ormqr: other.shape[{side}] must be equal to input.shape[-2]")
    if tau.size(-1) != min(other.shape[side], input.shape[-1]):
        raise errors.runtime(f"torch.ormqr: tau.shape[-1] must be equal to min(other.shape[{side}], input.shape[-1])")
    _check("torch.ormqr", input, tau)
    if other.ndim != input.ndim:
        raise errors.runtime(
            "torch.ormqr: Expected other to have the same number of dimensions as input, but got other.ndim equal to "
            f"{other.ndim} and input.ndim is equal to {input.ndim}"
        )
    if other.shape[:-2] != input.shape[:-2]:
        raise errors.runtime(
            f"torch.ormqr: Expected batch dimensions of other to be equal to input.shape[:-2], but got {list(other.shape[:-2])}"
        )
    for argument, x in (("tau", tau), ("other", other)):
        if x.dtype is not input.dtype:
            raise errors.runtime(
                f"torch.ormqr: Expected input and {argument} to have the same dtype, but input has dtype"
                f"{types.scalar_name(input.dtype)} and {argument} has dtype {types.scalar_name(x.dtype)}"
            )
    check_kernel("ormqr_cpu", input)
    result = reflected.public(input, tau, other, left=bool(left), transpose=bool(transpose))
    return result if out is None else write_out("ormqr", out, result)  # type: ignore[no-any-return]
