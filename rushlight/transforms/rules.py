"""What an op does to all examples of a batch, where its family alone does not say: views, joins, products, convolutions, losses.

A rule takes a ``Call`` and returns the result with the batch in front. Most only shift dimension numbers or fold the batch into a
dimension that the op treats as independent samples.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import errors, ops  # noqa: F401  (rules name its records)
from ..readers import REGISTRY
from ..tensor import Tensor
from ..writing import Region
from . import strides
from .batching import Call, each, elementwise, lead

RULES: dict[str, Callable[[Call], Any]] = {}


def rule(*names: str) -> Callable[[Callable[[Call], Any]], Callable[[Call], Any]]:
    """Declare the rule of these ops."""

    def declare(fn: Callable[[Call], Any]) -> Callable[[Call], Any]:
        RULES.update(dict.fromkeys(names, fn))
        return fn

    return declare


def public(name: str) -> Any:
    return REGISTRY[name].public


# --- one tensor, other dimension numbers ------------------------------------------------------------------------------
@rule(
    "alias",
    "clone",
    "own_gradient",
    "cast_gradient",
    "view_as_real_",
    "view_as_complex_",
    "real",
    "join_complex",
    "zeros_of",
)
def same(call: Call) -> Any:
    """Nothing of it depends on how many dimensions there are in front."""
    return call.run((call.value(0),))


@rule("zero")
def zero(call: Call) -> Any:
    return call.run((call.value(0),))


@rule("view", "reshape_gradient", "copied_reshape", "unsafe_view", "reshape_alias")
def sized(call: Call) -> Any:
    return call.run((call.value(0),), size=(call.size, *call.attrs["size"]))


@rule("expand", "broadcast_gradient")
def expanded(call: Call) -> Any:
    size = tuple(call.attrs["size"])
    return call.run((lead(call.value(0), len(size)),), size=(call.size, *size))


@rule("sum_to_size")
def sum_to_size(call: Call) -> Any:
    size = tuple(call.attrs["size"])
    wide = (call.size, *[1] * (call.ndim() - len(size)), *size)
    return call.run((call.value(0),), size=wide).reshape(call.size, *size)


@rule("transpose")
def transpose(call: Call) -> Any:
    shift = 1 if call.ndim() else 0
    return call.run((call.value(0),), dim0=call.attrs["dim0"] + shift, dim1=call.attrs["dim1"] + shift)


@rule("t")
def t(call: Call) -> Any:
    x = call.value(0)
    return public("transpose")(x, 1, 2) if call.ndim() == 2 else public("alias")(x)


@rule("permute", "flip", "roll", "rot90")
def by_dims(call: Call) -> Any:
    dims = call.attrs["dims"]
    if call.op.name == "permute":
        return call.run((call.value(0),), dims=(0, *[d + 1 for d in dims]))
    if not call.ndim() or not dims:
        return each(call)
    return call.run((call.value(0),), dims=tuple([d % call.ndim() + 1 for d in dims]))


@rule("unsqueeze")
def unsqueeze(call: Call) -> Any:
    return call.run((call.value(0),), dim=call.attrs["dim"] + 1)


@rule("squeeze")
def squeeze(call: Call) -> Any:
    dim = call.attrs["dim"]
    dims = range(call.ndim()) if dim is None else (dim,) if isinstance(dim, int) else dim
    return call.run((call.value(0),), dim=tuple([d + 1 for d in dims if d < call.ndim()]))


@rule("select", "slice_along")
def select(call: Call) -> Any:
    return call.run((call.value(0),), dim=call.attrs["dim"] + 1)


@rule("basic_slice")
def basic_slice(call: Call) -> Any:
    return call.run((call.value(0),), where=(slice(None), *_parts(call.attrs["where"])))


def _parts(where: Any) -> tuple[Any, ...]:
    return where if where.__class__ is tuple else (where,)


@rule("basic_put")
def basic_put(call: Call) -> Any:
    where = (slice(None), *_parts(call.attrs["where"]))
    return call.run((call.value(0),), size=(call.size, *call.attrs["size"]), where=where)


@rule("strided_view")
def strided_view(call: Call) -> Any:
    """The same steps through the memory of each example."""
    x = call.value(0)
    view = strides.alike(x._a, call.inputs[0]._a, call.attrs["view"], front=True)
    return call.run((x,), view=view, region=Region(x._a, view))


@rule("tril", "triu", "det", "cofactors", "inv", "cholesky_factor", "eigh_pair", "eig_pair", "svd_triple", "qr_pair", "slogdet_pair",
      "pseudo_inverse", "matrix_exp", "resample", "max_pool", "avg_pool", "adaptive_avg_pool", "adaptive_max_pool", "pixel_shuffle",
      "pixel_unshuffle")  # fmt: skip
def of_the_last(call: Call) -> Any:
    """An op of the last dimensions, which takes any number in front."""
    return call.run((call.value(0),))


@rule("constant_pad_nd", "pad_by_index")
def padded(call: Call) -> Any:
    return call.run((call.value(0),))


@rule("diag_embed", "diagonal_take")
def diagonals(call: Call) -> Any:
    n = call.ndim() + (call.op.name == "diag_embed")
    attrs = {name: call.attrs[name] % n + 1 for name in ("dim1", "dim2")}
    return call.run((call.value(0),), **attrs)


@rule("repeat")
def repeat(call: Call) -> Any:
    repeats = tuple(call.attrs["repeats"])
    return call.run((lead(call.value(0), len(repeats)),), repeats=(1, *repeats))


# --- several tensors ----------------------------------------------------------------------------------------------------
@rule("cat", "stack")
def joined(call: Call) -> Any:
    if call.op.name == "cat" and any([call.shape(i) == (0,) for i in range(len(call.inputs))]):
        return each(call)
    return call.run([call.whole(i) for i in range(len(call.inputs))], dim=call.attrs["dim"] + 1)


@rule("copy", "fill")
def copied(call: Call) -> Any:
    """The shape is the first input's."""
    source = call.value(1)
    if call.is_batched(1):
        source = lead(source, call.ndim())
    if call.op.name == "fill" and isinstance(source, Tensor):
        return public("copy")(call.whole(0), source)
    return call.run((call.whole(0), source))


