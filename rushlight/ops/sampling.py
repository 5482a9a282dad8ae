"""Random tensors: the public face of rushlight.random. The streams and their order of consumption are specified there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import errors, levels, meta, types
from ..autograd.graph import Node, next_seq
from ..autograd.mode import recording
from ..functions import function
from ..kernels.strides import broadcast_shapes
from ..op import opaque
from ..random import discrete, permutation, transforms, uniform
from ..random import normal as normal_family
from ..random.generator import Generator, default_generator
from ..tensor import Tensor, edge_of, wrap
from ..writing import bump, check_writable, rebase, write_out
from .create import check_settings, finish, plain_size, read_size, wanted_dtype
from .likes import empty_like_array


def _generator(generator: Generator | None) -> Generator:
    if generator is None:
        return default_generator
    if not isinstance(generator, Generator):
        raise errors.type_(f"generator must be a torch.Generator, not {type(generator).__name__}")
    return generator


# --- the global generator ---------------------------------------------------------------------------------------------
@function(
    samples=lambda m: [m(3), m(-1), m(2**40)],
    errors=lambda m: [m.error(ValueError, "Overflow when unpacking long long", 2**64)],
)
def manual_seed(seed: Any) -> Generator:
    """Restart the global stream from a seed; returns the generator."""
    return default_generator.manual_seed(int(seed))


@function(
    samples=lambda m: [m().apart("random")],
    errors=lambda m: [m.error(TypeError, "seed() takes 0 positional arguments but 1 was given", 3)],
)
def seed() -> int:
    """Restart the global stream from a seed of the operating system's; returns it."""
    return default_generator.seed()


@function(
    samples=lambda m: [m()],
    errors=lambda m: [m.error(TypeError, "initial_seed() takes 0 positional arguments but 1 was given", 3)],
)
def initial_seed() -> int:
    """The seed the global stream was started from."""
    return default_generator.initial_seed()


# --- new tensors ------------------------------------------------------------------------------------------------------
def _sized(name: str, size: Any, kwargs: dict[str, Any], fill: Callable[[Generator, Any], Any]) -> Tensor:
    if not kwargs and not levels.running:  # the commonest call, shortly
        plain = plain_size(size)
        if plain is not None:
            a = np.empty(plain, types.get_default_dtype().np)
            fill(default_generator, a)
            return wrap(a)
    if "size" in kwargs:
        size = (kwargs.pop("size"),)
    gen = _generator(kwargs.pop("generator", None))
    dtype = wanted_dtype(name, kwargs)
    shape = read_size(name, size)
    if "device" in kwargs and types.is_meta(kwargs["device"]):
        return meta.made(shape, dtype.np, kwargs.get("requires_grad", False))
    check_settings(**kwargs)

    def draw(shape: Any) -> Tensor:
        a = np.empty(shape, dtype.np)
        fill(gen, a)
        return finish(a, **kwargs)

    return levels.drawn(shape, draw) if levels.running else draw(shape)


@function(
    keywords=finish,
    samples=lambda m: [m(2, 3), m(()), m(0, 2), m((40,), dtype=m.torch.float64), m(3, dtype=m.torch.float16)],
    errors=lambda m: [
        m.error(RuntimeError, "Trying to create tensor with negative dimension -1", -1),
        m.error(NotImplementedError, '"check_uniform_bounds" not implemented', 2, dtype=m.torch.int64),
    ],
)
def rand(*size: Any, **kwargs: Any) -> Tensor:
    """Uniform on [0, 1)."""
    return _sized("rand", size, kwargs, uniform.uniform_)


@function(
    keywords=finish,
    samples=lambda m: [m(2, 3), m(()), m(0, 2), m((40,), dtype=m.torch.float64), m(17)],
    errors=lambda m: [
        m.error(RuntimeError, "Trying to create tensor with negative dimension -1", -1),
        m.error(NotImplementedError, '"normal_kernel_cpu" not implemented', 2, dtype=m.torch.int64),
    ],
)
def randn(*size: Any, **kwargs: Any) -> Tensor:
    """Standard normal."""
    return _sized("randn", size, kwargs, normal_family.normal_)


