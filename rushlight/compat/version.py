"""The version of torch whose behaviour Rushlight reproduces, as programs read and compare it."""

from __future__ import annotations

import re
from typing import Any

from ..version import __version__ as TORCH_VERSION  # noqa: F401

_VERSION = re.compile(
    r"v?(?P<release>\d+(?:\.\d+)*)[-_.]?(?:(?P<pre>a|b|rc|alpha|beta|dev|post)[-_.]?(?P<number>\d*))?"
    r"(?:[-_.]?dev\d*)?(?:\+(?P<local>[a-z0-9.]+))?",
    re.IGNORECASE,
)
_STAGES = {"dev": -4, "a": -3, "alpha": -3, "b": -2, "beta": -2, "rc": -1, "": 0, "post": 1}


def _key(version: Any) -> tuple[Any, ...] | None:
    """Sort key of a version string or tuple in PEP 440's order; None if it is not a version."""
    text = ".".join(map(str, version)) if isinstance(version, tuple | list) else str(version)
    match = _VERSION.fullmatch(text.strip())
    if match is None:
        return None
    release = [int(part) for part in match["release"].split(".")]
    while release and release[-1] == 0:
        release.pop()
    stage = _STAGES[(match["pre"] or "").lower()]
    return tuple(release), stage, int(match["number"] or 0), match["local"] or ""


class TorchVersion(str):
    """A string that compares as a version: ``torch.__version__ >= "2.5"`` and ``>= (2, 5)`` are both true.

    What is no version (``"nightly"``) compares as text.
    """

    def _compare(self, other: Any, name: str) -> bool:
        ours, theirs = _key(self), _key(other)
        if ours is None or theirs is None:
            return bool(getattr(str, name)(self, other))
        return bool(getattr(tuple, name)(ours, theirs))

    def __eq__(self, other: Any) -> bool:
        return self._compare(other, "__eq__")

    def __ne__(self, other: Any) -> bool:
        return not self == other

    def __lt__(self, other: Any) -> bool:
        return self._compare(other, "__lt__")

    def __le__(self, other: Any) -> bool:
        return self._compare(other, "__le__")

    def __gt__(self, other: Any) -> bool:
        return self._compare(other, "__gt__")

    def __ge__(self, other: Any) -> bool:
        return self._compare(other, "__ge__")

    __hash__: Any = str.__hash__
