"""Random tensors: the public face of rushlight.random. The streams and their order of consumption are specified there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import errors, types
from ..autograd.graph import Node, next_seq
from ..autograd.mode import recording
from ..functions import function
from ..op import opaque
from ..random import discrete, permutation, transforms, uniform
from ..random import normal as normal_family
from ..random.generator import Generator, default_generator
from ..tensor import Tensor, edge_of, wrap
from ..writing import bump, check_writable, rebase
from .create import dtype_or_default, empty_like_array, finish, read_size


def _generator(generator: Generator | None) -> Generator:
    if generator is None:
        return default_generator
    if not isinstance(generator, Generator):
        raise errors.type_(f"generator must be a torch.Generator, not {type(generator).__name__}")
    return generator


# --- the global generator ---------------------------------------------------------------------------------------------
@function()
def manual_seed(seed: Any) -> Generator:
    """Restart the global stream from a seed; returns the generator."""
    return default_generator.manual_seed(int(seed))


@function()
def seed() -> int:
    """Restart the global stream from a seed of the operating system's; returns it."""
    return default_generator.seed()


@function()
def initial_seed() -> int:
    """The seed the global stream was started from."""
    return default_generator.initial_seed()


# --- new tensors ------------------------------------------------------------------------------------------------------
def _sized(name: str, size: Any, kwargs: dict[str, Any], fill: Callable[[Generator, Any], Any]) -> Tensor:
    if "size" in kwargs:
        size = (kwargs.pop("size"),)
    gen = _generator(kwargs.pop("generator", None))
    dtype = dtype_or_default(kwargs.pop("dtype", None))
    a = np.empty(read_size(name, size), dtype.np)
    fill(gen, a)
    return finish(a, **kwargs)


@function()
def rand(*size: Any, **kwargs: Any) -> Tensor:
    """Uniform on [0, 1)."""
    return _sized("rand", size, kwargs, uniform.uniform_)


@function()
def randn(*size: Any, **kwargs: Any) -> Tensor:
    """Standard normal."""
    return _sized("randn", size, kwargs, normal_family.normal_)


@function()
def randint(low: Any, high: Any = None, size: Any = None, **kwargs: Any) -> Tensor:
    """Integers from ``low`` (0) up to, not including, ``high``; int64 unless ``dtype`` says otherwise.

    Raises:
        RuntimeError: unless low < high.
    """
    if size is None:
        if high is None or isinstance(high, int):
            raise errors.type_(
                "randint() received an invalid combination of arguments: the size is missing",
                "Write randint(low, high, (2, 3)) or randint(high, (2, 3)).",
            )
        low, high, size = 0, low, high
    elif high is None:
        low, high = 0, low
    low, high = int(low), int(high)
    if low >= high:
        raise errors.runtime(f"random_ expects 'from' to be less than 'to', but got from={low} >= to={high}")
    kwargs["dtype"] = kwargs.get("dtype") or types.int64
    return _sized("randint", (size,), kwargs, lambda gen, a: uniform.random_(gen, a, low, high))


@function()
def randperm(n: int, *, generator: Generator | None = None, dtype: Any = types.int64, **kwargs: Any) -> Tensor:
    """A random permutation of 0 to n - 1."""
    return finish(permutation.randperm(_generator(generator), int(n), dtype.np), **kwargs)


def _like(input: Tensor, kwargs: dict[str, Any], fill: Callable[[Generator, Any], Any]) -> Tensor:
    gen = _generator(kwargs.pop("generator", None))
    dtype = kwargs.pop("dtype", None) or input.dtype
    a = empty_like_array(input._a, dtype.np)
    fill(gen, a)
    return finish(a, **kwargs)


@function()
def rand_like(input: Tensor, **kwargs: Any) -> Tensor:
    """Uniform on [0, 1), shaped like ``input``."""
    return _like(input, kwargs, uniform.uniform_)


@function()
def randn_like(input: Tensor, **kwargs: Any) -> Tensor:
    """Standard normal, shaped like ``input``."""
    return _like(input, kwargs, normal_family.normal_)


@function()
def randint_like(input: Tensor, low: Any, high: Any = None, **kwargs: Any) -> Tensor:
    """Integers from ``low`` (0) up to, not including, ``high``, shaped like ``input``."""
    if high is None:
        low, high = 0, low
    return _like(input, kwargs, lambda gen, a: uniform.random_(gen, a, int(low), int(high)))


@function()
def normal(mean: Any, std: Any = 1.0, size: Any = None, *, generator: Generator | None = None, **kwargs: Any) -> Tensor:
    """Normal with these means and standard deviations: tensors, numbers, or numbers with a ``size``."""
    gen = _generator(generator)
    if size is not None:
        return _sized(
            "normal", (size,), {**kwargs, "generator": gen}, lambda g, a: normal_family.normal_(g, a, mean, std)
        )
    arrays = [x._a if isinstance(x, Tensor) else float(x) for x in (mean, std)]
    if not any(isinstance(x, np.ndarray) for x in arrays):
        raise errors.type_(
            "normal() received an invalid combination of arguments", "Give a size: normal(0.0, 1.0, (2, 3))."
        )
    return finish(normal_family.normal(gen, *arrays), **kwargs)


@opaque(nondiff=True, methods="multinomial")
def multinomial(k, input, *, num_samples, replacement=False, generator=None):
    """Indices drawn from each row of weights. The rows need not sum to one."""
    return discrete.multinomial(_generator(generator), input, num_samples, replacement)


