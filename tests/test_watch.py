"""`rushlight.watch`: what it measures, when, and that it changes nothing."""

import math
import os
import re
import subprocess
import sys
import types
from pathlib import Path

import numpy as np
import pytest

import rushlight as torch
import rushlight.nn as nn
import rushlight.nn.functional as F
from rushlight.autograd import engine
from rushlight.nn import module as modules
from rushlight.watching import measure, session
from rushlight.watching.activations import SATURATED
from rushlight.watching.history import Curve, History
from rushlight.watching.schedule import DENSITY, SHARE, START, Schedule

HERE = Path(__file__).parent


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3)
        self.norm = nn.BatchNorm2d(4)
        self.drop = nn.Dropout(0.2)
        self.out = nn.Linear(4 * 6 * 6, 3)

    def forward(self, x):
        return self.out(torch.tanh(self.drop(F.relu(self.norm(self.conv(x))).flatten(1))))


def train(steps, lr=0.1, watched=True, **how):
    torch.manual_seed(0)
    model = Net()
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    x, y = torch.randn(8, 1, 8, 8), torch.randint(0, 3, (8,))
    losses = []
    w = torch.watch(model, optimizer, live=False, **how) if watched else None
    for _ in range(steps):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    if w is not None:
        w.close()
    return model, optimizer, losses, w


def linear(optimizer=None, **how):
    model = nn.Linear(3, 2)
    optimizer = optimizer or torch.optim.SGD(model.parameters(), lr=0.1)
    return model, optimizer, torch.watch(model, optimizer, every=1, live=False, **how)


def step(model, optimizer, x=None):
    optimizer.zero_grad()
    loss = model(torch.ones(4, 3) if x is None else x).square().mean()
    loss.backward()
    optimizer.step()
    return loss.item()


# --- nothing changes --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("kernels", ["off", "now"])
def test_the_training_computes_the_same(kernels):
    """In processes of their own, in which no kernel takes over from NumPy on the way."""

    def printed(how):
        code = f"import test_watch as t; m, _, losses, _ = t.train(12, {how}); print(losses, m.state_dict(), t.torch.rand(1))"
        env = {**os.environ, "RUSHLIGHT_KERNELS": kernels, "PYTHONPATH": os.pathsep.join([str(HERE.parent), str(HERE)])}
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env)
        assert done.returncode == 0, done.stderr
        return done.stdout

    plain = printed("watched=False")
    assert printed("every=None") == printed("every=1") == plain


def test_the_loss_of_every_step():
    _, _, losses, w = train(12, every=5)
    assert list(w.loss) == losses


def test_nothing_is_left_behind():
    before = len(engine.observers), len(modules._global_forward_hooks)
    model, optimizer, w = linear()
    assert len(engine.observers) == before[0] + 1
    assert not model._forward_hooks  # nothing on the model at any time: it may be pickled meanwhile
    step(model, optimizer)
    w.close()
    w.close()
    assert (len(engine.observers), len(modules._global_forward_hooks)) == before
    assert not optimizer._optimizer_step_pre_hooks and not optimizer._optimizer_step_post_hooks
    step(model, optimizer)
    assert w.step == 1


def test_a_failing_training_leaves_hooks_removed_and_the_report(tmp_path):
    pytest.importorskip("matplotlib")
    model = nn.Linear(3, 2)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    path = tmp_path / "report.html"
    with pytest.raises(RuntimeError, match="shapes"):
        with torch.watch(model, optimizer, live=False, report=path):
            step(model, optimizer)
            model(torch.ones(4, 5))
    assert not engine.observers
    text = path.read_text()
    assert "The training ended with RuntimeError" in text
    assert "1 steps, 1 of them measured" in text


