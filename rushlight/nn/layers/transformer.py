"""The Transformer: encoder and decoder layers, stacks of them, and the two together (Vaswani et al. 2017)."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from ... import types
from ...autograd.mode import recording
from ...ops.attention import canonical_mask
from ...tensor import Tensor, wrap
from .. import functional, init
from ..module import Module
from .attention import MultiheadAttention
from .containers import ModuleList
from .dropout import Dropout
from .linear import Linear
from .normalization import LayerNorm

F: Any = functional


def _get_activation_fn(activation: Any) -> Callable[[Tensor], Tensor]:
    if not isinstance(activation, str):
        return activation  # type: ignore[no-any-return]
    if activation not in ("relu", "gelu"):
        raise RuntimeError(f"activation should be relu/gelu, not {activation}")
    return getattr(F, activation)  # type: ignore[no-any-return]


def causal_mask(size: int, dtype: Any = None) -> Tensor:
    """Minus infinity above the diagonal, 0 on and below it."""
    kind = dtype or types.get_default_dtype()
    return wrap(np.where(np.tri(size, dtype=bool), 0, -np.inf).astype(kind.np))


def _is_causal(mask: Tensor | None, is_causal: bool | None, size: int | None) -> bool:
    """The caller's word, or whether the mask is the causal one."""
    if is_causal is not None or mask is None:
        return bool(is_causal)
    n = size if size is not None else mask._a.shape[-2]
    a = mask._a
    return a.shape == (n, n) and bool((a == causal_mask(n)._a.astype(a.dtype)).all())


class _Layer(Module):
    """Feed-forward part and options that encoder and decoder layers share."""

    norm_first: bool
    activation: Any

    def _feed_forward(self, d_model: int, width: int, dropout: float, bias: bool, made: dict[str, Any]) -> None:
        self.linear1: Linear = Linear(d_model, width, bias=bias, **made)
        self.dropout: Dropout = Dropout(dropout)
        self.linear2: Linear = Linear(width, d_model, bias=bias, **made)

    def _fed(self, x: Tensor, last: Module) -> Any:
        return last(self.linear2(self.dropout(self.activation(self.linear1(x)))))


class TransformerEncoderLayer(_Layer):
    """Self-attention and a feed-forward net, each added to its input and normalised (``norm_first``: normalised before)."""

    dropout1: Dropout
    dropout2: Dropout

    def __init__(
        self, d_model: int, nhead: int, dim_feedforward: int = 2048, dropout: float = 0.1, activation: Any = F.relu,
        layer_norm_eps: float = 1e-5, batch_first: bool = False, norm_first: bool = False, bias: bool = True, device: Any = None,
        dtype: Any = None,
    ):  # fmt: skip
        super().__init__()
        made = {"device": device, "dtype": dtype}
        self.self_attn: MultiheadAttention = MultiheadAttention(
            d_model, nhead, dropout=dropout, bias=bias, batch_first=batch_first, **made
        )
        self._feed_forward(d_model, dim_feedforward, dropout, bias, made)
        self.norm_first = norm_first
        self.norm1: LayerNorm = LayerNorm(d_model, eps=layer_norm_eps, bias=bias, **made)
        self.norm2: LayerNorm = LayerNorm(d_model, eps=layer_norm_eps, bias=bias, **made)
        self.dropout1, self.dropout2 = Dropout(dropout), Dropout(dropout)
        self.activation: Any = _get_activation_fn(activation)
        self.activation_relu_or_gelu = 1 if self.activation is F.relu else 2 if self.activation is F.gelu else 0

    def forward(
        self,
        src: Tensor,
        src_mask: Tensor | None = None,
        src_key_padding_mask: Tensor | None = None,
        is_causal: bool = False,
    ) -> Tensor:
        mask_type = None if src_mask is None else src_mask.dtype
        padding = canonical_mask(src_key_padding_mask, "src_key_padding_mask", mask_type, "src_mask", src.dtype)
        mask = canonical_mask(src_mask, "src_mask", None, "", src.dtype, False)
        x: Any = src
        if self.norm_first:
            x = x + self._attended(self.norm1(x), mask, padding, is_causal)
            return x + self._fed(self.norm2(x), self.dropout2)  # type: ignore[no-any-return]
        x = self.norm1(x + self._attended(x, mask, padding, is_causal))
        return self.norm2(x + self._fed(x, self.dropout2))  # type: ignore[no-any-return]

    def _attended(self, x: Tensor, mask: Any, padding: Any, is_causal: bool) -> Any:
        out = self.self_attn(
            x, x, x, attn_mask=mask, key_padding_mask=padding, need_weights=False, is_causal=is_causal
        )[0]  # fmt: skip
        return self.dropout1(out)


