"""Names directly under ``torch`` that few programs use; they load when one is asked for."""

from __future__ import annotations

import math
from inspect import Parameter, Signature
from typing import Any

import numpy as np

from . import errors, settings, types
from .asking import asking
from .autograd.mode import no_grad, set_detect_anomaly
from .promotion import cast_array
from .tensor import Tensor, wrap


def _removed(name: str, parameters: str, instead: str) -> Any:
    """A function that PyTorch no longer has: it says what to write."""

    def gone(*args: Any, **kwargs: Any) -> Any:
        raise errors.runtime("This function was deprecated since version 1.9 and is now removed.", instead)

    gone.__name__ = gone.__qualname__ = name
    gone.__doc__ = f"Removed from PyTorch. {instead}\n\nRaises:\n    RuntimeError: always.\n"
    either = Parameter.POSITIONAL_OR_KEYWORD
    gone.__signature__ = Signature([Parameter(p, either) for p in parameters.split()])  # type: ignore[attr-defined]
    return gone


symeig: Any = _removed(
    "symeig",
    "input eigenvectors upper",
    "Write torch.linalg.eigvalsh(A), or torch.linalg.eigh(A) for eigenvectors too.",
)
eig: Any = _removed("eig", "input eigenvectors", "Write torch.linalg.eig(A), which returns complex numbers.")
lstsq: Any = _removed("lstsq", "input A", "Write torch.linalg.lstsq(A, B).solution: the arguments change places.")
solve: Any = _removed("solve", "input A", "Write torch.linalg.solve(A, B): the arguments change places.")
matrix_rank: Any = _removed(
    "matrix_rank", "input tol symmetric", "Write torch.linalg.matrix_rank(A, hermitian=symmetric)."
)


# --- questions and settings -----------------------------------------------------------------------------------------
#: What ``torch.has_mkl`` and its like answer: that products, factorisations, transforms and threads are there.
has_lapack = has_mkl = has_openmp = has_spectral = True


class SymInt:
    """An int that a traced program does not know yet; nothing is traced here, so no value is one."""


class SymFloat:
    """A float that a traced program does not know yet; no value is one."""


class SymBool:
    """A bool that a traced program does not know yet; no value is one."""


def compiled_with_cxx11_abi() -> bool:
    """True, as PyTorch's builds of today."""
    return True


@asking
def is_inference(input: Tensor) -> bool:
    """Whether a tensor was made in inference mode."""
    return input.is_inference()


@asking
def detach(input: Tensor) -> Tensor:
    """``input.detach()``."""
    return input.detach()


@asking
def get_device(input: Tensor) -> int:
    """-1: the CPU has no number."""
    return input.get_device()


@asking
def is_distributed(input: Tensor) -> bool:
    """False: no tensor is spread over processes."""
    return False


def set_anomaly_enabled(mode: bool, check_nan: bool = True) -> None:
    """Switch anomaly mode on or off, as ``torch.autograd.set_detect_anomaly``."""
    set_detect_anomaly(mode, check_nan)


_always = [False]


def set_warn_always(b: bool) -> None:
    """Kept. PyTorch's own warnings, which come once in a process, are to come each time."""
    _always[0] = b


def is_warn_always_enabled() -> bool:
    """What ``set_warn_always`` was told."""
    return _always[0]


_MODES = ("default", "warn", "error")


def set_deterministic_debug_mode(debug_mode: int | str) -> None:
    """``default`` (0), ``warn`` (1) or ``error`` (2): what to do about operations that are not deterministic; all are here.

    Raises:
        RuntimeError: for another value.
    """
    if isinstance(debug_mode, str):
        if debug_mode not in _MODES:
            raise errors.runtime(
                f"invalid value of debug_mode, expected one of `default`, `warn`, `error`, but got {debug_mode}"
            )
        debug_mode = _MODES.index(debug_mode)
    if debug_mode not in (0, 1, 2):
        raise errors.runtime(f"invalid value of debug_mode, expected 0, 1, or 2, but got {debug_mode}")
    settings.use_deterministic_algorithms(debug_mode > 0, warn_only=debug_mode == 1)


