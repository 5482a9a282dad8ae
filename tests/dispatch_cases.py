"""Programs that are asked about below autograd, or traced there: each gives a text, which PyTorch gives too."""

from __future__ import annotations

import importlib
from types import SimpleNamespace

CASES = {}


def case(function):
    CASES[function.__name__] = function
    return function


def world(torch):
    """What a case is given: the package, ``make_fx`` and the dispatch mode of it."""
    inner = {
        name: importlib.import_module(f"{torch.__name__}.{name}")
        for name in ("fx.experimental.proxy_tensor", "utils._python_dispatch", "func", "nn.functional")
    }
    return SimpleNamespace(
        torch=torch,
        make_fx=inner["fx.experimental.proxy_tensor"].make_fx,
        dispatch=inner["utils._python_dispatch"],
        func=inner["func"],
        F=inner["nn.functional"],
    )


def code(graph):
    return graph.code.strip()


def numbers(torch, *shape):
    n = 1
    for size in shape:
        n *= size
    return torch.arange(n, dtype=torch.float32).reshape(shape).mul(0.37).sin()


@case
def linear(w):
    t = w.torch
    args = numbers(t, 4, 3), numbers(t, 5, 3), numbers(t, 5)
    return code(w.make_fx(lambda x, w_, b: w.F.linear(x, w_, b).relu().sum())(*args))


@case
def nested_arguments(w):
    t = w.torch
    graph = w.make_fx(lambda p, x: {"y": t.tanh(x @ p["w"].t() + p["b"])})(
        {"w": numbers(t, 5, 3), "b": numbers(t, 5)}, numbers(t, 4, 3)
    )
    out = graph({"w": numbers(t, 5, 3) * 2, "b": numbers(t, 5)}, numbers(t, 4, 3))
    return code(graph) + "\n" + str(graph.graph) + "\n" + str(out)


@case
def gradient(w):
    return code(w.make_fx(lambda x: w.func.grad(lambda z: z.sin().sum())(x))(numbers(w.torch, 4, 3)))


@case
def mapped(w):
    return code(w.make_fx(lambda x: w.func.vmap(lambda z: (z * 2).sum())(x))(numbers(w.torch, 4, 3)))


@case
def autograd(w):
    t = w.torch
    q = numbers(t, 5, 3).requires_grad_()
    return code(w.make_fx(lambda q: t.autograd.grad((q * 2).exp().sum(), q)[0])(q))


@case
def activations(w):
    t = w.torch
    q = numbers(t, 5, 3).requires_grad_()

    def f(q):
        y = t.sigmoid(w.F.gelu(t.tanh(w.F.relu(q))) * 3).log_softmax(1)
        return t.autograd.grad(y.sum(), q)[0]

    return code(w.make_fx(f)(q))


@case
def writes(w):
    def f(x):
        z = x.clone()
        z.add_(1)
        z[0] = 0
        z[1] = x[2]
        return z

    return code(w.make_fx(f)(numbers(w.torch, 4, 3)))


@case
def constants(w):
    t = w.torch
    b, layer = numbers(t, 5), t.nn.Linear(3, 2)
    graph = w.make_fx(lambda x: layer(x + b[:3] + t.tensor(2.0)))(numbers(t, 4, 3))
    return code(graph) + "\n" + ", ".join(name for name, _ in graph.named_parameters())


@case
def new_tensors(w):
    t = w.torch

    def f(x):
        return t.zeros(3) + x + t.randn(3) + t.rand_like(x) + t.full((3,), 2.0) + t.arange(3) + x.detach()

    return code(w.make_fx(f, tracing_mode="fake")(numbers(t, 4, 3)))


@case
def read(w):
    try:
        w.make_fx(lambda x: x * x.sum().item())(numbers(w.torch, 3))
    except RuntimeError as error:
        return str(error)[:80]
    return "nothing"


def shown(torch, x):
    if isinstance(x, torch.Tensor):
        return f"T{list(x.shape)}"
    if isinstance(x, (list, tuple)):
        return "[" + ", ".join(shown(torch, y) for y in x) + "]"
    return str(x)


def log_of(w):
    lines = []

    class Log(w.dispatch.TorchDispatchMode):
        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            kwargs = kwargs or {}
            out = func(*args, **kwargs)
            lines.append(f"{func} {shown(w.torch, args)} -> {shown(w.torch, out)}")
            return out

    return Log(), lines


