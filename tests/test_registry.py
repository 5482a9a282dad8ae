"""Every op and public function, by the properties that its record promises. A new op adds no line here.

The answers are torch 2.13's, recorded by ``parity/record_ops.py`` for the samples of each record (see ``rushlight.samples``).
"""

import base64
import doctest
import json
import warnings
from contextlib import nullcontext
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import rushlight as torch
from rushlight import recorder, routes, samples
from rushlight.autograd import gradcheck, gradgradcheck
from rushlight.readers import REGISTRY, arrays
from rushlight.tensor import Tensor

TARGETS = samples.targets()  # loads every family
OPS = sorted(REGISTRY)
ANSWERS = Path(__file__).parent / "data" / "ops"
# torch.testing.assert_close's float32, and what is left of float64 after a few roundings
TOLERANCE = {"float32": (1.3e-6, 1e-5), "float64": (1e-9, 1e-10), "complex64": (1.3e-6, 1e-5), "complex128": (1e-9, 1e-10),
             "float16": (1e-3, 1e-5), "bfloat16": (1.6e-2, 1e-5)}  # fmt: skip


@cache
def recorded():
    rows = {}
    for path in ANSWERS.glob("*.jsonl"):
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            rows[row["name"], row["sample"]] = row
    return rows


def unpacked(row):
    kind = "float32" if row["dtype"] == "bfloat16" else row["dtype"]
    return np.frombuffer(base64.b64decode(row["data"]), kind).reshape(row["shape"])


def agree(mine, row, where, compared=True, scale=1.0):
    """One tensor against the recorded one."""
    if row is None or mine is None:
        # where torch says "no gradient" a zero is as good, and the other way round
        other = unpacked(row) if mine is None and row is not None else mine._a if mine is not None else np.zeros(1)
        assert not np.any(other), f"{where}: one side has no gradient, the other is not zero"
        return
    assert str(mine.dtype) == "torch." + row["dtype"], f"{where}: dtype {mine.dtype}, torch gives {row['dtype']}"
    assert list(mine.shape) == row["shape"], f"{where}: shape {list(mine.shape)}, torch gives {row['shape']}"
    if not compared:
        return
    mine = (mine.float() if mine.dtype is torch.bfloat16 else mine).detach().numpy()
    want = unpacked(row)
    if row["dtype"] in TOLERANCE:
        rtol, atol = TOLERANCE[row["dtype"]]
        np.testing.assert_allclose(mine, want, rtol * scale, atol * scale, err_msg=where)
    else:
        np.testing.assert_array_equal(mine, want, err_msg=where)


@pytest.fixture(autouse=True)
def quiet_deprecations():
    # a sample may call what warns; the warnings themselves have tests elsewhere
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def calls(name, dtype="float64"):
    """(number, sample, torch's answer) for each sample of a target."""
    for i, sample in enumerate(TARGETS[name].made(torch, dtype)):
        row = recorded().get((name, i))
        assert row is not None, (
            f"{name}[{i}] has no recorded answer: run python parity/record_ops.py {TARGETS[name].module}"
        )
        yield i, sample, row


# --- the record ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", OPS)
def test_the_record_is_complete(name):
    op = REGISTRY[name]
    assert op.doc, f"{name} has no documentation"
    silent = [n for n in op.inputs if n not in op.answers]
    assert not silent, f"{name} does not say whether a gradient flows to {silent}"


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_samples_cover_what_they_should(name):
    target = TARGETS[name]
    assert target.samples is not None, f"{name} has no samples"
    assert target.errors is not None, f"{name} has no error samples"
    made = target.made(torch)
    assert made, f"{name} makes no sample"
    tensors = [list(samples.tensors_in((s.args, s.kwargs), Tensor)) for s in made]
    if not any(tensors):
        return
    flat = [t for ts in tensors for t in ts]
    seen = {
        "0-d": any(t.ndim == 0 for t in flat),
        "empty": any(t.numel() == 0 for t in flat),
        "strided": any(not t.is_contiguous() for t in flat),
        "broadcast": target.op is None
        or target.op.family != "elementwise"
        or len(target.op.inputs) < 2
        or any(len({tuple(t.shape) for t in ts}) > 1 for ts in tensors),
    }
    excused = target.excused(torch)
    for feature, there in seen.items():
        assert there or feature in excused, (
            f"{name}: no sample with {feature}; add one, or say why: m.without({feature!r}, ...)"
        )
        assert not (there and feature in excused), f"{name}: {feature} is excused, but there is a sample"


