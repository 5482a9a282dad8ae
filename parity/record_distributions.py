"""Record what PyTorch's distributions print, draw and compute."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import torch

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from distribution_cases import CASES, describe  # noqa: E402


def main() -> None:
    """Write tests/golden/distributions.json."""
    golden = {name: describe(torch, text) for name, text in CASES.items()}
    (ROOT / "tests" / "golden" / "distributions.json").write_text(json.dumps(golden) + "\n")


if __name__ == "__main__":
    main()
