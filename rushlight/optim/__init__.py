"""``torch.optim``: change parameters by their gradients. The base is ``optimizer``; an algorithm is one formula on arrays."""

from typing import Any

from . import lr_scheduler, swa_utils
from .adafactor import Adafactor
from .adam import Adam, AdamW
from .adaptive import ASGD, Adadelta, Adagrad, Adamax, NAdam, RAdam, RMSprop, Rprop
from .lbfgs import LBFGS
from .muon import Muon
from .optimizer import Optimizer
from .sgd import SGD

__all__ = [
    "ASGD", "LBFGS", "SGD", "Adadelta", "Adafactor", "Adagrad", "Adam", "AdamW", "Adamax", "Muon", "NAdam", "Optimizer",
    "RAdam", "RMSprop", "Rprop", "SparseAdam", "lr_scheduler", "swa_utils",
]  # fmt: skip


class SparseAdam(Optimizer):
    """Adam for sparse gradients. There are none here."""

    def __init__(
        self, params: Any, lr: Any = 1e-3, betas: Any = (0.9, 0.999), eps: float = 1e-8, maximize: bool = False
    ):
        raise NotImplementedError(
            "torch.optim.SparseAdam: sparse gradients are not supported. Use Adam on a dense gradient "
            "(nn.Embedding with sparse=False)."
        )