@function(
    samples=lambda m: [m(5, (3,)), m(-2, 3, (2, 2)), m(2**40, (3,)), m(4, (3,), dtype=m.torch.float32), m(3, (0,))],
    errors=lambda m: [
        m.error(RuntimeError, "random_ expects 'from' to be less than 'to', but got from=3 >= to=3", 3, 3, (2,)),
        m.error(TypeError, "randint() received an invalid combination of arguments", 3),
    ],
)
def randint(low: Any = 0, high: Any = None, size: Any = None, **kwargs: Any) -> Tensor:
    """Integers from ``low`` (0) up to, not including, ``high``; int64 unless ``dtype`` says otherwise.

    Raises:
        RuntimeError: unless low < high.
    """
    if size is None:
        if high is None or isinstance(high, int):
            raise errors.type_(
                "randint() received an invalid combination of arguments - got no size",
                "Write randint(low, high, (2, 3)) or randint(high, (2, 3)).",
            )
        low, high, size = 0, low, high
    elif high is None:
        low, high = 0, low
    low, high = int(low), int(high)
    if low >= high:
        raise errors.runtime(f"random_ expects 'from' to be less than 'to', but got from={low} >= to={high}")
    plain = plain_size((size,)) if not kwargs and not levels.running else None
    if plain is not None:
        return wrap(uniform.random_(default_generator, np.empty(plain, np.int64), low, high))
    kwargs["dtype"] = wanted_dtype("randint", kwargs, types.int64)
    return _sized("randint", (size,), kwargs, lambda gen, a: uniform.random_(gen, a, low, high))


@function(
    samples=lambda m: [m(5), m(0), m(1), m(40, dtype=m.torch.int32)],
    errors=lambda m: [
        m.error(RuntimeError, "Trying to create tensor with negative dimension -1", -1),
        m.error(TypeError, "randperm(): argument 'n' (position 1) must be int, not str", "a"),
    ],
)
def randperm(n: int, *, generator: Generator | None = None, **kwargs: Any) -> Tensor:
    """A random permutation of 0 to n - 1."""
    if not hasattr(n, "__index__"):
        raise errors.type_(f"randperm(): argument 'n' (position 1) must be int, not {type(n).__name__}")
    dtype = wanted_dtype("randperm", kwargs, types.int64)
    gen = _generator(generator)
    check_settings(**kwargs)
    if levels.running:
        return levels.drawn((int(n),), lambda shape: finish(_permutations(gen, shape, dtype.np), **kwargs))
    return finish(permutation.randperm(gen, int(n), dtype.np), **kwargs)


def _permutations(gen: Generator, shape: Any, np_dtype: Any) -> Any:
    """A permutation in each row: for every example of a ``vmap`` one."""
    rows = [permutation.randperm(gen, shape[-1], np_dtype) for _ in range(int(np.prod(shape[:-1])))]
    return np.reshape(rows, shape).astype(np_dtype)


def _like(name: str, input: Tensor, kwargs: dict[str, Any], fill: Callable[[Generator, Any], Any]) -> Tensor:
    if not isinstance(input, Tensor):
        raise errors.not_a_tensor(name, "input", 1, input)
    gen = _generator(kwargs.pop("generator", None))
    dtype = kwargs.pop("dtype", None) or input.dtype
    if meta.is_meta(input) if kwargs.get("device") is None else types.is_meta(kwargs["device"]):
        return meta.made_like(input, dtype.np, kwargs.get("requires_grad", False))
    check_settings(**kwargs)

    def filled(a: Any) -> Tensor:
        fill(gen, a)
        return finish(a, **kwargs)

    if levels.running and (levels.drawing() or isinstance(input, levels.Batched)):
        return levels.drawn(input._a.shape, lambda shape: filled(np.empty(shape, dtype.np)))
    return filled(empty_like_array(input._a, dtype.np))


@function(
    samples=lambda m: [m(m.f(2, 3)), m(m.f()), m(m.f(0, 2)), m(m.nc(3, 4))],
    errors=lambda m: [
        m.error(TypeError, "rand_like(): argument 'input' (position 1) must be Tensor, not float", 3.0),
        m.error(NotImplementedError, '"check_uniform_bounds" not implemented', m.i(2)),
    ],
)
def rand_like(input: Tensor, **kwargs: Any) -> Tensor:
    """Uniform on [0, 1), shaped like ``input``."""
    return _like("rand_like", input, kwargs, uniform.uniform_)


