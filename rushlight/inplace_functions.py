"""The in-place methods that PyTorch also has as functions: ``torch.exp_(x)`` is ``x.exp_()``."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from . import errors
from .tensor import Tensor

NAMES = frozenset(
    "abs_ acos_ acosh_ addmv_ arccos_ arccosh_ arcsin_ arcsinh_ arctan_ arctanh_ asin_ asinh_ atan_ atanh_ ceil_ clamp_ "
    "clamp_max_ clamp_min_ clip_ cos_ cosh_ deg2rad_ detach_ erf_ erfc_ exp2_ exp_ expm1_ fill_ fix_ floor_ frac_ "
    "gcd_ i0_ index_put_ lcm_ ldexp_ log10_ log1p_ log2_ log_ logit_ nan_to_num_ neg_ negative_ rad2deg_ reciprocal_ relu_ "
    "round_ rsqrt_ sigmoid_ sin_ sinc_ sinh_ sqrt_ square_ tan_ tanh_ trunc_ xlogy_".split()
)


@cache
def function(name: str) -> Callable[..., Any]:
    """The function of one of ``NAMES``."""

    def in_place(input: Any, *args: Any, **kwargs: Any) -> Any:
        if not isinstance(input, Tensor):
            raise errors.not_a_tensor(name, "input", 1, input)
        return getattr(input, name)(*args, **kwargs)

    in_place.__name__ = in_place.__qualname__ = name
    in_place.__doc__ = f"``input.{name}(...)``: writes the result into ``input`` and returns it."
    in_place.__module__ = __package__
    in_place.__wrapped__ = getattr(Tensor, name)  # type: ignore[attr-defined]
    return in_place
