"""Records what PyTorch answers to the programs of ``tests/dispatch_cases.py``: ``python parity/record_dispatch.py``."""

import json
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "tests"))
GOLDEN = HERE.parent / "tests" / "golden" / "dispatch.json"

from dispatch_cases import CASES, world  # noqa: E402


def answers(torch):
    """What each case gives."""
    return {name: run(world(torch)) for name, run in CASES.items()}


if __name__ == "__main__":
    import torch

    GOLDEN.write_text(json.dumps(answers(torch), indent=1) + "\n")
