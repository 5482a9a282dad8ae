"""Views as copies (``transpose_copy``), and copies of a tensor with another one in the place of a view (``select_scatter``).

Each is derived from the view: a copy is what the view shows, in memory of its own, under the view's node with another name;
a scatter writes the region that the view shows (``ops/regions``).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import errors, levels, types
from ..autograd.mode import no_grad
from ..functions import FUNCTIONS, function
from ..node import OpNode
from ..op import opaque
from ..promotion import cast_array
from ..readers import REGISTRY
from ..tensor import Tensor, requires_grad, wrap
from ..writing import Region, has_overlap, write_out
from . import splitting, views
from .movement import narrow, reshape, slice_along
from .splitting import need_tensor
from .views import check_dim


# --- views that have no name of their own ---------------------------------------------------------------------------
def _slice(input: Tensor, dim: int = 0, start: Any = None, end: Any = None, step: int = 1) -> Tensor:
    if not input._a.ndim:
        raise errors.index("slice() cannot be applied to a 0-dim tensor.")
    dim = check_dim(dim, input._a.ndim)
    if step <= 0:
        raise errors.runtime("slice step must be positive")
    return slice_along.public(input, dim, start, end, step)  # type: ignore[no-any-return]


def _size(name: str, size: Any) -> tuple[int, ...]:
    if not isinstance(size, (tuple, list)):
        raise errors.type_(
            f"{name}() received an invalid combination of arguments - got (Tensor, {type(size).__name__})",
            f"The sizes are one argument: torch.{name}(x, (2, 3)).",
        )
    return tuple(size)


def _view(input: Tensor, size: Any = None, dtype: Any = None) -> Tensor:
    if isinstance(size, types.dtype):
        size, dtype = None, size
    return views.view_dtype(input, dtype) if dtype is not None else reshape(input, _size("view_copy", size))


def _split(tensor: Tensor, split_size: int, dim: int = 0) -> tuple[Tensor, ...]:
    if not isinstance(split_size, int):
        raise errors.type_(
            f"split_copy(): argument 'split_size' (position 2) must be int, not {type(split_size).__name__}",
            "Parts of different sizes: torch.split_with_sizes_copy.",
        )
    return splitting.split(tensor, split_size, dim)


def _narrow(input: Tensor, dim: int, start: Any, length: int) -> Tensor:
    ndim = input._a.ndim
    if ndim and dim >= ndim:  # in other words than narrow
        raise errors.runtime(
            "Expected dim < static_cast<int64_t>(self_sizes.size()) to be true, but got false.",
            f"The tensor has {ndim} dimensions, and dim is {dim}.",
        )
    if ndim and length < 0:
        raise errors.runtime(
            f"start ({int(start)}) + length ({length}) exceeds dimension size ({input._a.shape[dim]})."
        )
    return narrow(input, dim, start, length)


def _pairs_as_complex(input: Tensor) -> Tensor:
    if requires_grad(input):
        raise errors.runtime(
            "view_as_complex_copy does not support automatic differentiation for outputs with complex dtype.",
            "Use torch.view_as_complex(x).clone().",
        )
    return views.view_as_complex(input)


# --- copies ---------------------------------------------------------------------------------------------------------
def _copy(view: Tensor, node: str | None) -> Tensor:
    """What a view shows, in memory of its own; its node with the name that PyTorch gives the copy's."""
    if isinstance(view, levels.Wrapped):
        return REGISTRY["clone"].public(view, memory_format=types.contiguous_format)  # type: ignore[no-any-return]
    out = wrap(np.array(view._a, order="C"))
    if view._edge is not None:
        of: Any = view._edge[0]
        name = node or of.name().removesuffix("_copy") + "_copy"
        if isinstance(of, OpNode):
            of.rename(name)
        elif of.name() != name:  # parts share theirs
            of.__class__ = type(name, (type(of),), {"__slots__": ()})
        out._edge = view._edge
    return out


def _write_parts(name: str, out: Any, parts: tuple[Tensor, ...]) -> None:
    if len(out) != len(parts):
        raise errors.runtime(f"{name}_out expected an out= argument of size {len(parts)}, got size {len(out)}")
    for o, part in zip(out, parts, strict=True):
        write_out(name, o, part)


