"""``torch.distributed.algorithms._checkpoint``."""

from ...submodules import loader as _loader

__getattr__ = _loader(__name__, "checkpoint_wrapper")
