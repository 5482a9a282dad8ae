"""A batch from samples."""

from __future__ import annotations

import collections.abc
from typing import Any

import numpy as np

from .. import errors, types
from ..ops.create import as_tensor, tensor
from ..tensor import Tensor


def default_collate(batch: Any) -> Any:
    """Samples stacked along a new first dimension; tuples, lists and dicts of samples by their members.

    Raises:
        TypeError: for elements that make no batch. RuntimeError: for sequences of unequal length.
    """
    first = batch[0]
    if isinstance(first, Tensor):
        from .. import stack

        return stack(list(batch), 0)
    if isinstance(first, np.ndarray):
        if first.dtype.kind in "SUO":
            raise errors.type_(_refusal(first.dtype))
        return default_collate([as_tensor(b) for b in batch])
    if isinstance(first, np.generic):
        return as_tensor(np.array(batch))
    if isinstance(first, float):
        return tensor(batch, dtype=types.float64)
    if isinstance(first, int):
        return tensor(batch)
    if isinstance(first, (str, bytes)):
        return batch
    if isinstance(first, collections.abc.Mapping):
        made = {key: default_collate([b[key] for b in batch]) for key in first}
        return made if type(first) is dict else _rebuilt(first, made)
    if isinstance(first, tuple) and hasattr(first, "_fields"):
        return type(first)(*(default_collate(samples) for samples in zip(*batch, strict=True)))
    if isinstance(first, collections.abc.Sequence):
        if any(len(b) != len(first) for b in batch):
            raise errors.runtime("each element in list of batch should be of equal size")
        columns = [default_collate(samples) for samples in zip(*batch, strict=True)]
        return columns if isinstance(first, tuple) or type(first) is list else _rebuilt(first, columns)
    raise errors.type_(_refusal(type(first)))


def _rebuilt(like: Any, members: Any) -> Any:
    try:
        return type(like)(members)
    except TypeError:  # a container that cannot be made from its members
        return members


def _refusal(kind: Any) -> str:
    return f"default_collate: batch must contain tensors, numpy arrays, numbers, dicts or lists; found {kind}"


def default_convert(data: Any) -> Any:
    """NumPy arrays in a sample as tensors; the rest as it is."""
    if isinstance(data, Tensor):
        return data
    if (
        isinstance(data, (np.ndarray, np.generic))
        and getattr(data, "dtype", None) is not None
        and data.dtype.kind not in "SUO"
    ):
        return as_tensor(data)
    if isinstance(data, collections.abc.Mapping):
        return {k: default_convert(v) for k, v in data.items()}
    if isinstance(data, tuple):
        return (
            [default_convert(d) for d in data]
            if not hasattr(data, "_fields")
            else type(data)(*map(default_convert, data))
        )
    if isinstance(data, list):
        return [default_convert(d) for d in data]
    return data
