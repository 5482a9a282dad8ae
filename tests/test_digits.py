"""float32 results to the last bit, against checksums that parity/record_digits.py recorded from torch 2.13."""

import json
from pathlib import Path

import pytest
from digit_cases import CASES, checksum

import rushlight

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
