"""Short-time Fourier transforms: a signal cut into overlapping frames, each windowed and transformed; and back."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import errors, levels, types
from ..functions import function
from ..op import movement, opaque
from ..readers import REGISTRY
from ..tensor import Tensor, wrap
from .fft import fft_c2c, fft_c2r, fft_r2c, need_int, promoted
from .padding import pad as padded


# --- frames and their sum -------------------------------------------------------------------------------------------------
@movement(public=False, grad_name="AsStridedBackward0")
def frames(k, input, *, size, step):
    """The last dimension as frames of ``size`` elements, ``step`` apart, in two dimensions; a view.

    Gradient of ``input``: each ``g`` added at the place of its element: frames that overlap add up.
    """
    *batch, length = input.shape
    *steps, stride = input.strides
    count = (length - size) // step + 1
    return np.lib.stride_tricks.as_strided(input, (*batch, count, size), (*steps, step * stride, stride))


@frames.vjp("input")
def _(k, g, input_shape, size, step):
    return k.overlap_add(g, length=input_shape[-1], step=step)


@opaque(public=False, grad_name="UnfoldBackwardBackward0")
def overlap_add(k, input, *, length, step):
    """The transpose of ``frames``: where frames overlap they are added up, the earlier ones first, as PyTorch does.

    Gradient of ``input``: ``g`` as frames again.
    """
    *batch, count, size = input.shape
    pieces = -(-size // step)  # a frame in pieces as long as a step: each falls into one row
    rows = np.zeros((*batch, count + pieces - 1, step), input.dtype)
    for i in reversed(range(pieces)):
        piece = input[..., i * step : (i + 1) * step]
        rows[..., i : i + count, : piece.shape[-1]] += piece
    rows = rows.reshape(*batch, (count + pieces - 1) * step)
    if rows.shape[-1] >= length:
        return np.ascontiguousarray(rows[..., :length])
    return np.concatenate([rows, np.zeros((*batch, length - rows.shape[-1]), input.dtype)], -1)


@overlap_add.vjp("input")
def _(k, g, input_shape, length, step):
    count, size = input_shape[-2:]
    covered = g[..., : (count - 1) * step + size]
    return k.clone(k.frames(covered, size=size, step=step))  # a gradient is nobody's view


# --- arguments ------------------------------------------------------------------------------------------------------------
_NO_WINDOW = "A window was not provided. A rectangular window will be applied"
_ALL_ONES = (
    "To suppress this warning and use a rectangular window, explicitly set `window=torch.ones(n_fft, device=<device>)`."
)
_said: set[str] = set()


def _once(said: str) -> None:
    """A warning that PyTorch gives once in a process."""
    if said not in _said:
        _said.add(said)
        errors.warn(said, UserWarning, stacklevel=3)


def _refuse(name: str, x: Tensor, settings: dict[str, Any], said: str) -> Exception:
    """PyTorch's error: the call, then what is wrong with it."""
    shown = ", ".join(f"{n}={list(v.shape) if isinstance(v, Tensor) else v}" for n, v in settings.items())
    return errors.runtime(f"{name}({x.dtype}{list(x.shape)}, {shown}) : {said}")


def _whole(name: str, argument: str, position: int, value: Any) -> Any:
    return value if value is None else need_int(name, argument, position, value)


def _widened(window: Tensor, n_fft: int) -> Tensor:
    """A window with zeros on both sides, so that it is as long as a frame."""
    missing = n_fft - window._a.shape[0]
    left = missing // 2
    return REGISTRY["constant_pad_nd"].public(window, (left, missing - left))  # type: ignore[no-any-return]