@rule("mm", "bmm", "mv", "dot", "vdot", "matprod")
def products(call: Call) -> Any:
    """A product whose operands have a dimension more in front; ``matmul`` takes care of it."""
    matmul = _matmul()
    a, b = call.value(0), call.value(1)
    name = call.op.name
    if name == "vdot":
        a = a.conj()
    if name == "matprod":
        n = max(call.ndim(0), call.ndim(1))
        a, b = (lead(x, n) if call.is_batched(i) else x for i, x in enumerate((a, b)))
        return matmul(a, b)
    if name in ("dot", "vdot"):
        return matmul(a.unsqueeze(-2), b.unsqueeze(-1)).squeeze(-1).squeeze(-1)
    if name == "mv":
        return matmul(a, b.unsqueeze(-1)).squeeze(-1)
    if name == "mm" and not call.is_batched(0):  # turned, the examples are more rows of one product
        return matmul(b.transpose(-1, -2), a.t()).transpose(-1, -2)
    return matmul(a, b)


def _matmul() -> Any:
    from ..functions import FUNCTIONS

    return FUNCTIONS["matmul"].fn


@rule("addmm", "baddbmm", "addmv")
def added_products(call: Call) -> Any:
    """``beta * input + alpha * product``, each part with its own batch."""
    product = {"addmm": "mm", "baddbmm": "bmm", "addmv": "mv"}[call.op.name]
    inner = Call(call.at, REGISTRY[product], call.inputs[1:], {})
    out = products(inner) if inner.is_batched(0) or inner.is_batched(1) else inner.run(call.inputs[1:])
    alpha, beta = call.attrs["alpha"], call.attrs["beta"]
    if alpha != 1:
        out = out * alpha
    if beta == 0:
        return out if out._a.ndim > (1 if product == "mv" else 2 if product == "mm" else 3) else call.at.whole(out)
    start = call.value(0)
    if call.is_batched(0):
        start = lead(start, 1 if product == "mv" else 2 if product == "mm" else 3)
    return out + (start if beta == 1 else start * beta)


@rule("solution")
def solved(call: Call) -> Any:
    """Systems of equations: their matrices and right sides one for each example."""
    vector, n, m = call.attrs["vector"], call.ndim(0), call.ndim(1)
    if n - vector != m:
        return each(call)
    return call.run((call.whole(0), call.whole(1)))


@rule("triangular_solution")
def triangular(call: Call) -> Any:
    n = max(call.ndim(0), call.ndim(1))
    return call.run([lead(call.value(i), n) if call.is_batched(i) else call.value(i) for i in range(2)])


