"""``detect_nan``: the operation that first gave a NaN or an infinity is named, in forward, backward and optimizers' steps."""

import sys
import threading

import pytest

import rushlight as torch
from rushlight import direct, fast, meeting, nn, op, plain
from rushlight.explain.listening import listening
from rushlight.explain.nonfinite import NonFinite
from rushlight.nn import functional as F


def leaf(*values, dtype=torch.float32):
    return torch.tensor(values, dtype=dtype, requires_grad=True)


def zeros(*shape):
    return torch.zeros(*shape)


big = 3e38


class Norm(nn.Module):
    def forward(self, x):
        return x / x.std(0)


def in_a_module():
    net = nn.Sequential(nn.Linear(3, 3), nn.Sequential(nn.ReLU(), Norm()))
    return net(torch.ones(1, 3))


def masked_rows():
    scores = torch.ones(2, 3, 3)
    return scores.masked_fill(torch.ones(2, 3, 3).bool(), float("-inf")).softmax(-1)


def masked_attention():
    q = torch.ones(1, 2, 4)
    return F.scaled_dot_product_attention(q, q, q, attn_mask=torch.full((2, 2), float("-inf")))


def without_grad():
    with torch.no_grad():
        return torch.ones(2) / 0 - 1


def zero_times_infinity():
    mask = torch.tensor([0.0, 1.0]) * float("-inf")
    return mask + 1