def _placed(window: Tensor | None, win_length: int, n_fft: int, dtype: types.dtype) -> Tensor:
    """``_widened`` by writing into zeros, as PyTorch's ``stft`` does it; without a window it is all ones."""
    whole = wrap(np.zeros(n_fft, (window.dtype if window is not None else dtype).np))
    part = whole.narrow(0, (n_fft - win_length) // 2, win_length)
    if window is None:
        part.fill_(1)
    else:
        part.copy_(window)
    return whole


def _check_window(name: str, x: Tensor, window: Any, win_length: int, settings: Any, said: str) -> None:
    if window is not None and tuple(window.shape) != (win_length,):
        raise _refuse(name, x, settings, said)


# --- there ------------------------------------------------------------------------------------------------------------------
def _stft_samples(m: Any) -> list[Any]:
    def window(n: int = 8) -> Any:
        return m.f(n, lo=0.5, hi=1.5)

    on = {"return_complex": True}
    return [
        m(m.f(20), 8, window=window(), **on),
        m(m.f(2, 20), 8, 3, window=window(), **on),
        m(m.f(20), 8, window=window(4), win_length=4, **on),
        m(m.f(20), 8, win_length=5, **on),
        m(m.f(20), 7, 2, center=False, normalized=True, onesided=False, **on),
        m(m.f(2, 20), 8, window=window(), return_complex=False),
        m(m.f(20), 8, pad_mode="constant", **on),
        m(m.f(24), 12, 3, 5, window(5), False, align_to_window=True, **on),
        m(m.c(20), 8, window=window()),
        m(m.f(20), 8, window=m.c(8)),
        m(m.c(20), 8, return_complex=False),
        m(m.nc(20), 8, window=window(), **on),
        m.without("0-d", "signals"),
        m.without("empty", "PyTorch refuses it"),
    ]


def _stft_errors(m: Any) -> list[Any]:
    on = {"return_complex": True, "center": False}
    x = m.f(20)
    return [
        m.error(RuntimeError, "stft requires the return_complex parameter be given for real inputs", x, 8),
        m.error(RuntimeError, "expected 0 < n_fft < 20, but got n_fft=50", x, 50, **on),
        m.error(RuntimeError, "expected hop_length > 0, but got hop_length=0", x, 8, 0, **on),
        m.error(RuntimeError, "expected 0 < win_length <= n_fft, but got win_length=9", x, 8, 2, 9, **on),
        m.error(
            RuntimeError,
            "expected a 1D window tensor of size equal to win_length=8, but got window with size [4]",
            x,
            8,
            window=m.f(4),
            **on,
        ),
        m.error(RuntimeError, "expected a 1D or 2D tensor", m.f(1, 2, 20), 8, **on),
        m.error(RuntimeError, "expected a tensor of floating point or complex values", m.i(20), 8, **on),
        m.error(RuntimeError, "Cannot have onesided output if window or input is complex", m.c(20), 8, onesided=True),
        m.error(RuntimeError, "stft align_to_window should only be set when center = false", x, 8, align_to_window=True),
        m.error(RuntimeError, "Padding size should be less than the corresponding input dimension", x, 100, **on | {"center": True}),
        m.error(NotImplementedError, "Unrecognised padding mode foo", x, 8, pad_mode="foo"),
        m.error(TypeError, "stft()", x, 8.5, **on),
    ]  # fmt: skip


@function(methods="stft", samples=_stft_samples, errors=_stft_errors)
@levels.by_example
def stft(
    input: Tensor,
    n_fft: int,
    hop_length: int | None = None,
    win_length: int | None = None,
    window: Tensor | None = None,
    center: bool = True,
    pad_mode: str = "reflect",
    normalized: bool = False,
    onesided: bool | None = None,
    return_complex: bool | None = None,
    align_to_window: bool | None = None,
) -> Tensor:
    """The short-time Fourier transform: ``X[w, m] = sum_j window[j] x[m hop + j] exp(-2 pi i w j / n_fft)``.

    Args:
        input: a signal, or a batch of them, (L) or (B, L), real or complex.
        n_fft: the size of the transforms. hop_length: from frame to frame, n_fft // 4. win_length: n_fft.
        window: as long as win_length; zeros fill it up to n_fft on both sides.
        center: the signal is padded (``pad_mode``) so that frame m is centred at m * hop_length.
        normalized: divided by the root of n_fft.
        onesided: the first n_fft // 2 + 1 frequencies only; the default for real signals and windows.
        return_complex: False returns pairs of real numbers, which is deprecated; real signals must say which.
        align_to_window: without ``center``, frames begin where the window does and not where its zeros do.

    Returns (frequencies, frames), with the batch before them.

    Raises:
        RuntimeError: for sizes that do not fit, ``onesided`` where anything is complex, ``return_complex`` not given.
    """
    if center:
        if align_to_window is not None:
            raise errors.runtime("stft align_to_window should only be set when center = false")
        input = _centred(input, int(n_fft // 2), pad_mode)
    if not isinstance(input, Tensor):
        raise errors.not_a_tensor("stft", "input", 1, input)
    n_fft, hop_length, win_length = (
        _whole("stft", n, i, v)
        for i, (n, v) in enumerate((("n_fft", n_fft), ("hop_length", hop_length), ("win_length", win_length)), 2)
    )
    if window is None:
        _once(
            f"{_NO_WINDOW},which is known to cause spectral leakage. Other windows such as torch.hann_window or "
            f"torch.hamming_window are recommended to reduce spectral leakage.{_ALL_ONES}"
        )
    hop = n_fft // 4 if hop_length is None else hop_length
    width = n_fft if win_length is None else win_length
    as_complex = _complex_or_not(input, window, return_complex)
    _check_stft(input, n_fft, hop, width, window)

    batched = input if input._a.ndim == 2 else input.unsqueeze(0)
    if width < n_fft:
        window = _placed(window, width, n_fft, input.dtype)
        if align_to_window:
            left = (n_fft - width) // 2
            batched = REGISTRY["constant_pad_nd"].public(batched, (left, n_fft - width - left))
    cut = frames.public(batched, size=n_fft, step=hop)
    out = _spectrum(cut if window is None else cut * window, onesided, int(normalized))
    out.transpose_(1, 2)  # type: ignore[attr-defined]
    if input._a.ndim == 1:
        out.squeeze_(0)  # type: ignore[attr-defined]
    return out if as_complex else REGISTRY["view_as_real_"].public(out)  # type: ignore[no-any-return]


def _centred(input: Any, pad: int, mode: str) -> Tensor:
    """The signal padded on both sides."""
    ndim = input.dim()
    shape = (*[1] * (3 - ndim), *input.size())
    out = padded(input.view(shape), [pad, pad], mode)
    return out.view(out.size()[-ndim:])  # type: ignore[no-any-return]


def _complex_or_not(input: Tensor, window: Any, return_complex: Any) -> bool:
    if return_complex is None and not input.dtype.is_complex and not (window is not None and window.dtype.is_complex):
        raise errors.runtime(
            "stft requires the return_complex parameter be given for real inputs, and will further require that "
            "return_complex=True in a future PyTorch release.",
            "Write return_complex=True; torch.view_as_real(result) is what older programs expect.",
        )
    if return_complex is not None and not return_complex:
        _once(
            "stft with return_complex=False is deprecated. In a future pytorch release, stft will return complex tensors for "
            "all inputs, and return_complex=False will raise an error.\nNote: you can still call torch.view_as_real on the "
            "complex output to recover the old return format."
        )
        return False
    return True


def _check_stft(x: Tensor, n_fft: int, hop: int, width: int, window: Any) -> None:
    """Sizes that fit each other."""
    settings = {"n_fft": n_fft, "hop_length": hop, "win_length": width, "window": window}
    if x.dtype.category < types.FLOATING:
        raise _refuse("stft", x, settings, "expected a tensor of floating point or complex values")
    if x._a.ndim not in (1, 2):
        raise _refuse("stft", x, settings, "expected a 1D or 2D tensor")
    length = x._a.shape[-1]
    if not 0 < n_fft <= length:
        raise _refuse("stft", x, settings, f"expected 0 < n_fft < {length}, but got n_fft={n_fft}")
    if hop <= 0:
        raise _refuse("stft", x, settings, f"expected hop_length > 0, but got hop_length={hop}")
    if not 0 < width <= n_fft:
        raise _refuse("stft", x, settings, f"expected 0 < win_length <= n_fft, but got win_length={width}")
    size = list(window.shape) if window is not None else ()
    said = f"expected a 1D window tensor of size equal to win_length={width}, but got window with size {size}"
    _check_window("stft", x, window, width, settings, said)


def _spectrum(cut: Tensor, onesided: Any, power: int) -> Tensor:
    cut = promoted(cut)
    if cut.dtype.is_complex:
        if onesided:
            raise errors.runtime("Cannot have onesided output if window or input is complex")
        return fft_c2c.public(cut, dim=(2,), power=power, forward=True)  # type: ignore[no-any-return]
    half = onesided is None or bool(onesided)
    return fft_r2c.public(cut, dim=(2,), power=power, onesided=half)  # type: ignore[no-any-return]


# --- and back ---------------------------------------------------------------------------------------------------------------
def _istft_samples(m: Any) -> list[Any]:
    def window(n: int = 8) -> Any:
        return m.f(n, lo=0.5, hi=1.5)

    return [
        m(m.c(5, 6), 8, window=window()),
        m(m.c(2, 5, 6), 8, 3, window=window()),
        m(m.c(5, 6), 8, 3, 5, window(5)),
        m(m.c(5, 6), 8, window=window(), length=7),
        m(m.c(5, 6), 8, window=window(), length=30),
        m(m.c(4, 5), 7, center=False, normalized=True),
        m(m.c(8, 5), 8, window=window()),
        m(m.c(8, 5), 8, window=window(), onesided=False, return_complex=True),
        m(m.c(6, 5).t(), 8, window=window()),
        m.without("0-d", "spectra"),
        m.without("empty", "PyTorch refuses it"),
    ]


def _istft_errors(m: Any) -> list[Any]:
    x = m.c(5, 6)
    return [
        m.error(RuntimeError, "istft requires a complex-valued input tensor", m.f(5, 6), 8),
        m.error(RuntimeError, "input tensor cannot be empty.", m.c(5, 0), 8),
        m.error(RuntimeError, "expected a tensor with 3 or 4 dimensions, but got 5", m.c(1, 1, 5, 6), 8),
        m.error(
            RuntimeError, "of the input tensor to match n_fft / 2 + 1 when onesided=True, but got 5", x, 10, onesided=True
        ),
        m.error(RuntimeError, "of the input tensor to match n_fft when onesided=False, but got 5", x, 8, onesided=False),
        m.error(RuntimeError, "expected 0 < hop_length <= win_length", x, 8, 9),
        m.error(RuntimeError, "expected 0 < win_length <= n_fft", x, 8, 2, 9),
        m.error(RuntimeError, "Invalid window shape. window has to be 1D and length of `win_length`", x, 8, window=m.f(4)),
        m.error(RuntimeError, "window overlap add min: 1", x, 8, window=m.torch.zeros(8)),
        m.error(RuntimeError, "Complex windows are incompatible with return_complex=False", x, 8, window=m.c(8)),
        m.error(RuntimeError, "Cannot have onesided output if window or input is complex", x, 8, return_complex=True),
        m.error(IndexError, "Dimension out of range (expected to be in range of [-2, 1], but got -3)", m.c(5), 8),
        m.error(TypeError, "istft(): argument 'n_fft' (position 2) must be int, not float", x, 8.5),
        m.error(TypeError, "istft(): argument 'input' (position 1) must be Tensor, not str", "text", 8),
    ]  # fmt: skip


@function(methods="istft", samples=_istft_samples, errors=_istft_errors)
@levels.by_example
def istft(
    input: Tensor,
    n_fft: int,
    hop_length: int | None = None,
    win_length: int | None = None,
    window: Tensor | None = None,
    center: bool = True,
    normalized: bool = False,
    onesided: bool | None = None,
    length: int | None = None,
    return_complex: bool = False,
) -> Tensor:
    """The inverse of ``stft``: frames are transformed back, windowed, added up and divided by the sum of squared windows.

    ``input`` is complex, (frequencies, frames) or (B, frequencies, frames); the other arguments are those of ``stft``.
    ``length`` cuts off the result, or fills it up with zeros. ``return_complex`` for what were complex signals.

    Raises:
        RuntimeError: for sizes that do not fit, and if the windows leave a place of the signal uncovered.
    """
    if not isinstance(input, Tensor):
        raise errors.not_a_tensor("istft", "input", 1, input)
    n_fft, hop_length, win_length = (
        _whole("istft", n, i, v)
        for i, (n, v) in enumerate((("n_fft", n_fft), ("hop_length", hop_length), ("win_length", win_length)), 2)
    )
    length = _whole("istft", "length", 9, length)
    hop = n_fft // 4 if hop_length is None else hop_length
    width = n_fft if win_length is None else win_length
    if window is None:
        _once(f"{_NO_WINDOW}.Please provide the same window used by stft to make the inversion lossless.{_ALL_ONES}")
    onesided = _check_istft(input, n_fft, hop, width, window, onesided)
    if return_complex and onesided:
        raise errors.runtime("Cannot have onesided output if window or input is complex")
    if not return_complex and window is not None and window.dtype.is_complex:
        raise errors.runtime("Complex windows are incompatible with return_complex=False")
    if window is None:
        window = wrap(np.ones(width, input._a.real.dtype))
    if width != n_fft:
        window = _widened(window, n_fft)

    cut = _signals(input, n_fft, onesided, 1 if normalized else 2, return_complex)
    count = cut._a.shape[1]
    whole = n_fft + hop * (count - 1)
    start = n_fft // 2 if center else 0
    end = start + length if length is not None else whole - start
    kept = max(min(end, whole) - start, 0)
    squares = window.pow(2).expand(1, count, n_fft)
    envelope = overlap_add.public(squares, length=whole, step=hop).narrow(1, start, kept)
    signal = overlap_add.public(cut * window.view(1, 1, n_fft), length=whole, step=hop).narrow(1, start, kept)
    if bool(envelope.detach().abs().min() < 1e-11):
        settings = {"n_fft": n_fft, "hop_length": hop, "win_length": width, "window": window, "center": center}
        raise _refuse("istft", input, settings, "window overlap add min: 1")
    signal = signal / envelope
    if input._a.ndim == 2:
        signal = signal.squeeze(0)
    if end > whole:
        _once(
            "The length of signal is shorter than the length parameter. Result is being padded with zeros in the tail. Please "
            "check your center and hop_length settings."
        )
        signal = REGISTRY["constant_pad_nd"].public(signal, (0, end - whole))
    return signal


def _check_istft(x: Tensor, n_fft: int, hop: int, width: int, window: Any, onesided: Any) -> bool:
    """Sizes that fit each other; whether the spectrum is a half."""
    settings = {"n_fft": n_fft, "hop_length": hop, "win_length": width, "window": window, "onesided": onesided}
    shape = x._a.shape
    if not x.dtype.is_complex:
        raise errors.runtime(
            "istft requires a complex-valued input tensor matching the output from stft with return_complex=True.",
            "torch.view_as_complex makes it of pairs of real numbers.",
        )
    if len(shape) < 2:
        raise errors.dim_range(-3, len(shape) + 1)
    if not x._a.size:
        raise _refuse("istft", x, settings, "input tensor cannot be empty.")
    if len(shape) > 3:
        said = f"expected a tensor with 3 or 4 dimensions, but got {len(shape) + 1}"
        raise _refuse("istft", x, settings, said)
    size = shape[-2]
    half = size != n_fft if onesided is None else bool(onesided)
    if size != (n_fft // 2 + 1 if half else n_fft):
        what = "n_fft / 2 + 1 when onesided=True" if half else "n_fft when onesided=False"
        said = f"expected the frequency dimension (3rd to the last) of the input tensor to match {what}, but got {size}"
        raise _refuse("istft", x, settings, said)
    if not 0 < hop <= width:
        raise _refuse("istft", x, settings, "expected 0 < hop_length <= win_length")
    if not 0 < width <= n_fft:
        raise _refuse("istft", x, settings, "expected 0 < win_length <= n_fft")
    said = "Invalid window shape. window has to be 1D and length of `win_length`"
    _check_window("istft", x, window, width, settings, said)
    return half


def _signals(x: Tensor, n_fft: int, onesided: bool, power: int, complex_signal: bool) -> Tensor:
    """The frames of a spectrum (B, frequencies, frames): (B, frames, n_fft)."""
    pairs = REGISTRY["view_as_real_"].public(x)  # PyTorch's way, which the nodes show
    if x._a.ndim == 2:
        pairs = pairs.unsqueeze(0)
    x = REGISTRY["view_as_complex_"].public(pairs.transpose(1, 2))
    if complex_signal:
        return fft_c2c.public(x, dim=(2,), power=power, forward=False)  # type: ignore[no-any-return]
    if not onesided:
        x = x.narrow(2, 0, n_fft // 2 + 1)
    return fft_c2r.public(x, dim=(2,), power=power, n=n_fft)  # type: ignore[no-any-return]
