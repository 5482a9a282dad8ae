"""Derivatives that the documentation tells are true: the text on an edge, computed as it stands, is what backward gives."""

import re

import numpy as np
import pytest

import rushlight as torch
import rushlight.nn.functional as F
from rushlight import samples
from rushlight.explain.formulas import documented_gradient
from rushlight.readers import REGISTRY


def over(*dim):
    """Sums and means over these dimensions."""
    return {"sum": lambda t: t.sum(dim, keepdim=True), "mean": lambda t: t.mean(dim, keepdim=True)}


def moments(input, *dim):
    """The same, and the reciprocal of the standard deviation over them."""
    return {**over(*dim), "rstd": (input.var(dim, keepdim=True, correction=0) + 1e-5).rsqrt()}


def double(*shape):
    return torch.randn(*shape, dtype=torch.float64, requires_grad=True)


def convolution():
    input, weight, bias = double(2, 3, 6, 6), double(4, 3, 3, 3), double(4)
    return F.conv2d(input, weight, bias), {"input": input}, {"weight": weight, "conv_transpose": F.conv_transpose2d}


def batch_norm():
    input, weight, bias = double(4, 3, 2, 2), double(3), double(3)
    out = F.batch_norm(input, None, None, weight, bias, training=True)
    env = {**moments(input, 0, 2, 3), "weight": weight[:, None, None]}
    return out, {"input": input, "weight": weight, "bias": bias}, env


def layer_norm():
    input, weight, bias = double(4, 6), double(6), double(6)
    return F.layer_norm(input, (6,), weight, bias), {"input": input}, {**moments(input, -1), "weight": weight}


def group_norm():
    input, weight, bias = double(4, 2, 3), double(2), double(2)
    env = {**moments(input, -1), "weight": weight[:, None]}
    return F.group_norm(input, 2, weight, bias), {"input": input}, env


def attention():
    query, key, value = double(1, 1, 5, 4), double(1, 1, 5, 4), double(1, 1, 5, 4)
    env = {"query": query[0, 0], "key": key[0, 0], "value": value[0, 0], "scale": 0.5, "mask": 0.0, **over(-1)}
    env["softmax"] = lambda t: t.softmax(-1)
    return F.scaled_dot_product_attention(query, key, value), {"query": query, "key": key, "value": value}, env


def loss(function, **attributes):
    def case():
        input, target = double(5, 3), double(5, 3)
        env = {"clamp": torch.clamp, **attributes}
        return function(input, target, reduction="sum", **attributes), {"input": input, "target": target}, env

    return case


def of_one(function, **env):
    def case():
        x = double(3, 3)
        env_of_all = {"out": function(x), "sgn": torch.sgn, **env}
        return function(x), {"A" if function is torch.linalg.det else "input": x}, env_of_all

    return case


def of_svd(which):
    def case():
        A = double(4, 4)
        parts = dict(zip(("U", "S", "Vh"), torch.linalg.svd(A), strict=True))
        return parts[which], {"A": A}, {**parts, "eye": torch.eye(4), "diag": torch.diag}

    return case


def of_eigh(which):
    def case():
        A = double(4, 4)
        A = (A + A.T).detach().requires_grad_()
        parts = dict(zip(("L", "V"), torch.linalg.eigh(A), strict=True))
        return parts[which], {"A": A}, {**parts, "eye": torch.eye(4), "diag": torch.diag}

    return case


def parts_of(function, names, which, rows=4, columns=4, **env):
    """One of the results of a factorization of a matrix, whose others the text speaks of too."""

    def case():
        A = double(rows, columns)
        parts = dict(zip(names, function(A), strict=True))
        helpers = {
            "inv": torch.linalg.inv,
            "tril": torch.tril,
            "triu": torch.triu,
            "eye": torch.eye(rows),
            "diag": torch.diag,
        }
        return parts[which], {"A": A}, {**helpers, **parts, **env}

    return case