def copied(of: str, make: Callable[..., Any], node: str | None = None, methods: str = "", **tried: Any) -> Any:
    """Declare ``<of>_copy``: ``make(*args)`` is the view, or the views. ``tried`` are samples and errors if not the view's."""
    name = f"{of}_copy"
    make.__name__ = make.__qualname__ = name  # which Python's errors about arguments then tell
    record: Any = (
        REGISTRY[of] if of in REGISTRY else FUNCTIONS.get(of) or FUNCTIONS.get(f"Tensor.{of}")
    )  # slice has none
    if record is not None:
        tried = {"samples": record.samples, "errors": record.error_samples, **tried}

    def copy(*args: Any, out: Any = None, **kwargs: Any) -> Any:
        need_tensor(name, args[0] if args else next(iter(kwargs.values()), None))
        made = make(*args, **kwargs)
        if isinstance(made, tuple):
            parts = tuple([_copy(view, node) for view in made])
            return parts if out is None else _write_parts(name, out, parts)
        result = _copy(made, node)
        return result if out is None else write_out(name, out, result)

    copy.__doc__ = f"What ``{of}`` shows, copied into memory of its own{' (each part)' if of in _MANY else ''}."
    copy.__wrapped__ = make  # type: ignore[attr-defined]
    return function(name=name, methods=methods, **tried)(copy)


_MANY = ("split", "split_with_sizes", "unbind")


def _op(name: str) -> Callable[..., Any]:
    return REGISTRY[name].public


copied("alias", lambda input: _op("alias")(input), samples=lambda m: [
    m(m.f(2, 3)), m(m.f()), m(m.nc(3, 2)), m(m.f(0, 2)), m(m.i(3))],
    errors=lambda m: [m.error(TypeError, "must be Tensor", 3)])  # fmt: skip
copied(
    "as_strided",
    lambda input, size, stride, storage_offset=None: views.as_strided(input, size, stride, storage_offset),
)
copied("diagonal", lambda input, offset=0, dim1=0, dim2=1: views.diagonal(input, offset, dim1, dim2))
copied("expand", lambda input, size, *, implicit=False: _op("expand")(input, _size("expand_copy", size)),
    samples=lambda m: [
    m(m.f(1, 3), (2, 3)), m(m.f(3), (2, -1)), m(m.f(), (2, 2)), m(m.nc(3, 1), (3, 2)), m(m.f(0, 1), (0, 2)), m(m.i(2, 1), (2, 2)),
    m(m.nc(3, 2), (2, 3, 2))],
    errors=lambda m: [m.error(RuntimeError, "The expanded size of the tensor (3) must match the existing size (2)", m.f(2), (3,)),
    m.error(TypeError, "expand_copy() takes 2 positional arguments but 3 were given", m.f(3), 2, 3)])  # fmt: skip
copied("narrow", lambda input, dim, start, length: _narrow(input, dim, start, length), "NarrowCopyBackward0", "narrow_copy",
    errors=lambda m: [
    m.error(RuntimeError, "narrow() cannot be applied to a 0-dim tensor.", m.f(), 0, 0, 1),
    m.error(RuntimeError, "Expected dim < static_cast<int64_t>(self_sizes.size()) to be true", m.f(3), 1, 0, 1),
    m.error(RuntimeError, "start (0) + length (-1) exceeds dimension size (3).", m.f(3), 0, 0, -1)])  # fmt: skip
copied("permute", lambda input, dims: _op("permute")(input, dims))
copied("select", lambda input, dim, index: _op("select")(input, dim, index))
copied("slice", _slice, samples=lambda m: [
    m(m.f(2, 3)), m(m.f(2, 3), 1, 0, 2), m(m.f(5), 0, 1, None, 2), m(m.nc(3, 2), -1, -1), m(m.f(0, 2), 1, 1), m(m.i(3), 0, 5, 9),
    m.without("0-d", "PyTorch: there is no dimension to slice")],
    errors=lambda m: [
    m.error(IndexError, "slice() cannot be applied to a 0-dim tensor.", m.f()),
    m.error(RuntimeError, "slice step must be positive", m.f(3), 0, 0, 2, 0)])  # fmt: skip
copied("split", _split, samples=lambda m: [
    m(m.f(5, 2), 2), m(m.f(2, 5), 2, 1), m(m.nc(3, 2), 1), m(m.f(0, 2), 2), m(m.i(3), 1),
    m.without("0-d", "PyTorch: there is no dimension to split")],
    errors=lambda m: [m.error(TypeError, "argument 'split_size' (position 2) must be int, not list", m.f(3), [1, 2])])  # fmt: skip
