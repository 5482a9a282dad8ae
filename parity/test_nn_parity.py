"""Modules beside PyTorch's: how they are born and how they fail."""

from __future__ import annotations

import inspect
import sys
from pathlib import Path

import pytest

import rushlight

real = pytest.importorskip("torch")
sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from nn_cases import BAD, CASES, HOOK_CALLS, build, describe, hook_calls  # noqa: E402


@pytest.mark.parametrize("case", CASES)
def test_born_alike(case):
    assert describe(rushlight, case) == describe(real, case)


@pytest.mark.parametrize("case", BAD)
def test_fails_alike(case):
    kind, phrase = BAD[case]
    with pytest.raises(kind) as caught:
        build(real, case)
    assert phrase in str(caught.value)


@pytest.mark.filterwarnings("ignore:Full backward hook is firing")
def test_backward_hooks_of_all_modules_are_called_alike():
    assert hook_calls(rushlight) == hook_calls(real) == HOOK_CALLS


MODULES = [
    name for name, kind in sorted(vars(real.nn).items())
    if isinstance(kind, type) and issubclass(kind, real.nn.Module) and hasattr(rushlight.nn, name) and name != "RNNBase"  # calls no forward
]  # fmt: skip


@pytest.mark.parametrize("name", MODULES)
def test_forward_takes_the_same_names(name):
    ours, theirs = (list(inspect.signature(getattr(m, name).forward).parameters) for m in (rushlight.nn, real.nn))
    assert ours == theirs
