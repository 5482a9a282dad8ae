"""How PyTorch knows the calls of our records below its functions: ``mm`` of two tensors is ``torch.ops.aten.mm.default(a, b)``.

A record without a line here is known by its own name, its inputs and its attributes in their order.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

import numpy as np

from ..library import OpOverload, OpOverloadPacket, namespace
from ..op import apply, evaluate
from ..readers import REGISTRY, arrays
from ..tensor import Tensor, wrap
from ..types import contiguous_format
from ..types import from_numpy_dtype as dtype_of

_aten: Any = namespace("aten")

#: The name of a call, its overload, its arguments and keywords.
Form = tuple[str, str, tuple[Any, ...], dict[str, Any]]

#: Records with another name than PyTorch's operation.
NAMES = {
    "convolve": "convolution", "convolve_input": "convolution", "attend": "_scaled_dot_product_flash_attention_for_cpu",
    "softmax": "_softmax", "log_softmax": "_log_softmax", "unsafe_view": "_unsafe_view", "copied_reshape": "_reshape_copy",
    "reshape_alias": "view", "squared_error": "mse_loss", "nll": "nll_loss_forward", "bce_logits": "binary_cross_entropy_with_logits",
    "max_all": "max", "min_all": "min", "max_dim": "max", "min_dim": "min", "vector_norm": "linalg_vector_norm",
    "embedding_rows": "embedding", "index_get": "index", "slice_along": "slice", "convert": "_to_copy", "sort_pair": "sort",
    "topk_pair": "topk", "sum_scaled": "add",
}  # fmt: skip

#: Overloads that are not ``default``, of records that have no form of their own.
OVERLOADS = {"split": "Tensor", "unbind": "int", "where": "self"}
#: Comparisons and their kin: a number beside the tensor is a form of its own.
_OF_NUMBERS = frozenset("eq ne lt le gt ge remainder fmod floor_divide bitwise_and bitwise_or bitwise_xor".split())
#: Reductions as PyTorch numbers them.
REDUCTIONS = {"none": 0, "mean": 1, "sum": 2}


#: The tensors within the index that is being read.
index_tensors: ContextVar[Any] = ContextVar("rushlight_index_tensors", default=())


def listed(x: Any) -> Any:
    """Tuples of numbers as lists, as PyTorch's inside has them."""
    return [listed(y) for y in x] if isinstance(x, tuple) else x


def _without_last(args: list[Any], usual: list[Any]) -> tuple[Any, ...]:
    """Arguments without the last ones that are what they are by default."""
    first = len(args) - len(usual)
    while len(args) > first:
        last, default = args[-1], usual[len(args) - first - 1]
        if last is not default and (last is None or isinstance(last, Tensor) or last != default):
            break
        args.pop()
    return tuple(args)


# --- forms ----------------------------------------------------------------------------------------------------------------
def _product(name: str) -> Callable[..., Form]:
    def form(inputs: Any, attrs: Any) -> Form:
        scale = {k: attrs[k] for k in ("beta", "alpha") if attrs.get(k, 1) != 1}
        return name, "default", tuple(inputs), scale

    return form


def _reduction(name: str, overload: str = "dim", default: str = "default") -> Callable[..., Form]:
    def form(inputs: Any, attrs: Any) -> Form:
        kwargs = {} if attrs.get("dtype") is None else {"dtype": attrs["dtype"]}
        if attrs.get("full") and not attrs.get("keepdim"):
            return name, default, tuple(inputs), kwargs
        args = _without_last([*inputs, listed(attrs["dim"]), attrs["keepdim"]], [False])
        return name, overload, args, kwargs

    return form


def _prod(inputs: Any, attrs: Any) -> Form:
    name, overload, args, kwargs = _reduction("prod", "dim_int")(inputs, attrs)
    return name, overload, (args[0], *[d[0] if isinstance(d, list) else d for d in args[1:]]), kwargs


def _spread(name: str) -> Callable[..., Form]:
    def form(inputs: Any, attrs: Any) -> Form:
        kwargs = {} if attrs["full"] and attrs["correction"] == 1 else {"correction": attrs["correction"]}
        kwargs.update({"keepdim": True} if attrs["keepdim"] else {})
        dims = () if attrs["full"] else (listed(attrs["dim"]),)
        return name, "correction", (*inputs, *dims), kwargs

    return form


