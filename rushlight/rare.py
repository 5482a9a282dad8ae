"""Names directly under ``torch`` that few programs use; they load when one is asked for."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import errors, types
from .autograd.mode import no_grad
from .promotion import cast_array
from .tensor import wrap


def symeig(input: Any, eigenvectors: bool = False, upper: bool = True, *, out: Any = None) -> Any:
    """Removed from PyTorch.

    Raises:
        RuntimeError: always.
    """
    raise errors.runtime(
        "This function was deprecated since version 1.9 and is now removed.",
        "Write torch.linalg.eigvalsh(A, UPLO='U' if upper else 'L'), or torch.linalg.eigh for eigenvectors too.",
    )


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
