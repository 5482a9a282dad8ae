"""Matrix products, through NumPy's BLAS."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import errors, types
from ..functions import function
from ..op import opaque
from ..tensor import Tensor


def _same_dtype(a: Any, b: Any, names: str = "m1 and m2") -> None:
    x, y = (types.of_array(v._a if isinstance(v, Tensor) else v) for v in (a, b))
    if x is not y:
        raise errors.runtime(
            f"expected {names} to have the same dtype, but got: {_c_name(x)} != {_c_name(y)}",
            "Convert one of them with .to(dtype).",
        )


def _c_name(t: types.dtype) -> str:
    return {"float32": "float", "float64": "double", "int64": "long int", "int32": "int", "float16": "c10::Half"}.get(
        t.name, t.name
    )


def _product(a: Any, b: Any) -> Any:
    """``a @ b``; 16-bit floats are multiplied in float32 and rounded once."""
    if a.dtype.itemsize == 2 and a.dtype.kind in "fV":
        return np.matmul(a.astype(np.float32), b.astype(np.float32)).astype(a.dtype)
    return np.matmul(a, b)


@opaque(methods="mm", samples=lambda m: [m(m.f(2, 3), m.f(3, 4)), m(m.nc(3, 2), m.f(2, 2)), m(m.f(0, 3), m.f(3, 2))], errors=lambda m: [
    m.error(RuntimeError, "mat1 and mat2 shapes cannot be multiplied", m.f(2, 3), m.f(2, 3))])  # fmt: skip
def mm(k, input, mat2):
    """The matrix product of two matrices."""
    return _product(input, mat2)


@mm.prepare
def _(input, mat2):
    for name, x in (("self", input), ("mat2", mat2)):
        if x.ndim != 2:
            raise errors.runtime(f"{name} must be a matrix", f"It has shape {list(x.shape)}.")
    if input.shape[1] != mat2.shape[0]:
        raise errors.runtime(
            f"mat1 and mat2 shapes cannot be multiplied ({input.shape[0]}x{input.shape[1]} and {mat2.shape[0]}x{mat2.shape[1]})",
            "The columns of the first must be as many as the rows of the second.",
        )
    _same_dtype(input, mat2)
    return (input, mat2), {}


@mm.vjp("input")
def _(k, g, mat2):
    return k.mm(g, k.conj(k.t(mat2)))


@mm.vjp("mat2")
def _(k, g, input):
    return k.mm(k.conj(k.t(input)), g)


@opaque(methods="bmm", samples=lambda m: [m(m.f(2, 3, 4), m.f(2, 4, 2))])
def bmm(k, input, mat2):
    """Matrix products of two batches of matrices."""
    return _product(input, mat2)


@bmm.prepare
def _(input, mat2):
    for x in (input, mat2):
        if x.ndim != 3:
            raise errors.runtime("batch1 must be a 3D tensor" if x is input else "batch2 must be a 3D tensor")
    if input.shape[0] != mat2.shape[0] or input.shape[2] != mat2.shape[1]:
        raise errors.runtime(
            "Expected size for first two dimensions of batch2 tensor to be: "
            f"[{input.shape[0]}, {input.shape[2]}] but got: [{mat2.shape[0]}, {mat2.shape[1]}]."
        )
    _same_dtype(input, mat2)
    return (input, mat2), {}


@bmm.vjp("input")
def _(k, g, mat2):
    return k.bmm(g, k.conj(k.transpose(mat2, 1, 2)))


@bmm.vjp("mat2")
def _(k, g, input):
    return k.bmm(k.conj(k.transpose(input, 1, 2)), g)


@opaque(methods="mv", samples=lambda m: [m(m.f(2, 3), m.f(3))])
def mv(k, input, vec):
    """The product of a matrix and a vector."""
    return _product(input, vec)


@mv.prepare
def _(input, vec):
    if input.ndim != 2 or vec.ndim != 1:
        raise errors.runtime(f"vector + matrix @ vector expected, got 1, {input.ndim}, {vec.ndim}")
    if input.shape[1] != vec.shape[0]:
        raise errors.runtime(
            f"size mismatch, got input ({input.shape[0]}), mat ({input.shape[0]}x{input.shape[1]}), vec ({vec.shape[0]})"
        )
    _same_dtype(input, vec, "mat and vec")
    return (input, vec), {}


@mv.vjp("input")
def _(k, g, vec):
    return k.unsqueeze(g, 1) * k.conj(vec)


@mv.vjp("vec")
def _(k, g, input):
    return k.mv(k.conj(k.t(input)), g)


@opaque(methods="dot", samples=lambda m: [m(m.f(3), m.f(3))])
def dot(k, input, tensor):
    """The inner product of two vectors."""
    return np.asarray(_product(input, tensor))


@dot.prepare
def _(input, tensor):
    if input.ndim != 1 or tensor.ndim != 1:
        raise errors.runtime(f"1D tensors expected, but got {input.ndim}D and {tensor.ndim}D tensors")
    if input.shape[0] != tensor.shape[0]:
        raise errors.runtime(
            f"inconsistent tensor size, expected tensor [{input.shape[0]}] and src [{tensor.shape[0]}] to have the same number of "
            f"elements, but got {input.shape[0]} and {tensor.shape[0]} elements respectively"
        )
    if isinstance(input, Tensor):
        x, y = input.dtype, tensor.dtype
        if x is not y:
            raise errors.runtime(
                f"dot : expected both vectors to have same dtype, but found {types.scalar_name(x)} and {types.scalar_name(y)}"
            )
    return (input, tensor), {}


@dot.vjp("input")
def _(k, g, tensor):
    return g * k.conj(tensor)


@dot.vjp("tensor")
def _(k, g, input):
    return g * k.conj(input)


@function(methods="matmul")
def matmul(input: Tensor, other: Tensor, *, out: Any = None) -> Tensor:
    """The matrix product: of vectors the inner product, of matrices the product, of more dimensions batches of products.

    Raises:
        RuntimeError: for shapes that do not fit, or different dtypes.
    """
    if not isinstance(other, Tensor):
        raise errors.not_a_tensor("matmul", "other", 2, other)
    result = _matmul(input, other)
    if out is None:
        return result
    from ..writing import write_out

    return write_out("matmul", out, result)  # type: ignore[no-any-return]


def _matmul(x: Tensor, y: Tensor) -> Tensor:
    m, n = x._a.ndim, y._a.ndim
    if m == 0 or n == 0:
        raise errors.runtime(
            f"both arguments to matmul need to be at least 1D, but they are {m}D and {n}D", "Use * for numbers."
        )
    if m == 1 and n == 1:
        return dot.public(x, y)  # type: ignore[no-any-return]
    if m == 2 and n == 1:
        return mv.public(x, y)  # type: ignore[no-any-return]
    if m == 1 and n == 2:
        return mm.public(x.unsqueeze(0), y).squeeze(0)  # type: ignore[no-any-return]
    if m == 2 and n == 2:
        return mm.public(x, y)  # type: ignore[no-any-return]
    if n <= 2 and m >= 3:
        # a batch of rows times one matrix is one larger product
        folded = x.reshape(int(np.prod(x._a.shape[:-1])), x._a.shape[-1])
        product = mm.public(folded, y) if n == 2 else mv.public(folded, y)
        return product.view(*x._a.shape[:-1], *y._a.shape[1:])  # type: ignore[no-any-return]
    return _batched(x, y)


def _batched(x: Tensor, y: Tensor) -> Tensor:
    if x._a.ndim == 1:
        return _batched(x.unsqueeze(0), y).squeeze(-2)  # type: ignore[no-any-return]
    if y._a.ndim == 1:
        return _batched(x, y.unsqueeze(1)).squeeze(-1)  # type: ignore[no-any-return]
    from ..kernels.strides import broadcast_shapes

    batch = broadcast_shapes(x._a.shape[:-2], y._a.shape[:-2])
    rows, inner = x._a.shape[-2:]
    if inner != y._a.shape[-2]:
        raise errors.runtime(
            f"Expected size for first two dimensions of batch2 tensor to be: [{int(np.prod(batch))}, {inner}] but got: "
            f"[{int(np.prod(batch))}, {y._a.shape[-2]}].",
            f"The shapes are {list(x._a.shape)} and {list(y._a.shape)}.",
        )
    count = int(np.prod(batch))
    left = x.expand(*batch, rows, inner).reshape(count, rows, inner)
    right = y.expand(*batch, *y._a.shape[-2:]).reshape(count, *y._a.shape[-2:])
    return bmm.public(left, right).view(*batch, rows, y._a.shape[-1])  # type: ignore[no-any-return]


def _at(self: Tensor, other: Any) -> Any:
    return matmul(self, other) if isinstance(other, Tensor) else NotImplemented


def _rat(self: Tensor, other: Any) -> Any:
    return matmul(other, self) if isinstance(other, Tensor) else NotImplemented


Tensor.__matmul__, Tensor.__rmatmul__ = _at, _rat  # type: ignore[attr-defined]


@opaque(
    methods="addmm addmm_",
    samples=lambda m: [m(m.f(2, 4), m.f(2, 3), m.f(3, 4)), m(m.f(4), m.f(2, 3), m.f(3, 4), beta=2, alpha=0.5)],
)
def addmm(k, input, mat1, mat2, *, beta=1, alpha=1):
    """``beta * input + alpha * mat1 @ mat2``."""
    product = _product(mat1, mat2)
    if alpha != 1:
        product *= mat1.dtype.type(alpha)
    if beta == 0:
        return product
    product += input if beta == 1 else input * mat1.dtype.type(beta)
    return product


@addmm.prepare
def _(input, mat1, mat2, *, beta=1, alpha=1):
    mm.preparer(mat1, mat2)
    return (input, mat1, mat2), {"beta": beta, "alpha": alpha}


@addmm.vjp("input")
def _(k, g, beta):
    return g if beta == 1 else g * beta


@addmm.vjp("mat1")
def _(k, g, mat2, alpha):
    out = k.mm(g, k.conj(k.t(mat2)))
    return out if alpha == 1 else out * alpha


@addmm.vjp("mat2")
def _(k, g, mat1, alpha):
    out = k.mm(k.conj(k.t(mat1)), g)
    return out if alpha == 1 else out * alpha


@function(name="nn.functional.linear")
def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """``input @ weight.T + bias``; weight is (out, in), input (..., in)."""
    a, w = input._a, weight._a
    if w.ndim == 2 and a.ndim and a.shape[-1] != w.shape[1]:
        rows = a.size // a.shape[-1] if a.shape[-1] else 0
        raise errors.runtime(
            f"mat1 and mat2 shapes cannot be multiplied ({rows}x{a.shape[-1]} and {w.shape[1]}x{w.shape[0]})",
            f"linear() got input of shape {list(a.shape)}, whose last size must be {w.shape[1]} (weight is {list(w.shape)}).",
        )
    if bias is None or w.ndim != 2:
        out = matmul(input, weight.t())
        return out if bias is None else out + bias
    if a.ndim == 2:
        return addmm.public(bias, input, weight.t())  # type: ignore[no-any-return]
    if a.ndim == 1:
        return addmm.public(bias, input.unsqueeze(0), weight.t()).squeeze(0)  # type: ignore[no-any-return]
    out = addmm.public(bias, input.reshape(-1, a.shape[-1]), weight.t())
    return out.view(*a.shape[:-1], w.shape[0])  # type: ignore[no-any-return]


@function(methods="outer ger")
def outer(input: Tensor, vec2: Tensor) -> Tensor:
    """The products of all pairs of elements of two vectors."""
    if input._a.ndim != 1 or vec2._a.ndim != 1:
        raise errors.runtime(f"outer: Expected 1-D argument self, but got {input._a.ndim}-D")
    return input.unsqueeze(1) * vec2  # type: ignore[no-any-return]


@function()
def einsum(equation: str, *operands: Any) -> Tensor:
    """Einstein's summation: products of elements summed over the letters that the result does not name."""
    tensors = list(operands[0]) if len(operands) == 1 and isinstance(operands[0], (list, tuple)) else list(operands)
    equation = equation.replace(" ", "")
    if "..." in equation:
        raise NotImplementedError("einsum: '...' is not supported; name the dimensions")
    left, arrow, right = equation.partition("->")
    terms = left.split(",")
    if len(terms) != len(tensors):
        raise errors.runtime(
            f"einsum(): {'more' if len(tensors) > len(terms) else 'fewer'} operands were provided than specified in the equation"
        )
    if not arrow:
        right = "".join(sorted(c for c in set(left) - {","} if left.count(c) == 1))
    for term, t in zip(terms, tensors, strict=True):
        if len(term) != t._a.ndim:
            raise errors.runtime(
                "einsum(): the number of subscripts in the equation "
                f"({len(term)}) does not match the number of dimensions ({t._a.ndim}) for operand {tensors.index(t)} and no "
                "ellipsis was given"
            )
        if len(set(term)) != len(term):
            raise NotImplementedError(
                "einsum: a letter repeated within one operand is not supported; take the diagonal first"
            )
    result, letters = tensors[0], terms[0]
    for i, (t, term) in enumerate(zip(tensors[1:], terms[1:], strict=True)):
        later = "".join(terms[i + 2 :]) + right
        result, letters = _pair(result, letters, t, term, later)
    drop = [i for i, c in enumerate(letters) if c not in right]
    if drop:
        result = result.sum(drop)
        letters = "".join(c for c in letters if c in right)
    return result.permute(*[letters.index(c) for c in right]) if letters != right else result  # type: ignore[no-any-return]


def _pair(x: Tensor, a: str, y: Tensor, b: str, later: str) -> tuple[Tensor, str]:
    """Two operands contracted by one batched product."""
    batch = [c for c in a if c in b and c in later]
    summed = [c for c in a if c in b and c not in later]
    only_a, only_b = [c for c in a if c not in b], [c for c in b if c not in a]
    left = x.permute(*[a.index(c) for c in batch + only_a + summed]) if a else x
    right = y.permute(*[b.index(c) for c in batch + summed + only_b]) if b else y
    size = dict(zip(a, x._a.shape, strict=True)) | dict(zip(b, y._a.shape, strict=True))

    def count(names: list[str]) -> int:
        n = 1
        for c in names:
            n *= size[c]
        return n

    product = left.reshape(count(batch), count(only_a), count(summed)).bmm(
        right.reshape(count(batch), count(summed), count(only_b))
    )
    names = batch + only_a + only_b
    return product.reshape([size[c] for c in names]), "".join(names)
