"""Optimizers go PyTorch's course, count, print and fail as PyTorch's; hooks, state, schedulers, averages."""

from __future__ import annotations

import copy
import json
import pickle
from pathlib import Path

import numpy as np
import pytest
from optim_cases import BAD, OPTIMIZERS, SCHEDULERS, attempt, course, parameters, run, schedule

import rushlight as torch
from rushlight import nn, optim

GOLDEN = json.loads((Path(__file__).parent / "golden" / "optim.json").read_text())


def same(got, want):
    """Equal, numbers to 1e-9."""
    if isinstance(want, dict):
        assert list(got) == list(want)
        for key in want:
            same(got[key], want[key])
    elif isinstance(want, list):
        assert len(got) == len(want)
        for a, b in zip(got, want, strict=True):
            same(a, b)
    elif isinstance(want, float) and not isinstance(want, bool):
        assert got == pytest.approx(want, rel=1e-9, abs=1e-12)
    else:
        assert got == want


@pytest.mark.parametrize("case", OPTIMIZERS)
def test_course_as_recorded(case):
    same(course(torch, case), GOLDEN["optimizers"][case])


@pytest.mark.parametrize("case", SCHEDULERS)
def test_schedule_as_recorded(case):
    same(json.loads(json.dumps(schedule(torch, case))), GOLDEN["schedulers"][case])


@pytest.mark.parametrize("case", BAD)
def test_bad_calls(case):
    kind, phrase = BAD[case]
    with pytest.raises(kind) as caught:
        attempt(torch, case)
    assert phrase in str(caught.value)


@pytest.mark.parametrize("case", ["SGD(p, lr=0.1, momentum=0.9)", "Adam(p)", "NAdam(p)", "ASGD(p)", "LBFGS(p)"])
def test_small_parameters_together_or_alone(case, monkeypatch):
    monkeypatch.setattr(optim.formula, "SMALL", 0)
    _, alone = run(torch, case)
    monkeypatch.setattr(optim.formula, "SMALL", 10**6)
    _, together = run(torch, case)
    for a, b in zip(alone, together, strict=True):
        np.testing.assert_array_equal(a.detach().numpy(), b.detach().numpy())


def test_parameters_that_share_memory_are_changed_one_after_another():
    base = torch.ones(4)
    p, q = nn.Parameter(base), nn.Parameter(base)
    o = optim.Adam([p, q], lr=1.0)
    p.grad = q.grad = torch.ones(4)
    o.step()
    assert base.tolist() == pytest.approx([-1.0] * 4, abs=1e-6)


def test_complex_parameters_are_pairs_of_numbers():
    values = np.array([1 + 2j, -3j], np.complex64)
    p, q = (
        nn.Parameter(torch.from_numpy(values.copy())),
        nn.Parameter(torch.view_as_real(torch.from_numpy(values)).clone()),
    )
    for x, g in ((p, torch.from_numpy(values)), (q, torch.view_as_real(torch.from_numpy(values)))):
        x.grad = g
        o = optim.Adam([x], lr=0.1)
        for _ in range(3):
            o.step()
    np.testing.assert_allclose(torch.view_as_real(p.detach()).numpy(), q.detach().numpy())


