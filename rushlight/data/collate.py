"""A batch from samples."""

from __future__ import annotations

import collections.abc
import re
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import errors, types
from ..ops.create import as_tensor, tensor
from ..tensor import Tensor


# --- what a batch of one kind of sample is -------------------------------------------------------------------------------
def collate_tensor_fn(batch: Any, *, collate_fn_map: Any = None) -> Any:
    """Tensors, stacked."""
    from .. import stack

    return stack(list(batch), 0)


def collate_numpy_array_fn(batch: Any, *, collate_fn_map: Any = None) -> Any:
    """Arrays of numbers as tensors, stacked."""
    if batch[0].dtype.kind in "SUO":
        raise errors.type_(_refusal(batch[0].dtype))
    return collate([as_tensor(b) for b in batch], collate_fn_map=collate_fn_map)


def collate_numpy_scalar_fn(batch: Any, *, collate_fn_map: Any = None) -> Any:
    """NumPy's numbers, a tensor of their dtype."""
    return as_tensor(np.array(batch))


def collate_float_fn(batch: Any, *, collate_fn_map: Any = None) -> Any:
    """Python's floats, a tensor of float64."""
    return tensor(batch, dtype=types.float64)


def collate_int_fn(batch: Any, *, collate_fn_map: Any = None) -> Any:
    """Python's ints, a tensor."""
    return tensor(batch)


def collate_str_fn(batch: Any, *, collate_fn_map: Any = None) -> Any:
    """Texts, as they are."""
    return batch


#: Kinds of samples, and what is made of a batch of them. A program may put its own in.
default_collate_fn_map: dict[Any, Callable[..., Any]] = {
    Tensor: collate_tensor_fn,
    np.ndarray: collate_numpy_array_fn,
    (np.bool_, np.number, np.object_): collate_numpy_scalar_fn,
    float: collate_float_fn,
    int: collate_int_fn,
    str: collate_str_fn,
    bytes: collate_str_fn,
}

np_str_obj_array_pattern: re.Pattern[str] = re.compile("[SaUO]")


def default_collate(batch: Any) -> Any:
    """Samples stacked along a new first dimension; tuples, lists and dicts of samples by their members.

    Raises:
        TypeError: for elements that make no batch. RuntimeError: for sequences of unequal length.
    """
    return collate(batch, collate_fn_map=default_collate_fn_map)


def collate(batch: Any, *, collate_fn_map: dict[Any, Callable[..., Any]] | None = None) -> Any:
    """Samples by what a map says of their kind, exact classes first; containers by their members."""
    first, kinds = batch[0], collate_fn_map or {}
    kind = type(first) if type(first) in kinds else next((k for k in kinds if isinstance(first, k)), None)
    if kind is not None:
        return kinds[kind](batch, collate_fn_map=collate_fn_map)

    def inner(samples: Any) -> Any:
        return collate(samples, collate_fn_map=collate_fn_map)

    if isinstance(first, collections.abc.Mapping):
        made = {key: inner([b[key] for b in batch]) for key in first}
        return made if type(first) is dict else _rebuilt(first, made)
    if isinstance(first, tuple) and hasattr(first, "_fields"):
        return type(first)(*(inner(samples) for samples in zip(*batch, strict=True)))
    if isinstance(first, collections.abc.Sequence):
        if any(len(b) != len(first) for b in batch):
            raise errors.runtime("each element in list of batch should be of equal size")
        columns = [inner(samples) for samples in zip(*batch, strict=True)]
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
