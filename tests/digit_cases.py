"""Calls whose float32 and float64 results are PyTorch's to the last bit: checksums in golden/digits.json, live in parity/."""

from __future__ import annotations

import zlib
from typing import Any

OPTIMIZERS = {
    "SGD": "SGD(p, lr=0.013)",
    "SGD momentum": "SGD(p, lr=0.013, momentum=0.9, dampening=0.3)",
    "SGD nesterov": "SGD(p, lr=0.013, momentum=0.9, nesterov=True, weight_decay=0.01)",
    "SGD maximize": "SGD(p, lr=0.013, momentum=0.9, maximize=True)",
    "Adamax": "Adamax(p, lr=0.013, weight_decay=0.01)",
    "Adamax, long memory": "Adamax(p, betas=(0.3, 0.4))",
    "RAdam": "RAdam(p, lr=0.013, weight_decay=0.01)",
    "ASGD": "ASGD(p, lr=0.013, weight_decay=0.01)",
    "Rprop": "Rprop(p)",
}
#: These divide by square roots, whose digits in PyTorch are those of the processor's estimate; ours are AMD's.
BY_ROOTS = {
    "Adam": "Adam(p)",
    "Adam, decay": "Adam(p, lr=0.013, betas=(0.8, 0.99), weight_decay=0.01)",
    "Adam, amsgrad": "Adam(p, amsgrad=True)",
    "AdamW": "AdamW(p, lr=0.013)",
    "NAdam": "NAdam(p, weight_decay=0.01)",
    "RMSprop": "RMSprop(p, weight_decay=0.01)",
    "RMSprop, centered": "RMSprop(p, centered=True, momentum=0.9)",
    "Adagrad": "Adagrad(p, lr=0.1, weight_decay=0.01)",
    "Adadelta": "Adadelta(p, weight_decay=0.01)",
}


def _optimizer(torch: Any, text: str) -> list[Any]:
    """Five steps with random gradients."""
    generator = torch.Generator().manual_seed(1)
    p = [torch.randn(*s, generator=generator).requires_grad_() for s in ((3,), (5, 7), (1,), (60, 50))]
    optimizer = eval(text, {"p": p, **{n: getattr(torch.optim, n) for n in (text.split("(")[0],)}})
    for _ in range(5):
        for x in p:
            x.grad = torch.randn(*x.shape, generator=generator) * 10
        optimizer.step()
    return p


def _normal(torch: Any, *shape: int, seed: int = 0) -> Any:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed + sum(shape)))


def _gradients(torch: Any, f: Any, *shape: int) -> Any:
    x = _normal(torch, *shape).requires_grad_()
    return torch.autograd.grad(f(x).sum(), x)[0]


SIZES = (1, 5, 16, 33, 3000)

