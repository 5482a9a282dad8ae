"""PyTorch's other names for a function: functions of their own (``torch.absolute is torch.abs`` is False), which do the same.

They share everything but the name, so a call takes no longer. Their code is a copy of its own all the same: it tells in a frame
by which name a function was called, for those who have to know (``__torch_function__``), and nobody else pays for it.
"""

from __future__ import annotations

import sys
from types import FunctionType
from typing import Any

from .doors import original

#: Functions of ``torch.nn.functional`` that are none of Python's in PyTorch, and are the same objects in ``torch``; a traced
#: call of one is noted as it was made.
BUILT_IN = frozenset(
    "adaptive_avg_pool1d avg_pool1d avg_pool2d avg_pool3d bilinear celu_ channel_shuffle conv1d conv2d conv3d conv_tbc "
    "conv_transpose1d conv_transpose2d conv_transpose3d cosine_similarity elu_ gelu hardshrink hardtanh_ leaky_relu_ linear "
    "logsigmoid native_channel_shuffle one_hot pairwise_distance pdist pixel_shuffle pixel_unshuffle prelu relu_ rrelu_ "
    "scaled_dot_product_attention selu_ softplus softshrink threshold_".split()
)

#: By the function, then by the other name. The function is kept, so that its id stays its own.
_others: dict[int, tuple[Any, dict[str, FunctionType]]] = {}
#: The function that runs a code.
_by_code: dict[int, FunctionType] = {}


def called(function: Any, name: str) -> Any:
    """A public function under another name, which may have a module; the same object each time."""
    if not isinstance(function, FunctionType) or "." in name or (name in BUILT_IN and name == function.__name__):
        return function
    known = _others.setdefault(id(function), (function, {}))[1]
    if name not in known:
        code = original.get(id(function), function.__code__).replace(co_qualname=name)
        other = FunctionType(code, function.__globals__, name, function.__defaults__, function.__closure__)
        other.__kwdefaults__, other.__doc__ = function.__kwdefaults__, function.__doc__
        other.__dict__.update(function.__dict__)
        other.__annotations__, other.__qualname__ = function.__annotations__, name
        other.__module__ = function.__module__.partition(".")[
            0
        ]  # where pickle finds it: names without a module stand in ``torch``
        known[name] = _by_code[id(code)] = other
    return known[name]


def of(function: Any) -> dict[str, FunctionType]:
    """The other functions that do what this one does, by name, as far as they have been made."""
    return _others[id(function)][1] if id(function) in _others else {}


def running(function: Any) -> Any:
    """By which of its names a function is called just now, a few frames above."""
    others = of(function)
    frame = sys._getframe(1) if others else None
    for _ in range(12):
        if frame is None:
            break
        found = _by_code.get(id(frame.f_code))
        if found is not None and others.get(found.__name__) is found:
            return found
        frame = frame.f_back
    return function
