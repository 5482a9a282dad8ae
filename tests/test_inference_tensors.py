"""Who writes to a tensor that was made in inference mode, outside of it, is refused, as by torch 2.13."""

import pytest

import rushlight as torch
from rushlight import samples
from rushlight.tensor import Tensor

TARGETS = samples.targets()
REFUSED = "Inplace update to inference tensor outside InferenceMode is not allowed"
#: Element by element in Python, which PyTorch does not ask either; what only looks at a tensor (dropout of nothing).
FREE = {"Tensor.apply_", "Tensor.map_", "Tensor.map2_", "Tensor.share_memory_"}
NAMES = sorted(n for n in TARGETS if n.endswith("_") and not n.endswith("__") and n not in FREE and "dropout" not in n)


def made_inside(x):
    """The tensors of an argument, made in inference mode."""
    if isinstance(x, Tensor):
        with torch.inference_mode():
            return x.clone()
    return type(x)(map(made_inside, x)) if isinstance(x, (tuple, list)) else x


@pytest.mark.parametrize("name", NAMES)
def test_operations(name):
    for sample in TARGETS[name].made(torch, "float32"):
        args = [made_inside(x) for x in sample.args]
        with pytest.raises(RuntimeError, match=REFUSED):
            TARGETS[name].find(torch)(*args, **{n: made_inside(x) for n, x in sample.kwargs.items()})


OPTIMIZERS = ["SGD", "Adam", "AdamW", "RMSprop", "Adagrad", "Adadelta", "Adamax", "NAdam", "RAdam", "ASGD", "Rprop",
              "LBFGS", "Adafactor", "Muon"]  # fmt: skip


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_optimizers(name):
    x = made_inside(torch.ones(3, 2))
    x.grad = torch.ones(3, 2)
    optimizer = getattr(torch.optim, name)([x])
    closure = [lambda: torch.tensor(1.0)] if name == "LBFGS" else []
    with pytest.raises(RuntimeError, match=REFUSED):
        optimizer.step(*closure)
    assert torch.equal(x, torch.ones(3, 2))
    with torch.inference_mode():
        optimizer.step(*closure)
    assert not torch.equal(x, torch.ones(3, 2))


def test_fused_optimizers_ask_nobody():
    x = made_inside(torch.ones(2))
    x.grad = torch.ones(2)
    torch.optim.SGD([x], lr=0.5, fused=True).step()
    assert x.tolist() == [0.5, 0.5]


@pytest.mark.parametrize("name", ["uniform_", "normal_", "trunc_normal_", "ones_", "zeros_", "eye_", "dirac_", "xavier_uniform_",
                                  "xavier_normal_", "kaiming_uniform_", "kaiming_normal_", "orthogonal_"])  # fmt: skip
def test_initialisers(name):
    x = made_inside(torch.full((2, 3, 1) if name == "dirac_" else (2, 3), 5.0))
    with pytest.raises(RuntimeError, match=REFUSED):
        getattr(torch.nn.init, name)(x)
    assert bool((x == 5).all())
    with torch.inference_mode():
        getattr(torch.nn.init, name)(x)
    assert not (x == 5).all()
