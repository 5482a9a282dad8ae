"""`rushlight.init`: distributions are recognised, initialisers found, signals measured; nothing is changed."""

import math
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import rushlight as torch
import rushlight.nn as nn
from rushlight.init import WAYS, compare, examples, report
from rushlight.init.distributions import identify, recognise


def drawn(fill, *shape):
    torch.manual_seed(3)
    w = torch.empty(*shape)
    fill(w)
    return w.numpy()


FANS = (200, 100)  # of a weight of 100 x 200

#: How it is filled -> the family that is seen, the initialiser that is found, the standard deviation that it should have.
CASES = {
    "uniform 0 to 1": (nn.init.uniform_, "uniform", "uniform_(0, 1)", 1 / math.sqrt(12)),
    "uniform": (lambda w: nn.init.uniform_(w, -0.05, 0.05), "uniform", "uniform_(-0.05, 0.05)", 0.05 / math.sqrt(3)),
    "default": (
        lambda w: nn.init.kaiming_uniform_(w, a=math.sqrt(5)), "uniform", "default, ±1/sqrt(fan_in)", 1 / math.sqrt(600),
    ),
    "normal": (nn.init.normal_, "normal", "normal_()", 1.0),
    "small normal": (lambda w: nn.init.normal_(w, std=0.02), "normal", "normal_(std=0.02)", 0.02),
    "Xavier uniform": (nn.init.xavier_uniform_, "uniform", "xavier_uniform_()", math.sqrt(2 / 300)),
    "Xavier normal": (nn.init.xavier_normal_, "normal", "xavier_normal_()", math.sqrt(2 / 300)),
    "Xavier for tanh": (
        lambda w: nn.init.xavier_normal_(w, gain=5 / 3), "normal", "xavier_normal_(gain=1.67)", 5 / 3 * math.sqrt(2 / 300),
    ),
    "Kaiming uniform": (
        lambda w: nn.init.kaiming_uniform_(w, nonlinearity="relu"), "uniform", "kaiming_uniform_(nonlinearity='relu')", 0.1,
    ),
    "Kaiming normal": (
        lambda w: nn.init.kaiming_normal_(w, nonlinearity="relu"), "normal", "kaiming_normal_(nonlinearity='relu')", 0.1,
    ),
    "Kaiming normal by fan_out": (
        lambda w: nn.init.kaiming_normal_(w, mode="fan_out", nonlinearity="relu"),
        "normal", "kaiming_normal_(nonlinearity='relu', mode='fan_out')", math.sqrt(2 / 100),
    ),
    "truncated normal": (
        lambda w: nn.init.trunc_normal_(w, std=0.5, a=-1, b=1), "truncated normal", "trunc_normal_(std=0.5", 0.5 * 0.8796,
    ),
    "orthogonal": (nn.init.orthogonal_, "orthogonal", "orthogonal_()", 1 / math.sqrt(200)),
    "sparse": (lambda w: nn.init.sparse_(w, 0.9), "sparse", "sparse_()", 0.01 * math.sqrt(0.1)),
    "identity": (nn.init.eye_, "identity", "eye_()", None),
    "zeros": (nn.init.zeros_, "constant", "zeros_()", 0.0),
    "ones": (nn.init.ones_, "constant", "ones_()", 0.0),
    "Bernoulli": (lambda w: w.copy_(torch.bernoulli(torch.full_like(w, 0.3))), "Bernoulli", "torch.bernoulli", None),
    "the notebook's Bernoulli": (
        lambda w: w.copy_(torch.bernoulli(torch.empty_like(w).uniform_(0, 1))), "Bernoulli", "torch.bernoulli", 0.5,
    ),
    "multinomial": (
        lambda w: w.copy_(torch.multinomial(torch.ones(12), w.numel(), replacement=True).reshape(w.shape)),
        "whole numbers", "torch.multinomial", math.sqrt(143 / 12),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_what_was_drawn_is_recognised(case):
    fill, family, by, std = CASES[case]
    array = drawn(fill, 100, 200)
    seen, initialiser = identify(array, FANS, None)
    assert seen.name == family
    assert initialiser.text.startswith(by)
    if std is not None:
        assert initialiser.std == pytest.approx(std, rel=0.05, abs=1e-12)
        assert array.std() == pytest.approx(initialiser.std, rel=0.05, abs=1e-12)


def test_a_convolution_that_hands_on():
    for groups in (1, 2):
        array = drawn(lambda w, groups=groups: nn.init.dirac_(w, groups), 8, 4, 3, 3)
        assert recognise(array)[0].name == "dirac"


def test_what_is_none_of_them():
    x = np.random.default_rng(0).standard_exponential((100, 200))
    assert recognise(x)[0].name == "unknown"
    assert identify(x, FANS, None)[1] is None
    assert recognise(np.array([1.0, np.nan]))[0].name == "not finite"


def test_masked_weights_are_not_sparse():
    array = drawn(nn.init.normal_, 100, 200) * (np.random.default_rng(0).random((100, 200)) > 0.5)
    assert recognise(array)[0].name == "masked"


@pytest.mark.parametrize("seed", range(5))
def test_defaults_of_all_layers_are_found(seed):
    torch.manual_seed(seed)
    net = nn.ModuleDict(
        {
            "a": nn.Linear(30, 20),
            "b": nn.Conv2d(3, 8, 3),
            "c": nn.LSTM(10, 20),
            "d": nn.BatchNorm1d(4),
            "e": nn.Embedding(50, 9),
        }
    )
    found = {row.name: row.drawn.text for row in report(net).rows}
    assert found["a.weight"] == found["a.bias"] == found["b.weight"] == found["b.bias"] == "default, ±1/sqrt(fan_in)"
    assert {text for name, text in found.items() if name.startswith("c.")} == {"default, ±1/sqrt(hidden)"}
    assert (found["d.weight"], found["d.bias"], found["e.weight"]) == ("ones_()", "zeros_()", "normal_()")


def test_densities_are_densities():
    x = np.linspace(-8, 8, 16001)
    for case in ("uniform 0 to 1", "normal", "truncated normal"):
        density = recognise(drawn(CASES[case][0], 100, 200))[0].density(x)
        assert np.trapezoid(density, x) == pytest.approx(1, rel=0.01)


# --- the flow ---------------------------------------------------------------------------------------------------------
def relus(depth, fill):
    torch.manual_seed(0)
    net = nn.Sequential(*(layer for _ in range(depth) for layer in (nn.Linear(128, 128), nn.ReLU())), nn.Linear(128, 1))
    for module in net:
        if isinstance(module, nn.Linear):
            fill(module.weight)
            nn.init.zeros_(module.bias)
    return net


def test_the_signal_is_that_of_theory():
    found = report(relus(4, lambda w: nn.init.normal_(w, std=math.sqrt(2 / 128)))).flow
    linear = [layer for layer in found.layers if layer.kind == "Linear"][:-1]
    assert found.shape == (32, 128)
    assert found.following == {"0": "relu", "2": "relu", "4": "relu", "6": "relu"}
    for layer in linear:  # He et al.: the second moment before each relu is 2 for a standard normal input
        assert layer.signal == pytest.approx(math.sqrt(2), rel=0.25)


@pytest.mark.parametrize("std, word", [(0.01, "vanishes"), (1.0, "explodes")])
def test_suggestions_for_scales_that_do_not_suit(std, word):
    suggestions = report(relus(4, lambda w: nn.init.normal_(w, std=std))).suggestions
    assert any(f"The signal {word}" in line for line in suggestions)


def test_a_scale_that_suits_gets_no_suggestion():
    assert report(relus(6, lambda w: nn.init.kaiming_normal_(w, nonlinearity="relu"))).suggestions == []


def test_the_default_before_many_relus():
    suggestions = report(relus(6, lambda w: nn.init.kaiming_uniform_(w, a=math.sqrt(5)))).suggestions
    assert suggestions[0].startswith("The signal vanishes")
    assert "0.weight: before relu a gain (std * sqrt(fan_in)) of 1.41 keeps the signal, and it is 0.5" in suggestions[1]


def test_suggestions_for_what_cannot_learn():
    net = nn.Sequential(nn.Linear(20, 10), nn.Linear(10, 10), nn.Linear(10, 5))
    nn.init.constant_(net[0].weight, 0.1)
    nn.init.uniform_(net[1].weight)
    with torch.no_grad():
        net[2].weight[0, 0] = math.nan
    lines = report(net).suggestions
    assert re.match(r"0.weight: all elements are 0.1, so all units", lines[0])
    assert re.match(r"1.weight: its mean is 0.\d+", lines[1])
    assert re.match(r"2.weight: it holds inf or nan", lines[2])


def test_model_and_stream_stay_as_they_are():
    net = nn.Sequential(nn.Conv1d(2, 4, 3), nn.BatchNorm1d(4), nn.Dropout(0.5), nn.ReLU(inplace=True))
    before = {name: value.clone() for name, value in net.state_dict().items()}
    torch.manual_seed(7)
    state = torch.get_rng_state()
    report(net)
    compare(net)
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(before[name], value) for name, value in net.state_dict().items())
    assert all(p.grad is None for p in net.parameters())
    assert net.training and not net._forward_hooks


def test_inputs():
    class Two(nn.Module):
        def __init__(self):
            super().__init__()
            self.a = nn.Linear(3, 2)

        def forward(self, x, y):
            return self.a(x) + y

    assert "say input=" in report(Two()).note  # the parameters are reported, a signal is not sent
    assert report(Two(), (torch.ones(4, 3), torch.ones(2))).flow.shape == (4, 3)
    assert report(nn.Linear(3, 2), (7, 3)).flow.shape == (7, 3)
    assert report(nn.Sequential(nn.Embedding(9, 4), nn.Linear(4, 2))).flow.layers[0].kind == "Embedding"
    image = nn.Sequential(nn.Conv2d(1, 2, 5), nn.Flatten(), nn.Linear(2 * 24 * 24, 3))
    assert report(image).flow.shape == (32, 1, 28, 28)  # the size that the linear layer takes is found
    with pytest.raises(RuntimeError):
        report(nn.Linear(3, 2), (7, 4))
    with pytest.raises(TypeError, match="model must be a torch.nn.Module, but got Tensor"):
        report(torch.ones(3))


def test_a_recurrent_layer_shows_its_first_and_last_step():
    names = [layer.name for layer in report(examples()["RNN"]).flow.layers]
    assert names == ["first, step 1", "first, step 16", "second, step 1", "second, step 16", "out"]


# --- by distribution ----------------------------------------------------------------------------------------------------
def test_distributions_compared():
    torch.manual_seed(0)
    rows = {row.way: row for row in compare(examples()["DNN"]).rows}
    assert set(rows) == set(WAYS)
    assert rows["Kaiming normal"].verdict == "keeps both"
    assert (
        rows["normal, std 1"].verdict
        == rows["uniform 0 to 1"].verdict
        == rows["Bernoulli, p = 0.5"].verdict
        == "signal explodes"
    )
    assert rows["normal, std 0.01"].verdict == "signal vanishes"
    assert rows["multinomial, 10 classes"].mean == pytest.approx(4.5, abs=0.1)
    assert rows["Bernoulli, p = 0.5"].std == pytest.approx(0.5, abs=0.01)


def test_verdicts():
    net = nn.Sequential(nn.Linear(8, 8), nn.Tanh(), nn.Linear(8, 1))
    ways = {"zero": nn.init.zeros_, "huge": lambda w: nn.init.constant_(w, 1e3)}
    assert [row.verdict for row in compare(net, ways=ways).rows] == ["no signal", "signal explodes"]
    torch.manual_seed(0)
    stuck = nn.Sequential(*[layer for _ in range(6) for layer in (nn.Linear(64, 64), nn.Tanh())])
    assert [row.verdict for row in compare(stuck, ways={"positive": nn.init.uniform_}).rows] == ["gradient vanishes"]


# --- shown --------------------------------------------------------------------------------------------------------------
def test_text_and_html(tmp_path):
    pytest.importorskip("rich")
    net = relus(1, nn.init.orthogonal_)
    text = str(report(net))
    assert "orthogonal, gain 1" in text and "0.weight" in text and "128x128" in text and "█" in text
    assert "Kaiming normal" in str(compare(net))
    assert (
        "<table>" in report(net)._repr_html_() and "<table>" in compare(net, ways={"one": nn.init.ones_})._repr_html_()
    )


def test_pictures(tmp_path):
    pytest.importorskip("matplotlib")
    net = relus(1, nn.init.normal_)
    found = report(net)
    found.save(tmp_path / "init.html")
    page = (tmp_path / "init.html").read_text()
    assert page.count("<svg") == 1 and "0.weight" in page
    assert not re.search(r'(src|href)="(?!#)', page)
    assert len([axes for axes in found.figure().axes if axes.get_title()]) == 3  # two weights and the signal
    assert len(compare(net, ways={"a": nn.init.normal_, "b": nn.init.uniform_}).figure().axes[0].lines) == 2


def test_without_matplotlib(monkeypatch, tmp_path):
    from rushlight import pictures

    monkeypatch.setattr(pictures, "possible", lambda: False)
    with pytest.raises(ImportError, match="rushlight\\[plots\\]"):
        report(nn.Linear(2, 2)).save(tmp_path / "init.html")
    assert "<svg" not in report(nn.Linear(2, 2))._repr_html_()


# --- the command --------------------------------------------------------------------------------------------------------
def command(*arguments, folder):
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}
    return subprocess.run(
        [sys.executable, "-m", "rushlight", "init", *arguments], capture_output=True, text=True, env=env, cwd=folder
    )


def test_a_program_runs_until_it_calls_its_model(tmp_path):
    pytest.importorskip("rich")
    (tmp_path / "program.py").write_text(
        "import torch\nprint('begins')\nnet = torch.nn.Linear(5, 2)\nnet(torch.ones(3, 5))\nprint('goes on')\n"
    )
    done = command("program.py", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("begins\nWeights of Linear")
    assert "input of 3x5" in done.stdout and "default, ±1/sqrt(fan_in)" in done.stdout
    assert "goes on" not in done.stdout


def test_a_program_without_a_model(tmp_path):
    (tmp_path / "program.py").write_text("import torch\ntorch.ones(1)\n")
    done = command("program.py", folder=tmp_path)
    assert (done.returncode, done.stderr) == (1, "init: the program has called no model with parameters\n")


def test_without_a_program_the_distributions_are_compared(tmp_path):
    pytest.importorskip("rich")
    done = command(folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert [line[:4] for line in done.stdout.splitlines() if line[3:5] == ": "] == ["DNN:", "CNN:", "RNN:"]
    assert done.stdout.count("Bernoulli") == done.stdout.count("multinomial") == 3
