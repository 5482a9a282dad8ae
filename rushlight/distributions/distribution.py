"""The base of all distributions, and what they compute with."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import errors, types
from ..autograd.mode import no_grad
from ..kernels.strides import broadcast_shapes
from ..ops import broadcasting, incomplete_gamma, rejection  # noqa: F401  (what the namespace may not have loaded yet)
from ..ops.create import tensor
from ..tensor import Tensor
from . import constraints

Size = types.Size


_found: dict[str, Any] = {}


def call(name: str, *args: Any, **kwargs: Any) -> Any:
    """A public function by its PyTorch name; its family is loaded when it is first asked for."""
    fn: Any = _found.get(name)
    if fn is None:
        fn = sys.modules[__name__.partition(".")[0]]
        for part in name.split("."):
            fn = getattr(fn, part)
        _found[name] = fn
    return fn(*args, **kwargs)


def computed(formula: Callable[[Any], Any]) -> Any:
    """A property of a distribution that is one formula: ``mean: Tensor = computed(lambda self: self.loc)``."""
    return property(formula)


class Distribution:
    """A probability distribution: batches of independent values of a shape.

    ``batch_shape`` counts distributions with parameters of their own, ``event_shape`` is the shape of one value.

    Args:
        validate_args: check parameters and values; True unless ``python -O`` or ``set_default_validate_args(False)``.

    Raises:
        ValueError: for parameters or values outside their constraints.
    """

    has_rsample = False
    has_enumerate_support = False
    _validate_args = __debug__
    arg_constraints: Any

    @staticmethod
    def set_default_validate_args(value: bool) -> None:
        """Whether distributions made from now on check their arguments."""
        if value not in (True, False):
            raise ValueError
        Distribution._validate_args = value

    def __init__(self, batch_shape: Any = (), event_shape: Any = (), validate_args: bool | None = None):
        self._batch_shape, self._event_shape = Size(batch_shape), Size(event_shape)
        if validate_args is not None:
            self._validate_args = validate_args
        if self._validate_args:
            self._check_parameters()

    def _check_parameters(self) -> None:
        for name, constraint in self.arg_constraints.items():
            if constraints.is_dependent(constraint) or (name not in self.__dict__ and _is_lazy(type(self), name)):
                continue
            value = getattr(self, name)
            valid = constraint.check(value)
            if not valid._a.all():
                raise errors.value(
                    f"Expected parameter {name} ({type(value).__name__} of shape {tuple(value.shape)}) of distribution "
                    f"{self!r} to satisfy the constraint {constraint!r}, but found invalid values:\n{_text(value)}"
                )

    # --- shapes ---------------------------------------------------------------------------------------------------------
    @property
    def batch_shape(self) -> Size:
        """The shape of the batch of distributions."""
        return self._batch_shape

    @property
    def event_shape(self) -> Size:
        """The shape of one value."""
        return self._event_shape

    def _extended_shape(self, sample_shape: Any = ()) -> Size:
        return Size((*sample_shape, *self._batch_shape, *self._event_shape))

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """The same distribution with its batch dimensions expanded."""
        new = self._get_checked_instance(family(type(self)), _instance)
        batch_shape = Size(batch_shape)
        for name in self._parameters():
            new.__dict__[name] = getattr(self, name).expand((*batch_shape, *self._parameter_shape(name)))
        Distribution.__init__(new, batch_shape, self._event_shape, validate_args=False)
        new._validate_args = self._validate_args
        return new

    def _get_checked_instance(self, cls: type, _instance: Any = None) -> Any:
        """An instance for ``expand`` to fill; subclasses call it as those of PyTorch do.

        Raises:
            NotImplementedError: if a subclass of ``cls`` has an ``__init__`` of its own, whose attributes ``expand`` does not know.
        """
        if _instance is not None:
            return _instance
        if type(self).__init__ is not cls.__init__:  # type: ignore[misc]
            raise NotImplementedError(
                f"Subclass {type(self).__name__} of {cls.__name__} that defines a custom __init__ method must also define a "
                "custom .expand() method."
            )
        return type(self).__new__(type(self))

    def _parameters(self) -> list[str]:
        """The parameters that this distribution was made from."""
        return [n for n in self.arg_constraints if n in self.__dict__]

    def _parameter_shape(self, name: str) -> Size:
        """The shape of a parameter of one distribution."""
        return Size(())

    # --- what it knows --------------------------------------------------------------------------------------------------
    @property
    def support(self) -> Any:
        """The constraint that values satisfy."""
        raise NotImplementedError(f"{type(self).__name__}.support")

    @property
    def mean(self) -> Any:
        """The mean."""
        raise NotImplementedError(f"{type(self).__name__}.mean")

    @property
    def mode(self) -> Any:
        """The most likely value."""
        raise NotImplementedError(f"{self.__class__} does not implement mode")

    @property
    def variance(self) -> Any:
        """The variance."""
        raise NotImplementedError(f"{type(self).__name__}.variance")

    @property
    def stddev(self) -> Any:
        """The standard deviation."""
        return self.variance.sqrt()

    def sample(self, sample_shape: Any = ()) -> Any:
        """A sample, or ``sample_shape`` of them, without gradient."""
        with no_grad():
            return self.rsample(sample_shape)

    def rsample(self, sample_shape: Any = ()) -> Any:
        """A sample with the gradient of its parameters."""
        raise NotImplementedError(f"{type(self).__name__}.rsample: it has no reparameterized sample")

    def sample_n(self, n: int) -> Any:
        """``n`` samples."""
        import warnings

        warnings.warn("sample_n(n) will be deprecated. Use .sample((n,)) instead.", FutureWarning, stacklevel=2)
        return self.sample(Size((n,)))

    def log_prob(self, value: Tensor) -> Any:
        """The logarithm of the density (of the probability) of values."""
        raise NotImplementedError(f"{type(self).__name__}.log_prob")

    def cdf(self, value: Tensor) -> Any:
        """The probability of a value at most as large."""
        raise NotImplementedError(f"{type(self).__name__}.cdf")

    def icdf(self, value: Tensor) -> Any:
        """The inverse of ``cdf``."""
        raise NotImplementedError(f"{type(self).__name__}.icdf")

    def entropy(self) -> Any:
        """The entropy in nats."""
        raise NotImplementedError(f"{type(self).__name__}.entropy")

    def perplexity(self) -> Any:
        """The exponential of the entropy."""
        return self.entropy().exp()

    def enumerate_support(self, expand: bool = True) -> Any:
        """All values, along a new first dimension."""
        raise NotImplementedError(f"{type(self).__name__}.enumerate_support")

    # --- checks ---------------------------------------------------------------------------------------------------------
    def _validate_sample(self, value: Any) -> None:
        if not isinstance(value, Tensor):
            raise errors.value(
                "The value argument to log_prob must be a Tensor",
                f"It is {type(value).__name__}: write torch.tensor(value).",
            )
        start = len(value.shape) - len(self._event_shape)
        if tuple(value.shape[start:]) != tuple(self._event_shape):
            raise errors.value(
                f"The right-most size of value must match event_shape: {value.shape} vs {self._event_shape}."
            )
        actual, wanted = value.shape, (*self._batch_shape, *self._event_shape)
        for i, j in zip(reversed(actual), reversed(wanted), strict=False):
            if i != 1 and j != 1 and i != j:
                raise errors.value(
                    f"Value is not broadcastable with batch_shape+event_shape: {actual} vs {Size(wanted)}."
                )
        try:
            support = self.support
        except NotImplementedError:
            import warnings

            warnings.warn(
                f"{self.__class__} does not define `support` to enable sample validation. Please initialize the distribution "
                "with `validate_args=False` to turn off validation.",
                stacklevel=3,
            )
            return
        valid = support.check(value)
        if not valid._a.all():
            raise errors.value(
                f"Expected value argument ({type(value).__name__} of shape {tuple(value.shape)}) to be within the support "
                f"({support!r}) of the distribution {self!r}, but found invalid values:\n{_text(value)}"
            )

    def _checked(self, value: Any) -> None:
        if self._validate_args:
            self._validate_sample(value)

    def __repr__(self) -> str:
        shown = []
        for name in self.arg_constraints:
            if name in self.__dict__:
                value = self.__dict__[name]
                shown.append(f"{name}: {value if value.numel() == 1 else value.size()}")
        return type(self).__name__ + "(" + ", ".join(shown) + ")"


class ExponentialFamily(Distribution):
    """Distributions of the form ``h(x) exp(eta . t(x) - A(eta))``."""


def family(cls: type) -> Any:
    """The class of this package whose ``__init__`` a class has, or builds on."""
    return next(
        c for c in cls.__mro__ if getattr(vars(c).get("__init__"), "__globals__", {}).get("__package__") == __package__
    )


def _text(value: Any) -> str:
    return str(value.item() if value.numel() == 1 and not value.dim() else value)


def _is_lazy(cls: type, name: str) -> bool:
    return any(isinstance(vars(c).get(name), lazy_property) for c in cls.__mro__)


class lazy_property:
    """An attribute that is computed, with gradients, when it is first asked for."""

    def __init__(self, wrapped: Any):
        self.wrapped = wrapped
        self.__doc__ = wrapped.__doc__
        self.name: Any = wrapped.__name__

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        if instance is None:
            return self
        from ..autograd.mode import enable_grad

        with enable_grad():
            value = self.wrapped(instance)
        instance.__dict__[self.name] = value
        return value


# --- parameters -----------------------------------------------------------------------------------------------------
def broadcast_all(*values: Any) -> Any:
    """Numbers and tensors as tensors of one shape. Numbers take the dtype of the tensors, or the default dtype.

    Raises:
        ValueError: for anything else.
    """
    if not all(isinstance(v, (Tensor, bool, int, float, complex, np.number)) for v in values):
        raise errors.value(
            "Input arguments must all be instances of Number, torch.Tensor or objects implementing __torch_function__."
        )
    first = next((v for v in values if isinstance(v, Tensor)), None)
    dtype = types.get_default_dtype() if first is None else first.dtype
    tensors = [v if isinstance(v, Tensor) else tensor(v, dtype=dtype) for v in values]
    shape: tuple[int, ...] = ()
    for t in tensors:
        shape = broadcast_shapes(shape, t._a.shape)
    return tuple(t.expand(shape) for t in tensors)


def only_numbers(*values: Any) -> bool:
    """Whether no parameter is a tensor, so that the batch shape is empty."""
    return all(isinstance(v, (bool, int, float, np.number)) for v in values)


def one_of(probs: Any, logits: Any) -> bool:
    """True if ``probs`` is given.

    Raises:
        ValueError: unless exactly one is.
    """
    if (probs is None) == (logits is None):
        raise errors.value("Either `probs` or `logits` must be specified, but not both.")
    return probs is not None


def eps_of(t: Any) -> float:
    """The machine epsilon of a tensor's dtype."""
    return types.finfo(t.dtype).eps


def clamp_probs(probs: Any) -> Any:
    """Probabilities kept away from 0 and 1, for logarithms."""
    eps = eps_of(probs)
    return probs.clamp(min=eps, max=1 - eps)


def probs_to_logits(probs: Any, is_binary: bool = False) -> Any:
    """Log-odds, or logarithms of the probabilities of categories."""
    clamped = clamp_probs(probs)
    return clamped.log() - (-clamped).log1p() if is_binary else clamped.log()


def logits_to_probs(logits: Any, is_binary: bool = False) -> Any:
    """The inverse of ``probs_to_logits``."""
    return call("sigmoid", logits) if is_binary else call("nn.functional.softmax", logits, dim=-1)


def standard_normal(like: Any, shape: Any) -> Any:
    """Standard normal numbers of a tensor's dtype."""
    return call("normal", call("zeros", shape, dtype=like.dtype), call("ones", shape, dtype=like.dtype))


def sum_rightmost(value: Any, dims: int) -> Any:
    """The sum over the last ``dims`` dimensions."""
    if dims == 0:
        return value
    return value.reshape((*value.shape[: len(value.shape) - dims], -1)).sum(-1)
