"""``torch.nn.attention.flex_attention``: attention whose scores a function of yours changes, element by element.

PyTorch calls the function once for every element, by ``vmap``; here it gets the four indices as tensors that broadcast against
the scores, which is the same for functions that are elementwise in them or use them to index.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ... import errors
from ...tensor import Tensor, wrap

_DEFAULT_SPARSE_BLOCK_SIZE = 128

MaskMod = Callable[[Any, Any, Any, Any], Any]


def noop_mask(batch: Any, head: Any, token_q: Any, token_kv: Any) -> Any:
    """A mask that hides nothing."""
    return wrap(np.ones((), np.bool_))


def and_masks(*mask_mods: MaskMod) -> MaskMod:
    """The mask of what all of them show."""
    _need_callables(mask_mods)

    def both(b: Any, h: Any, q_idx: Any, kv_idx: Any) -> Any:
        shown: Any = wrap(np.ones((), np.bool_))
        for mask in mask_mods:
            shown = shown & mask(b, h, q_idx, kv_idx)
        return shown

    return both


def or_masks(*mask_mods: MaskMod) -> MaskMod:
    """The mask of what one of them shows."""
    _need_callables(mask_mods)

    def either(b: Any, h: Any, q_idx: Any, kv_idx: Any) -> Any:
        shown: Any = wrap(np.zeros((), np.bool_))
        for mask in mask_mods:
            shown = shown | mask(b, h, q_idx, kv_idx)
        return shown

    return either


def _need_callables(functions: Any) -> None:
    if not all(callable(function) for function in functions):
        raise errors.runtime(f"All inputs should be callable mask_mods: {functions}")


def create_mask(
    mod_fn: Callable[..., Any], B: int | None, H: int | None, Q_LEN: int, KV_LEN: int, device: Any = None
) -> Tensor:  # fmt: skip
    """What a mask function shows, as a bool tensor of shape (B, H, Q_LEN, KV_LEN)."""
    shape = (B or 1, H or 1, Q_LEN, KV_LEN)
    shown: Any = mod_fn(*_indices(shape))
    return shown.broadcast_to(shape).contiguous()  # type: ignore[no-any-return]


def _indices(shape: tuple[int, ...]) -> list[Any]:
    """The index of each dimension, as a tensor that broadcasts against ``shape``."""
    made = []
    for dim, size in enumerate(shape):
        index = np.arange(size)
        made.append(wrap(index.reshape([size if d == dim else 1 for d in range(len(shape))])))
    return made


class BlockMask:
    """A mask function, and which blocks of queries and keys hold something that it shows.

    Args:
        mask_mod: the function. dense: what it shows, (B, H, Q_LEN, KV_LEN). block_size: rows and columns of a block.
    """

    mask_mod: Any
    kv_num_blocks: Tensor
    kv_indices: Tensor
    full_kv_num_blocks: Tensor
    full_kv_indices: Tensor

    def __init__(self, mask_mod: MaskMod, dense: Tensor, block_size: tuple[int, int]):
        self.mask_mod, self.BLOCK_SIZE = mask_mod, block_size
        self._dense = dense
        self.seq_lengths: tuple[Any, ...] = tuple(dense._a.shape[2:])
        shown = dense._a
        pads = [(-size) % block for size, block in zip(shown.shape[2:], block_size, strict=True)]
        shown = np.pad(shown, [(0, 0), (0, 0), (0, pads[0]), (0, pads[1])])
        b, h, rows, columns = shown.shape
        blocks = shown.reshape(b, h, rows // block_size[0], block_size[0], columns // block_size[1], block_size[1])
        self._blocks = blocks.any(axis=(3, 5))
        full = blocks.all(axis=(3, 5))
        self.kv_num_blocks, self.kv_indices = _counted(self._blocks & ~full)
        self.full_kv_num_blocks, self.full_kv_indices = _counted(full)

    @property
    def shape(self) -> tuple[int, ...]:
        """(B, H, Q_LEN, KV_LEN)."""
        return tuple(self._dense._a.shape)

    def to_dense(self) -> Tensor:
        """Which blocks hold something, as a tensor of 0 and 1 with a row for each block of queries."""
        return wrap(self._blocks.astype(np.int32))

    def sparsity(self) -> float:
        """The share of hidden elements, by whole blocks, in percent."""
        b, h, rows, columns = self.shape
        shown = self._blocks.sum() * self.BLOCK_SIZE[0] * self.BLOCK_SIZE[1]
        return float(100 * (1 - shown / (b * h * rows * columns)))

    def to(self, device: Any) -> BlockMask:
        """Itself: there is one device."""
        return self

    def __repr__(self) -> str:
        return f"BlockMask(shape={self.shape}, sparsity={self.sparsity():.2f}%, mask_mod={self.mask_mod.__name__})"


def _counted(blocks: Any) -> tuple[Tensor, Tensor]:
    """How many blocks of a row are meant, and the numbers of the columns, those first."""
    order = np.argsort(~blocks, axis=-1, kind="stable")
    return wrap(blocks.sum(-1).astype(np.int32)), wrap(order.astype(np.int32))


def create_block_mask(
    mask_mod: MaskMod, B: int | None, H: int | None, Q_LEN: int, KV_LEN: int, device: Any = None,
    BLOCK_SIZE: int | tuple[int, int] = _DEFAULT_SPARSE_BLOCK_SIZE, _compile: bool = False,
) -> BlockMask:  # fmt: skip
    """The mask of a function ``mask_mod(b, h, q_idx, kv_idx) -> bool`` for ``flex_attention``."""
    block = (BLOCK_SIZE, BLOCK_SIZE) if isinstance(BLOCK_SIZE, int) else tuple(BLOCK_SIZE)
    return BlockMask(mask_mod, create_mask(mask_mod, B, H, Q_LEN, KV_LEN, device), block)  # type: ignore[arg-type]


class AuxRequest(NamedTuple):
    """What ``flex_attention`` is to return beside its result."""

    lse: bool = False
    max_scores: bool = False


class AuxOutput(NamedTuple):
    """What it returned: the logarithm of the sum of each row."""

    lse: Any = None
    max_scores: Any = None


def flex_attention(
    query: Any, key: Any, value: Any, score_mod: Callable[..., Any] | None = None, block_mask: BlockMask | None = None,
    scale: float | None = None, enable_gqa: bool = False, return_lse: bool = False, kernel_options: Any = None, *,
    return_aux: Any = None,
) -> Any:  # fmt: skip
    """``softmax(score_mod(query @ key.T * scale)) @ value`` of (B, H, L, E) queries; rows that see nothing give 0.

    ``score_mod(score, b, h, q_idx, kv_idx)`` changes the scores, ``block_mask`` hides some, ``enable_gqa`` lets groups of query
    heads share a head of keys, ``return_lse`` adds the logarithm of the sum of each row.
    """
    if return_aux is not None and return_aux.max_scores:
        raise errors.advised(
            NotImplementedError("Returning max scores is not supported on CPU/MPS."), "Write AuxRequest(lse=True)."
        )
    for name, x in (("query", query), ("key", key), ("value", value)):
        if x.dim() != 4:
            raise errors.value(f"Expected query, key, and value to be 4D tensors, but {name} is {x.dim()}D.")
    heads, shared = query.shape[1], key.shape[1]
    if heads != shared:
        if not enable_gqa:
            raise errors.value(
                f"Expect query and key/value to have the same number of heads but got Hq={heads} and Hkv={shared}. Try setting "
                "enable_gqa=True for GQA."
            )
        key, value = (x.repeat_interleave(heads // shared, dim=1) for x in (key, value))
    scale = 1.0 / math.sqrt(query.shape[-1]) if scale is None else scale
    scores = (query @ key.transpose(-2, -1)) * scale
    if score_mod is not None:
        scores = score_mod(scores, *_indices(tuple(scores.shape)))
    if block_mask is not None:
        shown = create_mask(block_mask.mask_mod, *scores.shape)
        scores = scores.masked_fill(~shown, -math.inf)
    top = scores.detach().max(dim=-1, keepdim=True).values
    blind = top == -math.inf
    weights = scores.softmax(dim=-1).masked_fill(blind, 0.0)
    out = weights.to(query.dtype) @ value
    if return_aux is not None:
        return out, AuxOutput(scores.logsumexp(dim=-1) if return_aux.lse else None)
    return (out, scores.logsumexp(dim=-1)) if return_lse else out
