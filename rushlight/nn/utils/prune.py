"""``torch.nn.utils.prune``: weights that are held at zero by a mask.

A pruned parameter ``weight`` becomes the parameter ``weight_orig`` and the buffer ``weight_mask``; before each forward a hook
writes their product back as the plain attribute ``weight``. ``remove`` makes it one parameter again, the zeros in it.

    >>> import rushlight as torch
    >>> from rushlight.nn.utils import prune
    >>> layer = torch.nn.Linear(3, 2)
    >>> _ = torch.nn.init.constant_(layer.weight, 1.0)
    >>> _ = prune.custom_from_mask(layer, "weight", torch.tensor([[1, 0, 1], [0, 1, 1]]))
    >>> layer.weight
    tensor([[1., 0., 1.],
            [0., 1., 1.]], grad_fn=<MulBackward0>)
    >>> prune.is_pruned(layer)
    True
"""

from __future__ import annotations

import numbers
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from typing import Any

from ... import errors
from ...ops.likes import ones_like, zeros_like
from ...ops.sampling import rand, rand_like
from ...tensor import Tensor
from ..module import Module
from .clip import parameters_to_vector


class BasePruningMethod(ABC):
    """How a mask is found. A subclass says ``PRUNING_TYPE`` and ``compute_mask``, its instance is the hook of one parameter.

    ``PRUNING_TYPE`` says what a second pruning of the same tensor is shown: ``"unstructured"`` the elements that are left,
    ``"structured"`` the slices along ``dim`` of which anything is left, ``"global"`` everything.
    """

    _tensor_name: str
    PRUNING_TYPE: str

    def __call__(self, module: Module, inputs: Any) -> None:
        setattr(module, self._tensor_name, self.apply_mask(module))

    @abstractmethod
    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """The mask: ``default_mask`` with further zeros, chosen by the importance ``t`` of each element."""

    def apply_mask(self, module: Module) -> Tensor:
        """The masked parameter, ``mask * original``.

        Raises:
            AssertionError: if this method has been applied to no parameter.
        """
        if self._tensor_name is None:
            raise AssertionError(f"Module {module} has to be pruned")
        original = getattr(module, self._tensor_name + "_orig")
        return getattr(module, self._tensor_name + "_mask").to(dtype=original.dtype) * original  # type: ignore[no-any-return]

    @classmethod
    def apply(
        cls, module: Module, name: str, *args: Any, importance_scores: Tensor | None = None, **kwargs: Any
    ) -> BasePruningMethod:
        """Prune ``module.<name>`` by ``cls(*args, **kwargs)``, on top of what it was pruned by before.

        Returns the hook: this method, or the ``PruningContainer`` of all methods. The module is changed once the mask is known,
        so a method that fails leaves it as it was.

        Raises:
            AssertionError: if ``importance_scores`` have another shape than the parameter.
        """
        earlier = [(k, hook) for k, hook in module._forward_pre_hooks.items() if _prunes(hook, name)]
        if len(earlier) > 1:
            raise AssertionError(
                f"Avoid adding multiple pruning hooks to the same tensor {name} of module {module}. Use a PruningContainer."
            )
        method: BasePruningMethod = cls(*args, **kwargs)
        method._tensor_name = name
        whole = getattr(module, name)
        _check_scores(importance_scores, whole, f"parameter {name} of {module}")
        if earlier:
            method = PruningContainer(*_methods(earlier[0][1]), method)
            mask = getattr(module, name + "_mask").detach().clone()
        else:
            mask = ones_like(whole)
        mask = method.compute_mask(whole if importance_scores is None else importance_scores, default_mask=mask)
        if earlier:
            del module._forward_pre_hooks[earlier[0][0]]
        else:
            module.register_parameter(name + "_orig", whole)
            del module._parameters[name]
        module.register_buffer(name + "_mask", mask)
        setattr(module, name, method.apply_mask(module))
        module.register_forward_pre_hook(method)
        return method

    def prune(self, t: Tensor, default_mask: Tensor | None = None, importance_scores: Tensor | None = None) -> Tensor:
        """A pruned copy of a tensor, without any module.

        Raises:
            AssertionError: if ``importance_scores`` have another shape.
        """
        _check_scores(importance_scores, t, "tensor t")
        mask = ones_like(t) if default_mask is None else default_mask
        return t * self.compute_mask(t if importance_scores is None else importance_scores, default_mask=mask)

    def remove(self, module: Module) -> None:
        """Make the parameter one again, the zeros in it; it stays the object that optimizers know.

        Raises:
            AssertionError: if this method has been applied to no parameter.
        """
        name = self._tensor_name
        if name is None:
            raise AssertionError(f"Module {module} has to be pruned before pruning can be removed")
        masked = self.apply_mask(module)
        if hasattr(module, name):
            delattr(module, name)
        original: Any = module._parameters.pop(name + "_orig")
        original.data = masked.data
        del module._buffers[name + "_mask"]
        setattr(module, name, original)