@opaque(grad_name="BernoulliBackward0", public=False)
def bernoulli_from(k, input, *, p, generator):
    """1 with the probability that ``input`` (or ``p``) gives."""
    gen = _generator(generator)
    if p is None:
        return uniform.bernoulli_tensor(gen, input)
    return uniform.bernoulli_scalar_(gen, np.empty(input.shape, input.dtype), p)


@bernoulli_from.vjp("input")
def _(k, g):
    return g * 0.0


@function(methods="bernoulli")
def bernoulli(input: Tensor, p: float | None = None, *, generator: Generator | None = None, out: Any = None) -> Tensor:
    """1 with the probability at its place, else 0. The gradient is zero."""
    from ..readers import REGISTRY
    from ..writing import write_out

    result = REGISTRY["bernoulli_from"].public(input, p=p, generator=generator)
    return result if out is None else write_out("bernoulli", out, result)  # type: ignore[no-any-return]


# --- in place ---------------------------------------------------------------------------------------------------------
def _refill(x: Tensor, name: str, fill: Callable[[Any], Any]) -> Tensor:
    """Fill a tensor with numbers that do not depend on it: what it was gets no gradient."""
    check_writable(x)
    fill(x._a)
    bump(x)
    if recording() and edge_of(x) is not None:
        node = _Forget.__new__(type(name, (_Forget,), {"__slots__": ()}))
        node.seq, node.edges, node.meta = next_seq(), (edge_of(x),), (x._a.shape, x._a.dtype)
        node.hooks = node.stack = None
        rebase(x, (node, 0))
    return x


class _Forget(Node):
    """The node of an overwritten tensor: a zero gradient."""

    __slots__ = ()

    def run(self, k: Any, g: Any, release: bool) -> Any:
        return [g * 0.0]


def _in_place(name: str, fill: Callable[..., Any], doc: str) -> None:
    def method(self: Tensor, *args: Any, generator: Generator | None = None, **kwargs: Any) -> Tensor:
        gen = _generator(generator)
        return _refill(self, name.strip("_").capitalize() + "Backward0", lambda a: fill(gen, a, *args, **kwargs))

    method.__name__, method.__doc__ = name, doc
    function(name="Tensor." + name, methods=name)(method)


def _uniform(gen: Any, a: Any, from_: float = 0.0, to: float = 1.0, **named: float) -> None:
    uniform.uniform_(gen, a, named.get("from", from_), to)


def _random(gen: Any, a: Any, from_: Any = None, to: Any = None, **named: Any) -> None:
    low = named.get("from", from_)
    if to is None and low is not None and "from" not in named:
        low, to = 0, low
    uniform.random_(gen, a, low, to)


def _bernoulli(gen: Any, a: Any, p: Any = 0.5) -> None:
    if isinstance(p, Tensor):
        uniform.bernoulli_tensor(gen, p._a, a)
    else:
        uniform.bernoulli_scalar_(gen, a, p)


def _normal(gen: Any, a: Any, mean: float = 0.0, std: float = 1.0) -> None:
    normal_family.normal_(gen, a, mean, std)


def _exponential(gen: Any, a: Any, lambd: float = 1.0) -> None:
    transforms.exponential_(gen, a, lambd)


def _geometric(gen: Any, a: Any, p: float) -> None:
    transforms.geometric_(gen, a, p)


def _cauchy(gen: Any, a: Any, median: float = 0.0, sigma: float = 1.0) -> None:
    transforms.cauchy_(gen, a, median, sigma)


def _log_normal(gen: Any, a: Any, mean: float = 1.0, std: float = 2.0) -> None:
    normal_family.log_normal_(gen, a, mean, std)


_in_place("uniform_", _uniform, "Fill with numbers uniform on [from, to).")
_in_place("normal_", _normal, "Fill with normal numbers of this mean and standard deviation.")
_in_place("random_", _random, "Fill with integers uniform on [from, to).")
_in_place("bernoulli_", _bernoulli, "Fill with 1 with probability p (a number or a tensor), else 0.")
_in_place("exponential_", _exponential, "Fill with exponential numbers of rate lambd.")
_in_place("geometric_", _geometric, "Fill with the number of trials up to the first success.")
_in_place("cauchy_", _cauchy, "Fill with Cauchy numbers.")
_in_place("log_normal_", _log_normal, "Fill with exponentials of normal numbers.")


# --- state --------------------------------------------------------------------------------------------------------
@function()
def get_rng_state() -> Tensor:
    """The state of the global generator: 5056 bytes."""
    return wrap(default_generator.get_state_array())


@function()
def set_rng_state(new_state: Tensor) -> None:
    """Restore the state of the global generator."""
    default_generator.set_state_array(new_state._a)


def _get_state(self: Generator) -> Tensor:
    """The state of the generator: 5056 bytes."""
    return wrap(self.get_state_array())


def _set_state(self: Generator, new_state: Tensor) -> None:
    """Restore the state of the generator."""
    if not isinstance(new_state, Tensor):
        raise errors.type_(f"expected a torch.ByteTensor, but got {type(new_state).__name__}")
    self.set_state_array(new_state._a)


# the generator lies below Tensor
Generator.get_state, Generator.set_state = _get_state, _set_state  # type: ignore[attr-defined]
