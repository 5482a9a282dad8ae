"""Fourier transforms along several dimensions: the forms that end in 2 and n."""

from __future__ import annotations

from typing import Any

from .. import errors, types
from ..errors import check_dim
from ..functions import function
from ..readers import REGISTRY
from ..tensor import Tensor
from .fft import fft_c2c, fft_c2r, fft_r2c, finished, need_points, need_real, need_tensor, power_of, promoted, resized


# --- arguments ----------------------------------------------------------------------------------------------------------
def _ints(name: str, argument: str, position: int, value: Any) -> tuple[int, ...] | None:
    """None, an int or ints as a tuple."""
    if value is None:
        return None
    whole = f"{name}(): argument '{argument}' (position {position}) must be tuple of ints"
    if not isinstance(value, (tuple, list)):
        if not hasattr(value, "__index__"):
            raise errors.type_(f"{whole}, not {type(value).__name__}")
        value = (value,)
    for i, v in enumerate(value):
        if not hasattr(v, "__index__"):
            raise errors.type_(f"{whole}, but found element of type {type(v).__name__} at pos {i}")
    return tuple([int(v.__index__()) for v in value])


def _many_dims(name: str, x: Tensor, s: Any, dim: Any) -> tuple[list[int], tuple[int, ...]]:
    """The sizes and dimensions of a transform along several, checked. A size of -1 is the input's."""
    s, dim = _ints(name, "s", 2, s), _ints(name, "dim", 3, dim)
    shape = x._a.shape
    if dim is not None:
        if dim and not shape:
            raise errors.index(f"Dimension specified as {dim[0]} but tensor has no dimensions")
        dim = tuple([check_dim(d, len(shape)) for d in dim])
        if len(set(dim)) != len(dim):
            raise errors.runtime("FFT dims must be unique", f"They are {dim}.")
    if s is not None:
        if dim is not None and len(dim) != len(s):
            raise errors.runtime(
                "When given, dim and shape arguments must have the same length", f"They have {len(dim)} and {len(s)}."
            )
        if len(s) > len(shape):
            raise errors.runtime(f"Got shape with {len(s)} values but input tensor only has {len(shape)} dimensions.")
    if dim is None:
        dim = tuple(range(len(shape) - len(s) if s is not None else 0, len(shape)))
    sizes = [shape[d] for d in dim] if s is None else [shape[d] if n == -1 else n for n, d in zip(s, dim, strict=True)]
    for n in sizes:
        need_points(n)
    return sizes, dim


def _real_size(name: str, x: Tensor, s: Any, sizes: list[int], dim: tuple[int, ...]) -> int:
    """The size of the last dimension of a real result; ``sizes`` is changed to what the spectrum needs there."""
    if not dim:
        raise errors.runtime(f"{name} must transform at least one axis")
    given = None if s is None else (s if isinstance(s, (tuple, list)) else (s,))[-1]
    n = need_points(2 * (x._a.shape[dim[-1]] - 1) if given in (None, -1) else given)
    sizes[-1] = n // 2 + 1
    return n


# --- along several dimensions ---------------------------------------------------------------------------------------------
def _complex_nd(name: str, x: Any, s: Any, dim: Any, norm: Any, forward: bool, out: Any) -> Tensor:
    need_tensor(name, x)
    x = promoted(x, to_complex=True)
    sizes, dim = _many_dims(name, x, s, dim)
    power = power_of(norm, forward)
    return finished(name, fft_c2c.public(resized(x, sizes, dim), dim=dim, power=power, forward=forward), out)


def _rfftn(name: str, x: Any, s: Any, dim: Any, norm: Any, out: Any) -> Tensor:
    need_tensor(name, x)
    need_real("rfftn", x, "a real-valued input tensor, but got")
    x = promoted(x)
    sizes, dim = _many_dims(name, x, s, dim)
    if not dim:
        raise errors.runtime("rfftn must transform at least one axis")
    power = power_of(norm, True)
    return finished(name, fft_r2c.public(resized(x, sizes, dim), dim=dim, power=power, onesided=True), out)


def _irfftn(name: str, x: Any, s: Any, dim: Any, norm: Any, out: Any) -> Tensor:
    need_tensor(name, x)
    x = promoted(x, to_complex=True)
    sizes, dim = _many_dims(name, x, s, dim)
    n = _real_size("irfftn", x, s, sizes, dim)
    power = power_of(norm, False)
    return finished(name, fft_c2r.public(resized(x, sizes, dim), dim=dim, power=power, n=n), out)


def _hfftn(name: str, x: Any, s: Any, dim: Any, norm: Any, out: Any) -> Tensor:
    need_tensor(name, x)
    x = promoted(x, to_complex=True)
    sizes, dim = _many_dims(name, x, s, dim)
    n = _real_size("hfftn", x, s, sizes, dim)
    power = power_of(norm, True)
    x = resized(x, sizes, dim)
    if len(dim) > 1:
        x = fft_c2c.public(x, dim=dim[:-1], power=power, forward=True)
    x = REGISTRY["conj"].public(x)
    return finished(name, fft_c2r.public(x, dim=dim[-1:], power=power, n=n), out)


