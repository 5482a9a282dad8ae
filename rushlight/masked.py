"""``torch.masked``: the functions that the registries place here. PyTorch's MaskedTensor, a prototype, is not there."""

from __future__ import annotations

from .errors import absent
from .families import module_getattr, waiting
from .op import names_under

globals().update(names_under("masked."))
globals().update(
    absent(
        "torch.masked",
        "MaskedTensor masked_tensor as_masked_tensor",
        "Keep the mask in a tensor of its own and pass it as mask= to the functions of torch.masked.",
    )
)
__getattr__ = module_getattr("masked.", __name__)


def is_masked_tensor(obj: object) -> bool:
    """False: there are no masked tensors."""
    return False


def __dir__() -> list[str]:
    return sorted({*globals(), *waiting("masked.")})
