"""Samples: the calls on which every public op and function is tried, and the wrong calls that it must refuse.

A record says ``samples=lambda m: [...]`` and ``errors=lambda m: [...]``. The maker ``m`` builds each call for any namespace:
``parity/record_ops.py`` makes them with torch and writes its answers down (values, gradients, second gradients, node names,
exceptions), ``tests/test_registry.py`` makes the same ones with Rushlight and compares. So an op brings no test of its own.

    samples=lambda m: [m(m.f(2, 3), dim=1), m(m.f(), dim=0), m(m.f(0, 2), dim=1), m(m.nc(3, 2), dim=0)]
    errors=lambda m: [m.error(IndexError, "Dimension out of range", m.f(2), dim=3)]

``m(*args, **kwargs)``
    one call. If PyTorch raises for it, that is the recorded answer, so a dtype that it refuses may stand among the samples.
``m.f(*shape, lo=-2, hi=2)``
    floats between ``lo`` and ``hi``, all different, none a round number (no ties, no kinks), of the dtype under test. ``m.nc`` is
    the same, not contiguous (it needs two elements); ``m.c`` complex numbers.
``m.i(*shape, lo=0, hi=5)``, ``m.b(*shape)``
    int64 and bool.
``m.a(data, dtype=None)``
    a tensor of these very values. ``m.torch`` is the namespace, for dtypes and the like: ``m.torch.int32``.
``m(...).value_only("why")``
    the gradients of this call are not looked at; ``m(...).first_order("why")``: only its second gradients are not.
``m(...).other_nodes("why")``
    the gradients are torch's, but the nodes have other names: PyTorch computes it in other steps.
``m(...).not_numeric("why")``
    the gradients are torch's, but no finite difference gives them: PyTorch defines them so (straight through, held constant).
``m(...).apart("why")``
    the result is random or unspecified: only dtype and shape are compared.
``m.error(RuntimeError, "key phrase", *args, **kwargs)``
    a wrong call: the exception's type, and words that PyTorch's message and ours share.
``m.without("0-d", "why")``
    why there is no sample with a 0-d (``"0-d"``), an empty (``"empty"``), a non-contiguous (``"strided"``) tensor, or of
    broadcasting (``"broadcast"``), which are otherwise demanded of everything that takes tensors.

Elementwise ops need say nothing: their samples follow from ``domain`` and the count of inputs, their errors too.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from . import families
from .functions import FUNCTIONS
from .op import Op
from .readers import REGISTRY

FEATURES = ("0-d", "empty", "strided", "broadcast")


class Sample:
    """One call: arguments, and what is not looked at."""

    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    gradients: int
    compared: bool

    def __init__(self, args: tuple[Any, ...], kwargs: dict[str, Any]):
        self.args, self.kwargs = args, kwargs
        self.gradients = 2  # how many times it is differentiated
        self.compared: bool = True
        self.named: bool = True
        self.numeric: bool = True

    def value_only(self, why: str) -> Sample:
        self.gradients = 0
        return self

    def first_order(self, why: str) -> Sample:
        self.gradients = 1
        return self

    def other_nodes(self, why: str) -> Sample:
        self.named = False
        return self

    def not_numeric(self, why: str) -> Sample:
        self.numeric = False
        return self

    def apart(self, why: str) -> Sample:
        self.compared, self.gradients = False, 0
        return self


class ErrorSample(NamedTuple):
    """One wrong call."""

    kind: type[Exception]
    phrase: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]


class Without(NamedTuple):
    """A feature that no sample has, and the reason."""

    feature: str
    why: str


class Maker:
    """Builds the arguments of samples in a namespace, the same values every time."""

    def __init__(self, namespace: Any, key: str, dtype: str = "float64"):
        self.torch = namespace
        self.dtype = dtype
        self.rng: Any = np.random.default_rng(zlib.crc32(key.encode()))

    def __call__(self, *args: Any, **kwargs: Any) -> Sample:
        return Sample(args, kwargs)

    def error(self, kind: type[Exception], phrase: str, *args: Any, **kwargs: Any) -> ErrorSample:
        return ErrorSample(kind, phrase, args, kwargs)

    def without(self, feature: str, why: str) -> Without:
        if feature not in FEATURES or not why:
            raise ValueError(f"m.without: {feature!r} is none of {FEATURES}, or the reason is missing")
        return Without(feature, why)

    def a(self, data: Any, dtype: Any = None) -> Any:
        return self.torch.tensor(data, dtype=dtype)

    def _floats(self, shape: tuple[int, ...], lo: float, hi: float) -> np.ndarray[Any, Any]:
        n = int(np.prod(shape))
        steps = self.rng.permutation(n) + self.rng.uniform(0.3, 0.7, n)
        return (lo + (hi - lo) * steps / max(n, 1)).reshape(shape)

    def f(self, *shape: int, lo: float = -2, hi: float = 2) -> Any:
        # through float32, so that both dtypes under test see the same numbers
        values = self._floats(shape, lo, hi).astype(np.float32).astype(self.dtype)
        return self.torch.from_numpy(values) if shape else self.torch.tensor(values.item(), dtype=self._dtype())

    def _dtype(self) -> Any:
        return getattr(self.torch, self.dtype)

    def nc(self, *shape: int, lo: float = -2, hi: float = 2) -> Any:
        if len(shape) < 2:
            return self.f(*shape[:-1], 2 * shape[-1], lo=lo, hi=hi)[..., ::2]
        return self.f(*shape[:-2], shape[-1], shape[-2], lo=lo, hi=hi).transpose(-1, -2)

    def c(self, *shape: int, lo: float = -2, hi: float = 2) -> Any:
        values = np.asarray(self._floats(shape, lo, hi) + 1j * self._floats(shape, lo, hi))
        return self.torch.from_numpy(values.astype("complex128" if self.dtype == "float64" else "complex64"))

    def i(self, *shape: int, lo: int = 0, hi: int = 5) -> Any:
        return self.torch.from_numpy(np.array(self.rng.integers(lo, hi, shape)))

    def b(self, *shape: int) -> Any:
        return self.torch.from_numpy(np.array(self.rng.integers(0, 2, shape, dtype=np.uint8)).astype(bool))


# --- what the families supply ----------------------------------------------------------------------------------------
def elementwise_samples(op: Op) -> Callable[[Maker], list[Any]]:
    """0-d, empty, strided, broadcast, and each kind of dtype, inside the op's domain."""
    lo, hi = op.domain or (-2, 2)
    span = {"lo": lo, "hi": hi}

    def unary(m: Maker) -> list[Any]:
        floats = [m(m.f(3, 4, **span)), m(m.f(**span)), m(m.f(0, 2, **span)), m(m.nc(3, 2, **span)), m(m.nc(3, **span))]
        return [
            *floats,
            m(m.i(3, lo=1, hi=3)),
            m(m.b(3)),
            m(m.a([1, 2, 3], m.torch.uint8)),
            m(m.c(3)).value_only("real"),
        ]

    def binary(m: Maker) -> list[Any]:
        out = [
            m(m.f(2, 3, **span), m.f(2, 3, **span)),
            m(m.f(2, 1, **span), m.f(3, **span)),
            m(m.f(**span), m.f(2, **span)),
            m(m.f(0, 2, **span), m.f(2, **span)),
            m(m.nc(3, 2, **span), m.f(3, 2, **span)),
            m(m.i(3, lo=1), m.i(3, lo=1)),
            m(m.f(3, **span), m.i(3, lo=1)),
            m(m.i(3, lo=1), m.a(2.5)).value_only("float32 whatever the dtype under test: too coarse for differences"),
            m(m.b(3), m.b(3)),
            m(m.a([1, 2, 250], m.torch.uint8), m.a([1, 3, 10], m.torch.uint8)),
            m(m.c(3), m.f(3, **span)).value_only("real"),
        ]
        return [*out, m(m.f(3, **span), 1.7), m(m.i(3, lo=1), 2)] if op.numbers else out

    return unary if len(op.inputs) == 1 else binary


