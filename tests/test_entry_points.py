"""Tensor's operators as machine code: what they do is what the Python path does, and what they cannot do it does."""

import gc
import os
import subprocess
import sys

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

import rushlight as torch
from rushlight import fast, plain, samples
from rushlight.autograd import engine, graph
from rushlight.kernels import llvm
from rushlight.node import NUMBER_VERSION
from rushlight.op import apply
from rushlight.readers import REGISTRY
from rushlight.tensor import extra

if not llvm.available():
    pytest.skip("compiled code is not available here", allow_module_level=True)

from rushlight import entry_points

OPERATORS = ["__add__", "__radd__", "__sub__", "__mul__", "__rmul__", "__truediv__", "__pow__"]
REFERENCE = {}
NATIVE = {}
SINGLE_MAKER = []
WALK = []


@pytest.fixture(scope="module", autouse=True)
def both_paths():
    """The Python operators as the reference, whatever this process has installed, and the compiled ones."""
    # When loops begin to be compiled decisions are forgotten: not in the middle of a test.
    llvm.patience.over(llvm.PATIENCE + 1, 0)
    for name in OPERATORS:
        stem = name.strip("_").removeprefix("r")
        REFERENCE[name] = fast.operator(REGISTRY[{"truediv": "div"}.get(stem, stem)], name)
    operators, make, walk = entry_points.compiled()
    NATIVE.update(operators)
    SINGLE_MAKER.append(make)
    WALK.append(walk)


def same(name, a, b):
    """Both paths on the same operands, with every detail of the result, or of the error."""
    try:
        reference = REFERENCE[name](a, b)
    except Exception as error:
        with pytest.raises(type(error)) as raised:
            NATIVE[name](a, b)
        assert str(raised.value) == str(error)
        return
    native = NATIVE[name](a, b)
    if reference is NotImplemented:
        assert native is NotImplemented
        return
    assert entry_points.description(native) == entry_points.description(reference)


numbers = st.sampled_from([0, 1, 2, -3, 2.5, -0.0, 1e-40, float("inf"), float("nan"), 1 << 30, True, np.float32(2), 2j])


@st.composite
def operands(draw):
    """A tensor of some dtype, layout and grad state, and something that an operator may meet on its right."""

    def tensor(shape):
        dtype = draw(st.sampled_from([torch.float32, torch.float32, torch.float64, torch.int64, torch.float16]))
        t = torch.tensor(np.arange(1.0, np.prod(shape, dtype=int) + 1).reshape(shape)).to(dtype)
        layout = draw(st.sampled_from(["plain", "plain", "transposed", "view", "parameter"]))
        if layout == "transposed" and t.dim() == 2:
            t = t.t()
        elif layout == "view" and t.dim():
            t = t[:]
        elif layout == "parameter" and t.is_floating_point():
            return torch.nn.Parameter(t)
        if draw(st.booleans()) and t.is_floating_point():
            t = t.detach().requires_grad_() if draw(st.booleans()) else t.requires_grad_() * 1
        return t

    shape = draw(st.sampled_from([(), (1,), (3,), (2, 3), (3, 2), (0, 2), (2, 1, 2), (600,)]))
    x = tensor(shape)
    y = draw(st.one_of(numbers, st.just("text"), st.none())) if draw(st.booleans()) else None
    if y is None:
        y = tensor(draw(st.sampled_from([shape, shape, (1,), ()])))
    return x, y


@settings(max_examples=400, deadline=None)
@given(name=st.sampled_from(OPERATORS), pair=operands(), mode=st.sampled_from(["on", "on", "off"]))
def test_the_two_paths_agree(name, pair, mode):
    with torch.set_grad_enabled(mode == "on"):
        same(name, *pair)


def is_planned(op):
    return plain.has_plain_form(op) and plain.takes_one(op) and plain.has_plans(op)


SINGLE = {name: t for name, t in samples.targets().items() if t.op is not None and is_planned(t.op)}


@pytest.mark.parametrize("recorded", [True, False])
@pytest.mark.parametrize("name", sorted(SINGLE))
def test_ops_of_one_tensor_agree(name, recorded):
    """Every call on which an op is tried, of a leaf, a result and a view: the decision made by the Python path, then the machine code."""
    with torch.set_grad_enabled(recorded):
        agree(name)


