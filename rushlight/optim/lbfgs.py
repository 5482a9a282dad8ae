"""L-BFGS: Newton's direction from the last few gradients (Nocedal & Wright, Numerical Optimization, algorithm 7.4).

The line search finds a point with the strong Wolfe conditions by cubic interpolation (their algorithms 3.5 and 3.6; the safeguards
are those of M. Schmidt's minFunc).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from .. import errors, fpstate
from ..tensor import wrap
from ..writing import bump
from .formula import number
from .optimizer import Optimizer, check_lr, check_parameters, evaluate


class Point(NamedTuple):
    """A place along the direction: step, loss, gradient, slope."""

    t: Any
    loss: float
    grad: Any
    slope: Any


class LBFGS(Optimizer):
    """Limited-memory BFGS; one ``step(closure)`` makes up to ``max_iter`` moves and evaluates the closure for each.

    Args:
        max_eval: evaluations of the closure in one step; ``max_iter * 5 // 4`` by default.
        tolerance_grad: stop when no element of the gradient is larger. tolerance_change: nor of the change, nor of the loss.
        history_size: how many moves the direction is made from.
        line_search_fn: None (the step is ``lr``) or ``"strong_wolfe"``.

    If the closure raises, parameters and state are what they were before the step.
    """

    def __init__(
        self, params: Any, lr: Any = 1, max_iter: int = 20, max_eval: int | None = None, tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9, history_size: int = 100, line_search_fn: str | None = None,
    ):  # fmt: skip
        check_lr(lr)
        super().__init__(
            params,
            {
                "lr": lr, "max_iter": max_iter, "max_eval": max_iter * 5 // 4 if max_eval is None else max_eval,
                "tolerance_grad": tolerance_grad, "tolerance_change": tolerance_change, "history_size": history_size,
                "line_search_fn": line_search_fn,
            },
        )  # fmt: skip
        if len(self.param_groups) != 1:
            raise errors.value("LBFGS doesn't support per-parameter options (parameter groups)")
        self._params = self.param_groups[0]["params"]

    # --- all parameters as one vector -----------------------------------------------------------------------------------
    def _gradient(self) -> Any:
        return np.concatenate([_as_real(_whole(p)) for p in self._params])

    def _move(self, t: Any, direction: Any) -> None:
        at = 0
        for p in self._params:
            n = p._a.size * (2 if p._a.dtype.kind == "c" else 1)
            change = direction[at : at + n] * t
            p._a += (change.view(p._a.dtype) if n != p._a.size else change).reshape(p._a.shape)
            bump(p)
            at += n

    def _restore(self, values: list[Any]) -> None:
        for p, value in zip(self._params, values, strict=True):
            p._a[...] = value
            bump(p)

    # --- one step -----------------------------------------------------------------------------------------------------
    def step(self, closure: Callable[[], Any]) -> Any:  # type: ignore[override]
        """Move until converged or out of iterations; returns the loss before the first move."""
        check_parameters(self._params)
        first = evaluate(closure)
        before = [p._a.copy() for p in self._params]
        token = fpstate.enter(fpstate.QUIET)
        try:
            state = _Memory(self.state.get(self._params[0], {}))
            self._minimize(closure, float(first), state)
        except BaseException:
            self._restore(before)
            raise
        finally:
            fpstate.leave(token)
        self.state[self._params[0]].update(state.saved())
        return first

    def _minimize(self, closure: Any, loss: float, state: _Memory) -> None:
        group = self.param_groups[0]
        lr, small, limit = number(group["lr"]), group["tolerance_change"], group["max_iter"]
        grad, evaluations = self._gradient(), 1
        state.func_evals += 1
        if _largest(grad) <= group["tolerance_grad"]:
            return
        for iteration in range(1, limit + 1):
            state.n_iter += 1
            state.direct(grad, group["history_size"])
            state.prev_flat_grad, state.prev_loss = grad.copy(), loss
            state.t = min(1.0, 1.0 / np.abs(grad).sum()) * lr if state.n_iter == 1 else lr
            slope = grad @ state.d
            if slope > -small:
                break
            used = 0
            if group["line_search_fn"] is not None:
                if group["line_search_fn"] != "strong_wolfe":
                    raise errors.runtime("only 'strong_wolfe' is supported")
                found, used = self._search(closure, Point(0, loss, grad, slope), state.t, state.d, small)
                loss, grad, state.t = found.loss, found.grad, found.t
                self._move(state.t, state.d)
            else:
                self._move(state.t, state.d)
                if iteration != limit:
                    loss, grad, used = float(evaluate(closure)), self._gradient(), 1
            evaluations += used
            state.func_evals += used
            if (
                evaluations >= group["max_eval"]
                or _largest(grad) <= group["tolerance_grad"]
                or _largest(state.d * state.t) <= small
                or abs(loss - state.prev_loss) < small
            ):
                break

    def _search(self, closure: Any, start: Point, t: Any, d: Any, small: float) -> tuple[Point, int]:
        origin = [p._a.copy() for p in self._params]

        def look(t: Any) -> Point:
            self._move(t, d)
            loss = float(evaluate(closure))
            grad = self._gradient()
            self._restore(origin)
            return Point(t, loss, grad, grad @ d)

        return strong_wolfe(look, start, t, _largest(d), small)


class _Memory:
    """What L-BFGS knows from earlier moves; it is written back only when a step has ended well."""

    def __init__(self, state: dict[str, Any]):
        self.func_evals, self.n_iter = state.get("func_evals", 0), state.get("n_iter", 0)
        self.d, self.prev_flat_grad = (_array(state.get(n)) for n in ("d", "prev_flat_grad"))
        self.t, self.h_diag = (_array(state.get(n)) for n in ("t", "H_diag"))
        self.prev_loss = state.get("prev_loss")
        self.shares: list[Any] | None = state.get("al")
        self.dirs, self.steps, self.ro = (
            [_array(x) for x in state.get(n) or []] for n in ("old_dirs", "old_stps", "ro")
        )

    def saved(self) -> dict[str, Any]:
        out: dict[str, Any] = {"func_evals": self.func_evals, "n_iter": self.n_iter}
        if self.d is None:
            return out
        if self.shares is not None:
            out["al"] = self.shares
        rest = {
            "d": self.d, "t": self.t, "old_dirs": self.dirs, "old_stps": self.steps, "ro": self.ro, "H_diag": self.h_diag,
            "prev_flat_grad": self.prev_flat_grad, "prev_loss": self.prev_loss,
        }  # fmt: skip
        return out | {n: [_tensor(y) for y in x] if isinstance(x, list) else _tensor(x) for n, x in rest.items()}

    def direct(self, grad: Any, history: int) -> None:
        """Set the direction ``d``: minus the approximate inverse Hessian times the gradient (two-loop recursion)."""
        if self.n_iter == 1:
            self.d, self.h_diag = -grad, 1
            self.dirs, self.steps, self.ro = [], [], []
            return
        y, s = grad - self.prev_flat_grad, self.d * self.t
        curvature = y @ s
        if curvature > 1e-10:
            for past, new in ((self.dirs, y), (self.steps, s), (self.ro, 1.0 / curvature)):
                if len(past) == history:
                    past.pop(0)
                past.append(new)
            self.h_diag = curvature / (y @ y)
        q = -grad
        shares: list[Any] = [None] * history
        for i in reversed(range(len(self.dirs))):
            shares[i] = (self.steps[i] @ q) * self.ro[i]
            q = q - self.dirs[i] * shares[i]
        r = q * self.h_diag
        for y, s, ro, share in zip(self.dirs, self.steps, self.ro, shares, strict=False):
            r = r + s * (share - (y @ r) * ro)
        self.d, self.shares = r, [_tensor(x) for x in shares]


def _array(x: Any) -> Any:
    return x._a[()] if hasattr(x, "_a") else x


def _tensor(x: Any) -> Any:
    return wrap(np.asarray(x)) if isinstance(x, (np.ndarray, np.generic)) else x


def _whole(p: Any) -> Any:
    """The elements of a parameter's gradient, zeros if it has none."""
    grad = p._grad
    if grad is None:
        return np.zeros(p._a.size, p._a.dtype)
    return (grad.to_dense() if grad.is_sparse else grad)._a.reshape(-1)


