"""Record what PyTorch says at each step of the random programs that the default tests replay."""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path

import torch

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from random_programs import SEEDS, make, run  # noqa: E402


def main() -> None:
    """Write tests/golden/programs.json.gz."""
    logs = {seed: run(torch, make(seed)) for seed in SEEDS}
    for log in logs.values():
        for step in log:
            if not step["message"]:
                del step["message"]
    text = json.dumps(logs, separators=(",", ":"))
    path = ROOT / "tests" / "golden" / "programs.json.gz"
    path.write_bytes(gzip.compress(text.encode(), 9, mtime=0))
    print(path.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