@rule("nonzero_matrix", "unique_parts", "masked_select")
def of_unknown_size(call: Call) -> Any:
    """Refused: each example would give a result of another shape.

    Raises:
        RuntimeError: naming the op.
    """
    if call.op.name == "masked_select":
        raise errors.runtime(
            "vmap: Attempted to vmap over `mask` in torch.masked_select(self, mask) We cannot support this because for each batch this "
            "would return a differently shaped Tensor. Please file an issue at https://github.com/pytorch/pytorch/issues if you need "
            "this feature.",
            "Use torch.where(mask, x, 0).",
        )
    name = {"nonzero_matrix": "nonzero", "unique_parts": "_unique2"}[call.op.name]
    raise errors.runtime(
        f"vmap: We do not support batching operators that can output dynamic shape. Attempted to vmap over aten::{name}. Please file an "
        "issue at https://github.com/pytorch/pytorch/issues if you need this feature.",
        "Every example would give another number of elements. Work with a mask of fixed shape instead.",
    )


# --- by index -------------------------------------------------------------------------------------------------------------
@rule("index_get", "index_zero", "index_scatter", "index_put")
def by_index(call: Call) -> Any:
    """Index arrays that are the same for all examples. Apart from each other they put their dimensions in front of the batch."""
    where = call.attrs["where"]
    where = (slice(None), *(where if where.__class__ is tuple else (where,)))
    apart = _apart(where)
    name = call.op.name
    if apart is not None and name != "index_zero":
        return each(call)
    if name == "index_scatter":
        return call.run((call.value(0),), size=(call.size, *call.attrs["size"]), where=where)
    if name == "index_put":
        values = call.value(1)
        if call.is_batched(1):
            picked = np.broadcast_to(np.empty((), np.bool_), call.shape(0))[where[1:]].ndim
            values = lead(values, picked)
        return call.run((call.whole(0), values), where=where)
    return call.run((call.value(0),), where=where)


def _apart(where: tuple[Any, ...]) -> int | None:
    """How many dimensions index arrays give if something stands between them; None if they stand together."""
    places = [i for i, p in enumerate(where) if isinstance(p, np.ndarray)]
    if not places or places[-1] - places[0] == len(places) - 1:
        return None
    return max(where[i].ndim for i in places)


@rule("gather", "scatter_add_zeros", "take_along", "put_along")
def gathered(call: Call) -> Any:
    """An index of as many dimensions as the input: both get the batch."""
    if not call.ndim(0) or not call.ndim(1):
        return each(call)
    attrs: dict[str, Any] = {"dim": call.attrs["dim"] % call.ndim() + 1}
    if call.op.name.startswith(("take", "put")) and call.attrs["dim"] is None:
        return each(call)
    if "size" in call.attrs:
        attrs["size"] = (call.size, *call.attrs["size"])
    if call.op.name in ("take_along", "put_along"):
        return each(call)
    return call.run((call.whole(0), call.whole(1)), **attrs)


@rule("scatter", "scatter_add", "scatter_reduce")
def scattered(call: Call) -> Any:
    if not call.ndim(0) or not call.ndim(1):
        return each(call)
    inputs = [call.whole(i) for i in range(len(call.inputs))]
    return call.run(inputs, dim=call.attrs["dim"] % call.ndim() + 1)


@rule("index_select")
def index_select(call: Call) -> Any:
    if call.is_batched(1) or not call.ndim() or call.ndim(1) != 1:
        return each(call)
    return call.run((call.value(0), call.value(1)), dim=call.attrs["dim"] % call.ndim() + 1)


@rule("embedding_rows")
def embedding_rows(call: Call) -> Any:
    """Rows of one table by many indices; of many tables, laid out one below the other."""
    index, weight = call.value(0), call.value(1)
    if not call.is_batched(1):
        return call.run((index, weight))
    if call.attrs.get("by_frequency") or call.attrs.get("padding_idx") is not None:
        return each(call)
    n, width = call.shape(1)
    first = public("mul")(_counted(call.size, index.dtype), n).reshape(call.size, *[1] * call.ndim(0))
    return call.run((public("add")(first, index), weight.reshape(call.size * n, width)))


def _counted(n: int, dtype: Any) -> Any:
    from ..functions import FUNCTIONS

    return FUNCTIONS["arange"].fn(n, dtype=dtype)


