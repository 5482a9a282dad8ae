"""Record PyTorch's reductions of tests/reduce_cases.py, as digests, into tests/golden/reduce.npz.

Run with PyTorch 2.13 (CPU, AVX2) and ml_dtypes:  python parity/record_reduce.py
"""

import sys
import warnings
from pathlib import Path

import ml_dtypes
import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
import reduce_cases as cases

GOLDEN = Path(cases.__file__).parent / "golden" / "reduce.npz"

THEIRS = {
    "sum": lambda t, d: t.sum(d),
    "mean": lambda t, d: t.mean(d, True),
    "nansum": lambda t, d: torch.nansum(torch.where(t > 3, float("nan"), t), d),
    "norm1": lambda t, d: torch.linalg.vector_norm(t, 1, d),
    "norm2": lambda t, d: torch.linalg.vector_norm(t, 2, d),
    "prod": lambda t, d: (t / 4).prod(d[0]),
    "cumsum": lambda t, d: t.cumsum(d[0]),
    "cumprod": lambda t, d: (t / 4).cumprod(d[0]),
    "var": lambda t, d: t.var(d, correction=0),
}


def to_torch(x: np.ndarray, dtype: str) -> torch.Tensor:
    """`x` with its strides; expanded arrays become contiguous where torch has no 16-bit view of them."""
    t = torch.from_numpy(x)
    if dtype != "bfloat16":
        return t
    if 0 in t.stride():
        return t.contiguous().to(torch.bfloat16)
    return torch.empty_strided(t.shape, t.stride(), dtype=torch.bfloat16).copy_(t)


def to_numpy(t: torch.Tensor) -> np.ndarray:
    """The tensor's values, contiguous."""
    if t.dtype == torch.bfloat16:
        return t.contiguous().view(torch.int16).numpy().view(ml_dtypes.bfloat16)
    return t.contiguous().numpy()


def main() -> None:
    warnings.simplefilter("ignore")
    out = {}
    for threads in cases.THREADS:
        torch.set_num_threads(threads)
        for name, dtypes in cases.RECORDED.items():
            for dtype in dtypes:
                digests = [
                    cases.digest(to_numpy(THEIRS[name](to_torch(x, dtype), axes)))
                    for x, axes in cases.recorded_cases(dtype)
                ]
                out[f"{name}-{dtype}-{threads}"] = np.array(digests, np.uint64)
    np.savez_compressed(GOLDEN, **out)
    print(f"{sum(map(len, out.values()))} cases")


if __name__ == "__main__":
    main()
