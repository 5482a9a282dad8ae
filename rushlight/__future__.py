"""``torch.__future__``: how ``Module.to`` changes parameters; kept, and of no effect where nothing changes device."""

from __future__ import annotations

_state = {"overwrite": False, "swap": False}


def set_overwrite_module_params_on_conversion(value: bool) -> None:
    """Whether a conversion gives modules new parameters instead of changing ``.data`` of those they have. Kept."""
    _state["overwrite"] = value


def get_overwrite_module_params_on_conversion() -> bool:
    """What was set; False."""
    return _state["overwrite"]


def set_swap_module_params_on_conversion(value: bool) -> None:
    """Whether a conversion exchanges what parameters hold with ``torch.utils.swap_tensors``. Kept."""
    _state["swap"] = value


def get_swap_module_params_on_conversion() -> bool:
    """What was set; False."""
    return _state["swap"]