def of_two(function, *names, **attributes):
    def case():
        a, b = double(3, 3), double(3, 3)
        inputs = dict(zip(names, (a, b), strict=True))
        out = function(a, b, **attributes)
        return out, inputs, {**attributes, "out": out, "sgn": torch.sgn}

    return case


class Identity:
    """An identity matrix as large as what is subtracted from it."""

    def __sub__(self, other):
        return torch.eye(len(other)) - other


def of_wide(function):
    def case():
        A, B = double(4, 3), torch.randn(4, 2, dtype=torch.float64)
        out = function(A, B)
        return out, {"A": A}, {"pinv": torch.linalg.pinv, "B": B, "out": out, "eye": Identity()}

    return case


def long_slices():
    x = (1e4 * torch.randn(3, 4, dtype=torch.float64)).requires_grad_()  # beside which 1e-7 is nothing
    env = {"maxnorm": 0.5, "norm": x.norm(dim=1, keepdim=True), "p": 2, "sgn": torch.sgn, **over(1)}
    return x.renorm(2, 0, 0.5), {"input": x}, env


def solved_by_factor(upper):
    def case():
        B, L = double(3, 2), (torch.randn(3, 3, dtype=torch.float64).tril() + 3 * torch.eye(3)).requires_grad_()
        L = L.mT.detach().clone().requires_grad_() if upper else L
        out = torch.cholesky_solve(B, L, upper)
        solve = lambda b, a, u=upper: torch.cholesky_solve(b, a, u)  # noqa: E731
        return out, {"B": B, "L": L}, {"cholesky_solve": solve, "out": out}

    return case


def recurrent(mode):
    """One step of a recurrent layer, so that what arrives at its state is ``g``."""

    def case():
        size = 3
        gates, hidden = double(1, 2, size * (3 if mode == "gru" else 1)), double(2, size)
        w_hh, b_hh = double(gates.shape[2], size), double(gates.shape[2])
        out, _ = REGISTRY["gated_layer"].public(gates, hidden, w_hh, b_hh, mode=mode, reverse=False)
        env = {"cat": lambda parts: torch.cat(parts, -1), "h": hidden, "next_h": out[0]}
        if mode == "gru":
            of_hidden = hidden @ w_hh.T + b_hh
            r, z = ((gates[0] + of_hidden)[:, i * size : (i + 1) * size].sigmoid() for i in range(2))
            h_n = of_hidden[:, 2 * size :]
            env |= {"r": r, "z": z, "h_n": h_n, "n": (gates[0, :, 2 * size :] + h_n * r).tanh()}
        return out, {"gates": gates, "hidden": hidden, "w_hh": w_hh, "b_hh": b_hh}, env

    return case


CASES = {
    **{f"svd {which}": of_svd(which) for which in ("U", "S", "Vh")},
    **{f"eigh {which}": of_eigh(which) for which in ("L", "V")},
    **{f"qr {which}": parts_of(torch.linalg.qr, ("Q", "R"), which, 5, 3) for which in ("Q", "R")},
    **{f"lu {which}": parts_of(torch.linalg.lu, ("P", "L", "U"), which) for which in ("L", "U")},
    **{f"cholesky_solve {upper}": solved_by_factor(upper) for upper in (False, True)},
    "pinv": of_wide(lambda A, B: torch.linalg.pinv(A)),
    "lstsq": of_wide(lambda A, B: torch.linalg.lstsq(A, B).solution),
    "dist": of_two(torch.dist, "input", "other", p=3),
    "atan2": of_two(torch.atan2, "input", "other"),
    "renorm": long_slices,
    "convolution": convolution,
    "batch_norm": batch_norm,
    "layer_norm": layer_norm,
    "group_norm": group_norm,
    "attention": attention,
    "mse_loss": loss(F.mse_loss),
    "smooth_l1_loss": loss(F.smooth_l1_loss, beta=0.5),
    "huber_loss": loss(F.huber_loss, delta=0.5),
    "std": of_one(torch.std, n=9, correction=1, mean=torch.mean),
    "prod": of_one(torch.prod),
    "norm 2": of_one(torch.linalg.vector_norm),
    "norm 3": of_one(lambda x: torch.linalg.vector_norm(x, 3), ord=3),
    "gelu": of_one(F.gelu, erf=torch.erf, exp=torch.exp, sqrt=np.sqrt, pi=np.pi),
    "gelu tanh": of_one(lambda x: F.gelu(x, approximate="tanh"), tanh=torch.tanh, sqrt=np.sqrt, pi=np.pi),
    "sinc": of_one(torch.sinc, cos=torch.cos, sinc=torch.sinc, pi=np.pi),
    "det": of_one(torch.linalg.det, det=torch.linalg.det, inv=torch.linalg.inv),
}


