"""logsumexp, softmax, log_softmax; their forms in ``nn.functional``, softmin and gumbel_softmax."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import errors, levels, types
from ..asking import asks
from ..errors import check_dim, check_dims
from ..functions import function
from ..kernels import reduce
from ..kernels import softmax as softmax_kernel
from ..kernels.iteration import is_half
from ..op import reduction
from ..override import PLAIN, handle
from ..random.generator import default_generator
from ..random.transforms import exponential_
from ..readers import REGISTRY
from ..tensor import Tensor, wrap
from ..writing import in_order
from .reduction import _keep


@reduction(
    out="",
    methods="logsumexp",
    aliases="special.logsumexp",
    samples=lambda m: [
        m(m.f(2, 3), 1),
        m(m.f(2, 3), (0, 1)),
        m(m.f(4), 0, keepdim=True),
        m(m.f(), 0),
        m(m.f(2, 0), 0),
        m(m.f(0, 2), 0),
        m(m.nc(3, 2), 1),
        m(m.i(3), 0),
        m(m.b(3), 0),
        m(m.a([float("inf"), -float("inf"), 1.0]), 0).value_only("infinite"),
    ],
    errors=lambda m: [
        m.error(IndexError, "Dimension out of range", m.f(2), 3),
        m.error(RuntimeError, "dim 0 appears multiple times in the list of dims", m.f(2, 3), (0, 0)),
    ],
)
def logsumexp(k, input, *, dim, keepdim):
    """``log(sum(exp(input)))`` along dimensions, without overflow."""
    if input.dtype.kind == "c" and input.size:  # the largest real part is what could overflow
        top = input.real.max(dim, keepdims=True)
        top = np.where(np.isinf(top), 0, top)
        total = np.exp(input - top).sum(dim, keepdims=keepdim)
        return in_order(np.log(total) + top.reshape(total.shape))
    return in_order(reduce.logsumexp(input, dim, keepdim))


@logsumexp.prepare
def _(input, dim, keepdim=False):
    if isinstance(input, Tensor) and input.dtype.category < types.FLOATING:
        input = input.to(types.get_default_dtype())
    return (input,), {"dim": tuple(sorted(check_dims(dim, input.ndim))), "keepdim": keepdim}


@logsumexp.vjp("input")
def _(k, g, input, out, dim, keepdim):
    shape = tuple(input.shape)
    return _keep(k, g, dim, keepdim, shape) * k.conj(k.exp(input - _keep(k, out, dim, keepdim, shape)))


def _softmax_input(name: str, input: Any, dim: Any, dtype: Any) -> tuple[Any, Any]:
    if dtype is not None and isinstance(input, Tensor) and input.dtype is not dtype:
        input = input.to(dtype)
    dim = check_dim(dim, input.ndim)
    kind = (input._a if isinstance(input, Tensor) else input).dtype.kind
    if kind in "biuc" and 0 not in input.shape:
        scalar = types.scalar_name(types.of_array(input._a if isinstance(input, Tensor) else input))
        raise NotImplementedError(f"\"{name}_lastdim_kernel_impl\" not implemented for '{scalar}'")
    return (input,), {"dim": dim}


# --- in nn.functional -----------------------------------------------------------------------------------------------------
def _softmax_samples(m: Any) -> list[Any]:
    return [
        m(m.f(2, 3), dim=1),
        m(m.f(2, 3), dim=0),
        m(m.f(), dim=0),
        m(m.a(float("-inf"), m.f().dtype), 0).not_numeric("NaN"),
        m(m.f(0, 2), 1),
        m(m.nc(3, 4), -1),
        m(m.f(2, 3, 2), 1),
        m(m.i(3), 0),
        m(m.i(3), 0, dtype=m.torch.float64),
        m(m.c(2), 0),
    ]


def _softmax_errors(name: str) -> Any:
    return lambda m: [
        m.error(IndexError, "Dimension out of range", m.f(2), 3),
        m.error(NotImplementedError, f"\"{name}_lastdim_kernel_impl\" not implemented for 'Long'", m.i(2), 0),
    ]


@reduction(
    methods="softmax",
    aliases="special.softmax",
    real_gradient=True,
    samples=_softmax_samples,
    errors=_softmax_errors("softmax"),
)
def softmax(k, input, *, dim):
    """``exp(x) / sum(exp(x))`` along ``dim``.

    Gradient of ``input``: ``(g - sum(g * out)) * out``, the sum along ``dim``.
    """
    if not input.ndim:
        return np.asarray(np.exp(input - input))  # 1, or NaN for what is not finite
    return in_order(softmax_kernel.softmax(input, dim))


@softmax.prepare
def _(input, dim, dtype=None):
    return _softmax_input("softmax", input, dim, dtype)


@softmax.plan
def _(input, dim):
    return softmax_kernel.planned("softmax_rows", input, dim)


@softmax.vjp("input")
def _(k, g, out, dim):
    if not out.ndim:
        return (g - g * out) * out
    return k.either(softmax_kernel.softmax_gradient, _softmax_gradient(k), g, out, dim, long=True)


def _softmax_gradient(k):
    return _in_float32(k, lambda g, out, dim: (g - k.sum(g * out, dim, True)) * out)


def _in_float32(k, formula):
    """A formula as PyTorch's kernels compute it on 16-bit floats: rounded once, at its end."""

    def wide(g, out, dim):
        dtype = out.dtype if isinstance(out.dtype, types.dtype) else types.of_array(out)
        if not is_half(dtype.np):
            return formula(g, out, dim)
        wide_g, wide_out = k.convert(g, dtype=types.float32), k.convert(out, dtype=types.float32)
        return k.convert(formula(wide_g, wide_out, dim), dtype=dtype)

    return wide


