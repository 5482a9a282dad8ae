"""Record how PyTorch prints tensors: writes `tests/golden/printing.json.gz` (recipe -> text).

Run from the project's root with an interpreter that has PyTorch 2.13: `python parity/record_printing.py`. The recipes'
arrays come from `build` in `tests/test_printing.py`, which replays them without PyTorch.
"""

import gzip
import itertools
import json
import runpy
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

ROOT = Path(__file__).parent.parent
TESTS = runpy.run_path(str(ROOT / "tests" / "test_printing.py"))
build, GOLDEN = TESTS["build"], TESTS["GOLDEN"]

FLOATS = ["float32", "float64", "float16", "bfloat16"]
COMPLEX = ["complex64", "complex128"]
INTS = ["int64", "int32", "int16", "int8", "uint8"]
KINDS = ["unit", "whole", "halves", "zeros", "decades", "specials", "mixed"]
SHAPES = [(), (1,), (7,), (40,), (3, 4), (2, 1, 5), (2, 2, 2, 3), (2, 1, 3, 1, 2)]
EMPTY = [(0,), (0, 3), (3, 0), (2, 0, 4), (1, 0, 0, 2, 0)]
LARGE = [(1001,), (2000, 1), (1, 1200), (40, 30), (5, 300), (12, 3, 40), (7, 6, 5, 8), (8, 2, 9, 2, 7)]
SCALES = [1e-30, 1e-10, 1e-5, 1e-4, 1e-3, 1.0, 1e3, 1e5, 1e8, 1e9, 1e20, 1e30]
INT_SCALES = [1, 9, 100, 10**6, 2**31, 2**62]
OPTIONS = [
    *({"precision": n} for n in range(0, 11)),
    *({"edgeitems": n, "threshold": 5} for n in range(0, 5)),
    *({"linewidth": n} for n in (1, 20, 40, 79, 81, 120, 1000)),
    *({"sci_mode": flag, "precision": n} for flag in (True, False) for n in (1, 4, 8)),
    *({"profile": name} for name in ("short", "full")),
    {"threshold": 0},
    {"edgeitems": 0},
    {"profile": "short", "edgeitems": 1, "threshold": 10, "linewidth": 50},
]
SUFFIXES: list[dict] = [
    {"requires_grad": True},
    {"grad_fn": "CloneBackward0"},
    {"grad_fn": "SelectBackward0"},
    {"default": "float64"},
    {"default": "float16"},
    {"default": "bfloat16"},
    {"default": "float64", "grad_fn": "CloneBackward0"},
]


def recipes() -> Iterator[dict]:
    """Every recipe, without its seed."""
    for dtype, kind, shape in itertools.product([*FLOATS, "complex64"], KINDS, SHAPES):
        yield {"dtype": dtype, "values": kind, "shape": shape}
    for dtype, scale, shape in itertools.product(["float32", "float64"], SCALES, [(), (5,), (3, 2)]):
        yield {"dtype": dtype, "values": "unit", "scale": scale, "shape": shape}
        yield {"dtype": dtype, "values": "halves", "scale": scale, "shape": shape}
    for dtype, shape in itertools.product([*FLOATS, *COMPLEX, *INTS, "bool"], EMPTY + LARGE):
        yield {"dtype": dtype, "values": "mixed", "scale": 100, "shape": shape}
    for dtype, scale, shape in itertools.product(INTS, INT_SCALES, [(), (30,), (3, 4)]):
        yield {"dtype": dtype, "values": "whole", "scale": scale, "shape": shape}
    for shape in SHAPES:
        yield {"dtype": "bool", "values": "whole", "shape": shape}
        yield {"dtype": "complex128", "values": "unit", "imag": "whole", "shape": shape}
        yield {"dtype": "complex64", "values": "decades", "imag": "mixed", "shape": shape}
    for options in OPTIONS:
        for shape in [(), (9,), (4, 5), (3, 1, 4), (20, 60)]:
            yield {"dtype": "float32", "values": "unit", "scale": 30, "shape": shape, "options": options}
        for dtype, kind in [("float32", "whole"), ("float64", "mixed"), ("complex64", "halves"), ("int64", "whole")]:
            yield {"dtype": dtype, "values": kind, "scale": 3, "shape": (4, 7), "options": options}
    for suffix, shape in itertools.product(SUFFIXES, [(), (0,), (0, 2), (7,), (9,), (11,), (3, 8), (1500,)]):
        for dtype in ["float32", "float64", "complex64"]:
            yield {"dtype": dtype, "values": "unit", "shape": shape, **suffix}


def torch_text(recipe: dict) -> str:
    """What PyTorch prints for a recipe."""
    tensor = torch.from_numpy(np.array(build(recipe))).to(getattr(torch, recipe["dtype"]))
    if recipe.get("requires_grad"):
        tensor.requires_grad_()
    if "grad_fn" in recipe:
        tensor.requires_grad_()
        tensor = tensor.clone() if recipe["grad_fn"] == "CloneBackward0" else torch.stack([tensor])[0]
        assert tensor.grad_fn.name() == recipe["grad_fn"]
    torch.set_default_dtype(getattr(torch, recipe.get("default", "float32")))
    with torch._tensor_str.printoptions(**{"profile": "default", **recipe.get("options", {})}):
        text = repr(tensor)
    torch.set_default_dtype(torch.float32)
    return text


def main() -> None:
    cases = []
    for seed, recipe in enumerate(recipes()):
        recipe = {"seed": seed, **recipe}
        cases.append([recipe, torch_text(recipe)])
    data = json.dumps(cases, separators=(",", ":")).encode()
    GOLDEN.write_bytes(gzip.compress(data, 9, mtime=0))
    print(f"{len(cases)} cases, {GOLDEN.stat().st_size} bytes, torch {torch.__version__}")


if __name__ == "__main__":
    main()
