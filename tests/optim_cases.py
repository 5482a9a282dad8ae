"""Optimizers and schedulers whose course is compared with PyTorch's: by goldens in tests/, directly in parity/."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

OPTIMIZERS = [
    "SGD(p, lr=0.1)", "SGD(p, lr=0.1, momentum=0.9, dampening=0.1, weight_decay=0.1)",
    "SGD(p, lr=0.1, momentum=0.9, nesterov=True, maximize=True)", "Adam(p)", "Adam(p, amsgrad=True, weight_decay=0.1)",
    "Adam(p, lr=torch.tensor(0.01))", "AdamW(p, fused=True)", "AdamW(p, foreach=True, amsgrad=True)", "RMSprop(p)",
    "RMSprop(p, centered=True, momentum=0.9, weight_decay=0.1)", "Adagrad(p, lr_decay=0.1, initial_accumulator_value=0.5)",
    "Adadelta(p, weight_decay=0.1)", "Adamax(p)", "NAdam(p, decoupled_weight_decay=True, weight_decay=0.1)", "RAdam(p)",
    "ASGD(p, t0=2, lambd=0.1)", "Rprop(p)", "Adafactor(p)", "Adafactor(p, weight_decay=0.1, d=2.0, eps=(1e-4, 1e-2))",
    "LBFGS(p, lr=0.3, max_iter=4)", "LBFGS(p, line_search_fn='strong_wolfe', history_size=3, max_iter=6)",
]  # fmt: skip

SCHEDULERS = [
    "LambdaLR(o, lambda e: 0.9**e)", "MultiplicativeLR(o, lambda e: 0.9)", "StepLR(o, 3, 0.5)", "MultiStepLR(o, [2, 2, 5])",
    "ConstantLR(o, 0.5, 3)", "LinearLR(o, 0.1, 0.8, 4)", "ExponentialLR(o, 0.7)", "CosineAnnealingLR(o, 4, 0.01)",
    "PolynomialLR(o, 5, 2.0)", "CosineAnnealingWarmRestarts(o, 2, 2, 0.1)", "CyclicLR(o, 0.1, 1.0, 3, 2)",
    "CyclicLR(o, 0.1, 1.0, 2, mode='triangular2', cycle_momentum=False)", "CyclicLR(o, 0.1, 1.0, 2, mode='exp_range', gamma=0.9)",
    "OneCycleLR(o, 1.0, 12)", "OneCycleLR(o, [1.0, 2.0], 12, three_phase=True, anneal_strategy='linear')",
    "SequentialLR(o, [s.ConstantLR(o, 0.5), s.ExponentialLR(o, 0.5), s.StepLR(o, 2)], [3, 6])",
    "ChainedScheduler([s.ConstantLR(o, 0.5, 4), s.ExponentialLR(o, 0.9)], o)",
]  # fmt: skip

#: Calls that fail, with the type and PyTorch's words. ``p`` is a parameter with a gradient, ``o`` an SGD on it.
BAD = {
    "optim.SGD(p, lr=0.1)": (TypeError, "params argument given to the optimizer should be an iterable of Tensors or dicts"),
    "optim.SGD([], lr=0.1)": (ValueError, "optimizer got an empty parameter list"),
    "optim.SGD([1], lr=0.1)": (TypeError, "optimizer can only optimize Tensors, but one of the params is int"),
    "optim.SGD([p * 2], lr=0.1)": (ValueError, "can't optimize a non-leaf Tensor"),
    "optim.SGD([{'params': [p]}, {'params': [p]}])": (ValueError, "some parameters appear in more than one parameter group"),
    "optim.SGD([('a', p), q])": (ValueError, "all optimizer params should be with/without names"),
    "optim.SGD([{'params': [p]}, {'params': [('a', q)]}])": (ValueError, "cannot add param group with names"),
    "optim.SGD([p], lr=-1)": (ValueError, "Invalid learning rate: -1"),
    "optim.SGD([p], nesterov=True)": (ValueError, "Nesterov momentum requires a momentum and zero dampening"),
    "optim.Adam([p], betas=(1.0, 0.9))": (ValueError, "Invalid beta parameter at index 0: 1.0"),
    "optim.Adam([p], lr=torch.tensor(0.1), foreach=True)": (ValueError, "lr as a Tensor is not supported"),
    "optim.Adam([p], fused=True, foreach=True)": (RuntimeError, "`fused` and `foreach` cannot be `True` together."),
    "optim.Adam([p], capturable=True).step()": (AssertionError, "If capturable=True, params and state_steps must be on"),
    "optim.Adam([p], differentiable=True).step()": (RuntimeError, "a leaf Variable that requires grad"),
    "optim.Rprop([p], etas=(1.0, 0.5))": (ValueError, "Invalid eta values: 1.0, 0.5"),
    "optim.Adafactor([p], d=0)": (ValueError, "Clipping threshold d should be >= 1 but is: 0"),
    "optim.Muon([p])": (ValueError, "Muon only supports 2D parameters"),
    "optim.LBFGS([p]).step()": (TypeError, "missing 1 required positional argument: 'closure'"),
    "optim.LBFGS([{'params': [p]}, {'params': [q]}])": (ValueError, "LBFGS doesn't support per-parameter options"),
    "optim.Optimizer([p], {}).step()": (NotImplementedError, ""),
    "o.add_param_group([q])": (TypeError, "param_group must be a dict"),
    "o.add_param_group({'params': {q}})": (TypeError, "need to be organized in ordered collections"),
    "o.load_state_dict({'state': {}, 'param_groups': []})": (ValueError, "different number of parameter groups"),
    "s.StepLR(3, 1)": (TypeError, "int is not an Optimizer"),
    "s.StepLR(o, 1, last_epoch=3)": (KeyError, "param 'initial_lr' is not specified in param_groups[0]"),
    "s.LambdaLR(o, [abs, abs])": (ValueError, "Expected 1 lr_lambdas, but got 2"),
    "s.ReduceLROnPlateau(o, factor=2.0)": (ValueError, "Factor should be < 1.0."),
    "s.OneCycleLR(o, 1.0)": (ValueError, "You must define either total_steps OR (epochs AND steps_per_epoch)"),
    "s.CyclicLR(optim.Adagrad([p]), 0.1, 1.0)": (ValueError, "optimizer must support momentum or beta1"),
    "s.CosineAnnealingWarmRestarts(o, -1)": (ValueError, "Expected positive integer T_0, but got -1"),
    "s.SequentialLR(o, [s.StepLR(o, 1)], [1])": (ValueError, "Sequential Schedulers expects number of schedulers provided"),
    "s.ChainedScheduler([])": (ValueError, "expects at least one scheduler"),
    "optim.swa_utils.SWALR(o, 0.1, anneal_strategy='x')": (ValueError, "anneal_strategy must be one of 'cos' or 'linear'"),
}  # fmt: skip


def parameters(torch: Any, dtype: str = "float32", seed: int = 0, shapes: Any = ((3, 4), (5,), (64, 40))) -> list[Any]:
    """Small parameters and one that is changed alone."""
    rng = np.random.default_rng(seed)
    return [torch.nn.Parameter(torch.from_numpy(rng.standard_normal(s).astype(dtype))) for s in shapes]


def run(torch: Any, case: str, steps: int = 8, dtype: str = "float32", shapes: Any = ((3, 4), (5,), (64, 40))) -> Any:
    """The optimizer and its parameters after some steps on gradients that do not come from autograd."""
    p = parameters(torch, dtype, shapes=shapes)
    optimizer = eval(f"torch.optim.{case}", {"torch": torch, "p": p})
    rng = np.random.default_rng(1)
    noise = [[rng.standard_normal(tuple(x.shape)).astype(dtype) for x in p] for _ in range(steps)]
    for at in range(steps):

        def closure(at: int = at) -> Any:
            total = 0.0
            for x, n in zip(p, noise[at], strict=True):
                a = x.detach().numpy()
                curve = np.linspace(0.5, 2.0, a.size, dtype=dtype).reshape(a.shape)
                x.grad = torch.from_numpy(curve * a + n)
                total += float(np.sum(0.5 * curve * a * a + n * a))
            return torch.tensor(total)

        closure()
        optimizer.step(closure) if "LBFGS" in case else optimizer.step()
    return optimizer, p


def course(torch: Any, case: str) -> list[Any]:
    """Digest of parameters and tensors of the state after 8 steps: sums, first elements and names."""
    optimizer, p = run(torch, case, dtype="float64")
    out: list[Any] = [[float(x.sum()), float(x.reshape(-1)[0])] for x in (y.detach() for y in p)]
    for key, value in optimizer.state_dict()["state"].items():
        out += [[key, name, float(v.sum()) if hasattr(v, "sum") else 0.0] for name, v in value.items()]
    return [*out, repr(optimizer)]


def plain(x: Any) -> Any:
    """State as JSON would have it."""
    if isinstance(x, dict):
        return {str(k): plain(v) for k, v in x.items()}
    if isinstance(x, (list, tuple)):
        return [plain(v) for v in x]
    return str(x) if isinstance(x, float) and not math.isfinite(x) else x


def schedule(torch: Any, case: str, steps: int = 11) -> list[Any]:
    """Rates and momenta of two groups at each step, and the scheduler's state at the end."""
    a, b = parameters(torch, shapes=((2,), (3,)))
    o = torch.optim.SGD([{"params": [a]}, {"params": [b], "lr": 0.5}], lr=1.0, momentum=0.9)
    scheduler = eval(f"s.{case}", {"s": torch.optim.lr_scheduler, "o": o})
    rows = []
    for _ in range(steps):
        rows.append([[g["lr"], g["momentum"]] for g in o.param_groups])
        o.step()
        scheduler.step()
    return [rows, plain(scheduler.state_dict()), plain(scheduler.get_last_lr())]


def attempt(torch: Any, case: str) -> Any:
    """Run a call of BAD."""
    p, q = parameters(torch, shapes=((2,), (3,)))
    p.grad = torch.ones(2)
    optim = torch.optim
    names = {"torch": torch, "optim": optim, "s": optim.lr_scheduler, "p": p, "q": q, "o": optim.SGD([p], lr=0.1)}
    return eval(case, names)
