"""Lines of Python, run on PyTorch and on Rushlight in step, and everything compared that they leave behind."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import torch

import rushlight

#: (rtol, atol), those of `torch.testing.assert_close`.
TOLERANCE = {
    "float16": (1e-3, 1e-5),
    "bfloat16": (1.6e-2, 1e-5),
    "float32": (1.3e-6, 1e-5),
    "float64": (1e-7, 1e-7),
    "complex64": (1.3e-6, 1e-5),
    "complex128": (1e-7, 1e-7),
}

NAMES = {"torch": torch, "F": torch.nn.functional, "inf": float("inf"), "nan": float("nan")}
OTHER_NAMES = {**NAMES, "torch": rushlight, "F": rushlight.nn.functional}


def has_history(t: Any) -> bool:
    """Whether its place in the graph can be asked for: not of a view whose base was written to in another mode."""
    try:
        t.grad_fn  # noqa: B018
    except RuntimeError:
        return False
    return True


def execute(text: str, names: dict[str, Any]) -> str:
    """Run a line; the name of the exception it raised, or nothing."""
    try:
        exec(text, names)
    except Exception as error:
        names["message"] = str(error)
        return type(error).__name__
    return ""


def difference(lines: list[str]) -> str | None:
    """The first difference between PyTorch and Rushlight, told under the lines that lead to it; None if there is none."""
    a, b = dict(NAMES), dict(OTHER_NAMES)
    done: list[str] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for text in lines:
            done.append(text)
            raised, other = execute(text, a), execute(text, b)
            if raised != other:
                told = [
                    f"{e}: {n['message'].splitlines()[:1]}" if e else "no exception"
                    for e, n in ((raised, a), (other, b))
                ]
                return "\n".join([*done, f"  expected {told[0]}", f"  got {told[1]}"])
            if raised:  # PyTorch may have done a part of it
                level_all(a, b)
            found = differing_names(a, b)
            if found is not None:
                return "\n".join([*done, "  " + found])
    return None


def shrunk(lines: list[str]) -> str | None:
    """The difference that a program shows, under as few of its lines as it takes."""
    told = difference(lines)
    assert told is not None
    lines = told.split("\n  ")[0].split("\n")
    for i in range(len(lines) - 2, -1, -1):
        without = lines[:i] + lines[i + 1 :]
        other = difference(without)
        if other is not None and other.split("\n  ")[1:] == told.split("\n  ")[1:]:
            lines, told = without, other
    return told


def differing_names(a: dict[str, Any], b: dict[str, Any]) -> str | None:
    dtypes = [str(x.dtype)[6:] for x in a.values() if isinstance(x, torch.Tensor)]
    coarsest = max((TOLERANCE[n] for n in dtypes if n in TOLERANCE), default=(0.0, 0.0))
    for name, x in a.items():
        if name in NAMES or name.startswith("__") or name == "message":
            continue
        found = differing(x, b[name])
        if found is not None:
            return f"{name} {found}"
        if isinstance(x, torch.Tensor):
            found = has_history(x) and differing(x.grad, b[name].grad, coarsest)
            if found:
                return f"{name}.grad {found}"
            level(x, b[name])
    return None


def facts(t: Any, layout: bool) -> dict[str, Any]:
    """What a program can see of a tensor besides its elements."""
    seen: dict[str, Any] = {"dtype": str(t.dtype), "shape": tuple(t.shape)}
    if layout:
        if t.numel():  # where there is no second element, no step leads to it
            seen["stride"] = tuple(step if n > 1 else None for n, step in zip(t.shape, t.stride(), strict=True))
            seen["offset"] = t.storage_offset()
        seen |= {"is a view": t._is_view() and not t.is_complex(), "has a history": has_history(t)}
        if seen["has a history"]:
            seen |= {"requires_grad": t.requires_grad, "is_leaf": t.is_leaf}
    return seen


def differing(x: Any, y: Any, coarsest: tuple[float, float] | None = None) -> str | None:
    """How Rushlight's value ``y`` differs from PyTorch's ``x``; None if it does not.

    A gradient comes with the tolerance of the coarsest dtype that it may have gone through. It may lie in memory as it likes.
    """
    if not isinstance(x, torch.Tensor):
        if isinstance(x, float) and isinstance(y, float):
            return None if np.isclose(x, y, rtol=1e-6, equal_nan=True) else f"expected {x!r}, got {y!r}"
        return None if repr(x) == repr(y).replace("rushlight.", "torch.") else f"expected {x!r}, got {y!r}"
    if not isinstance(y, rushlight.Tensor):
        return f"expected a tensor, got {y!r}"
    one, other = facts(x, coarsest is None), facts(y, coarsest is None)
    for key in one:
        if one[key] != other[key].replace("rushlight.", "torch.") if key == "dtype" else one[key] != other[key]:
            return f"{key}: expected {one[key]}, got {other[key]}"
    e, g = elements(x), elements(y)
    rtol, atol = TOLERANCE.get(str(x.dtype)[6:], (0.0, 0.0))
    if coarsest is not None and e.size:  # a sum of terms that may cancel; of 16 bits each is rounded to three digits
        rtol, atol = max(rtol, coarsest[0]), max(atol, coarsest[1])
        with np.errstate(all="ignore"):
            atol = max(atol, rtol * float(np.nanmax(np.abs(np.where(np.isfinite(e), e, 0)))))
        if rtol >= 1e-3:
            rtol, atol = 4 * rtol, 4 * atol
    with np.errstate(all="ignore"):
        same = (e == g) if e.dtype.kind in "biu" else np.isclose(g, e, rtol=rtol, atol=atol, equal_nan=True)
        if e.dtype.kind == "c":  # with one part infinite the other is compared by itself
            parts = [np.isclose(x, y, rtol, atol, equal_nan=True) for x, y in ((g.real, e.real), (g.imag, e.imag))]
            same = same | (parts[0] & parts[1])
    return None if np.all(same) else f"{one['dtype']}: expected {e.tolist()}, got {g.tolist()}"


def elements(t: Any) -> np.ndarray:
    t = t.detach().clone()  # a tensor that NumPy shares memory with can no longer be resized
    if str(t.dtype).endswith("bfloat16"):
        t = t.float()
    return np.asarray(t.resolve_conj().numpy(force=True) if isinstance(t, torch.Tensor) else t.numpy())


def level_all(a: dict[str, Any], b: dict[str, Any]) -> None:
    """Give Rushlight's tensors what PyTorch's have after a line that failed: it may have done a part of it, Rushlight never does."""
    for name, x in a.items():
        y = b.get(name)
        if not isinstance(x, torch.Tensor) or not isinstance(y, rushlight.Tensor) or x.shape != tuple(y.shape):
            continue
        level(x, y)
        if has_history(x) and has_history(y) and x.is_leaf and y.requires_grad:
            # of its own shape, which may be one that the tensor had before ``x.data = ...``
            y._grad = None if x.grad is None else rushlight.zeros(tuple(x.grad.shape), dtype=y.dtype)
            if x.grad is not None:
                level(x.grad, y.grad)


def level(x: torch.Tensor, y: Any) -> None:
    """Give Rushlight's tensor PyTorch's last digits, so that the next line starts from the same numbers in both."""
    target = y._a
    values = elements(x).astype(target.dtype, copy=False)
    with np.errstate(all="ignore"):
        unequal = (target != values) & ((target == target) | (values == values))
    if unequal.any():
        target[unequal] = values[unequal]
