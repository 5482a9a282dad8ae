"""``rushlight.init``: how weights were drawn, and what that does to a signal. The functions that draw are in ``torch.nn.init``."""

from .compare import WAYS, Comparison, compare, examples
from .report import Report, report

__all__ = ["WAYS", "Comparison", "Report", "compare", "examples", "report"]