class TransformerDecoderLayer(_Layer):
    """Self-attention, attention over the encoder's memory, and a feed-forward net."""

    dropout1: Dropout
    dropout2: Dropout
    dropout3: Dropout

    def __init__(
        self, d_model: int, nhead: int, dim_feedforward: int = 2048, dropout: float = 0.1, activation: Any = F.relu,
        layer_norm_eps: float = 1e-5, batch_first: bool = False, norm_first: bool = False, bias: bool = True, device: Any = None,
        dtype: Any = None,
    ):  # fmt: skip
        super().__init__()
        made = {"device": device, "dtype": dtype}
        self.self_attn: MultiheadAttention = MultiheadAttention(
            d_model, nhead, dropout=dropout, batch_first=batch_first, bias=bias, **made
        )
        self.multihead_attn: MultiheadAttention = MultiheadAttention(
            d_model, nhead, dropout=dropout, batch_first=batch_first, bias=bias, **made
        )
        self._feed_forward(d_model, dim_feedforward, dropout, bias, made)
        self.norm_first = norm_first
        self.norm1: LayerNorm = LayerNorm(d_model, eps=layer_norm_eps, bias=bias, **made)
        self.norm2: LayerNorm = LayerNorm(d_model, eps=layer_norm_eps, bias=bias, **made)
        self.norm3: LayerNorm = LayerNorm(d_model, eps=layer_norm_eps, bias=bias, **made)
        self.dropout1, self.dropout2, self.dropout3 = Dropout(dropout), Dropout(dropout), Dropout(dropout)
        self.activation: Any = _get_activation_fn(activation)

    def forward(
        self, tgt: Tensor, memory: Tensor, tgt_mask: Tensor | None = None, memory_mask: Tensor | None = None,
        tgt_key_padding_mask: Tensor | None = None, memory_key_padding_mask: Tensor | None = None, tgt_is_causal: bool = False,
        memory_is_causal: bool = False,
    ) -> Tensor:  # fmt: skip
        x: Any = tgt

        def own(y: Any) -> Any:
            return self.dropout1(
                self.self_attn(
                    y, y, y, attn_mask=tgt_mask, key_padding_mask=tgt_key_padding_mask, is_causal=tgt_is_causal,
                    need_weights=False,
                )[0]
            )  # fmt: skip

        def cross(y: Any) -> Any:
            return self.dropout2(
                self.multihead_attn(
                    y, memory, memory, attn_mask=memory_mask, key_padding_mask=memory_key_padding_mask,
                    is_causal=memory_is_causal, need_weights=False,
                )[0]
            )  # fmt: skip

        if self.norm_first:
            x = x + own(self.norm1(x))
            x = x + cross(self.norm2(x))
            return x + self._fed(self.norm3(x), self.dropout3)  # type: ignore[no-any-return]
        x = self.norm1(x + own(x))
        x = self.norm2(x + cross(x))
        return self.norm3(x + self._fed(x, self.dropout3))  # type: ignore[no-any-return]


def _get_clones(module: Module, N: int) -> ModuleList:  # noqa: N803 - PyTorch's name
    return ModuleList([copy.deepcopy(module) for _ in range(N)])


