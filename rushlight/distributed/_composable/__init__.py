"""``torch.distributed._composable``: older names of what ``torch.distributed.fsdp`` has."""

from ..submodules import loader as _loader

__getattr__ = _loader(__name__, "fsdp")
