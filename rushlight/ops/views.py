"""Views whose memory is stepped through in another way: diagonals, windows, ``as_strided``; and other readings of the bytes.

Their gradients go through the region of the input that they show (``ops/regions``), which also counts elements shown twice.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import errors, levels, meta, types
from ..errors import check_dim
from ..functions import function
from ..node import history_first
from ..op import REGISTRY, movement, opaque
from ..tensor import Tensor, alias_of
from ..writing import Region, storage_bytes
from .splitting import need_tensor

ndarray = np.ndarray
strided: Callable[..., np.ndarray[Any, Any]] = np.lib.stride_tricks.as_strided


# --- other strides ----------------------------------------------------------------------------------------------------
@movement(public=False, grad_name=lambda inputs, attrs: attrs["node"])
def strided_view(k, input, *, view, node, region):
    """A view that steps through the input's memory in its own way.

    Gradient of ``input``: each ``g`` added at the element that the view shows there, 0 elsewhere.
    """
    return view


@strided_view.prepare
def _(input, view, node):
    return (input,), {"view": view, "node": node, "region": Region(input._a, view)}


@strided_view.vjp("input")
def _(k, g, region):
    return k.region_add(g, region=region)


@function(methods="diagonal", samples=lambda m: [
    m(m.f(2, 3)), m(m.f(3, 2), 1), m(m.f(3, 2), -1), m(m.f(2, 3, 4), 0, 0, 2), m(m.nc(3, 2)), m(m.f(0, 2)), m(m.f(2, 2), 5),
    m.without("0-d", "PyTorch: it takes two dimensions")],
    errors=lambda m: [
    m.error(RuntimeError, "diagonal dimensions cannot be identical 0, 0", m.f(2, 2), 0, 0, 0),
    m.error(IndexError, "Dimension out of range", m.f(3))])  # fmt: skip
@history_first
def diagonal(input: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor:
    """The diagonal of two dimensions as the last one, without a copy; ``offset`` above 0 is above the main diagonal.

    >>> import rushlight as torch
    >>> torch.arange(6).view(2, 3).diagonal(1)
    tensor([1, 5])
    """
    need_tensor("diagonal", input)
    a = input._a
    d1, d2 = check_dim(dim1, a.ndim), check_dim(dim2, a.ndim)
    if d1 == d2:
        raise errors.runtime(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
    view = a.diagonal(offset, d1, d2)
    view.flags.writeable = a.flags.writeable  # NumPy's is read-only
    return strided_view.public(input, view, "DiagonalBackward0")  # type: ignore[no-any-return]


@function(methods="unfold", name="Tensor.unfold", samples=lambda m: [
    m(m.f(5), 0, 2, 1), m(m.f(5), 0, 2, 2), m(m.f(2, 5), 1, 3, 1), m(m.nc(3, 4), -1, 2, 1), m(m.f(0, 3), 1, 2, 1),
    m(m.f(), 0, 1, 1)],
    errors=lambda m: [
    m.error(RuntimeError, "maximum size for tensor at dimension 0 is 3 but size is 4", m.f(3), 0, 4, 1),
    m.error(RuntimeError, "step is 0 but must be > 0", m.f(3), 0, 1, 0),
    m.error(RuntimeError, "size is -1 but must be >= 0", m.f(3), 0, -1, 1)])  # fmt: skip
@history_first
def unfold(self: Tensor, dimension: int, size: int, step: int) -> Tensor:
    """Windows of ``size`` elements along a dimension, ``step`` apart, as a new last dimension; a view.

    >>> import rushlight as torch
    >>> torch.arange(4).unfold(0, 2, 1)
    tensor([[0, 1],
            [1, 2],
            [2, 3]])
    """
    a = self._a
    d = check_dim(dimension, max(a.ndim, 1))
    n, stride = (a.shape[d], a.strides[d]) if a.ndim else (1, a.itemsize)
    if size < 0:
        raise errors.runtime(f"size is {size} but must be >= 0")
    if size > n:
        raise errors.runtime(f"maximum size for tensor at dimension {d} is {n} but size is {size}")
    if step <= 0:
        raise errors.runtime(f"step is {step} but must be > 0")
    shape, strides = list(a.shape), list(a.strides)
    if a.ndim:
        shape[d], strides[d] = (n - size) // step + 1, stride * step
    view = strided(a, (*shape, size), (*strides, stride))
    return strided_view.public(self, view, "UnfoldBackward0")  # type: ignore[no-any-return]


@function(methods="as_strided", samples=lambda m: [
    m(m.f(6), (2, 2), (1, 2)), m(m.f(6), (2, 2), (1, 1), 1), m(m.f(2, 3), (3,), (2,)), m(m.f(), (), ()), m(m.f(0), (0,), (1,)),
    m(m.f(2, 3), (2,), (0,)), m.without("strided", "the memory behind it differs by how it was made")],
    errors=lambda m: [
    m.error(RuntimeError, "mismatch in length of strides and shape", m.f(4), (2, 2), (1,)),
    m.error(RuntimeError, "Negative strides are not supported at the moment", m.f(4), (2,), (-1,)),
    m.error(RuntimeError, "are out of bounds for storage of size", m.f(4), (5,), (1,))])  # fmt: skip
@history_first
def as_strided(input: Tensor, size: Any, stride: Any, storage_offset: int | None = None) -> Tensor:
    """The memory behind ``input`` under these sizes and strides (in elements).

    >>> import rushlight as torch
    >>> torch.arange(5).as_strided((2, 2), (1, 2))
    tensor([[0, 2],
            [1, 3]])
    """
    need_tensor("as_strided", input)
    view = _restrided(input, size, stride, storage_offset)
    return strided_view.public(input, view, "AsStridedBackward0")  # type: ignore[no-any-return]


def _restrided(input: Tensor, size: Any, stride: Any, storage_offset: int | None) -> ndarray[Any, Any]:
    a = input._a
    size, stride = tuple(map(int, size)), tuple(map(int, stride))
    if len(size) != len(stride):
        raise errors.runtime("mismatch in length of strides and shape")
    if any(s < 0 for s in stride):
        raise errors.runtime(
            f"as_strided: Negative strides are not supported at the moment, got strides: {list(stride)}"
        )
    offset = input.storage_offset() if storage_offset is None else int(storage_offset)
    if offset < 0:
        raise errors.runtime(f"Tensor: invalid storage offset {offset}")
    memory = storage_bytes(a)
    needed = (offset + 1 + sum((n - 1) * s for n, s in zip(size, stride, strict=True))) * a.itemsize
    if 0 not in size and needed > memory.size:
        raise errors.runtime(
            f"setStorage: sizes {list(size)}, strides {list(stride)}, storage offset {offset}, and itemsize {a.itemsize} "
            f"requiring a storage size of {needed} are out of bounds for storage of size {memory.size}"
        )
    steps = tuple(s * a.itemsize for s in stride)
    if 0 in size:
        return strided(a.reshape(-1)[:0], size, steps)
    start = offset * a.itemsize
    return strided(memory[start : start + a.itemsize].view(a.dtype).reshape(()), size, steps)


# --- the same bytes, read otherwise -------------------------------------------------------------------------------------
@movement(public=False)
def view_as_real_(k, input):
    """Complex numbers as pairs."""
    half = input.real.dtype
    return strided(input.real, (*input.shape, 2), (*input.strides, half.itemsize))


@view_as_real_.vjp("input")
def _(k, g):
    return k.join_complex(g)


view_as_real_.grad_name = "ViewAsRealBackward0"


@opaque(public=False, grad_name="ViewAsComplexBackward0")
def join_complex(k, input):
    """Pairs as complex numbers, copied."""
    pairs = np.ascontiguousarray(input)
    return pairs.view(np.complex128 if pairs.dtype.itemsize == 8 else np.complex64)[..., 0]


@join_complex.vjp("input")
def _(k, g):
    return k.view_as_real_(g)


@movement(public=False, grad_name="ViewAsComplexBackward0")
def view_as_complex_(k, input):
    """Pairs as complex numbers."""
    kind = np.complex128 if input.dtype.itemsize == 8 else np.complex64
    if input.flags.c_contiguous:
        return input.view(kind)[..., 0]
    first = strided(input, (2,), (input.itemsize,)).view(kind)
    return strided(first, input.shape[:-1], input.strides[:-1])


@view_as_complex_.vjp("input")
def _(k, g):
    return k.view_as_real_(g)


@movement(public=False, grad_name="SelectBackward0")
def real(k, input):
    """The real parts; a real array as it is."""
    return input.real


@real.vjp("input")
def _(k, g):
    return g


@function(samples=lambda m: [
    m(m.c(3)), m(m.c()),
    m(m.c(0, 2)), m(m.c(3, 2).t())],
    errors=lambda m: [m.error(RuntimeError, "view_as_real is only supported for complex tensors", m.f(2))])  # fmt: skip
def view_as_real(input: Tensor) -> Tensor:
    """A complex tensor as a real one with a last dimension of size 2; the same memory.

    >>> import rushlight as torch
    >>> torch.view_as_real(torch.tensor([1 + 2j]))
    tensor([[1., 2.]])
    """
    need_tensor("view_as_real", input)
    if input._a.dtype.kind != "c":
        raise errors.runtime("view_as_real is only supported for complex tensors")
    return view_as_real_.public(input)  # type: ignore[no-any-return]


@function(samples=lambda m: [
    m(m.f(3, 2)).value_only("its result is complex"), m(m.f(2)).value_only("as before"),
    m(m.f(3, 4, 2).transpose(0, 1)).value_only("as before"),
    m.without("empty", "PyTorch takes over the strides of 0 that NumPy gives an empty array"),
    m.without("0-d", "it needs a last dimension of 2")],
    errors=lambda m: [
    m.error(RuntimeError, "Tensor must have a last dimension of size 2", m.f(3)),
    m.error(RuntimeError, "only supported for", m.i(2)),
    m.error(RuntimeError, "Input tensor must have one or more dimensions", m.f())])  # fmt: skip
def view_as_complex(input: Tensor) -> Tensor:
    """A tensor whose last dimension holds pairs as a complex one; the same memory.

    >>> import rushlight as torch
    >>> torch.view_as_complex(torch.tensor([[1.0, 2.0]]))
    tensor([1.+2.j])
    """
    need_tensor("view_as_complex", input)
    a = input._a
    if a.dtype not in (np.float16, np.float32, np.float64):
        raise errors.runtime(
            "view_as_complex is only supported for half, float and double tensors, but got a tensor of scalar type: "
            f"{types.scalar_name(input.dtype)}"
        )
    if not a.ndim:
        raise errors.runtime("Input tensor must have one or more dimensions")
    if a.shape[-1] != 2:
        raise errors.runtime("Tensor must have a last dimension of size 2")
    if a.dtype == np.float16:
        raise NotImplementedError("torch.view_as_complex: there is no complex32; convert with .float() first")
    steps = input.stride()
    if steps[-1] != 1:
        raise errors.runtime("Tensor must have a last dimension with stride 1")
    if any(s % 2 for s in steps[:-1]):
        raise errors.runtime("Tensor must have a stride divisible by 2 for all but last dimension")
    return view_as_complex_.public(input)  # type: ignore[no-any-return]


def _part(x: Tensor, which: int, name: str) -> Tensor:
    if x._a.dtype.kind != "c":
        if which == 0:
            return x
        raise errors.runtime(f"{name} is not implemented for tensors with non-complex dtypes.")
    return REGISTRY["select"].public(view_as_real(x), -1, which)  # type: ignore[no-any-return]


@function(name="real", samples=lambda m: [
    m(m.c(3)), m(m.f(2)), m(m.c()),
    m(m.c(0)), m(m.nc(2, 2))],
    errors=lambda m: [m.error(TypeError, "real", 3.0)])  # fmt: skip
def real_part(input: Tensor) -> Tensor:
    """The real parts, in the same memory; a real tensor itself.

    >>> import rushlight as torch
    >>> torch.real(torch.tensor([1 + 2j]))
    tensor([1.])
    """
    need_tensor("real", input)
    return _part(input, 0, "real")


@function(name="imag", samples=lambda m: [
    m(m.c(3)), m(m.c()), m(m.c(0)),
    m(m.c(3, 2).t())],
    errors=lambda m: [m.error(RuntimeError, "imag is not implemented for tensors with non-complex dtypes.", m.f(2))])  # fmt: skip
def imag_part(input: Tensor) -> Tensor:
    """The imaginary parts, in the same memory.

    >>> import rushlight as torch
    >>> torch.imag(torch.tensor([1 + 2j]))
    tensor([2.])
    """
    need_tensor("imag", input)
    return _part(input, 1, "imag")


def _set_part(which: int, name: str) -> Any:
    def write(self: Tensor, value: Any) -> None:
        part = _part(self, which, name)
        part.copy_(value if isinstance(value, Tensor) else REGISTRY["fill"].public(part.detach(), value))

    return write


Tensor.real = property(real_part, _set_part(0, "real"), doc=real_part.__doc__)  # type: ignore[attr-defined]
Tensor.imag = property(imag_part, _set_part(1, "imag"), doc=imag_part.__doc__)  # type: ignore[attr-defined]


@function(name="Tensor.view", methods="view", asks=False, samples=lambda m: [
    m(m.f(2, 3), 6), m(m.f(2, 3), -1, 2), m(m.f(2, 3), (3, 2)), m(m.f(), 1, 1), m(m.f(0, 2), 0), m(m.nc(3, 2), 3, 2, 1),
    m(m.i(4), m.torch.int32), m(m.i(2, 2), dtype=m.torch.uint8)],
    errors=lambda m: [
    m.error(RuntimeError, "shape '[4]' is invalid for input of size 6", m.f(2, 3), 4),
    m.error(RuntimeError, "only one dimension can be inferred", m.f(4), -1, -1),
    m.error(RuntimeError, "self.dim() cannot be 0 to view Long as Int", m.i(), m.torch.int32),
    m.error(RuntimeError, "view size is not compatible with input tensor's size and stride", m.nc(3, 2), 6)])  # fmt: skip
def view_method(self: Tensor, *size: Any, dtype: Any = None) -> Tensor:
    """The same memory under another shape, or read as another dtype (which has no gradient).

    >>> import rushlight as torch
    >>> torch.tensor([1.0]).view(torch.int32)
    tensor([1065353216], dtype=torch.int32)
    """
    if dtype is None and size and isinstance(size[0], types.dtype):
        dtype = size[0]
    return REGISTRY["view"].public(self, *size) if dtype is None else view_dtype(self, dtype)  # type: ignore[no-any-return]


def view_dtype(self: Tensor, dtype: types.dtype) -> Tensor:
    """The bytes of a tensor as another dtype: the same memory, no gradient (``Tensor.view(dtype)``)."""
    a, old, new = self._a, self._a.itemsize, dtype.itemsize
    if isinstance(self, levels.Batched) and (a.ndim or old == new):
        return levels.batched(view_dtype(self.value, dtype), self.at)
    if self.is_meta:
        return meta.shown(view_dtype(meta.plain(self), dtype)._a)  # type: ignore[no-any-return]
    if old == new:
        return alias_of(self, a.view(dtype.np), True)
    here, there = types.scalar_name(self.dtype), types.scalar_name(dtype)
    if not a.ndim:
        raise errors.runtime(f"self.dim() cannot be 0 to view {here} as {there} (different element sizes)")
    if self.stride()[-1] != 1:
        raise errors.runtime(
            f"self.stride(-1) must be 1 to view {here} as {there} (different element sizes), but got {self.stride()[-1]}"
        )
    if new > old:
        ratio = new // old
        if a.shape[-1] % ratio:
            raise errors.runtime(
                f"self.size(-1) must be divisible by {ratio} to view {here} as {there} (different element sizes), but got "
                f"{a.shape[-1]}"
            )
        for d, s in enumerate(self.stride()[:-1]):
            if s % ratio:
                raise errors.runtime(
                    f"self.stride({d}) must be divisible by {ratio} to view {here} as {there} (different element sizes), but "
                    f"got {s}"
                )
    return alias_of(self, a.view(dtype.np), True)


# --- a view made of a view ------------------------------------------------------------------------------------------------
_MOVES = """    >>> import rushlight as torch
    >>> torch.zeros(2, 3, 4).{name}({args}).shape
    torch.Size({shape})
    """


def _exchanged(name: str) -> Any:
    def fn(input: Tensor, dim0: int, dim1: int) -> Tensor:
        need_tensor(name, input)
        return REGISTRY["transpose"].public(input, dim0, dim1)  # type: ignore[no-any-return]

    fn.__name__ = fn.__qualname__ = name
    fn.__doc__ = f"Two dimensions exchanged: ``transpose`` under another name.\n\n{_MOVES}".format(
        name=name, args="0, 2", shape="[4, 3, 2]"
    )
    return fn


def _moved(name: str) -> Any:
    def fn(input: Tensor, source: Any, destination: Any) -> Tensor:
        need_tensor(name, input)
        n = input._a.ndim
        one = isinstance(source, int)
        at, to = ((source,), (destination,)) if one else (tuple(source), tuple(destination))
        if len(at) != len(to):
            raise errors.runtime(
                "movedim: Invalid source or destination dims: source "
                f"({list(at)} dims) should contain the same number of dims as destination ({list(to)} dims)"
            )
        here, there = [check_dim(d, n) for d in at], [check_dim(d, n) for d in to]
        for what, given, dims in (("source", at, here), ("destination", to, there)):
            if len(set(dims)) != len(dims):
                raise errors.runtime(f"movedim: repeated dim in `{what}` ({list(given)})")
        order = [d for d in range(n) if d not in here]
        for d, s in sorted(zip(there, here, strict=True)):
            order.insert(d, s)
        return REGISTRY["permute"].public(input, tuple(order)) if n else REGISTRY["alias"].public(input)  # type: ignore[no-any-return]

    fn.__name__ = fn.__qualname__ = name
    fn.__doc__ = f"Dimensions moved to other places, the rest in their order.\n\n{_MOVES}".format(
        name=name, args="0, 2", shape="[3, 4, 2]"
    )
    return fn


def _two_dims(m: Any) -> list[Any]:
    return [m(m.f(2, 3), 0, 1), m(m.f(2, 3, 4), -1, 0), m(m.nc(3, 2), 0, 1), m(m.f(0, 2), 1, 0), m(m.f(), 0, 0)]  # fmt: skip


def _bad_dims(m: Any) -> list[Any]:
    return [m.error(IndexError, "Dimension out of range", m.f(2), 0, 4)]


for _name in ("swapaxes", "swapdims"):
    globals()[_name] = function(name=_name, methods=_name, samples=_two_dims, errors=_bad_dims)(_exchanged(_name))
for _name in ("movedim", "moveaxis"):
    globals()[_name] = function(name=_name, methods=_name, samples=_two_dims, errors=_bad_dims)(_moved(_name))


@function(methods="unflatten", samples=lambda m: [
    m(m.f(6), 0, (2, 3)), m(m.f(2, 6), 1, (-1, 2)), m(m.nc(3, 4), -1, (2, 2)), m(m.f(0, 4), 1, (2, 2)), m(m.f(2, 3), 0, (2,)),
    m.without("0-d", "PyTorch: it takes a dimension")],
    errors=lambda m: [
    m.error(RuntimeError, "don't multiply up to the size of dim 0 (4)", m.f(4), 0, (3, 2)),
    m.error(RuntimeError, "sizes must be non-empty", m.f(4), 0, ())])  # fmt: skip
def unflatten(input: Tensor, dim: int, sizes: Any) -> Tensor:
    """One dimension as several, without a copy; one of ``sizes`` may be -1.

    >>> import rushlight as torch
    >>> torch.arange(4).unflatten(0, (2, 2))
    tensor([[0, 1],
            [2, 3]])
    """
    need_tensor("unflatten", input)
    shape = input._a.shape
    sizes = [int(s) for s in sizes]
    if not sizes:
        raise errors.runtime("unflatten: sizes must be non-empty")
    at = check_dim(dim, max(len(shape), 1))
    if not shape:
        raise errors.runtime("unflatten got an unexpected error:\na 0-d tensor has no dimension to unflatten")
    n, known = shape[at], 1
    for s in sizes:
        known *= 1 if s == -1 else s
    if sizes.count(-1) > 1:
        raise errors.runtime("unflatten got an unexpected error:\nonly one dimension can be inferred")
    if (known != n) if -1 not in sizes else (not known or n % known):
        raise errors.runtime(
            f"unflatten: Provided sizes {sizes} don't multiply up to the size of dim {dim} ({n}) in the input tensor"
        )
    sizes = [n // known if s == -1 else s for s in sizes]
    return REGISTRY["view"].public(input, (*shape[:at], *sizes, *shape[at + 1 :]))  # type: ignore[no-any-return]


@function(methods="broadcast_to", samples=lambda m: [
    m(m.f(3), (2, 3)), m(m.f(), (2,)), m(m.nc(3, 2), (3, 2)), m(m.f(0, 1), (0, 3)), m(m.f(1, 3), (2, 3))],
    errors=lambda m: [m.error(RuntimeError, "must match the existing size (2)", m.f(2), (3,))])  # fmt: skip
def broadcast_to(input: Tensor, *size: Any) -> Tensor:
    """``input`` expanded to ``size``, without a copy.

    >>> import rushlight as torch
    >>> torch.broadcast_to(torch.tensor([1, 2]), (2, 2))
    tensor([[1, 2],
            [1, 2]])
    """
    need_tensor("broadcast_to", input)
    return REGISTRY["expand"].public(input, *size)  # type: ignore[no-any-return]


@function(methods="ravel", samples=lambda m: [
    m(m.f(2, 3)), m(m.f()), m(m.nc(3, 2)), m(m.f(0, 2)), m(m.f(3))],
    errors=lambda m: [m.error(TypeError, "ravel", 3.0)])  # fmt: skip
def ravel(input: Tensor) -> Tensor:
    """All elements in one dimension: a view if the memory is in order, else a copy.

    >>> import rushlight as torch
    >>> torch.tensor([[1, 2], [3, 4]]).ravel()
    tensor([1, 2, 3, 4])
    """
    need_tensor("ravel", input)
    return input.contiguous().view(-1)  # type: ignore[no-any-return]


@function(methods="adjoint", samples=lambda m: [
    m(m.f(2, 3)), m(m.nc(3, 2)), m(m.f(0, 2)), m(m.f(2, 2, 3)), m.without("0-d", "PyTorch: it takes matrices")],
    errors=lambda m: [m.error(RuntimeError, "only supported on matrices or batches of matrices", m.f(3))])  # fmt: skip
def adjoint(input: Tensor) -> Tensor:
    """The last two dimensions exchanged, complex numbers conjugated.

    >>> import rushlight as torch
    >>> torch.tensor([[1, 2], [3, 4]]).adjoint()
    tensor([[1, 3],
            [2, 4]])
    """
    need_tensor("adjoint", input)
    if input._a.ndim < 2:
        raise errors.runtime(
            f"tensor.adjoint() is only supported on matrices or batches of matrices. Got {input._a.ndim}-D tensor."
        )
    return _conjugate(REGISTRY["transpose"].public(input, -2, -1))


def _conjugate(x: Tensor) -> Tensor:
    return REGISTRY["conj"].public(x) if x._a.dtype.kind == "c" else x


def _hermitian(self: Tensor) -> Tensor:
    n = self._a.ndim
    if n != 2 and n:
        raise errors.runtime(
            f"tensor.H is only supported on matrices (2-D tensors). Got {n}-D tensor."
            + (" For batches of matrices, consider using tensor.mH" if n > 2 else "")
        )
    return _conjugate(REGISTRY["transpose"].public(self, 0, 1)) if n else self


def _batch_hermitian(self: Tensor) -> Tensor:
    if not self._a.ndim:
        return _conjugate(self)
    if self._a.ndim < 2:
        raise errors.runtime(
            f"tensor.mH is only supported on matrices or batches of matrices. Got {self._a.ndim}-D tensor."
        )
    return adjoint(self)


Tensor.H = property(_hermitian, doc="A matrix transposed and conjugated.")  # type: ignore[attr-defined]
Tensor.mH = property(_batch_hermitian, doc="Matrices transposed and conjugated.")  # type: ignore[attr-defined]
