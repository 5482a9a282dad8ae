"""Modules are born as PyTorch's: same repr, same keys, same bytes, same place in the random stream."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from nn_cases import BAD, CASES, HOOK_CALLS, build, describe, hook_calls

import rushlight as torch

GOLDEN = json.loads((Path(__file__).parent / "golden" / "nn.json").read_text())


@pytest.mark.parametrize("case", CASES)
def test_born_as_recorded(case):
    assert describe(torch, case) == GOLDEN[case]


@pytest.mark.parametrize("case", BAD)
def test_bad_arguments(case):
    kind, phrase = BAD[case]
    with pytest.raises(kind) as caught:
        build(torch, case)
    assert phrase in str(caught.value)


@pytest.mark.parametrize("name", ["RNN", "LSTM", "GRU"])
def test_cell_is_one_step_of_its_layer(name):
    layer = getattr(torch.nn, name)(3, 4)
    cell = getattr(torch.nn, name + "Cell")(3, 4)
    cell.load_state_dict({key.removesuffix("_l0"): value for key, value in layer.state_dict().items()})
    x = torch.randn(2, 3)
    of_layer = layer(x.unsqueeze(0))[0][0]
    of_cell = cell(x)[0] if name == "LSTM" else cell(x)
    np.testing.assert_allclose(of_cell.detach().numpy(), of_layer.detach().numpy(), atol=1e-6)


def test_dropout_variants_are_no_dropout():
    assert not isinstance(torch.nn.Dropout2d(), torch.nn.Dropout)


def test_batch_norm_rejects_wrong_dimensions():
    with pytest.raises(ValueError, match="expected 4D input"):
        torch.nn.BatchNorm2d(3)(torch.randn(2, 3))


def test_unflatten_is_a_view():
    x = torch.randn(2, 6)
    y = torch.nn.Unflatten(1, (2, 3))(x)
    assert tuple(y.shape) == (2, 2, 3) and y.data_ptr() == x.data_ptr()


def test_backward_hooks_of_all_modules_are_called_before_a_modules_own():
    assert hook_calls(torch) == HOOK_CALLS
