"""float32 results to the last bit, against checksums that parity/record_digits.py recorded from torch 2.13."""

import json
from pathlib import Path

import pytest
from digit_cases import CASES, COMPILED, checksum

import rushlight
from rushlight.kernels import llvm

RECORDED = json.loads((Path(__file__).parent / "golden" / "digits.json").read_text())


@pytest.fixture(autouse=True)
def two_threads():
    """As many as torch had: it cuts long sums among them."""
    before = rushlight.get_num_threads()
    rushlight.set_num_threads(2)
    yield
    rushlight.set_num_threads(before)


@pytest.mark.parametrize("name", CASES)
def test_recorded_digits(name):
    assert checksum(rushlight, name) == RECORDED[name]


@pytest.mark.skipif(not (llvm.available() and llvm.has("fma")), reason="compiled code is not available here")
@pytest.mark.parametrize("name", COMPILED)
def test_recorded_digits_of_compiled_code(name):
    assert checksum(rushlight, name) == RECORDED[name]