CASES: dict[str, Any] = {
    **{n: (lambda torch, text=text: _optimizer(torch, text)) for n, text in (OPTIMIZERS | BY_ROOTS).items()},
    "addcmul": lambda torch: [
        torch.addcmul(*(_normal(torch, n, seed=i) for i in range(3)), value=v) for n in SIZES for v in (1, 0.3)
    ],
    "addcdiv": lambda torch: [torch.addcdiv(*(_normal(torch, n, seed=i) for i in range(3)), value=0.3) for n in SIZES],
    "sqrt": lambda torch: [_normal(torch, n).abs().sqrt() for n in SIZES],
    "rsqrt": lambda torch: [_normal(torch, n).abs().rsqrt() for n in SIZES],
    "powers of few numbers": lambda torch: [
        _normal(torch, n).abs() ** e for n in (1, 5, 15) for e in (0.5, 1.7, -0.3, 1 / 3, 2.2, 3.0, -2.0)
    ],
    "powers of rows": lambda torch: [
        _normal(torch, 9, 40).abs()[:, :37] ** 1.7,
        _normal(torch, 9, 40).abs()[:, ::2] ** 1.7,
    ],
    "exp": lambda torch: (
        [torch.exp(_normal(torch, n) * scale) for n in (1, 5, 33, 3000) for scale in (0.01, 1, 30)]
        + [torch.exp(torch.linspace(-105, 90, 3001))]
    ),
    "log": lambda torch: (
        [(_normal(torch, n).abs() * scale).log() for n in (1, 5, 33, 3000) for scale in (1e-41, 0.01, 1, 1000)]
        + [torch.linspace(0, 3, 3001).log(), torch.tensor([0.0, 2.0**-126, 1e-45, 3.4e38, float("inf")]).log()]
    ),
    "functions with logarithms": lambda torch: [
        *[torch.logit(_normal(torch, n).sigmoid()) for n in (5, 33, 3000)],
        torch.logsumexp(_normal(torch, 300, 9), 1),
    ],
    "gradients of logarithms": lambda torch: [
        _gradients(torch, lambda x, f=f: f(x.abs() + 0.1), n)
        for f in (torch.log, torch.special.entr, lambda x: 1.7**x, lambda x: x.log() ** 2)
        for n in (5, 33, 3000)
    ],
    "sin and cos": lambda torch: [
        f(_normal(torch, n) * scale)
        for f in (torch.sin, torch.cos)
        for n in (1, 5, 33, 3000)
        for scale in (0.01, 1, 30)
    ],
    "gradients of exp": lambda torch: [_gradients(torch, lambda x: (x * 3).exp(), n) for n in (5, 33, 3000)],
    "roots as powers": lambda torch: [_normal(torch, n).abs() ** 0.5 for n in SIZES],
    "gradients of powers": lambda torch: [
        _gradients(torch, lambda x, e=e: x.abs() ** e, n) for n in (1, 5, 15) for e in (0.5, 1.7, 2.5)
    ],
    "gradients of acosh": lambda torch: [_gradients(torch, lambda x: (x.abs() + 1.01).acosh(), n) for n in (5, 15, 33)],
    "lerp": lambda torch: [
        torch.lerp(_normal(torch, n), _normal(torch, n, seed=1), w) for n in SIZES for w in (0.1, 0.9, 0.001, 1.7)
    ],
    "lerp by a tensor": lambda torch: [torch.lerp(*(_normal(torch, n, seed=i) for i in range(3))) for n in SIZES],
}


def _value_and_gradient(torch: Any, f: Any, x: Any, seed: int = 9) -> list[Any]:
    x = x.requires_grad_()
    y = f(x)
    (gradient,) = torch.autograd.grad(y, x, _normal(torch, *y.shape, seed=seed))
    return [y, gradient]


def _each(f: Any, *shapes: tuple[int, ...], scale: float = 2.0) -> Any:
    """Values and gradients of ``f(torch, x)`` for normal x of several shapes."""
    return lambda torch: [
        t for shape in shapes for t in _value_and_gradient(torch, lambda x: f(torch, x), _normal(torch, *shape) * scale)
    ]


def _binary_cross_entropy(torch: Any) -> list[Any]:
    """Gradients for probabilities, with and without weights, averaged and not."""
    out = []
    for n in (5, 16, 33, 100):
        p, t, w = (torch.rand(n, generator=torch.Generator().manual_seed(n + i)) for i in range(3))
        for options in ({}, {"weight": w}, {"reduction": "sum"}, {"reduction": "none"}):
            p = p.detach().requires_grad_()
            loss = torch.nn.functional.binary_cross_entropy(p, t, **options)
            out += torch.autograd.grad(loss, p, torch.ones_like(loss) * 1.7)
        for options in ({}, {"weight": w}, {"pos_weight": w}, {"weight": t, "pos_weight": w}, {"reduction": "sum"}):
            x = _normal(torch, n).requires_grad_()
            loss = torch.nn.functional.binary_cross_entropy_with_logits(x, t, **options)
            out += torch.autograd.grad(loss, x, torch.ones_like(loss) * 1.7)
    return out


def _layer_norm(torch: Any) -> list[Any]:
    """Values and the three gradients, for rows with and without numbers beyond the last whole vector."""
    out = []
    for rows, n in ((10, 7), (64, 16), (33, 20), (200, 100), (3, 20), (1, 32)):
        x, w, b = (_normal(torch, *s, seed=i).requires_grad_() for i, s in enumerate(((rows, n), (n,), (n,))))
        y = torch.nn.functional.layer_norm(x, (n,), w, b)
        out += [y, *torch.autograd.grad(y, (x, w, b), _normal(torch, rows, n, seed=5))]
        y = torch.nn.functional.layer_norm(x, (n,))
        out += [y, *torch.autograd.grad(y, x, _normal(torch, rows, n, seed=5))]
    return out


