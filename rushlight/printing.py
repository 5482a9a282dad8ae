"""Text of tensors, character for character as PyTorch 2.13 prints them.

The module knows arrays, not tensors: `tensor_repr` takes the NumPy array and the few facts about the tensor that show
in its text. The work has three steps, each a function below: turn every value that will be shown into a *cell* (a
string; all cells of one tensor share a format), lay the cells out in nested brackets, and append suffixes such as
`dtype=torch.float64`.

How floating-point numbers are formatted is decided once per tensor, from the nonzero finite values that are shown:

- *whole* (all of them are integers): `1.`
- *fixed*: `1.5000`, with `precision` digits
- *scientific*: `1.5000e+10`, if (by magnitude) max/min > 1000, max > 1e8 or min < 1e-4; `sci_mode` overrules this.

Zeros, infinities and nan take part in none of these decisions, nor in the width of a column.
"""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

__all__ = ["get_printoptions", "printoptions", "set_printoptions", "tensor_repr"]

_PROFILES: dict[str, dict[str, Any]] = {
    "default": {"precision": 4, "threshold": 1000, "edgeitems": 3, "linewidth": 80},
    "short": {"precision": 2, "threshold": 1000, "edgeitems": 2, "linewidth": 80},
    "full": {"precision": 4, "threshold": math.inf, "edgeitems": 3, "linewidth": 80},
}


class PrintOptions:
    """The process-wide settings of `set_printoptions`; one instance, `options`, is read at every print."""

    __slots__ = ("precision", "threshold", "edgeitems", "linewidth", "sci_mode")

    precision: int
    threshold: float
    edgeitems: int
    linewidth: int
    sci_mode: bool | None

    def __init__(self) -> None:
        self.update(**_PROFILES["default"], sci_mode=None)

    def update(self, **changes: Any) -> None:
        """Set some of them."""
        for name, value in changes.items():
            setattr(self, name, value)


options: PrintOptions = PrintOptions()


def set_printoptions(
    precision: int | None = None,
    threshold: float | None = None,
    edgeitems: int | None = None,
    linewidth: int | None = None,
    profile: str | None = None,
    sci_mode: bool | None = None,
) -> None:
    """Set how tensors print. What is left out keeps its value, except `sci_mode`, which returns to automatic.

    precision: digits after the point (4). threshold: more elements than this are summarised (1000). edgeitems: how many
    items a summary keeps at each end of a dimension (3). linewidth: columns after which a line breaks (80). profile:
    "default", "short" (precision 2, edgeitems 2) or "full" (never summarise), applied before the other arguments.
    sci_mode: True always and False never uses scientific notation; None chooses from the values.

    >>> set_printoptions(precision=2)
    >>> tensor_repr(np.array([1.12345]), dtype_name="float64", default_dtype_name="float64")
    'tensor([1.12])'
    >>> set_printoptions(profile="default")
    """
    options.update(**_PROFILES.get(profile or "", {}))
    given = {"precision": precision, "threshold": threshold, "edgeitems": edgeitems, "linewidth": linewidth}
    options.update(**{name: value for name, value in given.items() if value is not None})
    options.sci_mode = sci_mode


def get_printoptions() -> dict[str, Any]:
    """The current settings, as keyword arguments for `set_printoptions`."""
    return {name: getattr(options, name) for name in PrintOptions.__slots__}


@contextmanager
def printoptions(**changes) -> Iterator[None]:
    """Context manager: `set_printoptions(**changes)` inside, the previous settings afterwards."""
    before = get_printoptions()
    set_printoptions(**changes)
    try:
        yield
    finally:
        set_printoptions(**before)


def tensor_repr(
    array: np.ndarray,
    *,
    dtype_name: str,
    default_dtype_name: str = "float32",
    requires_grad: bool = False,
    grad_fn_name: str | None = None,
    class_prefix: str = "tensor(",
    suffixes: Sequence[str] = (),
) -> str:
    """`repr` of a tensor that holds `array` (any shape; bool, integer, floating or complex; bfloat16 of ml_dtypes too).

    `dtype_name` and `default_dtype_name` are torch's names without "torch."; the dtype shows if it is not what a
    literal would get. `grad_fn_name` ("MulBackward0") wins over `requires_grad`. `class_prefix` ends with the opening
    bracket. `suffixes` ("device='meta'") come before all others.

    >>> tensor_repr(np.float32([1.5, 2.0]), dtype_name="float32", grad_fn_name="MulBackward0")
    'tensor([1.5000, 2.0000], grad_fn=<MulBackward0>)'
    """
    notes = list(suffixes)
    if array.size == 0:
        body = "[]"
        if array.ndim != 1:
            notes.append(f"size={array.shape}")
        if dtype_name != default_dtype_name:
            notes.append(f"dtype=torch.{dtype_name}")
    else:
        body = _body(array, len(class_prefix))
        if not options.edgeitems:
            notes.append(f"size={array.shape}")
        if not _implied(dtype_name, default_dtype_name):
            notes.append(f"dtype=torch.{dtype_name}")
    if grad_fn_name is not None:
        notes.append(f"grad_fn=<{grad_fn_name}>")
    elif requires_grad:
        notes.append("requires_grad=True")
    return append_notes(class_prefix + body, notes, len(class_prefix))


