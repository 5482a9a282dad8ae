"""Complex numbers from real ones, and the lazy conjugates and negatives of PyTorch, which here are computed at once."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import errors, types
from ..functions import function
from ..kernels import c_library
from ..kernels.layouts import as_operands_lie
from ..op import opaque
from ..tensor import Tensor
from .splitting import need_tensor

ndarray = np.ndarray


def _pair(name: str, first: str, second: str, a: Any, b: Any) -> Any:
    """Two real floating tensors of one dtype: what both functions take."""
    for i, (argument, x) in enumerate(((first, a), (second, b)), 1):
        if not isinstance(x, (Tensor, ndarray)):
            raise errors.not_a_tensor(name, argument, i, x)
    here, there = (types.of_array(x._a if isinstance(x, Tensor) else x) for x in (a, b))
    if any(t not in (types.float16, types.float32, types.float64) for t in (here, there)):
        raise errors.runtime(
            "Expected both inputs to be Half, Float or Double tensors but got "
            f"{types.scalar_name(here)} and {types.scalar_name(there)}",
            "Convert them first, for example with .float().",
        )
    if here is not there:
        raise errors.runtime(
            f"Expected object of scalar type {types.scalar_name(here)} but got scalar type {types.scalar_name(there)} for second "
            "argument",
            f"Convert it first: {second}.to({here}).",
        )
    if here is types.float16:
        raise NotImplementedError(f"torch.{name}: there is no complex32; convert with .float() first")
    return (a, b), {}


def _joined(real: Any, imag: Any) -> Any:
    out = np.empty(np.broadcast_shapes(real.shape, imag.shape), np.result_type(real.dtype, np.complex64))
    out.real, out.imag = real, imag
    return out


def _samples(m: Any) -> list[Any]:
    return [m(m.f(2, 3, lo=0.5), m.f(2, 3)), m(m.f(2, 1, lo=0.5), m.f(3)), m(m.f(lo=0.5), m.f()), m(m.f(0, 2), m.f(2)),
            m(m.nc(3, 2, lo=0.5), m.f(3, 2))]  # fmt: skip


def _errors(name: str, second: str) -> Any:
    return lambda m: [
        m.error(RuntimeError, "Expected both inputs to be Half, Float or Double tensors but got Long and Long", m.i(2), m.i(2)),
        m.error(RuntimeError, "Expected object of scalar type Double but got scalar type Float for second argument",
                m.f(2), m.f(2).float()),
        m.error(RuntimeError, "at non-singleton dimension 0", m.f(2), m.f(3)),
        m.error(TypeError, f"{name}(): argument '{second}' (position 2) must be Tensor, not float", m.f(2), 1.0),
    ]  # fmt: skip


@opaque(promote="common", samples=_samples, errors=_errors("complex", "imag"))
def complex(k, real, imag):  # noqa: A001
    """Complex numbers from their real and imaginary parts, which are float32 (giving complex64) or float64 (complex128).

    >>> import rushlight as torch
    >>> torch.complex(torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0]))
    tensor([1.+3.j, 2.+4.j])
    """
    return as_operands_lie(_joined(real, imag), (real, imag))


@complex.check
def _(real, imag):
    return _pair("complex", "real", "imag", real, imag)


@complex.vjp("real")
def _(k, g):
    return k.real(g)


@complex.vjp("imag")
def _(k, g):
    return k.real(g * -1j)


@opaque(promote="common", samples=_samples, errors=_errors("polar", "angle"))
def polar(k, abs, angle):  # noqa: A002
    """Complex numbers from absolute value and angle: ``abs * cos(angle) + abs * sin(angle) * j``.

    >>> import rushlight as torch
    >>> torch.polar(torch.tensor([2.0]), torch.tensor([0.0]))
    tensor([2.+0.j])
    """
    return as_operands_lie(_joined(abs * c_library.cos(angle), abs * c_library.sin(angle)), (abs, angle))


@polar.check
def _(abs, angle):  # noqa: A002
    return _pair("polar", "abs", "angle", abs, angle)


@polar.vjp("abs")
def _(k, g, out):
    return k.real(k.conj(g) * k.sgn(out))


@polar.vjp("angle")
def _(k, g, out):
    return k.real(k.conj(g) * (out * 1j))


def _resolved(name: str, what: str) -> None:
    def resolve(input: Tensor) -> Tensor:
        need_tensor(name, input)
        return input

    def ask(input: Tensor) -> bool:
        need_tensor(asked, input)
        return False

    asked = name.replace("resolve", "is")
    resolve.__doc__ = f"The tensor itself: its {what} are in memory already, as ``torch.{name[8:]}`` computes at once."
    ask.__doc__ = f"False: no tensor is a {what[:-1]} that is yet to be computed."
    some: Any = lambda m: [m(m.f(2, 3)), m(m.f()), m(m.f(0)), m(m.nc(3, 2)), m(m.c(2)), m(m.i(2))]  # noqa: E731
    for called, fn in ((name, resolve), (asked, ask)):
        fn.__name__ = fn.__qualname__ = called
        function(
            name=called,
            methods=called,
            samples=some,
            errors=lambda m, called=called: [m.error(TypeError, f"{called}(): argument 'input' (position 1)", 3.0)],
        )(fn)


_resolved("resolve_conj", "conjugates")
_resolved("resolve_neg", "negatives")