def get_deterministic_debug_mode() -> int:
    """0, 1 or 2, as ``set_deterministic_debug_mode`` has them."""
    if not settings.are_deterministic_algorithms_enabled():
        return 0
    return 1 if settings.is_deterministic_algorithms_warn_only_enabled() else 2


def get_device_module(device: Any = None) -> Any:
    """``torch.cpu`` and its like: the module of a device, by default of the CPU."""
    from importlib import import_module

    return import_module(f"{__package__}.{'cpu' if device is None else types.device(device).type}")


# --- numbers that a traced program does not know yet ----------------------------------------------------------------
def sym_int(a: Any) -> int:
    """``int(a)``."""
    return int(a)


@asking
def sym_float(a: Any) -> float:
    """``float(a)``."""
    return float(a)


@asking
def sym_not(a: Any) -> bool:
    """``not a``."""
    return not a


@asking
def sym_max(a: Any, b: Any) -> Any:
    """``max(a, b)``; a float if one of the two is."""
    return max(float(a), float(b)) if isinstance(a, float) or isinstance(b, float) else max(a, b)


@asking
def sym_min(a: Any, b: Any) -> Any:
    """``min(a, b)``; a float if one of the two is."""
    return min(float(a), float(b)) if isinstance(a, float) or isinstance(b, float) else min(a, b)


@asking
def sym_sum(args: Any) -> Any:
    """``sum(args)``."""
    return sum(args)


@asking
def sym_ite(b: Any, t: Any, f: Any) -> Any:
    """``t if b else f``."""
    return t if b else f


@asking
def sym_sqrt(a: Any) -> float:
    """``math.sqrt(a)``."""
    return math.sqrt(a)


def cond(pred: Any, true_fn: Any, false_fn: Any, operands: Any = ()) -> Any:
    """``true_fn(*operands)`` if ``pred`` is true, else ``false_fn(*operands)``: one of the two runs, eagerly.

    Raises:
        RuntimeError: if ``pred`` is neither a bool nor a tensor with one element, or the branches cannot be called.
    """
    if not isinstance(pred, (bool, Tensor)):
        raise errors.runtime(f"Expected pred to be bool or tensor, but got {pred}.")
    if isinstance(pred, Tensor) and pred.numel() != 1:
        raise errors.runtime(f"Expected pred to be bool or single-element tensor, but got {pred}.")
    if not callable(true_fn) or not callable(false_fn):
        raise errors.runtime("Expect both branches to be callable.")
    return (true_fn if bool(pred) else false_fn)(*operands)


# --- of PyTorch's inside --------------------------------------------------------------------------------------------
def _scaled_mm(
    input: Any, mat2: Any, scale_a: Any, scale_b: Any, bias: Any = None, scale_result: Any = None, out_dtype: Any = None,
    use_fast_accum: bool = False,
) -> Any:  # fmt: skip
    """``(scale_a * input) @ (scale_b * mat2) + bias`` of float8 matrices, summed in float32."""
    for x in (input, mat2):
        if x.dtype not in types.FLOAT8:
            raise errors.runtime(
                f"Expected both inputs to be fp8 types but got mat_a.dtype()={types.scalar_name(input.dtype)}"
            )
        if x.dim() != 2:
            raise errors.runtime("mat_a and mat_b must be matrices")
    if input.shape[1] != mat2.shape[0]:
        raise errors.runtime(
            f"mat1 and mat2 shapes cannot be multiplied ({'x'.join(map(str, input.shape))} and {'x'.join(map(str, mat2.shape))})"
        )
    with no_grad():
        product = (input.float() * scale_a) @ (mat2.float() * scale_b)
        product = product if bias is None else product + bias.float()
        product = product if scale_result is None else product * scale_result
        return product.to(input.dtype if out_dtype is None else out_dtype)


def _amp_foreach_non_finite_check_and_unscale_(grads: Any, found_inf: Any, inv_scale: Any) -> None:
    """Multiply gradients by ``inv_scale``, in place, and set ``found_inf`` to 1 if one of them is not finite."""
    factor = float(inv_scale)
    for g in grads:
        if not np.isfinite(g._a).all():
            found_inf.fill_(1.0)
        with no_grad():
            g.copy_(wrap(cast_array(g._a * np.asarray(factor, g._a.dtype), g._a.dtype)))