def _implied(dtype_name: str, default_dtype_name: str) -> bool:
    """Whether a Python literal of this kind would get this dtype, so that the text need not name it."""
    if dtype_name in (default_dtype_name, "int64", "bool"):
        return True
    return dtype_name == ("complex128" if default_dtype_name == "float64" else "complex64")


def append_notes(text: str, notes: Sequence[str], indent: int) -> str:
    """Close the bracket after `notes`; one that would cross the line width starts a new line."""
    column = len(text) - text.rfind("\n") + 1
    for note in notes:
        if column + len(note) + 2 > options.linewidth:
            text += ",\n" + " " * indent + note
            column = indent + len(note)
        else:
            text += ", " + note
            column += len(note) + 2
    return text + ")"


def _body(array: np.ndarray, indent: int) -> str:
    """The bracketed values of a tensor with at least one element."""
    if array.ndim == 0:
        return _cells(array)[0][0]
    edge = options.edgeitems
    folded = [False] * array.ndim
    if array.size > options.threshold:
        if not edge:
            return "[...]"
        folded = [n > 2 * edge for n in array.shape]
        if any(folded):
            array = array[np.ix_(*map(_shown_indices, array.shape, folded))]
    cells, width = _cells(array)
    return _layout(cells, array.shape, folded, indent, width)


def _shown_indices(n: int, folded: bool) -> list[int]:
    """Which indices of a dimension of size `n` a summary shows."""
    every, edge = range(n), options.edgeitems
    return [*every[:edge], *every[-edge:]] if folded else [*every]


def _layout(cells: list[str], shape: Sequence[int], folded: Sequence[bool], indent: int, width: int) -> str:
    """Brackets around the row-major `cells`; a blank line more between blocks for every dimension inside them.

    A dimension marked in `folded` shows an ellipsis after its first `edgeitems` items.
    """
    margin = " " * (indent + 1)
    if len(shape) == 1:
        if folded[0]:
            cells = cells[: options.edgeitems] + [" ..."] + cells[options.edgeitems :]
        per_line = max(1, math.floor((options.linewidth - indent) / (width + len(", "))))
        lines = [", ".join(cells[i : i + per_line]) for i in range(0, len(cells), per_line)]
        return "[" + (",\n" + margin).join(lines) + "]"
    step = len(cells) // shape[0]
    blocks = [
        _layout(cells[i : i + step], shape[1:], folded[1:], indent + 1, width) for i in range(0, len(cells), step)
    ]
    if folded[0]:
        blocks.insert(options.edgeitems, "...")
    return "[" + ("," + "\n" * (len(shape) - 1) + margin).join(blocks) + "]"


def _cells(array: np.ndarray) -> tuple[list[str], int]:
    """The texts of all elements, row-major, and the width that torch counts for one of them when it breaks lines."""
    kind = array.dtype.kind
    if kind == "V":  # how NumPy sees bfloat16 and the float8 types: float32 holds each of their values exactly
        array, kind = array.astype(np.float32), "f"
    values = [array.item()] if array.ndim == 0 else array.ravel().tolist()
    if kind == "f":
        return _float_cells(values)
    if kind == "c":
        real, real_width = _float_cells([z.real for z in values])
        imag, imag_width = _float_cells([z.imag for z in values])
        pairs = zip(real, map(str.lstrip, imag), strict=True)
        return [re + (im if im[0] == "-" else "+" + im) + "j" for re, im in pairs], real_width + imag_width + 1
    texts = list(map(str, values))
    width = max(map(len, texts))
    return [text.rjust(width) for text in texts], width


def _float_cells(values: list[float]) -> tuple[list[str], int]:
    """Format floats alike, by the module's rule; right-justified to the widest nonzero finite one."""
    isfinite = math.isfinite
    sizes = [abs(v) for v in values if v and isfinite(v)]
    whole, sci = True, False
    if sizes:
        whole = all(map(float.is_integer, sizes))
        low, high, wanted = min(sizes), max(sizes), options.sci_mode
        sci = bool(wanted) if wanted is not None else high / low > 1000.0 or high > 1e8 or low < 1e-4
    if sci:
        spec, point = f".{options.precision}e", ""
    elif whole:
        spec, point = ".0f", "."
    else:
        spec, point = f".{options.precision}f", ""
    texts = [format(v, spec) + point if isfinite(v) else format(v) for v in values]
    width = max((len(text) for text, v in zip(texts, values, strict=True) if v and isfinite(v)), default=1)
    return [text.rjust(width) for text in texts], width