def _prunes(hook: Any, name: str) -> bool:
    return isinstance(hook, BasePruningMethod) and hook._tensor_name == name


def _methods(hook: BasePruningMethod) -> tuple[BasePruningMethod, ...]:
    return tuple(hook) if isinstance(hook, PruningContainer) else (hook,)


def _check_scores(scores: Tensor | None, t: Tensor, what: str) -> None:
    if scores is not None and scores.shape != t.shape:
        raise AssertionError(f"importance_scores should have the same shape as {what}, got {scores.shape} vs {t.shape}")


class PruningContainer(BasePruningMethod):
    """The methods that one parameter was pruned by, oldest first."""

    def __init__(self, *args: BasePruningMethod) -> None:
        self._pruning_methods: tuple[BasePruningMethod, ...] = ()
        if args:
            self._tensor_name = args[0]._tensor_name
        for method in args:
            self.add_pruning_method(method)

    def add_pruning_method(self, method: BasePruningMethod | None) -> None:
        """Add a method for the same parameter.

        Raises:
            TypeError: for what is no method. ValueError: for one of another parameter.
        """
        if method is None:
            return
        if not isinstance(method, BasePruningMethod):
            raise errors.type_(f"{type(method)} is not a BasePruningMethod subclass")
        if method._tensor_name != self._tensor_name:
            raise errors.value(
                "Can only add pruning methods acting on the parameter named "
                f"'{self._tensor_name}' to PruningContainer {self}. Found '{method._tensor_name}'"
            )
        self._pruning_methods += (method,)

    def __len__(self) -> int:
        return len(self._pruning_methods)

    def __iter__(self) -> Iterator[BasePruningMethod]:
        return iter(self._pruning_methods)

    def __getitem__(self, idx: Any) -> Any:
        return self._pruning_methods[idx]

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """What the newest method leaves of the part that the others have left.

        Raises:
            ValueError: for a ``PRUNING_TYPE`` other than unstructured, structured and global.
        """
        method = self._pruning_methods[-1]
        part = _left(method, default_mask)
        mask = default_mask.clone()
        mask[part] = method.compute_mask(t[part], default_mask=default_mask[part]).to(dtype=mask.dtype)
        return mask


def _left(method: BasePruningMethod, mask: Tensor) -> Any:
    """The index of the part of a pruned tensor that the next method is shown."""
    kind = method.PRUNING_TYPE
    if kind == "unstructured":
        return mask == 1
    if kind == "global":
        return (slice(None),) * mask.dim()
    if kind != "structured":
        raise errors.value(f"Unrecognized PRUNING_TYPE {kind}", "It is 'unstructured', 'structured' or 'global'.")
    if not hasattr(method, "dim"):
        raise AttributeError("Pruning methods of PRUNING_TYPE 'structured' need to have the attribute 'dim' defined.")
    dim = method.dim % mask.dim()
    others = [d for d in range(mask.dim()) if d != dim]
    return (slice(None),) * dim + (mask.sum(dim=others) != 0,)


class Identity(BasePruningMethod):
    """Prunes nothing: the parameter gets a mask of ones, its original and the hook."""

    PRUNING_TYPE = "unstructured"

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """``default_mask`` itself."""
        return default_mask

    @classmethod
    def apply(cls, module: Module, name: str) -> Any:  # type: ignore[override]
        """Give ``module.<name>`` a mask of ones."""
        return super().apply(module, name)


class _ByAmount(BasePruningMethod):
    """Prunes a number of elements or slices, or a fraction of those that are left."""

    def __init__(self, amount: Any):
        if not isinstance(amount, numbers.Real):
            raise errors.type_(f"Invalid type for amount: {amount}. Must be int or float.")
        if amount < 0 or (not isinstance(amount, numbers.Integral) and amount > 1.0):
            raise errors.value(
                f"amount={amount} should either be a float in the range [0, 1] or a non-negative integer"
            )
        self.amount = amount

    def count(self, size: int) -> int:
        """How many of ``size`` are pruned.

        Raises:
            ValueError: if there are not so many.
        """
        if not isinstance(self.amount, numbers.Integral):
            return round(self.amount * size)
        if self.amount > size:
            raise errors.value(f"amount={self.amount} should be smaller than the number of parameters to prune={size}")
        return int(self.amount)


