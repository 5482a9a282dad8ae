"""Record torch's answers to the samples of the ops: ``python parity/record_ops.py [MODULE ...]``.

For each family file of ``rushlight/ops`` one file in ``tests/data/ops``: a line of JSON for every sample, with what torch 2.13
gives in float32 and float64, its first and second gradients in float64, the names of the nodes, or the exception it raises.
Samples that torch itself contradicts (an error sample that it does not refuse in those words) are reported and fail the run.
"""

from __future__ import annotations

import base64
import json
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch

from rushlight.samples import ErrorSample, Sample, Target, answer, targets

FOLDER = Path(__file__).parent.parent / "tests" / "data" / "ops"


def packed(t: torch.Tensor | None) -> dict[str, Any] | None:
    """A tensor as JSON: dtype, shape, strides, bytes of its elements in order."""
    if t is None:
        return None
    t = t.detach().resolve_conj().resolve_neg()
    a = t.to(torch.float32).numpy() if t.dtype is torch.bfloat16 else t.numpy(force=True)
    row: dict[str, Any] = {"dtype": str(t.dtype).removeprefix("torch."), "shape": list(t.shape)}
    if not t.is_contiguous():
        row["stride"] = list(t.stride())
    row["data"] = base64.b64encode(np.ascontiguousarray(a).tobytes()).decode()
    return row


def takes_out(target: Target, sample: Sample, out: Any) -> bool:
    """Whether the function has ``out=``."""
    try:
        target.find(torch)(*sample.args, **sample.kwargs, out=torch.empty_like(out))
    except TypeError:
        return False
    except RuntimeError:
        return False
    return True


def record(target: Target, i: int) -> dict[str, Any]:
    row: dict[str, Any] = {"name": target.name, "sample": i}
    sample = target.made(torch)[i]
    try:
        given = answer(torch, target, sample)
    except Exception as error:
        return row | {"raises": type(error).__name__, "says": str(error).splitlines()[0][:200] if str(error) else ""}
    row["outs"] = [packed(o) for o in given.outs]
    row["nodes"] = given.nodes
    if given.grads:
        row["grads"] = [packed(g) for g in given.grads]
    if given.grads2:
        row["grads2"] = [packed(g) for g in given.grads2]
    plain = target.made(torch, "float32")[i]
    plain.gradients = 0
    row["float32"] = [packed(o) for o in answer(torch, target, plain).outs]
    if not sample.compared:  # what lies in unwritten memory is not worth keeping
        for kept in [*row["outs"], *row["float32"]]:
            kept["data"] = ""
    if target.op is not None and len(given.outs) == 1:
        row["out="] = takes_out(target, target.made(torch)[i], given.outs[0])
    return row


def check_error(target: Target, sample: ErrorSample) -> str | None:
    """What is wrong with an error sample."""
    try:
        target.find(torch)(*sample.args, **sample.kwargs)
    except Exception as error:
        if type(error) is not sample.kind:
            return f"torch raises {type(error).__name__}, not {sample.kind.__name__}: {str(error).splitlines()[:1]}"
        return (
            None
            if sample.phrase in str(error)
            else f"torch says: {str(error).splitlines()[0]!r}, not {sample.phrase!r}"
        )
    return "torch accepts it"


def main(modules: list[str]) -> int:
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    by_module: dict[str, list[Target]] = {}
    for target in targets().values():
        by_module.setdefault(target.module, []).append(target)
    wrong = 0
    FOLDER.mkdir(parents=True, exist_ok=True)
    for module in modules or sorted(by_module):
        lines = []
        for target in by_module[module]:
            try:
                samples = target.made(torch)
                errors = target.wrong(torch)
            except Exception as error:
                print(f"{target.name}: its samples cannot be made with torch: {type(error).__name__}: {error}")
                wrong += 1
                continue
            lines += [json.dumps(record(target, i)) for i in range(len(samples))]
            for sample in errors:
                problem = check_error(target, sample)
                if problem:
                    print(f"{target.name}: error sample {sample.phrase!r}: {problem}")
                    wrong += 1
        (FOLDER / f"{module}.jsonl").write_text("".join(line + "\n" for line in lines))
        print(module, len(lines))
    return wrong


if __name__ == "__main__":
    sys.exit(1 if main(sys.argv[1:]) else 0)
