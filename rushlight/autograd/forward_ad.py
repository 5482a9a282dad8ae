"""``torch.autograd.forward_ad``: tensors that carry a tangent.

Inside ``dual_level()`` a tensor made by ``make_dual`` takes its tangent through every operation; ``unpack_dual`` gives both back.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from .. import errors
from ..levels import Dual, dual
from ..tensor import Tensor
from ..transforms.derivatives import check_tangent
from ..transforms.gradients import primal, tangent
from ..transforms.tangents import DualLevel

__all__ = ["UnpackedDualTensor", "dual_level", "enter_dual_level", "exit_dual_level", "make_dual", "unpack_dual"]

_current: list[DualLevel] = []


class UnpackedDualTensor(NamedTuple):
    """What ``unpack_dual`` gives: a value, and its tangent or None."""

    primal: Tensor
    tangent: Tensor | None


def enter_dual_level() -> int:
    """Enter a level, until ``exit_dual_level``; returns its number, which is 0.

    Raises:
        RuntimeError: inside one; PyTorch has no nested levels either. ``torch.func.jvp`` nests.
    """
    if _current:
        raise errors.runtime("Nested forward mode AD is not supported at the moment", "torch.func.jvp can be nested.")
    level = DualLevel(is_func=False)
    level.__enter__()
    _current.append(level)
    return 0


def exit_dual_level(*, level: int | None = None) -> None:
    """Leave the level: dual tensors keep only their value.

    Raises:
        RuntimeError: outside a level, or for another number than it has.
    """
    if not _current:
        raise errors.runtime("Dual level must be a positive number.")
    if level not in (None, 0):
        raise errors.runtime(
            "Trying to exit a forward AD level that was not the last one that was created. This is not supported."
        )
    _current.pop().__exit__()


class dual_level:
    """``with dual_level():`` operations carry tangents inside the block."""

    def __enter__(self) -> int:
        return enter_dual_level()

    def __exit__(self, *exc: object) -> None:
        exit_dual_level()

    def __call__(self, function: Any) -> Any:
        import functools

        @functools.wraps(function)
        def decorated(*args: Any, **kwargs: Any) -> Any:
            with self:
                return function(*args, **kwargs)

        return decorated


def make_dual(tensor: Tensor, tangent: Tensor, *, level: int | None = None) -> Tensor:  # noqa: A002
    """A tensor that shows ``tensor`` and carries ``tangent``, of the same shape.

    Raises:
        ValueError: for integers. RuntimeError: outside a level, for tangents of another shape, for a tensor that has one.

    >>> import rushlight as torch
    >>> import rushlight.autograd.forward_ad as fwAD
    >>> with fwAD.dual_level():
    ...     fwAD.unpack_dual(fwAD.make_dual(torch.tensor(3.0), torch.tensor(1.0)) ** 2).tangent
    tensor(6.)
    """
    if not _current:
        raise errors.runtime(
            "Trying to create a dual Tensor for forward AD but no level exists, make sure to enter_dual_level() first."
        )
    at = _current[-1]
    check_tangent(tensor, tangent)
    if isinstance(tensor, Dual) and tensor.at is at:
        raise errors.runtime(
            "Making a dual Tensor based on a Tensor that already has a forward gradient at the same level 0 is not supported."
        )
    view: Any = tensor.view_as(tensor) if tensor.requires_grad else tensor
    return dual(view, tangent, at)


def unpack_dual(tensor: Tensor, *, level: int | None = None) -> UnpackedDualTensor:
    """The value of a tensor, and its tangent: None if it has none, or outside a level."""
    if not _current:
        return UnpackedDualTensor(tensor.primal if isinstance(tensor, Dual) else tensor, None)
    return UnpackedDualTensor(primal(tensor, _current[-1]), tangent(tensor, _current[-1]))