class Users(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * 2

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g / x.abs()


#: name: (what runs, phase, the operation, nan or inf)
FORWARD = {
    "log of zero times zero": (lambda: torch.log(zeros(3)) * 0, "log", "inf"),
    "zero by zero": (lambda: zeros(2) / zeros(2), "div", "nan"),
    "one by zero": (lambda: 1 / zeros(2), "reciprocal", "inf"),
    "infinities that a program has written": (lambda: torch.full((2,), float("inf")) - torch.full((2,), float("inf")), "sub", "nan"),
    "overflow of exp": (lambda: torch.exp(torch.full((2,), 100.0)).sum(), "exp", "inf"),
    "root of a negative number": (lambda: torch.tensor([4.0, -1.0]).sqrt().mean(), "sqrt", "nan"),
    "log of a negative number": (lambda: torch.log(torch.tensor([-1.0])), "log", "nan"),
    "a power": (lambda: torch.tensor([-8.0]) ** (1 / 3), "pow", "nan"),
    "arccosine beyond one": (lambda: torch.acos(torch.tensor(1.0001)), "acos", "nan"),
    "softmax of a masked row": (masked_rows, "softmax", "nan"),
    "zero times infinity": (zero_times_infinity, "mul", "nan"),
    "std of one element": (lambda: torch.ones(1).std() * 2, "std", "nan"),
    "a product of matrices": (lambda: torch.full((2, 2), big) @ torch.ones(2, 2), "mm", "inf"),
    "a linear layer": (lambda: nn.Linear(2, 2, bias=False)(torch.full((1, 2), 1e38)).mul(1e3), "mul", "inf"),
    "a sum": (lambda: torch.full((4,), big).sum(), "sum", "inf"),
    "half precision": (lambda: torch.full((2,), 60000.0).half() * 2, "mul", "inf"),
    "a cast to half": (lambda: torch.full((2,), 70000.0).half(), "to_copy", "inf"),
    "bfloat16": (lambda: torch.full((2,), big).bfloat16() * 2, "mul", "inf"),
    "in place": (lambda: torch.ones(3).div_(0), "div_", "inf"),
    "in place on a view": (lambda: torch.ones(3)[:1].log_().sub_(1).log_(), "log_", "nan"),
    "within no_grad": (without_grad, "div", "inf"),
    "in a module": (in_a_module, "std", "nan"),
    "out=": (lambda: torch.log(zeros(2), out=zeros(2)), "log", "inf"),
    "double precision": (lambda: torch.exp(torch.tensor([800.0], dtype=torch.float64)), "exp", "inf"),
    "a mean of nothing": (lambda: torch.ones(0).mean(), "mean", "nan"),
    "a loss": (lambda: F.mse_loss(torch.full((2,), 1e30), zeros(2)), "mse_loss", "inf"),
    "many elements": (lambda: torch.log(torch.arange(70_000.0)).sum(), "log", "inf"),
    "a loss of nothing": (lambda: F.cross_entropy(torch.randn(2, 3), torch.full((2,), -100)), "nll_loss", "nan"),
    "a running variance below zero": (lambda: F.batch_norm(torch.ones(2, 2), zeros(2), -torch.ones(2)), "batch_norm", "nan"),
    "a convolution": (lambda: F.conv2d(torch.full((1, 1, 3, 3), 1e30), torch.full((1, 1, 3, 3), 1e30)), "convolution", "inf"),
    "pooled means": (lambda: F.avg_pool2d(torch.full((1, 1, 2, 2), big), 2), "avg_pool2d", "inf"),
    "a float and a native operator": (lambda: (torch.ones(2) * 2 - 2) / 0.0, "div", "nan"),
}  # fmt: skip

BACKWARD = {
    "the root's slope at zero": (lambda: leaf(0.0, 1.0).sqrt().sum(), "SqrtBackward0", "inf"),
    "where does not stop it": (lambda: torch.where((x := leaf(0.0, 4.0)) > 0, x.sqrt() * 2, zeros(2)).sum(), "SqrtBackward0", "nan"),
    "a power below one": (lambda: (leaf(0.0, 1.0) ** 0.5).sum(), "PowBackward0", "inf"),
    "a distance of zero": (lambda: ((x := leaf(1.0, 2.0)) - x.detach()).pow(2).sum().sqrt(), "SqrtBackward0", "inf"),
    "a division": (lambda: (1e-30 / leaf(1e-25, 1.0)).sum() * 1e20, "ReciprocalBackward0", "inf"),
    "arcsine at one": (lambda: torch.asin(leaf(1.0, 0.5)).sum(), "AsinBackward0", "inf"),
    "a log near zero": (lambda: torch.log(leaf(1e-40)).sum(), "LogBackward0", "inf"),
    "a product of matrices": (lambda: ((leaf(1e-20, 0.0).view(1, 2) @ torch.full((2, 2), 1e20)) * 1e20).sum(), "MmBackward0", "inf"),
    "half precision": (lambda: (leaf(1e-4, dtype=torch.float16) * 300 * 300).sum(), "MulBackward0", "inf"),
    "the inverse of small": (lambda: leaf(1e-20).reciprocal().sum(), "ReciprocalBackward0", "inf"),
    "logsumexp of nothing": (lambda: torch.logsumexp(leaf(0.0, 0.0) + float("-inf"), 0), "LogsumexpBackward0", "nan"),
    "a function of the user's": (lambda: Users.apply(leaf(0.0, 1.0)).sum(), "div", "inf"),
}  # fmt: skip


@pytest.mark.parametrize("name", FORWARD)
def test_forward(name):
    run, op_name, value = FORWARD[name]
    with pytest.raises(NonFinite) as caught, torch.detect_nan():
        run()
    error = caught.value
    assert (error.phase, error.op, error.value) == ("forward", op_name, value)
    assert error.line.file == __file__ and error.line.text
    assert str(error).startswith(f"{op_name} gave {value}: ")
    assert error.inputs or name == "a mean of nothing"
    assert any(v.nans if value == "nan" else v.infs for v in error.outputs)


def test_arrays_that_are_no_inputs_of_the_graph_are_shown_too():
    with pytest.raises(NonFinite) as caught, torch.detect_nan():
        F.batch_norm(torch.ones(2, 2), zeros(2), -torch.ones(2))
    assert [(v.name, v.low) for v in caught.value.inputs][-2:] == [("running[0]", 0.0), ("running[1]", -1.0)]


@pytest.mark.parametrize("name", BACKWARD)
def test_backward(name):
    run, node, value = BACKWARD[name]
    with pytest.raises(NonFinite) as caught, torch.detect_nan():
        run().backward()
    error = caught.value
    if node == "div":  # what the user's own backward computes
        assert (error.phase, error.op, error.value) == ("backward", node, value)
        return
    assert (error.phase, error.op, error.value) == ("backward", node, value)
    assert str(error).startswith(f"Function '{node}' returned {value} values in its ")
    assert error.line.file == __file__
    assert error.inputs[0].name == "gradient"


def test_a_module_is_named_by_its_path():
    net = nn.Sequential(nn.Linear(3, 3), nn.Sequential(nn.ReLU(), Norm()))
    with pytest.raises(NonFinite) as caught, torch.detect_nan():
        net(torch.ones(1, 3))
    error = caught.value
    assert (error.op, error.module, error.line.text) == ("std", "net.1.1", "return x / x.std(0)")
    assert [(v.shape, v.dtype, v.nans) for v in error.inputs] == [((1, 3), "float32", 0)]
    assert "in      input: float32 [1, 3]  " in str(error) and "  module  net.1.1" in str(error)
    net = nn.Sequential(nn.Linear(3, 3), nn.Sigmoid())
    with pytest.raises(NonFinite) as caught, torch.detect_nan():
        net(torch.ones(1, 3)).sub(1).abs().log().backward(torch.full((1, 3), 3e38))
    assert caught.value.phase == "backward" and caught.value.module == ""


def test_values_and_the_first_place():
    with pytest.raises(
        NonFinite, match=r"div gave nan: 1 of 4 elements, of finite inputs. First at \[1, 0\], of input = 0, other = 0."
    ):
        with torch.detect_nan():
            torch.tensor([[1.0, 2.0], [0.0, 3.0]]) / torch.tensor([[1.0, 1.0], [0.0, 1.0]])


def test_steps_of_optimizers():
    p = nn.Parameter(torch.zeros(2))
    optimizer = torch.optim.Adam([p], eps=0.0)
    with pytest.raises(NonFinite) as caught, torch.detect_nan():
        (p * 0).sum().backward()
        optimizer.step()
    error = caught.value
    assert (error.phase, error.op, error.value) == ("step", "Adam.step", "nan") and "eps=0.0" in str(error)
    q = nn.Parameter(torch.full((2,), 3e38))
    sgd = torch.optim.SGD([q], lr=3e39)
    with pytest.raises(NonFinite, match="SGD.step gave inf"), torch.detect_nan():
        (q * -0.1).sum().backward()
        sgd.step()


def test_an_operation_in_place_that_is_refused_has_written_nothing():
    x = torch.ones(3)
    with pytest.raises(NonFinite), torch.detect_nan():
        x.div_(0)
    assert x.tolist() == [1.0, 1.0, 1.0] and x._version == 0


def test_what_is_written_on_purpose_passes():
    with torch.detect_nan():
        scores = torch.randn(2, 4, 4).masked_fill(torch.triu(torch.ones(4, 4), 1).bool(), float("-inf"))
        scores.softmax(-1).sum()
        q = torch.randn(1, 2, 4, 8)
        F.scaled_dot_product_attention(q, q, q, is_causal=True)
        hole = torch.tensor([1.0, float("nan")])
        assert hole.nan_to_num(0.0).sum() == 1 and torch.nanmean(hole) == 1
        torch.where(torch.tensor([True]), torch.tensor([1.0]), float("nan"))
        torch.full((2,), float("inf")).clamp(max=3.0)
        torch.empty(5), torch.empty_like(hole)


def test_a_healthy_training_passes():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(6, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.2), nn.Linear(8, 3))
    optimizer = torch.optim.AdamW(net.parameters())
    x, y = torch.randn(16, 6), torch.randint(0, 3, (16,))
    with torch.detect_nan():
        for _ in range(3):
            optimizer.zero_grad()
            F.cross_entropy(net(x), y).backward()
            nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimizer.step()


