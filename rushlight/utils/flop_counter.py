"""``torch.utils.flop_counter``: how many floating-point operations products and convolutions take, forward and backward, by module."""

from __future__ import annotations

import functools
import math
import warnings
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

from ..autograd import mode
from ..library import OpOverloadPacket, namespace
from ..readers import arrays
from ..tensor import Tensor
from .module_tracker import ModuleTracker

__all__ = ["FlopCounterMode", "register_flop_formula"]

aten: Any = namespace("aten")
Shape = Sequence[int]


# --- formulas -----------------------------------------------------------------------------------------------------------
def get_shape(x: Any) -> Any:
    """The shape of a tensor; anything else as it is."""
    if isinstance(x, Tensor):
        return x.shape
    if isinstance(x, (list, tuple)) and any(isinstance(y, Tensor) for y in x):
        return type(x)([get_shape(y) for y in x])
    return x


def shape_wrapper(f: Callable[..., int]) -> Callable[..., int]:
    """A formula of shapes as one of tensors."""

    @functools.wraps(f)
    def of_tensors(*args: Any, out_val: Any = None, **kwargs: Any) -> int:
        named = {name: get_shape(x) for name, x in kwargs.items()}
        return f(*map(get_shape, args), out_shape=get_shape(out_val), **named)

    return of_tensors


#: Formulas by operation: ``formula(*arguments, out_val=result, **named)``.
flop_registry: dict[Any, Callable[..., int]] = {}


def register_flop_formula(targets: Any, get_raw: bool = False) -> Callable[[Callable[..., int]], Callable[..., int]]:
    """Decorator: the formula of operations (``torch.ops.mylib.foo``), of the shapes of what they get and ``out_shape``.

    With ``get_raw`` it gets tensors, and the result as ``out_val``.

    Raises:
        ValueError: for what is no operation.
        RuntimeError: if there is a formula already.
    """

    def register(formula: Callable[..., int]) -> Callable[..., int]:
        formula = formula if get_raw else shape_wrapper(formula)
        for target in targets if isinstance(targets, (list, tuple)) else [targets]:
            if not isinstance(target, OpOverloadPacket):
                raise ValueError(
                    "register_flop_formula(targets): expected each target to be OpOverloadPacket (i.e. torch.ops.mylib.foo), JitFunction, "
                    f"or HigherOrderOperator, got {target} which is of type {type(target)}"
                )
            if target in flop_registry:
                raise RuntimeError(f"duplicate registrations for {target}")
            flop_registry[target] = formula
        return formula

    return register


@register_flop_formula(aten.mm)
def mm_flop(a_shape: Shape, b_shape: Shape, *args: Any, out_shape: Any = None, **kwargs: Any) -> int:
    """A multiplication and an addition for each element of a row, row and column."""
    (m, k), (_, n) = a_shape, b_shape
    return m * n * 2 * k


@register_flop_formula(aten.addmm)
def addmm_flop(self_shape: Any, a_shape: Shape, b_shape: Shape, out_shape: Any = None, **kwargs: Any) -> int:
    """That of the product: what is added costs nothing."""
    return mm_flop(a_shape, b_shape)


@register_flop_formula(aten.bmm)
def bmm_flop(a_shape: Shape, b_shape: Shape, out_shape: Any = None, **kwargs: Any) -> int:
    """That of all products of a batch."""
    (b, m, k), (_, _, n) = a_shape, b_shape
    return b * m * n * 2 * k


@register_flop_formula(aten.baddbmm)
def baddbmm_flop(self_shape: Any, a_shape: Shape, b_shape: Shape, out_shape: Any = None, **kwargs: Any) -> int:
    """That of the products."""
    return bmm_flop(a_shape, b_shape)


def conv_flop_count(x_shape: Shape, w_shape: Shape, out_shape: Shape, transposed: bool = False) -> int:
    """Each place of the result (of the input, if transposed) meets the window in all channels."""
    places = (x_shape if transposed else out_shape)[2:]
    return math.prod(places) * math.prod(w_shape) * x_shape[0] * 2


@register_flop_formula(aten.convolution)
def conv_flop(
    x_shape: Shape, w_shape: Shape, _bias: Any, _stride: Any, _padding: Any, _dilation: Any, transposed: bool, *args: Any,
    out_shape: Any = None, **kwargs: Any,
) -> int:  # fmt: skip
    """That of a convolution, transposed or not."""
    return conv_flop_count(x_shape, w_shape, out_shape, transposed)