def _no_nesting(layer: Any) -> str:
    """Why PyTorch's nested tensors would not be used for this layer; empty if they would."""
    if not isinstance(layer, TransformerEncoderLayer):
        return "encoder_layer was not TransformerEncoderLayer"
    if layer.norm_first:
        return "encoder_layer.norm_first was True"
    if not layer.self_attn.batch_first:
        return "encoder_layer.self_attn.batch_first was not True(use batch_first for better inference performance)"
    if layer.self_attn.in_proj_bias is None:
        return "encoder_layer.self_attn was passed bias=False"
    if not layer.activation_relu_or_gelu:
        return "encoder_layer.activation_relu_or_gelu was not True"
    if layer.norm1.eps != layer.norm2.eps:
        return "encoder_layer.norm1.eps was not equal to encoder_layer.norm2.eps"
    return "encoder_layer.self_attn.num_heads is odd" if layer.self_attn.num_heads % 2 else ""


class TransformerEncoder(Module):
    """Copies of an encoder layer one after another, and a norm at the end."""

    num_layers: int
    norm: Module | None

    def __init__(
        self, encoder_layer: Module, num_layers: int, norm: Module | None = None, enable_nested_tensor: bool = True,
        mask_check: bool = True,
    ):  # fmt: skip
        super().__init__()
        self.layers: ModuleList = _get_clones(encoder_layer, num_layers)
        self.num_layers, self.norm = num_layers, norm
        self.enable_nested_tensor = enable_nested_tensor
        why = _no_nesting(encoder_layer)
        self.use_nested_tensor: bool = enable_nested_tensor and not why
        self.mask_check = mask_check
        if enable_nested_tensor and why:
            warnings.warn(
                f"enable_nested_tensor is True, but self.use_nested_tensor is False because {why}",
                UserWarning,
                stacklevel=2,
            )

    def forward(
        self,
        src: Tensor,
        mask: Tensor | None = None,
        src_key_padding_mask: Tensor | None = None,
        is_causal: bool | None = None,
    ) -> Tensor:
        mask_type = None if mask is None else mask.dtype
        padding = canonical_mask(src_key_padding_mask, "src_key_padding_mask", mask_type, "mask", src.dtype)
        mask = canonical_mask(mask, "mask", None, "", src.dtype, False)
        length = src._a.shape[1 if src.ndim == 3 and self._batch_first() else 0] if src.ndim in (2, 3) else None
        is_causal = _is_causal(mask, is_causal, length)
        out: Any = src
        for layer in self.layers:
            out = layer(out, src_mask=mask, is_causal=is_causal, src_key_padding_mask=padding)
        if self.use_nested_tensor and padding is not None and mask is None and self._infers(src):
            hidden = padding._a == -np.inf
            if (hidden[:, 1:] >= hidden[:, :-1]).all():  # padding at the end: nested tensors come back with zeros there
                out = out.masked_fill(wrap(hidden[..., None]), 0.0)
        return out if self.norm is None else self.norm(out)  # type: ignore[no-any-return]

    def _batch_first(self) -> bool:
        attention = getattr(self.layers[0], "self_attn", None) if len(self.layers) else None
        return bool(getattr(attention, "batch_first", False))

    def _infers(self, src: Tensor) -> bool:
        """Evaluation without gradients of three dimensions: where PyTorch takes its fast path."""
        if src.ndim != 3 or self.training:
            return False
        return not recording() or not (src.requires_grad or any(p.requires_grad for p in self.parameters()))