def elementwise_errors(op: Op) -> Callable[[Maker], list[Any]]:
    """A word for a tensor; shapes that do not broadcast."""

    def unary(m: Maker) -> list[Any]:
        return [m.error(TypeError, "must be Tensor, not str", "text")]

    def binary(m: Maker) -> list[Any]:
        several = "() received an invalid combination of arguments"
        numbers = {
            "": [
                m.error(TypeError, "must be Tensor, not int", m.f(2), 2),
                m.error(TypeError, "must be Tensor, not int", 2, m.f(2)),
            ],
            "second": [m.error(TypeError, several, 2, m.f(2)), m.error(TypeError, several, m.f(2), "text")],
            "either": [m.error(TypeError, several, 2, 3)],
            "both": [],
        }
        return [
            m.error(RuntimeError, "at non-singleton dimension 0", m.f(2), m.f(3)),
            m.error(TypeError, op.torch_name.rpartition(".")[2] + "()", "text", m.f(2)),
            *numbers[op.numbers],
        ]

    return unary if len(op.inputs) == 1 else binary


# --- what is tried ---------------------------------------------------------------------------------------------------
class Target(NamedTuple):
    """A public name with its samples."""

    name: str  # PyTorch's path: "exp", "nn.functional.elu", "Tensor.div_"
    module: str  # the family file that declares it
    op: Op | None
    samples: Callable[[Maker], list[Any]] | None
    errors: Callable[[Maker], list[Any]] | None
    methods: tuple[str, ...]

    def find(self, namespace: Any) -> Callable[..., Any]:
        """The callable in a namespace (``rushlight`` or ``torch``)."""
        for part in self.name.split("."):
            namespace = getattr(namespace, part)
        return namespace  # type: ignore[no-any-return]

    def made(self, namespace: Any, dtype: str = "float64") -> list[Sample]:
        """The calls."""
        m = Maker(namespace, self.name, dtype)
        return [s for s in (self.samples(m) if self.samples else []) if isinstance(s, Sample)]

    def wrong(self, namespace: Any) -> list[ErrorSample]:
        """The wrong calls."""
        return self.errors(Maker(namespace, self.name)) if self.errors else []

    def excused(self, namespace: Any) -> dict[str, str]:
        """The features that no sample needs to have, with the reasons."""
        m = Maker(namespace, self.name)
        return {s.feature: s.why for s in (self.samples(m) if self.samples else []) if isinstance(s, Without)}


