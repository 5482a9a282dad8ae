"""Record what PyTorch prints for the autograd programs."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import torch

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from autograd_cases import answers  # noqa: E402


def main() -> None:
    """Write tests/golden/autograd.json."""
    (ROOT / "tests" / "golden" / "autograd.json").write_text(json.dumps(answers(torch), indent=1) + "\n")


if __name__ == "__main__":
    main()