# --- what is measured -------------------------------------------------------------------------------------------------
def test_norms_are_those_of_the_arrays():
    model, optimizer, w = linear()
    before = [p.detach().numpy().astype(np.float64).copy() for p in model.parameters()]
    step(model, optimizer)
    w.close()
    after = [p.detach().numpy().astype(np.float64) for p in model.parameters()]
    grads = [p.grad.numpy().astype(np.float64) for p in model.parameters()]
    last = {name: column[-1] for name, column in w.history.items()}

    def norm(arrays):
        return math.sqrt(sum((a**2).sum() for a in arrays))

    assert last["weight"] == pytest.approx(norm(before), rel=1e-5)
    assert last["gradient"] == pytest.approx(norm(grads), rel=1e-5)
    assert last["update"] == pytest.approx(norm([a - b for a, b in zip(after, before, strict=True)]), rel=1e-4)
    assert last["ratio/weight"] == pytest.approx(norm([after[0] - before[0]]) / norm(before[:1]), rel=1e-4)
    assert last["lr"] == 0.1
    assert last["memory"] > 1e6
    assert last["seconds"] > 0


@pytest.mark.parametrize("scale", [1e-30, 1.0, 1e30])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex64])
def test_a_norm_neither_overflows_nor_vanishes(scale, dtype):
    a = np.full((3, 4), scale, dtype)[:, ::2]
    assert measure.norm(a) == pytest.approx(scale * math.sqrt(6), rel=1e-6)


def test_a_norm_of_what_is_not_finite():
    assert measure.norm(np.array([1.0, math.inf], np.float32)) == math.inf
    assert math.isnan(measure.norm(np.array([1.0, math.nan], np.float32)))


def test_a_step_with_a_closure():
    model, optimizer, w = linear(None)
    w.close()
    optimizer = torch.optim.LBFGS(model.parameters(), lr=0.5, max_iter=3)
    with torch.watch(model, optimizer, every=1, live=False) as w:

        def closure():
            optimizer.zero_grad()
            loss = model(torch.ones(4, 3)).square().mean()
            loss.backward()
            return loss

        optimizer.step(closure)
    assert w.step == 1
    assert w.history["update"][0] > 0


def test_without_a_model():
    weight = torch.ones(2, requires_grad=True)
    with torch.watch(optimizer=torch.optim.SGD([weight], lr=0.1), every=1, live=False) as w:
        weight.square().sum().backward()
        w.optimizer.step()
    assert w.history["update/parameter 0"] == pytest.approx([0.1 * math.sqrt(8)])


def test_functions_and_modules_are_named_after_what_feeds_them():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv1d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 6, 5), nn.Tanh(), nn.Linear(5, 1))
    with torch.no_grad():
        model[0].bias[:3] = -100  # three of four channels never let anything through
        model[0].bias[3] = 100
        model[3].bias += 50
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-4)
    with torch.watch(model, optimizer, every=1, live=False) as w:
        for _ in range(12):
            optimizer.zero_grad()
            torch.sigmoid(model(torch.randn(6, 1, 8))).mean().backward()
            optimizer.step()
    assert list(w.history.of("dead")) == ["0 > relu", "3 > tanh", "5 > sigmoid"]
    assert w.history["dead/0 > relu"][0] == 0.75
    assert w.history["saturated/0 > relu"][0] == 0.75
    assert w.history["saturated/3 > tanh"][0] > 0.9
    said = {(f.kind, f.name) for f in w.findings}
    assert {("dead", "0 > relu"), ("dead", "3 > tanh")} <= said
    assert ("saturated", "5 > sigmoid") not in said


def test_a_recurrent_layer():
    model = nn.RNN(2, 3)
    with torch.no_grad():
        model.bias_ih_l0[:] = torch.tensor([50.0, 0.0, 0.0])
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
    with torch.watch(model, optimizer, every=1, live=False) as w:
        model(torch.zeros(4, 5, 2))[0].sum().backward()
        optimizer.step()
    assert w.history.of("dead") == {" > tanh": [pytest.approx(1 / 3)]}


