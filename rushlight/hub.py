"""``torch.hub``: models described by a ``hubconf.py``. One in a local folder is loaded; nothing is downloaded.

``load_state_dict_from_url`` reads the file if it lies in the cache folder already, as PyTorch does.
"""

from __future__ import annotations

import builtins
import hashlib
import importlib.util
import os
import re
import sys
import warnings
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlparse

HASH_REGEX = re.compile(r"-([a-f0-9]*)\.")
MODULE_HUBCONF = "hubconf.py"
VAR_DEPENDENCY = "dependencies"

_hub_dir: str | None = None


# --- where things lie ---------------------------------------------------------------------------------------------------
def _get_torch_home() -> str:
    cache = os.getenv("XDG_CACHE_HOME", "~/.cache")
    return os.path.expanduser(os.getenv("TORCH_HOME", os.path.join(cache, "torch")))


def get_dir() -> str:
    """The folder of models and checkpoints: what ``set_dir`` said, else ``$TORCH_HOME/hub`` (``~/.cache/torch/hub``)."""
    return os.path.join(_get_torch_home(), "hub") if _hub_dir is None else _hub_dir


def set_dir(d: str | os.PathLike[str]) -> None:
    """Choose the folder."""
    global _hub_dir
    _hub_dir = os.path.expanduser(d)


# --- models -------------------------------------------------------------------------------------------------------------
def list(  # noqa: A001
    github: str,
    force_reload: bool = False,
    skip_validation: bool = False,
    trust_repo: Any = "check",
    verbose: bool = True,
) -> builtins.list[str]:
    """The models of a repository that lies in the hub folder: the public functions of its ``hubconf.py``.

    Raises:
        NotImplementedError: if it does not lie there.
    """
    hubconf = _import_hubconf(_cached_repository(github))
    return [name for name, value in vars(hubconf).items() if callable(value) and not name.startswith("_")]


def help(  # noqa: A001
    github: str, model: str, force_reload: bool = False, skip_validation: bool = False, trust_repo: Any = "check"
) -> str | None:
    """The docstring of a model of a repository that lies in the hub folder."""
    return _entry(_import_hubconf(_cached_repository(github)), model).__doc__  # type: ignore[no-any-return]


def load(
    repo_or_dir: str, model: str, *args: Any, source: str = "github", trust_repo: Any = "check", force_reload: bool = False,
    verbose: bool = True, skip_validation: bool = False, **kwargs: Any,
) -> Any:  # fmt: skip
    """Call a function of a ``hubconf.py``: in a local folder (``source="local"``), or in a repository in the hub folder.

    Raises:
        FileNotFoundError: for a local folder without a hubconf.py. RuntimeError: if it lacks the model or a package that
            it needs. NotImplementedError: for a repository that would have to be downloaded.
    """
    source = source.lower()
    if source not in ("github", "local"):
        raise ValueError(f'Unknown source: "{source}". Allowed values: "github" | "local".')
    folder = _cached_repository(repo_or_dir) if source == "github" else Path(repo_or_dir).resolve()
    return _entry(_import_hubconf(folder), model)(*args, **kwargs)


def _cached_repository(github: str) -> Path:
    """The folder of ``owner/name[:ref]`` below the hub folder, named as PyTorch names it."""
    repository, _, ref = github.partition(":")
    owner, slash, name = repository.partition("/")
    if not slash or not owner or not name:
        raise ValueError(f'Expected "owner/name" or "owner/name:ref", but got "{github}"')
    for branch in [ref] if ref else ["main", "master"]:
        folder = Path(get_dir(), f"{owner}_{name}_{branch.replace('/', '_')}")
        if folder.is_dir():
            return folder
    _no_download(
        f"the repository {github}",
        f"Clone it (git clone https://github.com/{owner}/{name}) and write torch.hub.load(FOLDER, MODEL, source='local').",
    )


def _import_hubconf(folder: Path) -> Any:
    path = folder / MODULE_HUBCONF
    if not path.is_file():
        raise FileNotFoundError(2, "No such file or directory", str(path))
    spec: Any = importlib.util.spec_from_file_location("hubconf", path)
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(folder))  # it imports its neighbours, now and when a model is made
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(folder))
    module.__dict__["__folder__"] = str(folder)
    return module


def _entry(hubconf: Any, model: str) -> Any:
    if not isinstance(model, str):
        raise ValueError("Invalid input: model should be a string of function name")
    missing = [name for name in getattr(hubconf, VAR_DEPENDENCY, ()) if not _is_there(name)]
    if missing:
        raise RuntimeError(f"Missing dependencies: {', '.join(missing)}")
    function = getattr(hubconf, model, None)
    if function is None or not callable(function):
        raise RuntimeError(f"Cannot find callable {model} in hubconf")
    return function


def _is_there(package: str) -> bool:
    return package in sys.modules or importlib.util.find_spec(package) is not None


# --- files --------------------------------------------------------------------------------------------------------------
def download_url_to_file(url: str, dst: str, hash_prefix: str | None = None, progress: bool = True) -> None:
    """Copy a ``file:`` address to ``dst``, checking its SHA256 if a prefix of it is given.

    Raises:
        NotImplementedError: for an address on the network.
        RuntimeError: if the hash differs; ``dst`` is then left as it was.
    """
    parts = urlparse(url)
    if parts.scheme != "file":
        _no_download(url, f"Fetch it yourself and place it at {dst}.")
    content = Path(parts.path).read_bytes()
    _check_hash(content, hash_prefix)
    beside = Path(f"{os.path.expanduser(dst)}.{os.getpid()}.partial")
    beside.write_bytes(content)
    beside.replace(os.path.expanduser(dst))


def load_state_dict_from_url(
    url: str, model_dir: str | None = None, map_location: Any = None, progress: bool = True, check_hash: bool = False,
    file_name: str | None = None, weights_only: bool = False,
) -> Any:  # fmt: skip
    """The checkpoint of an address, from the folder where PyTorch would keep it.

    Raises:
        NotImplementedError: if it is not there, saying which file to put where.
    """
    if os.getenv("TORCH_MODEL_ZOO"):
        warnings.warn("TORCH_MODEL_ZOO is deprecated, please use env TORCH_HOME instead", stacklevel=2)
    name = file_name or os.path.basename(urlparse(url).path)
    path = Path(os.path.join(get_dir(), "checkpoints") if model_dir is None else model_dir, name)
    found = HASH_REGEX.search(name) if check_hash else None
    if not path.exists():
        if urlparse(url).scheme != "file":
            _no_download(url, f"Fetch it yourself and place it at {path}.")
        path.parent.mkdir(parents=True, exist_ok=True)
        download_url_to_file(url, str(path), found[1] if found else None)
    elif found:
        _check_hash(path.read_bytes(), found[1])
    from .serialization import load as read

    return read(path, map_location=map_location, weights_only=weights_only)


def _check_hash(content: bytes, prefix: str | None) -> None:
    digest = hashlib.sha256(content).hexdigest()
    if prefix is not None and not digest.startswith(prefix):
        raise RuntimeError(f'invalid hash value (expected "{prefix}", got "{digest}")')


def _no_download(what: str, advice: str) -> NoReturn:
    raise NotImplementedError(f"Rushlight downloads nothing, and {what} is not in the cache.\n\n{advice}")