def _group_norm(torch: Any) -> list[Any]:
    """Values and the three gradients, for planes with and without numbers beyond the last whole vector."""
    out = []
    for images, channels, groups, *places in (
        (8, 16, 4, 5, 5),
        (4, 32, 8, 8, 8),
        (3, 6, 2, 50),
        (2, 64, 32, 3),
        (2, 6, 1, 40, 30),
    ):
        x, w, b = (
            _normal(torch, *s, seed=i).requires_grad_()
            for i, s in enumerate(((images, channels, *places), (channels,), (channels,)))
        )
        for parameters in ((w, b), ()):
            y = torch.nn.functional.group_norm(x, groups, *parameters)
            out += [y, *torch.autograd.grad(y, (x, *parameters), _normal(torch, *x.shape, seed=5))]
    return out


def _products(torch: Any) -> list[Any]:
    """Vectors as matrices and as vectors, all layouts; the sizes below and above those of a vector of the processor."""
    out = []
    for k in (2, 5, 9, 15, 16, 40, 100, 1000):
        row, other, column = _normal(torch, 1, k), _normal(torch, 1, k, seed=1), _normal(torch, k, 1, seed=2)
        out += [row @ column, row @ other.t(), column.t() @ other.t(), column.t() @ column]
        out += [torch.nn.functional.linear(row, other, torch.ones(1))]
        for n in (1, 3, 8, 30):
            matrix = _normal(torch, n, k, seed=3)
            out += [matrix @ row[0], _normal(torch, k, n, seed=4).t() @ row[0]]
    return out


_MATRICES = ((1, 5), (6, 5), (3, 7), (40, 8), (32, 10), (20, 33), (7, 100), (3, 1000))
CASES |= {
    "products of vectors": _products,
    "layer_norm": _layer_norm,
    "group_norm": _group_norm,
    "binary_cross_entropy": _binary_cross_entropy,
    "softmax": _each(lambda torch, x: x.softmax(-1), *_MATRICES, (2, 3, 17)),
    "softmax along columns": _each(lambda torch, x: x.softmax(0), (5, 16), (10, 32), (33, 8)),
    "log_softmax": _each(lambda torch, x: x.log_softmax(-1), *_MATRICES, (2, 3, 17)),
    "log_softmax along columns": _each(lambda torch, x: x.log_softmax(0), (5, 1), (10, 32), (33, 8)),
    "cross_entropy": _each(
        lambda torch, x: torch.nn.functional.cross_entropy(x, torch.arange(len(x)) % x.shape[1], reduction="none"),
        *_MATRICES,
    ),
}


_LENGTHS = ((5,), (16,), (33,), (7, 20), (3000,), (80000,))
CASES |= {
    name: _each(lambda torch, x, text=text: eval(text, {"torch": torch, "x": x, "F": torch.nn.functional}), *_LENGTHS)
    for name, text in {
        "sigmoid": "torch.sigmoid(x)",
        "silu": "F.silu(x)",
        "gelu": "F.gelu(x)",
        "logsigmoid": "F.logsigmoid(x)",
        "sigmoid of rows": "torch.sigmoid(x[..., 1:])",
        "sigmoid of every other": "torch.sigmoid(x[..., ::2])",
        "sigmoid of a transpose": "torch.sigmoid(x.T) if x.ndim == 2 else x",
        "log1p": "torch.log1p(x.abs() - 0.5)",
        "binary_cross_entropy_with_logits": "F.binary_cross_entropy_with_logits(x, torch.sigmoid(x).detach(), reduction='none')",
    }.items()
}
CASES |= {
    "softplus": _each(lambda torch, x: torch.nn.functional.softplus(x), (16,), (160,), (3, 32)),
    "softplus, sharper": _each(lambda torch, x: torch.nn.functional.softplus(x, 2.5, 3.0), (16,), (160,), (3, 32)),
}

