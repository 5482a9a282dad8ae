"""Random programs on PyTorch and on Rushlight: some drawn by Hypothesis, more drawn by seeds.

``RUSHLIGHT_PROGRAMS=2000 python -m pytest parity/test_random_programs_parity.py -k drawn -s`` draws as many programs instead of 300,
``RUSHLIGHT_PROGRAMS_SEED`` is the first one's seed; with ``RUSHLIGHT_PROGRAMS_WIDE=1`` they have more forms (``drawn_forms``). A failure
is told with its seed, shrunk to the lines that it takes, which can be run as they stand. Programs of a seed are the same everywhere and
are drawn in a tenth of the time; what Hypothesis draws it also shrinks.
"""

from __future__ import annotations

import os
import random
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

import rushlight

torch = pytest.importorskip("torch")
sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

import side_by_side  # noqa: E402
from drawn_programs import program as drawn_program  # noqa: E402
from drawn_programs import programs as drawn_programs  # noqa: E402
from found_programs import CASES, answer  # noqa: E402
from random_programs import INSTRUCTIONS, SEEDS, START, difference, make, run  # noqa: E402

number = st.integers(0, 119)
names = st.sampled_from([name for name, (_, weight) in INSTRUCTIONS.items() for _ in range(weight)])
programs = st.lists(st.tuples(names, number, number, number, number), max_size=12).map(lambda steps: START + steps)
quiet = {"deadline": None, "database": None, "suppress_health_check": list(HealthCheck)}

COUNT = int(os.environ.get("RUSHLIGHT_PROGRAMS", "300"))
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


@pytest.mark.parametrize("first", range(FIRST_SEED, FIRST_SEED + COUNT, 100), ids="from-{}".format)
def test_drawn_programs_agree(first):
    last = min(first + 100, FIRST_SEED + COUNT) - 1
    print(f"programs of the seeds {first} to {last}")
    found = []
    for number in range(first, last + 1):
        lines = drawn_program(random.Random(number).randrange)
        if side_by_side.difference(lines) is not None:
            found.append(f"seed {number}:\n{side_by_side.shrunk(lines)}")
    assert not found, "\n\n".join(found)


@seed(0)
@settings(max_examples=30, **quiet)
@given(drawn_programs())
def test_programs_that_hypothesis_draws_agree(lines):
    what = side_by_side.difference(lines)
    assert what is None, side_by_side.shrunk(lines)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("line", CASES)
def test_what_was_found_is_what_pytorch_answers(line):
    assert answer(torch, line) == CASES[line]
