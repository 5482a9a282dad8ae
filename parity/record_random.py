"""Record what PyTorch draws for the cases of tests/random_cases.py into tests/golden/random_streams.npz.

Run with PyTorch 2.13 (CPU) and ml_dtypes:  python parity/record_random.py
"""

import sys
import warnings
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
import random_cases as cases

GOLDEN = Path(cases.__file__).parent / "golden" / "random_streams.npz"


def to_torch(array):
    if array.dtype.name == "bfloat16":
        return torch.from_numpy(array.view(np.int16)).view(torch.bfloat16)
    return torch.from_numpy(array)


def to_numpy(tensor):
    if tensor.dtype == torch.bfloat16:
        return tensor.contiguous().view(torch.int16).numpy().view(cases.numpy_dtype("bfloat16"))
    return tensor.numpy()


def with_default_generator(gen, draw):
    """``draw()`` by a function that takes no generator, on the stream of ``gen``."""
    torch.default_generator.set_state(gen.get_state())
    result = draw()
    gen.set_state(torch.default_generator.get_state())
    return result


def fill(method):
    return lambda gen, target, *parameters: getattr(target, method)(*parameters, generator=gen)


FILLS = {name: fill(name + "_") for name in ("uniform", "normal", "log_normal", "exponential", "cauchy", "geometric")}
FILLS["bernoulli"] = fill("bernoulli_")
FILLS["random"] = fill("random_")
FILLS["trunc_normal"] = lambda gen, target, *bounds: torch.nn.init.trunc_normal_(target, *bounds, generator=gen)

FROM_INPUT = {
    "poisson": lambda gen, x: torch.poisson(x, generator=gen),
    "standard_gamma": lambda gen, x: torch._standard_gamma(x, generator=gen),
    "dirichlet": lambda gen, x: torch._sample_dirichlet(x, generator=gen),
    "bernoulli_tensor": lambda gen, x: torch.bernoulli(x, generator=gen),
    "normal_tensors": lambda gen, x: torch.normal(x, (x.real if x.is_complex() else x).flip(-1).abs(), generator=gen),
    "normal_mean": lambda gen, x: torch.normal(x, 1.3, generator=gen),
    "normal_std": lambda gen, x: torch.normal(0.7, x, generator=gen),
    "rrelu": lambda gen, x: with_default_generator(gen, lambda: torch.rrelu(x, training=True)),
    "exponential_like": lambda gen, x: torch.empty_like(x).exponential_(generator=gen),
}


def run_step(gen, sampler, dtype, shape, layout, parameters):
    """What one step of a case returns, drawn by PyTorch, as a NumPy array."""
    kind = getattr(torch, dtype)
    if sampler == "randperm":
        return to_numpy(torch.randperm(shape[0], dtype=kind, generator=gen))
    if sampler == "get_set_state":
        state = gen.get_state()
        gen.set_state(state)
        return state.numpy()
    if sampler == "topk":
        k, largest, ordered, *values = parameters
        x = torch.from_numpy(cases.topk_input(dtype, shape, *values))
        return torch.topk(x, k, largest=largest, sorted=ordered).indices.numpy()
    base = cases.base_shape(shape, layout)
    if sampler in FILLS:
        return to_numpy(FILLS[sampler](gen, cases.view(torch.zeros(base, dtype=kind), layout), *parameters))
    if sampler == "dropout":
        ones = cases.view(torch.ones(base, dtype=kind), layout)
        return to_numpy(with_default_generator(gen, lambda: torch.nn.functional.dropout(ones, *parameters)))
    if sampler == "binomial":
        counts = cases.view(to_torch(cases.make_input(1, dtype, base, 0.0, parameters[0], 5)), layout).floor()
        chances = cases.view(to_torch(cases.make_input(2, dtype, base, 0.0, 1.0, 7)), layout)
        return to_numpy(torch.binomial(counts, chances, generator=gen))
    if sampler == "multinomial":
        zeros, samples, replacement = parameters
        weights = cases.view(to_torch(cases.make_input(3, dtype, base, 0.1, 1.0, zeros)), layout)
        return to_numpy(torch.multinomial(weights, samples, replacement, generator=gen))
    low, high, zeros = parameters
    x = cases.view(to_torch(cases.make_input(4, dtype, base, low, high, zeros)), layout)
    return to_numpy(FROM_INPUT[sampler](gen, x))


def run_case(seed, steps):
    gen = torch.Generator().manual_seed(seed)
    results = [run_step(gen, *step) for step in steps]
    return cases.digest(results, gen.get_state().numpy())


def record():
    """Digests by family, each with the fingerprint of its cases."""
    found = {}
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*is out of bounds.*")
        for family, list_cases in cases.FAMILIES.items():
            listed = list_cases()
            found[family] = np.array([run_case(*case) for case in listed])
            found[family + "_cases"] = np.array(cases.fingerprint(listed))
            print(family, len(listed))
    return found


if __name__ == "__main__":
    np.savez_compressed(GOLDEN, **record())
