"""The ops, one family a file. Importing this package fills the registry with the families that nearly every program needs.

The others wait for the first use of one of their names (``rushlight.families``), since an import has little time.
"""

import importlib
import importlib.util

COMMON = (
    "arithmetic", "compare", "convert", "create", "expanding", "gradient_fit", "indexing", "joining", "legacy_types", "likes", "matmul",
    "movement", "powers", "ranges", "reduction", "regions", "sampling", "splitting", "unary", "views", "writes",
)  # fmt: skip

for _family in COMMON:
    importlib.import_module(f"{__name__}.{_family}")


def __getattr__(name: str) -> object:
    """``torch.ops.<name>``: operations that programs register; beside them our own families, which are modules."""
    if not name.startswith("_") and importlib.util.find_spec(f"{__name__}.{name}") is None:
        from ..classes import NO_NAMESPACES
        from ..library import namespace

        if name not in NO_NAMESPACES:
            return namespace(name)
    raise AttributeError(f"module 'torch.ops' has no attribute '{name}'")