def logged(name, f):
    def run(w):
        mode, lines = log_of(w)
        t = w.torch
        x, y = numbers(t, 4, 3).requires_grad_(), numbers(t, 4, 3)
        with mode:
            f(w, x, y)
        return "\n".join(lines)

    run.__name__ = name
    CASES[name] = run


logged("log_arithmetic", lambda w, x, y: ((x + y) * 2 - 1, 1 - x, x / y, x**2, -x, x > 0, x == y, x.exp(), x.sqrt()))
logged(
    "log_sums",
    lambda w, x, y: (x.sum(), x.sum(1), x.mean(0, keepdim=True), x.var(), x.std(0), x.amax(1), x.max(1), x.norm()),
)
logged(
    "log_views",
    lambda w, x, y: (x.t(), x.view(12), x.unsqueeze(0), x[0], x[1:3], x[:, None], x.permute(1, 0), x.expand(2, 4, 3)),
)
logged(
    "log_joins",
    lambda w, x, y: (w.torch.cat([x, y], 1), w.torch.stack([x, y]), y.split(2), x.t().contiguous(), x.double()),
)
logged(
    "log_layers", lambda w, x, y: w.F.conv2d(w.F.linear(y, x).view(1, 1, 4, 4), x[:, :1].view(1, 1, 2, 2), padding=1)
)
logged(
    "log_losses",
    lambda w, x, y: (w.F.mse_loss(x, y), w.F.cross_entropy(x, w.torch.tensor([0, 1, 2, 1])), w.F.softmax(x, 1)),
)
logged("log_backward", lambda w, x, y: w.torch.autograd.grad((x.tanh() @ y.t()).relu().sum(), x))
logged(
    "log_writes",
    lambda w, x, y: (y.clone().add_(1).mul_(y), y.clone().zero_(), y.clone().clamp_(min=0), y.clone().fill_(2.5)),
)


@case
def answers(w):
    """A mode may answer something else, and look on without being there."""
    t = w.torch

    class Sines(w.dispatch.TorchDispatchMode):
        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            if func is t.ops.aten.cos.default or func == t.ops.aten.cos.default:
                return t.sin(*args)
            return func(*args, **(kwargs or {}))

    with Sines() as mode:
        a = t.cos(numbers(t, 3))
        with w.dispatch._pop_mode_temporarily() as popped:
            b = t.cos(numbers(t, 3))
        inside = popped is mode
    return f"{a}\n{b}\n{inside}\n{t.cos(numbers(t, 3))}"


@case
def nested_modes(w):
    outer, first = log_of(w)
    inner, second = log_of(w)
    with outer, inner:
        numbers(w.torch, 2, 2) @ numbers(w.torch, 2, 2)
    return "\n".join([*first, "--", *second])


@case
def names(w):
    f = w.torch.ops.aten.add.Tensor
    return f"{f} {f!r} {f.name()} {f.__name__} {f.overloadpacket} {f.namespace} {f._overloadname} {w.torch.ops.aten.mm.default.name()}"


@case
def wrapper_subclass(w):
    """A class that holds a tensor and computes operations itself."""
    t = w.torch
    tree_map = importlib.import_module(f"{t.__name__}.utils._pytree").tree_map
    lines = []

    class Log(t.Tensor):
        @staticmethod
        def __new__(cls, inner):
            made = t.Tensor._make_wrapper_subclass(
                cls, inner.size(), strides=inner.stride(), dtype=inner.dtype, device=inner.device
            )
            made.inner = inner
            return made

        __torch_function__ = t._C._disabled_torch_function_impl

        def __repr__(self):
            return f"Log({self.inner})"

        @classmethod
        def __torch_dispatch__(cls, func, types, args=(), kwargs=None):
            lines.append(f"{func} {[k.__name__ for k in types]}")

            def bare(x):
                return x.inner if isinstance(x, cls) else x

            out = func(*tree_map(bare, args), **tree_map(bare, kwargs or {}))
            return tree_map(lambda x: cls(x) if isinstance(x, t.Tensor) else x, out)

    x, y = Log(numbers(t, 2, 3)), t.ones(2, 3)
    lines.append(f"{x.shape} {x.stride()} {x.dtype} {x.device}")
    z = x + 0
    z.add_(1)
    results = [
        x + y, y + x, x * 2, 1 - x, (x @ y.t()).sum(1), x.t(), x[0], x.softmax(1), t.cat([x, y]), x.max(1).values, z, x > 0,
        w.F.linear(x, t.ones(4, 3), t.ones(4)), t.relu(x), x.mean(), x.view(6), x.double(),
    ]  # fmt: skip
    return "\n".join([*lines, *map(str, results)])
