"""Record what PyTorch's modules are born as: repr, state_dict keys and a digest of the drawn values, per seed."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import torch

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from nn_cases import CASES, describe  # noqa: E402


def main() -> None:
    """Write tests/golden/nn.json."""
    golden = {case: describe(torch, case) for case in CASES}
    (ROOT / "tests" / "golden" / "nn.json").write_text(json.dumps(golden, indent=1) + "\n")


if __name__ == "__main__":
    main()
