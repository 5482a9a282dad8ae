"""float32 results to the last bit, against checksums that parity/record_digits.py recorded from torch 2.13."""

import json
from pathlib import Path

import pytest
from digit_cases import CASES, checksum

import rushlight

RECORDED = json.loads((Path(__file__).parent / "golden" / "digits.json").read_text())


@pytest.mark.parametrize("name", CASES)
def test_recorded_digits(name):
    assert checksum(rushlight, name) == RECORDED[name]