_FEW_AND_MANY = ((3,), (7,), (16,), (33,), (3000,), (9, 40))
CASES |= {
    f"{name}, {lying}": _each(
        lambda torch, x, text=text, part=part: eval(text, {"torch": torch, "x": part(x), "F": torch.nn.functional}),
        *_FEW_AND_MANY,
    )
    for name, text in {
        "expm1": "torch.expm1(x)",
        "exp2": "torch.exp2(x)",
        "sinh": "torch.sinh(x)",
        "cosh": "torch.cosh(x)",
        "atanh": "torch.atanh(x * 0.1)",
        "atan2": "torch.atan2(x, x.flip(0))",
        "softplus": "F.softplus(x)",
        "elu": "F.elu(x, 0.7)",
        "selu": "F.selu(x)",
        "celu": "F.celu(x)",
        "mish": "F.mish(x)",
        "gelu": "F.gelu(x)",
        "logaddexp": "torch.logaddexp(x, x.flip(0))",
        "xlogy": "torch.xlogy(x, x.abs())",
        "xlog1py": "torch.special.xlog1py(x, x.abs())",
        "entr": "torch.special.entr(x.abs())",
        "sinc": "torch.sinc(x)",
        "pow": "x.abs() ** x",
        "kl_div": "F.kl_div(x, x.sigmoid(), reduction='none')",
    }.items()
    for lying, part in {
        "in one piece": lambda x: x,
        "rows": lambda x: x[..., 1:] if x.ndim > 1 else x,
        "every other": lambda x: x[..., ::2],
    }.items()
}
CASES |= {
    "gelu by tanh": _each(lambda torch, x: torch.nn.functional.gelu(x, approximate="tanh"), *_FEW_AND_MANY),
    "interpolate bilinear": lambda torch: [
        torch.nn.functional.interpolate(_normal(torch, *shape), mode="bilinear", **to)
        for shape in ((1, 1, 8, 10), (2, 3, 12, 7), (1, 8, 5, 6), (2, 10, 5, 6))
        for to in (
            {"scale_factor": 2},
            {"scale_factor": 1.7},
            {"size": (17, 4)},
            {"size": (9, 9), "align_corners": True},
        )
    ],
    "polar": lambda torch: [
        torch.view_as_real(torch.polar(_normal(torch, n).abs(), _normal(torch, n, seed=1))) for n in SIZES
    ],
}

_TALL = ((26, 3), (40, 15))
CASES |= {
    f"{what} of {dtype}": _each(
        lambda torch, x, f=f, dtype=dtype: f(torch, x.to(getattr(torch, dtype))).float(), *shapes
    )
    for what, f, shapes in (
        ("cdist", lambda torch, x: torch.cdist(x, x[:7] + 1), _TALL),
        ("logcumsumexp", lambda torch, x: torch.logcumsumexp(x, 0), (*_TALL, (50,))),
    )
    for dtype in ("bfloat16", "float16")
}


def _pair_losses(torch: Any) -> list[Any]:
    """Values and gradients of losses of pairs, by gradients that are not 1."""
    f = torch.nn.functional
    out = []
    for shape in ((1, 4), (8, 10), (33, 40)):
        for loss in (
            lambda x, y, **more: f.mse_loss(x, y, **more),
            lambda x, y, **more: f.smooth_l1_loss(x, y, beta=0.5, **more),
            lambda x, y, **more: f.huber_loss(x, y, delta=0.25, **more),
            lambda x, y, **more: f.soft_margin_loss(x, y.sign().detach(), **more) + y.sum() * 0,
            lambda x, y, **more: f.poisson_nll_loss(x, y.abs() * 3, full=True, **more),
        ):
            for reduction in ("sum", "none"):
                x, y = (_normal(torch, *shape, seed=i).requires_grad_() for i in range(2))
                z = loss(x, y, reduction=reduction)
                out += [z, *torch.autograd.grad(z, (x, y), _normal(torch, *z.shape, seed=5) + 0.1)]
    return out


def _batch_norm_of_rows(torch: Any) -> list[Any]:
    """Values, running statistics and gradients of batches without places, in training and after."""
    out = []
    for shape in ((2, 3), (8, 10), (33, 40), (100, 16), (5, 6, 1, 1)):
        for training in (True, False):
            x, w, b = (
                _normal(torch, *s, seed=i).requires_grad_() for i, s in enumerate((shape, shape[1:2], shape[1:2]))
            )
            mean, var = _normal(torch, shape[1]), _normal(torch, shape[1]).abs() + 0.1
            y = torch.nn.functional.batch_norm(x, mean, var, w, b, training)
            out += [y, mean, var, *torch.autograd.grad(y, (x, w, b), _normal(torch, *shape, seed=5))]
    return out


CASES |= {
    "losses of pairs": _pair_losses,
    "batch_norm of rows": _batch_norm_of_rows,
    "glu": _each(lambda torch, x: torch.nn.functional.glu(x), (2, 4), (8, 10), (7, 100)),
    "prod": _each(lambda torch, x: (x.abs() + 0.5).prod(0), (2, 4), (8, 10)),
    "gradients that divide": lambda torch: [
        _gradients(torch, lambda x, f=f: f(torch, x), n)
        for f in (
            lambda torch, x: torch.atan(x) * 0.7,
            lambda torch, x: torch.atanh(x * 0.1) * 0.7,
            lambda torch, x: torch.xlogy(0.7, x.abs()),
        )
        for n in (5, 33, 3000)
    ],
}


