"""What the user calls things: variables of the frame that asks, parameters by the modules that hold them."""

from __future__ import annotations

from collections.abc import Iterator
from types import FrameType
from typing import Any

from ..nn.module import Module
from ..tensor import Tensor, edge_of

#: Containers up to this length are looked into: ``weights[0]``.
LONG = 100

#: A place in the graph: the node and the number of its output.
Key = tuple[int, int]


def of_frame(frame: FrameType | None) -> dict[Key, str]:
    """Names of tensors, by their place in the graph, from the variables of a frame. Locals go before globals."""
    found: dict[Key, str] = {}
    if frame is not None:
        add_all(found, frame.f_locals)
        if frame.f_locals is not frame.f_globals:
            add_all(found, frame.f_globals)
    return found


def of_given(given: Any) -> dict[Key, str]:
    """Names from what the user passed: a module, or a dict from names to tensors and modules."""
    found: dict[Key, str] = {}
    if isinstance(given, Module):
        add_module(found, "", given)
    elif given is not None:
        add_all(found, given)
    return found


def add_all(found: dict[Key, str], variables: dict[str, Any]) -> None:
    """Take in the tensors, modules and containers among variables; a name that is there stays."""
    items = [(name, x) for name, x in list(variables.items()) if not name.startswith("_")]
    for name, x in items:
        if isinstance(x, Tensor):
            add(found, name, x)
    for name, x in items:
        if isinstance(x, Module):
            add_module(found, name if name != "self" else type(x).__name__, x)
        for place, element in elements(name, x):
            if isinstance(element, Tensor):
                add(found, place, element)


def elements(name: str, container: Any) -> Iterator[tuple[str, Any]]:
    """What a list, tuple or dict holds, with its name: ``weights[0]``, ``nets['a']``. Nothing of anything else, or of a long one."""
    if isinstance(container, (list, tuple, dict)) and len(container) <= LONG:
        for key, x in list(container.items() if isinstance(container, dict) else enumerate(container)):
            yield f"{name}[{key!r}]", x


def title_of(module: Module) -> str:
    """``Linear(in_features=10, out_features=5, bias=True)``; without settings of several lines, or that fail to be told."""
    try:
        settings = module.extra_repr()
    except Exception:
        return type(module).__name__
    return f"{type(module).__name__}({settings if chr(10) not in settings else ''})"


def add_module(found: dict[Key, str], name: str, module: Module) -> None:
    for path, parameter in module.named_parameters():
        add(found, f"{name}.{path}" if name else path, parameter)


def add(found: dict[Key, str], name: str, tensor: Tensor) -> None:
    edge = edge_of(tensor)
    if edge is not None:
        found.setdefault((id(edge[0]), edge[1]), name)