# --- values and gradients -------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", sorted(TARGETS))
def test_answers_are_those_of_torch(name):
    target = TARGETS[name]
    for i, sample, row in calls(name):
        where = f"{name}[{i}]"
        if "raises" in row:
            with pytest.raises(Exception) as caught:  # noqa: B017  (which type it must be stands in the next line)
                samples.answer(torch, target, sample)
            mro = [c.__name__ for c in type(caught.value).__mro__]
            assert row["raises"] in mro[:2], f"{where}: {mro[0]}, torch raises {row['raises']}: {row['says']}"
            continue
        given = samples.answer(torch, target, sample)
        assert len(given.outs) == len(row["outs"]), (
            f"{where}: {len(given.outs)} results, torch gives {len(row['outs'])}"
        )
        for j, (mine, want) in enumerate(zip(given.outs, row["outs"], strict=True)):
            agree(mine, want, f"{where} result {j}", sample.compared)
            if target.op is not None and target.op.view and mine.numel():
                contiguous = tuple(np.empty(mine.shape, np.int8).strides)
                assert list(mine.stride()) == want.get("stride", list(contiguous)), f"{where}: strides"
        assert not sample.named or given.nodes == row["nodes"], (
            f"{where}: nodes {given.nodes}, torch's are {row['nodes']}"
        )
        for what in ("grads", "grads2"):
            mine, want = getattr(given, what), row.get(what, [])
            if mine or want:
                mine, want = (x or [None] * max(len(mine), len(want)) for x in (mine, want))
                for j, (a, b) in enumerate(zip(mine, want, strict=True)):
                    agree(a, b, f"{where} {what} {j}", scale=10)
        plain = target.made(torch, "float32")[i]
        plain.gradients = min(plain.gradients, 1)
        single = samples.answer(torch, target, plain)
        for j, (mine, want) in enumerate(zip(single.outs, row["float32"], strict=True)):
            agree(mine, want, f"{where} float32 result {j}", sample.compared)
        leaves = [t for t in samples.tensors_in((plain.args, plain.kwargs), Tensor) if t.requires_grad]
        for g, x in zip(single.grads, leaves, strict=False):
            assert g is None or g.dtype is x.dtype, f"{where}: a gradient of {x.dtype} is {g.dtype}"


WRITING = {"nn.functional.batch_norm", "nn.functional.embedding"}  # running statistics; rows beyond max_norm


@pytest.mark.parametrize("name", sorted(n for n in TARGETS if not n.endswith("_") and n not in WRITING))
def test_arguments_are_left_as_they_were(name):
    target = TARGETS[name]
    for i, (sample, untouched) in enumerate(zip(target.made(torch), target.made(torch), strict=True)):
        if "raises" in recorded()[name, i]:
            continue
        sample.gradients = 0
        samples.answer(torch, target, sample)
        pairs = zip(*(samples.tensors_in((s.args, s.kwargs), Tensor) for s in (sample, untouched)), strict=True)
        for x, was in pairs:
            np.testing.assert_array_equal(x._a, was._a, err_msg=f"{name}[{i}]")


def differentiable(name):
    """Samples whose results depend on their floating inputs, as a function of these."""
    target = TARGETS[name]
    for i, sample, row in calls(name):
        if (
            sample.gradients == 0
            or not sample.numeric
            or "raises" in row
            or not any(row["nodes"])
            or not row.get("grads")
        ):
            continue
        leaves = [x for x in samples.tensors_in((sample.args, sample.kwargs), Tensor) if x.is_floating_point()]
        leaves = [x for j, x in enumerate(leaves) if not any(x is y for y in leaves[:j])]
        if not any(x.numel() for x in leaves):
            continue

        def run(*values, sample=sample, leaves=leaves):
            def put(x):
                if isinstance(x, Tensor):
                    return next((v for v, y in zip(values, leaves, strict=True) if x is y), x)
                if isinstance(x, (tuple, list)):
                    return type(x)(put(item) for item in x)
                return x

            args = [put(x) for x in sample.args]
            if name.endswith("_"):
                args[0] = args[0].clone()
            torch.manual_seed(0)
            result = TARGETS[name].find(torch)(*args, **{n: put(x) for n, x in sample.kwargs.items()})
            # a difference needs float64; gradients of conversions to less are compared with torch's
            return tuple(o for o in samples.tensors_in(result, Tensor) if o.dtype is torch.float64 and o.requires_grad)

        if not run(*[x.detach().clone().requires_grad_() for x in leaves]):
            continue
        yield f"{target.name}[{i}]", run, [x.detach().clone().requires_grad_() for x in leaves], sample.gradients, row


