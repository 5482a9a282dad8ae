"""``torch.utils.tensorboard.writer``."""

from . import SummaryWriter

__all__ = ["SummaryWriter"]
