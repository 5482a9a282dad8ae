"""A few eigenpairs of a large symmetric matrix, of which only products with vectors are asked for.

LOBPCG (Knyazev, "Toward the optimal preconditioned eigensolver", 2001): each step looks for the best vectors in the span of the present
ones, their residuals and the last change. Bases are made orthonormal by the eigenvectors of their Gram matrix, without directions that add
nothing (Stathopoulos and Wu, "A block orthogonalization procedure", 2002).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .. import errors, levels, types
from ..asking import otherwise
from ..autograd.mode import no_grad
from ..functions import function
from ..op import opaque
from ..readers import tensors
from ..tensor import Tensor, wrap
from .cholesky import cholesky
from .matrices import adjoint, array_of, check_kernel, check_tensor, constant, diagonal_matrix, or_zero, positive
from .sampling import randn
from .triangular_systems import solve_triangular


class LOBPCG:
    """The state of a search: what a tracker sees after each step.

    ``iparams``, ``fparams`` and ``bparams`` are the settings, ``ivars`` ("istep", "iterations_left", "converged_count"), ``fvars``,
    ``bvars`` and ``tvars`` ("rerr", the relative residuals) how far it is; ``E`` and ``X`` are the present eigenpairs, ``R`` their
    residuals, ``S`` the basis in which they were found. ``bvars["force_stop"] = True`` ends the search.
    """

    def __init__(
        self, A: Any, B: Any, X: Tensor, iK: Any, iparams: dict[str, int], fparams: dict[str, float],
        bparams: dict[str, bool], method: str, tracker: Callable[[LOBPCG], Any] | None,
    ):  # fmt: skip
        self.A, self.B = A, B
        self.iK: Any = iK
        self.method: str = method
        self.tracker: Callable[[LOBPCG], Any] | None = tracker
        self.iparams: dict[str, int] = iparams
        self.fparams: dict[str, float] = fparams
        self.bparams: dict[str, bool] = bparams
        self.X, self.S, self.E = X, X, wrap(np.zeros(X.shape[-1], X._a.real.dtype))
        self.R = wrap(np.zeros_like(X._a))
        self.ivars: dict[str, int] = {"istep": 0, "iterations_left": iparams["niter"], "converged_count": 0}
        self.fvars: dict[str, float] = {}
        self.bvars: dict[str, bool] = {}
        self.tvars: dict[str, Tensor] = {}
        self._change: Any = None

    def run(self) -> None:
        """Steps until k pairs have converged, the steps are used up or the tracker wants no more."""
        with no_grad():
            while True:
                self._step()
                if self.tracker is not None:
                    self.tracker(self)
                done = self.ivars["iterations_left"] == 0 or self.ivars["converged_count"] >= self.iparams["k"]
                if done or self.bvars.get("force_stop", False):
                    return

    def _step(self) -> None:
        n, S = self.iparams["n"], self._basis()
        if S.shape[-1] < n:
            raise errors.advised(
                errors.LinAlgError(f"torch.lobpcg: the {n} columns of X span {S.shape[-1]} dimensions only"),
                "Give X with independent columns, or none: random ones are made then.",
            )
        AS, BS = _product(self.A, S), _product(self.B, S)
        small = np.conj(S.T) @ AS
        if not np.isfinite(small).all():
            raise errors.LinAlgError(
                "linalg.eigh: The algorithm failed to converge because the input matrix contained non-finite values."
            )
        values, Z = np.linalg.eigh(small)
        chosen = slice(None, -n - 1, -1) if self.bparams["largest"] else slice(0, n)
        E, Z = values[chosen], Z[:, chosen]
        self._change = S[:, n:] @ Z[n:]
        X, R = S @ Z, AS @ Z - (BS @ Z) * E
        self.S, self.E, self.X, self.R = wrap(S), wrap(np.ascontiguousarray(E)), wrap(X), wrap(R)
        self._count(BS @ Z)
        self.ivars["istep"] += 1
        self.ivars["iterations_left"] -= 1
        if S.shape[-1] == n and self.ivars["istep"] > 1:  # the residuals lead nowhere else: X spans an invariant space
            self.bvars["force_stop"] = True

    def _basis(self) -> Any:
        """The present vectors, then what residuals and the last change add to them; columns that are orthonormal for B."""
        X = self.X._a
        if not self.ivars["istep"]:
            length = np.linalg.norm(X)
            self.fvars["X_norm"] = float(length)
            self.fvars["A_norm"] = float(np.linalg.norm(_product(self.A, X)) / length)
            self.fvars["B_norm"] = float(np.linalg.norm(_product(self.B, X)) / length)
            return self._orthonormal(X, X[:, :0])
        basis = X
        residuals = _product(self.iK, self.R._a[:, self.ivars["converged_count"] :])
        for more in (residuals, self._change):
            basis = np.concatenate([basis, self._orthonormal(more, basis)], -1)
        return basis

    def _orthonormal(self, U: Any, before: Any) -> Any:
        """The columns of U less what lies in ``before``, orthonormal for B; those that are nothing but rounding errors go."""
        least = U.shape[0] * np.finfo(U.dtype).eps
        for _ in range(2):  # once leaves errors where much was taken away
            U = _of_length_one(U, 0.0)
            U = _of_length_one(U - before @ (np.conj(before.T) @ _product(self.B, U)), least)
            sizes, V = np.linalg.eigh(np.conj(U.T) @ _product(self.B, U))
            kept = sizes > least * sizes.max(initial=0.0)
            U = U @ (V[:, kept] / np.sqrt(sizes[kept]))
        return U

    def _count(self, BX: Any) -> None:
        """How many pairs have converged, from the first on (Duersch et al., "A robust and efficient implementation of LOBPCG", 2018)."""
        E, X, R = self.E._a, self.X._a, self.R._a
        scale = np.linalg.norm(X, axis=0) * (self.fvars["A_norm"] + np.abs(E) * self.fvars["B_norm"])
        with np.errstate(divide="ignore", invalid="ignore"):
            relative = np.linalg.norm(R, axis=0) / scale
        self.tvars["rerr"] = wrap(relative)
        unconverged = np.flatnonzero(~(relative < self.fparams["tol"]))
        self.ivars["converged_count"] = int(unconverged[0]) if unconverged.size else E.size


def _product(matrix: Any, X: Any) -> Any:
    """A matrix, dense or sparse, times an array of columns; None is the identity."""
    return X if matrix is None else (matrix @ wrap(X))._a


def _of_length_one(U: Any, least: float) -> Any:
    """Columns of length one, without those that are not longer than ``least``."""
    lengths = np.linalg.norm(U, axis=0)
    kept = lengths > least
    return U[:, kept] / lengths[kept]


# --- derivatives ----------------------------------------------------------------------------------------------------------
@opaque(public=False, outputs=("E", "X"), n_diff=2, grad_name="LOBPCGAutogradFunctionBackward")
def eigenpairs_found(k, A, values, vectors):
    """Some eigenpairs of a symmetric matrix that have been found by means which are not differentiated.

    Gradient of ``A`` (from E): ``X @ diag(g) @ X.T``.
    Gradient of ``A``: ``X @ (X.T @ g / (E_j - E_i)) @ X.T`` off the diagonal, and what turns X out of its span.
    """
    return values.copy(), vectors.copy()


eigenpairs_found.nondiff("values", "vectors")


@eigenpairs_found.vjp("A")
def _(k, g, A, E, X):
    gE, gX = g
    eye = constant(k, np.eye(E.shape[-1], dtype=bool))
    inner = diagonal_matrix(k, or_zero(k, gE, E))
    if gX is None:
        return k.matprod(k.matprod(X, inner), adjoint(k, X))
    Y = k.matprod(adjoint(k, X), gX)
    gap = k.where(eye, 1.0, k.unsqueeze(E, -2) - k.unsqueeze(E, -1))
    inner = inner + k.where(eye, 0.0, Y / gap)
    # How X moves out of its span: (e - A) y = g for each pair, where A is replaced in the span by what makes that the identity.
    whole = constant(k, np.eye(A.shape[-1], dtype=array_of(A).dtype))
    e = k.unsqueeze(k.unsqueeze(E, -1), -1)
    one = k.unsqueeze(k.matprod(X, adjoint(k, X)), -3)
    known = k.unsqueeze(k.matprod(X * k.unsqueeze(E, -2), adjoint(k, X)), -3)
    shifted = e * (whole - one) + one + known - k.unsqueeze(A, -3)
    outside = k.unsqueeze(k.transpose(gX - k.matprod(X, Y), -2, -1), -1)
    moved = k.solution(shifted, outside, vector=False, left=True)[0]
    moved = k.transpose(k.basic_slice(moved, where=(Ellipsis, 0)), -2, -1)
    return k.matprod(k.matprod(X, inner) + moved, adjoint(k, X))


def _symmetric(A: Any) -> Any:
    return (A + adjoint(tensors, A)) / 2


def _differentiable(A: Any, B: Any, E: Tensor, X: Tensor) -> tuple[Tensor, Tensor]:
    """The pairs as functions of A and B: with ``B = L L^H`` those of ``L^-1 A L^-H``, whose vectors are ``L^H X``."""
    if B is None:
        return eigenpairs_found.public(A, E, X)  # type: ignore[no-any-return]
    L = cholesky(B)
    half = solve_triangular(L, A, upper=False)
    C = adjoint(tensors, solve_triangular(L, adjoint(tensors, half), upper=False))
    E, Y = eigenpairs_found.public(C, E, (adjoint(tensors, L) @ X).detach())
    return E, solve_triangular(adjoint(tensors, L), Y, upper=True)


# --- public ---------------------------------------------------------------------------------------------------------------
def _check(A: Any, B: Any, n: int) -> None:
    check_tensor("lobpcg", "A", 1, A)
    check_kernel("linalg_eigh_cpu", A)
    if A.dim() < 2 or A.shape[-2] != A.shape[-1]:
        raise AssertionError(f"A must be square, got shape {A.shape}")
    if B is not None and A.shape != B.shape:
        raise AssertionError(f"A and B must have same shape, got {A.shape} vs {B.shape}")
    if A.shape[-1] < 3 * n:
        raise errors.value(
            f"LOBPCG algorithm is not applicable when the number of A rows (={A.shape[-1]}) is smaller than 3 x the number of "
            f"requested eigenpairs (={n})",
            "Use torch.linalg.eigh, which finds all eigenpairs of a small matrix.",
        )


def _settings(
    A: Any, n: int, k: int, niter: int | None, tol: float | None, largest: bool | None, ortho: tuple[Any, Any, Any]
) -> tuple[dict[str, int], dict[str, float], dict[str, bool]]:
    if tol is None:
        tol = (2.23e-16 if A.dtype.itemsize // (2 if A.dtype.category == types.COMPLEX else 1) == 8 else 1.2e-7) ** 0.5
    iparams = {"m": A.shape[-1], "n": n, "k": k, "niter": 1000 if niter is None else niter, **(ortho[0] or {})}
    return iparams, {"tol": tol, **(ortho[1] or {})}, {"largest": largest is not False, **(ortho[2] or {})}


def _matrices(A: Any, batched: Any) -> Iterator[Any]:
    """The matrices of a batch as A has it; one matrix, or none, for all of them."""
    for place in np.ndindex(*A.shape[:-2]):
        yield batched if batched is None or batched.dim() == 2 else batched[place]


def _diagonal(m: Any) -> Any:
    """A matrix whose eigenvectors are known, with their signs."""
    return m.torch.diag(m.a([6.0, 5.0, 4.0, 3.0, 2.0, 1.0], m._dtype()))


@function(
    asks=False,  # of a sparse matrix nothing but products is wanted
    samples=lambda m: [
        *[
            m(x, **more).apart("the signs are free, and torch stops at its own step")
            for x, more in (
                (positive(m, n=6), {"k": 2}),
                (positive(m, 2, n=6), {"largest": False}),
                (positive(m, n=9), {"k": 1, "n": 3, "B": positive(m, n=9)}),
                (positive(m, n=6).t(), {"X": m.f(6, 2)}),
                (m.f(0, 3, 3), {}),
            )
        ],
        m(_diagonal(m), X=m.torch.eye(6, dtype=m._dtype())[:, :2], tol=1e-14, niter=60).not_numeric(
            "the signs are free"
        ),
        m.without("0-d", "matrices"),
    ],
    errors=lambda m: [
        m.error(AssertionError, "A must be square, got shape torch.Size([2, 3])", m.f(2, 3)),
        m.error(AssertionError, "A and B must have same shape", m.f(3, 3), B=m.f(2, 2)),
        m.error(m.torch.linalg.LinAlgError, "linalg.eigh: The algorithm failed to converge", m.f(6, 6) * float("nan")),
        m.error(ValueError, "LOBPCG algorithm is not applicable", m.f(3, 3), k=2),
        m.error(AssertionError, "X shape mismatch", m.f(6, 6), X=m.f(5, 2)),
    ],
)
@levels.by_example
def lobpcg(
    A: Tensor, k: int | None = None, B: Tensor | None = None, X: Tensor | None = None, n: int | None = None,
    iK: Tensor | None = None, niter: int | None = None, tol: float | None = None, largest: bool | None = None,
    method: str | None = None, tracker: Callable[[Any], Any] | None = None, ortho_iparams: dict[str, int] | None = None,
    ortho_fparams: dict[str, float] | None = None, ortho_bparams: dict[str, bool] | None = None,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """The k largest (or smallest) eigenvalues E and eigenvectors X of symmetric matrices: ``A X = B X diag(E)``.

    ``A`` is of shape (*, m, m), and may be sparse if it is one matrix; without ``B``, which must be positive definite, it is the
    identity. The search begins with ``X`` (*, m, n), by default random, of whose n columns the first k must converge, and improves
    residuals by the preconditioner ``iK``. It ends when the relative residuals are below ``tol`` (the root of the dtype's precision), or
    after ``niter`` steps (1,000; -1: no limit). ``tracker`` is called with the search after each of them. The methods "basic" and "ortho"
    are one here, which needs no settings for its bases: ``ortho_...`` are only shown to a tracker.

    Gradients flow to dense ``A`` and ``B``, symmetrised; eigenvalues that are equal give vectors without one.

    Raises:
        ValueError: if m is less than 3 n.
        torch.linalg.LinAlgError: if ``X`` has dependent columns.
    """
    if not isinstance(A, Tensor):
        return otherwise(
            lobpcg, (A, k, B, X, n, iK, niter, tol, largest, method), {}, errors.not_a_tensor("lobpcg", "A", 1, A)
        )  # type: ignore[no-any-return]
    k = (1 if X is None else X.shape[-1]) if k is None else k
    n = (k if n is None else n) if X is None else X.shape[-1]
    _check(A, B, n)
    # in forward mode a tensor has a tangent, which takes the same rule
    wanted = bool(levels.running) or any(M is not None and M.requires_grad for M in (A, B))
    if wanted:
        A, B = _symmetric(A), None if B is None else _symmetric(B)
    m = A.shape[-1]
    parameters = _settings(A, n, k, niter, tol, largest, (ortho_iparams, ortho_fparams, ortho_bparams))
    found = []
    for a, b, x, inverse in zip(*(_matrices(A, M) for M in (A, B, X, iK)), strict=True):
        x = randn(m, n, dtype=A.dtype) if x is None else x
        if tuple(x.shape) != (m, n):
            raise AssertionError(f"X shape mismatch: got {x.shape}, expected {(m, n)}")
        search = LOBPCG(a, b, x, inverse, *parameters, "ortho" if method is None else method, tracker)
        search.run()
        found.append((search.E._a[:k], search.X._a[:, :k]))
    E = wrap(np.array([e for e, _ in found], A.dtype.to_real().np).reshape(*A.shape[:-2], min(k, n)))
    vectors = wrap(np.array([v for _, v in found], A.dtype.np).reshape(*A.shape[:-2], m, min(k, n)))
    return _differentiable(A, B, E, vectors) if wanted else (E, vectors)
