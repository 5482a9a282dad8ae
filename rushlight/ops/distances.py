"""Distances and similarities of vectors, and the losses made of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import errors, types
from ..autograd.mode import no_grad
from ..functions import function
from ..kernels.iteration import is_half
from ..kernels.strides import broadcast_shapes
from ..op import REGISTRY
from ..tensor import Tensor, wrap
from .losses import checked_reduction, reduced, reduction_name, renamed, todays_reduction


def _pair_samples(m: Any) -> list[Any]:
    return [
        m(m.f(2, 3), m.f(2, 3)), m(m.f(2, 3), m.f(1, 3)), m(m.f(0, 3), m.f(0, 3)), m(m.nc(3, 2), m.f(3, 2)),
    ]  # fmt: skip


@function(name="nn.functional.cosine_similarity", aliases="cosine_similarity", samples=lambda m: [
    *_pair_samples(m), m(m.f(), m.f(), dim=0), m(m.f(2, 3), m.f(2, 3), dim=0), 
    m(m.f(2, 3), m.f(2, 3), eps=3.0).not_numeric("eps is held constant"),
    m(m.f(3), m.f(2, 3), dim=-1)], errors=lambda m: [
    m.error(RuntimeError, "expected common dtype to be floating point", m.i(2), m.i(2), dim=0),
    m.error(IndexError, "Dimension out of range", m.f(2), m.f(2)),
    m.error(RuntimeError, "at non-singleton dimension", m.f(2, 3), m.f(3, 2))])  # fmt: skip
def cosine_similarity(x1: Tensor, x2: Tensor, dim: int = 1, eps: float = 1e-8) -> Tensor:
    """``x1 . x2 / (max(|x1|, eps) max(|x2|, eps))`` along ``dim``."""
    if not isinstance(x1, Tensor):
        raise errors.not_a_tensor("cosine_similarity", "x1", 1, x1)
    if not isinstance(x2, Tensor):
        raise errors.not_a_tensor("cosine_similarity", "x2", 2, x2)
    kind = types.promote_types(x1.dtype, x2.dtype)
    if kind.category != types.FLOATING:
        raise errors.runtime(
            f"expected common dtype to be floating point, yet common dtype is {types.scalar_name(kind)}",
            "Convert the tensors first: x.float().",
        )
    if eps < 0:
        raise errors.runtime(f"eps must be non-negative, got: {eps:g}")
    shape = broadcast_shapes(x1._a.shape, x2._a.shape)
    # integers alone: the norms of floats are theirs, in their own digits
    pair: list[Any] = [x if x.dtype.category == types.FLOATING else x.to(kind) for x in (x1, x2)]  # type: ignore[attr-defined]
    pair = [v if v._a.shape == shape else v.expand(shape) for v in pair]
    norms = [v.norm(2, dim, True).clone() for v in pair]
    with no_grad():
        for norm in norms:
            norm.clamp_min_(eps)
    second = pair[1] / norms[1]  # of which PyTorch makes the node first: gradients of 16 bits are added in that order
    return (pair[0] / norms[0] * second).sum(dim)  # type: ignore[no-any-return]


@function(name="nn.functional.pairwise_distance", aliases="pairwise_distance", samples=lambda m: [
    *_pair_samples(m), m(m.f(), m.f()), m(m.f(2, 3), m.f(2, 3), 1.0), m(m.f(2, 3), m.f(3), 3.0, keepdim=True),
    m(m.f(2, 3), m.f(2, 3), float("inf"))], errors=lambda m: [
    m.error(RuntimeError, "at non-singleton dimension", m.f(2, 3), m.f(2, 4))])  # fmt: skip
def pairwise_distance(x1: Tensor, x2: Tensor, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> Tensor:
    """The p-norm of ``x1 - x2 + eps`` along the last dimension."""
    return renamed((x1 - x2 + eps).norm(p, -1, keepdim), "NormBackward1")  # type: ignore[operator]


@function(name="nn.functional.pdist", aliases="pdist", samples=lambda m: [
    m(m.f(4, 3)).first_order("PyTorch has no second"), m(m.f(3, 2), 1.0).first_order("PyTorch has no second"), m(m.f(0, 3)).value_only(
    "nothing"), m(m.nc(3, 2)).first_order("PyTorch has no second"), m.without("0-d", "rows of a matrix")], errors=lambda m: [
    m.error(RuntimeError, "pdist only supports 2D tensors", m.f(3)),
    m.error(RuntimeError, "pdist only supports non-negative p values", m.f(3, 2), -1.0),
    m.error(NotImplementedError, "\"pdist\" not implemented for 'Half'", m.f(3, 2).half()),
    m.error(RuntimeError, "pdist only supports floating-point dtypes", m.i(3, 2))])  # fmt: skip
def pdist(input: Tensor, p: float = 2) -> Tensor:
    """The p-norm distances of all pairs of rows, as the upper triangle of their matrix row by row."""
    if not isinstance(input, Tensor):
        raise errors.not_a_tensor("pdist", "input", 1, input)
    if input._a.ndim != 2:
        raise errors.runtime(f"pdist only supports 2D tensors, got: {input._a.ndim}D")
    if input._a.dtype.kind not in "fV":
        raise errors.runtime("pdist only supports floating-point dtypes")
    if p < 0:
        raise errors.runtime("pdist only supports non-negative p values")
    if is_half(input._a.dtype) and input._a.size and input._a.shape[0] > 1:
        raise NotImplementedError(f"\"pdist\" not implemented for '{types.scalar_name(input.dtype)}'")
    first, second = np.triu_indices(input._a.shape[0], 1)
    x: Any = input
    return renamed((x.index_select(0, wrap(first)) - x.index_select(0, wrap(second))).norm(p, 1), "PdistBackward0")


# --- losses -------------------------------------------------------------------------------------------------------------
def _signs(m: Any, *shape: int) -> Any:
    return m.i(*shape, lo=0, hi=2) * 2 - 1


@function(name="nn.functional.cosine_embedding_loss", samples=lambda m: [
    m(m.f(2, 3), m.f(2, 3), _signs(m, 2)), m(m.f(2, 3), m.f(2, 3), _signs(m, 2), 0.3, reduction="none"),
    m(m.f(3), m.f(3), m.a(1)), m(m.nc(3, 2), m.f(3, 2), _signs(m, 3), reduction="sum"),
    m(m.f(0, 3), m.f(0, 3), _signs(m, 0), reduction="sum")], errors=lambda m: [
    m.error(RuntimeError, "1D target tensor expects 2D input tensors", m.f(3), m.f(3), m.f(3)),
    m.error(ValueError, "is not a valid value for reduction", m.f(2, 3), m.f(2, 3), m.f(2), reduction="x")])  # fmt: skip
def cosine_embedding_loss(
    input1: Tensor, input2: Tensor, target: Tensor, margin: float = 0, size_average: Any = None, reduce: Any = None,
    reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """``1 - cos`` where the target is 1, ``max(0, cos - margin)`` where it is -1."""
    if not isinstance(input1, Tensor):
        raise errors.not_a_tensor("cosine_embedding_loss", "input1", 1, input1)
    if not isinstance(input2, Tensor):
        raise errors.not_a_tensor("cosine_embedding_loss", "input2", 2, input2)
    if not isinstance(target, Tensor):
        raise errors.not_a_tensor("cosine_embedding_loss", "target", 3, target)
    reduction = checked_reduction(reduction_name(reduction, size_average, reduce))
    a: Any = input1
    b: Any = input2
    n = target._a.ndim
    if n not in (0, 1):
        raise errors.runtime("0D or 1D target tensor expected, multi-target not supported")
    if a.ndim != n + 1 or b.ndim != n + 1:
        what = ("1D", "2D") if n else ("0D", "1D")
        raise errors.runtime(
            f"{what[0]} target tensor expects {what[1]} input tensors, but found inputs with sizes {list(a.shape)} and "
            f"{list(b.shape)}."
        )
    tiny = 1e-12
    cos = (a * b).sum(n) / (((a * a).sum(n) + tiny) * ((b * b).sum(n) + tiny)).sqrt()
    where = REGISTRY["where"].public
    zero = cos.new_zeros(())
    loss = where(target == 1, 1 - cos, zero) + where(target == -1, (cos - margin).clamp_min(0), zero)
    return reduced(loss, reduction)


def _triples(m: Any) -> list[Any]:
    return [
        m(m.f(2, 3), m.f(2, 3), m.f(2, 3), margin=2.0), m(m.f(2, 3), m.f(2, 3), m.f(2, 3), margin=3.0, swap=True, reduction="none"),
        m(m.f(3), m.f(3), m.f(3), margin=2.0), m(m.nc(3, 2), m.f(3, 2), m.f(1, 2), margin=4.0, reduction="sum"),
        m(m.f(0, 3), m.f(0, 3), m.f(0, 3), reduction="sum"),
    ]  # fmt: skip


def _triple_errors(m: Any) -> list[Any]:
    return [
        m.error(RuntimeError, "are expected to have the same number of dimensions", m.f(2, 3), m.f(2, 3), m.f(3)),
        m.error(ValueError, "margin must be greater than 0", m.f(2, 3), m.f(2, 3), m.f(2, 3), margin=-1.0),
    ]


def _check_triple(anchor: Tensor, positive: Tensor, negative: Tensor, margin: float) -> None:
    if margin <= 0:
        raise errors.value(f"margin must be greater than 0, got {margin}")
    a, p, n = anchor._a.ndim, positive._a.ndim, negative._a.ndim
    if not a == p == n:
        raise errors.runtime(
            "The anchor, positive, and negative tensors are expected to have the same number of dimensions, but got: "
            f"anchor {a}D, positive {p}D, and negative {n}D inputs"
        )


@function(name="nn.functional.triplet_margin_loss", samples=lambda m: [
    *_triples(m), m(m.f(), m.f(), m.f()), m(m.f(2, 3), m.f(2, 3), m.f(2, 3), 2.0, 1.0)], errors=_triple_errors)  # fmt: skip
def triplet_margin_loss(
    anchor: Tensor, positive: Tensor, negative: Tensor, margin: float = 1.0, p: float = 2, eps: float = 1e-6,
    swap: bool = False, size_average: Any = None, reduce: Any = None, reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """``max(0, margin + d(anchor, positive) - d(anchor, negative))``, d the ``pairwise_distance``.

    ``swap`` takes the smaller of the distances from anchor and positive to the negative (Balntas et al. 2016).
    """
    if not isinstance(anchor, Tensor):
        raise errors.not_a_tensor("triplet_margin_loss", "anchor", 1, anchor)
    if not isinstance(positive, Tensor):
        raise errors.not_a_tensor("triplet_margin_loss", "positive", 2, positive)
    if not isinstance(negative, Tensor):
        raise errors.not_a_tensor("triplet_margin_loss", "negative", 3, negative)
    reduction = checked_reduction(reduction_name(reduction, size_average, reduce))
    _check_triple(anchor, positive, negative, margin)
    near: Any = pairwise_distance(anchor, positive, p, eps)
    far: Any = pairwise_distance(anchor, negative, p, eps)
    if swap:
        far = far.minimum(pairwise_distance(positive, negative, p, eps))
    return reduced((near + margin - far).clamp_min(0), reduction)


@function(name="nn.functional.triplet_margin_with_distance_loss", samples=lambda m: [
    *_triples(m), m.without("0-d", "rows of numbers")], errors=_triple_errors)  # fmt: skip
def triplet_margin_with_distance_loss(
    anchor: Tensor, positive: Tensor, negative: Tensor, *, distance_function: Callable[[Tensor, Tensor], Tensor] | None = None,
    margin: float = 1.0, swap: bool = False, reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """``triplet_margin_loss`` with a distance of your own."""
    todays_reduction(reduction)
    _check_triple(anchor, positive, negative, margin)
    distance: Any = distance_function or pairwise_distance
    near, far = distance(anchor, positive), distance(anchor, negative)
    if swap:
        far = far.minimum(distance(positive, negative))
    return reduced((margin + near - far).clamp_min(0), reduction)