@pytest.mark.parametrize("op", sorted(SATURATED))
def test_saturated_means_a_derivative_below_a_twentieth(op):
    functions = {
        "tanh": torch.tanh, "sigmoid": torch.sigmoid, "threshold": lambda x: F.threshold(x, 0.5, 0.0),
        "celu": lambda x: F.celu(x, 2.0), "softplus": lambda x: F.softplus(x, 2.0),
    }  # fmt: skip
    x = torch.linspace(-12, 12, 4801, dtype=torch.float64, requires_grad=True)
    y = functions.get(op) or getattr(F, op)
    out = y(x)
    kept, test = SATURATED[op]
    node = out.grad_fn
    flat = test(node.saved[node.op.slot_of[kept]], node.attrs)
    (slope,) = torch.autograd.grad(out.sum(), x)
    small = (slope.abs() < slope.abs().max() / 20).numpy()
    # From the outermost places on: where a derivative passes through zero in between (gelu) nothing is saturated.
    low = np.argmin(small)
    high = len(small) - np.argmin(small[::-1])
    outside = np.ones(len(small), bool)
    outside[low:high] = False
    assert 0 < outside.sum() < len(outside)
    assert abs(flat.sum() - outside.sum()) <= 0.02 * len(outside)
    assert (flat & ~outside).sum() <= 0.02 * len(outside)


# --- when -------------------------------------------------------------------------------------------------------------
def test_the_schedule_keeps_to_its_share():
    schedule, elapsed, measured = Schedule(), 0.0, []
    for number in range(20_000):
        elapsed += 1e-3
        if number >= schedule.next:
            measured.append(number)
            elapsed += 2e-3
            schedule.spent += 2e-3
            schedule.after(number, 2e-3, elapsed)
            assert schedule.spent <= START + SHARE * elapsed + 2e-3
    assert measured[:3] == [0, 1, 95]  # its start pays for two
    assert 0.8 * SHARE * elapsed < schedule.spent


def test_cheap_measurements_become_rarer():
    schedule, measured = Schedule(), 0
    for number in range(10_000):
        if number >= schedule.next:
            measured += 1
            schedule.after(number, 1e-9, float(number + 1))
    assert DENSITY * 4 < measured < DENSITY * 7


class Clock:
    """A clock on which everything takes a millisecond: nothing depends on the machine."""

    now = 0.0

    def __call__(self):
        self.now += 1e-3
        return self.now


def counting(function, calls, name):
    def counted(*args):
        calls[name] += 1
        return function(*args)

    return counted


def test_a_step_that_is_not_measured_costs_one_hook(monkeypatch):
    """Counted: no norm, no copy, no look at the graph, no hook of modules, but in the steps that the schedule names."""
    calls = {"norm": 0, "activations": 0}
    for module, name in ((measure, "norm"), (session, "activations")):
        monkeypatch.setattr(module, name, counting(getattr(module, name), calls, name))
    model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    w = session.Watch(model, optimizer, every=None, sinks=[], clock=Clock())
    hooked = 0
    for _ in range(300):
        hooked += bool(modules._global_forward_hooks)
        step(model, optimizer)
    w.close()
    measured = len(w.history["step"])
    assert 1 < measured < 20
    assert hooked == measured
    assert calls == {"norm": 3 * 4 * measured, "activations": measured}
    assert len(w.loss) == 300


def test_every():
    model, optimizer, _, w = train(10, every=4)
    assert w.history["step"] == [0, 4, 8]


# --- what is off ------------------------------------------------------------------------------------------------------
def kinds(w):
    return {(f.kind, f.name) for f in w.findings}


def test_a_healthy_training_has_no_findings():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    with torch.watch(model, optimizer, every=1, live=False) as w:
        for _ in range(50):
            x = torch.randn(32, 4)
            optimizer.zero_grad()
            F.mse_loss(model(x), x.sum(1, keepdim=True)).backward()
            optimizer.step()
    assert not w.findings