@register_flop_formula(aten.convolution_backward)
def conv_backward_flop(
    grad_out_shape: Shape, x_shape: Shape, w_shape: Shape, _bias: Any, _stride: Any, _padding: Any, _dilation: Any, transposed: bool,
    _output_padding: Any, _groups: Any, output_mask: Sequence[bool], out_shape: Any, **kwargs: Any,
) -> int:  # fmt: skip
    """The gradient of the input is the opposite convolution of the weight, that of the weight one of input and gradient."""

    def turned(shape: Shape) -> list[int]:
        return [shape[1], shape[0], *shape[2:]]

    count = 0
    if output_mask[0]:
        count += conv_flop_count(grad_out_shape, w_shape, x_shape, not transposed)
    if output_mask[1]:
        moved, window = (grad_out_shape, x_shape) if transposed else (x_shape, grad_out_shape)
        count += conv_flop_count(turned(moved), turned(window), turned(w_shape))
    return count


def sdpa_flop_count(query_shape: Shape, key_shape: Shape, value_shape: Shape) -> int:
    """Scores of queries and keys, then their product with the values; fewer heads of keys serve several of queries."""
    b, heads, s_q, d_q = query_shape
    s_k, d_v = key_shape[2], value_shape[3]
    return bmm_flop((b * heads, s_q, d_q), (b * heads, d_q, s_k)) + bmm_flop(
        (b * heads, s_q, s_k), (b * heads, s_k, d_v)
    )


# --- what runs ----------------------------------------------------------------------------------------------------------
def _forward_call(op: Any, inputs: Any, attrs: dict[str, Any]) -> tuple[str, tuple[Any, ...]]:
    """The name and the arguments with which PyTorch knows an operation of ours."""
    if op.name in ("convolve", "convolve_input"):
        settings = attrs["stride"], attrs["padding"], attrs["dilation"], op.name == "convolve_input"
        return "convolution", (*inputs, *settings, None, attrs["groups"])
    if op.name == "attend":
        return "_scaled_dot_product_flash_attention_for_cpu", tuple(inputs)
    return op.name, tuple(inputs)


def _shapes_of(node: Any) -> dict[str, Any]:
    """The shapes of a node's inputs, as far as it has saved them."""
    found: dict[str, Any] = {}
    for name in node.op.inputs:
        kept, size = (node.saved[node.op.slot_of[slot]] for slot in (name, name + "_shape"))
        found[name] = getattr(kept, "shape", size)
    return found


def _backward_calls(node: Any, g: Any) -> list[tuple[str, tuple[Any, ...]]]:
    """What PyTorch computes for the gradients that are needed, where it is worth counting."""
    op = node.op
    if op.name not in ("mm", "addmm", "bmm", "baddbmm", "addbmm", "convolve", "convolve_input"):
        return []
    shapes, needed = _shapes_of(node), [edge is not None for edge in node.edges]
    if op.name.startswith("convolve"):
        x, w = shapes["input"], shapes["weight"]
        settings = node.attrs["stride"], node.attrs["padding"], node.attrs["dilation"], op.name == "convolve_input"
        return [("convolution_backward", (g.shape, x, w, None, *settings, None, node.attrs["groups"], needed))]
    first, second = op.inputs[-2:]
    a, b = shapes[first], shapes[second]
    batch = (b if a is None else a)[:-2]
    rows, columns = g.shape[-2:]
    inner = b[-2] if a is None else a[-1]
    product = "bmm" if batch else "mm"
    calls = []
    if needed[-2]:
        calls.append((product, ((*batch, rows, columns), (*batch, columns, inner))))
    if needed[-1]:
        calls.append((product, ((*batch, inner, rows), (*batch, rows, columns))))
    return calls


