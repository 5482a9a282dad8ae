"""The ops, one family a file. Importing this package fills the registry with the families that nearly every program needs.

The others wait for the first use of one of their names (``rushlight.families``), since an import has little time.
"""

import importlib

COMMON = (
    "arithmetic", "compare", "convert", "create", "gradient_fit", "indexing", "joining", "legacy_types", "likes", "matmul", "movement",
    "powers", "ranges", "reduction", "regions", "sampling", "splitting", "unary", "views", "writes",
)  # fmt: skip

for _family in COMMON:
    importlib.import_module(f"{__name__}.{_family}")