def agree(name):
    target, compared = SINGLE[name], 0
    for sample in [sample for dtype in ("float32", "float64") for sample in target.made(torch, dtype)]:
        for x in variants(sample.args[0]):
            decided = decide(target.op, (x, *sample.args[1:]), sample.kwargs)
            if decided is None:
                continue
            native, attrs = decided
            found = native((x, *sample.args[1:]), sample.kwargs)
            if found is not None:
                expected = apply(target.op, (x,), attrs)
                assert entry_points.description(found) == entry_points.description(expected), (name, sample.kwargs)
                compared += 1
    assert compared


def variants(x):
    """A tensor as a leaf, and if it may have a gradient as one that wants it, as a result, as a view of both."""
    yield x
    if x.is_floating_point():
        leaf = x.detach().requires_grad_()
        yield from (leaf, leaf * 1, leaf[...], (leaf * 1)[...])
        with torch.no_grad():
            yield leaf[...]
        yield leaf.unsqueeze(0).unbind()[0]  # a part of many


def decide(op, args, kwargs):
    """The machine code of an op that has the decision for a call, and the call's attributes; None if it raises."""
    short = plain.Short(op)
    try:
        inputs, attrs = op.preparer(*args, **kwargs)
        if inputs[0] is not args[0]:
            return None
        short.plans.add_layout(args[0]._a, args, kwargs, attrs, None)
    except (RuntimeError, TypeError, ValueError, IndexError):
        return None
    return SINGLE_MAKER[0](short), attrs


def test_rare_modes_take_the_python_path():
    x = torch.ones(3, requires_grad=True)
    with torch.autograd.detect_anomaly():
        assert NATIVE["__mul__"](x, x)._edge[0].stack is not None
    with torch.autograd.graph.saved_tensors_hooks(lambda t: t * 10, lambda t: t / 10):
        y = NATIVE["__mul__"](x, 2.0 * x)
    y.sum().backward()
    assert x.grad.tolist() == [4.0, 4.0, 4.0]
    with torch.inference_mode():
        z = torch.ones(3).clone()
        assert NATIVE["__mul__"](torch.ones(3), 2.0).is_inference()
        native, _ = decide(REGISTRY["sum"], (torch.ones(3),), {})
        assert native((torch.ones(3),), {}) is None
    with pytest.raises(RuntimeError, match="Inference tensors cannot be saved for backward"):
        NATIVE["__mul__"](x, z)
    assert NATIVE["__add__"](x, [1.0]) is NotImplemented

    class Mine(torch.Tensor):
        pass

    assert type(NATIVE["__add__"](torch.ones(2).as_subclass(Mine), 1)) is Mine


def test_marks_of_views_are_shared_until_they_are_written():
    x = torch.ones(2, 3, requires_grad=True)
    with torch.no_grad():
        views = [x[0], x.t(), x[0][1:], *x.unbind()]
        one, other = x.t(), x.t()
    assert all("view_kind" in v._extra for v in views)
    assert one._extra is other._extra
    extra(one)["retains_grad"] = True  # what is written is its own
    assert "retains_grad" not in other._extra and one._extra["view_kind"] is other._extra["view_kind"]
    for view in views:
        with pytest.raises(RuntimeError, match="is being used in an in-place operation|modified inplace"):
            view.add_(1)


def test_errors_are_those_of_the_python_path():
    with pytest.raises(RuntimeError, match="at non-singleton dimension 0"):
        NATIVE["__add__"](torch.ones(2), torch.ones(3))
    with pytest.raises(TypeError, match="exactly one argument"):
        NATIVE["__add__"](torch.ones(2))


def test_numpys_warnings_and_flags_stay_quiet():
    with np.errstate(all="raise"):
        assert torch.isinf(NATIVE["__truediv__"](torch.ones(3), torch.zeros(3))).all()
        assert (np.ones(3) * 2).sum() == 6  # no flag is left for NumPy to find


def test_a_written_operand_is_noticed():
    x, y = torch.ones(3, requires_grad=True), torch.ones(3)
    z = NATIVE["__mul__"](x, y)
    y.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        z.sum().backward()


