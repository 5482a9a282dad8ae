"""The ops, one family a file, simplest first. Importing this package fills the registry."""

from . import arithmetic, create, gradient_fit, legacy_types, regions, sampling  # noqa: F401
