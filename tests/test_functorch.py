"""``functorch`` as it comes with torch: ``torch.func`` by its older names, and modules as functions of their parameters."""

import sys

import pytest

import rushlight as torch
import rushlight.nn as nn
from rushlight._C import _functorch
from rushlight.autograd.functional import _construct_standard_basis_for
from rushlight.compat import alias


@pytest.fixture
def functorch():
    alias.install_as_torch()
    try:
        import functorch

        yield functorch
    finally:
        alias.uninstall()
    assert "functorch" not in sys.modules


def warned(function, *args, **options):
    with pytest.warns(FutureWarning, match=r"`functorch\.\w+` is deprecated as of PyTorch 2\.0"):
        return function(*args, **options)


def test_modules_as_functions(functorch):
    m, x = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1)), torch.randn(4, 2)
    function, parameters = warned(functorch.make_functional, m)
    assert torch.equal(function(parameters, x), m(x))
    assert function.param_names == ("0.weight", "0.bias", "2.weight", "2.bias") and parameters[0] is not m[0].weight
    assert all(isinstance(p, nn.Parameter) and p.requires_grad for p in parameters)
    assert isinstance(function, functorch.FunctionalModule)
    _, constants = warned(functorch.make_functional, m, disable_autograd_tracking=True)
    assert not any(p.requires_grad for p in constants)


def test_buffers_and_shared_weights(functorch):
    m, x = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3)).eval(), torch.randn(4, 2)
    with pytest.raises(RuntimeError, match="has buffers. Please use make_functional_with_buffers"):
        functorch.make_functional.__wrapped__(m)
    function, parameters, buffers = warned(functorch.make_functional_with_buffers, m)
    assert torch.equal(function(parameters, buffers, x), m(x)) and len(buffers) == 3
    t = nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 2))
    t[2].weight = t[0].weight
    function, parameters = warned(functorch.make_functional, t)
    assert function.names_map == {"0.weight": ["0.weight", "2.weight"], "0.bias": ["0.bias"], "2.bias": ["2.bias"]}
    assert torch.equal(function(parameters, x), t(x))


def test_ensembles(functorch):
    models, x = [nn.Linear(2, 1) for _ in range(3)], torch.randn(4, 2)
    function, parameters, buffers = warned(functorch.combine_state_for_ensemble, models)
    out = warned(functorch.vmap, function, in_dims=(0, 0, None))(parameters, buffers, x)
    assert torch.allclose(out, torch.stack([m(x) for m in models]))
    with pytest.raises(RuntimeError, match="Expected at least one model, got 0"):
        functorch.combine_state_for_ensemble.__wrapped__([])


def test_transformations(functorch):
    assert warned(functorch.grad, lambda z: (z**2).sum())(torch.ones(2)).tolist() == [2, 2]
    assert functorch.make_fx(torch.sin)(torch.ones(2))(torch.zeros(2)).tolist() == [0, 0]


def test_questions_about_tensors():
    seen = []

    def look(z):
        seen.append(
            (
                _functorch.is_batchedtensor(z), _functorch.is_functorch_wrapped_tensor(z), _functorch.is_gradtrackingtensor(z),
                _functorch.maybe_get_level(z), _functorch.maybe_get_bdim(z),
            )
        )  # fmt: skip
        return z.sum()

    torch.func.vmap(look)(torch.ones(2, 3))
    torch.func.grad(look)(torch.ones(3))
    look(torch.ones(2))
    assert seen == [(True, True, False, 1, 0), (False, True, True, 1, -1), (False, False, False, -1, -1)]
    assert _functorch.peek_interpreter_stack() is None


def test_the_standard_basis():
    first, second = _construct_standard_basis_for((torch.zeros(2), torch.zeros(1, 2)), (2, 2))
    assert first.tolist() == [[1, 0], [0, 1], [0, 0], [0, 0]] and second.tolist() == [[0, 0], [0, 0], [1, 0], [0, 1]]