class TransformerDecoder(Module):
    """Copies of a decoder layer one after another, and a norm at the end."""

    num_layers: int
    norm: Module | None

    def __init__(self, decoder_layer: Module, num_layers: int, norm: Module | None = None):
        super().__init__()
        self.layers: ModuleList = _get_clones(decoder_layer, num_layers)
        self.num_layers, self.norm = num_layers, norm

    def forward(
        self, tgt: Tensor, memory: Tensor, tgt_mask: Tensor | None = None, memory_mask: Tensor | None = None,
        tgt_key_padding_mask: Tensor | None = None, memory_key_padding_mask: Tensor | None = None,
        tgt_is_causal: bool | None = None, memory_is_causal: bool = False,
    ) -> Tensor:  # fmt: skip
        attention = getattr(self.layers[0], "self_attn", None) if len(self.layers) else None
        at = 1 if tgt.ndim == 3 and getattr(attention, "batch_first", False) else 0
        tgt_is_causal = _is_causal(tgt_mask, tgt_is_causal, tgt._a.shape[at])
        out: Any = tgt
        for layer in self.layers:
            out = layer(
                out, memory, tgt_mask=tgt_mask, memory_mask=memory_mask, tgt_key_padding_mask=tgt_key_padding_mask,
                memory_key_padding_mask=memory_key_padding_mask, tgt_is_causal=tgt_is_causal, memory_is_causal=memory_is_causal,
            )  # fmt: skip
        return out if self.norm is None else self.norm(out)  # type: ignore[no-any-return]


class Transformer(Module):
    """Encoder and decoder together."""

    d_model: int
    nhead: int
    batch_first: bool

    def __init__(
        self, d_model: int = 512, nhead: int = 8, num_encoder_layers: int = 6, num_decoder_layers: int = 6,
        dim_feedforward: int = 2048, dropout: float = 0.1, activation: Any = F.relu, custom_encoder: Any = None,
        custom_decoder: Any = None, layer_norm_eps: float = 1e-5, batch_first: bool = False, norm_first: bool = False,
        bias: bool = True, device: Any = None, dtype: Any = None,
    ):  # fmt: skip
        super().__init__()
        made = {"device": device, "dtype": dtype}
        options = (d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps, batch_first, norm_first, bias)
        if custom_encoder is not None:
            self.encoder = custom_encoder
        else:
            norm = LayerNorm(d_model, eps=layer_norm_eps, bias=bias, **made)
            self.encoder: TransformerEncoder = TransformerEncoder(
                TransformerEncoderLayer(*options, **made), num_encoder_layers, norm
            )
        if custom_decoder is not None:
            self.decoder = custom_decoder
        else:
            norm = LayerNorm(d_model, eps=layer_norm_eps, bias=bias, **made)
            self.decoder: TransformerDecoder = TransformerDecoder(
                TransformerDecoderLayer(*options, **made), num_decoder_layers, norm
            )
        self._reset_parameters()
        self.d_model, self.nhead, self.batch_first = d_model, nhead, batch_first

    def _reset_parameters(self) -> None:
        for p in self.parameters():
            if p.dim() > 1:
                init.xavier_uniform_(p)

    def forward(
        self, src: Tensor, tgt: Tensor, src_mask: Tensor | None = None, tgt_mask: Tensor | None = None,
        memory_mask: Tensor | None = None, src_key_padding_mask: Tensor | None = None,
        tgt_key_padding_mask: Tensor | None = None, memory_key_padding_mask: Tensor | None = None,
        src_is_causal: bool | None = None, tgt_is_causal: bool | None = None, memory_is_causal: bool = False,
    ) -> Tensor:  # fmt: skip
        batched = src.dim() == 3
        at = 0 if self.batch_first else 1
        if batched and src.size(at) != tgt.size(at):
            raise RuntimeError("the batch number of src and tgt must be equal")
        if src.size(-1) != self.d_model or tgt.size(-1) != self.d_model:
            raise RuntimeError("the feature number of src and tgt must be equal to d_model")
        memory = self.encoder(src, mask=src_mask, src_key_padding_mask=src_key_padding_mask, is_causal=src_is_causal)
        return self.decoder(  # type: ignore[no-any-return]
            tgt, memory, tgt_mask=tgt_mask, memory_mask=memory_mask, tgt_key_padding_mask=tgt_key_padding_mask,
            memory_key_padding_mask=memory_key_padding_mask, tgt_is_causal=tgt_is_causal, memory_is_causal=memory_is_causal,
        )  # fmt: skip

    @staticmethod
    def generate_square_subsequent_mask(sz: int, device: Any = None, dtype: Any = None) -> Tensor:
        """Minus infinity above the diagonal, 0 on and below it."""
        types.check_device(device)
        return causal_mask(sz, dtype)
