"""The settings of pools, and what PyTorch says of wrong ones."""

from __future__ import annotations

from typing import Any

from .. import errors, types
from ..functions import remembered
from ..tensor import Tensor

_WORDS = {1: "one int", 2: "two ints", 3: "three ints"}


def sizes_of(name: str, what: str, value: Any, n: int, omit: bool = False, at: int = 2) -> tuple[int, ...]:
    """A setting of a pool as one int for each dimension."""
    given = list(value) if isinstance(value, (tuple, list)) else [value]
    for v in given:
        if isinstance(v, (bool, float, str)) or not hasattr(v, "__index__"):
            raise errors.type_(
                f"{name}(): argument '{what}' (position {at}) must be tuple of ints, not {type(value).__name__}"
            )
    if len(given) not in (1, n):
        if n == 1:
            if name == "max_pool1d":
                raise errors.runtime(
                    f"max_pool1d() {what} must be an int, list of ints or tuple of ints of size 1 but got size {len(given)}"
                )
            short = name.removesuffix("_with_indices")
            raise errors.runtime(f"{short}() argument '{what}' should contain one int (got {len(given)})")
        be = "be either" if what == "dilation" else "be" if name == "avg_pool3d" and not omit else "either be"
        omitted = "omitted, " if omit else ""
        raise errors.runtime(f"{name}: {what} must {be} {omitted}a single int, or a tuple of {_WORDS[n]}")
    return tuple(int(v) for v in (given * n if len(given) == 1 else given))


def require_tensor(name: str, input: Any) -> None:
    if not isinstance(input, Tensor):
        raise errors.not_a_tensor(name, "input", 1, input)


@remembered
def settings(name: str, n: int, kernel: Any, stride: Any, padding: Any, dilation: Any) -> Any:
    """Kernel, stride, padding and dilation, in their ranges."""
    kernel = sizes_of(name, "kernel_size", kernel, n)
    step = kernel if stride is None or stride in ([], ()) else sizes_of(name, "stride", stride, n, True, 3)
    pad = sizes_of(name, "padding", padding, n, at=4)
    spread = sizes_of(name, "dilation", dilation, n, at=5)
    if name == "max_pool1d":
        _check_max_pool1d(kernel[0], step[0], pad[0], spread[0])
    if 0 in step:
        raise errors.runtime("stride should not be zero", f"{name}: stride is {list(step)}.")
    for what, values in (("kernel size", kernel), ("stride", step), ("dilation", spread)):
        if min(values) <= 0:
            raise errors.runtime(f"{what} should be greater than zero, but got {list(values)}")
    for p, q, d in zip(pad, kernel, spread, strict=True):
        if p < 0:
            raise errors.runtime(f"pad must be non-negative, but got pad: {p}")
        if p > (d * (q - 1) + 1) // 2:
            raise errors.runtime(
                f"pad should be at most half of effective kernel size, but got pad={p}, kernel_size={q} and dilation={d}"
            )
    return kernel, step, pad, spread


def _check_max_pool1d(kernel: int, stride: int, padding: int, dilation: int) -> None:
    for what, value in (("kernel_size", kernel), ("stride", stride), ("dilation", dilation)):
        if value <= 0:
            raise errors.runtime(f"max_pool1d() {what} must be greater than zero, but got {value}")
    if padding < 0:
        raise errors.runtime(f"max_pool1d() padding must be non-negative, but got {padding}")
    if padding > (dilation * (kernel - 1) + 1) // 2:
        raise errors.runtime(
            f"max_pool1d() padding should be at most half of kernel size, but got padding={padding} and kernel_size={kernel}"
        )


@remembered
def fitting(shape: Any, n: int, kernel: Any, step: Any, pad: Any, spread: Any, up: bool) -> tuple[int, ...]:
    """How many windows there are in a shape; with ``up`` (ceil mode) the last may reach over the end, but must start before it."""
    sizes = []
    for m, q, s, p, d in zip(shape[-n:], kernel, step, pad, spread, strict=True):
        span = m + 2 * p - d * (q - 1) - 1
        o = (-(-span // s) if up else span // s) + 1
        if up and (o - 1) * s >= m + p:
            o -= 1
        sizes.append(o)
    return tuple(sizes)


def too_small(input: Tensor, n: int, sizes: Any) -> Exception:
    plane = "x".join(map(str, input.shape[-n - 1 :]))
    result = "x".join(map(str, (input.shape[-n - 1], *sizes)))
    return errors.runtime(
        f"Given input size: ({plane}). Calculated output size: ({result}). Output size is too small",
        "The window does not fit into the input: make kernel_size smaller or the input larger.",
    )


def check_dims(name: str, input: Tensor) -> None:
    """PyTorch's words for a pool of one dimension that runs as one of two."""
    if input.ndim not in (2, 3):
        raise errors.runtime(
            f"Expected 2 to 3 dimensions, but got {input.ndim}-dimensional tensor for argument #1 'self' (while checking "
            f"arguments for {name})"
        )


def check_rank(name: str, input: Tensor, n: int) -> None:
    """The input has channels, and something to slide over."""
    if n == 1:
        if input.ndim not in (2, 3) or 0 in input.shape[input.ndim - 2 :]:
            raise errors.runtime(
                "max_pool1d: Expected 2D or 3D (batch mode) tensor with optional 0 dim batch size for input, but "
                f"got:{list(input.shape)}"
            )
        return
    if input.ndim not in (n + 1, n + 2):
        if name == "avg_pool2d" and input.ndim < 3:
            raise errors.index(
                f"Dimension out of range (expected to be in range of [{-input.ndim}, {input.ndim - 1}], but got -3)"
            )
        raise errors.runtime(
            f"non-empty {n + 1}D or {n + 2}D (batch mode) tensor expected for input",
            f"{name} got shape {list(input.shape)}.",
        )
    if 0 in input.shape[input.ndim - n - 1 :]:
        raise errors.runtime(
            f"Expected {n + 1}D or {n + 2}D (batch mode) tensor with optional 0 dim batch size for input, but "
            f"got:{list(input.shape)}; Expected input's non-batch dimensions to have positive length"
        )


def check_kind(name: str, input: Tensor, allowed: str) -> None:
    t = input.dtype
    kind = (
        "b"
        if t is types.bool_
        else "c"
        if t.is_complex
        else "f"
        if t.is_floating_point
        else "l"
        if t is types.int64
        else "i"
    )
    if kind not in allowed:
        raise errors.advised(
            NotImplementedError(f"\"{name}\" not implemented for '{types.scalar_name(t)}'"),
            "Convert first: input.float().",
        )