copied("split_with_sizes", lambda input, split_sizes, dim=0: splitting.split_with_sizes(input, split_sizes, dim))
copied("squeeze", lambda input, dim=None: _op("squeeze")(input, dim))
copied("t", lambda input: _op("t")(input))
copied("transpose", lambda input, dim0, dim1: _op("transpose")(input, dim0, dim1),
    errors=lambda m: [m.error(IndexError, "Dimension out of range", m.f(2, 3), 0, 2)])  # fmt: skip
copied("unbind", lambda input, dim=0: splitting.unbind(input, dim))
copied("unfold", lambda input, dimension, size, step: views.unfold(input, dimension, size, step))
copied("unsqueeze", lambda input, dim: _op("unsqueeze")(input, dim))
copied("view", _view, "ViewBackward0_copy", samples=lambda m: [
    m(m.f(2, 3), (6,)), m(m.f(2, 3), (-1, 2)), m(m.f(), (1, 1)), m(m.f(0, 2), (0,)), m(m.nc(3, 2), (6,)), m(m.i(4), m.torch.int32)],
    errors=lambda m: [
    m.error(RuntimeError, "shape '[4]' is invalid for input of size 6", m.f(2, 3), (4,)),
    m.error(TypeError, "view_copy() received an invalid combination of arguments - got (Tensor, int)", m.f(2, 3), 6)])  # fmt: skip
copied("view_as_real", lambda input: views.view_as_real(input))
copied("view_as_complex", _pairs_as_complex,
    errors=lambda m: [m.error(RuntimeError, "does not support automatic differentiation", m.f(3, 2).requires_grad_())])  # fmt: skip


# --- scatters -------------------------------------------------------------------------------------------------------
@opaque(public=False, grad_name=lambda inputs, attrs: attrs["node"])
def scattered(k, input, src, *, region, node):
    """A copy of ``input``, laid out like it, whose region holds ``src``.

    Gradient of ``input``: ``g`` outside of the region, 0 inside.
    Gradient of ``src``: ``g`` inside of the region.
    """
    return region.filled(input, cast_array(src, input.dtype))


@scattered.vjp("input")
def _(k, g, region):
    return k.region_put(g, 0.0, region=region)


@scattered.vjp("src")
def _(k, g, region):
    return k.region_get(g, region=region)


def _scatter(name: str, input: Tensor, src: Tensor, view: Callable[[Tensor], Tensor], node: str) -> Tensor:
    """``input`` with ``src`` in the place of ``view(input)``."""
    need_tensor(name, input)
    if not isinstance(src, Tensor):
        raise errors.not_a_tensor(name, "src", 2, src)
    with no_grad():
        if isinstance(input, levels.Wrapped):
            base = wrap(np.zeros(input._a.shape, input._a.dtype))
        else:
            base = wrap(np.array(input._a, order="C")) if has_overlap(input._a) else input
        shown = view(base)._a
    if src._a.shape != shown.shape:
        raise errors.runtime(
            "expected src to have a size equal to the slice of self. "
            f"src size = {list(src._a.shape)}, slice size = {list(shown.shape)}",
            "What is written does not broadcast: expand it first.",
        )
    return scattered.public(input, src, region=Region(base._a, shown), node=node)  # type: ignore[no-any-return]


_ELSEWHERE = "PyTorch gives input the gradient of what was overwritten, and none of what was kept"


@function(methods="as_strided_scatter", samples=lambda m: [
    m(m.f(6), m.f(2, 2), (2, 2), (1, 2)).value_only(_ELSEWHERE), m(m.f(6), m.f(2), (2,), (3,), 1).value_only(_ELSEWHERE),
    m(m.f(2, 3), m.i(3), (3,), (2,)).value_only(_ELSEWHERE), m(m.f(), m.f(), (), ()).value_only(_ELSEWHERE),
    m(m.f(0), m.f(0), (0,), (1,)), m.without("strided", "PyTorch: its derivative is for contiguous tensors")],
    errors=lambda m: [
    m.error(RuntimeError, "mismatch in length of strides and shape", m.f(4), m.f(2, 2), (2, 2), (1,)),
    m.error(RuntimeError, "expected src to have a size equal to the slice of self. src size = [2], slice size = [2, 2]",
            m.f(4), m.f(2), (2, 2), (2, 1))])  # fmt: skip