def test_nothing_is_kept_or_lost():
    x, y = torch.ones(3, requires_grad=True), torch.ones(3)
    tried = [(REGISTRY[name], (t, *args)) for name, args in entry_points.TRIED for t in (x[None], y[None])]
    of_one = [(decide(op, args, {})[0], args) for op, args in tried]

    def work():
        for name in OPERATORS:
            for other in (x, y, 2, 2.5, torch.ones(2, 1)):
                NATIVE[name](x, other), NATIVE[name](y, other)
        for native, args in of_one:
            assert native(args, {}) is not None and native((args[0], *args[1:], 7), {}) is None

    held = [x, y, x._a, y._a, x._vc, y._vc, x._edge, (), torch.Tensor, NUMBER_VERSION]
    rounds = 50

    def growth():
        """By how much the counts of references, and of objects, change in so many rounds."""
        work()
        gc.collect()
        before = [*map(sys.getrefcount, held), len(gc.get_objects())]
        for _ in range(rounds):
            work()
        gc.collect()
        after = [*map(sys.getrefcount, held), len(gc.get_objects())]
        return [abs(n - m) for n, m in zip(after, before, strict=True)]

    # What a round keeps or loses is there at each attempt, once for each round. What happens once is not: that an operation, often
    # enough called by now, has its code compiled, with all the modules which that takes.
    least = [min(changes) for changes in zip(*[growth() for _ in range(3)], strict=True)]
    assert all(change < rounds for change in least), least


# --- backward's loop ------------------------------------------------------------------------------------------------------
class Twice(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * 2

    @staticmethod
    def backward(ctx, g):
        return g * 2


def hooked(x, y):
    z = x * y
    z.register_hook(lambda g: g * 3)
    z.retain_grad()
    w = z + x
    w.grad_fn.register_hook(lambda inputs, outputs: (inputs[0] * 2, inputs[1]))
    return (w * z).sum()


def written(x, y):
    z = x * y
    z = z * z
    y.data.add_(1)  # not noticed
    z.add_(x.exp())
    return z.mean()


def too_late(x, y):
    z = x.exp()
    w = z * y
    z.add_(1)
    return w.sum()


def twice(x, y):
    loss = (x * y).sum()
    loss.backward()
    return loss


GRAPHS = {
    "leaves and nodes met twice": lambda x, y: ((x * y + x) * (x * y) + y * y * x).sum(),
    "branches of different length": lambda x, y: (x.sin() * (((y * x).exp() + 1).log() * x).tanh() + x).sum(),
    "broadcast": lambda x, y: (x * y[:, :1] + x[0] * y.sum() + 2).mean(),
    "several outputs": lambda x, y: sum((i + 1) * part for i, part in enumerate((x * y).unbind(0))).sum(),
    "views": lambda x, y: (x.t() @ y).reshape(-1)[1:].pow(2).sum() + x.view(-1)[0],
    "another dtype": lambda x, y: (x.double() * y).sum() + (x * 2).to(torch.bfloat16).float().sum(),
    "a layer": lambda x, y: torch.nn.functional.linear(x, y, x[:, 0]).relu().sum(),
    "a user's": lambda x, y: (Twice.apply(x * y) * x).sum(),
    "hooks": hooked,
    "written": written,
    "written too late": too_late,
    "freed": twice,
    "large": lambda x, y: ((x * 2).exp().repeat(300, 300).tanh() * 0.5).sum(),
}


@pytest.mark.parametrize("name", GRAPHS)
def test_both_walk_alike(name, monkeypatch):
    def gradients(walk):
        monkeypatch.setattr(engine.Native, "walk", walk)
        x, y = (torch.tensor([[0.5, -1.0, 2.0], [1.5, 0.25, -0.75]]) * n for n in (1.0, 3.0))
        x, y = x.requires_grad_(), y.requires_grad_()
        try:
            GRAPHS[name](x, y).backward()
        except RuntimeError as error:
            return str(error)
        return [None if t.grad is None else t.grad.numpy().tobytes() for t in (x, y)]

    expected = gradients(None)
    assert [gradients(WALK[0]) for _ in range(3)] == [expected] * 3  # the first time Python tells it the nodes' classes
    assert (expected.__class__ is str) == (name in ("written too late", "freed"))


def test_a_walk_keeps_and_loses_nothing(monkeypatch):
    monkeypatch.setattr(engine.Native, "walk", WALK[0])
    x, y = (torch.ones(2, 3, requires_grad=True) for _ in range(2))
    graphs = [GRAPHS[name] for name in ("leaves and nodes met twice", "broadcast", "views", "a user's", "hooks")]

    def work():
        for made in graphs:
            made(x, y).backward()
            x.grad = y.grad = None
        loss = too_late(x, y)
        with pytest.raises(RuntimeError, match="modified by an inplace operation"):
            loss.backward()

    held = [x, y, x._a, y._a, x._edge[0], y._edge[0], *engine.runs, *engine.runs.values()]
    changes = []
    for _ in range(3):
        work()
        gc.collect()
        before = [*map(sys.getrefcount, held), len(gc.get_objects())]
        for _ in range(50):
            work()
        gc.collect()
        changes.append(
            [abs(n - m) for n, m in zip([*map(sys.getrefcount, held), len(gc.get_objects())], before, strict=True)]
        )
    assert all(change < 50 for change in map(min, *changes)), changes


def test_nothing_is_replaced_if_a_check_fails(monkeypatch):
    now, made = vars(torch.Tensor)["__mul__"], plain.entries.make
    monkeypatch.setattr(entry_points, "DESCR", entry_points.FLAGS)  # a NumPy with other fields
    assert not entry_points.install()
    monkeypatch.undo()
    operators, make, walk = entry_points.compiled()
    wrong = {"__mul__": lambda x, y: x + y}  # code that computes something else
    monkeypatch.setattr(entry_points, "compiled", lambda: (wrong, make, walk))
    assert not entry_points.install()
    copies = lambda short: lambda args, kwargs: args[0].clone()  # noqa: E731
    monkeypatch.setattr(entry_points, "compiled", lambda: (operators, copies, walk))
    assert not entry_points.install()
    nowhere = lambda *state: None  # noqa: E731 - gradients that reach nobody
    monkeypatch.setattr(entry_points, "compiled", lambda: (operators, make, nowhere))
    assert not entry_points.install()
    assert vars(torch.Tensor)["__mul__"] is now and plain.entries.make is made


def test_what_was_decided_before_is_decided_again_for_machine_code():
    """A program has met most of its calls when it is found to make many."""
    code = """
import rushlight as torch
from rushlight import plain
x = torch.ones(2, 3)
asked = []
result = plain.Plans.result
plain.Plans.result = lambda *given: asked.append(given) or result(*given)
def calls():
    asked.clear()
    return x.transpose(0, 1).sum(1).view(3, 1)
for _ in range(plain.MANY):
    calls()
assert plain.entries.make is not None
assert calls().tolist() == [[2.0], [2.0], [2.0]] and not asked
"""
    environment = {n: v for n, v in os.environ.items() if n != "RUSHLIGHT_KERNELS"}
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, env=environment)