class _Unstructured(_ByAmount):
    """Prunes the elements with the smallest scores."""

    PRUNING_TYPE = "unstructured"

    def scores(self, t: Tensor) -> Tensor:
        """What decides for each element."""
        raise NotImplementedError(f"scores of {type(self).__name__}")

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """``default_mask`` with zeros at the elements of ``t`` that are pruned."""
        count = self.count(t.numel())
        mask = default_mask.clone()
        if count:
            smallest = self.scores(t).view(-1).topk(count, largest=False).indices
            mask.view(-1)[smallest] = 0
        return mask


class RandomUnstructured(_Unstructured):
    """Prunes elements chosen at random: those with the largest of as many draws of ``rand``."""

    def scores(self, t: Tensor) -> Tensor:
        """One draw for each element, negated."""
        return -rand_like(t)

    @classmethod
    def apply(cls, module: Module, name: str, amount: Any) -> Any:  # type: ignore[override]
        """Prune ``amount`` elements of ``module.<name>``, or that fraction of them."""
        return super().apply(module, name, amount=amount)


class L1Unstructured(_Unstructured):
    """Prunes the elements with the smallest absolute values."""

    def scores(self, t: Tensor) -> Tensor:
        """The absolute values."""
        return t.detach().contiguous().abs()

    @classmethod
    def apply(cls, module: Module, name: str, amount: Any, importance_scores: Tensor | None = None) -> Any:  # type: ignore[override]
        """Prune ``amount`` elements of ``module.<name>``, or that fraction of them."""
        return super().apply(module, name, amount=amount, importance_scores=importance_scores)


class _Structured(_ByAmount):
    """Prunes slices along a dimension."""

    PRUNING_TYPE = "structured"

    def __init__(self, amount: Any, dim: int = -1):
        super().__init__(amount)
        self.dim = dim

    def kept(self, t: Tensor, dim: int, count: int) -> Tensor:
        """True for the slices that are kept, all but ``count``."""
        raise NotImplementedError(f"kept of {type(self).__name__}")

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """``default_mask`` with zeros in the slices of ``t`` that are pruned.

        Raises:
            ValueError: for a tensor of one dimension. IndexError: for a ``dim`` that it does not have.
        """
        if t.dim() <= 1:
            raise errors.value(
                "Structured pruning can only be applied to multidimensional tensors. "
                f"Found tensor of shape {t.shape} with {t.dim()} dims"
            )
        if not -t.dim() <= self.dim < t.dim():
            raise IndexError(f"Invalid index {self.dim} for tensor of size {t.shape}")
        dim = self.dim % t.dim()
        count = self.count(t.shape[dim])
        if not count:
            return default_mask
        kept = self.kept(t.detach(), dim, count).to(dtype=default_mask.dtype)
        return default_mask * kept.view([-1 if d == dim else 1 for d in range(t.dim())])


class RandomStructured(_Structured):
    """Prunes slices chosen at random: those with the smallest of as many draws of ``rand``."""

    def kept(self, t: Tensor, dim: int, count: int) -> Tensor:
        """One draw for each slice, those above the ``count``-th smallest."""
        drawn: Tensor = rand(t.shape[dim])
        return drawn > drawn.kthvalue(count).values  # type: ignore[no-any-return]

    @classmethod
    def apply(cls, module: Module, name: str, amount: Any, dim: int = -1) -> Any:  # type: ignore[override]
        """Prune ``amount`` slices of ``module.<name>`` along ``dim``, or that fraction of them."""
        return super().apply(module, name, amount=amount, dim=dim)


class LnStructured(_Structured):
    """Prunes the slices with the smallest norms of order ``n``, as ``torch.norm(p=n)`` takes it."""

    def __init__(self, amount: Any, n: Any, dim: int = -1):
        super().__init__(amount, dim)
        self.n = n

    def kept(self, t: Tensor, dim: int, count: int) -> Tensor:
        """The slices with the largest norms."""
        norms = t.norm(p=self.n, dim=[d for d in range(t.dim()) if d != dim])
        kept = zeros_like(norms)
        kept[norms.topk(t.shape[dim] - count, largest=True).indices] = 1
        return kept  # type: ignore[no-any-return]

    @classmethod
    def apply(  # type: ignore[override]
        cls, module: Module, name: str, amount: Any, n: Any, dim: int, importance_scores: Tensor | None = None
    ) -> Any:
        """Prune ``amount`` slices of ``module.<name>`` along ``dim``, or that fraction of them."""
        return super().apply(module, name, amount=amount, n=n, dim=dim, importance_scores=importance_scores)