def as_strided_scatter(input: Tensor, src: Tensor, size: Any, stride: Any, storage_offset: int | None = None) -> Tensor:
    """A copy of ``input`` with ``src`` in the place of ``input.as_strided(size, stride, storage_offset)``."""
    return _scatter(
        "as_strided_scatter",
        input,
        src,
        lambda x: views.as_strided(x, size, stride, storage_offset),
        "AsStridedScatterBackward0",
    )


@function(methods="diagonal_scatter", samples=lambda m: [
    m(m.f(2, 3), m.f(2)), m(m.f(3, 2), m.f(1), 1), m(m.f(2, 3, 4), m.f(3, 2), 0, 0, 2), m(m.nc(3, 2), m.f(2)),
    m(m.f(0, 2), m.f(0)), m(m.i(2, 2), m.f(2)).value_only("integers have no gradient"),
    m.without("0-d", "PyTorch: it takes two dimensions")],
    errors=lambda m: [
    m.error(RuntimeError, "expected src to have a size equal to the slice of self.", m.f(2, 2), m.f(3)),
    m.error(RuntimeError, "diagonal dimensions cannot be identical 0, 0", m.f(2, 2), m.f(2), 0, 0, 0)])  # fmt: skip
def diagonal_scatter(input: Tensor, src: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor:
    """A copy of ``input`` with ``src`` as its diagonal.

    >>> import rushlight as torch
    >>> torch.zeros(2, 2).diagonal_scatter(torch.ones(2))
    tensor([[1., 0.],
            [0., 1.]])
    """
    return _scatter(
        "diagonal_scatter", input, src, lambda x: views.diagonal(x, offset, dim1, dim2), "DiagonalScatterBackward0"
    )


@function(methods="select_scatter", samples=lambda m: [
    m(m.f(2, 3), m.f(3), 0, 1), m(m.f(2, 3), m.f(2), -1, -1), m(m.f(3), m.f(), 0, 2), m(m.nc(3, 2), m.f(3), 1, 0),
    m(m.f(0, 2), m.f(0), 1, 1), m(m.f(1, 2).expand(2, 2), m.f(2), 0, 0)],
    errors=lambda m: [
    m.error(RuntimeError, "expected src to have a size equal to the slice of self.", m.f(2, 3), m.f(2), 0, 0),
    m.error(IndexError, "select(): index 5 out of range for tensor of size [2, 3] at dimension 1", m.f(2, 3), m.f(2), 1, 5)])  # fmt: skip
def select_scatter(input: Tensor, src: Tensor, dim: int, index: int) -> Tensor:
    """A copy of ``input`` with ``src`` as its slice at ``index`` along ``dim``.

    >>> import rushlight as torch
    >>> torch.zeros(2, 2).select_scatter(torch.ones(2), 0, 1)
    tensor([[0., 0.],
            [1., 1.]])
    """
    return _scatter(
        "select_scatter", input, src, lambda x: REGISTRY["select"].public(x, dim, index), "SelectScatterBackward0"
    )


@function(samples=lambda m: [
    m(m.f(2, 3), m.f(2, 3)), m(m.f(2, 3), m.f(2, 2), 1, 0, 2), m(m.f(5), m.f(2), 0, 1, None, 2), m(m.nc(3, 2), m.f(3, 1), 1, -1),
    m(m.f(0, 2), m.f(0, 1), 1, 1), m(m.f(3), m.f(0), 0, 3), m.without("0-d", "PyTorch: there is no dimension to slice")],
    methods="slice_scatter",
    errors=lambda m: [
    m.error(RuntimeError, "expected src to have a size equal to the slice of self.", m.f(2, 3), m.f(1, 3)),
    m.error(IndexError, "slice() cannot be applied to a 0-dim tensor.", m.f(), m.f()),
    m.error(RuntimeError, "slice step must be positive", m.f(3), m.f(3), 0, 0, 3, 0)])  # fmt: skip
def slice_scatter(
    input: Tensor, src: Tensor, dim: int = 0, start: Any = None, end: Any = None, step: int = 1, *, out: Any = None
) -> Tensor:
    """A copy of ``input`` with ``src`` in the place of the slice ``start:end:step`` along ``dim``.

    >>> import rushlight as torch
    >>> torch.zeros(3).slice_scatter(torch.ones(2), 0, 1)
    tensor([0., 1., 1.])
    """
    result = _scatter("slice_scatter", input, src, lambda x: _slice(x, dim, start, end, step), "SliceScatterBackward0")
    return result if out is None else write_out("slice_scatter", out, result)  # type: ignore[no-any-return]
