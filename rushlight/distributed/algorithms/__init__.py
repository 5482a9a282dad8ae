"""``torch.distributed.algorithms``."""

from ..submodules import loader as _loader

__getattr__ = _loader(__name__, "_checkpoint join")