def test_an_update_that_is_too_large():
    torch.manual_seed(0)
    model = nn.Linear(3, 2)
    optimizer = torch.optim.Adam(model.parameters(), lr=1.0)
    with torch.watch(model, optimizer, every=1, live=False) as w:
        for _ in range(12):
            optimizer.zero_grad()
            F.mse_loss(model(torch.randn(4, 3)), torch.randn(4, 2)).backward()
            optimizer.step()
    assert kinds(w) == {("fast", "weight")}


def test_an_update_that_is_too_small():
    _, _, _, w = train(12, lr=1e-9, every=1)
    assert ("slow", "out.weight") in kinds(w)


def test_parameters_that_do_not_learn():
    model = nn.ModuleDict({"used": nn.Linear(3, 1), "unused": nn.Linear(3, 1), "free": nn.Linear(3, 1)})
    optimizer = torch.optim.SGD([*model["used"].parameters(), *model["unused"].parameters()], lr=0.01)
    with torch.watch(model, optimizer, every=1, live=False) as w:
        for _ in range(12):
            optimizer.zero_grad()
            (model["used"](torch.ones(1, 3)) + model["free"](torch.ones(1, 3))).sum().backward()
            optimizer.step()
    assert kinds(w) == {
        ("no gradient", "unused.weight"), ("no gradient", "unused.bias"),
        ("not held", "free.weight"), ("not held", "free.bias"),
    }  # fmt: skip


def test_a_loss_that_is_not_finite_is_said_at_once_and_once(capsys):
    weight = torch.ones(1, requires_grad=True)
    optimizer = torch.optim.SGD([weight], lr=1e20)
    with torch.watch(optimizer, every=5) as w:
        for _ in range(9):
            optimizer.zero_grad()
            weight.square().sum().backward()
            optimizer.step()
    first = next(i for i, value in enumerate(w.loss) if not math.isfinite(value))
    assert [f.step for f in w.findings if f.kind == "loss"] == [first]
    assert first % 5  # in a step that was not measured
    assert re.search(rf"watch: step {first}: the loss is (inf|nan)", capsys.readouterr().err)


# --- where it goes ----------------------------------------------------------------------------------------------------
def test_the_history_is_data(tmp_path):
    _, _, _, w = train(5, every=2)
    w.history.to_csv(tmp_path / "history.csv")
    lines = (tmp_path / "history.csv").read_text().splitlines()
    assert lines[0].startswith("step,loss,lr,gradient")
    assert [float(line.split(",")[1]) for line in lines[1:]] == w.history["loss"]
    assert len({len(column) for column in w.history.values()}) == 1


def test_columns_that_come_later():
    history = History()
    history.add({"a": 1.0})
    history.add({"b": 2.0})
    assert history["a"][0] == 1.0 and math.isnan(history["a"][1])
    assert math.isnan(history["b"][0]) and history["b"][1] == 2.0


@pytest.mark.parametrize("steps", [3, 8, 9, 100])
def test_a_curve_stays_short_and_true(steps):
    curve = Curve(most=8)
    for i in range(steps):
        curve.add(float(i))
    at, values = curve.points()
    assert at == values
    assert len(values) <= 8
    assert at[-1] >= steps / 2 - 1


def test_the_report_is_one_file(tmp_path):
    pytest.importorskip("matplotlib")
    _, _, _, w = train(4, every=1, report=tmp_path / "a.html")
    text = (tmp_path / "a.html").read_text()
    assert text.count("<svg") == 8
    assert {"conv.weight", "norm &gt; relu"} <= set(re.findall(r"<td>([^<]*)</td>", text))
    assert not re.search(r'(src|href)="(?!#)', text)  # nothing is fetched
    assert len(re.findall(r' id="([^"]*)"', text)) == text.count(' id="')
    assert w._repr_html_().count("<table>") == 3


def test_the_terminal_view():
    rich = pytest.importorskip("rich.console")
    from rushlight.watching.display import terminal

    _, _, _, w = train(4, every=1)
    console = rich.Console(width=100)
    with console.capture() as shown:
        console.print(terminal(w))
    text = shown.get()
    assert "step 3" in text and "conv.weight" in text and "norm > relu" in text and "update / weight" in text


