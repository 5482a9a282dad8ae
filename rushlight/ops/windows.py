"""Windows: ``torch.signal.windows`` and the older functions of the same purpose. Each step is one of PyTorch's, digits included."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import errors, types
from ..functions import function
from ..promotion import cast_array
from ..tensor import Tensor, wrap
from .create import dtype_or_default, finish, ones, tensor
from .fft import need_int
from .ranges import arange, linspace


# --- torch.signal.windows -------------------------------------------------------------------------------------------------
class _Frame:
    """What every window is given: its length ``M``, the steps from its first point to its last, and how tensors are made.

    A window that is not symmetric is one period, whose end is the next one's beginning.

    Raises:
        ValueError: for a negative length, a dtype other than float32 and float64, another layout.
    """

    def __init__(self, name: str, M: Any, sym: bool, dtype: Any, layout: Any, **options: Any):
        if M < 0:
            raise errors.value(f"{name} requires non-negative window length, got M={M}")
        if layout is not types.strided:
            raise errors.value(f"{name} is implemented for strided tensors only, got: {layout}")
        self.dtype: types.dtype = dtype_or_default(dtype, name)
        if self.dtype not in (types.float32, types.float64):
            raise errors.value(f"{name} expects float32 or float64 dtypes, got: {self.dtype}")
        self.M = M
        self.sym = sym
        self.steps: Any = M if not sym and M > 1 else M - 1
        self.options: dict[str, Any] = {"dtype": self.dtype, **options}

    def line(self, start: Any, step: Any) -> Any:
        """``M`` points, so far from each other."""
        return self.between(start, start + (self.M - 1) * step)

    def between(self, start: Any, end: Any) -> Any:
        """``M`` points from one to the other."""
        return linspace(start=start, end=end, steps=self.M, **self.options)

    def ones(self) -> Tensor:
        """What a window of no point or of one is."""
        return ones((self.M,), **self.options)  # type: ignore[no-any-return]


def _samples(*kwargs: dict[str, Any], **always: Any) -> Any:
    """Lengths 0 and 1, odd and even, both kinds, both dtypes, and some keywords."""

    def samples(m: Any) -> list[Any]:
        sizes = [m(n, **always) for n in (0, 1, 2, 7)]
        forms = [m(8, **{**always, **k}) for k in ({"sym": False}, *kwargs)]
        return [*sizes, *forms, m(1, sym=False, **always), m(9, dtype=m.torch.float64, **always)]

    return samples


def _errors(name: str, *more: Any, **always: Any) -> Any:
    """What all windows refuse, then ``more``: kind, phrase and keywords of an error."""
    sparse = f"{name} is implemented for strided tensors only, got: torch.sparse_coo"
    dtypes = f"{name} expects float32 or float64 dtypes, got: torch.int64"
    return lambda m: [
        m.error(ValueError, f"{name} requires non-negative window length, got M=-1", -1, **always),
        m.error(ValueError, dtypes, 3, dtype=m.torch.int64, **always),
        m.error(ValueError, sparse, 3, layout=m.torch.sparse_coo, **always),
        m.error(TypeError, "linspace() received an invalid combination of arguments", 2.5, **always),
        *[m.error(kind, phrase, 5, **k) for kind, phrase, k in more],
    ]


def _window(samples: Any, *wrong: Any, checked_as: str = "", **always: Any) -> Any:
    """Declare a window by its formula, ``formula(frame, *, its own keywords)``. ``wrong`` and ``always`` are those of ``_errors``."""

    def declare(formula: Any) -> Any:
        name = checked_as or formula.__name__

        def window(
            M: int,
            *,
            sym: bool = True,
            dtype: Any = None,
            layout: Any = types.strided,
            device: Any = None,
            requires_grad: bool = False,
            **own: Any,
        ) -> Tensor:
            frame = _Frame(name, M, sym, dtype, layout, device=device, requires_grad=requires_grad)
            return formula(frame, **own)  # type: ignore[no-any-return]

        window.__doc__ = formula.__doc__
        path = f"signal.windows.{formula.__name__}"
        return function(name=path, samples=samples, errors=_errors(name, *wrong, **always), keywords=formula)(window)

    return declare


@_window(
    _samples({"tau": 2.5}, {"center": 1.0, "sym": False}),
    (ValueError, "Tau must be positive, got: 0.0 instead.", {"tau": 0.0}),
    (ValueError, "Center must be None for symmetric windows", {"center": 1.0}),
)
def exponential(w: _Frame, *, center: float | None = None, tau: float = 1.0) -> Tensor:
    """``exp(-|n - center| / tau)``; ``center`` may be given if the window is not symmetric.

    >>> import rushlight as torch
    >>> torch.signal.windows.exponential(3)
    tensor([0.3679, 1.0000, 0.3679])
    """
    if tau <= 0:
        raise errors.value(f"Tau must be positive, got: {tau} instead.")
    if w.sym and center is not None:
        raise errors.value("Center must be None for symmetric windows", "Write sym=False to give a center.")
    if w.M == 0:
        return w.ones()
    if center is None:
        center = w.steps / 2.0
    rate = 1 / tau
    return (-w.between(-center * rate, (-center + (w.M - 1)) * rate).abs()).exp()  # type: ignore[no-any-return]


@_window(_samples())
def cosine(w: _Frame) -> Tensor:
    """``sin(pi (n + 1/2) / M)``."""
    if w.M == 0:
        return w.ones()
    start, step = 0.5, math.pi / (w.steps + 1)
    return w.between(start * step, (start + (w.M - 1)) * step).sin()  # type: ignore[no-any-return]


@_window(_samples({"std": 2.5}), (ValueError, "Standard deviation must be positive, got: 0.0 instead.", {"std": 0.0}))
def gaussian(w: _Frame, *, std: float = 1.0) -> Tensor:
    """``exp(-(n / std)^2 / 2)``, n counted from the middle.

    >>> import rushlight as torch
    >>> torch.signal.windows.gaussian(3)
    tensor([0.6065, 1.0000, 0.6065])
    """
    if std <= 0:
        raise errors.value(f"Standard deviation must be positive, got: {std} instead.")
    if w.M == 0:
        return w.ones()
    start = -w.steps / 2.0
    scale = 1 / (std * math.sqrt(2))
    return (-(w.between(start * scale, (start + (w.M - 1)) * scale) ** 2)).exp()  # type: ignore[no-any-return]


@_window(
    _samples({"beta": 2.5}, {"beta": 0.0}),
    (ValueError, "beta must be non-negative, got: -1.0 instead.", {"beta": -1.0}),
)
def kaiser(w: _Frame, *, beta: float = 12.0) -> Tensor:
    """``i0(beta sqrt(1 - k^2)) / i0(beta)``, k from -1 to 1."""
    if beta < 0:
        raise errors.value(f"beta must be non-negative, got: {beta} instead.")
    if w.M < 2:
        return w.ones()
    bound = tensor(beta, dtype=w.dtype, device=w.options["device"])
    start = -bound
    end = bound.minimum(start + (w.M - 1) * (2.0 * bound / w.steps))  # rounding may not lead beyond the bound
    return (bound * bound - w.between(start, end).pow(2)).sqrt().i0() / bound.i0()  # type: ignore[no-any-return]


@_window(_samples())
def bartlett(w: _Frame) -> Tensor:
    """A triangle: ``1 - |2 n / (M - 1) - 1|``.

    >>> import rushlight as torch
    >>> torch.signal.windows.bartlett(5)
    tensor([0.0000, 0.5000, 1.0000, 0.5000, 0.0000])
    """
    return w.ones() if w.M < 2 else 1 - w.line(-1, 2 / w.steps).abs()  # type: ignore[no-any-return]


# --- sums of cosines --------------------------------------------------------------------------------------------------------
@_window(
    _samples({"a": (0.2, 0.3, 0.5)}, {"a": [1.0]}, a=[0.5, 0.5]),
    (TypeError, "Coefficients must be a list/tuple", {"a": 3}),
    (ValueError, "Coefficients cannot be empty", {"a": []}),
    (TypeError, "missing 1 required keyword-only argument: 'a'", {}),
    a=[0.5, 0.5],
)
def general_cosine(w: _Frame, *, a: Any) -> Tensor:
    """``sum_i (-1)^i a[i] cos(2 pi i n / (M - 1))``."""
    return _cosines(w, a)


def _cosines(w: _Frame, a: Any) -> Tensor:
    if w.M < 2:
        return w.ones()
    if not isinstance(a, (list, tuple)):
        raise errors.type_("Coefficients must be a list/tuple")
    if not a:
        raise errors.value("Coefficients cannot be empty")
    k = w.line(0, 2 * math.pi / w.steps)
    signed = tensor([(-1) ** i * x for i, x in enumerate(a)], **w.options)
    i = arange(len(a), **w.options)
    return (signed.unsqueeze(-1) * (i.unsqueeze(-1) * k).cos()).sum(0)  # type: ignore[no-any-return]


@_window(_samples({"alpha": 0.7}), checked_as="general_cosine")
def general_hamming(w: _Frame, *, alpha: float = 0.54) -> Tensor:
    """``alpha - (1 - alpha) cos(2 pi n / (M - 1))``."""
    return _cosines(w, [alpha, 1.0 - alpha])


@_window(_samples(), checked_as="general_cosine")
def hamming(w: _Frame) -> Tensor:
    """``0.54 - 0.46 cos(2 pi n / (M - 1))``."""
    return _cosines(w, [0.54, 1.0 - 0.54])


@_window(_samples(), checked_as="general_cosine")
def hann(w: _Frame) -> Tensor:
    """``(1 - cos(2 pi n / (M - 1))) / 2``."""
    return _cosines(w, [0.5, 0.5])


@_window(_samples())
def blackman(w: _Frame) -> Tensor:
    """``0.42 - 0.5 cos(2 pi n / (M - 1)) + 0.08 cos(4 pi n / (M - 1))``."""
    return _cosines(w, [0.42, 0.5, 0.08])


@_window(_samples(), checked_as="general_cosine")
def nuttall(w: _Frame) -> Tensor:
    """Four cosine terms with side lobes below -93 dB (Nuttall 1981, minimum of four terms)."""
    return _cosines(w, [0.3635819, 0.4891775, 0.1365995, 0.0106411])


# --- the older functions --------------------------------------------------------------------------------------------------
def _old(name: str, length: Any, periodic: Any, body: Any, kwargs: dict[str, Any]) -> Tensor:
    """The window that ``body`` writes from 0, 1, ..., n - 1; a periodic one is one point longer, and that is cut off."""
    length = need_int(name, "window_length", 1, length)
    if not isinstance(periodic, (bool, int)):
        raise errors.type_(
            f"{name}() received an invalid combination of arguments - got (int, {type(periodic).__name__})",
            "The second argument, periodic, is a bool.",
        )
    if "out" in kwargs:
        raise errors.type_(f"{name}() received an invalid combination of arguments - got (int, out=Tensor)")
    if kwargs.get("layout") not in (None, types.strided):
        raise errors.runtime(f"{name} is not implemented for sparse types, got: {kwargs['layout']}")
    dtype = dtype_or_default(kwargs.pop("dtype", None), name)
    if dtype.category < types.FLOATING:
        raise errors.runtime(f"{name} expects floating point dtypes, got: {dtype}")
    if dtype.is_complex:
        raise NotImplementedError(f"\"arange_cpu\" not implemented for '{types.scalar_name(dtype)}'")
    if length < 0:
        raise errors.runtime(f"{name} requires non-negative window_length, got window_length={length}")
    if length < 2:
        return ones(length, dtype=dtype, **kwargs)  # type: ignore[no-any-return]
    n = length + 1 if periodic else length
    return finish(body(arange(n, dtype=dtype), n).narrow(0, 0, length)._a, **kwargs)


def _old_samples(*more: tuple[Any, ...]) -> Any:
    return lambda m: [
        *[m(n) for n in (0, 1, 2, 7, 8)],
        *[m(n, False) for n in (1, 2, 7, 8)],
        m(6, dtype=m.torch.float64),
        m(6, periodic=False, dtype=m.torch.float16),
        *[m(*args) for args in more],
    ]


def _old_errors(name: str) -> Any:
    return lambda m: [
        m.error(RuntimeError, f"{name} requires non-negative window_length, got window_length=-1", -1),
        m.error(RuntimeError, f"{name} expects floating point dtypes, got: ", 3, dtype=m.torch.int64),
        m.error(RuntimeError, f"{name} is not implemented for sparse types, got: ", 3, layout=m.torch.sparse_coo),
        m.error(TypeError, f"{name}(): argument 'window_length' (position 1) must be int, not float", 2.5),
        m.error(TypeError, f"{name}() received an invalid combination of arguments - got (int, str)", 5, "x"),
        m.error(NotImplementedError, "\"arange_cpu\" not implemented for 'ComplexFloat'", 3, dtype=m.torch.complex64),
    ]


def _times(x: Any, number: float) -> Any:
    """``x.mul_(number)`` as PyTorch's own code has it, which rounds the number to the dtype first: of 16-bit floats it shows."""
    return x.mul_(x.new_tensor(number))


