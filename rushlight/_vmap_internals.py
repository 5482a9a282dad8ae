"""``torch._vmap_internals``: the first ``vmap``, which packages still import."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .func import vmap as _batched


def _vmap(
    func: Callable[..., Any], in_dims: Any = 0, out_dims: Any = 0, allow_none_pass_through: bool = False
) -> Callable[..., Any]:
    """``torch.func.vmap``; results that are None pass with ``allow_none_pass_through``, which is how autograd batches its calls."""
    if not allow_none_pass_through:
        return _batched(func, in_dims, out_dims)

    def batched(*args: Any) -> Any:
        places: list[bool] = []

        def made(*args: Any) -> Any:
            out = func(*args)
            several = out if isinstance(out, tuple) else (out,)
            places[:] = [x is None for x in several]
            return tuple([x for x in several if x is not None])

        results = iter(_batched(made, in_dims, out_dims)(*args))
        whole = tuple([None if none else next(results) for none in places])
        return whole if len(whole) > 1 else whole[0]

    return batched


def vmap(func: Callable[..., Any], in_dims: Any = 0, out_dims: Any = 0) -> Callable[..., Any]:
    """``torch.vmap``."""
    return _vmap(func, in_dims, out_dims)
