"""``torch.utils._python_dispatch``: questions about subclasses and modes below autograd, of which there are none here."""

from __future__ import annotations

from typing import Any

from .. import errors


def is_traceable_wrapper_subclass(t: Any) -> bool:
    """Whether an object says how it is taken apart (``__tensor_flatten__``) and put together again; no tensor here does by itself."""
    return hasattr(t, "__tensor_flatten__") and hasattr(t, "__tensor_unflatten__")


class TorchDispatchMode:
    """A block in which a program is asked about every operation below autograd.

    Raises:
        NotImplementedError: when it is entered.
    """

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        raise NotImplementedError

    def __enter__(self) -> Any:
        raise NotImplementedError(
            errors.text(
                f"{type(self).__name__}: modes below autograd (TorchDispatchMode) are not supported.",
                "Look at the operations with torch.profiler, or at the graph with rushlight.explain.",
            )
        )

    def __exit__(self, *exc: object) -> None:
        raise NotImplementedError("TorchDispatchMode")
