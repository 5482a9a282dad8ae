"""What ``importlib.metadata`` says of torch under the alias: its name, its version, and what can be imported."""

from __future__ import annotations

import os
from importlib.metadata import Distribution
from pathlib import Path

from .version import TORCH_VERSION

_FILES = {
    "METADATA": f"Metadata-Version: 2.1\nName: torch\nVersion: {TORCH_VERSION}\nSummary: Rushlight, by the name of torch\n",
    "top_level.txt": "torch\n",
    "INSTALLER": "rushlight\n",
}


class TorchDistribution(Distribution):
    """The distribution "torch"; it has no files of its own."""

    def read_text(self, filename: str | os.PathLike[str]) -> str | None:
        """A file of its metadata; None if there is none of that name."""
        return _FILES.get(str(filename))

    def locate_file(self, path: str | os.PathLike[str]) -> Path:
        """Where a file of it would lie: in Rushlight's folder."""
        return Path(__file__).parents[1] / path
