"""float32 results to the last bit beside torch: which numbers differ, where the checksums of tests/ only say that some do."""

import sys
from pathlib import Path

import numpy as np
import pytest

import rushlight

torch = pytest.importorskip("torch")
sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from digit_cases import CASES, arrays  # noqa: E402


@pytest.mark.parametrize("name", CASES)
def test_same_digits(name):
    for ours, theirs in zip(arrays(rushlight, name), arrays(torch, name), strict=True):
        np.testing.assert_array_equal(ours, theirs)
