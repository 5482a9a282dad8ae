"""``torchvision.datasets.utils``: checksums and archives of files that lie on this machine. Nothing is downloaded."""

from __future__ import annotations

import hashlib
import os
import tarfile
import zipfile
from pathlib import Path
from typing import Any


def calculate_md5(fpath: Any, chunk_size: int = 1024 * 1024) -> str:
    """The MD5 checksum of a file."""
    found = hashlib.md5(usedforsecurity=False)
    with open(fpath, "rb") as file:
        while chunk := file.read(chunk_size):
            found.update(chunk)
    return found.hexdigest()


def check_md5(fpath: Any, md5: str, **kwargs: Any) -> bool:
    """Whether a file has this checksum."""
    return md5 == calculate_md5(fpath, **kwargs)


def check_integrity(fpath: Any, md5: str | None = None) -> bool:
    """Whether a file is there and, if a checksum is given, has it."""
    return os.path.isfile(fpath) and (md5 is None or check_md5(fpath, md5))


def download_url(url: str, root: Any, filename: Any = None, md5: str | None = None, max_redirect_hops: int = 3) -> None:
    """Accept a file that is there already.

    Raises:
        RuntimeError: if it is not, as nothing is downloaded here; the message says where it belongs.
    """
    path = os.path.join(os.path.expanduser(root), filename or os.path.basename(url))
    if not check_integrity(path, md5):
        what = "has another checksum" if os.path.isfile(path) else "is not there"
        raise RuntimeError(f"{path} {what}, and nothing is downloaded here. Put the file from {url} there.")


def download_and_extract_archive(
    url: str,
    download_root: Any,
    extract_root: Any = None,
    filename: Any = None,
    md5: str | None = None,
    remove_finished: bool = False,
) -> None:
    """``download_url``, then ``extract_archive``."""
    download_root = os.path.expanduser(download_root)
    name = filename or os.path.basename(url)
    download_url(url, download_root, name, md5)
    extract_archive(os.path.join(download_root, name), extract_root or download_root, remove_finished)


def extract_archive(from_path: Any, to_path: Any = None, remove_finished: bool = False) -> str:
    """Unpack a tar or zip file, beside it unless ``to_path`` says where."""
    to_path = os.path.dirname(from_path) if to_path is None else to_path
    if zipfile.is_zipfile(from_path):
        with zipfile.ZipFile(from_path) as archive:
            archive.extractall(to_path)
    else:
        with tarfile.open(from_path) as tar:
            tar.extractall(to_path, **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))  # type: ignore[arg-type]
    if remove_finished:
        os.remove(from_path)
    return str(to_path)


def list_dir(root: Any, prefix: bool = False) -> list[str]:
    """The folders in a folder, with its path if ``prefix``."""
    return _listed(root, prefix, os.path.isdir)


def list_files(root: Any, suffix: Any, prefix: bool = False) -> list[str]:
    """The files in a folder whose names end with ``suffix`` (a text, or a tuple of several), with its path if ``prefix``."""
    return [name for name in _listed(root, prefix, os.path.isfile) if name.endswith(suffix)]


def _listed(root: Any, prefix: bool, kind: Any) -> list[str]:
    root = Path(root).expanduser()
    names = [name for name in os.listdir(root) if kind(root / name)]
    return [os.path.join(root, name) for name in names] if prefix else names


def verify_str_arg(value: Any, arg: str | None = None, valid_values: Any = None, custom_msg: str | None = None) -> str:
    """A text, one of ``valid_values``.

    Raises:
        ValueError: if it is another, or no text.
    """
    if not isinstance(value, str):
        raise ValueError(
            f"Expected type str{'' if arg is None else f' for argument {arg}'}, but got type {type(value)}."
        )
    if valid_values is not None and value not in valid_values:
        known = ", ".join(map(repr, valid_values))
        raise ValueError(
            custom_msg
            or f"Unknown value '{value}'{'' if arg is None else f' for argument {arg}'}. Valid values are {{{known}}}."
        )
    return value
