"""``torch.utils.tensorboard``: the SummaryWriter of the package tensorboardX, given arrays in place of tensors."""

from __future__ import annotations

import functools
from typing import Any

from ...tensor import Tensor

try:
    from tensorboardX import SummaryWriter as _Writer  # type: ignore[import-not-found, unused-ignore]
except ModuleNotFoundError as _error:
    raise ImportError(
        "torch.utils.tensorboard needs the package tensorboardX.\n\n"
        "Install it with: pip install 'rushlight[tensorboard]'. The files it writes are read by `tensorboard --logdir runs`."
    ) from _error

__all__ = ["SummaryWriter"]


def _plain(x: Any) -> Any:
    """Tensors as arrays, in containers too."""
    if isinstance(x, Tensor):
        return x.detach().float().numpy() if str(x.dtype) == "torch.bfloat16" else x.detach().numpy()
    if isinstance(x, dict):
        return {k: _plain(v) for k, v in x.items()}
    return type(x)(_plain(v) for v in x) if type(x) in (list, tuple) else x


class SummaryWriter(_Writer):  # type: ignore[misc]
    """Writes event files for TensorBoard; see tensorboardX for its methods. A model's graph is not supported."""

    def add_graph(self, *args: Any, **kwargs: Any) -> None:
        """Raises NotImplementedError."""
        raise NotImplementedError("SummaryWriter.add_graph: the graph of a model is not written")


def _converting(method: Any) -> Any:
    @functools.wraps(method)
    def run(self: Any, *args: Any, **kwargs: Any) -> Any:
        return method(self, *map(_plain, args), **{k: _plain(v) for k, v in kwargs.items()})

    return run


for _name in dir(_Writer):
    if _name.startswith("add_") and _name != "add_graph":
        setattr(SummaryWriter, _name, _converting(getattr(_Writer, _name)))
