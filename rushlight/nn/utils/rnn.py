"""Sequences of different lengths: padded to one tensor, or packed step by step without the padding."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from ...op import REGISTRY
from ...tensor import Tensor, wrap


class _Packed(NamedTuple):
    data: Tensor
    batch_sizes: Tensor
    sorted_indices: Tensor | None
    unsorted_indices: Tensor | None


class PackedSequence(_Packed):
    """The steps of a batch of sequences, longest first: ``data`` one step after another, ``batch_sizes`` how many go on."""

    __slots__ = ()

    def __new__(
        cls, data: Any, batch_sizes: Any = None, sorted_indices: Any = None, unsorted_indices: Any = None
    ) -> PackedSequence:
        if unsorted_indices is None:
            unsorted_indices = invert_permutation(sorted_indices)
        if batch_sizes is None:
            if not isinstance(data, (list, tuple)) or len(data) != 2:
                raise AssertionError("Expected data to be a tuple of two elements, the data and the batch sizes")
            data, batch_sizes = data
        return super().__new__(cls, data, batch_sizes, sorted_indices, unsorted_indices)

    def _with(self, data: Any) -> PackedSequence:
        if data is self.data:
            return self
        return type(self)(data, self.batch_sizes, self.sorted_indices, self.unsorted_indices)

    def to(self, *args: Any, **kwargs: Any) -> PackedSequence:
        """``data.to(...)``; itself if nothing changes."""
        return self._with(self.data.to(*args, **kwargs))  # type: ignore[attr-defined]

    def cpu(self) -> PackedSequence:
        """Itself: it is on the CPU."""
        return self

    def cuda(self, *args: Any, **kwargs: Any) -> PackedSequence:
        """Raises what PyTorch's CPU build raises."""
        return self._with(self.data.cuda(*args, **kwargs))  # type: ignore[attr-defined]

    def double(self) -> PackedSequence:
        """In float64."""
        return self._with(self.data.double())  # type: ignore[attr-defined]

    def float(self) -> PackedSequence:
        """In float32."""
        return self._with(self.data.float())  # type: ignore[attr-defined]

    def half(self) -> PackedSequence:
        """In float16."""
        return self._with(self.data.half())  # type: ignore[attr-defined]

    def long(self) -> PackedSequence:
        """In int64."""
        return self._with(self.data.long())  # type: ignore[attr-defined]

    def int(self) -> PackedSequence:
        """In int32."""
        return self._with(self.data.int())  # type: ignore[attr-defined]

    @property
    def is_cuda(self) -> bool:
        """False."""
        return False

    def is_pinned(self) -> bool:
        """False."""
        return False


def invert_permutation(permutation: Tensor | None) -> Tensor | None:
    """The permutation that undoes another."""
    if permutation is None:
        return None
    out = np.empty_like(permutation._a)
    out[permutation._a] = np.arange(permutation._a.size)
    return wrap(out)


def pack_padded_sequence(
    input: Tensor, lengths: Any, batch_first: bool = False, enforce_sorted: bool = True
) -> PackedSequence:
    """Pack (time, batch, ...) without the padding after each sequence's length.

    Raises:
        RuntimeError: for lengths that are not positive, not as many as the batch, or not sorted where that is asked for.
    """
    if not isinstance(lengths, Tensor):
        lengths = wrap(np.array(lengths, np.int64))
    x: Any = input
    given = lengths._a.astype(np.int64)
    order = None
    if not enforce_sorted:
        order = wrap(np.argsort(-given, kind="stable"))
        given = given[order._a]
        x = x.index_select(0 if batch_first else 1, order)
    if x.numel() == 0:
        raise RuntimeError("Cannot pack empty tensors.")
    if batch_first:
        x = x.transpose(0, 1)
    if given.size != x.shape[1]:
        raise RuntimeError(
            f"Expected `len(lengths)` to be equal to batch_size, but got {given.size} (batch_size={x.shape[1]})"
        )
    if given.size and given.min() <= 0:
        raise RuntimeError(
            "Length of all samples has to be greater than 0, but found an element in 'lengths' that is <= 0"
        )
    if (np.diff(given) > 0).any():
        raise RuntimeError(
            "`lengths` array must be sorted in decreasing order when `enforce_sorted` is True. You can pass `enforce_sorted=False` "
            "to pack_padded_sequence and/or pack_sequence to sidestep this requirement if you do not need ONNX exportability."
        )
    steps = min(int(given[0]), x.shape[0])
    sizes = np.array([int((given > t).sum()) for t in range(steps)], np.int64)
    at = np.concatenate([t * x.shape[1] + np.arange(n) for t, n in enumerate(sizes)])
    rows = x.reshape(x.shape[0] * x.shape[1], *x.shape[2:])
    return PackedSequence(rows.index_select(0, wrap(at)), wrap(sizes), order, invert_permutation(order))


