"""Record what PyTorch's views, indices and index writes are."""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path

import torch

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from view_cases import answers  # noqa: E402


def main() -> None:
    """Write tests/golden/views.json.gz."""
    text = json.dumps(answers(torch))
    (ROOT / "tests" / "golden" / "views.json.gz").write_bytes(gzip.compress(text.encode(), 9, mtime=0))


if __name__ == "__main__":
    main()