def test_it_waits_for_transformations_to_end(monkeypatch):
    """What is tried before use makes tensors that require gradients, which nobody may inside ``torch.func``."""
    tried = []
    monkeypatch.setattr(entry_points, "install", lambda: tried.append(True))
    monkeypatch.setattr(plain.entries, "wanted", True)
    monkeypatch.setattr(plain.Native, "install", plain.entries.install)

    def f(x):
        plain.entries.install()
        assert not tried
        return x * x

    assert torch.func.grad(f)(torch.tensor(3.0)).item() == 6
    torch.func.vmap(f)(torch.ones(3))
    plain.entries.install()
    assert tried == [True]


@pytest.mark.parametrize("work", ["x * x", "x.detach() * 2", "x.detach().sum()"])
@pytest.mark.parametrize(("setting", "calls", "expected"), [
    (None, 100, "Python"), (None, graph.HOT or 20_000, "native"), ("now", 1, "at the first node"), ("off", 21_000, "Python")])  # fmt: skip
def test_when_the_operators_are_compiled(setting, calls, expected, work):
    code = f"""
import sys
import rushlight as torch
x = torch.ones(2, requires_grad=True)
for _ in range({calls} + 10):
    {work}
native = type(vars(torch.Tensor)["__mul__"]).__name__ == "method_descriptor"
assert native == ("llvmlite" in sys.modules), "llvmlite is imported for this alone"
print("native" if native else "Python", (x * x).grad_fn.name())
"""
    if expected == "at the first node":
        expected = "native" if work == "x * x" else "Python"
    environment = {n: v for n, v in os.environ.items() if n != "RUSHLIGHT_KERNELS"}
    if setting is not None:
        environment["RUSHLIGHT_KERNELS"] = setting
    command = [sys.executable, "-W", "error", "-c", code]
    if setting == "now":
        subprocess.run(
            command, capture_output=True, env=environment, check=False
        )  # its loops lie on the disk from now on
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.stdout.split() == [expected, "MulBackward0"], done.stderr
