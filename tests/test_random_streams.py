"""Random streams equal PyTorch's bit for bit, state included: thousands of cases against recorded digests.

`golden/random_streams.npz` holds one digest a case of `random_cases.py`; `parity/record_random.py` recorded them from
PyTorch 2.13. The same check runs again in a process whose NumPy has its CPU-specific code switched off.
"""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
import random_cases as cases

from rushlight.kernels.topk_order import topk_indices
from rushlight.random import discrete, normal, permutation, rejection, transforms, truncated, uniform
from rushlight.random.generator import Generator
from rushlight.random.layout import empty_like_dense

GOLDEN = Path(__file__).parent / "golden" / "random_streams.npz"
HAS_BFLOAT16 = find_spec("ml_dtypes") is not None

FILLS = {
    "uniform": uniform.uniform_,
    "normal": normal.normal_,
    "log_normal": normal.log_normal_,
    "exponential": transforms.exponential_,
    "cauchy": transforms.cauchy_,
    "geometric": transforms.geometric_,
    "bernoulli": uniform.bernoulli_scalar_,
    "random": uniform.random_,
    "trunc_normal": truncated.trunc_normal_,
}


def fill_like(sampler):
    """A sampler of arrays laid out as another one, e.g. the noise of dropout."""
    return lambda gen, x, *parameters: sampler(gen, empty_like_dense(x), *parameters)


def rrelu(gen, x):
    return x * uniform.rrelu_noise(gen, x, 1 / 8, 1 / 3)


FROM_INPUT = {
    "poisson": rejection.poisson,
    "standard_gamma": rejection.standard_gamma,
    "dirichlet": rejection.sample_dirichlet,
    "bernoulli_tensor": uniform.bernoulli_tensor,
    "normal_tensors": lambda gen, x: normal.normal(gen, x, np.abs(x.real[..., ::-1])),
    "normal_mean": lambda gen, x: normal.normal(gen, x, 1.3),
    "normal_std": lambda gen, x: normal.normal(gen, 0.7, x),
    "rrelu": rrelu,
    "exponential_like": fill_like(transforms.exponential_),
}


def run_step(gen, sampler, dtype, shape, layout, parameters):
    """What one step of a case returns, drawn by rushlight.random."""
    if sampler == "randperm":
        return permutation.randperm(gen, shape[0], cases.numpy_dtype(dtype))
    if sampler == "get_set_state":
        state = gen.get_state_array()
        gen.set_state_array(state)
        return state
    if sampler == "topk":
        k, largest, ordered, *values = parameters
        return topk_indices(cases.topk_input(dtype, shape, *values), k, largest, ordered)
    base = cases.base_shape(shape, layout)
    if sampler in FILLS:
        target = cases.view(np.zeros(base, cases.numpy_dtype(dtype)), layout)
        assert FILLS[sampler](gen, target, *parameters) is target
        return target
    if sampler == "dropout":
        target = cases.view(np.zeros(base, cases.numpy_dtype(dtype)), layout)
        return uniform.dropout_noise(gen, empty_like_dense(target), *parameters)
    if sampler == "binomial":
        counts = np.floor(cases.view(cases.make_input(1, dtype, base, 0.0, parameters[0], 5), layout))
        return rejection.binomial(gen, counts, cases.view(cases.make_input(2, dtype, base, 0.0, 1.0, 7), layout))
    if sampler == "multinomial":
        zeros, samples, replacement = parameters
        weights = cases.view(cases.make_input(3, dtype, base, 0.1, 1.0, zeros), layout)
        return discrete.multinomial(gen, weights, samples, replacement)
    low, high, zeros = parameters
    return FROM_INPUT[sampler](gen, cases.view(cases.make_input(4, dtype, base, low, high, zeros), layout))


def run_case(seed, steps):
    gen = Generator().manual_seed(seed)
    results = [run_step(gen, *step) for step in steps]
    return cases.digest(results, gen.get_state_array())


def mismatches(family):
    """The cases of a family whose digest is not the recorded one, and how many were tried."""
    all_cases = cases.FAMILIES[family]()
    with np.load(GOLDEN) as golden:
        digests = golden[family]
        assert golden[family + "_cases"] == cases.fingerprint(all_cases), "cases changed: run parity/record_random.py"
    assert len(digests) == len(all_cases)
    chosen = [
        (case, digest)
        for case, digest in zip(all_cases, digests.tolist(), strict=True)
        if HAS_BFLOAT16 or all(step[1] != "bfloat16" for step in case[1])
    ]
    return [case for case, digest in chosen if run_case(*case) != digest], len(chosen)


@pytest.mark.filterwarnings("ignore:.*is out of bounds.*:UserWarning")
@pytest.mark.parametrize("family", cases.FAMILIES)
def test_recorded_streams(family):
    wrong, tried = mismatches(family)
    assert tried > 0
    assert not wrong, f"{len(wrong)} of {tried} cases differ, the first: {wrong[:3]}"


def test_there_are_enough_cases():
    assert sum(len(family()) for family in cases.FAMILIES.values()) >= 2000


PLAIN_NUMPY = """
import sys, warnings
import numpy as np
from numpy._core import _multiarray_umath as core
warnings.simplefilter("ignore")
sys.path.insert(0, sys.argv[1])
import test_random_streams as t
on = [name for name in core.__cpu_dispatch__ if core.__cpu_features__.get(name)]
wrong = {family: t.mismatches(family)[0] for family in t.cases.FAMILIES}
print(on, sum(map(len, wrong.values())))
"""


def test_recorded_streams_without_cpu_features():
    """NumPy's log, log1p and exp differ between CPUs; the streams must not."""
    from numpy._core import _multiarray_umath as core

    env = dict(os.environ, NPY_DISABLE_CPU_FEATURES=" ".join(core.__cpu_dispatch__))
    env["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
    command = [sys.executable, "-c", PLAIN_NUMPY, str(Path(__file__).parent)]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[] 0"