@pytest.mark.parametrize(
    "name", ["SGD", "Adam", "RMSprop", "Adagrad", "Adadelta", "Adamax", "NAdam", "RAdam", "ASGD", "Rprop"]
)
def test_differentiable_steps(name):
    """The derivative of a parameter after two steps by a factor of the gradient, against a difference quotient."""

    def after(scale):
        p = (torch.ones(3, dtype=torch.float64).requires_grad_() * torch.tensor([1.0, 2.0, 3.0])).clone()
        options = {"momentum": 0.9} if name == "SGD" else {"amsgrad": True} if name == "Adam" else {}
        o = getattr(optim, name)([p], lr=0.1, differentiable=True, **options)
        for i in range(2):
            p.grad = torch.tensor([0.5, -0.7, 0.2], dtype=torch.float64) * scale + 0.3 * i
            o.step()
        return p.sum()

    scale = torch.tensor(1.5, dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(after(scale), scale)
    h = 1e-6
    quotient = (after(scale.detach() + h) - after(scale.detach() - h)).item() / (2 * h)
    assert slope.item() == pytest.approx(quotient, abs=1e-6)


def test_hooks_see_and_change_the_call():
    (p,) = parameters(torch, shapes=((2,),))
    p.grad = torch.ones(2)
    o = optim.SGD([p], lr=0.1)
    seen = []
    first = o.register_step_pre_hook(lambda opt, args, kwargs: seen.append(("pre", args, dict(kwargs))))
    o.register_step_post_hook(lambda opt, args, kwargs: seen.append(("post", args, dict(kwargs))))
    o.step()
    assert seen == [("pre", (o,), {}), ("post", (o,), {})]
    first.remove()
    o.register_step_pre_hook(lambda opt, args, kwargs: (args, {"closure": lambda: 7}))
    assert o.step() == 7
    o.register_step_pre_hook(lambda opt, args, kwargs: 3)
    with pytest.raises(RuntimeError, match="must return None or a tuple of"):
        o.step()


def test_hooks_of_a_subclass_run_once():
    class Mine(optim.SGD):
        def step(self, closure=None):
            return super().step(closure)

    (p,) = parameters(torch, shapes=((2,),))
    o, calls = Mine([p], lr=0.1), []
    o.register_step_post_hook(lambda *a: calls.append(1))
    handle = optim.optimizer.register_optimizer_step_pre_hook(lambda *a: calls.append(0))
    o.step()
    handle.remove()
    o.step()
    assert calls == [0, 1, 1]


def test_state_dict_hooks():
    (p,) = parameters(torch, shapes=((2,),))
    o = optim.SGD([p], lr=0.1)
    o.register_state_dict_post_hook(lambda opt, d: {**d, "extra": 1})
    o.register_load_state_dict_pre_hook(lambda opt, d: {k: v for k, v in d.items() if k != "extra"})
    d = o.state_dict()
    assert d["extra"] == 1
    o.load_state_dict(d)


def test_failed_calls_change_nothing():
    p, q = parameters(torch, shapes=((2,), (2,)))
    o = optim.SGD([p], lr=0.1)
    before = copy.deepcopy(o.state_dict())
    group = {"params": [q, 3]}
    with pytest.raises(TypeError):
        o.add_param_group(group)
    with pytest.raises(ValueError):
        o.load_state_dict({"state": {0: {"x": 1}}, "param_groups": [{"params": [0, 1]}]})
    assert o.state_dict() == before and set(group) == {"params"}
    lbfgs = optim.LBFGS([q])
    value, calls = q.detach().clone(), []

    def closure():
        calls.append(1)
        if len(calls) == 3:
            raise KeyError("stop")
        q.grad = q.detach() + 1
        return (q * q).sum()

    with pytest.raises(KeyError):
        lbfgs.step(closure)
    assert torch.equal(q.detach(), value) and not lbfgs.state


def test_names_go_with_the_state():
    p, q = parameters(torch, shapes=((2,), (2,)))
    o = optim.Adam([("p", p), ("q", q)])
    assert o.state_dict()["param_groups"][0]["param_names"] == ["p", "q"]
    other = optim.Adam([q, p])
    other.load_state_dict(o.state_dict())
    assert other.param_groups[0]["param_names"] == ["p", "q"] and other.param_groups[0]["params"][0] is q


def test_pickle_and_deepcopy():
    p = parameters(torch)
    o = optim.Adam(p)
    optim.lr_scheduler.StepLR(o, 1)
    for x in p:
        x.grad = torch.ones_like(x)
    o.step()
    for again in (pickle.loads(pickle.dumps(o)), copy.deepcopy(o)):
        assert repr(again) == repr(o) and len(again.state) == 3
        again.step()


def test_gradients_set_to_zero_stay_the_same_tensor():
    (p,) = parameters(torch, shapes=((2,),))
    p.grad = kept = torch.ones(2)
    o = optim.SGD([p], lr=0.1)
    o.zero_grad(set_to_none=False)
    assert p.grad is kept and kept.tolist() == [0, 0]
    o.zero_grad()
    assert p.grad is None


def test_overflow_is_silent():
    p = nn.Parameter(torch.full((3,), 3e38))
    p.grad = torch.full((3,), -3e38)
    optim.SGD([p], lr=10.0).step()
    assert p.tolist() == [float("inf")] * 3


def test_scheduler_warnings():
    (p,) = parameters(torch, shapes=((2,),))
    o = optim.SGD([p], lr=0.1)
    s = optim.lr_scheduler.StepLR(o, 1)
    with pytest.warns(UserWarning, match="before `optimizer.step"):
        s.step()
    with pytest.warns(UserWarning, match="epoch parameter"):
        s.step(4)
    with pytest.warns(UserWarning, match="please use `get_last_lr"):
        s.get_lr()
    s = optim.lr_scheduler.StepLR(o, 1)
    o.step = lambda: None
    with pytest.warns(UserWarning, match="has been overridden"):
        s.step()


def test_a_rate_that_is_a_tensor_is_filled():
    (p,) = parameters(torch, shapes=((2,),))
    rate = torch.tensor(1.0)
    o = optim.SGD([p], lr=rate)
    s = optim.lr_scheduler.ExponentialLR(o, 0.5)
    o.step()
    s.step()
    assert rate.item() == 0.5 and s.get_last_lr()[0] is not rate


def test_plateau():
    (p,) = parameters(torch, shapes=((2,),))
    o = optim.SGD([p], lr=1.0)
    s = optim.lr_scheduler.ReduceLROnPlateau(o, patience=1, cooldown=1, min_lr=0.05)
    rates = []
    for metric in (1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.5, torch.tensor(0.6), 0.6, 0.6):
        s.step(metric)
        rates.append(round(o.param_groups[0]["lr"], 6))
    assert rates == [1.0, 1.0, 0.1, 0.1, 0.1, 0.05, 0.05, 0.05, 0.05, 0.05]


def test_averaged_model_and_batch_norm():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
    mean = optim.swa_utils.AveragedModel(model)
    smooth = optim.swa_utils.AveragedModel(model, multi_avg_fn=optim.swa_utils.get_ema_multi_avg_fn(0.9))
    start = model[0].bias.detach().clone()
    for _ in range(3):
        mean.update_parameters(model)
        smooth.update_parameters(model)
        with torch.no_grad():
            for p in model.parameters():
                p += 1
    np.testing.assert_allclose(mean.module[0].bias.detach().numpy(), (start + 1).numpy(), rtol=1e-6)
    np.testing.assert_allclose(smooth.module[0].bias.detach().numpy(), (start + 0.29).numpy(), rtol=1e-6)
    assert mean.n_averaged.item() == 3
    batches = [torch.randn(4, 2) for _ in range(3)]
    optim.swa_utils.update_bn(batches, model)
    wanted = torch.stack([model[0](b).mean(0) for b in batches]).mean(0)
    np.testing.assert_allclose(model[1].running_mean.numpy(), wanted.detach().numpy(), rtol=1e-5)
    assert model[1].momentum == 0.1 and model.training
