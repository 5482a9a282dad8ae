"""Attention: ``softmax(query @ key.T * scale + mask) @ value`` (Vaswani et al. 2017), and the layer of several heads."""

from __future__ import annotations

import math
from contextvars import ContextVar
from typing import Any

import numpy as np

from .. import errors, levels, types
from ..autograd.mode import recording
from ..functions import function
from ..kernels import attention as kernels
from ..kernels.copies import cast
from ..kernels.iteration import is_half
from ..kernels.strides import broadcast_shapes
from ..op import REGISTRY, arrays, opaque
from ..override import handle, takes_over
from ..routes import routed
from ..tensor import Tensor, edge_of, wrap
from .affine import linear
from .dropout import dropout

#: Whether ``torch.nn.attention.sdpa_kernel`` leaves an implementation that a CPU has.
allowed: ContextVar[bool] = ContextVar("rushlight_sdpa_allowed", default=True)


# --- one node -----------------------------------------------------------------------------------------------------------
def _name(inputs: Any, attrs: Any) -> str:
    if attrs["flash"]:
        return "ScaledDotProductFlashAttentionForCpuBackward0"
    return "MmBackward0" if inputs[0]._a.ndim == 2 else "UnsafeViewBackward0"  # the last of PyTorch's many


@opaque(public=False, extras=("weights", "logarithms"), grad_name=_name)
def attend(k, query, key, value, mask, *, is_causal, scale, flash):
    """Attention of (..., L, E) queries over (..., S, E) keys; rows that see nothing give 0.

    Machine code saves the logarithms of the sums, from which it computes the weights again; NumPy saves the weights.

    ``mask`` is added to the scores. If there are 4 dimensions and the heads H are a multiple of the keys' H', groups of query
    heads share a head of keys. Not ``flash``, queries and keys are scaled by the root before the product, as PyTorch does.

    Gradient of ``query``: ``scale * s @ key``, ``s = a * (g @ value.T - sum(a * (g @ value.T)))``, ``a = softmax(scale * query @
    key.T + mask)``.
    Gradient of ``key``: ``scale * s.T @ query``, ``s = a * (g @ value.T - sum(a * (g @ value.T)))``, ``a = softmax(scale * query @
    key.T + mask)``.
    Gradient of ``value``: ``a.T @ g``, ``a = softmax(scale * query @ key.T + mask)``.
    """
    own = query.dtype
    if flash:
        found = kernels.forward(query, key, value, mask, is_causal, scale)
        if found is not None:
            return found[0], np.empty(0, own), found[1]
    out, weights = _attend(query, key, value, mask, is_causal, scale, flash)
    if flash and out.strides != (like := np.empty_like(query)).strides:  # PyTorch lays it out like the queries
        like[...] = out
        out = like
    return out, weights, np.empty(0, own)


@attend.plan
def _(query, key, value, mask, is_causal, scale, flash):
    attended = kernels.planned(query, key, value, is_causal, scale) if flash and mask is None else None
    if attended is None:
        return None
    no_weights = np.empty(0, query.dtype)

    def planned(query: Any, key: Any, value: Any, mask: Any) -> Any:
        found = attended(query, key, value)
        return None if found is None else (found[0], no_weights, found[1])

    return planned


