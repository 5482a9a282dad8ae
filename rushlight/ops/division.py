"""Division: true, floored or truncated."""

from __future__ import annotations

from typing import Any

from .. import errors
from ..functions import function
from ..inplace import inplace

from ..tensor import Tensor
from .arithmetic import floor_divide, true_divide, trunc_divide

_BY_MODE = {None: true_divide, "floor": floor_divide, "trunc": trunc_divide}


def _op(rounding_mode: str | None) -> Any:
    if rounding_mode not in _BY_MODE:
        raise errors.runtime(
            f"div expected rounding_mode to be one of None, 'trunc', or 'floor' but found '{rounding_mode}'"
        )
    return _BY_MODE[rounding_mode]


@function(name="div", methods="div divide")
def div(input: Any, other: Any, *, rounding_mode: str | None = None, out: Any = None) -> Tensor:
    """``input / other``; with ``rounding_mode`` "floor" or "trunc" rounded that way."""
    kwargs = {} if out is None else {"out": out}
    return _op(rounding_mode).public(input, other, **kwargs)  # type: ignore[no-any-return]


@function(name="Tensor.div_", methods="div_ divide_")
def div_(self: Tensor, other: Any, *, rounding_mode: str | None = None) -> Tensor:
    """``div``, written into this tensor."""
    return inplace(_op(rounding_mode), (self, other), {})


