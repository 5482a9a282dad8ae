"""The fifteen nastiest semantics on PyTorch and on Rushlight."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import rushlight

real = pytest.importorskip("torch")
sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from semantics_cases import CASES, answer  # noqa: E402


@pytest.mark.parametrize("name", CASES)
def test_answers_alike(name):
    assert {case: answer(rushlight, case) for case in CASES[name]} == {case: answer(real, case) for case in CASES[name]}
