"""The ops, one family a file, simplest first. Importing this package fills the registry."""

from . import (  # noqa: F401
    activation,
    arithmetic,
    compare,
    conv,
    convert,
    create,
    embedding,
    gradient_fit,
    indexing,
    legacy_types,
    losses,
    matmul,
    movement,
    rearrange,
    reduction,
    regions,
    sampling,
    special_functions,
    unary,
    writes,
)
