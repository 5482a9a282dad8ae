"""Convolution of one, two and three dimensions, and its transpose: the public functions, which ask whether everything fits."""

from __future__ import annotations

from typing import Any

from .. import errors, types
from ..functions import function
from ..kernels.windows import out_sizes
from ..plain import prepared
from ..readers import REGISTRY
from ..tensor import Tensor
from .convolve import convolve, convolve_input, remember

_prepared = prepared(convolve, one_dtype=True)

#: Settings that were found right for shapes, of which programs use few.
_checked: dict[Any, dict[str, Any]] = {}


def _ints(what: str, value: Any, n: int, name: str) -> tuple[int, ...]:
    """A setting as one int for each dimension."""
    given = list(value) if isinstance(value, (tuple, list)) else [value]
    for v in given:
        if isinstance(v, (bool, float, str)) or not hasattr(v, "__index__"):
            raise errors.type_(f"{name}(): argument '{what}' must be tuple of ints, not {type(value).__name__}")
    if len(given) not in (1, n):
        raise errors.runtime(
            f"expected {what} to be a single integer value or a list of {n} values to match the convolution dimensions, but "
            f"got {what}={[int(v) for v in given]}"
        )
    return tuple(int(v) for v in (given * n if len(given) == 1 else given))


def _c_name(t: types.dtype) -> str:
    """The C++ type in PyTorch's message about mixed dtypes."""
    return _C_NAMES.get(t, f"c10::{types.scalar_name(t)}")


_C_NAMES = {
    types.float32: "float", types.float64: "double", types.int64: "long int", types.int32: "int", types.int16: "short int",
    types.int8: "signed char", types.uint8: "unsigned char", types.bool_: "bool", types.complex64: "c10::complex<float>",
    types.complex128: "c10::complex<double>",
}  # fmt: skip


def _check_tensors(name: str, n: int, input: Any, weight: Any, bias: Any) -> None:
    """Tensors of the right rank and of one dtype."""
    if not isinstance(input, Tensor) or not isinstance(weight, Tensor) or not isinstance(bias, (Tensor, type(None))):
        got = ", ".join(type(a).__name__ for a in (input, weight, *([] if bias is None else [bias])))
        raise errors.type_(
            f"{name}() received an invalid combination of arguments - got ({got}), but expected input, weight and bias to be "
            "Tensors"
        )
    if input.ndim not in (n + 1, n + 2):
        raise errors.runtime(
            f"Expected {n + 1}D (unbatched) or {n + 2}D (batched) input to {name}, but got input of size: "
            f"{list(input.shape)}",
            f"The dimensions are (batch, channels, {n} of space); the batch may be left out.",
        )
    if bias is not None and bias.dtype is not input.dtype:
        raise errors.runtime(
            f"Input type ({_c_name(input.dtype)}) and bias type ({_c_name(bias.dtype)}) should be the same",
            "Convert one of them: bias.to(input.dtype).",
        )


def _check_numbers(name: str, input: Tensor, weight: Tensor, numbers: dict[str, tuple[int, ...]], groups: int) -> None:
    """Settings in their ranges, weight and input of the same rank and dtype."""
    for what in ("padding", "output_padding"):
        if min(numbers.get(what, (0,))) < 0:
            raise errors.runtime(f"negative {what} is not supported")
    if min(numbers["stride"]) <= 0:
        raise errors.runtime("non-positive stride is not supported")
    if min(numbers["dilation"]) <= 0:
        raise errors.runtime("dilation should be greater than zero")
    if groups <= 0:
        raise errors.runtime("non-positive groups is not supported")
    if weight.ndim != input.ndim:
        raise errors.runtime(
            f"Expected {weight.ndim}-dimensional input for {weight.ndim}-dimensional weight {list(weight.shape)}, but got "
            f"{input.ndim}-dimensional input of size {list(input.shape)} instead"
        )
    if weight.shape[0] < groups:
        raise errors.runtime(
            f"Given groups={groups}, expected weight to be at least {groups} at dimension 0, but got weight of size "
            f"{list(weight.shape)} instead"
        )
    if weight.shape[0] % groups:
        raise errors.runtime(
            f"Given groups={groups}, expected weight to be divisible by {groups} at dimension 0, but got weight of size "
            f"[{list(weight.shape)}] instead"
        )
    if 0 in weight.shape[2:]:
        raise errors.runtime(f"kernel size should be greater than zero, but got weight of size {list(weight.shape)}")
    if input.dtype is not weight.dtype:
        raise errors.runtime(
            f"expected scalar type {types.scalar_name(input.dtype)} but found {types.scalar_name(weight.dtype)}",
            f"{name}: input is {input.dtype}, weight is {weight.dtype}; convert one of them with .to(...).",
        )
    if input.dtype is types.bool_:
        raise NotImplementedError(f""""{name}" not implemented for 'Bool'""")