@function(
    samples=lambda m: [m(m.f(2, 3)), m(m.f()), m(m.f(0, 2)), m(m.nc(3, 4))],
    errors=lambda m: [
        m.error(TypeError, "randn_like(): argument 'input' (position 1) must be Tensor, not float", 3.0),
        m.error(NotImplementedError, '"normal_kernel_cpu" not implemented', m.i(2)),
    ],
)
def randn_like(input: Tensor, **kwargs: Any) -> Tensor:
    """Standard normal, shaped like ``input``."""
    return _like("randn_like", input, kwargs, normal_family.normal_)


@function(
    samples=lambda m: [m(m.f(2, 3), 5), m(m.f(), -2, 3), m(m.f(0, 2), 4), m(m.nc(3, 4), 9), m(m.i(3), 7)],
    errors=lambda m: [
        m.error(RuntimeError, "random_ expects 'from' to be less than 'to', but got from=3 >= to=3", m.f(2), 3, 3)
    ],
)
def randint_like(input: Tensor, low: Any = 0, high: Any = None, **kwargs: Any) -> Tensor:
    """Integers from ``low`` (0) up to, not including, ``high``, shaped like ``input``."""
    if high is None:
        low, high = 0, low
    return _like("randint_like", input, kwargs, lambda gen, a: uniform.random_(gen, a, int(low), int(high)))


@opaque(
    grad_name=lambda inputs, attrs: (
        "NormalBackward" + ("2" if not isinstance(inputs[0], Tensor) else "3" if isinstance(inputs[1], Tensor) else "1")
    ),
    public=False,
)
def normal_from(k, mean, std, *, generator):
    """Normal numbers with these means and standard deviations, of which one is a tensor."""
    if isinstance(mean, np.ndarray) and isinstance(std, np.ndarray):
        broadcast_shapes(mean.shape, std.shape)
    return normal_family.normal(generator, mean, std)


@normal_from.vjp("mean", "std")
def _(k, g):
    return g * 0.0


@function(
    samples=lambda m: [
        m(0.5, 2.0, (3,)),
        m(m.f(2, 3), 2.0).not_numeric("the gradient of a draw is zero"),
        m(1.0, m.f(3, lo=1, hi=2)).not_numeric("zero"),
        m(m.f(), m.f(lo=1, hi=2)).not_numeric("zero"),
        m(m.f(0), 1.0),
        m(m.nc(3, 2), m.f(3, 2, lo=1, hi=2)).not_numeric("zero"),
    ],
    errors=lambda m: [
        m.error(RuntimeError, "normal expects std >= 0.0", 0.0, -1.0, (2,)),
        m.error(TypeError, "normal() received an invalid combination of arguments", 0.0, 1.0),
        m.error(TypeError, "normal() received an invalid combination of arguments", "a", m.f(2)),
        m.error(
            RuntimeError, "must match the size of tensor b (3) at non-singleton dimension 0", m.f(2), m.f(3, lo=1, hi=2)
        ),
    ],
)
def normal(
    mean: Any, std: Any = 1.0, size: Any = None, *, generator: Generator | None = None, out: Any = None, **kwargs: Any
) -> Tensor:
    """Normal with these means and standard deviations: tensors, numbers, or numbers with a ``size``. The gradients are zero."""
    gen = _generator(generator)
    if size is not None:
        kwargs["out"] = out
        return _sized(
            "normal", (size,), {**kwargs, "generator": gen}, lambda g, a: normal_family.normal_(g, a, mean, std)
        )
    if levels.running and isinstance(mean, Tensor) | isinstance(std, Tensor):
        return _normal_of_each(gen, mean, std)
    numbers = [not isinstance(x, Tensor) for x in (mean, std)]
    if all(numbers) or not all(isinstance(x, (Tensor, int, float, np.number)) for x in (mean, std)) or kwargs:
        kinds = ("Tensor mean, Tensor std", "Tensor mean, float std = 1", "float mean, Tensor std")
        rest = ", *, torch.Generator generator = None, Tensor out = None"
        sized = "float mean, float std, tuple of ints size" + rest + ", torch.dtype dtype = None"
        raise errors.combination("normal", (mean, std), [*[kind + rest for kind in kinds], sized])
    result = normal_from.public(
        *[float(x) if n else x for x, n in zip((mean, std), numbers, strict=True)], generator=gen
    )
    return result if out is None else write_out("normal", out, result, (mean, std), "partial")  # type: ignore[no-any-return]