def test_a_notebook_is_found_and_refreshed(monkeypatch):
    shown = []

    class Handle:
        def update(self, what):
            shown.append(what)

    display = types.SimpleNamespace(HTML=str, display=lambda what, display_id: Handle())
    shell = types.SimpleNamespace(kernel=object())
    monkeypatch.setitem(sys.modules, "IPython", types.SimpleNamespace(get_ipython=lambda: shell, display=display))
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    model = nn.Linear(3, 2)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with torch.watch(model, optimizer, every=1):
        step(model, optimizer)
    assert "weight" in shown[-1] and "<table>" in shown[-1]


def test_tensorboard_gets_every_column(monkeypatch):
    written = []

    class Writer:
        def __init__(self, folder):
            self.folder = folder

        def add_scalar(self, name, value, step):
            written.append((name, step))

        def close(self):
            written.append("closed")

    module = types.SimpleNamespace(SummaryWriter=Writer)
    monkeypatch.setitem(sys.modules, "rushlight.utils.tensorboard", module)
    _, _, _, w = train(2, every=1, tensorboard="runs")
    assert ("ratio/conv.weight", 1) in written and ("dead/norm > relu", 0) in written
    assert written[-1] == "closed"


# --- wrong calls ------------------------------------------------------------------------------------------------------
def test_wrong_arguments():
    model = nn.Linear(1, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with pytest.raises(TypeError, match="model must be a torch.nn.Module, but got list"):
        torch.watch([model], optimizer)
    with pytest.raises(TypeError, match="optimizer must be"):
        torch.watch(model)
    with pytest.raises(ValueError, match="every must be at least 1"):
        torch.watch(model, optimizer, every=0)


def test_what_is_not_installed_is_said_before_the_training(monkeypatch, tmp_path):
    from rushlight import pictures

    monkeypatch.setattr(pictures, "possible", lambda: False)
    before = len(engine.observers)
    with pytest.raises(ImportError, match="rushlight\\[plots\\]"):
        linear(report=tmp_path / "a.html")
    assert len(engine.observers) == before


# --- the command --------------------------------------------------------------------------------------------------------
PROGRAM = """
import torch
torch.manual_seed(0)
encoder = torch.nn.Linear(2, 3)
net = torch.nn.Sequential(encoder, torch.nn.ReLU(), torch.nn.Linear(3, 1))
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
for _ in range(6):
    loss = net(torch.randn(4, 2)).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(loss.item())
"""


def command(*arguments, folder):
    env = {**os.environ, "PYTHONPATH": str(HERE.parent)}
    return subprocess.run(
        [sys.executable, "-m", "rushlight", *arguments], capture_output=True, text=True, env=env, cwd=folder
    )


def test_a_program_is_watched_without_a_change(tmp_path):
    (tmp_path / "program.py").write_text(PROGRAM)
    plain = command("run", "program.py", folder=tmp_path)
    done = command("watch", "--every", "1", "--csv", "h.csv", "program.py", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout == plain.stdout
    assert done.stderr == "watch: 6 steps, 6 measured, 0 findings\n"
    head, *rows = (tmp_path / "h.csv").read_text().splitlines()
    assert {"loss", "update/2.weight", "dead/0 > relu"} <= set(head.split(","))
    assert len(rows) == 6 and "nan" not in rows[0].split(",")[1]  # the first step's loss was caught on the way


def test_a_program_that_fails_or_does_not_train(tmp_path):
    (tmp_path / "fails.py").write_text(PROGRAM + "net(torch.ones(4, 7))\n")
    done = command("watch", "--every", "1", "fails.py", folder=tmp_path)
    assert done.returncode == 1
    assert "RuntimeError" in done.stderr and "watch: 6 steps, 6 measured" in done.stderr
    (tmp_path / "idle.py").write_text("import torch\nprint(torch.ones(1))\n")
    done = command("watch", "idle.py", folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "watch: no optimizer has made a step\n")
