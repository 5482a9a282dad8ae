"""Optimizers beside PyTorch's: their course in float32, their checkpoints read by the other side, their errors."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import numpy as np
import pytest

import rushlight

real = pytest.importorskip("torch")
sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from optim_cases import BAD, OPTIMIZERS, SCHEDULERS, attempt, run, schedule  # noqa: E402


@pytest.mark.parametrize("case", OPTIMIZERS)
def test_same_course(case):
    dtype = "float64" if "LBFGS" in case else "float32"  # a line search magnifies roundings
    (ours, p), (theirs, q) = run(rushlight, case, dtype=dtype), run(real, case, dtype=dtype)
    for a, b in zip(p, q, strict=True):
        np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=2e-5, atol=2e-6)
    assert [list(s) for s in ours.state_dict()["state"].values()] == [
        list(s) for s in theirs.state_dict()["state"].values()
    ]
    assert repr(ours) == repr(theirs)


def test_muon():
    shapes = ((3, 4), (6, 2))
    for case in ("Muon(p, lr=0.1)", "Muon(p, lr=0.1, nesterov=False, adjust_lr_fn='match_rms_adamw')"):
        (_, p), (_, q) = run(rushlight, case, shapes=shapes, steps=3), run(real, case, shapes=shapes, steps=3)
        for a, b in zip(p, q, strict=True):
            np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), atol=2e-3)  # bfloat16 inside


@pytest.mark.parametrize("case", OPTIMIZERS)
@pytest.mark.parametrize("writer, reader", [(real, rushlight), (rushlight, real)], ids=["from torch", "to torch"])
def test_checkpoints_go_across(case, writer, reader):
    written, p = run(writer, case)
    file = io.BytesIO()
    writer.save(written.state_dict(), file)
    file.seek(0)
    read, q = run(reader, case, steps=1)
    read.load_state_dict(reader.load(file))
    for a, b in zip(q, p, strict=True):
        a.data = reader.from_numpy(b.detach().numpy().copy())
    assert repr(read) == repr(written)
    gradients = [np.full(tuple(x.shape), 0.25, np.float32) for x in p]
    for torch, optimizer, values in ((writer, written, p), (reader, read, q)):
        for x, g in zip(values, gradients, strict=True):
            x.grad = torch.from_numpy(g.copy())
        optimizer.step(lambda torch=torch: torch.tensor(1.0))
    for a, b in zip(q, p, strict=True):
        np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=2e-5, atol=2e-6)


@pytest.mark.parametrize("case", SCHEDULERS)
def test_same_schedule(case):
    assert json.loads(json.dumps(schedule(rushlight, case))) == json.loads(json.dumps(schedule(real, case)))


@pytest.mark.parametrize("case", BAD)
def test_fails_alike(case):
    kind, phrase = BAD[case]
    with pytest.raises(kind) as caught:
        attempt(real, case)
    assert phrase in str(caught.value)
