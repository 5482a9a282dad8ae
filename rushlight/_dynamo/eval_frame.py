"""``torch._dynamo.eval_frame``."""

from __future__ import annotations

from ..nn.module import Module


class OptimizedModule(Module):
    """A module that ``torch.compile`` has compiled. It hands modules back as they are: none is of this class."""