@reduction(
    methods="log_softmax",
    aliases="special.log_softmax",
    real_gradient=True,
    samples=_softmax_samples,
    errors=_softmax_errors("log_softmax"),
)
def log_softmax(k, input, *, dim):
    """``x - log(sum(exp(x)))`` along ``dim``.

    Gradient of ``input``: ``g - exp(out) * sum(g)``, the sum along ``dim``.
    """
    return in_order(softmax_kernel.log_softmax(input, dim)) if input.ndim else np.asarray(input - input)


@log_softmax.prepare
def _(input, dim, dtype=None):
    return _softmax_input("log_softmax", input, dim, dtype)


@log_softmax.plan
def _(input, dim):
    return softmax_kernel.planned("log_softmax_rows", input, dim)


@log_softmax.vjp("input", formal=True)
def _(k, g, out, dim):
    if not out.ndim:
        return g - k.exp(out) * g
    return k.either(softmax_kernel.log_softmax_gradient, _log_softmax_gradient(k), g, out, dim, long=True)


def _log_softmax_gradient(k):
    return _in_float32(k, lambda g, out, dim: g - k.exp(out) * k.sum(g, dim, True))


def _softmax_samples(m: Any) -> list[Any]:
    calls = [m(m.f(2, 3), dim=1), m(m.f(2, 3), dim=0), m(m.f(), dim=0), m(m.f(0, 2), dim=1), m(m.nc(3, 2), dim=-1)]
    return [*calls, m(m.i(3), dim=0, dtype=m.torch.float64)]


def _softmax_errors(m: Any) -> list[Any]:
    return [m.error(IndexError, "Dimension out of range", m.f(2), dim=3)]


def _with_dim(name: str, input: Tensor, dim: int | None, stacklevel: int) -> int:
    """The dimension; without one PyTorch's old choice, with its warning."""
    if dim is not None:
        return dim
    errors.warn(
        f"Implicit dimension choice for {name} has been deprecated. Change the call to include dim=X as an argument.",
        stacklevel=stacklevel + 1,
    )
    return 0 if input.ndim in (0, 1, 3) else 1


@function(name="nn.functional.softmax", asks=False, samples=_softmax_samples, errors=_softmax_errors)
def softmax_function(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Tensor:
    """``exp(x) / sum(exp(x))`` along ``dim``."""
    if input.__class__ not in PLAIN and asks(input):
        named = {"dim": dim, "_stacklevel": _stacklevel, "dtype": dtype}
        return handle(softmax_function, (input,), (input,), named)  # type: ignore[no-any-return]
    return softmax.public(input, _with_dim("softmax", input, dim, _stacklevel), dtype)  # type: ignore[no-any-return]


@function(name="nn.functional.softmin", samples=_softmax_samples, errors=_softmax_errors)
def softmin(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Tensor:
    """``softmax(-x)`` along ``dim``."""
    return softmax.public(-input, _with_dim("softmin", input, dim, _stacklevel), dtype)  # type: ignore[no-any-return, operator]


@function(name="nn.functional.log_softmax", asks=False, samples=_softmax_samples, errors=_softmax_errors)
def log_softmax_function(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Tensor:
    """``log(softmax(x))`` along ``dim``."""
    if input.__class__ not in PLAIN and asks(input):
        named = {"dim": dim, "_stacklevel": _stacklevel, "dtype": dtype}
        return handle(log_softmax_function, (input,), (input,), named)  # type: ignore[no-any-return]
    return log_softmax.public(input, _with_dim("log_softmax", input, dim, _stacklevel), dtype)  # type: ignore[no-any-return]


@function(name="nn.functional.gumbel_softmax", samples=lambda m: [
    m(m.f(2, 3)), m(m.f(2, 3), 0.5, True, dim=0).not_numeric("straight through"), m(m.f(), dim=0), m(m.f(0, 2)), m(m.nc(3, 2))],
    errors=_softmax_errors)  # fmt: skip
def gumbel_softmax(logits: Tensor, tau: float = 1, hard: bool = False, eps: float = 1e-10, dim: int = -1) -> Tensor:
    """A sample of a softened categorical distribution: softmax of ``(logits + Gumbel noise) / tau`` (Jang et al. 2017).

    ``hard`` gives a one-hot result whose gradient is that of the soft one.
    """
    if not isinstance(logits, Tensor):
        raise errors.not_a_tensor("gumbel_softmax", "logits", 1, logits)
    if eps != 1e-10:
        errors.warn("`eps` parameter is deprecated and has no effect.", stacklevel=2)

    def draw(shape: Any) -> Tensor:
        return wrap(exponential_(default_generator, np.empty(shape, logits._a.dtype)))

    shape = logits._a.shape
    draws = levels.drawn(shape, draw) if levels.running else draw(shape)
    noise: Any = -draws.log()  # type: ignore[attr-defined]
    soft: Any = softmax.public((logits + noise) / tau, dim)
    if not hard:
        return soft  # type: ignore[no-any-return]
    axis = check_dim(dim, soft.ndim)
    if isinstance(soft, levels.Wrapped):
        one = REGISTRY["scatter"].public(soft.detach() * 0, axis, REGISTRY["argmax"].public(soft, axis, True), 1.0)
        return one - soft.detach() + soft  # type: ignore[no-any-return]
    best = np.expand_dims(soft._a.argmax(axis), axis) if soft.ndim else np.zeros((), np.int64)
    one = np.zeros_like(soft._a)
    if soft.ndim:
        np.put_along_axis(one, best, 1, axis)
    else:
        one[...] = 1
    return wrap(one) - soft.detach() + soft  # type: ignore[no-any-return]