def test_data_that_held_it_is_named_at_backward():
    net = nn.Linear(2, 1)
    x = torch.tensor([[1.0, float("nan")]])
    with pytest.raises(NonFinite, match="was given nan, which no operation in this block has produced") as caught:
        with torch.detect_nan():
            net(x).relu().sum().backward()
    assert caught.value.module == "net" and [v.name for v in caught.value.inputs if v.nans] == ["mat1"]
    loss = net(x).sum()
    with pytest.raises(NonFinite, match="before this block, held nan already"), torch.detect_nan():
        loss.backward()
    with pytest.raises(NonFinite, match="it was given to backward"), torch.detect_nan():
        (leaf(1.0) * 2).backward(torch.tensor([float("inf")]))


def test_only_nan():
    with torch.detect_nan(inf=False):
        torch.log(zeros(2))
    with pytest.raises(NonFinite) as caught, torch.detect_nan(inf=False):
        torch.log(zeros(2)) * 0
    assert caught.value.op == "mul" and "of inputs with infinities" in str(caught.value)


def test_a_gradient_that_is_spoilt_between_backward_and_step():
    p = torch.nn.Parameter(torch.ones(2))
    optimizer = torch.optim.SGD([p], lr=0.1)
    with pytest.raises(NonFinite, match="holds nan at the step, and no operation in this block gave it") as caught:
        with torch.detect_nan(inf=False):
            (p * torch.tensor([3e38, 1.0]) * 10).sum().backward()
            torch.nn.utils.clip_grad_norm_([p], 1.0)
            optimizer.step()
    assert caught.value.phase == "step" and p.tolist() == [1.0, 1.0]


