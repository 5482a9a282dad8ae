"""``torch.distributed.elastic.multiprocessing``."""

from ...submodules import loader as _loader

__getattr__ = _loader(__name__, "errors")
