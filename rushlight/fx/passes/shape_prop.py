"""Run a graph and note shapes and dtypes at its nodes."""

from __future__ import annotations

from typing import Any, NamedTuple

from ...tensor import Tensor
from ...types import contiguous_format
from ..interpreter import Interpreter
from ..node import Node, map_aggregate


class TensorMetadata(NamedTuple):
    """What is noted of a tensor."""

    shape: Any
    dtype: Any
    requires_grad: bool
    stride: tuple[int, ...]
    memory_format: Any
    is_quantized: bool
    qparams: dict[str, Any]


def metadata(x: Any) -> Any:
    """What is noted of a value: a tensor's metadata, anything else as it is."""
    if not isinstance(x, Tensor):
        return x
    layout = contiguous_format if x._a.flags.c_contiguous else None
    return TensorMetadata(x.shape, x.dtype, x.requires_grad, x.stride(), layout, False, {})


class ShapeProp(Interpreter):
    """Notes in each node's ``meta`` the ``tensor_meta`` of its value and its ``type``."""

    def __init__(self, gm: Any, fake_mode: Any = None):
        super().__init__(gm)

    def run_node(self, n: Node) -> Any:
        result = super().run_node(n)
        seen: list[Any] = []

        def noted(x: Any) -> Any:
            if isinstance(x, Tensor):
                seen.append(x)
            return metadata(x)

        meta = map_aggregate(result, noted)
        if seen:
            n.meta["tensor_meta"] = meta
        n.meta["type"] = type(result)
        return result

    def propagate(self, *args: Any) -> Any:
        """Run the graph on these inputs; its result."""
        return self.run(*args)