def targets() -> dict[str, Target]:
    """Every public op and function by its PyTorch path."""
    families.load_all()
    found = {}
    for op in REGISTRY.values():
        # an internal record runs through the public names that use it
        if not op.is_public:
            continue
        samples, errors = op.samples, op.error_samples
        if op.family == "elementwise" and len(op.inputs) <= 2:
            samples, errors = samples or elementwise_samples(op), errors or elementwise_errors(op)
        name = op.torch_name if op.public_name else "Tensor." + op.methods[0]
        found[name] = Target(
            name, _family_file(op.forward.__globals__["__name__"]), op, samples, errors, tuple(op.methods)
        )
    for f in FUNCTIONS.values():
        found[f.torch_name] = Target(
            f.torch_name, _family_file(f.module), None, f.samples, f.error_samples, tuple(f.methods)
        )
    return found


def _family_file(module: str) -> str:
    return module.removeprefix("rushlight.").removeprefix("ops.")


def tensors_in(x: Any, kind: type) -> Iterator[Any]:
    """The tensors among (nested) arguments, in order."""
    if isinstance(x, kind):
        yield x
    elif isinstance(x, (tuple, list)):
        for item in x:
            yield from tensors_in(item, kind)
    elif isinstance(x, dict):
        for item in x.values():
            yield from tensors_in(item, kind)


# --- answers ---------------------------------------------------------------------------------------------------------
def weights(maker_key: str, shape: tuple[int, ...], namespace: Any, dtype: Any) -> Any:
    """The gradient that is sent into a result: the same for both sides."""
    m = Maker(namespace, maker_key)
    values = namespace.from_numpy(np.atleast_1d(m._floats(shape, 0.5, 1.5))).reshape(shape)
    return values.to(dtype)


class Answer(NamedTuple):
    """What a call gives: results, first and second gradients as tensors, and the names of the nodes."""

    outs: list[Any]
    nodes: list[str]
    grads: list[Any]
    grads2: list[Any]


def answer(namespace: Any, target: Target, sample: Sample) -> Answer:
    """Run one sample; its gradients too, as far as the sample wants and the results have them."""
    kind, grad = namespace.Tensor, namespace.autograd.grad
    leaves: list[Any] = []
    if sample.gradients:
        for x in tensors_in((sample.args, sample.kwargs), kind):
            # by identity: one tensor may stand in two places
            if (x.is_floating_point() or x.is_complex()) and not any(x is y for y in leaves):
                leaves.append(x.requires_grad_())
    args = sample.args
    if target.name.endswith("_") and leaves:  # an in-place call does not take a leaf
        args = tuple(x.clone() if x is leaves[0] else x for x in args)
    namespace.manual_seed(0)
    outs = list(tensors_in(target.find(namespace)(*args, **sample.kwargs), kind))
    flowing = [o for o in outs if o.requires_grad and not any(o is x for x in leaves)]
    nodes = [o.grad_fn.name() if o.grad_fn is not None else "" for o in outs]
    grads: list[Any] = []
    grads2: list[Any] = []
    if flowing and sample.gradients:
        vs = [
            weights(f"{target.name} {i}", tuple(o.shape), namespace, o.dtype).requires_grad_()
            for i, o in enumerate(flowing)
        ]
        again = sample.gradients > 1
        grads = list(grad(flowing, leaves, vs, create_graph=again, allow_unused=True))
        second = [g for g in grads if g is not None and g.requires_grad]
        if again and second:
            ws = [
                weights(f"{target.name} second {i}", tuple(g.shape), namespace, g.dtype) for i, g in enumerate(second)
            ]
            grads2 = list(grad(second, [*leaves, *vs], ws, allow_unused=True))
    return Answer(outs, nodes, grads, grads2)
