"""The fifteen nastiest semantics answer as PyTorch's recorded ones."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from semantics_cases import CASES, answer

import rushlight as torch

GOLDEN = json.loads((Path(__file__).parent / "golden" / "semantics.json").read_text())


@pytest.mark.parametrize("name", CASES)
def test_answers_as_recorded(name):
    assert {case: answer(torch, case) for case in CASES[name]} == GOLDEN[name]