def _attend(query: Any, key: Any, value: Any, mask: Any, is_causal: bool, scale: float, flash: bool) -> tuple[Any, Any]:
    """The output and the weights by NumPy."""
    own, shape = query.dtype, query.shape
    if is_half(own):
        query, key, value = (cast(x, np.float32) for x in (query, key, value))
    grouped = flash and shape[1] != key.shape[1]
    if grouped:
        query, key, value = query.reshape(_grouped(shape, key.shape)), key[:, :, None], value[:, :, None]
    if flash or scale <= 0:
        weights = np.matmul(query, key.swapaxes(-1, -2))
        weights *= weights.dtype.type(scale)
    else:
        root = query.dtype.type(math.sqrt(scale))
        weights = np.matmul(query * root, key.swapaxes(-1, -2) * root)
    if mask is not None and grouped:
        weights += np.broadcast_to(mask, (*shape[:3], key.shape[-2])).reshape(weights.shape)
    elif mask is not None:
        weights = weights + mask
    if is_causal:
        weights[..., ~np.tri(*weights.shape[-2:], dtype=bool)] = -np.inf
    total = exponentials_in_place(weights)
    if total is None:
        out = np.matmul(weights, value)
    elif flash and is_half(own):  # PyTorch's kernel multiplies rounded exponentials, and divides last
        out = np.matmul(cast(cast(weights, own), np.float32), value) / total
        weights /= total
    else:
        weights /= total
        out = np.matmul(weights, value)
    out = out.astype(own, copy=False)
    return out.reshape(shape) if grouped else out, weights