@rule("embedding_scatter")
def embedding_scatter(call: Call) -> Any:
    if call.attrs.get("by_frequency") or call.attrs.get("padding_idx") is not None:
        return each(call)
    n, width = call.attrs["size"]
    index = call.whole(1)
    first = public("mul")(_counted(call.size, index.dtype), n).reshape(call.size, *[1] * call.ndim(1))
    out = call.run((call.whole(0), public("add")(first, index)), size=(call.size * n, width))
    return out.reshape(call.size, n, width)


# --- samples in the first dimension ---------------------------------------------------------------------------------------
@rule("masked_fill")
def masked_fill(call: Call) -> Any:
    """A value that differs is no number any more."""
    if not call.is_batched(2):
        return elementwise(call)
    x, mask, value = call.inputs
    chosen = Call(call.at, REGISTRY["where"], (mask, value.to(x.dtype), x), {})
    return elementwise(chosen)


@rule(
    "hash_tensor",
    "fractional_max",
    "im2col",
    "col2im",
    "avg_pool_spread",
    "adaptive_avg_spread",
    "resample_back",
    "max_unpool",
)
def by_example(call: Call) -> Any:
    return each(call)


def folded(x: Any) -> Any:
    """Batch and samples as one dimension."""
    return x.reshape(x._a.shape[0] * x._a.shape[1], *x._a.shape[2:])


def into_channels(x: Any) -> Any:
    """(batch, N, C, ...) as (N, batch C, ...)."""
    order = (1, 0, 2, *range(3, x._a.ndim))
    x = public("permute")(x, order)
    return x.reshape(x._a.shape[0], x._a.shape[1] * x._a.shape[2], *x._a.shape[3:])


