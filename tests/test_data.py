"""Loaders, datasets and samplers give PyTorch's batches, draw its numbers and fail in its words."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from data_cases import CASES, environment, outcome

import rushlight as torch
from rushlight import data, utils  # noqa: F401  (the cases say torch.utils.data)

GOLDEN = json.loads((Path(__file__).parent / "golden" / "data.json").read_text())


@pytest.mark.parametrize("name", CASES)
@pytest.mark.filterwarnings("ignore::UserWarning")  # of lengths that do not fit, and of empty splits, as PyTorch
def test_as_recorded(name):
    assert outcome(torch, CASES[name]) == GOLDEN[name]


def test_attributes_are_fixed():
    loader = data.DataLoader(environment(torch)["m"])
    with pytest.raises(ValueError, match="batch_size attribute should not be set after DataLoader is initialized"):
        loader.batch_size = 3
    loader.note = "free"


def test_distributed_epochs():
    sampler = data.distributed.DistributedSampler(range(8), num_replicas=2, rank=0)
    first = list(sampler)
    sampler.set_epoch(1)
    assert list(sampler) != first and len(sampler) == 4
    sampler = data.DistributedSampler(range(7), num_replicas=2, rank=1, shuffle=False, drop_last=True)
    assert list(sampler) == [1, 3, 5]
