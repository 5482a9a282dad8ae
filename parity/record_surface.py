"""Record what PyTorch prints for the programs in tests/surface; with names, only for those."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

TESTS = Path(__file__).parent.parent / "tests"
GOLDEN = TESTS / "golden" / "surface.json"


def printed(name: str) -> str:
    """What torch prints for a program."""
    program = TESTS / "surface" / f"{name}.py"
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, "-W", "ignore", str(program)], capture_output=True, text=True, cwd=folder, check=False
        )
    if done.returncode:
        raise SystemExit(f"{name}: {done.stderr}")
    return done.stdout


def main() -> None:
    """Write tests/golden/surface.json."""
    known = json.loads(GOLDEN.read_text()) if GOLDEN.exists() else {}
    programs = sorted(path.stem for path in (TESTS / "surface").glob("*.py"))
    for name in sys.argv[1:] or programs:
        known[name] = printed(name)
    GOLDEN.write_text(json.dumps({name: known[name] for name in programs if name in known}, indent=1) + "\n")


if __name__ == "__main__":
    main()
