"""Record what PyTorch's loaders, datasets and samplers give."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import torch
import torch.utils.data

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from data_cases import CASES, outcome  # noqa: E402


def main() -> None:
    """Write tests/golden/data.json."""
    golden = {name: outcome(torch, text) for name, text in CASES.items()}
    (ROOT / "tests" / "golden" / "data.json").write_text(json.dumps(golden, indent=1) + "\n")


if __name__ == "__main__":
    main()
