"""``torch.utils._device``: a default device for a block: the CPU, or ``meta``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import types
from ..override import modes
from ..overrides import TorchFunctionMode

#: Functions that make tensors out of nothing.
CONSTRUCTORS = frozenset(
    "empty empty_permuted empty_strided zeros ones full eye arange linspace logspace rand randn randint randperm tensor as_tensor asarray "
    "scalar_tensor bartlett_window blackman_window hamming_window hann_window kaiser_window tril_indices triu_indices fftfreq rfftfreq "
    "normal sparse_coo_tensor sparse_csr_tensor complex".split()
)


class DeviceContext(TorchFunctionMode):
    """A block with a default device.

    Raises:
        AssertionError or RuntimeError: as ``torch.device`` does where it is used, for a device that is not there.
    """

    def __init__(self, device: Any):
        super().__init__()
        self.device: types.device = types.device(device)
        if not types.is_meta(self.device):
            types.check_device(self.device)

    def __enter__(self) -> Any:
        self._tokens = [*getattr(self, "_tokens", []), types.default_device.set(self.device)]
        return super().__enter__() if types.is_meta(self.device) or modes.get() else self

    def __exit__(self, *exc: object) -> None:
        types.default_device.reset(self._tokens.pop())
        if self in modes.get():
            super().__exit__(*exc)  # type: ignore[arg-type]

    def __torch_function__(self, func: Any, types_: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        name = getattr(func, "__name__", "")
        made = (
            name in CONSTRUCTORS
            and not hasattr(func, "__op__")
            and not (name == "normal" and "size" not in kwargs and len(args) < 3)
        )
        if made and kwargs.get("device") is None and kwargs.get("out") is None:
            kwargs = {**kwargs, "device": self.device}
        return func(*args, **kwargs)

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        return context_decorator(lambda: DeviceContext(self.device), function)


def set_device(device: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorator: a function with a default device."""
    return DeviceContext(device)


def context_decorator(ctx: Any, func: Callable[..., Any]) -> Callable[..., Any]:
    """A function that runs within a context, or within one that ``ctx()`` makes at each call."""
    import functools

    @functools.wraps(func)
    def within(*args: Any, **kwargs: Any) -> Any:
        with ctx() if callable(ctx) and not hasattr(ctx, "__enter__") else ctx:
            return func(*args, **kwargs)

    return within
