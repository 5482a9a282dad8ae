"""DataParallel where there is one device, and DistributedDataParallel without a process group, as torch 2.13 answers."""

import pytest

import rushlight as torch
from rushlight import nn


def test_data_parallel_wraps_the_module():
    inner = nn.Linear(2, 1)
    wrapped = nn.DataParallel(inner)
    assert list(wrapped.state_dict()) == ["module.weight", "module.bias"]
    assert repr(wrapped) == "DataParallel(\n  (module): Linear(in_features=2, out_features=1, bias=True)\n)"
    x = torch.ones(3, 2)
    assert torch.equal(wrapped(x), inner(x))


def test_distributed_needs_a_group():
    with pytest.raises(ValueError, match="Default process group has not been initialized"):
        nn.parallel.DistributedDataParallel(nn.Linear(2, 1))