def _as_real(x: Any) -> Any:
    return np.ascontiguousarray(x).view(x.real.dtype) if x.dtype.kind == "c" else x


def _largest(x: Any) -> Any:
    return np.abs(x).max()


def cubic_minimum(a: Point, b: Point, bounds: tuple[Any, Any] | None = None) -> Any:
    """Where the cubic through two points with these slopes is smallest, inside the bounds (default: between them)."""
    low, high = bounds or (min(a.t, b.t), max(a.t, b.t))
    if a.t > b.t:
        a, b = b, a
    d1 = a.slope + b.slope - 3 * (a.loss - b.loss) / (a.t - b.t)
    square = d1 * d1 - a.slope * b.slope
    if not square >= 0:
        return (low + high) / 2.0
    d2 = square**0.5
    place = b.t - (b.t - a.t) * ((b.slope + d2 - d1) / (b.slope - a.slope + 2 * d2))
    return min(max(place, low), high)


def strong_wolfe(
    look: Callable[[Any], Point], start: Point, t: Any, span: Any, small: float, c1: float = 1e-4, c2: float = 0.9,
    most: int = 25,
) -> tuple[Point, int]:  # fmt: skip
    """A step with enough decrease and a flat enough slope, and how many times ``look`` was called."""
    flat, previous, now, tries = -c2 * start.slope, start, look(t), 0

    def too_high(p: Point) -> Any:
        return p.loss > start.loss + c1 * p.t * start.slope

    # First an interval that holds such a step.
    while tries < most:
        if too_high(now) or (tries > 1 and now.loss >= previous.loss):
            break
        if abs(now.slope) <= flat:
            return now, tries + 1
        if now.slope >= 0:
            break
        bounds = (now.t + 0.01 * (now.t - previous.t), now.t * 10)
        t = cubic_minimum(previous, now, bounds)
        previous, now = now, look(t)
        tries += 1
    else:
        previous = start
    low, high = (previous, now) if previous.loss <= now.loss else (now, previous)
    # Then that interval, made smaller.
    stuck = False
    while tries < most and abs(high.t - low.t) * span >= small:
        left, right = min(low.t, high.t), max(low.t, high.t)
        t = cubic_minimum(low, high)
        margin = 0.1 * (right - left)
        if min(right - t, t - left) < margin:
            if stuck or t >= right or t <= left:
                t = right - margin if abs(t - right) < abs(t - left) else left + margin
                stuck = False
            else:
                stuck = True
        else:
            stuck = False
        now = look(t)
        tries += 1
        if too_high(now) or now.loss >= low.loss:
            high = now
            if high.loss < low.loss:
                low, high = high, low
            continue
        if abs(now.slope) <= flat:
            return now, tries + 1
        if now.slope * (high.t - low.t) >= 0:
            high = low
        low = now
    return low, tries + 1


# --- by PyTorch's names, for optimizers that packages write ------------------------------------------------------------
def _cubic_interpolate(x1: Any, f1: Any, g1: Any, x2: Any, f2: Any, g2: Any, bounds: Any = None) -> Any:
    """``cubic_minimum`` of two places, losses and slopes."""
    return cubic_minimum(Point(x1, f1, None, g1), Point(x2, f2, None, g2), bounds)


def _strong_wolfe(
    obj_func: Callable[..., Any], x: Any, t: Any, d: Any, f: Any, g: Any, gtd: Any, c1: float = 1e-4, c2: float = 0.9,
    tolerance_change: float = 1e-9, max_ls: int = 25,
) -> tuple[Any, Any, Any, int]:  # fmt: skip
    """``strong_wolfe`` along ``x + t * d``, of which ``obj_func(x, t, d)`` gives loss and gradient: ``(loss, gradient, t, calls)``."""

    def look(t: Any) -> Point:
        loss, grad = obj_func(x, t, d)
        return Point(t, loss, grad.clone(), grad.dot(d))

    found, tries = strong_wolfe(look, Point(0, f, g.clone(), gtd), t, d.abs().max(), tolerance_change, c1, c2, max_ls)
    return found.loss, found.grad, found.t, tries