WHOLE = 12  # inputs of at most so many numbers have every derivative compared, larger ones that along two directions


def along_a_direction(run, leaves, seed, step=1e-6):
    """The derivative of a weighted sum of the results along one direction, by backward and by a difference."""
    rng = np.random.default_rng(seed)
    outs = run(*leaves)
    ws = [torch.from_numpy(rng.uniform(0.5, 1.5, tuple(o.shape))).reshape(o.shape).to(o.dtype) for o in outs]
    vs = [torch.from_numpy(rng.uniform(-1, 1, tuple(x.shape))).reshape(x.shape).to(x.dtype) for x in leaves]
    grads = torch.autograd.grad(outs, leaves, ws, allow_unused=True)
    backward = sum(float((g * v).sum()) for g, v in zip(grads, vs, strict=True) if g is not None)

    def at(h):
        moved = [(x.detach() + h * v).requires_grad_() for x, v in zip(leaves, vs, strict=True)]
        return sum(float((o.detach() * w).sum()) for o, w in zip(run(*moved), ws, strict=True))

    difference = (at(step) - at(-step)) / (2 * step)
    assert abs(backward - difference) <= 1e-5 + 1e-4 * abs(difference), (
        f"{backward} by backward, {difference} by difference"
    )


def gradients_of(run):
    """The gradients as a function of the inputs, to be differentiated again."""

    def first(*leaves):
        outs = run(*leaves)
        grads = torch.autograd.grad(
            outs, leaves, [torch.ones_like(o) for o in outs], create_graph=True, allow_unused=True
        )
        return tuple(g for g in grads if g is not None and g.requires_grad)

    return first


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_gradients_agree_with_finite_differences(name):
    for where, run, leaves, times, row in differentiable(name):
        twice = times > 1 and bool(row.get("grads2"))
        if sum(x.numel() for x in leaves) <= WHOLE:
            assert gradcheck(run, leaves), where
            if twice:
                assert gradgradcheck(run, leaves), where
            continue
        for seed in (1, 2):
            along_a_direction(run, leaves, seed)
            if twice and gradients_of(run)(*leaves):
                along_a_direction(gradients_of(run), leaves, seed, step=1e-5)


