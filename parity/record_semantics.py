"""Record PyTorch's answers to the fifteen nastiest semantics."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import torch

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from semantics_cases import CASES, answer  # noqa: E402


def main() -> None:
    """Write tests/golden/semantics.json."""
    golden = {name: {case: answer(torch, case) for case in cases} for name, cases in CASES.items()}
    (ROOT / "tests" / "golden" / "semantics.json").write_text(json.dumps(golden, indent=1) + "\n")


if __name__ == "__main__":
    main()