def _normal_of_each(gen: Generator, mean: Any, std: Any) -> Tensor:
    """``normal`` under ``vmap``: standard normal numbers, scaled and moved."""
    shapes = [x._a.shape if isinstance(x, Tensor) else () for x in (mean, std)]
    like = mean if isinstance(mean, Tensor) else std
    level = levels.innermost((mean, std))
    if level is not None and level.randomness == "same":
        raise errors.runtime(
            "Vmap does not currently support same randomness with a batched tensor input. Please file an issue with functorch"
        )

    def draw(shape: Any) -> Tensor:
        a = np.empty(shape, like._a.dtype)
        normal_family.normal_(gen, a)
        return wrap(a)

    noise: Any = levels.drawn(np.broadcast_shapes(*shapes), draw)
    return (noise * std + mean).detach()  # type: ignore[no-any-return]


@opaque(nondiff=True, public=False)
def multinomial_from(k, input, *, num_samples, replacement, generator):
    """Indices drawn from each row of weights."""
    return discrete.multinomial(_generator(generator), input, num_samples, replacement)


@function(
    methods="multinomial",
    samples=lambda m: [
        m(m.f(5, lo=0.1, hi=1), 3),
        m(m.f(2, 4, lo=0.1, hi=1), 6, True),
        m(m.nc(3, 4, lo=0.1, hi=1), 1),
        m.without("0-d", "weights of a row"),
        m.without("empty", "PyTorch refuses it"),
    ],
    errors=lambda m: [
        m.error(
            RuntimeError, "cannot sample n_sample > prob_dist.size(-1) samples without replacement", m.a([0.5, 0.5]), 3
        ),
        m.error(RuntimeError, "cannot sample n_sample <= 0 samples", m.f(3, lo=0.1, hi=1), 0),
        m.error(RuntimeError, "prob_dist must be 1 or 2 dim", m.f(2, 3, 4, lo=0.1, hi=1), 1),
    ],
)
def multinomial(
    input: Tensor, num_samples: int, replacement: bool = False, *, generator: Generator | None = None, out: Any = None
) -> Tensor:
    """Indices drawn from each row of weights. The rows need not sum to one."""
    if not isinstance(input, Tensor):
        raise errors.not_a_tensor("multinomial", "input", 1, input)
    result = multinomial_from.public(input, num_samples=num_samples, replacement=replacement, generator=generator)
    return result if out is None else write_out("multinomial", out, result, (), "exact")  # type: ignore[no-any-return]


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


@function(
    methods="bernoulli",
    samples=lambda m: [
        m(m.f(2, 3, lo=0, hi=1)),
        m(m.f(lo=0, hi=1)),
        m(m.f(0, 2)),
        m(m.nc(3, 4, lo=0, hi=1)),
        m(m.f(3), 0.3).value_only("PyTorch has no gradient"),
    ],
    errors=lambda m: [
        m.error(RuntimeError, "Expected p_in >= 0 && p_in <= 1 to be true, but got false.", m.a([1.5])),
        m.error(RuntimeError, "bernoulli_ expects p to be in [0, 1], but got p=2", m.f(2, lo=0, hi=1), 2.0),
    ],
)
def bernoulli(input: Tensor, p: float | None = None, *, generator: Generator | None = None, out: Any = None) -> Tensor:
    """1 with the probability at its place, else 0. The gradient is zero."""
    if not isinstance(input, Tensor):
        raise errors.not_a_tensor("bernoulli", "input", 1, input)
    from ..readers import REGISTRY

    result = REGISTRY["bernoulli_from"].public(input, p=p, generator=generator)
    return result if out is None else write_out("bernoulli", out, result, (input,), "partial")  # type: ignore[no-any-return]


# --- in place ---------------------------------------------------------------------------------------------------------
def _refill(x: Tensor, name: str, fill: Callable[[Any], Any]) -> Tensor:
    """Fill a tensor with numbers that do not depend on it: what it was gets no gradient."""
    if levels.running:
        levels.refill(x, lambda one: _refilled(one, name, fill))
        return x
    return _refilled(x, name, fill)


def _refilled(x: Tensor, name: str, fill: Callable[[Any], Any]) -> Tensor:
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
    """The node of an overwritten tensor.

    Gradient of ``input``: 0.
    """

    __slots__ = ()

    inputs = ("input",)

    def run(self, k: Any, g: Any, release: bool) -> Any:
        return [g * 0.0]