class CustomFromMask(BasePruningMethod):
    """Prunes where a mask has zeros."""

    PRUNING_TYPE = "global"

    def __init__(self, mask: Tensor):
        self.mask = mask

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """The product of both masks.

        Raises:
            AssertionError: if their shapes differ.
        """
        if default_mask.shape != self.mask.shape:
            raise AssertionError(
                f"default_mask shape {default_mask.shape} must match self.mask shape {self.mask.shape}"
            )
        return default_mask * self.mask.to(dtype=default_mask.dtype)

    @classmethod
    def apply(cls, module: Module, name: str, mask: Tensor) -> Any:  # type: ignore[override]
        """Prune ``module.<name>`` where ``mask`` is zero."""
        return super().apply(module, name, mask=mask)


def identity(module: Module, name: str) -> Module:
    """Give ``module.<name>`` a mask of ones, as if it had been pruned; return the module."""
    Identity.apply(module, name)
    return module


def random_unstructured(module: Module, name: str, amount: Any) -> Module:
    """Prune ``amount`` elements of ``module.<name>`` at random (a float: that fraction of them); return the module."""
    RandomUnstructured.apply(module, name, amount)
    return module


def l1_unstructured(module: Module, name: str, amount: Any, importance_scores: Tensor | None = None) -> Module:
    """Prune the ``amount`` elements of ``module.<name>`` with the smallest absolute values; return the module.

    ``importance_scores``: what decides in place of the parameter itself.
    """
    L1Unstructured.apply(module, name, amount=amount, importance_scores=importance_scores)
    return module


def random_structured(module: Module, name: str, amount: Any, dim: int) -> Module:
    """Prune ``amount`` slices of ``module.<name>`` along ``dim`` at random; return the module."""
    RandomStructured.apply(module, name, amount, dim)
    return module


def ln_structured(
    module: Module, name: str, amount: Any, n: Any, dim: int, importance_scores: Tensor | None = None
) -> Module:
    """Prune the ``amount`` slices of ``module.<name>`` along ``dim`` with the smallest norms of order ``n``; return the module."""
    LnStructured.apply(module, name, amount, n, dim, importance_scores=importance_scores)
    return module


def global_unstructured(
    parameters: Any, pruning_method: type[BasePruningMethod], importance_scores: Any = None, **kwargs: Any
) -> None:
    """Prune several parameters as if they were one vector, so that each loses what matters least in all of them.

    Args:
        parameters: pairs ``(module, name)``.
        pruning_method: an unstructured method, made with ``kwargs``.
        importance_scores: a dict from such a pair to what decides in place of the parameter.

    Raises:
        TypeError: for other arguments, or a method of another ``PRUNING_TYPE``.
    """
    if not isinstance(parameters, Iterable):
        raise errors.type_("global_unstructured(): parameters is not an Iterable")
    scores = {} if importance_scores is None else importance_scores
    if not isinstance(scores, dict):
        raise errors.type_("global_unstructured(): importance_scores must be of type dict")
    places = [(module, name, getattr(module, name)) for module, name in parameters]
    importance = parameters_to_vector([scores.get((module, name), p) for module, name, p in places])
    mask = parameters_to_vector([module._buffers.get(name + "_mask", ones_like(p)) for module, name, p in places])
    method = pruning_method(**kwargs)
    method._tensor_name = "temp"
    if method.PRUNING_TYPE != "unstructured":
        raise errors.type_(
            'Only "unstructured" PRUNING_TYPE supported for the `pruning_method`. '
            f"Found method {pruning_method} of type {method.PRUNING_TYPE}"
        )
    masks = PruningContainer(method).compute_mask(importance, mask).split([p.numel() for _, _, p in places])
    for (module, name, p), part in zip(places, masks, strict=True):
        custom_from_mask(module, name, mask=part.view_as(p))


def custom_from_mask(module: Module, name: str, mask: Tensor) -> Module:
    """Prune ``module.<name>`` where ``mask`` is zero; return the module."""
    CustomFromMask.apply(module, name, mask)
    return module


def remove(module: Module, name: str) -> Module:
    """Make ``module.<name>`` one parameter again, the zeros in it; return the module.

    Raises:
        ValueError: if it is not pruned.
    """
    for key, hook in module._forward_pre_hooks.items():
        if _prunes(hook, name):
            hook.remove(module)  # type: ignore[attr-defined]
            del module._forward_pre_hooks[key]
            return module
    raise errors.value(f"Parameter '{name}' of module {module} has to be pruned before pruning can be removed")


def is_pruned(module: Module) -> bool:
    """True if a parameter of the module, or of one in it, is pruned."""
    return any(isinstance(h, BasePruningMethod) for m in module.modules() for h in m._forward_pre_hooks.values())