def _sum_scaled(inputs: Any, attrs: Any) -> Form:
    alpha = attrs["alpha"]
    alpha = int(alpha) if float(alpha).is_integer() else alpha
    name = "sub" if attrs["node"].startswith("Sub") else "add"
    return name, "Tensor", tuple(inputs), {"alpha": -alpha if name == "sub" else alpha}


def _pow(inputs: Any, attrs: Any) -> Form:
    return "pow", "_".join("Tensor" if isinstance(x, Tensor) else "Scalar" for x in inputs), tuple(inputs), {}


def _convolution(transposed: bool) -> Callable[..., Form]:
    def form(inputs: Any, attrs: Any) -> Form:
        border = listed(attrs.get("output_padding") or (0,) * len(attrs["stride"]))
        settings = [listed(attrs[k]) for k in ("stride", "padding", "dilation")]
        bias = inputs[2] if len(inputs) > 2 else None
        return "convolution", "default", (*inputs[:2], bias, *settings, transposed, border, attrs["groups"]), {}

    return form


def _loss(name: str) -> Callable[..., Form]:
    def form(inputs: Any, attrs: Any) -> Form:
        usual = [*[None] * (len(inputs) - 2), 1]
        return name, "default", _without_last([*inputs, REDUCTIONS[attrs["reduction"]]], usual), {}

    return form


def _nll(inputs: Any, attrs: Any) -> Form:
    return "nll_loss_forward", "default", (*inputs, REDUCTIONS[attrs["reduction"]], attrs["ignore_index"]), {}


def _max_pool(inputs: Any, attrs: Any) -> Form:
    n = len(attrs["kernel"])
    args = [inputs[0], *[listed(attrs[k]) for k in ("kernel", "stride", "padding", "dilation")]]
    if attrs["stride"] == attrs["kernel"]:
        args = list(_without_last(args, [args[2], [0] * n, [1] * n]))
    return f"max_pool{n}d_with_indices", "default", tuple(args), {}


def _avg_pool(inputs: Any, attrs: Any) -> Form:
    n = len(attrs["kernel"])
    args = [
        inputs[0],
        *[listed(attrs[k]) for k in ("kernel", "stride", "padding")],
        False,
        attrs["count_pad"],
        attrs["divisor"],
    ]
    return f"avg_pool{n}d", "default", _without_last(args, [args[1], [0] * n, False, True, None]), {}


def _clone(inputs: Any, attrs: Any) -> Form:
    layout = attrs.get("memory_format")
    return "clone", "default", tuple(inputs), {} if layout is None else {"memory_format": layout}


def _index(inputs: Any, attrs: Any) -> Form | None:
    where = attrs["where"] if isinstance(attrs["where"], tuple) else (attrs["where"],)
    parts: list[Any] = []
    for part in where:
        if isinstance(part, np.ndarray):
            given = [
                t
                for t in index_tensors.get()
                if t._a is part or (t._a.shape == part.shape and np.array_equal(t._a, part))
            ]
            parts.append(given[0] if given else wrap(part))
        elif part == slice(None):
            parts.append(None)
        else:
            return None
    return "index", "Tensor", (inputs[0], parts), {}


def _squeeze(inputs: Any, attrs: Any) -> Form:
    dim = attrs["dim"]
    if dim is None:
        return "squeeze", "default", tuple(inputs), {}
    dims = listed(dim)
    if isinstance(dims, list) and len(dims) == 1:
        dims = dims[0]
    return "squeeze", "dims" if isinstance(dims, list) else "dim", (inputs[0], dims), {}


def _slice(inputs: Any, attrs: Any) -> Form:
    args = [inputs[0], attrs["dim"], attrs["start"], attrs["end"], attrs["step"]]
    return "slice", "Tensor", _without_last(args, [1]), {}


def _of_attrs(name: str, overload: str, *attributes: str, usual: tuple[Any, ...] = ()) -> Callable[..., Form]:
    """A call of the inputs and these attributes in order, the last without what they are by default."""

    def form(inputs: Any, attrs: Any) -> Form:
        args = [*inputs, *[listed(attrs[a]) for a in attributes]]
        return name, overload, _without_last(args, list(usual)) if usual else tuple(args), {}

    return form


