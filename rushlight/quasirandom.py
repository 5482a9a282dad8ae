"""``torch.quasirandom``: points that fill a cube more evenly than random ones (Sobol 1967; scrambled as Owen 1998, Matousek 1998)."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import errors, types
from .ops.sampling import randint
from .random.directions import TABLE
from .random.generator import Generator
from .tensor import Tensor, wrap

__all__ = ["SobolEngine"]


def _directions(dimension: int, bits: int) -> np.ndarray[Any, Any]:
    """The direction numbers of each dimension, (dimension, bits), as integers below ``2 ** bits``."""
    found = np.ones((dimension, bits), np.int64)
    rows = [list(map(int, row.split())) for row in TABLE.split(";")[: dimension - 1]]
    for d, (inner, *first) in enumerate(rows, 1):
        degree, m = len(first), list(first)
        for i in range(degree, bits):
            new = m[i - degree] ^ (m[i - degree] << degree)
            for k in range(1, degree):
                if inner >> (degree - 1 - k) & 1:
                    new ^= m[i - k] << k
            m.append(new)
        found[d] = m
    return found << np.arange(bits - 1, -1, -1)


class SobolEngine:
    """Points of a Sobol sequence in ``[0, 1) ** dimension``, one after another.

    Args:
        dimension: of the points, at most 256 here (PyTorch has tables for 21,201). scramble: mix the digits at random, which keeps
            how evenly they lie. seed: of that; without one the global generator draws.

    >>> import rushlight as torch
    >>> torch.quasirandom.SobolEngine(dimension=2).draw(3)
    tensor([[0.0000, 0.0000],
            [0.5000, 0.5000],
            [0.7500, 0.2500]])
    """

    dimension: int
    scramble: bool
    seed: int | None

    MAXBIT = 30
    MAXDIM = 21201

    def __init__(self, dimension: int, scramble: bool = False, seed: int | None = None):
        if not 1 <= dimension <= self.MAXDIM:
            raise errors.value(f"Supported range of dimensionality for SobolEngine is [1, {self.MAXDIM}]")
        known = TABLE.count(";") + 2
        if dimension > known:
            raise errors.advised(
                NotImplementedError(f"SobolEngine(dimension={dimension}) is not implemented."),
                f"Up to {known} dimensions are; draw torch.rand for more.",
            )
        self.dimension, self.scramble, self.seed = dimension, scramble, seed
        directions = _directions(dimension, self.MAXBIT)
        shift = np.zeros(dimension, np.int64)
        if scramble:
            generator = None if seed is None else Generator().manual_seed(seed)
            shift = self._drawn((dimension, self.MAXBIT), generator) @ (1 << np.arange(self.MAXBIT))
            directions = self._mixed(directions, self._drawn((dimension, self.MAXBIT, self.MAXBIT), generator))
        self.sobolstate: Tensor = wrap(directions)
        self.shift: Tensor = wrap(shift)
        self.quasi: Tensor = wrap(shift.copy())
        self.num_generated = 0

    @staticmethod
    def _drawn(shape: tuple[int, ...], generator: Any) -> np.ndarray[Any, Any]:
        bits: Tensor = randint(2, shape, generator=generator)
        return bits._a

    def _mixed(self, directions: np.ndarray[Any, Any], matrices: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """Each dimension's direction numbers times a lower triangular matrix of bits, whose diagonal is 1."""
        places = np.arange(self.MAXBIT - 1, -1, -1)
        lower = np.tril(matrices, -1) + np.eye(self.MAXBIT, dtype=np.int64)
        digits = directions[:, :, None] >> places & 1  # of every number, the highest first
        mixed = np.einsum("dpk,djk->djp", lower, digits) & 1
        return (mixed << places).sum(axis=2)

    def _steps(self, n: int) -> np.ndarray[Any, Any]:
        """The next ``n`` points as integers; the state moves on."""
        counts = np.arange(self.num_generated, self.num_generated + n)
        # From one point to the next one direction number is added, that of the lowest digit of the count which is 0.
        which = [int(~c & (c + 1)).bit_length() - 1 for c in (int(c) - 1 for c in counts if c)]
        changes = self.sobolstate._a[:, which].T
        first = not self.num_generated and n > 0
        begin = self.quasi._a[None]
        points = np.bitwise_xor.accumulate(np.concatenate([begin, changes]), axis=0)
        self.num_generated += n
        if n:
            self.quasi._a[...] = points[-1]
        return points if first else points[1:]

    def draw(self, n: int = 1, out: Any = None, dtype: types.dtype | None = None) -> Any:
        """The next ``n`` points, (n, dimension)."""
        target = (dtype or types.get_default_dtype()).np
        made: Any = wrap((self._steps(n) / 2.0**self.MAXBIT).astype(target))
        if out is None:
            return made
        return out.resize_as_(made).copy_(made)

    def draw_base2(self, m: int, out: Any = None, dtype: types.dtype | None = None) -> Any:
        """The next ``2 ** m`` points.

        Raises:
            ValueError: if with them the points drawn are no power of 2.
        """
        total = self.num_generated + 2**m
        if total & (total - 1):
            raise errors.value(
                f"The balance properties of Sobol' points require n to be a power of 2. {self.num_generated} points have been "
                f"previously generated, then: n={self.num_generated}+2**{m}={total}. If you still want to do this, please use "
                "'SobolEngine.draw()' instead."
            )
        return self.draw(2**m, out, dtype)

    def reset(self) -> SobolEngine:
        """Begin again."""
        self.quasi._a[...] = self.shift._a
        self.num_generated = 0
        return self

    def fast_forward(self, n: int) -> SobolEngine:
        """Leave out ``n`` points."""
        self._steps(n)
        return self

    def __repr__(self) -> str:
        parts = [f"dimension={self.dimension}"]
        parts += ["scramble=True"] if self.scramble else []
        parts += [f"seed={self.seed}"] if self.seed is not None else []
        return f"{type(self).__name__}({', '.join(parts)})"
