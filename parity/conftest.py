"""Whose digits are followed, whatever the machine and the environment say: PyTorch's with AVX2 and two threads.

With the wider registers of newer processors PyTorch adds and rounds in another order (docs/differences.md).
"""

import os

os.environ |= {"ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2", "MKL_ENABLE_INSTRUCTIONS": "AVX2"}

import pytest  # noqa: E402
import torch  # noqa: E402 - it reads these when it is imported

#: MKL and oneDNN add in another order with one thread: Rushlight's results are the same for any number and follow those of two.
THREADS = 2


@pytest.fixture(autouse=True)
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(THREADS)
    yield
    torch.set_num_threads(before)