def _ihfftn(name: str, x: Any, s: Any, dim: Any, norm: Any, out: Any) -> Tensor:
    need_tensor(name, x)
    if x.dtype.is_complex:
        raise errors.runtime(f"Only supports floating-point dtypes, but found: {types.scalar_name(x.dtype)}")
    x = promoted(x)
    sizes, dim = _many_dims(name, x, s, dim)
    if not dim:
        raise errors.runtime("ihfftn must transform at least one axis")
    power = power_of(norm, False)
    half = fft_r2c.public(resized(x, sizes, dim), dim=dim[-1:], power=power, onesided=True)
    if len(dim) == 1:
        return finished(name, REGISTRY["conj"].public(half), out)
    half = REGISTRY["conj_physical"].public(half)
    return finished(name, fft_c2c.public(half, dim=dim[:-1], power=power, forward=False), out)


def _samples_nd(make: str, square: bool) -> Any:
    """Real or complex inputs (``make`` names the kinds); ``square`` for the forms with two dimensions."""

    def samples(m: Any) -> list[Any]:
        sizes = {"r": m.f, "c": m.c}
        out = []
        for kind in make:
            f = sizes[kind]
            out += [m(f(3, 4)), m(f(2, 3, 4), norm="ortho"), m(f(2, 4, 3), (3, 4), (0, 1)), m(f(2, 5), (3, 3))]
            out += [m(f(2, 3, 4), (-1, 2), (-1, 0), norm="forward"), m(f(2, 4), norm="backward"), m(f(3, 2), dim=1)]
            if not square:
                out += [m(f(5)), m(f(2, 3, 3)), m(f(2, 3, 4), (3, 5)), m(f(2, 5), 4), m(f(3, 4), s=(3,), dim=(0,))]
        out += [m(m.nc(3, 4)), m(m.i(3, 4))] if "r" in make else [m(m.c(3, 4).t())]
        return [*out, m.without("0-d", "they need a dimension"), m.without("empty", "PyTorch refuses it")]

    return samples


def _errors_nd(name: str) -> Any:
    said = f"fft_{name}(): argument"
    square = name.endswith("2")

    def wrong(m: Any) -> list[Any]:
        x = m.f(3, 4)
        out = [
            m.error(RuntimeError, "Invalid number of data points (0) specified", x, (0, 2)),
            m.error(RuntimeError, "When given, dim and shape arguments must have the same length", x, (2, 2), (0,)),
            m.error(RuntimeError, "FFT dims must be unique", x, None, (0, -2)),
            m.error(RuntimeError, 'Invalid normalization mode: "x"', x, norm="x"),
            m.error(RuntimeError, "Unsupported dtype Half", m.a([[1.0, 2.0]], m.torch.float16)),
            m.error(
                IndexError, "Dimension out of range (expected to be in range of [-2, 1], but got 3)", x, dim=(0, 3)
            ),
            m.error(TypeError, f"{said} 'input' (position 1) must be Tensor, not str", "text"),
            m.error(
                TypeError,
                f"{said} 's' (position 2) must be tuple of ints, but found element of type float",
                x,
                (2.5, 2),
            ),
            m.error(TypeError, f"{said} 'dim' (position 3) must be tuple of ints, not str", x, (2, 2), "x"),
        ]
        if square:
            out += [m.error(IndexError, "Dimension specified as -2 but tensor has no dimensions", m.f())]
            out += [
                m.error(IndexError, "Dimension out of range (expected to be in range of [-1, 0], but got -2)", m.f(3))
            ]
        else:
            given = "Got shape with 3 values but input tensor only has 2 dimensions."
            out += [m.error(RuntimeError, given, x, (2, 2, 2))]
        if "r" in name or "h" in name:
            out += [m.error(RuntimeError, f"{name[:-1]}n must transform at least one axis", x, dim=())]
        if name[:-1] == "rfft":
            said_real = "rfftn expects a real-valued input tensor, but got ComplexDouble"
            out += [m.error(RuntimeError, said_real, m.c(3, 4))]
        if name[:-1] == "ihfft":
            out += [m.error(RuntimeError, "Only supports floating-point dtypes, but found: ComplexDouble", m.c(3, 4))]
        return out

    return wrong


@function(name="fft.fft2", samples=_samples_nd("rc", True), errors=_errors_nd("fft2"))
def fft2(input: Tensor, s: Any = None, dim: Any = (-2, -1), norm: str | None = None, *, out: Any = None) -> Tensor:
    """``fftn`` along two dimensions, the last ones if none are given.

    >>> import rushlight as torch
    >>> torch.fft.fft2(torch.tensor([[1.0, 2.0], [3.0, 4.0]]))
    tensor([[10.+0.j, -2.+0.j],
            [-4.+0.j,  0.+0.j]])
    """
    return _complex_nd("fft_fft2", input, s, dim, norm, True, out)


