"""Vision transformers (Dosovitskiy et al. 2020)."""

from __future__ import annotations

import math
from collections import OrderedDict
from functools import partial
from typing import Any, NamedTuple

from rushlight import _assert, cat, empty, nn, zeros

from ..ops.misc import MLP, Conv2dNormActivation
from ._api import published
from ._utils import builder, overwrite

_norm = partial(nn.LayerNorm, eps=1e-6)


class ConvStemConfig(NamedTuple):
    """A convolution in place of the cut into patches."""

    out_channels: int
    kernel_size: int
    stride: int
    norm_layer: Any = nn.BatchNorm2d
    activation_layer: Any = nn.ReLU


class MLPBlock(MLP):
    """A hidden layer with GELU."""

    # In version 1 the layers were named linear_1 and linear_2.
    _version = 2

    def __init__(self, in_dim: int, mlp_dim: int, dropout: float):
        super().__init__(in_dim, [mlp_dim, in_dim], activation_layer=nn.GELU, inplace=None, dropout=dropout)
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.xavier_uniform_(module.weight)
                if module.bias is not None:
                    nn.init.normal_(module.bias, std=1e-6)

    def _load_from_state_dict(self, state_dict: Any, prefix: str, local_metadata: Any, *rest: Any) -> None:
        if (local_metadata.get("version") or 1) < 2:
            for i in range(2):
                for kind in ("weight", "bias"):
                    old = f"{prefix}linear_{i + 1}.{kind}"
                    if old in state_dict:
                        state_dict[f"{prefix}{3 * i}.{kind}"] = state_dict.pop(old)
        super()._load_from_state_dict(state_dict, prefix, local_metadata, *rest)


class EncoderBlock(nn.Module):
    """Attention and a hidden layer, each after a normalisation and beside a shortcut."""

    def __init__(
        self,
        num_heads: int,
        hidden_dim: int,
        mlp_dim: int,
        dropout: float,
        attention_dropout: float,
        norm_layer: Any = _norm,
    ):
        super().__init__()
        self.num_heads = num_heads
        self.ln_1: Any = norm_layer(hidden_dim)
        self.self_attention: Any = nn.MultiheadAttention(
            hidden_dim, num_heads, dropout=attention_dropout, batch_first=True
        )
        self.dropout: Any = nn.Dropout(dropout)
        self.ln_2: Any = norm_layer(hidden_dim)
        self.mlp: Any = MLPBlock(hidden_dim, mlp_dim, dropout)

    def forward(self, input: Any) -> Any:
        """Tokens (N, length, hidden) after the block."""
        _assert(input.dim() == 3, f"Expected (batch_size, seq_length, hidden_dim) got {input.shape}")
        x = self.ln_1(input)
        x, _ = self.self_attention(x, x, x, need_weights=False)
        x = self.dropout(x) + input
        return x + self.mlp(self.ln_2(x))


class Encoder(nn.Module):
    """Places added to tokens, blocks, a normalisation."""

    def __init__(
        self, seq_length: int, num_layers: int, num_heads: int, hidden_dim: int, mlp_dim: int, dropout: float,
        attention_dropout: float, norm_layer: Any = _norm,
    ):  # fmt: skip
        super().__init__()
        self.pos_embedding: Any = nn.Parameter(empty(1, seq_length, hidden_dim).normal_(std=0.02))
        self.dropout: Any = nn.Dropout(dropout)
        self.layers: Any = nn.Sequential(
            OrderedDict(
                (
                    f"encoder_layer_{i}",
                    EncoderBlock(num_heads, hidden_dim, mlp_dim, dropout, attention_dropout, norm_layer),
                )
                for i in range(num_layers)
            )
        )
        self.ln: Any = norm_layer(hidden_dim)

    def forward(self, input: Any) -> Any:
        """Tokens (N, length, hidden) after all blocks."""
        _assert(input.dim() == 3, f"Expected (batch_size, seq_length, hidden_dim) got {input.shape}")
        return self.ln(self.layers(self.dropout(input + self.pos_embedding)))


