"""Random programs, drawn anew by Hypothesis, on PyTorch and on Rushlight."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import rushlight

torch = pytest.importorskip("torch")
sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from random_programs import INSTRUCTIONS, SEEDS, START, difference, make, run  # noqa: E402

number = st.integers(0, 119)
names = st.sampled_from([name for name, (_, weight) in INSTRUCTIONS.items() for _ in range(weight)])
programs = st.lists(st.tuples(names, number, number, number, number), max_size=12).map(lambda steps: START + steps)


@settings(
    derandomize=True, max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None
)
@given(programs)
def test_programs_agree(program):
    what = difference(run(torch, program), run(rushlight, program))
    assert what is None, what


def test_numbered_programs_agree():
    found = {}
    for seed in range(len(SEEDS), len(SEEDS) + 300):
        what = difference(run(torch, make(seed)), run(rushlight, make(seed)))
        if what is not None:
            found[seed] = what
    assert not found