def _check_bias(weight: Tensor, bias: Tensor | None, channels: int, given: str) -> None:
    if bias is not None and tuple(bias.shape) != (channels,):
        raise errors.runtime(
            f"Given {given}weight of size {list(weight.shape)}, expected bias to be 1-dimensional with {channels} elements, "
            f"but got bias of size {list(bias.shape)} instead"
        )


def _by(sizes: Any) -> str:
    return " x ".join(map(str, sizes))


def _same_padding(x: Tensor, kernel: Any, stride: Any, dilation: Any) -> tuple[Tensor, tuple[int, ...]]:
    """The input padded where the two sides differ, and the padding that both sides have."""
    if any(s != 1 for s in stride):
        raise errors.runtime("padding='same' is not supported for strided convolutions")
    totals = [max(d * (m - 1), 0) for m, d in zip(kernel, dilation, strict=True)]
    if any(t % 2 for t in totals):
        flat: list[int] = []
        for t in reversed(totals):
            flat += [0, t % 2]
        x = REGISTRY["constant_pad_nd"].public(x, flat)
    return x, tuple(t // 2 for t in totals)


def _conv(n: int, input: Any, weight: Any, bias: Any, stride: Any, padding: Any, dilation: Any, groups: Any) -> Tensor:
    key = attrs = None
    try:
        sizes = input._a.shape, weight._a.shape, None if bias is None else bias._a.shape
        settings = stride, padding, dilation, groups
        key = (n, *sizes, *settings, *map(type, settings))  # the types, as 1 and True are equal
        attrs = _checked.get(key)
    except (AttributeError, TypeError):  # not tensors, or a list, by which nothing is remembered
        key = None
    if attrs is not None:
        t = _prepared((input, weight, bias), attrs)
        if t is not None:
            return t  # type: ignore[no-any-return]
    return _checked_conv(n, input, weight, bias, stride, padding, dilation, groups, key)


def _checked_conv(
    n: int, input: Any, weight: Any, bias: Any, stride: Any, padding: Any, dilation: Any, groups: Any, key: Any
) -> Tensor:
    """The convolution with all questions asked; ``key`` is what a call that passes them is remembered by."""
    name = f"conv{n}d"
    _check_tensors(name, n, input, weight, bias)
    batched = input.ndim == n + 2
    x = input if batched else input.unsqueeze(0)
    numbers = {"stride": _ints("stride", stride, n, name), "dilation": _ints("dilation", dilation, n, name)}
    word = padding if isinstance(padding, str) else None
    if word not in (None, "same", "valid"):
        raise errors.runtime(
            f"Invalid padding string: '{padding}'", "It is 'same', 'valid', or a number for each dimension."
        )
    numbers["padding"] = (0,) * n if word else _ints("padding", padding, n, name)
    if not word and weight.ndim < 3:
        raise errors.runtime("weight should have at least three dimensions", f"It has shape {list(weight.shape)}.")
    _check_numbers(name, x, weight, numbers, groups)
    step, spread, pads = numbers["stride"], numbers["dilation"], numbers["padding"]
    kernel = weight.shape[2:]
    if word == "same":
        x, pads = _same_padding(x, kernel, step, spread)
    if x.shape[1] != weight.shape[1] * groups:
        raise errors.runtime(
            f"Given groups={groups}, weight of size {list(weight.shape)}, expected input{list(x.shape)} to have "
            f"{weight.shape[1] * groups} channels, but got {x.shape[1]} channels instead"
        )
    _check_bias(weight, bias, weight.shape[0], "")
    if min(out_sizes(x.shape[2:], kernel, step, pads, spread)) <= 0:
        full = _by(m + 2 * p for m, p in zip(x.shape[2:], pads, strict=True))
        reach = _by(d * (m - 1) + 1 for m, d in zip(kernel, spread, strict=True))
        raise errors.runtime(
            f"Calculated padded input size per channel: ({full}). Kernel size: ({reach}). Kernel size can't be greater than "
            "actual input size"
        )
    attrs = {"stride": step, "padding": pads, "dilation": spread, "groups": int(groups)}
    if key is not None and x is input:
        remember(_checked, key, attrs)
    out = convolve.public(x, weight, bias, **attrs)
    return out if batched else out.squeeze(0)  # type: ignore[no-any-return]


def _conv_transpose(
    n: int,
    input: Any,
    weight: Any,
    bias: Any,
    stride: Any,
    padding: Any,
    output_padding: Any,
    groups: Any,
    dilation: Any,
) -> Tensor:
    name = f"conv_transpose{n}d"
    _check_tensors(name, n, input, weight, bias)
    batched = input.ndim == n + 2
    x = input if batched else input.unsqueeze(0)
    given = {"stride": stride, "padding": padding, "output_padding": output_padding, "dilation": dilation}
    numbers = {what: _ints(what, value, n, name) for what, value in given.items()}
    _check_numbers(name, x, weight, numbers, groups)
    if x.shape[1] != weight.shape[0]:
        raise errors.runtime(
            f"Given transposed=1, weight of size {list(weight.shape)}, expected input{list(x.shape)} to have "
            f"{weight.shape[0]} channels, but got {x.shape[1]} channels instead"
        )
    _check_bias(weight, bias, weight.shape[1] * groups, "transposed=1, ")
    step, pads, extra, spread = numbers.values()
    if any(e >= max(s, d) for e, s, d in zip(extra, step, spread, strict=True)):
        raise errors.runtime(
            f"output padding must be smaller than either stride or dilation, but got output_padding: {list(extra)} stride: "
            f"{list(step)} dilation: {list(spread)}"
        )
    if 0 in x.shape[2:]:
        raise errors.runtime(
            f"Only zero batch or zero channel inputs are supported, but got input shape: {list(x.shape)}"
        )
    kernel = weight.shape[2:]
    size = tuple(
        (m - 1) * s - 2 * p + d * (q - 1) + e + 1
        for m, s, p, d, q, e in zip(x.shape[2:], step, pads, spread, kernel, extra, strict=True)
    )
    if min(size) <= 0:
        raise errors.runtime(
            f"Given input size per channel: ({_by(x.shape[2:])}). Calculated output size per channel: ({_by(size)}). Output "
            "size is too small"
        )
    out = convolve_input.public(
        x,
        weight,
        bias,
        size=size,
        stride=step,
        padding=pads,
        dilation=spread,
        groups=int(groups),
        node="ConvolutionBackward0",
    )
    return out if batched else out.squeeze(0)  # type: ignore[no-any-return]


_NO_SCALARS = "a convolution has at least two dimensions"


def _samples(n: int) -> Any:
    def samples(m: Any) -> list[Any]:
        space, k, ones = (6, 4, 3)[:n], (3, 2, 2)[:n], (1,) * n
        return [
            m(m.f(2, 2, *space), m.f(3, 2, *k), m.f(3)),
            m(m.f(2, *space), m.f(2, 2, *k), None, 2, 1),
            m(m.f(1, 4, *space), m.f(4, 2, *k), m.f(4), stride=2, padding=1, dilation=2 if n == 1 else 1, groups=2),
            m(m.f(1, 2, *space), m.f(2, 1, *k), groups=2, padding="same"),
            m(m.f(1, 2, *space), m.f(3, 2, *ones), padding="valid"),
            m(m.f(2, 17, *space, lo=-0.5, hi=0.5), m.f(17, 17, *k, lo=-0.5, hi=0.5), m.f(17), padding=1).not_numeric(
                "many channels lie in another order"
            ),
            m(m.nc(1, 2, *space), m.nc(2, 2, *k)),
            m(m.f(0, 4, *space), m.f(3, 4, *k)).first_order("PyTorch leaves gradients of an empty batch undefined"),
            m(m.i(1, 2, *space), m.i(2, 2, *k)),
            m.without("0-d", _NO_SCALARS),
        ]

    return samples


def _errors(n: int) -> Any:
    def wrong(m: Any) -> list[Any]:
        space, k = (4,) * n, (2,) * n
        x, w = m.f(1, 2, *space), m.f(3, 2, *k)
        return [
            m.error(RuntimeError, f"input to conv{n}d, but got input of size: [4]", m.f(4), w),
            m.error(RuntimeError, "to have 2 channels, but got 3 channels instead", m.f(1, 3, *space), w),
            m.error(RuntimeError, "Kernel size can't be greater than actual input size", x, m.f(3, 2, *[5] * n)),
            m.error(RuntimeError, "non-positive stride is not supported", x, w, stride=0),
            m.error(RuntimeError, "negative padding is not supported", x, w, padding=-1),
            m.error(RuntimeError, "dilation should be greater than zero", x, w, dilation=0),
            m.error(RuntimeError, "non-positive groups is not supported", x, w, groups=0),
            m.error(RuntimeError, "Invalid padding string: 'full'", x, w, padding="full"),
            m.error(RuntimeError, "not supported for strided convolutions", x, w, stride=2, padding="same"),
            m.error(RuntimeError, "expected bias to be 1-dimensional with 3 elements", x, w, m.f(2)),
            m.error(RuntimeError, "expected scalar type Double but found Long", x, m.i(3, 2, *k)),
            m.error(
                RuntimeError,
                f"or a list of {n} values to match the convolution dimensions",
                x,
                w,
                stride=(1,) * (n + 1),
            ),
            m.error(TypeError, f"conv{n}d() received an invalid combination of arguments", x, 3),
        ]

    return wrong


def _samples_transpose(n: int) -> Any:
    def samples(m: Any) -> list[Any]:
        space, k = (4, 3, 2)[:n], (3, 2, 2)[:n]
        return [
            m(m.f(1, 2, *space), m.f(2, 3, *k), m.f(3)),
            m(m.f(2, *space), m.f(2, 2, *k), None, 2, 1, 1),
            m(m.f(1, 2, *space), m.f(2, 1, *k), m.f(2), stride=2, output_padding=1, groups=2, dilation=2),
            m(m.f(1, 17, *space, lo=-0.5, hi=0.5), m.f(17, 17, *k, lo=-0.5, hi=0.5), padding=1).not_numeric(
                "many channels lie in another order"
            ),
            m(m.nc(1, 2, *space), m.nc(2, 2, *k)),
            m(m.f(0, 4, *space), m.f(4, 3, *k)).first_order("PyTorch leaves gradients of an empty batch undefined"),
            m(m.i(1, 2, *space), m.i(2, 2, *k)),
            m.without("0-d", _NO_SCALARS),
        ]

    return samples


def _errors_transpose(n: int) -> Any:
    def wrong(m: Any) -> list[Any]:
        space = (4,) * n
        x, w = m.f(1, 2, *space), m.f(2, 3, *[2] * n)
        return [
            m.error(RuntimeError, f"input to conv_transpose{n}d, but got input of size: [4]", m.f(4), w),
            m.error(RuntimeError, "to have 2 channels, but got 3 channels instead", m.f(1, 3, *space), w),
            m.error(
                RuntimeError, "output padding must be smaller than either stride or dilation", x, w, output_padding=1
            ),
            m.error(RuntimeError, "negative output_padding is not supported", x, w, output_padding=-1),
            m.error(RuntimeError, "Output size is too small", x, w, padding=3),
            m.error(RuntimeError, "expected bias to be 1-dimensional with 3 elements", x, w, m.f(2)),
            m.error(TypeError, "argument 'padding' must be tuple of ints, not str", x, w, padding="same"),
        ]

    return wrong


def _declare(n: int) -> None:
    def conv(
        input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Any = 1, padding: Any = 0, dilation: Any = 1,
        groups: int = 1,
    ) -> Tensor:  # fmt: skip
        return _conv(n, input, weight, bias, stride, padding, dilation, groups)

    def transposed(
        input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Any = 1, padding: Any = 0,
        output_padding: Any = 0, groups: int = 1, dilation: Any = 1,
    ) -> Tensor:  # fmt: skip
        return _conv_transpose(n, input, weight, bias, stride, padding, output_padding, groups, dilation)

    conv.__name__ = conv.__qualname__ = f"conv{n}d"
    conv.__doc__ = f"""Convolution over {n} dimension(s).

    ``out[n, o] = bias[o] + sum over c and kernel positions of weight[o, c, at] * input[n, c, stride * i + dilation * at]``

    Shapes: input (N, C, *space) or (C, *space), weight (O, C / groups, *kernel), bias (O,); each output size is
    ``floor((n + 2 padding - dilation (kernel - 1) - 1) / stride) + 1``. ``padding`` may be "valid" (none) or "same" (as much
    as keeps the size; stride 1 only; where that is odd, the end gets one more).
    Dtypes: all but bool, the same for all tensors.
    Raises RuntimeError where ranks, channels, dtypes or settings do not fit.
    """
    transposed.__name__ = transposed.__qualname__ = f"conv_transpose{n}d"
    transposed.__doc__ = f"""Transposed convolution over {n} dimension(s): the gradient of conv{n}d for its input, as a forward op.

    Each element is spread over a window of the output, times the weight; overlaps add up, the bias is added.

    Shapes: input (N, C, *space) or (C, *space), weight (C, O / groups, *kernel), bias (O,); each output size is
    ``(n - 1) stride - 2 padding + dilation (kernel - 1) + output_padding + 1``.
    Dtypes: all but bool, the same for all tensors.
    Raises RuntimeError where ranks, channels, dtypes or settings do not fit.
    """
    for fn, samples, wrong in (
        (conv, _samples(n), _errors(n)),
        (transposed, _samples_transpose(n), _errors_transpose(n)),
    ):
        for name in (fn.__name__, f"nn.functional.{fn.__name__}"):
            function(name=name, samples=samples, errors=wrong)(fn)


for _n in (1, 2, 3):
    _declare(_n)
