"""``torch.testing``: comparing tensors, with messages that say how they differ."""

from .comparison import assert_allclose, assert_close
from .creation import make_tensor

__all__ = ["assert_allclose", "assert_close", "make_tensor"]