class FlopCounterMode:
    """A block that counts the floating-point operations of products and convolutions, forward and backward, for each module.

    Args:
        depth: how deep modules are shown in the table.
        display: print the table at the end of the block.
        custom_mapping: further formulas, by operation (``torch.ops.mylib.foo``).

    >>> import rushlight as torch
    >>> from rushlight.utils.flop_counter import FlopCounterMode
    >>> with FlopCounterMode(display=False) as counter:
    ...     torch.nn.Linear(3, 5)(torch.ones(4, 3)).sum().backward()
    >>> counter.get_total_flops(), counter.get_flop_counts()["Linear"]
    (240, {<OpOverloadPacket(op='aten.addmm')>: 120, <OpOverloadPacket(op='aten.mm')>: 120})
    """

    depth: int
    display: bool

    def __init__(
        self, mods: Any = None, depth: int = 2, display: bool = True, custom_mapping: dict[Any, Any] | None = None
    ):
        if mods is not None:
            warnings.warn("mods argument is not needed anymore, you can stop passing it", stacklevel=2)
        self.flop_counts: dict[str, dict[Any, int]] = defaultdict(lambda: defaultdict(int))
        self.depth, self.display = depth, display
        own = (custom_mapping or {}).items()
        self.flop_registry: dict[Any, Callable[..., int]] = {
            **flop_registry, **{k: v if getattr(v, "_get_raw", False) else shape_wrapper(v) for k, v in own},
        }  # fmt: skip
        self.mod_tracker: Any = ModuleTracker()

    def get_total_flops(self) -> int:
        """All that was counted."""
        return sum(self.flop_counts["Global"].values())

    def get_flop_counts(self) -> dict[str, dict[Any, int]]:
        """What was counted, by module and operation."""
        return {module: dict(counts) for module, counts in self.flop_counts.items()}

    # --- counting -----------------------------------------------------------------------------------------------------
    def _count(self, name: str, args: tuple[Any, ...], out: Any) -> None:
        packet = self._by_name.get(f"aten::{name}")
        if packet is not None:
            flops = self.flop_registry[packet](*args, out_val=out)
            for parent in self.mod_tracker.parents:
                self.flop_counts[parent][packet] += flops

    def _heard(self, op: Any, inputs: Any, attrs: dict[str, Any], given: Any, result: Any) -> None:
        name, args = _forward_call(op, inputs, attrs)
        first = result[0] if isinstance(result, tuple) else result
        self._count(name, args, getattr(first, "shape", ()))

    def _run(self, node: Any, k: Any, g: Any, release: bool) -> Any:
        if k is arrays and getattr(node, "op", None) is not None and not isinstance(g, list):
            for name, args in _backward_calls(node, g):
                self._count(name, args, None)
        return node.run(k, g, release)

    def __enter__(self) -> FlopCounterMode:
        from ..explain.listening import listening

        self.flop_counts.clear()
        self._by_name = {packet._qualname: packet for packet in self.flop_registry}
        self.mod_tracker.__enter__()
        self._listening = listening(self._heard)
        self._listening.__enter__()
        self._runner = mode.node_runner.set(self._run)
        return self

    def __exit__(self, *exc: object) -> None:
        mode.node_runner.reset(self._runner)
        self._listening.__exit__(*exc)
        self.mod_tracker.__exit__()
        if self.display:
            print(self.get_table(self.depth))

    # --- the table ------------------------------------------------------------------------------------------------------
    def get_table(self, depth: int | None = None) -> str:
        """What was counted as a table: modules down to ``depth`` with their operations."""
        depth = self.depth if depth is None else depth
        total = self.get_total_flops()
        suffix = get_suffix_str(total)
        rows: list[list[str]] = []
        whole = False
        for module in sorted(self.flop_counts):
            level = module.count(".") + 1
            if module != "Global" and level <= (999999 if depth is None else depth):
                rows += self._rows(module, level - 1, total, suffix)
                whole |= sum(self.flop_counts[module].values()) >= total
        if "Global" in self.flop_counts and not whole:
            rows = self._rows("Global", 0, total, suffix) + [[" " + row[0], *row[1:]] for row in rows]
        return _table(rows or [["Global", "0", "0%"]])

    def _rows(self, module: str, indent: int, total: int, suffix: str) -> list[list[str]]:
        counts = self.flop_counts[module]
        lines = [(module, sum(counts.values())), *[(f" - {op}", n) for op, n in counts.items()]]
        return [
            [" " * indent + name, convert_num_with_suffix(n, suffix), convert_to_percent_str(n, total)]
            for name, n in lines
        ]


suffixes: list[str] = ["", "K", "M", "B", "T"]


def get_suffix_str(number: int) -> str:
    """The unit for numbers of this order: those of up to five digits before the point."""
    return suffixes[max(0, min(len(suffixes) - 1, (len(str(number)) - 2) // 3))]


def convert_num_with_suffix(number: int, suffix: str) -> str:
    """A number in a unit, with three digits behind the point."""
    return f"{number / 1000 ** suffixes.index(suffix):.3f}{suffix}"


def convert_to_percent_str(num: int, denom: int) -> str:
    """A part of a whole."""
    return "0%" if denom == 0 else f"{num / denom:.2%}"


def _table(rows: list[list[str]]) -> str:
    """Columns as the package ``tabulate`` lays them out: two more than the title wide at least, the numbers to the right."""
    titles = ["Module", "FLOP", "% Total"]
    shown = [[row[0], row[1] if row[1][-1] in "KMBT" else f"{float(row[1]):g}", row[2]] for row in rows]
    widths = [max(len(title) + 2, *[len(row[i]) for row in shown]) for i, title in enumerate(titles)]
    lines = [[t.ljust(w) if not i else t.rjust(w) for i, (t, w) in enumerate(zip(row, widths, strict=True))]
             for row in (titles, ["-" * w for w in widths], *shown)]  # fmt: skip
    return "\n".join("  ".join(line).rstrip() for line in lines)