def run_what_the_engine_needs():
    """The records that no call alone reaches: writes to views, gradients of gradients, rules of complex numbers."""
    grad, f64 = torch.autograd.grad, torch.float64
    x = torch.tensor([1.0, 2.0, 3.0, 4.0], dtype=f64, requires_grad=True)
    y = x * x
    part = y[1:3]
    part.mul_(part.detach() + x[:2])
    (first,) = grad((y * y).sum(), x, create_graph=True)
    (second,) = grad(first.sum(), x)
    assert second.tolist() == [364.0, 4058.0, 15444.0, 192.0]
    (x * x * x).sum().backward(create_graph=True)
    assert grad(x.grad.sum(), x)[0].tolist() == [6.0, 12.0, 18.0, 24.0]
    with pytest.raises(NotImplementedError, match="the derivative for '_unique2' is not implemented"):
        torch.unique(x).sum().backward()
    z = torch.tensor([3.0 + 4.0j], requires_grad=True)
    (g,) = grad(torch.view_as_real(z.sgn()).sum(), z, create_graph=True)
    assert abs(grad(torch.view_as_real(g).sum(), z)[0]).item() > 0
    v = torch.ones(2, dtype=f64, requires_grad=True)
    (g,) = grad(x[torch.tensor([3, 0])], x, v, create_graph=True)
    assert grad(g, v, x.detach())[0].tolist() == [4.0, 1.0]
    part = x * 1
    part.eq_(x.detach())  # what a comparison writes over gets no gradient
    assert grad(part.sum(), x, allow_unused=True)[0].tolist() == [0.0, 0.0, 0.0, 0.0]
    v, w = torch.ones(1, dtype=f64, requires_grad=True), torch.arange(4.0, dtype=f64).view(1, 4).requires_grad_()
    (g,) = grad(x.view(1, 4).max(1)[0], x, v, create_graph=True)
    (again,) = grad(g.view(1, 4), v, w, create_graph=True)
    assert grad(again, w)[0].tolist() == [[0.0, 0.0, 0.0, 1.0]]
    shape = torch.tensor([2.0, 3.0], dtype=f64)
    bound = torch.tensor([1.0, 2.0], dtype=f64, requires_grad=True)
    density = shape.sub(1).mul(bound.log()).sub(bound).exp() / torch.tensor(
        [1.0, 2.0], dtype=f64
    )  # x^(a-1) e^-x / Gamma(a)
    for function, sign in ((torch.special.gammainc, 1.0), (torch.special.gammaincc, -1.0)):
        assert torch.allclose(grad(function(shape, bound).sum(), bound)[0], sign * density)
    torch.manual_seed(0)
    assert (grad(torch._standard_gamma(bound).sum(), bound)[0] > 0).all()
    pairs = torch.ones(3, 2, requires_grad=True)
    assert grad(torch.view_as_real(torch.view_as_complex(pairs)).sum(), pairs)[0].tolist() == [[1.0, 1.0]] * 3
    with pytest.raises(RuntimeError, match="heaviside"):
        torch.heaviside(x, x.detach()).sum().backward()
    singular = torch.tensor([[1.0, 2.0], [2.0, 4.0]], dtype=f64, requires_grad=True)
    assert torch.allclose(
        grad(torch.linalg.det(singular), singular)[0], torch.tensor([[4.0, -2.0], [-2.0, 1.0]], dtype=f64)
    )


def test_every_internal_record_and_rule_runs(monkeypatch):
    """What has no public name, and each derivative, is run by the samples of what uses it."""
    ran, rules = set(), set()

    def counted(f, key, into):
        def wrapper(*args, **kwargs):
            into.add(key)
            return f(*args, **kwargs)

        return wrapper

    monkeypatch.setattr(routes, "closed", True)  # a call that is known runs the body it has found
    for name in list(vars(arrays)):  # the reader keeps the bodies that it has read
        monkeypatch.delattr(arrays, name)
    every, owners = set(), {}
    for op in REGISTRY.values():
        monkeypatch.setattr(op, "forward", counted(op.forward, op.name, ran))
        for rule in {r for r in [*op.rules, op.joint] if r is not None}:
            key = f"{op.name}: {rule.fn.__code__.co_firstlineno}"
            every.add(key)
            monkeypatch.setattr(rule, "fn", counted(rule.fn, key, rules))
            # an op that has been used keeps its body on the short path, where it is not seen; its rules are
            owners.setdefault(key, set()).add(op.name)
        for node_class in op.node_classes.values():  # what it has made of its rules so far
            if "run" in vars(node_class):
                monkeypatch.delattr(node_class, "run")
    for name in TARGETS:
        for _, sample, row in calls(name):
            # a rule may say that there is no derivative: then the sample raises in it
            with pytest.raises(Exception) if "raises" in row else nullcontext():  # noqa: B017
                samples.answer(torch, TARGETS[name], sample)
    run_what_the_engine_needs()
    ran |= {name for key in rules for name in owners[key]}
    internal = {op.name for op in REGISTRY.values() if not op.public_name}
    assert not internal - ran, f"no sample of a public function runs {sorted(internal - ran)}"
    assert not every - rules, f"no sample differentiates {sorted(every - rules)}"


