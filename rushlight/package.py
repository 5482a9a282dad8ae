"""``torch.package``: archives of code and data; what is called says what to use instead."""

from __future__ import annotations

from . import errors, missing

_NAMES = (
    "Directory EmptyMatchError GlobGroup Importer ObjMismatchError ObjNotFoundError OrderedImporter PackageExporter "
    "PackageImporter PackagingError is_from_package sys_importer"
)
__all__ = _NAMES.split()  # noqa: PLE0605

globals().update(errors.absent("torch.package", _NAMES, missing.PACKAGE))
