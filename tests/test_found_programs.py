"""Differences that random programs have found stay gone (`parity/drawn_programs.py` draws them, with PyTorch at its side)."""

import pytest
from found_programs import CASES, answer

import rushlight as torch


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("line", CASES)
def test_answers_as_pytorch_does(line):
    assert answer(torch, line) == CASES[line]
