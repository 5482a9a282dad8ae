"""``diagnose``: planted faults are named first, healthy trainings pass in silence, and nothing is changed by looking."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import rushlight as torch
from rushlight import nn
from rushlight.compat.run import execute
from rushlight.explain.diagnosis import diagnose_program

HERE = Path(__file__).parent
FAULTS, HEALTHY = (sorted((HERE / folder).glob("*.py")) for folder in ("faults", "healthy"))

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="diagnose needs os.fork")


def of_script(path, steps=40):
    """Few steps and much time, so that nothing depends on how fast the machine is. A script may ask for more steps."""
    asked = re.search(r"^# steps: (\d+)$", path.read_text(), re.MULTILINE)
    return diagnose_program(lambda: execute(str(path), []), steps=int(asked[1]) if asked else steps, seconds=600)


@pytest.mark.filterwarnings("ignore:Using a target size")  # one of the faults
@pytest.mark.parametrize("path", FAULTS, ids=lambda p: p.stem)
def test_a_planted_fault_is_named_first(path):
    expected = path.read_text().partition("\n")[0].removeprefix("# finds: ")
    report = of_script(path)
    assert [f.kind for f in report.findings][:1] == [expected], str(report)
    first = report.findings[0]
    assert first.evidence and first.change and any(c.isdigit() for text in first.evidence for c in text)
    assert first.line is None or Path(first.line.file) == path
    ast.parse(first.write)
    if hasattr(first.check, "before") and first.kind not in (
        "no log_softmax",
        "softmax over the wrong dimension",
    ):  # which make
        # another loss of it
        last, other = first.check.before[1].mean, first.check.after[1].mean
        assert not np.isfinite(last) or other < last, str(first)


@pytest.mark.parametrize("path", HEALTHY, ids=lambda p: p.stem)
def test_a_healthy_training_passes_in_silence(path):
    report = of_script(path)
    assert report.healthy, str(report)
    assert report.trace.steps > 10 and str(report).splitlines()[1].startswith("Nothing found: ")


def test_the_seeds_loop_has_its_cause_its_limit_and_a_step_that_converges():
    report = of_script(HERE / "faults" / "seed_loop.py")
    first = report.findings[0]
    assert first.numbers["limit"] == pytest.approx(2 / 2178, rel=0.01) and first.numbers["lr"] == pytest.approx(
        0.01, rel=1e-4
    )
    assert first.numbers["sharpness"] == pytest.approx(2178, rel=0.01)
    assert first.line.text == "w.data = w.data - 0.01 * w.grad"
    assert first.write == "w.data = w.data - 9.18e-05 * w.grad"
    assert first.numbers["suggested"] < first.numbers["limit"]
    assert first.check.before[1].mean == float("inf") and first.check.after[1].mean < 1000
    w = 1.0
    for _ in range(100):
        for x, y in ((11.0, 21.0), (22.0, 14.0), (33.0, 64.0)):
            w -= first.numbers["suggested"] * 2 * x * (x * w - y)
    assert w == pytest.approx(1.7, abs=0.3)  # near the least squares, 1.6


WRITTEN = {  # lines that can be written instead of the one shown, or after it
    "step_too_long_dqn": "opt = torch.optim.Adam(q.parameters(), lr=0.1)",
    "missing_zero_grad_of_one_optimizer": "opt_d.zero_grad(); loss.backward()",
    "missing_zero_grad_of_the_bias": "b.grad = None; loss.backward()",
}


@pytest.mark.parametrize("name", WRITTEN)
def test_a_change_of_a_line_is_written_with_the_programs_names(name):
    assert of_script(HERE / "faults" / f"{name}.py").findings[0].write == WRITTEN[name]


def test_weights_far_too_wide_are_named_though_few_samples_are_learnt_by_heart_with_them():
    torch.manual_seed(1)
    model = nn.Sequential(nn.Linear(20, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 3))
    for layer in (model[0], model[2], model[4]):
        nn.init.normal_(layer.weight)
    x = torch.randn(128, 20)
    y = x[:, :3].argmax(1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9)
    first = torch.diagnose(lambda: nn.functional.cross_entropy(model(x), y), optimizer, steps=40).findings[0]
    assert first.kind == "initialisation" and first.numbers["ratio"] > 10
    assert first.check.after[0].mean < first.check.before[0].mean / 2  # at the start; at the end both are low


def test_inputs_far_too_large_are_named_though_an_easy_task_is_learnt_with_them():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(16, 32), nn.ReLU(), nn.Linear(32, 3))
    centres = torch.randn(3, 16)
    y = torch.arange(90) % 3
    x = 9000 * (centres[y] + 0.2 * torch.randn(90, 16))
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-2)
    report = torch.diagnose(lambda: nn.functional.cross_entropy(net(x), y), optimizer, steps=40)
    first = report.findings[0]
    assert first.kind == "inputs not normalised" and first.check.after[0].mean < first.check.before[0].mean / 2
    assert report.trace.ends()[1].mean < 1e-3  # it comes down all the same


def test_what_the_library_tries_of_its_own_is_not_the_programs():
    """A program of many nodes gets machine code, which is tried with backwards of its own."""
    program = """