def _joined(name: str) -> Callable[..., Form]:
    def form(inputs: Any, attrs: Any) -> Form:
        return name, "default", _without_last([list(inputs), attrs["dim"]], [0]), {}

    return form


def _softmax(name: str) -> Callable[..., Form]:
    return lambda inputs, attrs: (name, "default", (inputs[0], attrs["dim"], False), {})


def _batch_norm(inputs: Any, attrs: Any) -> Form:
    mean, var = attrs["running"] or (None, None)
    running = [None if a is None else wrap(a) for a in (mean, var)]
    return "native_batch_norm", "default", (*inputs, *running, attrs["training"], attrs["momentum"], attrs["eps"]), {}


def _layer_norm(inputs: Any, attrs: Any) -> Form:
    shape = list(inputs[0].shape)[-len(attrs["dim"]) :]
    return "native_layer_norm", "default", (inputs[0], shape, *inputs[1:], attrs["eps"]), {}


def _embedding(inputs: Any, attrs: Any) -> Form:
    padding = -1 if attrs["padding_idx"] is None else attrs["padding_idx"]
    args = [inputs[1], inputs[0], padding, attrs["by_frequency"], attrs["sparse"]]
    return "embedding", "default", _without_last(args, [-1, False, False]), {}


def _convert(inputs: Any, attrs: Any) -> Form:
    return "_to_copy", "default", tuple(inputs), {"dtype": attrs["dtype"]}


def _vector_norm(inputs: Any, attrs: Any) -> Form:
    whole = attrs["dim"] is None or len(attrs["dim"]) == inputs[0].ndim
    args = [*inputs, attrs["ord"], None if whole else listed(attrs["dim"]), attrs["keepdim"]]
    return "linalg_vector_norm", "default", _without_last(args, [2.0, None, False]), {}


def _summed(ask: Callable[..., Any], inputs: Any, attrs: Any) -> Any:
    g, size = inputs[0], attrs["size"]
    new = g.ndim - len(size)
    dims = [d for d, n in enumerate(g.shape) if d < new or (size[d - new] == 1 and n != 1)]
    total = ask("sum", "dim_IntList", (g, dims, True), {}) if dims else g
    return total if tuple(total.shape) == tuple(size) else ask("view", "default", (total, list(size)), {})


def _broadcast(ask: Callable[..., Any], inputs: Any, attrs: Any) -> Any:
    return ask("expand", "default", (inputs[0], list(attrs["size"])), {})


def _cast_gradient(ask: Callable[..., Any], inputs: Any, attrs: Any) -> Any:
    target = dtype_of(attrs["np_dtype"])
    return inputs[0] if inputs[0].dtype is target else ask("_to_copy", "default", tuple(inputs), {"dtype": target})


def _reshape_gradient(ask: Callable[..., Any], inputs: Any, attrs: Any) -> Any:
    if inputs[0].is_contiguous():
        return ask("view", "default", (inputs[0], list(attrs["size"])), {})
    return _copied_reshape(ask, inputs, attrs)


def _formal(ask: Callable[..., Any], inputs: Any, attrs: Any) -> Any:
    return inputs[0]  # it matters where a gradient is differentiated again


def _copied_reshape(ask: Callable[..., Any], inputs: Any, attrs: Any) -> Any:
    copy = ask("clone", "default", tuple(inputs), {"memory_format": contiguous_format})
    return ask("_unsafe_view", "default", (copy, list(attrs["size"])), {})


def _fill(inputs: Any, attrs: Any) -> Form:
    value = inputs[1]
    if isinstance(value, Tensor):
        return "fill", "Tensor", tuple(inputs), {}
    return "fill", "Scalar", (inputs[0], value.item() if isinstance(value, np.ndarray) else value), {}


