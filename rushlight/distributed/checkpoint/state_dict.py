"""``torch.distributed.checkpoint.state_dict``: states of modules and optimizers, whole. One process has all of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ... import errors


@dataclass
class StateDictOptions:
    """What is wanted of them."""

    full_state_dict: bool = False
    cpu_offload: bool = False
    ignore_frozen_params: bool = False
    keep_submodule_prefixes: bool = True
    strict: bool = True
    broadcast_from_rank0: bool = False
    flatten_optimizer_state_dict: bool = False


def get_model_state_dict(model: Any, *, submodules: Any = None, options: Any = None) -> dict[str, Any]:
    """``model.state_dict()``; without what does not require grad, if the options say so."""
    frozen = {name for name, p in model.named_parameters() if not p.requires_grad}
    leave = frozen if options is not None and options.ignore_frozen_params else set()
    return {name: value for name, value in model.state_dict().items() if name not in leave}


def set_model_state_dict(model: Any, model_state_dict: Any, *, options: Any = None) -> Any:
    """``model.load_state_dict(model_state_dict)``."""
    return model.load_state_dict(model_state_dict, strict=options is None or options.strict)


globals().update(
    errors.absent(
        "torch.distributed.checkpoint.state_dict",
        "get_optimizer_state_dict get_state_dict set_optimizer_state_dict set_state_dict",
        "Its names of an optimizer's state are those of parameters: use optimizer.state_dict() and load_state_dict().",
    )
)
