"""Tracebacks that end in the user's line.

What lies between a program's own lines and the message, Rushlight's frames and those of the libraries it called,
says nothing to who wrote the program. RUSHLIGHT_FULL_TRACEBACK=1 shows everything.
"""

from __future__ import annotations

import os
import sys
import sysconfig
import traceback
from pathlib import Path
from types import TracebackType

PACKAGE = str(Path(__file__).resolve().parent.parent) + os.sep
_LIBRARIES = tuple(
    str(Path(folder).resolve()) + os.sep
    for folder in (sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib"))
    if folder
)


def show(error: BaseException) -> None:
    """Print an uncaught exception the way the interpreter does, in the program's own frames."""
    if not os.environ.get("RUSHLIGHT_FULL_TRACEBACK"):
        trim(error)
    if sys.excepthook is sys.__excepthook__:
        # The interpreter's own hook reads source lines from files only, and a notebook's cells are not files.
        traceback.print_exception(error)
    else:
        sys.excepthook(type(error), error, error.__traceback__)


def trim(error: BaseException, seen: set[int] | None = None) -> None:
    """Take Rushlight's frames out of an exception's traceback and out of those chained to it."""
    seen = set() if seen is None else seen
    if id(error) in seen:
        return
    seen.add(id(error))
    error.__traceback__ = user_frames(error.__traceback__)
    for chained in (error.__cause__, error.__context__):
        if chained is not None:
            trim(chained, seen)
    # What happened wholly inside Rushlight while the error came about is not the program's story.
    if error.__context__ is not None and error.__context__.__traceback__ is None and error.__cause__ is None:
        error.__suppress_context__ = True


def user_frames(entry: TracebackType | None) -> TracebackType | None:
    """The same traceback without Rushlight's frames and without those of libraries that Rushlight called."""
    kept = []
    inside = False
    while entry is not None:
        file = entry.tb_frame.f_code.co_filename
        if file.startswith(PACKAGE):
            inside = True
        elif not (inside and file.startswith((*_LIBRARIES, "<frozen "))):
            inside = False
            kept.append(entry)
        entry = entry.tb_next
    result: TracebackType | None = None
    for frame in reversed(kept):
        result = TracebackType(result, frame.tb_frame, frame.tb_lasti, frame.tb_lineno)
    return result
