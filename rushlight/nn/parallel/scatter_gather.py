"""``torch.nn.parallel.scatter_gather``."""

from .data_parallel import gather, scatter

__all__ = ["gather", "scatter"]
