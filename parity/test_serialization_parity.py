"""Checkpoints go both ways between Rushlight and PyTorch."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import numpy as np
import pytest

import rushlight

real = pytest.importorskip("torch")
sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from checkpoint_cases import CASES, MODULES, plain  # noqa: E402

WAYS = pytest.mark.parametrize("writer, reader", [(real, rushlight), (rushlight, real)], ids=["from torch", "to torch"])


def across(writer, reader, made, **kwargs):
    file = io.BytesIO()
    writer.save(made, file)
    file.seek(0)
    return reader.load(file, **kwargs)


@WAYS
@pytest.mark.parametrize("name", CASES)
def test_objects(name, writer, reader):
    assert plain(across(writer, reader, CASES[name](writer))) == plain(CASES[name](writer))


@WAYS
@pytest.mark.parametrize("name", MODULES)
def test_modules(name, writer, reader):
    made = MODULES[name](writer)
    read = across(writer, reader, made, weights_only=False)
    assert type(read).__name__ == type(made).__name__ and repr(read) == repr(made)
    x = {
        "model": np.ones((2, 3), np.float32),
        "convolution": np.ones((1, 1, 5, 5), np.float32),
        "embedding": np.array([1, 2]),
        "encoder": np.ones((2, 3, 4), np.float32),
    }[name]
    answers = [m.eval()(torch.from_numpy(x)).detach().numpy() for m, torch in ((made, writer), (read, reader))]
    np.testing.assert_allclose(*answers, rtol=1e-5, atol=1e-6)


@WAYS
def test_an_optimizer(writer, reader):
    p = writer.nn.Parameter(writer.ones(2))
    o = writer.optim.Adam([p], lr=0.1)
    p.grad = writer.ones(2)
    o.step()
    read = across(writer, reader, o, weights_only=False)
    assert repr(read) == repr(o)
    (q,) = read.param_groups[0]["params"]
    q.grad = reader.ones(2)
    read.step()
    o.step()
    np.testing.assert_allclose(q.detach().numpy(), p.detach().numpy(), rtol=1e-6)
