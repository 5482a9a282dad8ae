"""Distributions beside PyTorch's: everything that a case describes, failures, divergences, gradients of samples."""

from __future__ import annotations

import itertools
import sys
from pathlib import Path

import numpy as np
import pytest

import rushlight

real = pytest.importorskip("torch")
sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from distribution_cases import BAD, CASES, build, describe  # noqa: E402


@pytest.mark.filterwarnings("ignore:Singular sample detected")
@pytest.mark.parametrize("name", CASES)
def test_same(name):
    ours, theirs = describe(rushlight, CASES[name]), describe(real, CASES[name])
    for key, value in theirs.items():
        if isinstance(value, list) and value and isinstance(value[0], str):
            np.testing.assert_allclose(ours[key][2], value[2], rtol=2e-5, atol=2e-6, err_msg=key)
        else:
            assert ours[key] == value


@pytest.mark.parametrize("text", BAD)
def test_fails_alike(text):
    kind, phrase = BAD[text]
    with pytest.raises(kind) as caught:
        build(real, text)
    assert phrase in str(caught.value)


def test_every_divergence():
    """Every divergence that is there is PyTorch's, and each family has its own."""
    one = [text for text in CASES.values() if "Dirichlet" not in text and "Multi" not in text]
    different = []
    for p, q in itertools.product(one, one):
        answers = []
        for torch in (rushlight, real):
            try:
                answers.append(torch.distributions.kl_divergence(build(torch, p), build(torch, q)).numpy())
            except (NotImplementedError, RuntimeError) as error:
                answers.append(type(error))
        ours, theirs = answers
        if isinstance(theirs, type):
            continue
        if isinstance(ours, type) or not np.allclose(ours, theirs, rtol=1e-4, atol=1e-6, equal_nan=True):
            different.append((p, q, ours, theirs))
    assert not [d for d in different if not isinstance(d[2], type)], different
    # of different families some divergences are not there; they raise NotImplementedError
    assert not [d for d in different if d[0].split("(")[0] == d[1].split("(")[0]]


@pytest.mark.parametrize("name", ["Gamma", "Beta", "Dirichlet", "StudentT", "Chi2"])
def test_gradients_of_samples(name):
    """PyTorch approximates them to about 1e-3."""
    gradients = []
    for torch in (rushlight, real):
        text = CASES[name].replace("t([", "leaf([", 1)
        made = []

        def leaf(data, torch=torch, made=made):
            made.append(torch.tensor(data, requires_grad=True))
            return made[0]

        d = eval(text, {"D": torch.distributions, "t": torch.tensor, "leaf": leaf})
        torch.manual_seed(0)
        x = d.rsample((4,))
        x.square().sum().backward()
        gradients.append(made[0].grad.numpy())
    np.testing.assert_allclose(*gradients, rtol=5e-3)
