"""Run a program that was written for torch, as `python PROGRAM` would run it."""

from __future__ import annotations

import builtins
import os
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

from .. import fpstate
from . import tracebacks
from .alias import install_as_torch
from .notebook import run_notebook


def run_file(
    path: str,
    arguments: list[str],
    legacy: bool = False,
    notebook: Callable[[bytes, str, dict[str, Any]], None] = run_notebook,
    failed: Callable[[BaseException], None] | None = None,
) -> int:
    """Run a script or an ``.ipynb`` notebook as ``__main__`` with ``import torch`` meaning Rushlight; the exit status.

    ``SystemExit`` passes through to the caller. NumPy's floating-point warnings are off for the whole process, since
    here the process is ours. ``legacy`` lets idioms of torch 0.1 to 0.4 through; ``notebook`` is how notebooks are run; ``failed``
    gets what the program did not catch, before it is shown.
    """
    try:
        source = read(path)
    except OSError as error:
        print(f"rushlight: can't open file '{path}': {error.strerror}", file=sys.stderr)
        return 2
    _enter_program(path, arguments, legacy)
    try:
        _run(source, path, notebook)
        sys.stdout.flush()
    except SystemExit:
        raise
    except BrokenPipeError:
        # Who reads our output has gone (`| head`). The interpreter would complain again when it flushes at its exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except BaseException as error:
        if failed is not None:
            failed(error)
        tracebacks.show(error)
        return 130 if isinstance(error, KeyboardInterrupt) else 1
    return 0


def read(path: str) -> bytes:
    """The source of a program."""
    with open(path, "rb") as file:
        return file.read()


def execute(path: str, arguments: list[str]) -> None:
    """Run a program as ``run_file`` does, and let what it raises pass."""
    source = read(path)
    _enter_program(path, arguments, legacy=False)
    _run(source, path, run_notebook)


def _run(source: bytes, path: str, notebook: Callable[[bytes, str, dict[str, Any]], None]) -> None:
    if path.endswith(".ipynb"):
        notebook(source, path, _fresh_main())
    else:
        namespace = _fresh_main(__file__=path, __cached__=None)
        exec(compile(source, path, "exec", dont_inherit=True), namespace)


def _enter_program(path: str, arguments: list[str], legacy: bool) -> None:
    """Make the process look as it does to a program that the interpreter was started with."""
    sys.argv = [path, *arguments]
    folder = os.path.dirname(os.path.abspath(path))
    if sys.flags.safe_path:
        sys.path.insert(0, folder)
    else:
        sys.path[0] = folder
    install_as_torch()
    fpstate.program_mode()
    if legacy:
        from .legacy import install_legacy

        install_legacy()


def _fresh_main(**names: Any) -> dict[str, Any]:
    """The namespace of a new ``__main__``, in ``sys.modules`` so that the program's classes pickle."""
    main = ModuleType("__main__")
    sys.modules["__main__"] = main
    main.__dict__.update(__builtins__=builtins, **names)
    return main.__dict__
