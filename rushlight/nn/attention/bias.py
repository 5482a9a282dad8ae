"""``torch.nn.attention.bias``: causal masks for attention between sequences of two lengths, made when they are used.

>>> import rushlight as torch
>>> from rushlight.nn.attention.bias import causal_lower_right
>>> causal_lower_right(2, 4)
tensor([[ True,  True,  True, False],
        [ True,  True,  True,  True]])
"""

from __future__ import annotations

import enum
import warnings
from typing import Any

import numpy as np

from ... import errors
from ...ops.attention import scaled_dot_product_attention
from ...override import DisableTorchFunctionSubclass
from ...tensor import Tensor, wrap

__all__ = ["causal_upper_left", "causal_lower_right", "CausalVariant", "CausalBias"]


class CausalVariant(enum.IntEnum):
    """Which corner the triangle of what is seen lies in, where there are more keys than queries, or fewer.

    ``UPPER_LEFT``: query i sees the keys up to i. ``LOWER_RIGHT``: the last query sees all keys, as in decoding with a cache.
    """

    UPPER_LEFT = 1
    LOWER_RIGHT = 2

    def __repr__(self) -> str:
        return f"<{type(self).__name__}.{self.name}: {self.value}>"


class CausalBias(Tensor):
    """A causal mask for ``scaled_dot_product_attention(..., attn_mask=bias)``, which knows its two lengths.

    It takes part in nothing else. Two sequences of one length have the same mask in both variants.
    """

    def __new__(cls, variant: CausalVariant, seq_len_q: int, seq_len_kv: int) -> CausalBias:
        if not isinstance(variant, CausalVariant):
            raise AssertionError(f"variant must be a CausalVariant, got {type(variant).__name__}")
        for n in (seq_len_q, seq_len_kv):
            if not isinstance(n, int):
                raise errors.type_(f"CausalBias: a length must be an int, but got {type(n).__name__}")
            if n < 0:
                raise errors.runtime(f"Trying to create tensor with negative dimension {n}: {[seq_len_q, seq_len_kv]}")
        return wrap(np.empty((int(variant), seq_len_q, seq_len_kv), np.float32)).as_subclass(cls)  # type: ignore[attr-defined, no-any-return]

    def __init__(self, variant: CausalVariant, seq_len_q: int, seq_len_kv: int):
        self.variant: Any = variant
        self.seq_len_q: int = seq_len_q
        self.seq_len_kv: int = seq_len_kv
        if variant is CausalVariant.LOWER_RIGHT and seq_len_q > seq_len_kv:
            warnings.warn(
                "Lower right causal bias will produce NaNs in the output when seq_len_q > seq_len_kv!", stacklevel=3
            )

    def _materialize(self, device: Any = None) -> Tensor:
        """The mask of bools: (queries, keys)."""
        first = 0 if self.variant is CausalVariant.UPPER_LEFT else self.seq_len_kv - self.seq_len_q
        return wrap(np.tri(self.seq_len_q, self.seq_len_kv, first, bool))

    def __repr__(self, *, tensor_contents: Any = None) -> str:  # type: ignore[override]
        return repr(self._materialize())

    __str__ = __repr__  # type: ignore[assignment]

    def to(self, *args: Any, **kwargs: Any) -> Any:
        """As it is: it has no elements until it is used."""
        return self

    @classmethod
    def __torch_function__(cls, func: Any, kinds: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func.__name__ != "scaled_dot_product_attention":
            raise NotImplementedError(
                f"CausalBias: torch.{func.__name__} is not implemented. It is an attn_mask of scaled_dot_product_attention; "
                "as_bools = bias._materialize() is a tensor."
            )
        return _attend(*args, **(kwargs or {}))


def _attend(
    query: Tensor, key: Tensor, value: Tensor, attn_mask: Any, dropout_p: float = 0.0, is_causal: bool = False,
    scale: float | None = None, enable_gqa: bool = False,
) -> Tensor:  # fmt: skip
    if is_causal:
        raise errors.value("CausalBias should not be used with causal=True", "It is causal by itself.")
    square = attn_mask.seq_len_q == attn_mask.seq_len_kv or attn_mask.variant is CausalVariant.UPPER_LEFT
    fits = query.shape[-2] == attn_mask.seq_len_q and key.shape[-2] == attn_mask.seq_len_kv
    mask = None if square and fits else attn_mask._materialize()
    with DisableTorchFunctionSubclass():
        return scaled_dot_product_attention(  # type: ignore[no-any-return]
            query, key, value, mask, dropout_p, mask is None, scale=scale, enable_gqa=enable_gqa
        )


def causal_upper_left(*size: int) -> CausalBias:
    """The causal mask of (queries, keys) in which query i sees the keys up to i."""
    if len(size) != 2:
        raise AssertionError("causal_upper_left only supports 2D tensors")
    return CausalBias(CausalVariant.UPPER_LEFT, *size)


def causal_lower_right(*size: int) -> CausalBias:
    """The causal mask of (queries, keys) in which the last query sees all keys."""
    if len(size) != 2:
        raise AssertionError("causal_lower_right only supports 2D tensors")
    return CausalBias(CausalVariant.LOWER_RIGHT, *size)
