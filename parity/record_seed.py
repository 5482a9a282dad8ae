"""Record what torch prints for the seed notebook into tests/golden/seed.txt: python parity/record_seed.py

The second cell is run after `torch.manual_seed(0)`, so that its draws and those of the third can be compared.
"""

import contextlib
import io
import json
from pathlib import Path

import torch

ROOT = Path(__file__).parent.parent


def main():
    cells = json.loads((ROOT / "tests/data/seed.ipynb").read_text(encoding="utf-8"))["cells"]
    loop, *drawing = ["".join(cell["source"]) for cell in cells]
    namespace = {"__name__": "__main__"}
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(loop, namespace)
        torch.manual_seed(0)
        for cell in drawing:
            *statements, last = cell.strip().splitlines()
            exec("\n".join(statements), namespace)
            print(repr(eval(last, namespace)))
    (ROOT / "tests/golden/seed.txt").write_text(printed.getvalue())


if __name__ == "__main__":
    main()