@function(samples=_old_samples((6, True, 0.6), (6, False, 0.5, 0.4)), errors=_old_errors("hamming_window"))
def hamming_window(
    window_length: int, periodic: bool = True, alpha: float = 0.54, beta: float = 0.46, **kwargs: Any
) -> Tensor:
    """``alpha - beta cos(2 pi n / (N - 1))``; periodic: of N = window_length + 1 points without the last.

    Keywords: ``dtype, device, requires_grad``.

    >>> import rushlight as torch
    >>> torch.hamming_window(4)
    tensor([0.0800, 0.5400, 1.0000, 0.5400])
    """
    return _old(
        "hamming_window",
        window_length,
        periodic,
        lambda x, n: _times(_times(x, math.pi * 2.0 / (n - 1)).cos_(), -beta).add_(alpha),
        kwargs,
    )


@function(samples=_old_samples(), errors=_old_errors("hann_window"))
def hann_window(window_length: int, periodic: bool = True, **kwargs: Any) -> Tensor:
    """``(1 - cos(2 pi n / (N - 1))) / 2``; periodic: of N = window_length + 1 points without the last.

    Keywords: ``dtype, device, requires_grad``.

    >>> import rushlight as torch
    >>> torch.hann_window(4)
    tensor([0.0000, 0.5000, 1.0000, 0.5000])
    """
    return _old(
        "hann_window",
        window_length,
        periodic,
        lambda x, n: _times(_times(x, math.pi * 2.0 / (n - 1)).cos_(), -0.5).add_(0.5),
        kwargs,
    )


