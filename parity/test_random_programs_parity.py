"""Random programs, drawn anew by Hypothesis, on PyTorch and on Rushlight.

``RUSHLIGHT_PROGRAMS=2000 python -m pytest parity/test_random_programs_parity.py -k drawn -s`` draws as many programs instead of 200,
``RUSHLIGHT_PROGRAMS_SEED`` is the first seed. A failure is shrunk to the lines that it takes, which can be run as they stand.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

import rushlight

torch = pytest.importorskip("torch")
sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

import side_by_side  # noqa: E402
from drawn_programs import programs as drawn_programs  # noqa: E402
from found_programs import CASES, answer  # noqa: E402
from random_programs import INSTRUCTIONS, SEEDS, START, difference, make, run  # noqa: E402

number = st.integers(0, 119)
names = st.sampled_from([name for name, (_, weight) in INSTRUCTIONS.items() for _ in range(weight)])
programs = st.lists(st.tuples(names, number, number, number, number), max_size=12).map(lambda steps: START + steps)
quiet = {"deadline": None, "database": None, "suppress_health_check": list(HealthCheck)}

#: Programs are drawn by the hundred, each hundred from a seed of its own.
HUNDREDS = max(int(os.environ.get("RUSHLIGHT_PROGRAMS", "200")) // 100, 1)
FIRST_SEED = int(os.environ.get("RUSHLIGHT_PROGRAMS_SEED", "0"))


@settings(derandomize=True, max_examples=400, **quiet)
@given(programs)
def test_programs_agree(program):
    what = difference(run(torch, program), run(rushlight, program))
    assert what is None, what


def test_numbered_programs_agree():
    found = {}
    for n in range(len(SEEDS), len(SEEDS) + 300):
        what = difference(run(torch, make(n)), run(rushlight, make(n)))
        if what is not None:
            found[n] = what
    assert not found


@pytest.mark.parametrize("number", range(FIRST_SEED, FIRST_SEED + HUNDREDS), ids="seed-{}".format)
def test_drawn_programs_agree(number):
    @seed(number)
    @settings(max_examples=100, **quiet)
    @given(drawn_programs())
    def agree(lines):
        what = side_by_side.difference(lines)
        assert what is None, f"seed {number}:\n{side_by_side.shrunk(lines)}"

    print(f"100 programs from seed {number}")
    agree()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("line", CASES)
def test_what_was_found_is_what_pytorch_answers(line):
    assert answer(torch, line) == CASES[line]