class VisionTransformer(nn.Module):
    """Patches as tokens, one more for the class, an encoder, and a linear layer on that one.

    ``representation_size``: width of a hidden layer before the last. ``conv_stem_configs``: convolutions in place of the cut.
    """

    image_size: int
    patch_size: int
    hidden_dim: int
    mlp_dim: int
    attention_dropout: float
    dropout: float
    num_classes: int
    representation_size: int | None
    norm_layer: Any

    def __init__(
        self, image_size: int, patch_size: int, num_layers: int, num_heads: int, hidden_dim: int, mlp_dim: int,
        dropout: float = 0.0, attention_dropout: float = 0.0, num_classes: int = 1000, representation_size: int | None = None,
        norm_layer: Any = _norm, conv_stem_configs: Any = None,
    ):  # fmt: skip
        super().__init__()
        _assert(image_size % patch_size == 0, "Input shape indivisible by patch size!")
        self.image_size, self.patch_size = image_size, patch_size
        self.hidden_dim, self.mlp_dim = hidden_dim, mlp_dim
        self.attention_dropout, self.dropout = attention_dropout, dropout
        self.num_classes, self.representation_size, self.norm_layer = num_classes, representation_size, norm_layer
        self.conv_proj: Any = (
            nn.Conv2d(3, hidden_dim, kernel_size=patch_size, stride=patch_size)
            if conv_stem_configs is None
            else _stem(conv_stem_configs, hidden_dim)
        )
        self.class_token: Any = nn.Parameter(zeros(1, 1, hidden_dim))
        self.seq_length: int = (image_size // patch_size) ** 2 + 1
        self.encoder: Any = Encoder(
            self.seq_length, num_layers, num_heads, hidden_dim, mlp_dim, dropout, attention_dropout, norm_layer
        )
        heads: OrderedDict[str, Any] = OrderedDict()
        if representation_size is not None:
            heads["pre_logits"] = nn.Linear(hidden_dim, representation_size)
            heads["act"] = nn.Tanh()
        heads["head"] = nn.Linear(hidden_dim if representation_size is None else representation_size, num_classes)
        self.heads: Any = nn.Sequential(heads)
        self._draw()

    def _draw(self) -> None:
        conv = self.conv_proj
        if isinstance(conv, nn.Conv2d):
            fan_in = conv.in_channels * conv.kernel_size[0] * conv.kernel_size[1]
            nn.init.trunc_normal_(conv.weight, std=math.sqrt(1 / fan_in))
        else:
            conv = conv.conv_last
            nn.init.normal_(conv.weight, mean=0.0, std=math.sqrt(2.0 / conv.out_channels))
        if conv.bias is not None:
            nn.init.zeros_(conv.bias)
        if self.representation_size is not None:
            inner = self.heads.pre_logits
            nn.init.trunc_normal_(inner.weight, std=math.sqrt(1 / inner.in_features))
            nn.init.zeros_(inner.bias)
        nn.init.zeros_(self.heads.head.weight)
        nn.init.zeros_(self.heads.head.bias)

    def _process_input(self, x: Any) -> Any:
        n, _, height, width = x.shape
        _assert(height == self.image_size, f"Wrong image height! Expected {self.image_size} but got {height}!")
        _assert(width == self.image_size, f"Wrong image width! Expected {self.image_size} but got {width}!")
        rows, columns = height // self.patch_size, width // self.patch_size
        return self.conv_proj(x).reshape(n, self.hidden_dim, rows * columns).permute(0, 2, 1)

    def forward(self, x: Any) -> Any:
        """Scores of the classes for pictures (N, 3, image_size, image_size)."""
        x = self._process_input(x)
        n = x.shape[0]
        x = cat([self.class_token.expand(n, -1, -1), x], dim=1)
        return self.heads(self.encoder(x)[:, 0])


def _stem(configs: Any, hidden_dim: int) -> Any:
    made = nn.Sequential()
    channels = 3
    for i, config in enumerate(configs):
        made.add_module(
            f"conv_bn_relu_{i}",
            Conv2dNormActivation(
                channels, config.out_channels, config.kernel_size, config.stride, norm_layer=config.norm_layer,
                activation_layer=config.activation_layer,
            ),
        )  # fmt: skip
        channels = config.out_channels
    made.add_module("conv_last", nn.Conv2d(channels, hidden_dim, kernel_size=1))
    return made


def interpolate_embeddings(
    image_size: int, patch_size: int, model_state: Any, interpolation_mode: str = "bicubic", reset_heads: bool = False
) -> Any:
    """A checkpoint for pictures of another size: its places interpolated, and without its heads if ``reset_heads``."""
    places = model_state["encoder.pos_embedding"]
    count, length, hidden = places.shape
    if count != 1:
        raise ValueError(f"Unexpected position embedding shape: {places.shape}")
    side = image_size // patch_size
    if side * side + 1 == length:
        return model_state
    old = int(math.sqrt(length - 1))
    if old * old != length - 1:
        raise ValueError(f"seq_length is not a perfect square! It is {length - 1}.")
    picture = places[:, 1:, :].permute(0, 2, 1).reshape(1, hidden, old, old)
    picture = nn.functional.interpolate(picture, size=side, mode=interpolation_mode, align_corners=True)
    tokens = picture.reshape(1, hidden, side * side).permute(0, 2, 1)
    model_state["encoder.pos_embedding"] = cat([places[:, :1, :], tokens], dim=1)
    if not reset_heads:
        return model_state
    return OrderedDict((key, value) for key, value in model_state.items() if not key.startswith("heads"))


def _vit(patch: int, layers: int, heads: int, hidden: int, **kwargs: Any) -> Any:
    return VisionTransformer(kwargs.pop("image_size", 224), patch, layers, heads, hidden, 4 * hidden, **kwargs)


def _settle(weights: Any, kwargs: dict[str, Any]) -> None:
    overwrite(kwargs, "image_size", weights.meta["min_size"][0])


ViT_B_16_Weights: type[Any] = published("ViT_B_16_Weights")
ViT_B_32_Weights: type[Any] = published("ViT_B_32_Weights")
ViT_L_16_Weights: type[Any] = published("ViT_L_16_Weights")
ViT_L_32_Weights: type[Any] = published("ViT_L_32_Weights")
ViT_H_14_Weights: type[Any] = published("ViT_H_14_Weights")
vit_b_16: Any = builder(
    "vit_b_16", ViT_B_16_Weights, partial(_vit, 16, 12, 12, 768), "Vision transformer, base, 16 x 16.", settle=_settle
)
vit_b_32: Any = builder(
    "vit_b_32", ViT_B_32_Weights, partial(_vit, 32, 12, 12, 768), "Vision transformer, base, 32 x 32.", settle=_settle
)
vit_l_16: Any = builder(
    "vit_l_16", ViT_L_16_Weights, partial(_vit, 16, 24, 16, 1024), "Vision transformer, large, 16 x 16.", settle=_settle
)
vit_l_32: Any = builder(
    "vit_l_32", ViT_L_32_Weights, partial(_vit, 32, 24, 16, 1024), "Vision transformer, large, 32 x 32.", settle=_settle
)
vit_h_14: Any = builder(
    "vit_h_14", ViT_H_14_Weights, partial(_vit, 14, 32, 16, 1280), "Vision transformer, huge, 14 x 14.", None, _settle
)