# --- float64 ----------------------------------------------------------------------------------------------------------
def _long(torch: Any, *shape: int, seed: int = 0) -> Any:
    return _normal(torch, *shape, seed=seed).double() * 1.7


def _long_curve(f: Any) -> Any:
    """Values and gradients of a function of float64 numbers, in whole vectors and in what is left over."""
    return lambda torch: [
        y for n in (1, 5, 8, 37, 40_005) for y in _value_and_gradient(torch, lambda x: f(torch, x), _long(torch, n))
    ]


def _long_rows(f: Any) -> Any:
    shapes = ((7,), (5, 3), (9, 4), (9, 11), (20, 300), (4, 6, 8))
    return lambda torch: [
        y for shape in shapes for y in _value_and_gradient(torch, lambda x: f(torch, x), _long(torch, *shape))
    ]


def _long_optimizer(torch: Any, text: str) -> list[Any]:
    p = [_long(torch, *shape, seed=3).requires_grad_() for shape in ((3,), (5, 7), (60, 700))]
    optimizer = eval(text, {"p": p, "SGD": torch.optim.SGD, "ASGD": torch.optim.ASGD, "Adamax": torch.optim.Adamax})
    for i in range(5):
        for x in p:
            x.grad = _long(torch, *x.shape, seed=i) * 10
        optimizer.step()
    return p


CASES |= {
    "float64 addcmul": lambda torch: [
        torch.addcmul(*(_long(torch, n, seed=i) for i in range(3)), value=v) for n in SIZES for v in (1, 0.3)
    ],
    "float64 lerp": lambda torch: [
        torch.lerp(_long(torch, n), _long(torch, n, seed=1), w) for n in SIZES for w in (0.3, 0.7)
    ],
    "float64 add": lambda torch: [torch.add(_long(torch, n), _long(torch, n, seed=1), alpha=0.3) for n in SIZES],
    "float64 sigmoid": _long_curve(lambda torch, x: torch.sigmoid(x)),
    "float64 silu": _long_curve(lambda torch, x: torch.nn.functional.silu(x)),
    "float64 softplus": _long_curve(lambda torch, x: torch.nn.functional.softplus(x)),
    "float64 logsigmoid": _long_curve(lambda torch, x: torch.nn.functional.logsigmoid(x)),
    "float64 log1p": _long_curve(lambda torch, x: torch.log1p(x.abs())),
    "float64 softmax": _long_rows(lambda torch, x: torch.softmax(x, -1)),
    "float64 log_softmax": _long_rows(lambda torch, x: torch.log_softmax(x, -1)),
    "float64 softmax along rows": _long_rows(lambda torch, x: torch.softmax(x, 0)),
    **{
        f"float64 {n}": (lambda torch, text=text: _long_optimizer(torch, text))
        for n, text in OPTIMIZERS.items()
        if n.startswith(("SGD", "ASGD", "Adamax"))
    },
}


def _lstm(torch: Any) -> list[Any]:
    """Outputs and all gradients, with what tiles leave over and without, for one sequence, for a large layer; then inference."""
    out = []
    for features, size, batch, steps in (
        (5, 8, 4, 3),
        (16, 16, 4, 10),
        (33, 47, 7, 9),
        (30, 100, 1, 6),
        (40, 504, 3, 2),
        (3, 10, 130, 3),
    ):
        torch.manual_seed(size)
        layer = torch.nn.LSTM(features, size, 2, bidirectional=batch == 7)
        x = _normal(torch, steps, batch, features).requires_grad_()
        y, _ = layer(x)
        out += [y, *torch.autograd.grad(y, (x, *layer.parameters()), _normal(torch, *y.shape, seed=5))]
        with torch.no_grad():
            out.append(layer(x)[0])
    return out


#: Those that compiled code alone follows, not NumPy.
COMPILED: dict[str, Any] = {"LSTM": _lstm}


def arrays(torch: Any, name: str) -> list[Any]:
    return [t.detach().contiguous().numpy() for t in (CASES | COMPILED)[name](torch)]


def checksum(torch: Any, name: str) -> int:
    sums = 0
    for a in arrays(torch, name):
        sums = zlib.crc32((a + 0.0).tobytes(), sums)  # a zero's sign is no digit
    return sums
