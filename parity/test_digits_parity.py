"""float32 results to the last bit beside torch: which numbers differ, where the checksums of tests/ only say that some do."""

import sys
from pathlib import Path

import numpy as np
import pytest

import rushlight
from rushlight.kernels import llvm

torch = pytest.importorskip("torch")
sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from digit_cases import BY_ROOTS, CASES, COMPILED, arrays  # noqa: E402

# On AMD's processors torch 2.13 takes the root of this number one unit in the last place too small.
_ROOT_OF, _OF_AMD = 1.5902255773544312, 1.2610414028167725


@pytest.fixture(autouse=True)
def as_many_threads(two_threads):
    """Where threads share an array, what is left over beyond whole vectors depends on how many they are: on both sides."""
    before = rushlight.get_num_threads()
    rushlight.set_num_threads(torch.get_num_threads())
    yield
    rushlight.set_num_threads(before)


@pytest.mark.parametrize("name", CASES | (COMPILED if llvm.available() and llvm.has("fma") else {}))
def test_same_digits(name):
    if name in (*BY_ROOTS, "sqrt") and torch.sqrt(torch.tensor(_ROOT_OF)).item() != _OF_AMD:
        pytest.skip("this processor's estimate of 1 / sqrt(x) is not AMD's, and PyTorch's roots follow it")
    for ours, theirs in zip(arrays(rushlight, name), arrays(torch, name), strict=True):
        np.testing.assert_array_equal(ours, theirs)
