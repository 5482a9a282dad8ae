"""``torch.onnx``: absent. Programs import it and ask; what would write a model says that it cannot."""

from __future__ import annotations

from typing import Any

from . import errors

_WRITERS = (
    "export register_custom_op_symbolic unregister_custom_op_symbolic select_model_mode_for_export ONNXProgram "
    "ExportableModule InputObserver"
)


def is_in_onnx_export() -> bool:
    """False."""
    return False


globals().update(
    errors.absent("torch.onnx", _WRITERS, "Rushlight writes no ONNX files. Keep the model with torch.save.")
)


def __getattr__(name: str) -> Any:
    raise AttributeError(f"module 'torch.onnx' has no attribute '{name}'")
