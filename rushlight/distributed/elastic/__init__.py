"""``torch.distributed.elastic``: what programs name of the launcher of several processes."""

from ..submodules import loader as _loader

__getattr__ = _loader(__name__, "multiprocessing")
