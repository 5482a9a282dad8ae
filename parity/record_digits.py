"""Records the checksums of tests/digit_cases.py with torch."""

import json
import sys
from pathlib import Path

import conftest

torch = conftest.torch  # which has been told there whose digits are followed

TESTS = Path(__file__).parent.parent / "tests"
sys.path.insert(0, str(TESTS))

from digit_cases import CASES, COMPILED, checksum  # noqa: E402

if __name__ == "__main__":
    torch.set_num_threads(conftest.THREADS)
    found = {name: checksum(torch, name) for name in CASES | COMPILED}
    (TESTS / "golden" / "digits.json").write_text(json.dumps(found, indent=1) + "\n")
