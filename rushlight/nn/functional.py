"""``torch.nn.functional``: the names that the registries place here."""

from __future__ import annotations

from ..functions import FUNCTIONS
from ..op import REGISTRY

_HERE = "nn.functional."

globals().update(
    {op.torch_name.removeprefix(_HERE): op.public for op in REGISTRY.values() if op.torch_name.startswith(_HERE)}
)
globals().update({name.removeprefix(_HERE): f.fn for name, f in FUNCTIONS.items() if name.startswith(_HERE)})