FORMS: dict[str, Callable[..., Form | None]] = {
    "mm": _product("mm"), "bmm": _product("bmm"), "addmm": _product("addmm"), "baddbmm": _product("baddbmm"),
    "addmv": _product("addmv"), "addbmm": _product("addbmm"), "sum": _reduction("sum", "dim_IntList"), "mean": _reduction("mean"),
    "amax": _reduction("amax", "default"), "amin": _reduction("amin", "default"), "logsumexp": _reduction("logsumexp", "default"),
    "prod": _prod,
    "var": _spread("var"), "std": _spread("std"), "sum_scaled": _sum_scaled, "pow": _pow, "convolve": _convolution(False),
    "convolve_input": _convolution(True), "squared_error": _loss("mse_loss"), "bce_logits": _loss("binary_cross_entropy_with_logits"),
    "nll": _nll, "max_pool": _max_pool, "avg_pool": _avg_pool, "clone": _clone, "index_get": _index, "squeeze": _squeeze,
    "slice_along": _slice, "view": _of_attrs("view", "default", "size"), "reshape_alias": _of_attrs("view", "default", "size"),
    "unsafe_view": _of_attrs("_unsafe_view", "default", "size"), "expand": _of_attrs("expand", "default", "size"),
    "transpose": _of_attrs("transpose", "int", "dim0", "dim1"), "permute": _of_attrs("permute", "default", "dims"),
    "unsqueeze": _of_attrs("unsqueeze", "default", "dim"), "select": _of_attrs("select", "int", "dim", "index"),
    "cat": _joined("cat"), "stack": _joined("stack"), "softmax": _softmax("_softmax"), "log_softmax": _softmax("_log_softmax"),
    "native_batch_norm": _batch_norm, "native_layer_norm": _layer_norm, "embedding_rows": _embedding, "convert": _convert,
    "max_all": _of_attrs("max", "default"), "min_all": _of_attrs("min", "default"),
    "max_dim": _of_attrs("max", "dim", "dim", "keepdim", usual=(False,)),
    "min_dim": _of_attrs("min", "dim", "dim", "keepdim", usual=(False,)),
    "argmax": _of_attrs("argmax", "default", "dim", "keepdim", usual=(None, False)),
    "argmin": _of_attrs("argmin", "default", "dim", "keepdim", usual=(None, False)),
    "cumsum": _of_attrs("cumsum", "default", "dim"),
    "gather": lambda inputs, attrs: ("gather", "default", (inputs[0], attrs["dim"], inputs[1]), {}),
    "topk_pair": _of_attrs("topk", "default", "k_", "dim", "largest", "sorted", usual=(-1, True, True)),
    "sort_pair": _of_attrs("sort", "default", "dim", "descending", usual=(-1, False)),
    "own_gradient": lambda inputs, attrs: ("clone", "default", tuple(inputs), {}),
    "fill": _fill,
    "masked_fill": lambda inputs, attrs: ("masked_fill", "Tensor" if isinstance(inputs[2], Tensor) else "Scalar", tuple(inputs), {}),
    "copy": lambda inputs, attrs: ("copy", "default", tuple(inputs), {}),
    "vector_norm": _vector_norm,
    "gelu": lambda inputs, attrs: ("gelu", "default", tuple(inputs), {} if attrs["approximate"] == "none" else dict(attrs)),
    "rsub": lambda inputs, attrs: ("rsub", "Tensor" if isinstance(inputs[1], Tensor) else "Scalar", tuple(inputs), {}),
    "clamp": lambda inputs, attrs: ("clamp", "Tensor" if any(isinstance(x, Tensor) for x in inputs[1:]) else "default",
                                    _without_last(list(inputs), [None]), {}),
}  # fmt: skip


#: Records that are several calls: ``steps(ask, inputs, attrs)``.
STEPS: dict[str, Callable[..., Any]] = {
    "sum_to_size": _summed, "broadcast_gradient": _broadcast, "copied_reshape": _copied_reshape, "cast_gradient": _cast_gradient,
    "reshape_gradient": _reshape_gradient, "formal_gradient": _formal,
}  # fmt: skip


