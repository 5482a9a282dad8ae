"""``torch.linalg``: the names that the registries place here."""

from __future__ import annotations

from .functions import FUNCTIONS
from .op import REGISTRY

globals().update({op.torch_name[7:]: op.public for op in REGISTRY.values() if op.torch_name.startswith("linalg.")})
globals().update({name[7:]: f.fn for name, f in FUNCTIONS.items() if name.startswith("linalg.")})