def compute(text, env):
    """``expression, name = expression, ...`` and words that say how it is meant."""
    expression, *rest = re.split(r", (?=\w+ = )", text)
    env = dict(env)
    for definition in reversed(rest):
        name, _, value = re.split(r", (?=[a-z]{2,} [a-z])|; ", definition)[0].partition(" = ")
        env[name] = eval(value, env)
    return eval(re.split(r", by |, of |; | by channel", expression)[0], env)


@pytest.mark.parametrize("name", CASES)
def test_what_the_documentation_says_is_the_gradient(name):
    torch.manual_seed(0)
    out, inputs, env = CASES[name]()
    g = torch.randn_like(out)
    e = torch.explain(out)
    told = 0
    for which, x in inputs.items():
        edge = next(edge for edge in e.root.inputs if edge.input == which)
        known = {**e.root.known, "from": e.root.record.outputs[edge.output]}
        assert edge.formula == documented_gradient(e.root.record.doc, which, known) != ""
        plain = g[0, 0] if name == "attention" else g
        found = compute(edge.formula, {**inputs, **env, "g": plain})
        if e.root.record.family == "elementwise":  # which tells a factor
            found = found * g
        wanted = torch.autograd.grad(out, x, g, retain_graph=True)[0]
        assert torch.allclose(found.reshape(wanted.shape), wanted, rtol=1e-9, atol=1e-12), (which, edge.formula)
        told += 1
    assert told == len(inputs)


def compute_step(text, env, g):
    """The words of a recurrent layer's documentation, computed for one step, in which ``d`` is ``g``."""
    text = text.removeprefix("at each time ").replace("sum over time of ", "").replace(" of the first time", "")
    text = text.replace("h' ", "next_h ").replace("sum over time and batch of s", "s.sum(0)")
    if ", s the gradient of gates" in text:
        text = text.replace(", s the gradient of gates", ", s = d * (1 - next_h ** 2)")
    return compute(text, {**env, "d": g[0]})


@pytest.mark.parametrize("mode", ["gru", "tanh"])
def test_what_recurrent_layers_say_is_the_gradient(mode):
    torch.manual_seed(0)
    out, inputs, env = recurrent(mode)()
    g = torch.randn_like(out)
    e = torch.explain(out)
    for which, x in inputs.items():
        edge = next(edge for edge in e.root.inputs if edge.input == which)
        found = compute_step(edge.formula, {**inputs, **env}, g)
        wanted = torch.autograd.grad(out, x, g, retain_graph=True)[0]
        assert torch.allclose(found.reshape(wanted.shape), wanted, rtol=1e-9, atol=1e-12), (which, edge.formula)


def test_parts_and_writes_have_names_and_formulas():
    x = torch.randn(4, requires_grad=True)
    edge = torch.explain(x.split(2)[1]).edges[0]
    assert (edge.input, edge.formula) == ("input", "g where this part lies, 0 elsewhere")
    y = x * 1
    y[1:3] = x[:2]
    old, new = torch.explain(y).root.inputs
    assert (old.input, new.input) == ("base", "value") and old.formula.startswith("g where nothing was written")
    assert new.formula.startswith("g where it was written")


WORDS = {"conv", "conv_transpose"}  # a convolution of any number of dimensions


