"""Record the course of PyTorch's optimizers and schedulers."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import torch

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from optim_cases import OPTIMIZERS, SCHEDULERS, course, schedule  # noqa: E402


def main() -> None:
    """Write tests/golden/optim.json."""
    golden = {
        "optimizers": {case: course(torch, case) for case in OPTIMIZERS},
        "schedulers": {case: schedule(torch, case) for case in SCHEDULERS},
    }
    (ROOT / "tests" / "golden" / "optim.json").write_text(json.dumps(golden, indent=None) + "\n")


if __name__ == "__main__":
    main()
