"""Fresh processes, each of which measures one framework and answers one question."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

#: Settings that make NumPy's BLAS slower than it is, and one that has Python translate all modules anew in each process, which an installed
#: package does not ask of it.
SLOWING = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "PYTHONDONTWRITEBYTECODE")

# The measuring modules as a package of their own name: under `rushlight.bench`, PyTorch's process would import rushlight first.
_START = """\
import importlib.util, sys
folder, job, side, arguments = sys.argv[1:]
sys.path[:] = [path for path in sys.path if path]  # without the current folder
spec = importlib.util.spec_from_file_location("rushlight_bench", folder + "/__init__.py", submodule_search_locations=[folder])
sys.modules[spec.name] = module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
from rushlight_bench.measure import main
main(job, side, arguments)
"""


class Missing(Exception):
    """The framework of a side is not installed; the text says where it was looked for."""


class Failed(Exception):
    """A measured process ended with an error; the text is the last line of what it said, then all of it."""


@dataclass
class Sides:
    """Which Python runs which side (by default the one that runs this)."""

    pythons: Mapping[str, str] = field(default_factory=dict)

    def ask(self, side: str, job: str, environment: Mapping[str, str] | None = None, **arguments: Any) -> Any:
        """The answer of a fresh process of ``side`` to ``job`` (see ``measure.answer``). Raises Missing or Failed."""
        python = self.pythons.get(side, sys.executable)
        command = [python, "-c", _START, str(Path(__file__).parent), job, side, json.dumps(arguments)]
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, env=clean(os.environ) | dict(environment or {})
            )
        except OSError as error:
            raise Missing(f"{python} cannot be run: {error.strerror or error}") from None
        if done.returncode:
            said = done.stderr.strip() or f"no message, exit status {done.returncode}"
            raise Failed(f"{side}: {said.splitlines()[-1]}\n\n{said}")
        found = json.loads(done.stdout.splitlines()[-1])
        if isinstance(found, dict) and "missing" in found:
            raise Missing(found["missing"])
        return found


def clean(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment without what slows NumPy's BLAS."""
    return {name: value for name, value in environment.items() if name not in SLOWING}
