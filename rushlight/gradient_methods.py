"""The methods of Tensor that have to do with gradients: ``backward``, ``grad``, ``detach``, hooks."""

from __future__ import annotations

from typing import Any

from . import errors, levels, types
from .autograd import backward as autograd_backward
from .autograd.graph import AccumulateGrad, Hooks, RemovableHandle, add_hook
from .methods import method
from .tensor import Tensor, alias_of, edge_of, extra, inference, of_inference


@method
def backward(
    self: Tensor,
    gradient: Tensor | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Any = None,
) -> None:
    """Compute the gradient of this tensor with respect to the leaves of its graph, adding it to their ``.grad``.

    Args:
        gradient: gradient of some final value with respect to this tensor; may be left out for one element.
        retain_graph: keep what the graph saved, for another backward. Default: ``create_graph``.
        create_graph: record the computation of the gradient, for higher derivatives.
        inputs: leaves to fill; all by default.

    Raises:
        RuntimeError: if this tensor does not require grad, is no scalar and no ``gradient`` is given, or if the graph was freed.
    """
    autograd_backward(self, gradient, retain_graph, create_graph, inputs=inputs)


def _get_requires_grad(self: Tensor) -> bool:
    return self._edge is not None or (self._base is not None and self._base._edge is not None)


def _set_requires_grad(self: Tensor, value: bool) -> None:
    if not isinstance(value, bool):
        raise errors.runtime("requires_grad must be a bool")
    edge = edge_of(self)
    if value and edge is not None and not edge[0].is_leaf:
        raise errors.runtime("you can only change requires_grad flags of leaf variables.")
    if value:
        types.check_differentiable(self.dtype, "only Tensors of floating point and complex dtype can require gradients")
    requires_grad_(self, value)


Tensor.requires_grad = property(  # type: ignore[attr-defined]
    _get_requires_grad, _set_requires_grad, doc="Whether gradients are computed for this tensor."
)


@method
def requires_grad_(self: Tensor, requires_grad: bool = True) -> Tensor:
    """Start or stop computing gradients for this leaf; returns it.

    Raises:
        RuntimeError: for a tensor of integers, an inference tensor outside inference mode, or when asked to stop on a non-leaf.
    """
    if levels.running:
        levels.check_requires_grad()
    if requires_grad and of_inference(self) and not inference.get():
        raise errors.runtime(
            "Setting requires_grad=True on inference tensor outside InferenceMode is not allowed.",
            "x.clone() is a normal tensor.",
        )
    if requires_grad and self._edge is not None:
        return self  # and nobody asks where it stands in the graph, which a view may not know any more
    edge = edge_of(self)
    if not requires_grad:
        if edge is not None and not edge[0].is_leaf:
            raise errors.runtime(
                "you can only change requires_grad flags of leaf variables. If you want to use a computed variable in a "
                "subgraph that doesn't require differentiation use var_no_grad = var.detach()."
            )
        self._edge = None
        return self
    if self._edge is None:
        types.check_differentiable(self.dtype, "only Tensors of floating point dtype can require gradients")
        self._edge = (AccumulateGrad(self), 0)
        if self._base is not None:
            self._gen = self._vc[0]
    return self


def _get_grad(self: Tensor) -> Tensor | None:
    if self._grad is None and self._edge is not None and not self.is_leaf and not self.retains_grad:
        errors.warn(
            "The .grad attribute of a Tensor that is not a leaf Tensor is being accessed. Its .grad attribute won't be "
            "populated during autograd.backward(). If you indeed want the .grad field to be populated for a non-leaf Tensor, "
            "use .retain_grad() on the non-leaf Tensor. If you access the non-leaf Tensor by mistake, make sure you access "
            "the leaf Tensor instead. See github.com/pytorch/pytorch/pull/30531 for more informations.",
            UserWarning,
            stacklevel=2,
        )
    return self._grad


def _set_grad(self: Tensor, value: Tensor | None) -> None:
    if value is not None:
        if not isinstance(value, Tensor):
            raise errors.type_(
                f"assigned grad expected to be a Tensor or None but got grad of type {type(value).__name__}"
            )
        if value is self:
            raise errors.runtime("can't assign Variable as its own grad")
        if value._a.shape != self._a.shape:
            raise errors.runtime(
                f"attempting to assign a gradient of size '{list(value._a.shape)}' to a tensor of size '{list(self._a.shape)}'. "
                "Please ensure that the gradient and the tensor are the same size"
            )
        if value._a.dtype is not self._a.dtype:
            raise errors.runtime(
                f"attempting to assign a gradient with dtype '{types.c_name(value.dtype)}' to a tensor with grad_dtype "
                f"'{types.scalar_name(self.dtype)}'.",
                f"Convert it first: g.to({self.dtype}).",
            )
    self._grad = value


Tensor.grad = property(_get_grad, _set_grad, lambda self: _set_grad(self, None), doc="What backward() computed.")  # type: ignore[attr-defined]


@method
def detach(self: Tensor) -> Tensor:
    """The same memory outside the graph."""
    return alias_of(self, self._a, True)


@method
def detach_(self: Tensor) -> Tensor:
    """Leave the graph, in place: this tensor becomes a leaf that does not require grad.

    Raises:
        RuntimeError: for a view, whose history belongs to its base.
    """
    if self._base is not None:
        raise errors.runtime(
            "Can't detach views in-place. Use detach() instead. If you are using DistributedDataParallel (DDP) for training, "
            "and gradient_as_bucket_view is set as True, gradients are views of DDP buckets, and hence detach_() cannot be "
            "called on these gradients."
        )
    self._edge = None
    return self


def _get_data(self: Tensor) -> Tensor:
    return alias_of(self, self._a, False)


def _set_data(self: Tensor, value: Tensor) -> None:
    if not isinstance(value, Tensor):
        raise errors.type_(f"Variable data has to be a tensor, but got {type(value).__name__}")
    self._a = value._a
    if self._edge is not None and self._edge[0].is_leaf:
        self._edge[0].meta = (self._a.shape, self._a.dtype)


Tensor.data = property(_get_data, _set_data, doc="The values, outside the graph and its version counter.")  # type: ignore[attr-defined]


def _hooks_of(self: Tensor) -> tuple[Hooks, int]:
    edge = edge_of(self)
    if edge is None:
        raise errors.runtime("cannot register a hook on a tensor that doesn't require gradient")
    return edge[0]._hooks(), edge[1]


@method
def register_hook(self: Tensor, hook: Any) -> RemovableHandle:
    """Call ``hook(grad)`` when this tensor's gradient is computed; a returned tensor replaces it."""
    hooks, nr = _hooks_of(self)
    return add_hook(hooks.tensor.setdefault(nr, {}), hook)


@method
def register_post_accumulate_grad_hook(self: Tensor, hook: Any) -> RemovableHandle:
    """Call ``hook(tensor)`` after this leaf's ``.grad`` was updated."""
    if not self.is_leaf:
        raise errors.runtime("post accumulate grad hooks cannot be registered on non-leaf tensors")
    return add_hook(_hooks_of(self)[0].post_accumulate, hook)


@method
def retain_grad(self: Tensor) -> None:
    """Let backward() fill ``.grad`` of this non-leaf too."""
    if edge_of(self) is None:
        raise errors.runtime("can't retain_grad on Tensor that has requires_grad=False")
    if self.is_leaf:
        return
    import weakref

    hooks, nr = _hooks_of(self)
    hooks.retain[nr] = weakref.ref(self)
    extra(self)["retains_grad"] = True


@method
def is_inference(self: Tensor) -> bool:
    """True for a tensor made in inference mode."""
    return of_inference(self)
