"""Attention of several heads as a module."""

from __future__ import annotations

from typing import Any

from ...tensor import Parameter, Tensor
from .. import functional, init
from ..module import Module
from .linear import NonDynamicallyQuantizableLinear, empty_parameter

F: Any = functional


class MultiheadAttention(Module):
    """Queries, keys and values projected, attended to by head, projected again (Vaswani et al. 2017).

    ``kdim`` and ``vdim`` other than ``embed_dim`` give three projections in place of the packed one. ``batch_first`` takes
    (N, L, E) in place of (L, N, E).
    """

    _takes = "[T, N, {0.embed_dim}], or [N, T, {0.embed_dim}] with batch_first=True (here batch_first={0.batch_first})"

    kdim: int
    vdim: int
    num_heads: int
    dropout: float
    batch_first: bool

    def __init__(
        self, embed_dim: int, num_heads: int, dropout: float = 0.0, bias: bool = True, add_bias_kv: bool = False,
        add_zero_attn: bool = False, kdim: int | None = None, vdim: int | None = None, batch_first: bool = False,
        device: Any = None, dtype: Any = None,
    ):  # fmt: skip
        if embed_dim <= 0 or num_heads <= 0:
            raise ValueError(
                f"embed_dim and num_heads must be greater than 0, got embed_dim={embed_dim} and num_heads={num_heads} instead"
            )
        super().__init__()
        self.embed_dim = embed_dim
        self.kdim, self.vdim = embed_dim if kdim is None else kdim, embed_dim if vdim is None else vdim
        self._qkv_same_embed_dim = self.kdim == embed_dim and self.vdim == embed_dim
        self.num_heads, self.dropout, self.batch_first = num_heads, dropout, batch_first
        self.head_dim: int = embed_dim // num_heads
        if self.head_dim * num_heads != embed_dim:
            raise AssertionError("embed_dim must be divisible by num_heads")
        made = {"dtype": dtype, "device": device}
        if self._qkv_same_embed_dim:
            self.in_proj_weight: Parameter = empty_parameter((3 * embed_dim, embed_dim), **made)
            for name in ("q_proj_weight", "k_proj_weight", "v_proj_weight"):
                self.register_parameter(name, None)
        else:
            self.q_proj_weight: Parameter = empty_parameter((embed_dim, embed_dim), **made)
            self.k_proj_weight: Parameter = empty_parameter((embed_dim, self.kdim), **made)
            self.v_proj_weight: Parameter = empty_parameter((embed_dim, self.vdim), **made)
            self.register_parameter("in_proj_weight", None)
        self.register_parameter("in_proj_bias", empty_parameter((3 * embed_dim,), **made) if bias else None)
        self.out_proj: NonDynamicallyQuantizableLinear = NonDynamicallyQuantizableLinear(
            embed_dim, embed_dim, bias=bias, device=device, dtype=dtype
        )
        self.bias_k: Parameter | None = empty_parameter((1, 1, embed_dim), **made) if add_bias_kv else None
        self.bias_v: Parameter | None = empty_parameter((1, 1, embed_dim), **made) if add_bias_kv else None
        self.add_zero_attn = add_zero_attn
        self._reset_parameters()

    def _reset_parameters(self) -> None:
        if self._qkv_same_embed_dim:
            init.xavier_uniform_(self.in_proj_weight)
        else:
            for weight in (self.q_proj_weight, self.k_proj_weight, self.v_proj_weight):
                init.xavier_uniform_(weight)
        if self.in_proj_bias is not None:
            init.constant_(self.in_proj_bias, 0.0)
            init.constant_(self.out_proj.bias, 0.0)
        for bias in (self.bias_k, self.bias_v):
            if bias is not None:
                init.xavier_normal_(bias)

    def forward(
        self, query: Tensor, key: Tensor, value: Tensor, key_padding_mask: Tensor | None = None, need_weights: bool = True,
        attn_mask: Tensor | None = None, average_attn_weights: bool = True, is_causal: bool = False,
    ) -> tuple[Tensor, Tensor | None]:  # fmt: skip
        """The output, and the weights if ``need_weights``."""
        q: Any = query
        k: Any = key
        v: Any = value
        swap = self.batch_first and q.dim() == 3
        if swap:  # tensors that are one stay one: their projections are one product
            same_kv, same_qk = k is v, q is k
            q, k = (q.transpose(1, 0), k.transpose(1, 0)) if not (same_kv and same_qk) else (q.transpose(1, 0), None)
            if k is None:
                k = v = q
            else:
                v = k if same_kv else v.transpose(1, 0)
        separate: dict[str, Any] = {}
        if not self._qkv_same_embed_dim:
            separate = {
                "use_separate_proj_weight": True, "q_proj_weight": self.q_proj_weight, "k_proj_weight": self.k_proj_weight,
                "v_proj_weight": self.v_proj_weight,
            }  # fmt: skip
        out, weights = F.multi_head_attention_forward(
            q, k, v, self.embed_dim, self.num_heads, self.in_proj_weight, self.in_proj_bias, self.bias_k, self.bias_v,
            self.add_zero_attn, self.dropout, self.out_proj.weight, self.out_proj.bias, training=self.training,
            key_padding_mask=key_padding_mask, need_weights=need_weights, attn_mask=attn_mask,
            average_attn_weights=average_attn_weights, is_causal=is_causal, **separate,
        )  # fmt: skip
        return (out.transpose(1, 0) if swap else out), weights