def form_of(op: Any, inputs: tuple[Any, ...], attrs: dict[str, Any]) -> Form:
    """The call of PyTorch's that a call of a record is."""
    made = FORMS.get(op.name)
    found = None if made is None else made(inputs, attrs)
    if found is not None:
        return found
    if op.family == "elementwise" and len(op.inputs) == 2 and not attrs:
        by_number = op.name in _OF_NUMBERS and not isinstance(inputs[1], Tensor)
        return name_of(op), "Scalar" if by_number else "Tensor", tuple(inputs), {}
    if _is_known(op):
        return name_of(op), OVERLOADS.get(op.name, "default"), tuple(inputs), {}
    return op.name, "default", tuple(inputs), dict(attrs)


def _is_known(op: Any) -> bool:
    """Whether a record without attributes is an operation of PyTorch's."""
    return not op.attrs and getattr(_aten, name_of(op), None) is not None


def name_of(op: Any) -> str:
    """PyTorch's name of a record: ``"convolution"``."""
    return NAMES.get(op.name, op.name)  # type: ignore[no-any-return]


def overload_of(op: Any, inputs: tuple[Any, ...], attrs: dict[str, Any]) -> OpOverload:
    """The form of an operation that a call is, ``torch.ops.aten.add.Tensor``."""
    name, form, _, _ = form_of(op, inputs, attrs)
    return overload(name, form)


def overload(name: str, form: str) -> OpOverload:
    """``torch.ops.aten.<name>.<form>``; of a name that PyTorch has not, an operation that runs our record."""
    packet = getattr(_aten, name, None)
    if packet is None:
        packet = _aten.part(name, _part(name))
    return getattr(packet, form)  # type: ignore[no-any-return]


def _part(name: str) -> Callable[..., Any] | None:
    for suffix in ("", SAVING, GRADIENT):
        if name.endswith(suffix) and name.removesuffix(suffix) in REGISTRY:
            record = name.removesuffix(suffix)
            return gradient_of(record) if suffix == GRADIENT else record_itself(record, suffix == SAVING)
    return None


#: What is appended to the name of a record whose rules are one call.
GRADIENT = "_gradient"


def rules_of(op: Any, needed: Any) -> list[Any]:
    """The rules that are read where these inputs need a gradient."""
    if op.joint is not None:
        return [op.joint]
    return [rule for rule, need in zip(op.rules, needed, strict=False) if rule is not None and need]


def gradient_of(name: str) -> Callable[..., Any]:
    """The rules of a record as a function of gradients of its results, of what it has saved, and of which inputs need a gradient."""

    def run(g: Any, saved: Any, needed: Any, **attrs: Any) -> Any:
        op = REGISTRY[name]
        given = {k: _bare(x) for k, x in attrs.items()}
        given["needs"] = tuple(needed)
        g, kept = _bare(g), [_bare(x) for x in saved]
        if isinstance(g, list) and op.n_diff == 1:
            g = g[0]

        def read(rule: Any) -> Any:
            return rule.fn(arrays, g, *[kept[slot] for slot in rule.slots], **{n: given[n] for n in rule.attrs})

        if op.joint is not None:
            found = read(op.joint)
        else:
            found = [
                read(rule) if need and rule is not None else None for rule, need in zip(op.rules, needed, strict=True)
            ]
        return tuple([None if x is None else wrap(np.asarray(x)) for x in found])

    run.__name__ = run.__qualname__ = name + GRADIENT
    return run


#: What is appended to the name of a record whose call shows what it saves beside its results.
SAVING = "_saving"


def record_itself(name: str, saving: bool) -> Callable[..., Any]:
    """A record as a function of its inputs and, by keyword, its attributes."""

    def run(*inputs: Any, **attrs: Any) -> Any:
        op, given = REGISTRY[name], {k: _bare(x) for k, x in attrs.items()}
        if not saving:
            return apply(op, inputs, given)
        return tuple([wrap(np.asarray(a)) for a in evaluate(op, inputs, given)[0]])

    run.__name__ = run.__qualname__ = name
    return run


def _bare(x: Any) -> Any:
    """An attribute whose arrays a graph holds as tensors."""
    if isinstance(x, Tensor):
        return x._a
    return type(x)([_bare(y) for y in x]) if type(x) in (tuple, list) else x


def packet_of(name: str) -> OpOverloadPacket:
    """``torch.ops.aten.<name>``."""
    return getattr(_aten, name)  # type: ignore[no-any-return]
