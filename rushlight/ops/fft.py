"""Discrete Fourier transforms (pocketfft, through NumPy).

Three primitives: of complex numbers (``fft_c2c``), of real ones (``fft_r2c``), back to real ones (``fft_c2r``). The public
functions bring the input to the wanted size and dtype, and turn the name of a normalisation into a power of the size.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import errors, types
from ..errors import check_dim
from ..functions import function
from ..kernels.memory import empty
from ..op import opaque
from ..promotion import cast_array
from ..readers import REGISTRY, tensors
from ..routes import routed
from ..tensor import Tensor, wrap
from ..writing import write_out
from .create import dtype_or_default, finish

# --- the primitives -----------------------------------------------------------------------------------------------------
#: NumPy's name for a division by 1, by the root of the size, and by the size.
_FORWARD = ("backward", "ortho", "forward")
_INVERSE = _FORWARD[::-1]


def _by_stride(input, dim):
    """The transformed dimensions in the order in which PyTorch lays them out."""
    return tuple(sorted(dim, key=lambda d: -input.strides[d]))


def _room(input, sizes, last, dtype):
    """Memory for a result, laid out as PyTorch does it: the dimensions ``last`` are innermost."""
    if input.flags.c_contiguous and tuple(last) == tuple(range(input.ndim - len(last), input.ndim)):
        return empty(tuple(sizes), np.dtype(dtype))
    others = [d for d in range(input.ndim) if d not in last]
    order = [*_by_stride(input, others), *last]
    return empty(tuple(sizes[d] for d in order), np.dtype(dtype)).transpose(np.argsort(order))


def _shape_with(shape, dim, n):
    return tuple(n if d == dim else m for d, m in enumerate(shape))


@opaque(public=False, grad_name="FftC2CBackward0")
def fft_c2c(k, input, *, dim, power, forward):
    """The transform of complex numbers along ``dim``, or its inverse; ``power``: divided by the size to half this power.

    Gradient of ``input``: the transform of ``g`` the other way, with the same factor.
    """
    if not dim:
        return input.copy()
    out = _room(input, input.shape, _by_stride(input, dim), input.dtype)
    norm = (_FORWARD if forward else _INVERSE)[power]
    if len(dim) == 1:  # NumPy's function of several dimensions takes twice as long to get there
        return (np.fft.fft if forward else np.fft.ifft)(input, axis=dim[0], norm=norm, out=out)
    if forward:
        return np.fft.fftn(input, axes=dim, norm=norm, out=out)
    return np.fft.ifftn(input, axes=dim, norm=norm, out=out)


@fft_c2c.vjp("input")
def _(k, g, dim, power, forward):
    return k.fft_c2c(g, dim=dim, power=power, forward=not forward)


@opaque(public=False, grad_name="FftR2CBackward0")
def fft_r2c(k, input, *, dim, power, onesided):
    """The transform of real numbers along ``dim``; ``onesided``: without the second half of the last of these dimensions.

    What is left out are the conjugates of what is there. Without ``onesided``, ``dim`` is one dimension.

    Gradient of ``input``: the real part of the transform of ``g`` the other way, with the same factor.
    """
    dtype = np.complex64 if input.dtype == np.float32 else np.complex128
    last = dim[-1]
    if not onesided:
        out = _room(input, input.shape, dim, dtype)
        return np.fft.fft(input, axis=last, norm=_FORWARD[power], out=out)
    shape = _shape_with(input.shape, last, input.shape[last] // 2 + 1)
    out = _room(input, shape, (*_by_stride(input, dim[:-1]), last), dtype)
    if len(dim) == 1:
        return np.fft.rfft(input, axis=last, norm=_FORWARD[power], out=out)
    return np.fft.rfftn(input, axes=dim, norm=_FORWARD[power], out=out)


@fft_r2c.vjp("input")
def _(k, g, input_shape, dim, power, onesided):
    if not onesided:
        return k.real(k.fft_c2c(g, dim=dim, power=power, forward=False))
    n = input_shape[dim[-1]]
    # the transform back counts what stands for two elements twice
    return k.fft_c2r(g * _between(k, g, dim[-1], n, 0.5), dim=dim, power=power, n=n)


@opaque(public=False, grad_name="FftC2RBackward0")
def fft_c2r(k, input, *, dim, power, n):
    """The inverse transform along ``dim`` of a spectrum with half of the last of these dimensions, whose size becomes ``n``.

    Gradient of ``input``: the transform of ``g`` with the same factor; what stands for two elements counts twice.
    """
    last = dim[-1]
    if len(dim) > 1:
        input = fft_c2c.forward(k, input, dim=dim[:-1], power=power, forward=False)
    dtype = np.float32 if input.dtype == np.complex64 else np.float64
    out = _room(input, _shape_with(input.shape, last, n), (last,), dtype)
    return np.fft.irfft(input, n, last, _INVERSE[power], out=out)


@fft_c2r.vjp("input")
def _(k, g, dim, power, n):
    return k.fft_r2c(g, dim=dim, power=power, onesided=True) * _between(k, g, dim[-1], n, 2.0)


def _between(k, g, dim, n, factor):
    """``factor`` at the frequencies of half a spectrum that stand for two, 1 at zero and at the middle one."""
    factors = np.ones(n // 2 + 1, np.float32)
    factors[1 : (n + 1) // 2] = factor
    factors = factors.reshape([-1 if d == dim else 1 for d in range(g.ndim)])
    return wrap(factors) if k is tensors else factors


# --- arguments ----------------------------------------------------------------------------------------------------------
def need_tensor(name: str, x: Any) -> None:
    if not isinstance(x, Tensor):
        raise errors.not_a_tensor(name, "input", 1, x)


def need_real(name: str, x: Tensor, what: str = "a real input tensor, but got") -> None:
    if x.dtype.is_complex:
        raise errors.runtime(f"{name} expects {what} {types.scalar_name(x.dtype)}", "Use fft, or x.real.")


def promoted(x: Tensor, to_complex: bool = False) -> Tensor:
    """The input in a dtype that has transforms: integers become the default dtype."""
    dtype = x.dtype if x.dtype.category >= types.FLOATING else types.get_default_dtype()
    if dtype.itemsize < 4:
        raise errors.runtime(f"Unsupported dtype {types.scalar_name(dtype)}", "Convert first: x.float().")
    if to_complex:
        dtype = dtype.to_complex()
    return x if dtype is x.dtype else x.to(dtype)  # type: ignore[no-any-return]


def power_of(norm: Any, forward: bool) -> int:
    """0, 1, 2: the result is divided by 1, by the root of the size, by the size."""
    if norm is None or norm == "backward":
        return 0 if forward else 2
    if norm == "forward":
        return 2 if forward else 0
    if norm == "ortho":
        return 1
    if not isinstance(norm, str):
        raise errors.type_(f"argument 'norm' must be str, not {type(norm).__name__}")
    raise errors.runtime(f'Invalid normalization mode: "{norm}"', 'The modes are "forward", "backward" and "ortho".')


def need_int(name: str, argument: str, position: int, value: Any) -> int:
    """An int, or what stands for one; never a bool.

    Raises:
        TypeError: for anything else.
    """
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise errors.type_(
            f"{name}(): argument '{argument}' (position {position}) must be int, not {type(value).__name__}"
        )
    return int(value.__index__())


def need_points(n: int) -> int:
    if n < 1:
        raise errors.runtime(f"Invalid number of data points ({n}) specified", "A transform takes at least one point.")
    return n


def _one_dim(name: str, x: Tensor, n: Any, dim: Any) -> tuple[int | None, int]:
    """``n`` and ``dim`` of a transform along one dimension, checked."""
    size = None if n is None else need_int(name, "n", 2, n)
    dim = need_int(name, "dim", 3, dim)
    if not x._a.ndim:
        raise errors.index(f"Dimension specified as {dim} but tensor has no dimensions")
    dim = check_dim(dim, x._a.ndim)
    return size, dim


def resized(x: Tensor, sizes: list[int], dim: tuple[int, ...]) -> Tensor:
    """The input cut off or filled up with zeros at the end of its dimensions."""
    pad = [0] * (2 * x._a.ndim)
    for n, d in zip(sizes, dim, strict=True):
        if n < x._a.shape[d]:
            x = x.narrow(d, 0, n)
        else:
            pad[2 * (x._a.ndim - 1 - d) + 1] = n - x._a.shape[d]
    return REGISTRY["constant_pad_nd"].public(x, pad) if any(pad) else x  # type: ignore[no-any-return]


def finished(name: str, result: Tensor, out: Any) -> Tensor:
    return result if out is None else write_out(name, out, result)  # type: ignore[no-any-return]


# --- along one dimension -----------------------------------------------------------------------------------------------
def _complex_1d(name: str, x: Any, n: Any, dim: Any, norm: Any, forward: bool, out: Any) -> Tensor:
    need_tensor(name, x)
    x = promoted(x)
    n, dim = _one_dim(name, x, n, dim)
    n = need_points(x._a.shape[dim] if n is None else n)
    power = power_of(norm, forward)
    x = resized(x, [n], (dim,))
    if x.dtype.is_complex:
        return finished(name, fft_c2c.public(x, dim=(dim,), power=power, forward=forward), out)
    result = fft_r2c.public(x, dim=(dim,), power=power, onesided=False)
    return finished(name, result if forward else REGISTRY["conj"].public(result), out)


def _from_real_1d(name: str, x: Any, n: Any, dim: Any, norm: Any, forward: bool, out: Any) -> Tensor:
    need_tensor(name, x)
    need_real(name.removeprefix("fft_"), x)
    x = promoted(x)
    n, dim = _one_dim(name, x, n, dim)
    n = need_points(x._a.shape[dim] if n is None else n)
    power = power_of(norm, forward)
    result = fft_r2c.public(resized(x, [n], (dim,)), dim=(dim,), power=power, onesided=True)
    return finished(name, result if forward else REGISTRY["conj"].public(result), out)


def _to_real_1d(name: str, x: Any, n: Any, dim: Any, norm: Any, forward: bool, out: Any) -> Tensor:
    need_tensor(name, x)
    x = promoted(x, to_complex=True)
    n, dim = _one_dim(name, x, n, dim)
    n = need_points(2 * (x._a.shape[dim] - 1) if n is None else n)
    power = power_of(norm, forward)
    x = resized(x, [n // 2 + 1], (dim,))
    if forward:
        x = REGISTRY["conj"].public(x)
    return finished(name, fft_c2r.public(x, dim=(dim,), power=power, n=n), out)


def _samples_1d(make: str) -> Any:
    """Real or complex inputs (``make`` names the kinds): every norm, cut off, filled up, along other dimensions."""

    def samples(m: Any) -> list[Any]:
        sizes = {"r": m.f, "c": m.c}
        out = []
        for kind in make:
            f = sizes[kind]
            out += [m(f(5)), m(f(2, 6), norm="ortho"), m(f(2, 4), norm="forward"), m(f(4, 3), 4, 0), m(f(2, 5), 3)]
            out += [m(f(3), 8, norm="backward")]
        if "r" in make:
            out += [m(m.nc(3, 4)), m(m.i(4)), m(m.b(4))]
        else:
            out += [m(m.c(3, 4).t())]
        return [*out, m.without("0-d", "PyTorch: they need a dimension"), m.without("empty", "PyTorch refuses it")]

    return samples


def _errors_1d(name: str) -> Any:
    def wrong(m: Any) -> list[Any]:
        said = f"{name.replace('.', '_')}(): argument"
        return [
            m.error(RuntimeError, "Invalid number of data points (0) specified", m.f(3), 0),
            m.error(RuntimeError, 'Invalid normalization mode: "x"', m.f(3), norm="x"),
            m.error(RuntimeError, "Unsupported dtype Half", m.a([1.0, 2.0], m.torch.float16)),
            m.error(
                IndexError, "Dimension out of range (expected to be in range of [-1, 0], but got 1)", m.f(3), dim=1
            ),
            m.error(IndexError, "Dimension specified as -1 but tensor has no dimensions", m.f()),
            m.error(TypeError, f"{said} 'input' (position 1) must be Tensor, not str", "text"),
            m.error(TypeError, f"{said} 'n' (position 2) must be int, not float", m.f(3), 2.5),
            m.error(TypeError, "argument 'norm' must be str, not int", m.f(3), norm=3),
        ]

    return wrong


def _real_errors_1d(name: str) -> Any:
    def wrong(m: Any) -> list[Any]:
        said = f"{name.removeprefix('fft.')} expects a real input tensor, but got ComplexDouble"
        return [*_errors_1d(name)(m), m.error(RuntimeError, said, m.c(3))]

    return wrong


@function(name="fft.fft", samples=_samples_1d("rc"), errors=_errors_1d("fft.fft"))
@routed
def fft(input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None, *, out: Any = None) -> Tensor:
    """The discrete Fourier transform along ``dim``: ``X[k] = sum_j x[j] exp(-2 pi i j k / n)``. The result is complex.

    The dimension is cut off or filled up with zeros to ``n``. ``norm="forward"`` divides by n, ``"ortho"`` by its root,
    ``"backward"`` (the default) by nothing. Works by pocketfft in O(n log n) for every n.

    >>> import rushlight as torch
    >>> torch.fft.fft(torch.tensor([1.0, 2.0, 3.0, 4.0]))
    tensor([10.+0.j, -2.+2.j, -2.+0.j, -2.-2.j])
    """
    return _complex_1d("fft_fft", input, n, dim, norm, True, out)


@function(name="fft.ifft", samples=_samples_1d("rc"), errors=_errors_1d("fft.ifft"))
@routed
def ifft(input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None, *, out: Any = None) -> Tensor:
    """The inverse of ``fft``: ``x[j] = sum_k X[k] exp(2 pi i j k / n) / n``; ``norm`` names the same normalisations.

    >>> import rushlight as torch
    >>> torch.fft.ifft(torch.fft.fft(torch.tensor([1.0, 2.0])))
    tensor([1.+0.j, 2.+0.j])
    """
    return _complex_1d("fft_ifft", input, n, dim, norm, False, out)


@function(name="fft.rfft", samples=_samples_1d("r"), errors=_real_errors_1d("fft.rfft"))
@routed
def rfft(input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None, *, out: Any = None) -> Tensor:
    """The transform of a real signal, without its second half: n // 2 + 1 complex numbers. What is left out are conjugates.

    >>> import rushlight as torch
    >>> torch.fft.rfft(torch.tensor([1.0, 2.0, 3.0, 4.0]))
    tensor([10.+0.j, -2.+2.j, -2.+0.j])
    """
    return _from_real_1d("fft_rfft", input, n, dim, norm, True, out)


@function(name="fft.irfft", samples=_samples_1d("cr"), errors=_errors_1d("fft.irfft"))
@routed
def irfft(input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None, *, out: Any = None) -> Tensor:
    """The inverse of ``rfft``: n real numbers, 2 * (size - 1) if ``n`` is not given; an odd signal needs its ``n``.

    >>> import rushlight as torch
    >>> torch.fft.irfft(torch.fft.rfft(torch.tensor([1.0, 2.0, 3.0])), n=3)
    tensor([1., 2., 3.])
    """
    return _to_real_1d("fft_irfft", input, n, dim, norm, False, out)


@function(name="fft.hfft", samples=_samples_1d("cr"), errors=_errors_1d("fft.hfft"))
def hfft(input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None, *, out: Any = None) -> Tensor:
    """The transform of a signal whose second half are the conjugates of the first, which alone is given: n real numbers.

    >>> import rushlight as torch
    >>> torch.fft.hfft(torch.tensor([1.0 + 0j, 2 - 1j, 3 + 0j]))
    tensor([ 8., -4.,  0.,  0.])
    """
    return _to_real_1d("fft_hfft", input, n, dim, norm, True, out)


@function(name="fft.ihfft", samples=_samples_1d("r"), errors=_real_errors_1d("fft.ihfft"))
def ihfft(input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None, *, out: Any = None) -> Tensor:
    """The inverse of ``hfft``: n // 2 + 1 complex numbers from n real ones.

    >>> import rushlight as torch
    >>> torch.fft.ihfft(torch.tensor([8.0, -4.0, 0.0, 0.0]))
    tensor([1.-0.j, 2.-1.j, 3.-0.j])
    """
    return _from_real_1d("fft_ihfft", input, n, dim, norm, False, out)


# --- frequencies and their order ----------------------------------------------------------------------------------------
def _frequencies(name: str, places: Any, n: int, d: Any, kwargs: dict[str, Any]) -> Tensor:
    """``places / (n d)`` in the dtype that the keywords ask for."""
    if not isinstance(d, (int, float, np.number)) and not (isinstance(d, Tensor) and d.numel() == 1):
        raise errors.type_(f"{name}(): argument 'd' (position 2) must be float, not {type(d).__name__}")
    dtype = dtype_or_default(kwargs.pop("dtype", None), name)
    if dtype.category < types.FLOATING:
        raise errors.runtime(f"{name.removeprefix('fft_')} requires a floating point or complex dtype")
    if dtype.is_complex:
        raise NotImplementedError(f"\"arange_cpu\" not implemented for '{types.scalar_name(dtype)}'")
    width = n * float(d)
    step = 1.0 / width if width else float("inf")
    work = np.float64 if dtype is types.float64 else np.float32
    with np.errstate(invalid="ignore"):  # no width, no frequencies: 0 * inf
        steps = places.astype(work) * work(step)
    return finish(cast_array(steps, dtype.np), **kwargs)


def _freq_samples(m: Any) -> list[Any]:
    return [
        m(5),
        m(4, 2.0),
        m(0),
        m(1),
        m(7, d=0.3, dtype=m.torch.float64),
        m(6, 0.1, dtype=m.torch.float16),
        m(4, 0.0),
    ]


def _freq_errors(name: str) -> Any:
    return lambda m: [
        m.error(TypeError, f"fft_{name}(): argument 'n' (position 1) must be int, not float", 2.5),
        m.error(TypeError, f"fft_{name}(): argument 'd' (position 2) must be float, not str", 3, "x"),
        m.error(RuntimeError, f"{name} requires a floating point or complex dtype", 3, dtype=m.torch.int64),
        m.error(NotImplementedError, "\"arange_cpu\" not implemented for 'ComplexFloat'", 3, dtype=m.torch.complex64),
    ]


@function(
    name="fft.fftfreq",
    samples=_freq_samples,
    errors=lambda m: [
        *_freq_errors("fftfreq")(m),
        m.error(RuntimeError, "Trying to create tensor with negative dimension -1", -1),
    ],
)
def fftfreq(n: int, d: float = 1.0, **kwargs: Any) -> Tensor:
    """The frequencies of ``fft`` of n samples ``d`` apart: 0, 1, ... then the negative ones, divided by n d.

    Keywords: ``dtype, device, requires_grad, out``.

    >>> import rushlight as torch
    >>> torch.fft.fftfreq(4)
    tensor([ 0.0000,  0.2500, -0.5000, -0.2500])
    """
    n = need_int("fft_fftfreq", "n", 1, n)
    if n < 0:
        raise errors.runtime(f"Trying to create tensor with negative dimension {n}: [{n}]")
    places = np.arange(n)
    places[(n + 1) // 2 :] -= n
    return _frequencies("fft_fftfreq", places, n, d, kwargs)


@function(name="fft.rfftfreq", samples=_freq_samples, errors=_freq_errors("rfftfreq"))
def rfftfreq(n: int, d: float = 1.0, **kwargs: Any) -> Tensor:
    """The frequencies of ``rfft`` of n samples ``d`` apart: 0, 1, ... n // 2, divided by n d.

    Keywords: ``dtype, device, requires_grad, out``.

    >>> import rushlight as torch
    >>> torch.fft.rfftfreq(4)
    tensor([0.0000, 0.2500, 0.5000])
    """
    n = need_int("fft_rfftfreq", "n", 1, n)
    return _frequencies("fft_rfftfreq", np.arange(int(n / 2) + 1), n, d, kwargs)


def _shifted(name: str, input: Any, dim: Any, extra: int) -> Tensor:
    need_tensor(name, input)
    shape = input._a.shape
    dims = range(len(shape)) if dim is None else dim if isinstance(dim, (tuple, list)) else (dim,)
    dims = tuple([_one_dim(name, input, None, d)[1] for d in dims])
    if not dims:
        raise errors.runtime("`shifts` required", "There is no dimension to shift.")
    return REGISTRY["roll"].public(input, tuple([(shape[d] + extra) // 2 for d in dims]), dims)  # type: ignore[no-any-return]


def _shift_samples(m: Any) -> list[Any]:
    calls = [m(m.f(5)), m(m.f(4, 3)), m(m.f(3, 4), 1), m(m.f(3, 4), (0, 1)), m(m.f(3, 2), (0, 0)), m(m.f(0, 3))]
    return [*calls, m(m.nc(3, 4)), m(m.i(5)), m.without("0-d", "PyTorch: there is nothing to shift")]


def _shift_errors(m: Any) -> list[Any]:
    return [
        m.error(IndexError, "Dimension out of range (expected to be in range of [-1, 0], but got 1)", m.f(3), 1),
        m.error(IndexError, "Dimension specified as 0 but tensor has no dimensions", m.f(), 0),
        m.error(RuntimeError, "`shifts` required", m.f()),
        m.error(TypeError, "shift(): argument 'input' (position 1) must be Tensor, not str", "text"),
    ]


@function(name="fft.fftshift", samples=_shift_samples, errors=_shift_errors)
def fftshift(input: Tensor, dim: Any = None) -> Tensor:
    """The zero frequency moved from the beginning to the middle, along ``dim`` or all dimensions.

    >>> import rushlight as torch
    >>> torch.fft.fftshift(torch.fft.fftfreq(4))
    tensor([-0.5000, -0.2500,  0.0000,  0.2500])
    """
    return _shifted("fft_fftshift", input, dim, 0)


@function(name="fft.ifftshift", samples=_shift_samples, errors=_shift_errors)
def ifftshift(input: Tensor, dim: Any = None) -> Tensor:
    """The inverse of ``fftshift``.

    >>> import rushlight as torch
    >>> torch.fft.ifftshift(torch.tensor([-2, -1, 0, 1]))
    tensor([ 0,  1, -2, -1])
    """
    return _shifted("fft_ifftshift", input, dim, 1)