def test_operations_of_a_functions_backward_are_in_backward():
    class Half(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x / 2

        @staticmethod
        def backward(ctx, g):
            return g / (g - g)

    with pytest.raises(NonFinite, match="div gave inf.*It ran in 'HalfBackward'") as caught, torch.detect_nan():
        Half.apply(leaf(1.0) * 1).sum().backward()
    assert caught.value.phase == "backward" and "g / (g - g)" in caught.value.line.text


def test_the_first_backward_frees_the_graph_as_ever():
    x = leaf(2.0)
    y = (x.exp() * x).sum()
    with torch.detect_nan():
        y.backward()
        with pytest.raises(RuntimeError, match="backward through the graph a second time"):
            y.backward()
    assert x.grad.item() == pytest.approx(2.718281828**2 * 3, rel=1e-6)


def test_a_decorator():
    @torch.detect_nan()
    def step(x):
        return 1 / x

    assert step(torch.ones(1)).item() == 1
    with pytest.raises(NonFinite):
        step(torch.zeros(1))


def names():
    return (
        plain.is_rare,
        fast.quietly,
        direct.quietly,
        direct.is_rare,
        direct.written_by_loop,
        meeting.is_rare,
        op.evaluate,
        plain.entries.wanted,
        plain.asks_entries,
        *map(vars(torch.Tensor).get, ("__add__", "__mul__")),
    )


def test_off_it_costs_nothing():
    """Not a name that a call looks up is another one, before, after, and after an error: the paths are the same code."""
    before = names()
    with torch.detect_nan():
        assert names() != before
        with torch.detect_nan():
            torch.ones(2) * 2
        assert names() != before
    assert names() == before
    with pytest.raises(NonFinite), torch.detect_nan():
        zeros(1).log()
    assert names() == before
    zeros(1).log()
    from rushlight.autograd import mode

    assert mode.recording() == mode.ON and mode.watchers.get() == () and mode.node_runner.get() is None


def test_native_operators_step_aside():
    pytest.importorskip("llvmlite")
    entry_points = pytest.importorskip("rushlight.entry_points")
    python = {name: vars(torch.Tensor)[name] for name in entry_points.METHODS}
    was = dict(entry_points.replaced)
    try:
        if not was and not entry_points.install():
            pytest.skip("no native operators here")
        native = vars(torch.Tensor)["__truediv__"]
        with pytest.raises(NonFinite) as caught, torch.detect_nan():
            torch.ones(2) / zeros(2)
        assert caught.value.op == "div" and vars(torch.Tensor)["__truediv__"] is native
        opposite = torch.tensor([float("inf"), -float("inf")])
        assert (
            opposite.sum().isnan() and opposite.sum().isnan()
        )  # what is decided at the first call is one call at the second
        with pytest.raises(NonFinite) as caught, torch.detect_nan():
            opposite.sum()
        assert caught.value.op == "sum"
    finally:
        if not was:
            for name, function in python.items():
                setattr(torch.Tensor, name, function)
            entry_points.replaced.clear()


def test_other_threads_go_their_way():
    found = []
    with torch.detect_nan():
        thread = threading.Thread(target=lambda: found.append((zeros(1).log() * 0).tolist()))
        thread.start()
        thread.join()
    assert len(found) == 1 and found[0][0] != found[0][0]


def test_listeners_hear_every_operation_once():
    heard = []
    with listening(lambda op, inputs, attrs, arrays, result: heard.append(op.name)):
        x = torch.ones(2, 2)
        nn.Linear(2, 2)(x).relu_().add(1).sum()
        x += 1
    assert [n for n in heard if n not in ("uniform_", "t")] == ["addmm", "relu", "add", "sum", "add"]
    assert sys.getrefcount(heard) < 5