def _in_place(name: str, fill: Callable[..., Any], doc: str, args: tuple[Any, ...], wrong: Any) -> None:
    kind = name.strip("_").title().replace("_", "")
    node_name = f"{kind}Backward0"

    def method(self: Tensor, *args: Any, generator: Generator | None = None, **kwargs: Any) -> Tensor:
        gen = _generator(generator)
        called = node_name
        if kind == "Bernoulli":  # PyTorch counts bernoulli(), bernoulli_(tensor), bernoulli_(number)
            of_tensor = any(isinstance(a, Tensor) for a in (*args, *kwargs.values()))
            called = f"BernoulliBackward{1 if of_tensor else 2}"
        return _refill(self, called, lambda a: fill(gen, a, *args, **kwargs))

    method.__name__, method.__doc__ = name, doc
    function(
        name="Tensor." + name,
        methods=name,
        samples=lambda m: [
            m(m.f(2, 3), *args), m(m.f(), *args), m(m.f(0, 2), *args), m(m.nc(3, 4), *args), m(m.f(20), *args),
        ],
        errors=wrong,
    )(method)  # fmt: skip


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


_in_place(
    "uniform_",
    _uniform,
    "Fill with numbers uniform on [from, to).",
    (1.0, 3.0),
    lambda m: [
        m.error(
            RuntimeError, "uniform_ expects to return a [from, to) range, but found from=2 > to=1", m.f(2), 2.0, 1.0
        )
    ],
)
_in_place(
    "normal_",
    _normal,
    "Fill with normal numbers of this mean and standard deviation.",
    (1.0, 2.0),
    lambda m: [m.error(RuntimeError, "normal expects std >= 0.0, but found std -1", m.f(2), 0.0, -1.0)],
)
_in_place(
    "random_",
    _random,
    "Fill with integers uniform on [from, to).",
    (2, 9),
    lambda m: [
        m.error(RuntimeError, "random_ expects 'from' to be less than 'to', but got from=3 >= to=3", m.f(2), 3, 3)
    ],
)
_in_place(
    "bernoulli_",
    _bernoulli,
    "Fill with 1 with probability p (a number or a tensor), else 0.",
    (0.3,),
    lambda m: [m.error(RuntimeError, "bernoulli_ expects p to be in [0, 1], but got p=2", m.f(2), 2.0)],
)
_in_place(
    "exponential_",
    _exponential,
    "Fill with exponential numbers of rate lambd.",
    (2.0,),
    lambda m: [m.error(RuntimeError, "exponential_ expects lambda > 0.0, but found lambda=-1", m.f(2), -1.0)],
)
_in_place(
    "geometric_",
    _geometric,
    "Fill with the number of trials up to the first success.",
    (0.3,),
    lambda m: [m.error(RuntimeError, "geometric_ expects p to be in (0, 1), but got p=2", m.f(2), 2.0)],
)
_in_place(
    "cauchy_",
    _cauchy,
    "Fill with Cauchy numbers.",
    (1.0, 2.0),
    lambda m: [m.error(RuntimeError, "cauchy_ expects sigma > 0.0, but found sigma=-1", m.f(2), 0.0, -1.0)],
)
_in_place(
    "log_normal_",
    _log_normal,
    "Fill with exponentials of normal numbers.",
    (1.0, 0.5),
    lambda m: [m.error(RuntimeError, "log_normal_ expects std > 0.0, but found std=-1", m.f(2), 0.0, -1.0)],
)


# --- state --------------------------------------------------------------------------------------------------------
@function(
    samples=lambda m: [m()],
    errors=lambda m: [m.error(TypeError, "get_rng_state() takes", 3)],
)
def get_rng_state() -> Tensor:
    """The state of the global generator: 5056 bytes."""
    return wrap(default_generator.get_state_array())


@function(
    samples=lambda m: [
        m(m.torch.get_rng_state()),
        m.without("0-d", "5056 bytes"),
        m.without("empty", "5056 bytes"),
        m.without("strided", "5056 bytes"),
    ],
    errors=lambda m: [m.error(TypeError, "expected a torch.ByteTensor, but got int", 3)],
)
def set_rng_state(new_state: Tensor) -> None:
    """Restore the state of the global generator."""
    if not isinstance(new_state, Tensor):
        raise errors.type_(f"expected a torch.ByteTensor, but got {type(new_state).__name__}")
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