import rushlight as torch
w = torch.tensor([0.5], requires_grad=True)
optimizer = torch.optim.SGD([w], lr=1e-3)
def loss():
    h = w
    for _ in range(800):
        h = h * 0.999 + w * 0.001
    return ((h - 1) ** 2).sum()
report = torch.diagnose(loss, optimizer, steps=40, seconds=60)
print(report.trace.backwards, len(report.trace.leaves), [finding.kind for finding in report.findings][:1])
"""
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert told[:2] == ["40", "1"] and "optimizer" not in told, told


def make():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 1))
    optimizer = torch.optim.SGD(net.parameters(), lr=50.0, momentum=0.9)
    x = torch.randn(64, 4)
    return net, optimizer, x, x.sum(1, keepdim=True)


def state_of(net, optimizer):
    tensors = [*net.state_dict().values(), *[p.grad for p in net.parameters() if p.grad is not None]]
    moments = [v for s in optimizer.state.values() for v in s.values() if v is not None]
    return [t.tolist() for t in (*tensors, *moments)], torch.get_rng_state().tolist(), np.random.get_state()[1].tolist()


def test_a_closure_that_makes_a_step_leaves_everything_as_it_was():
    net, optimizer, x, y = make()
    calls = []

    def step():
        calls.append(1)
        i = torch.randint(0, 64, (16,))
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(net(x[i]), y[i])
        loss.backward()
        optimizer.step()
        return loss

    step()
    before, hooks = state_of(net, optimizer), len(nn.module._global_forward_pre_hooks)
    report = torch.diagnose(step, steps=40)
    assert [f.kind for f in report.findings][:1] == ["step size"]
    assert state_of(net, optimizer) == before and calls == [1]
    assert len(nn.module._global_forward_pre_hooks) == hooks and type(optimizer).__init__ is torch.optim.SGD.__init__
    assert report.findings[0].line.file == __file__


def test_a_function_that_gives_the_loss():
    _, _, x, y = make()
    net = nn.Linear(4, 1)
    optimizer = torch.optim.SGD(net.parameters(), lr=5.0)
    loss = nn.functional.mse_loss
    report = torch.diagnose(lambda: loss(net(x), y), optimizer, steps=40)
    assert report.findings[0].kind == "step size"
    net, _, x, y = make()
    report = torch.diagnose(
        lambda xb, yb: loss(net(xb), yb), lr=0.01, data=[(x[:32], y[:32]), (x[32:], y[32:])], steps=40
    )
    assert report.healthy, str(report)
    with pytest.raises(ValueError, match="optimizer= or lr="):
        torch.diagnose(lambda: loss(net(x), y))
    with pytest.raises(ValueError, match="returned no loss"):
        torch.diagnose(lambda: None)


def test_sharpness_is_the_largest_eigenvalue():
    from rushlight.explain.diagnosis import curvature

    torch.manual_seed(1)
    a = torch.randn(6, 6)
    a = a + a.t()
    for sign in (1, -1):
        w = torch.randn(6, requires_grad=True)
        loss = sign * (w @ a @ w) / 2
        grads = curvature.gradients([loss], [torch.ones(())], [w])
        largest = float(torch.linalg.eigvalsh(sign * a).max())
        assert curvature.Sharpness(np.random.default_rng(0), 500)(grads, [w]) == pytest.approx(largest, rel=0.05)


def test_a_program_that_fails_is_told_from_a_training_that_does(tmp_path):
    script = tmp_path / "broken.py"
    script.write_text("import torch\nnet = torch.nn.Linear(3, 1)\nnet(torch.ones(2, 4)).sum().backward()\n")
    report = of_script(script)
    assert report.findings[0].kind == "error" and "cannot be multiplied" in report.findings[0].title
    assert report.findings[0].line.line == 3


def test_the_command(tmp_path):
    script = HERE.parent / "examples" / "seed_gradients.py"
    run = subprocess.run(
        [sys.executable, "-m", "rushlight", "diagnose", str(script)],
        capture_output=True, text=True, env={**os.environ, "COLUMNS": "200"}, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    assert "1. step size: the step size is too large" in run.stdout and "2 / sharpness = 0.000918" in run.stdout
    assert "progress" not in run.stdout  # what the program prints
    missing = subprocess.run(
        [sys.executable, "-m", "rushlight", "diagnose", str(tmp_path / "no.py")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert missing.returncode == 2 and "can't open file" in missing.stderr


def test_over_how_many_samples_a_loss_is_a_sum():
    from rushlight.explain.diagnosis.signals import Signals
    from rushlight.explain.diagnosis.trace import Trace

    F = nn.functional
    net = nn.Linear(3, 5)

    def one():
        return F.mse_loss(net(torch.randn(3)), torch.zeros(5))

    def many():
        return [one() for _ in range(40)]

    def classes(**how):
        return F.cross_entropy(net(torch.randn(12, 3)), torch.zeros(12).long(), **how)

    for n, loss in (
        (40, sum(many())),
        (40, torch.stack(many()).sum()),
        (1, sum(many()) / 40),
        (1, sum(loss / 40 for loss in many())),
        (1, torch.stack(many()).mean()),
        (1, one() + 0.1 * net.weight.pow(2).sum()),  # different losses
        (12, classes(reduction="sum")),
        (12, classes(reduction="sum", label_smoothing=0.1)),
        (1, classes(reduction="sum") / 12),
        (1, classes()),
        (60, net(torch.randn(12, 3)).pow(2).sum()),
        (1, net(torch.randn(12, 3)).pow(2).sum() / 60),
    ):
        signals = Signals(Trace(), None)
        signals.trace.batch = 12
        signals.of_loss(loss)
        assert signals.trace.summed == n, loss


def test_the_documented_bounds_are_those_of_the_code():
    from rushlight.explain.diagnosis import noise, rates, recurrence, training

    words = {1 / 3: "a third", 1 / 20: "a twentieth", 1 / 1000: "a thousandth", 1 / 2: "half"}
    low, high = training.USUAL_INPUTS
    said = [
        f"rms of the inputs outside {low:g} to {high:g}, features' rms {training.USUAL_SPREAD:g} times their median",
        f"an offset of {training.USUAL_OFFSET:g} standard deviations",
        f"a weight's rms outside 1/{1 / training.USUAL[0]:g} to {training.USUAL[1]:g} times",
        f"makes the signal {training.USUAL_GAIN[1]:g} times larger or {1 / training.USUAL_GAIN[0]:g} times smaller",
        f"for an rms {training.FAR:g} times outside it is enough that the loss then starts at less than {words[training.LOWER]}",
        f"above {training.FAR:g} times it is enough that the loss then starts at less than {words[training.LOWER]}",
        f"{100 * training.DEAD:g} % of a relu's units zero",
        f"below 1/{1 / training.USUAL_FLOW[0]:g} or above {training.USUAL_FLOW[1]:g} times that at the last",
        f"to the power of the length outside 1/{1 / recurrence.USUAL_MEMORY[0]:g} to {recurrence.USUAL_MEMORY[1]:g}",
        f"single gradients {training.SPIKE:g} times the median",
        f"updates above {100 * rates.LARGE_UPDATE:g} % of the weights",
        f"below {words[rates.FAR_BELOW]} of the bound (without one: updates below {100 * rates.SMALL_UPDATE:g} %)",
        f"a schedule below 1/{1 / rates.SHRUNK:g} of its largest",
        f"is {noise.NOISY:g} times the square of their mean",
        f"at {noise.FEW_TIMES} times or, if that leaves it open, at up to {noise.MOST_TIMES}",
        f"must cost {words[noise.PART]} of what calmer steps gain, and {words[noise.VISIBLE]} of the loss",
    ]
    text = " ".join((HERE.parent / "docs" / "diagnosis.md").read_text().split())
    assert [phrase for phrase in said if phrase not in text] == []
