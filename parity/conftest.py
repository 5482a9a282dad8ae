"""The numbers of threads that PyTorch's digits are followed for, whatever the environment says."""

import pytest
import torch

#: MKL and oneDNN add in another order with one thread: Rushlight's results are the same for any number and follow those of two.
THREADS = 2


@pytest.fixture(autouse=True)
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(THREADS)
    yield
    torch.set_num_threads(before)