def pad_packed_sequence(
    sequence: PackedSequence, batch_first: bool = False, padding_value: float = 0.0, total_length: int | None = None
) -> tuple[Tensor, Tensor]:
    """The padded tensor and the lengths, in the order in which the sequences came.

    Raises:
        ValueError: if ``total_length`` is too short.
    """
    sizes = sequence.batch_sizes._a
    longest = sizes.size
    if total_length is not None:
        if total_length < longest:
            raise ValueError(
                "Expected total_length to be at least the length of the longest sequence in input, but got "
                f"total_length={total_length} and max sequence length being {longest}"
            )
        longest = total_length
    data: Any = sequence.data
    batch = int(sizes[0])
    at = np.concatenate([t * batch + np.arange(n) for t, n in enumerate(sizes)])
    where = np.full(longest * batch, data.shape[0])
    where[at] = np.arange(at.size)
    rows = REGISTRY["cat"].public([data, data.new_full((1, *data.shape[1:]), padding_value)])
    out = rows.index_select(0, wrap(where)).view(longest, batch, *data.shape[1:])
    lengths = np.array([int((sizes > b).sum()) for b in range(batch)], np.int64)
    if batch_first:
        out = out.transpose(0, 1)
    if sequence.unsorted_indices is not None:
        back = sequence.unsorted_indices
        return out.index_select(0 if batch_first else 1, back), wrap(lengths[back._a])
    return out, wrap(lengths)


def pad_sequence(
    sequences: Any, batch_first: bool = False, padding_value: float = 0.0, padding_side: str = "right"
) -> Tensor:
    """Sequences (length, ...) as one tensor (longest, batch, ...), or with the batch first.

    Raises:
        RuntimeError: if it is no iterable of tensors that agree in all other sizes.
    """
    if not isinstance(sequences, Iterable):
        raise RuntimeError(
            f"pad_sequence: Expected iterable for input sequences, but got arg of type: {type(sequences)}"
        )
    items: list[Any] = list(sequences.unbind(0)) if isinstance(sequences, Tensor) else list(sequences)
    if not items:
        raise RuntimeError("received an empty list of sequences")
    if padding_side not in ("left", "right"):
        raise RuntimeError(f"Expected padding_side to be one of left or right, but got {padding_side}.")
    longest = max(x.shape[0] for x in items)
    rest = tuple(items[0].shape[1:])
    lead = (len(items), longest) if batch_first else (longest, len(items))
    out = items[0].new_full((*lead, *rest), padding_value)
    for i, x in enumerate(items):
        n = x.shape[0]
        where = slice(longest - n, longest) if padding_side == "left" else slice(0, n)
        out[(i, where) if batch_first else (where, i)] = x
    return out


def unpad_sequence(padded_sequences: Tensor, lengths: Tensor, batch_first: bool = False) -> list[Tensor]:
    """The sequences without their padding."""
    x: Any = padded_sequences if batch_first else padded_sequences.transpose(0, 1)  # type: ignore[attr-defined]
    return [row[: int(n)] for row, n in zip(x, lengths, strict=True)]


def pack_sequence(sequences: Any, enforce_sorted: bool = True) -> PackedSequence:
    """Pack a list of sequences (length, ...)."""
    lengths = wrap(np.array([v.shape[0] for v in sequences], np.int64))
    return pack_padded_sequence(pad_sequence(sequences), lengths, enforce_sorted=enforce_sorted)


def unpack_sequence(packed_sequences: PackedSequence) -> list[Tensor]:
    """The sequences that were packed."""
    padded, lengths = pad_packed_sequence(packed_sequences, batch_first=True)
    return unpad_sequence(padded, lengths, batch_first=True)
