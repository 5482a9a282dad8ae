"""``torch.func``, ``torch.vmap``, forward mode and ``autograd.functional`` answer as PyTorch's recorded answers say."""

from __future__ import annotations

import gzip
import json
import warnings
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from func_cases import GROUPS, answers

import rushlight as torch

GOLDEN = json.loads(gzip.decompress((Path(__file__).parent / "golden" / "func.json.gz").read_bytes()))

#: Answers that are meant to differ, with the reason.
OTHERWISE = {
    (
        "functional",
        "jacobian of two create_graph=True",
    ): "a zero of ours has no history where nothing depends on the input",
    (
        "functional",
        "hessian vectorize=True strategy=forward-mode",
    ): "PyTorch's has a history that leads to no leaf of the user's",
    ("functional", "hessian of two vectorize=True strategy=forward-mode"): "the same",
}


@cache
def mine(group):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return json.loads(json.dumps(answers(torch, group)))


def alike(ours, theirs, where, history=True):
    """One answer against the recorded one: numbers to float32's precision, the first line of an error as it is."""
    if isinstance(theirs, dict) and "data" in theirs:
        assert isinstance(ours, dict) and "data" in ours, f"{where}: {ours}, torch gives {theirs}"
        assert (ours["dtype"], ours["shape"]) == (theirs["dtype"], theirs["shape"]), where
        assert not history or ours["grad"] == theirs["grad"], f"{where}: requires_grad is {ours['grad']}"
        np.testing.assert_allclose(ours["data"], theirs["data"], 1e-5, 1e-6, err_msg=where)
    elif isinstance(theirs, dict) and "error" in theirs:
        assert isinstance(ours, dict) and "error" in ours, f"{where}: no error, torch says {theirs}"
        assert (ours["error"], ours["text"]) == (theirs["error"], theirs["text"]), where
    elif isinstance(theirs, list):
        assert isinstance(ours, list) and len(ours) == len(theirs), where
        for i, (a, b) in enumerate(zip(ours, theirs, strict=True)):
            alike(a, b, f"{where}[{i}]", history)
    elif isinstance(theirs, dict):
        alike(ours["dict"], theirs["dict"], where, history)
    elif isinstance(theirs, float):
        assert ours == pytest.approx(theirs, rel=1e-5), where
    else:
        assert ours == theirs, where


@pytest.mark.parametrize(("group", "name"), [(group, name) for group in GROUPS for name in GOLDEN[group]])
def test_answer_as_recorded(group, name):
    alike(mine(group)[name], GOLDEN[group][name], name, history=(group, name) not in OTHERWISE)