def out_of_channels(x: Any, size: int) -> Any:
    """(N, batch C, ...) as (batch, N, C, ...)."""
    n, c = x._a.shape[:2]
    x = x.reshape(n, size, c // size, *x._a.shape[2:])
    return public("permute")(x, (1, 0, 2, *range(3, x._a.ndim)))


@rule("convolve", "convolve_input")
def convolution(call: Call) -> Any:
    """More samples if the kernel is shared; else each example is a group of channels of its own."""
    x, weight, bias = call.value(0), call.value(1), call.value(2)
    batched_bias = bias is not None and call.is_batched(2)
    if not call.is_batched(1):
        out = call.run((folded(x) if call.is_batched(0) else x, weight, None if batched_bias else bias))
        out = out.reshape(call.size, call.shape(0)[0], *out._a.shape[1:]) if call.is_batched(0) else out
    else:
        groups = call.attrs["groups"]
        out = call.run((into_channels(call.whole(0)), folded(weight), None), groups=groups * call.size)
        out = out_of_channels(out, call.size)
        if bias is not None and not batched_bias:
            return out + bias.reshape(1, -1, *[1] * (out._a.ndim - 3))
    if batched_bias:
        out = out + bias.reshape(call.size, 1, -1, *[1] * (call.ndim() - 2))
    return out


@rule("convolve_weight")
def convolution_weight(call: Call) -> Any:
    """The gradient of each example's kernel: each is a group of channels of its own."""
    x, g = into_channels(call.whole(0)), into_channels(call.whole(1))
    size = tuple(call.attrs["size"])
    out = call.run((x, g), size=(call.size * size[0], *size[1:]), groups=call.attrs["groups"] * call.size)
    return out.reshape(call.size, *size)


@rule("native_layer_norm")
def layer_norm(call: Call) -> Any:
    """Each row on its own; weight and bias that differ are applied afterwards."""
    x, weight, bias = call.value(0), call.value(1), call.value(2)
    if not call.is_batched(0):
        x = call.whole(0)
    dim = tuple([d + 1 if d >= 0 else d for d in call.attrs["dim"]])
    if not (weight is not None and call.is_batched(1) or bias is not None and call.is_batched(2)):
        return call.run((x, weight, bias), dim=dim)
    out = call.run((x, None, None), dim=dim)
    if weight is not None:
        out = out * (lead(weight, call.ndim()) if call.is_batched(1) else weight)
    if bias is not None:
        out = out + (lead(bias, call.ndim()) if call.is_batched(2) else bias)
    return out


@rule("native_group_norm")
def group_norm(call: Call) -> Any:
    """More samples; weight and bias that differ are applied afterwards."""
    x = folded(call.whole(0))
    weight, bias = call.value(1), call.value(2)
    shared = not (weight is not None and call.is_batched(1) or bias is not None and call.is_batched(2))
    out = call.run((x, weight, bias) if shared else (x, None, None))
    out = out.reshape(call.size, *call.shape(0))
    if shared:
        return out
    return affine(call, out, weight, bias)


def affine(call: Call, out: Any, weight: Any, bias: Any) -> Any:
    """A weight and a bias for each channel of (batch, N, C, ...)."""
    ones = [1] * (call.ndim() - 2)
    if weight is not None:
        out = out * (weight.reshape(call.size, 1, -1, *ones) if call.is_batched(1) else weight.reshape(1, -1, *ones))
    if bias is not None:
        out = out + (bias.reshape(call.size, 1, -1, *ones) if call.is_batched(2) else bias.reshape(1, -1, *ones))
    return out


@rule("native_batch_norm")
def batch_norm(call: Call) -> Any:
    """Each example's channels are channels of their own. Running statistics of one model cannot follow several batches."""
    if any([r is not None for r in call.attrs["running"]]):
        return with_running_statistics(call)
    out = out_of_channels(call.run((into_channels(call.whole(0)), None, None)), call.size)
    return affine(call, out, call.value(1), call.value(2))


def with_running_statistics(call: Call) -> Any:
    """In evaluation the statistics are numbers like any others: more samples.

    Raises:
        RuntimeError: in training.
    """
    if call.attrs["training"]:
        raise errors.runtime(
            "Batch norm got a batched tensor as input while the running_mean or running_var, which will be updated in place, were not "
            "batched.\nIf you are using a module and do not need eval mode, please set `track_running_stats` to be False.If you are "
            "using a prebuilt module and do not need eval mode, please see the functorch website for resources on how to patch your "
            "module to work with vmap",
            "torch.func.replace_all_batch_norm_modules_(model) does that.",
        )
    weight, bias = call.value(1), call.value(2)
    shared = not (weight is not None and call.is_batched(1) or bias is not None and call.is_batched(2))
    out = call.run((folded(call.whole(0)), weight, bias) if shared else (folded(call.whole(0)), None, None))
    out = out.reshape(call.size, *call.shape(0))
    return out if shared else affine(call, out, weight, bias)


@rule("attend")
def attend(call: Call) -> Any:
    """Batch and samples together: what differs is only how many pictures of heads there are."""
    if call.inputs[3] is not None and call.ndim(3) > 2:
        return each(call)
    if call.inputs[3] is not None and call.is_batched(3) or call.ndim(0) != 4:
        return each(call)
    if not call.shape(0)[:2] == call.shape(1)[:2] == call.shape(2)[:2]:  # heads are shared, or samples
        return each(call)
    inputs = [folded(call.whole(i)) for i in range(3)]
    out = call.run((*inputs, call.inputs[3]))
    return out.reshape(call.size, call.shape(0)[0], *out._a.shape[1:])


# --- losses ---------------------------------------------------------------------------------------------------------------
@rule("squared_error", "smoothed_error", "huber_error", "bce", "bce_logits", "soft_margin")
def loss(call: Call) -> Any:
    """The loss of each element, then summed or averaged over each example's."""
    reduction = call.attrs["reduction"]
    out = elementwise(Call(call.at, call.op, call.inputs, {**call.attrs, "reduction": "none"}))
    return reduced(out, reduction)


def reduced(out: Any, reduction: str) -> Any:
    """All dimensions but the batch summed or averaged."""
    if reduction == "none":
        return out
    dims = tuple(range(1, out._a.ndim))
    if not dims:
        return out
    return public("sum")(out, dims) if reduction == "sum" else public("mean")(out, dims)


@rule("nll")
def nll(call: Call) -> Any:
    """The loss of each target, then summed or averaged over each example's."""
    reduction, ignore = call.attrs["reduction"], call.attrs["ignore_index"]
    if call.ndim(0) < 2 or call.inputs[2] is not None:
        return each(call)
    x, target = folded(call.whole(0)), folded(call.whole(1))
    out = call.run((x, target, None), reduction="none").reshape(call.size, *call.shape(1))
    if reduction != "mean":
        return reduced(out, reduction)
    dims = tuple(range(1, out._a.ndim))
    kept = public("sum")(public("ne")(call.whole(1), ignore), dims)
    return public("sum")(out, dims) / kept.to(out.dtype)
