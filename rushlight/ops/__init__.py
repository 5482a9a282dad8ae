"""The ops, one family a file, simplest first. Importing this package fills the registry."""

from . import (  # noqa: F401
    arithmetic,
    compare,
    create,
    division,
    gradient_fit,
    indexing,
    legacy_types,
    movement,
    reduction,
    regions,
    sampling,
    unary,
    writes,
)
