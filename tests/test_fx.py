"""Tracing leaves the program as it was; graphs refuse what is wrong; the rest is in tests/surface/fx_trace.py."""

import operator

import pytest

import rushlight as torch
from rushlight import fx

nn = torch.nn
relu = torch.relu


def test_tracing_puts_everything_back():
    before = nn.Module.__call__, nn.Module.__getattr__, torch.relu, torch.cat, nn.functional.pad, operator.add
    gm = fx.symbolic_trace(lambda x: relu(torch.cat([x, nn.functional.pad(x, (1, 1))])))
    assert [n.target for n in gm.graph.nodes if n.op == "call_function"] == [nn.functional.pad, torch.cat, torch.relu]
    with pytest.raises(ZeroDivisionError):
        fx.symbolic_trace(lambda x: 1 // 0)
    after = nn.Module.__call__, nn.Module.__getattr__, torch.relu, torch.cat, nn.functional.pad, operator.add
    assert all(a is b for a, b in zip(before, after, strict=True)) and relu is torch.relu


def test_gradients_flow_through_a_traced_module():
    net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))
    gm = fx.symbolic_trace(net)
    x = torch.randn(5, 3)
    gm(x).sum().backward()
    assert gm.get_parameter("0.weight") is net[0].weight and net[0].weight.grad.abs().sum() > 0


def test_lint_finds_what_is_wrong():
    graph = fx.Graph()
    x = graph.placeholder("x")
    y = graph.call_function(operator.neg, (x,))
    graph.output(y)
    graph.lint()
    y.append(x)
    with pytest.raises(RuntimeError, match="was used before it has been defined"):
        graph.lint()
    with pytest.raises(RuntimeError, match="wrong graph"):
        fx.Graph().erase_node(graph.call_function(operator.neg, (1,)))


def test_nodes_check_their_targets():
    graph = fx.Graph()
    with pytest.raises(ValueError, match="a Callable is expected"):
        graph.call_function("neg", ())
    with pytest.raises(ValueError, match="a str is expected"):
        graph.create_node("call_method", torch.neg)


def test_a_missing_target_is_named():
    graph = fx.Graph()
    graph.output(graph.call_module("nowhere.to_be_found", (graph.placeholder("x"),)))
    gm = fx.GraphModule(nn.Module(), graph)
    with pytest.raises(RuntimeError, match="references nonexistent attribute nowhere"):
        gm.graph.lint()
    with pytest.raises(RuntimeError, match="nonexistent target nowhere"):
        fx.Interpreter(gm).run(torch.ones(1))


def test_patterns_do_not_match_what_is_used_elsewhere():
    gm = fx.symbolic_trace(lambda x: torch.relu(torch.neg(x)) + torch.neg(x).exp())
    assert len(fx.replace_pattern(gm, lambda x: torch.relu(torch.neg(x)), lambda x: torch.sigmoid(x))) == 1
    assert torch.allclose(gm(torch.ones(1)), torch.sigmoid(torch.ones(1)) + torch.exp(torch.tensor(-1.0)))

    def shared(x):
        y = torch.neg(x)
        return torch.relu(y) + y

    gm = fx.symbolic_trace(shared)
    assert fx.replace_pattern(gm, lambda x: torch.relu(torch.neg(x)), lambda x: x) == []


def test_calls_on_proxies_that_nobody_traces():
    functions = torch.cat, torch.split, torch.nn.functional.dropout, torch.max
    graph = fx.Graph()
    tracer = fx.proxy.GraphAppendingTracer(graph)
    x, y = (fx.Proxy(graph.placeholder(name), tracer) for name in "xy")
    a = torch.nn.functional.dropout(torch.split(torch.cat([x, y], 1), 2, 1)[0], training=False)
    graph.output(torch.max(a, 1)[0].node)
    targets = [n.target for n in graph.nodes if n.op == "call_function"]
    assert [t for t in targets if t is not operator.getitem] == list(functions)
    assert fx.GraphModule(torch.nn.Module(), graph)(torch.ones(3, 1), torch.zeros(3, 1)).tolist() == [1.0, 1.0, 1.0]


def test_functions_are_as_before_when_the_last_proxy_is_gone():
    before = torch.relu.__code__, torch.cat.__code__
    x = fx.Proxy(fx.Graph().placeholder("x"))
    assert torch.relu(x).node.target is torch.relu and torch.relu.__code__ is not before[0]
    assert torch.cat([torch.ones(1)]).tolist() == [1.0]  # calls without proxies are made
    # within a trace, and in autocast's doors, while the proxy lives
    assert (
        fx.symbolic_trace(lambda z: torch.nn.functional.dropout(z, training=False) + 1)(torch.tensor(-1.0)).item() == 0
    )
    with torch.autocast("cpu"):
        assert torch.mm(torch.ones(1, 1), torch.ones(1, 1)).dtype == torch.bfloat16
    del x
    assert (torch.relu.__code__, torch.cat.__code__) == before
    assert torch.mm(torch.ones(1, 1), torch.ones(1, 1)).dtype == torch.float32


@pytest.mark.parametrize(
    "layer", [torch.nn.LeakyReLU(0.2), torch.nn.SiLU(), torch.nn.Mish(), torch.nn.Hardswish(), torch.nn.Hardsigmoid()]
)
def test_activations_are_spelled_out(layer):
    name = layer._get_name().lower().replace("leakyrelu", "leaky_relu")
    slope = "negative_slope = 0.2, " if name == "leaky_relu" else ""
    traced = fx.symbolic_trace(layer)
    assert f"{name}(input_1, {slope}inplace = False)" in traced.code
    x = torch.linspace(-3, 3, 7)
    assert torch.equal(traced(x), layer(x))
