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


# --- what packages that are built on torch name of its inside -----------------------------------------------------------
def test_registration_hooks():
    from rushlight.nn import module as inside

    seen = []
    handles = [
        inside.register_module_parameter_registration_hook(lambda m, name, p: seen.append(name)),
        inside.register_module_buffer_registration_hook(lambda m, name, b: b + 1),
        inside.register_module_module_registration_hook(lambda m, name, child: nn.Identity()),
    ]
    try:
        holder = nn.Module()
        holder.register_buffer("b", torch.zeros(2))
        holder.child = nn.Linear(1, 1)
    finally:
        for handle in handles:
            handle.remove()
    assert seen == ["weight", "bias"] and holder.b.tolist() == [1, 1] and isinstance(holder.child, nn.Identity)
    holder.child = nn.Linear(1, 1)
    assert isinstance(holder.child, nn.Linear)


def test_tensors_of_modules_are_swapped():
    from rushlight.nn.utils._named_member_accessor import swap_tensor

    m, t = nn.Linear(1, 1), torch.ones(1)
    before = m.weight
    assert swap_tensor(m, "weight", t) is before and m.weight is t
    with pytest.raises(AttributeError, match="has no attribute `other`"):
        swap_tensor(m, "other", t)


def test_limits_of_python_types():
    assert torch.finfo(float).dtype == "float64" and torch.iinfo(int).max == 2**63 - 1
    with pytest.raises(TypeError, match="requires a floating point input type"):
        torch.finfo(int)


def test_the_line_search_by_name():
    from rushlight.optim.lbfgs import _cubic_interpolate, _strong_wolfe

    def look(x, t, d):
        at = x + t * d
        return float((at**2).sum()), 2 * at

    x = torch.tensor([3.0, -1.0])
    loss, gradient = look(x, 0.0, -x)
    d = -gradient
    found, slope, t, calls = _strong_wolfe(look, x, 1.0, d, loss, gradient, gradient.dot(d))
    assert t == pytest.approx(0.5) and found == pytest.approx(0, abs=1e-9) and calls == 2 and slope.abs().max() < 1e-6
    assert _cubic_interpolate(0.0, 1.0, -2.0, 1.0, 1.0, 2.0) == pytest.approx(0.5)


def test_a_list_of_operands_is_spread_in_a_graph():
    graph = torch.fx.symbolic_trace(lambda a, b: torch.einsum("i,i", [a, b]))
    assert [len(n.args) for n in graph.graph.nodes if n.op == "call_function"] == [3]


def test_names_that_the_stand_in_has_not_are_import_errors():
    from rushlight.compat.vision import datasets

    assert not hasattr(datasets, "Places365")
    with pytest.raises(ImportError):
        from rushlight.compat.vision.datasets import Places365  # noqa: F401