def edges_of_samples():
    """(target, edge) of every operation that the samples of public names make."""
    for name, target in samples.targets().items():
        for sample in target.made(torch) if target.samples is not None else ():
            args, given = list(sample.args), list(samples.tensors_in((sample.args, sample.kwargs), torch.Tensor))
            if not all(x.numel() for x in given):
                continue
            for x in given:
                x.requires_grad_(x.is_floating_point())
            if name.endswith("_"):
                args[0] = args[0].clone() if isinstance(args[0], torch.Tensor) else [x.clone() for x in args[0]]
            try:
                result = target.find(torch)(*args, **sample.kwargs)
            except Exception:  # noqa: BLE001, S112  (what is refused has tests of its own)
                continue
            for out in samples.tensors_in(result, torch.Tensor):
                if out.grad_fn is not None:
                    yield from ((name, edge) for edge in torch.explain(out).edges)


@pytest.mark.filterwarnings("ignore")
def test_no_formula_is_raw_code():
    torch.manual_seed(0)
    seen = set()
    for name, edge in edges_of_samples():
        what, text = edge.source.record and edge.source.record.name, edge.formula
        if what is None or (what, text) in seen or 0 in edge.target.shape:
            continue
        seen.add((what, text))
        assert text or edge.problem, (
            f"{name}: nothing is told of {what} by {edge.input}"
        )  # problem: there is no derivative
        called = set(re.findall(r"([A-Za-z_]\w*)\(", text)) - WORDS
        spaces = (torch, F, torch.Tensor, torch.linalg, torch.special)
        raw = {f for f in called if not any(hasattr(space, f) for space in spaces)}
        assert not raw and len(text) < 200, f"{name}: {what} by {edge.input}: {text}"
    assert len(seen) > 500


def test_gradients_are_told_of_inputs_and_conditions_that_exist():
    told = 0
    for op in REGISTRY.values():
        for name, about, value in re.findall(r"Gradient of ``(\w+)``(?: \((\w+) ([^)]+)\))?:", op.doc or ""):
            known = {about: value} if about else {}
            assert name in op.inputs and documented_gradient(op.doc, name, known), (op.name, name)
            assert not about or (value in op.outputs if about == "from" else about in op.attrs), (op.name, about, value)
            told += 1
    assert told > 40


def test_places_read_as_words():
    x = double(4, 3)
    rows = torch.tensor([2, 0])
    for out, wanted in {
        "slice": (x[1:3], "g where the slice lies, 0 elsewhere"),
        "select": (x[1], "g at this index, 0 elsewhere"),
        "index_select": (x.index_select(0, rows), "the slices of g added at these indices, 0 elsewhere"),
        "gather": (
            x.gather(0, torch.zeros(1, 3, dtype=torch.int64)),
            "each g added at the place that it was read from, 0 elsewhere",
        ),
        "floor": (x.floor(), "0"),
        "matmul": (
            torch.linalg.inv(x[:3]),
            "-inverse.T @ g @ inverse.T",
        ),
        "division by zero": (x / 0.0, "1 / other"),
    }.values():
        assert torch.explain(out).root.inputs[0].formula == wanted


def test_solutions_and_factors():
    torch.manual_seed(0)
    A, B = double(3, 3), double(3, 2)
    S = (A @ A.T + torch.eye(3)).detach().requires_grad_()
    X, L = torch.linalg.solve(A, B), torch.linalg.cholesky(S)
    env = {
        "solve": torch.linalg.solve,
        "X": X,
        "L": L,
        "inv": torch.linalg.inv,
        "tril": torch.tril,
        "eye": torch.eye(3),
    }
    for out, inputs in ((X, {"A": A, "B": B}), (L, {"A": S})):
        g = torch.randn_like(out)
        for edge in torch.explain(out).root.inputs:
            wanted = torch.autograd.grad(out, inputs[edge.input], g, retain_graph=True)[0]
            assert torch.allclose(compute(edge.formula, {**env, **inputs, "g": g}), wanted, rtol=1e-9, atol=1e-12), (
                edge.formula
            )