def _grouped(query: Any, key: Any) -> tuple[int, ...]:
    """(N, H', H / H', L, E): query heads by the head of keys that they share."""
    return (query[0], key[1], query[1] // key[1], *query[2:])


def softmax_in_place(x: Any) -> None:
    """Softmax along the last dimension; rows of minus infinity alone become 0."""
    total = exponentials_in_place(x)
    if total is not None:
        x /= total


def exponentials_in_place(x: Any) -> Any:
    """The numerators of a softmax along the last dimension, and the sums to divide them by; None if there are no elements."""
    if not x.size:
        return None
    top = x.max(-1, keepdims=True)
    x -= np.where(top == -np.inf, x.dtype.type(0), top)
    np.exp(x, out=x)
    total = x.sum(-1, keepdims=True)
    return np.where(total == 0, x.dtype.type(1), total)


@opaque(public=False)
def attention_weights(k, query, key, weights, *, scale):
    """The weights as a function of queries and keys."""
    return weights


def _to_scores(k: Any, g: Any, weights: Any) -> Any:
    """A gradient of the weights as one of the scores."""
    through = g * weights
    return through - weights * k.sum(through, dim=-1, keepdim=True)


@attention_weights.vjp_joint
def _(k, g, query, key, weights, scale):
    to_scores = _to_scores(k, g, k.attention_weights(query, key, weights, scale=scale)) * scale
    return to_scores @ key, k.transpose(to_scores, -1, -2) @ query, None


attention_weights.nondiff("weights")


@attend.vjp_joint
def _(k, g, query, key, value, mask, out, weights, logarithms, is_causal, scale, flash):
    if logarithms.shape != (0,):
        if k is arrays:
            found = kernels.backward(g, query, key, value, out, logarithms, mask, is_causal, scale)
            if found is not None:
                return (*found, None)
        weights = _attend(*(getattr(x, "_a", x) for x in (query, key, value, mask)), is_causal, scale, flash)[1]
    if k is arrays and flash and is_half(query.dtype) and query.shape[1] == key.shape[1]:
        return (*kernels.rounded_gradients(g, query, key, value, out, weights, scale), None)
    shapes = query.shape, key.shape
    grouped = flash and query.shape[1] != key.shape[1]
    if grouped:
        n, few, span, size = key.shape
        query, g = (k.reshape_gradient(x, size=_grouped(*shapes)) for x in (query, g))
        key, value = (k.reshape_gradient(x, size=(n, few, 1, span, size)) for x in (key, value))
    p = k.attention_weights(query, key, weights, scale=scale)
    to_scores = _to_scores(k, g @ k.transpose(value, -1, -2), p) * scale
    to_query = to_scores @ key
    to_key, to_value = k.transpose(to_scores, -1, -2) @ query, k.transpose(p, -1, -2) @ g
    if grouped:
        to_query = k.reshape_gradient(to_query, size=shapes[0])
        to_key, to_value = k.sum(to_key, dim=(2,)), k.sum(to_value, dim=(2,))
    return to_query, to_key, to_value, None


attend.nondiff("mask")


# --- the function -------------------------------------------------------------------------------------------------------
def _c_name(t: types.dtype) -> str:
    names = {"float32": "float", "float64": "double", "int64": "long int", "int32": "int", "float16": "c10::Half"}
    return names.get(t.name, t.name)


def _check(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, is_causal: bool, dropout_p: float) -> None:
    if not (isinstance(query, Tensor) and isinstance(key, Tensor) and isinstance(value, Tensor)):
        raise errors.not_tensors("scaled_dot_product_attention", query=query, key=key, value=value)
    if not query.dtype is key.dtype is value.dtype:
        raise errors.runtime(
            f"Expected query, key, and value to have the same dtype, but got query.dtype: {_c_name(query.dtype)} key.dtype: "
            f"{_c_name(key.dtype)} and value.dtype: {_c_name(value.dtype)} instead."
        )
    dims = [x._a.ndim for x in (query, key, value)]
    if min(dims) < 2:
        raise errors.runtime(
            f"Expected query, key, and value to all be  at least 2 dimensional, but got query.dim: {dims[0]} key.dim: {dims[1]} and "
            f"value.dim: {dims[2]} instead."
        )
    q, k = query._a.shape, key._a.shape
    if q[-1] != k[-1]:
        raise errors.runtime(
            f"mat1 and mat2 shapes cannot be multiplied ({q[-2]}x{q[-1]} and {k[-1]}x{k[-2]})",
            f"Queries of shape {list(q)} and keys of shape {list(k)} must have equally many features, the last size.",
        )
    if mask is not None:
        if mask.dtype.category != types.BOOL and mask.dtype is not query.dtype:
            if not (mask.dtype is types.float32 and is_half(query._a.dtype)):
                raise errors.runtime(
                    "Expected attn_mask dtype to be bool or float or to match query dtype, but got attn_mask.dtype: "
                    f"{_c_name(mask.dtype)} and  query.dtype: {_c_name(query.dtype)} instead."
                )
        if is_causal:
            raise errors.runtime(
                "_scaled_dot_product_attention: Explicit attn_mask should not be set when is_causal=True"
            )
    if not 0 <= dropout_p <= 1:
        raise errors.runtime(f"dropout probability has to be between 0 and 1, but got {dropout_p:g}")
    if query._a.dtype.kind not in "fV":
        raise errors.runtime(f"expected scalar type Float but found {types.scalar_name(query.dtype)}")


@function(name="nn.functional.scaled_dot_product_attention", samples=lambda m: [
    m(m.f(2, 2, 3, 4), m.f(2, 2, 5, 4), m.f(2, 2, 5, 4)).first_order("PyTorch has no second"),
    m(m.f(2, 2, 3, 4), m.f(2, 2, 3, 4), m.f(2, 2, 3, 4), is_causal=True).first_order("PyTorch has no second"),
    m(m.f(2, 2, 3, 4), m.f(2, 2, 5, 4), m.f(2, 2, 5, 4), m.b(3, 5), scale=0.3).first_order("PyTorch has no second"),
    m(m.f(1, 4, 3, 4), m.f(1, 2, 5, 4), m.f(1, 2, 5, 4), enable_gqa=True).first_order("PyTorch has no second"),
    m(m.f(2, 3, 4), m.f(2, 5, 4), m.f(2, 5, 6)), m(m.f(3, 4), m.f(5, 4), m.f(5, 4), m.f(3, 5)).other_nodes("the mask learns"),
    m(m.f(2, 0, 4), m.f(2, 5, 4), m.f(2, 5, 4)).value_only("nothing"),
    m(m.nc(3, 4), m.f(5, 4), m.f(5, 4)), m(m.f(2, 1, 3, 4), m.f(1, 2, 5, 4), m.f(2, 2, 5, 4)),
    m.without("0-d", "rows of numbers")], errors=lambda m: [
    m.error(RuntimeError, "to have the same dtype", m.f(2, 3), m.f(2, 3), m.i(2, 3)),
    m.error(RuntimeError, "at least 2 dimensional", m.f(3), m.f(2, 3), m.f(2, 3)),
    m.error(RuntimeError, "Explicit attn_mask should not be set when is_causal=True", m.f(2, 3), m.f(2, 3), m.f(2, 3), m.b(2, 2),
            is_causal=True)])  # fmt: skip
def scaled_dot_product_attention(
    query: Tensor, key: Tensor, value: Tensor, attn_mask: Tensor | None = None, dropout_p: float = 0.0,
    is_causal: bool = False, scale: float | None = None, enable_gqa: bool = False,
) -> Tensor:  # fmt: skip
    """``softmax(query @ key.T * scale + mask) @ value`` with ``scale`` 1 / sqrt(E) if not given.

    ``query`` is (..., L, E), ``key`` (..., S, E), ``value`` (..., S, Ev). A bool mask says what is seen, a floating one is added.
    ``enable_gqa`` lets groups of query heads share a head of keys and values. Four dimensions without dropout are one node.
    """
    if attn_mask is None and not dropout_p:
        return _without_mask(query, key, value, is_causal=is_causal, scale=scale, enable_gqa=enable_gqa)  # type: ignore[no-any-return]
    if attn_mask is not None and takes_over(attn_mask):  # a mask that knows by itself how it is used
        given = query, key, value, attn_mask, dropout_p, is_causal
        return handle(scaled_dot_product_attention, given, given, {"scale": scale, "enable_gqa": enable_gqa})  # type: ignore[no-any-return]
    return _attention(query, key, value, attn_mask, dropout_p, is_causal, scale, enable_gqa)


def _attention(
    query: Any, key: Any, value: Any, attn_mask: Any, dropout_p: float, is_causal: bool, scale: float | None, enable_gqa: bool
) -> Tensor:  # fmt: skip
    _check(query, key, value, attn_mask, is_causal, dropout_p)
    if not allowed.get():
        raise errors.runtime(
            "No viable backend for scaled_dot_product_attention was found. This is likely due to turning off both the math kernel "
            "and the fused kernels.",
            "Let sdpa_kernel allow SDPBackend.MATH: the others need a GPU.",
        )
    size = query._a.shape[-1]
    scale = 1.0 / math.sqrt(size) if scale is None and size else 1.0 if scale is None else scale
    q, k, v = query._a.shape, key._a.shape, value._a.shape
    grouped = enable_gqa and len(q) > 2 and (q[-3] != k[-3] or q[-3] != v[-3])
    if grouped and (q[-3] % k[-3] or q[-3] % v[-3]):
        raise errors.runtime("Number of heads in key and value must divide the number of heads in query")
    mask_learns = attn_mask is not None and recording() and edge_of(attn_mask) is not None
    mask_learns = mask_learns or isinstance(attn_mask, levels.Dual)
    flash = len(q) == len(k) == len(v) == 4 and q[-1] == k[-1] == v[-1] and k == v and q[0] == k[0] and not dropout_p
    flash = flash and not mask_learns and (grouped or q[1] == k[1]) and bool(q[-2] and size)
    if flash or not (
        mask_learns or grouped or dropout_p or is_half(query._a.dtype) or not query._a.size or not key._a.size
    ):
        mask = attn_mask
        if flash and mask is not None:
            _check_mask((*q[:3], k[2]), mask._a.shape)
        if mask is not None and mask._a.dtype.kind == "b":
            mask = _added(mask, query)
        return attend.public(query, key, value, mask, is_causal=is_causal, scale=scale, flash=flash)  # type: ignore[no-any-return]
    return _spelled_out(query, key, value, attn_mask, dropout_p, is_causal, scale, grouped)


@routed
def _without_mask(query: Any, key: Any, value: Any, *, is_causal: bool, scale: Any, enable_gqa: bool) -> Tensor:
    """The same without a mask and dropout, which depends on the kinds of its arguments alone."""
    return _attention(query, key, value, None, 0.0, is_causal, scale, enable_gqa)


_without_mask.__face__ = scaled_dot_product_attention  # type: ignore[attr-defined]


def _added(mask: Any, query: Tensor) -> Any:
    """A bool mask as one that is added."""
    if not isinstance(mask, levels.Wrapped):
        return wrap(np.where(mask._a, 0, -np.inf).astype(np.float32 if is_half(query._a.dtype) else query._a.dtype))
    return query.new_zeros(()).expand(mask.shape).masked_fill(~mask, -np.inf)  # type: ignore[attr-defined]


def _check_mask(scores: tuple[int, ...], mask: tuple[int, ...]) -> None:
    """Raises RuntimeError for a mask that cannot be added to the scores."""
    shape = broadcast_shapes(scores, mask)
    if tuple(shape) != scores:
        raise errors.runtime(
            f"output with shape {list(scores)} doesn't match the broadcast shape {list(shape)}",
            f"The scores are (batch, heads, queries, keys) = {list(scores)}; a mask of shape {list(mask)} would make more of them.",
        )


def _spelled_out(
    query: Any, key: Any, value: Any, mask: Any, dropout_p: float, is_causal: bool, scale: float, grouped: bool
) -> Tensor:
    """The same as a formula of tensors: dropout, masks that learn, other shapes."""
    if grouped:
        key = key.repeat_interleave(query._a.shape[-3] // key._a.shape[-3], -3)
        value = value.repeat_interleave(query._a.shape[-3] // value._a.shape[-3], -3)
    length, span = query._a.shape[-2], key._a.shape[-2]
    kind = query._a.dtype
    if is_causal:
        mask = wrap(np.tri(length, span, dtype=bool))
    if mask is not None and mask._a.dtype.kind == "b":
        mask = (
            _added(mask, query)
            if isinstance(mask, levels.Wrapped)
            else wrap(np.where(mask._a, 0, -np.inf).astype(kind))
        )
    root = math.sqrt(scale) if scale > 0 else None
    scores = (
        (query * root).matmul(key.transpose(-2, -1) * root) if root else query.matmul(key.transpose(-2, -1)) * scale
    )
    if mask is not None:
        scores = scores + mask
    weights = scores.softmax(-1)
    if isinstance(scores, levels.Wrapped):
        weights = weights.masked_fill((scores == -np.inf).all(-1, keepdim=True), 0.0)
    elif mask is not None and span:
        blind = (scores._a == -np.inf).all(-1, keepdims=True)
        if blind.any():
            weights = weights.masked_fill(wrap(blind), 0.0)
    if dropout_p > 0:
        weights = dropout(weights, dropout_p, True)
    return weights.matmul(value)  # type: ignore[no-any-return]


# --- several heads ------------------------------------------------------------------------------------------------------
def canonical_mask(
    mask: Any, name: str, other_type: Any, other_name: str, target: Any, check_other: bool = True
) -> Any:
    """A mask to be added: minus infinity where a bool one is True.

    Raises:
        AssertionError: for masks of integers.
    """
    if mask is None:
        return None
    floating = mask.is_floating_point()
    if mask.dtype.category != types.BOOL and not floating:
        raise AssertionError(f"only bool and floating types of {name} are supported")
    if check_other and other_type is not None and mask.dtype is not other_type:
        errors.warn(
            f"Support for mismatched {name} and {other_name} is deprecated. Use same type for both instead.",
            stacklevel=3,
        )
    if isinstance(mask, levels.Wrapped) and not floating:
        return mask.new_zeros((), dtype=target).expand(mask.shape).masked_fill(mask, -np.inf)  # type: ignore[attr-defined]
    return mask if floating else wrap(np.where(mask._a, -np.inf, 0).astype(target.np))


def _check_shapes(query: Any, key: Any, value: Any, key_padding_mask: Any, attn_mask: Any, heads: int) -> bool:
    """True if there is a batch dimension.

    Raises:
        AssertionError: if the numbers of dimensions do not go together.
    """
    ndim = query.ndim
    if ndim not in (2, 3):
        raise AssertionError(f"query should be unbatched 2D or batched 3D tensor but received {ndim}-D query tensor")
    kind = "batched (3-D)" if ndim == 3 else "unbatched (2-D)"
    if key.ndim != ndim or value.ndim != ndim:
        raise AssertionError(
            f"For {kind} `query`, expected `key` and `value` to be {ndim}-D but found {key.ndim}-D and {value.ndim}-D tensors "
            "respectively"
        )
    if key_padding_mask is not None and key_padding_mask.ndim != ndim - 1:
        raise AssertionError(
            f"For {kind} `query`, expected `key_padding_mask` to be `None` or {ndim - 1}-D but found {key_padding_mask.ndim}-D "
            "tensor instead"
        )
    if attn_mask is not None:
        if attn_mask.ndim not in (2, 3):
            raise AssertionError(
                f"For {kind} `query`, expected `attn_mask` to be `None`, 2-D or 3-D but found {attn_mask.ndim}-D tensor instead"
            )
        if ndim == 2 and attn_mask.ndim == 3 and tuple(attn_mask.shape) != (heads, query.shape[0], key.shape[0]):
            raise AssertionError(
                f"Expected `attn_mask` shape to be {(heads, query.shape[0], key.shape[0])} but got {attn_mask.shape}"
            )
    return ndim == 3


def _project(query: Any, key: Any, value: Any, weight: Any, bias: Any) -> tuple[Any, Any, Any]:
    """Queries, keys and values by the packed weight: one product if they are the same tensor."""
    size = query._a.shape[-1]
    if key is value and query is key:
        packed = linear(query, weight, bias)
        parts = packed.unflatten(-1, (3, size)).unsqueeze(0).transpose(0, -2).squeeze(-2).contiguous()
        return parts[0], parts[1], parts[2]
    if key is value:
        w_q, w_kv = weight.split([size, 2 * size])
        b_q, b_kv = (None, None) if bias is None else bias.split([size, 2 * size])
        both = linear(key, w_kv, b_kv).unflatten(-1, (2, size)).unsqueeze(0).transpose(0, -2).squeeze(-2).contiguous()
        return linear(query, w_q, b_q), both[0], both[1]
    w = weight.chunk(3)
    b = (None, None, None) if bias is None else bias.chunk(3)
    return linear(query, w[0], b[0]), linear(key, w[1], b[1]), linear(value, w[2], b[2])


def _pad_last(mask: Any) -> Any:
    """One more column, of zeros: what is appended to the keys is seen."""
    if mask is None:
        return None
    return REGISTRY["cat"].public([mask, mask.new_zeros((*mask._a.shape[:-1], 1))], -1)


def _merged(attn_mask: Any, padding: Any, batch: int, heads: int, span: int) -> Any:
    """Both masks as one of (batch * heads, 1 or L, S)."""
    if padding is None:
        return attn_mask
    if tuple(padding.shape) != (batch, span):
        raise AssertionError(f"expecting key_padding_mask shape of {(batch, span)}, but got {padding.shape}")
    spread = padding.view(batch, 1, 1, span).expand(-1, heads, -1, -1).reshape(batch * heads, 1, span)
    return spread if attn_mask is None else attn_mask + spread


def _mask_for(attn_mask: Any, is_causal: bool, padding: Any, need_weights: bool, query: Any) -> tuple[Any, bool]:
    """The mask to be added, and whether the kernel makes the causal one itself."""
    if is_causal and attn_mask is None:
        raise errors.runtime(
            "Need attn_mask if specifying the is_causal hint. You may use the Transformer module method "
            "`generate_square_subsequent_mask` to create this mask."
        )
    if is_causal and padding is None and not need_weights:
        return None, True
    mask = canonical_mask(attn_mask, "attn_mask", None, "", query.dtype, False)
    return mask, is_causal and padding is None


def _shaped_mask(mask: Any, length: int, span: int, batch_heads: int) -> Any:
    if mask is None:
        return None
    shape = tuple(mask.shape)
    if mask.ndim == 2:
        if shape != (length, span):
            raise errors.runtime(f"The shape of the 2D attn_mask is {mask.shape}, but should be {(length, span)}.")
        return mask.unsqueeze(0)
    if shape != (batch_heads, length, span):
        raise errors.runtime(
            f"The shape of the 3D attn_mask is {mask.shape}, but should be {(batch_heads, length, span)}."
        )
    return mask


def _mha_samples(m: Any) -> list[Any]:
    why = "PyTorch's views inside differ"
    w, b, o, ob = m.f(12, 4), m.f(12), m.f(4, 4), m.f(4)
    plain = (m.f(3, 2, 4), m.f(5, 2, 4), m.f(5, 2, 4), 4, 2, w, b, None, None, False, 0.0, o, ob)
    return [
        m(*plain).value_only(why),
        m(m.f(3, 4), m.f(5, 4), m.f(5, 4), 4, 2, w, b, None, None, True, 0.0, o, ob, need_weights=False).value_only(why),
        m(*plain, key_padding_mask=m.a([[False] * 5, [True, False, False, True, False]])).value_only(why),
        m(m.nc(3, 2, 4), m.f(5, 2, 4), m.f(5, 2, 4), 4, 1, w, b, None, None, False, 0.0, o, ob).value_only(why),
        m.without("0-d", "rows of numbers"), m.without("empty", "a sequence has a length"),
    ]  # fmt: skip


@function(name="nn.functional.multi_head_attention_forward", samples=_mha_samples, errors=lambda m: [
    m.error(AssertionError, "was expecting embedding dimension of 8, but got 4", m.f(3, 2, 4), m.f(3, 2, 4), m.f(3, 2, 4), 8, 2,
            m.f(12, 4), m.f(12), None, None, False, 0.0, m.f(4, 4), m.f(4))])  # fmt: skip
def multi_head_attention_forward(
    query: Tensor, key: Tensor, value: Tensor, embed_dim_to_check: int, num_heads: int, in_proj_weight: Tensor | None,
    in_proj_bias: Tensor | None, bias_k: Tensor | None, bias_v: Tensor | None, add_zero_attn: bool, dropout_p: float,
    out_proj_weight: Tensor, out_proj_bias: Tensor | None, training: bool = True, key_padding_mask: Tensor | None = None,
    need_weights: bool = True, attn_mask: Tensor | None = None, use_separate_proj_weight: bool = False,
    q_proj_weight: Tensor | None = None, k_proj_weight: Tensor | None = None, v_proj_weight: Tensor | None = None,
    static_k: Tensor | None = None, static_v: Tensor | None = None, average_attn_weights: bool = True, is_causal: bool = False,
) -> tuple[Tensor, Tensor | None]:  # fmt: skip
    """Attention of several heads: projections, ``scaled_dot_product_attention`` per head, a projection of them all.

    ``query`` is (L, N, E) or (L, E). Returns the output and, with ``need_weights``, the weights (their mean over the heads).
    """
    q: Any = query
    k: Any = key
    v: Any = value
    padding: Any = key_padding_mask
    batched = _check_shapes(q, k, v, padding, attn_mask, num_heads)
    if not batched:
        same = k is v, q is k
        q, k = q.unsqueeze(1), k.unsqueeze(1)
        v = k if same[0] else v.unsqueeze(1)
        q = k if same[1] else q
        padding = None if padding is None else padding.unsqueeze(0)
    length, batch, size = q.shape
    span = k.shape[0]
    padding = canonical_mask(
        padding, "key_padding_mask", None if attn_mask is None else attn_mask.dtype, "attn_mask", q.dtype
    )
    mask, causal = _mask_for(attn_mask, is_causal, padding, need_weights, q)
    if size != embed_dim_to_check:
        raise AssertionError(f"was expecting embedding dimension of {embed_dim_to_check}, but got {size}")
    if size % num_heads:
        raise AssertionError(f"embed_dim {size} not divisible by num_heads {num_heads}")
    if use_separate_proj_weight:
        if k.shape[:2] != v.shape[:2]:
            raise AssertionError(f"key's sequence and batch dims {k.shape[:2]} do not match value's {v.shape[:2]}")
        biases: Any = (None, None, None) if in_proj_bias is None else in_proj_bias.chunk(3)  # type: ignore[attr-defined]
        q, k, v = (
            linear(x, w, b)
            for x, w, b in zip((q, k, v), (q_proj_weight, k_proj_weight, v_proj_weight), biases, strict=True)
        )
    else:
        if k.shape != v.shape:
            raise AssertionError(f"key shape {k.shape} does not match value shape {v.shape}")
        q, k, v = _project(q, k, v, in_proj_weight, in_proj_bias)
    mask = _shaped_mask(mask, length, span, batch * num_heads)
    cat = REGISTRY["cat"].public
    if bias_k is not None and bias_v is not None:
        k, v = (cat([x, b.repeat(1, batch, 1)]) for x, b in ((k, bias_k), (v, bias_v)))  # type: ignore[attr-defined]
        mask, padding = _pad_last(mask), _pad_last(padding)
    head = size // num_heads
    q = q.view(length, batch * num_heads, head).transpose(0, 1)
    k = k.view(k.shape[0], batch * num_heads, head).transpose(0, 1) if static_k is None else static_k
    v = v.view(v.shape[0], batch * num_heads, head).transpose(0, 1) if static_v is None else static_v
    if add_zero_attn:
        k, v = (cat([x, x.new_zeros((batch * num_heads, 1, head))], 1) for x in (k, v))
        mask, padding = _pad_last(mask), _pad_last(padding)
    span = k.shape[1]
    if padding is not None and padding.shape[1] != span:
        raise AssertionError(f"Expected key_padded_mask.shape[1] to be {span}, but got {padding.shape[1]}")
    mask = _merged(mask, padding, batch, num_heads, span)
    dropout_p = dropout_p if training else 0.0
    if need_weights:
        return _with_weights(
            q,
            k,
            v,
            mask,
            dropout_p,
            (length, batch, num_heads, size),
            (out_proj_weight, out_proj_bias),
            batched,
            average_attn_weights,
        )
    if mask is not None:
        mask = mask.unsqueeze(0) if mask.shape[0] == 1 and mask.ndim == 3 else mask.view(batch, num_heads, -1, span)
    q, k, v = (
        q.view(batch, num_heads, length, head),
        k.view(batch, num_heads, span, head),
        v.view(batch, num_heads, span, head),
    )
    out: Any = scaled_dot_product_attention(q, k, v, mask, dropout_p, causal)
    out = out.permute(2, 0, 1, 3).contiguous().view(batch * length, size)
    out = linear(out, out_proj_weight, out_proj_bias).view(length, batch, size)
    return (out if batched else out.squeeze(1)), None


def _with_weights(
    q: Any,
    k: Any,
    v: Any,
    mask: Any,
    dropout_p: float,
    shape: tuple[int, ...],
    projection: Any,
    batched: bool,
    average: bool,
) -> tuple[Tensor, Tensor | None]:
    """Attention spelled out, because its weights are asked for."""
    length, batch, heads, size = shape
    scaled = q * math.sqrt(1.0 / float(q.shape[-1]))
    scores = scaled.bmm(k.transpose(-2, -1))
    weights = (scores if mask is None else scores + mask).softmax(-1)
    if dropout_p > 0:
        weights = dropout(weights, dropout_p, True)
    out = weights.bmm(v).transpose(0, 1).contiguous().view(length * batch, size)
    out = linear(out, *projection).view(length, batch, size)
    weights = weights.view(batch, heads, length, k.shape[1])
    if average:
        weights = weights.mean(1)
    return (out, weights) if batched else (out.squeeze(1), weights.squeeze(0))