@function(name="fft.ifft2", samples=_samples_nd("rc", True), errors=_errors_nd("ifft2"))
def ifft2(input: Tensor, s: Any = None, dim: Any = (-2, -1), norm: str | None = None, *, out: Any = None) -> Tensor:
    """The inverse of ``fft2``."""
    return _complex_nd("fft_ifft2", input, s, dim, norm, False, out)


@function(name="fft.fftn", samples=_samples_nd("rc", False), errors=_errors_nd("fftn"))
def fftn(input: Tensor, s: Any = None, dim: Any = None, norm: str | None = None, *, out: Any = None) -> Tensor:
    """The discrete Fourier transform along several dimensions, one after the other; the result is complex.

    ``s`` are the sizes to which the dimensions are cut off or filled up with zeros (-1: as it is), of ``dim``, or of the last
    ones. Without both, all dimensions are transformed. ``norm`` as for ``fft``, n being the product of the sizes.

    >>> import rushlight as torch
    >>> torch.fft.fftn(torch.ones(2, 2))
    tensor([[4.+0.j, 0.+0.j],
            [0.+0.j, 0.+0.j]])
    """
    return _complex_nd("fft_fftn", input, s, dim, norm, True, out)


@function(name="fft.ifftn", samples=_samples_nd("rc", False), errors=_errors_nd("ifftn"))
def ifftn(input: Tensor, s: Any = None, dim: Any = None, norm: str | None = None, *, out: Any = None) -> Tensor:
    """The inverse of ``fftn``."""
    return _complex_nd("fft_ifftn", input, s, dim, norm, False, out)


@function(name="fft.rfft2", samples=_samples_nd("r", True), errors=_errors_nd("rfft2"))
def rfft2(input: Tensor, s: Any = None, dim: Any = (-2, -1), norm: str | None = None, *, out: Any = None) -> Tensor:
    """``rfftn`` along two dimensions, the last ones if none are given."""
    return _rfftn("fft_rfft2", input, s, dim, norm, out)


@function(name="fft.irfft2", samples=_samples_nd("cr", True), errors=_errors_nd("irfft2"))
def irfft2(input: Tensor, s: Any = None, dim: Any = (-2, -1), norm: str | None = None, *, out: Any = None) -> Tensor:
    """The inverse of ``rfft2``. An odd last dimension needs ``s``."""
    return _irfftn("fft_irfft2", input, s, dim, norm, out)


@function(name="fft.rfftn", samples=_samples_nd("r", False), errors=_errors_nd("rfftn"))
def rfftn(input: Tensor, s: Any = None, dim: Any = None, norm: str | None = None, *, out: Any = None) -> Tensor:
    """The transform of real numbers along several dimensions; the last of them has its first n // 2 + 1 frequencies.

    >>> import rushlight as torch
    >>> torch.fft.rfftn(torch.ones(2, 4)).shape
    torch.Size([2, 3])
    """
    return _rfftn("fft_rfftn", input, s, dim, norm, out)


@function(name="fft.irfftn", samples=_samples_nd("cr", False), errors=_errors_nd("irfftn"))
def irfftn(input: Tensor, s: Any = None, dim: Any = None, norm: str | None = None, *, out: Any = None) -> Tensor:
    """The inverse of ``rfftn``, real. ``s`` are the sizes of the result; an odd last dimension needs it."""
    return _irfftn("fft_irfftn", input, s, dim, norm, out)


@function(name="fft.hfft2", samples=_samples_nd("cr", True), errors=_errors_nd("hfft2"))
def hfft2(input: Tensor, s: Any = None, dim: Any = (-2, -1), norm: str | None = None, *, out: Any = None) -> Tensor:
    """``hfftn`` along two dimensions, the last ones if none are given."""
    return _hfftn("fft_hfft2", input, s, dim, norm, out)


@function(name="fft.ihfft2", samples=_samples_nd("r", True), errors=_errors_nd("ihfft2"))
def ihfft2(input: Tensor, s: Any = None, dim: Any = (-2, -1), norm: str | None = None, *, out: Any = None) -> Tensor:
    """The inverse of ``hfft2``."""
    return _ihfftn("fft_ihfft2", input, s, dim, norm, out)


@function(name="fft.hfftn", samples=_samples_nd("cr", False), errors=_errors_nd("hfftn"))
def hfftn(input: Tensor, s: Any = None, dim: Any = None, norm: str | None = None, *, out: Any = None) -> Tensor:
    """The transform along several dimensions of a signal of which the last one holds a half, the rest being its conjugates."""
    return _hfftn("fft_hfftn", input, s, dim, norm, out)


@function(name="fft.ihfftn", samples=_samples_nd("r", False), errors=_errors_nd("ihfftn"))
def ihfftn(input: Tensor, s: Any = None, dim: Any = None, norm: str | None = None, *, out: Any = None) -> Tensor:
    """The inverse of ``hfftn``: complex numbers from real ones, the last dimension with n // 2 + 1 of them."""
    return _ihfftn("fft_ihfftn", input, s, dim, norm, out)
