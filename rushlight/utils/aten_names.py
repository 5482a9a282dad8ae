"""How PyTorch knows our records below its functions: ``torch.ops.aten.mm.default``. Programs name them to say what is saved or counted."""

from __future__ import annotations

from typing import Any

from ..library import OpOverload, namespace
from ..tensor import Tensor

_aten: Any = namespace("aten")

#: Records with another name than PyTorch's operation.
_NAMES = {
    "convolve": "convolution", "convolve_input": "convolution", "attend": "_scaled_dot_product_flash_attention_for_cpu",
    "softmax": "_softmax", "log_softmax": "_log_softmax", "unsafe_view": "_unsafe_view", "copied_reshape": "clone",
    "reshape_alias": "view",
}  # fmt: skip

#: Overloads that are not ``default``.
_OVERLOADS = {
    "transpose": "int", "select": "int", "slice": "Tensor", "softmax": "int", "split": "Tensor", "unbind": "int", "amax": "default",
    "var": "correction", "std": "correction", "cumsum": "default",
}  # fmt: skip
_OF_NUMBERS = frozenset("eq ne lt le gt ge remainder fmod floor_divide bitwise_and bitwise_or bitwise_xor".split())


def name_of(op: Any) -> str:
    """PyTorch's name of a record: ``"convolution"``."""
    return _NAMES.get(op.name, op.name)  # type: ignore[no-any-return]


def overload_of(op: Any, inputs: tuple[Any, ...], attrs: dict[str, Any]) -> OpOverload:
    """The form of an operation that a call is, ``torch.ops.aten.add.Tensor``."""
    name = name_of(op)
    if op.name in _OVERLOADS:
        form = _OVERLOADS[op.name]
    elif op.name == "pow":
        form = "_".join("Tensor" if isinstance(x, Tensor) else "Scalar" for x in inputs)
    elif op.family == "elementwise" and len(op.inputs) == 2:
        form = "Scalar" if op.name in _OF_NUMBERS and not isinstance(inputs[1], Tensor) else "Tensor"
    elif op.family == "reduction" and attrs.get("dim") not in (None, ()) and not attrs.get("full"):
        form = "dim_IntList" if op.name == "sum" else "dim"
    else:
        form = "default"
    packet = getattr(_aten, name, None)
    if packet is None:  # a part of a function, which PyTorch has in another cut
        packet = _aten.part(name)
    return getattr(packet, form)  # type: ignore[no-any-return]
