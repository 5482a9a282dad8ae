"""Silence NumPy's floating-point warnings for our arithmetic only.

PyTorch computes ``1 / 0`` and ``log(-1)`` without a word; NumPy warns. ``numpy.errstate`` costs about a
microsecond an operation, so the one context variable behind it is set and reset directly (a tenth of that), and
``numpy.errstate`` stays as the fallback should NumPy move it. The user's own ``numpy.geterr()`` never changes, except in
program mode, where Rushlight owns the process.
"""

from __future__ import annotations

from contextvars import Context
from typing import Any

import numpy as np

try:
    from numpy._core import umath as _umath

    _state: Any = _umath._extobj_contextvar
    QUIET: Any = _umath._make_extobj(all="ignore")
    enter = _state.set
    leave = _state.reset
    leave(enter(QUIET))
    _quiet_context = Context()
    _quiet_context.run(enter, QUIET)
    quietly: Any = _quiet_context.run
except (ImportError, AttributeError, TypeError):  # another NumPy: the public, slower way
    QUIET = None

    def enter(_: Any) -> Any:
        manager = np.errstate(all="ignore")
        manager.__enter__()
        return manager

    def leave(token: Any) -> None:
        token.__exit__(None, None, None)

    def quietly(f: Any, *args: Any) -> Any:  # type: ignore[misc]
        with np.errstate(all="ignore"):
            return f(*args)


#: ``quietly(f, *args)``: the shortest way, for a body that is one NumPy call or two. The call runs in a context in which
#: NumPy is quiet, so nothing is set or reset. Only one thread at a time can be inside: another gets a RuntimeError from it
#: at once and goes the other way.


class quiet:
    """``with quiet():`` the long form of ``enter``/``leave``, for code where a microsecond does not matter."""

    __slots__ = ("token",)

    def __enter__(self) -> None:
        self.token: Any = enter(QUIET)

    def __exit__(self, *exc: object) -> None:
        leave(self.token)


def program_mode() -> None:
    """Make NumPy quiet for the whole process, as PyTorch programs expect; only the runner calls this."""
    np.seterr(all="ignore")