@function(samples=_old_samples(), errors=_old_errors("blackman_window"))
def blackman_window(window_length: int, periodic: bool = True, **kwargs: Any) -> Tensor:
    """``0.42 - 0.5 cos(2 pi n / (N - 1)) + 0.08 cos(4 pi n / (N - 1))``; periodic as for ``hann_window``."""

    def body(x: Any, n: int) -> Any:
        _times(x, math.pi / (n - 1))
        return _times(x.mul(4).cos_(), 0.08) - _times(x.mul(2).cos_(), 0.5) + 0.42

    return _old("blackman_window", window_length, periodic, body, kwargs)


@function(samples=_old_samples(), errors=_old_errors("bartlett_window"))
def bartlett_window(window_length: int, periodic: bool = True, **kwargs: Any) -> Tensor:
    """``1 - |2 n / (N - 1) - 1|``; periodic as for ``hann_window``."""

    def body(x: Any, n: int) -> Any:
        _times(x, 2.0 / (n - 1))
        half = ((n - 1) >> 1) + 1
        x.narrow(0, half, n - half).mul_(-1).add_(2)
        return x

    return _old("bartlett_window", window_length, periodic, body, kwargs)


@function(samples=_old_samples((6, True, 3.0), (6, False, 0.0)), errors=_old_errors("kaiser_window"))
def kaiser_window(window_length: int, periodic: bool = True, beta: float = 12.0, **kwargs: Any) -> Tensor:
    """``i0(beta sqrt(1 - (2 n / (N - 1) - 1)^2)) / i0(beta)``; periodic as for ``hann_window``."""

    def body(x: Tensor, n: int) -> Tensor:
        narrow, wide = (np.float64, np.longdouble) if x.dtype is types.float64 else (np.float32, np.float64)
        middle = narrow((n - 1) / 2.0)
        ratio = ((cast_array(x._a, np.dtype(narrow)) - middle) / middle).astype(wide)
        with np.errstate(invalid="ignore"):  # in half precision the last point may lie outside
            root = np.sqrt((1 - ratio * ratio).astype(narrow))  # rounded once, as by PyTorch's fused arithmetic
        bound = narrow(beta)
        return (wrap(bound * root).i0() / wrap(np.array(bound)).i0()).to(x.dtype)  # type: ignore[attr-defined, no-any-return]

    return _old("kaiser_window", window_length, periodic, body, kwargs)
