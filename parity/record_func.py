"""Record PyTorch's answers to the programs of torch.func, vmap, forward mode and autograd.functional."""

from __future__ import annotations

import gzip
import json
import sys
import warnings
from pathlib import Path

import torch

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from func_cases import GROUPS, answers  # noqa: E402


def main() -> None:
    """Write tests/golden/func.json.gz."""
    warnings.simplefilter("ignore")
    golden = json.dumps({group: answers(torch, group) for group in GROUPS}, indent=1)
    (ROOT / "tests" / "golden" / "func.json.gz").write_bytes(gzip.compress(golden.encode(), mtime=0))


if __name__ == "__main__":
    main()
