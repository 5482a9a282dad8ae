"""Random streams against PyTorch itself: the recorded cases still hold, and so do random ones."""

import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
sys.path.insert(0, str(Path(__file__).parent))
random_cases = pytest.importorskip("random_cases")
recorder = pytest.importorskip("record_random")
ours = pytest.importorskip("test_random_streams")


@pytest.mark.filterwarnings("ignore:.*is out of bounds.*:UserWarning")
@pytest.mark.parametrize("family", random_cases.FAMILIES)
def test_recorded_digests_are_what_torch_draws_today(family):
    cases = random_cases.FAMILIES[family]()
    with np.load(recorder.GOLDEN) as golden:
        digests = golden[family].tolist()
    if not ours.HAS_BFLOAT16:
        kept = [all(step[1] != "bfloat16" for step in case[1]) for case in cases]
        cases, digests = ([x for x, keep in zip(both, kept, strict=True) if keep] for both in (cases, digests))
    assert [recorder.run_case(*case) for case in cases] == digests


def random_steps(rng, count):
    """Steps with random samplers, dtypes, shapes, layouts and parameters, of those that take few seconds."""
    for _ in range(count):
        name = rng.choice(
            ["uniform", "normal", "log_normal", "exponential", "cauchy", "geometric", "bernoulli", "dropout"]
        )
        dtype = str(rng.choice(["float32", "float64", "float16"]))
        a, b = rng.uniform(-3, 3), rng.uniform(0.01, 3)
        parameters = {
            "uniform": (a, a + b),
            "normal": (a, b),
            "log_normal": (a, b),
            "cauchy": (a, b),
            "exponential": (b,),
        }
        layout = str(rng.choice(random_cases.LAYOUTS))
        shape = tuple(int(n) for n in rng.integers(1, 12, 3)) if layout != "plain" else (int(rng.integers(0, 3000)),)
        yield (str(name), dtype, shape, layout, parameters.get(name, (rng.uniform(0.05, 0.95),)))


@pytest.mark.parametrize("seed", range(60))
def test_random_sequences(seed):
    rng = np.random.default_rng(seed)
    case = (int(rng.integers(-(2**63), 2**63)), list(random_steps(rng, 12)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert ours.run_case(*case) == recorder.run_case(*case)