# --- the forms that follow from a record ------------------------------------------------------------------------------
@pytest.mark.parametrize("name", sorted(n for n, t in TARGETS.items() if t.op is not None))
def test_forms_of_an_op_agree(name):
    """Methods, the in-place form and ``out=`` give what the function gives, or refuse and leave everything as it was."""
    target = TARGETS[name]
    function = target.find(torch)
    for i, sample, row in calls(name, "float32"):
        if "raises" in row or not sample.compared or not isinstance(sample.args[0] if sample.args else None, Tensor):
            continue
        torch.manual_seed(0)
        want = function(*sample.args, **sample.kwargs)
        for method in target.methods:
            x = sample.args[0].clone()
            bound = getattr(x, method)
            torch.manual_seed(0)
            if not method.endswith("_") or method.endswith("__"):
                for a, b in zip(flat(bound(*sample.args[1:], **sample.kwargs)), flat(want), strict=True):
                    assert same(a, b), f"{name}[{i}]: the method {method} differs"
            elif name == "abs" and x.is_complex():  # whose length is real
                with pytest.raises(RuntimeError, match="In-place abs is not supported for complex tensors"):
                    bound()
            elif isinstance(want, Tensor) and want.shape == x.shape and torch.can_cast(want.dtype, x.dtype):
                assert bound(*sample.args[1:], **sample.kwargs) is x, (
                    f"{name}[{i}]: {method} does not return its tensor"
                )
                assert same(x, want.to(x.dtype)), f"{name}[{i}]: {method} differs from {name}"
            elif isinstance(want, Tensor) and not (target.op is not None and target.op.view):
                before = x.clone()
                with pytest.raises(RuntimeError, match="can't be cast|doesn't match the broadcast shape"):
                    bound(*sample.args[1:], **sample.kwargs)
                assert same(x, before), f"{name}[{i}]: {method} failed and left traces"
        if isinstance(want, Tensor) and row.get("out="):
            into = torch.empty_like(want)
            torch.manual_seed(0)
            assert function(*sample.args, **sample.kwargs, out=into) is into
            assert same(into, want), f"{name}[{i}]: out= differs"


def flat(x):
    return list(samples.tensors_in(x, Tensor))


def same(a, b):
    if a.dtype is torch.bfloat16:
        a, b = a.float(), b.float()
    return a.dtype is b.dtype and np.array_equal(
        a.detach().numpy(), b.detach().numpy(), equal_nan=a.dtype.is_floating_point or a.dtype.is_complex
    )


# --- wrong calls ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", sorted(TARGETS))
def test_wrong_calls_are_refused_in_torchs_words(name):
    target = TARGETS[name]
    for sample in target.wrong(torch):
        tensors = list(samples.tensors_in((sample.args, sample.kwargs), Tensor))
        before = [(t.detach().clone(), t._version, t.stride()) for t in tensors]
        with pytest.raises(sample.kind) as caught:
            target.find(torch)(*sample.args, **sample.kwargs)
        kind = type(caught.value)
        assert sample.kind in (kind, *kind.__bases__[:1]), (
            f"{name}: {kind.__name__}, torch raises {sample.kind.__name__}"
        )
        assert sample.phrase in str(caught.value), f"{name} says {caught.value}"
        for t, (values, version, stride) in zip(tensors, before, strict=True):
            assert same(t, values) and t._version == version and t.stride() == stride, f"{name} failed and left traces"


# --- documentation ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", OPS)
def test_examples_of_the_documentation(name):
    examples = doctest.DocTestParser().get_doctest(REGISTRY[name].doc or "", {}, name, None, 0)
    if examples.examples:
        failed, _ = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(examples)
        assert not failed


def test_the_properties_ran():
    """None of the tests above is empty."""
    assert len(OPS) > 300 and len(TARGETS) > 500
    assert sum(1 for n in TARGETS for _ in TARGETS[n].made(torch)) > 3000
    assert sum(len(t.wrong(torch)) for t in TARGETS.values()) > 1000
    assert len(recorded()) > 3000


def test_bodies_read_as_formulas():
    formulas = {}
    for name in OPS:
        try:
            formulas[name] = recorder.formula(REGISTRY[name])
        except recorder.Unreadable:
            continue
    assert len(formulas) >= 10
    assert formulas["sigmoid"] == "1 / (1 + exp(-input))"
    assert recorder.derivative(REGISTRY["tanh"], "input") == "g * one_minus_square(out)"
