"""Random programs answer as PyTorch's recorded run did: values, dtypes, versions, history, gradients, hooks, exceptions."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from random_programs import SEEDS, difference, make, run

import rushlight as torch

GOLDEN = json.loads(gzip.decompress((Path(__file__).parent / "golden" / "programs.json.gz").read_bytes()))


@pytest.mark.parametrize("first", range(0, len(SEEDS), 20))
def test_programs_answer_as_recorded(first):
    found = {}
    for seed in SEEDS[first : first + 20]:
        what = difference(GOLDEN[str(seed)], run(torch, make(seed)))
        if what is not None:
            found[seed] = what
    assert not found


def test_a_difference_is_seen():
    log = run(torch, make(3))
    other = run(torch, make(3))
    assert difference(log, other) is None
    step = next(s for s in other if s["changed"])
    next(iter(step["changed"].values()))["version"] += 1
    assert "version" in difference(log, other)


def test_programs_do_something():
    log = [step for seed in SEEDS for step in GOLDEN[str(seed)]]
    ran = [step for step in log if not step["raised"]]
    assert len(ran) > 0.6 * len(log)
    names = {d.get("grad_fn") for step in ran for d in step["changed"].values()}
    assert {"CopySlices", "AsStridedBackward0", "IndexPutBackward0", "MulBackward0"} <= names
    assert any("grad" in d for step in ran for d in step["changed"].values())
    assert any("hooks" in step for step in ran)
