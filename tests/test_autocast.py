"""Mixed precision on the CPU: which operations are cast, what is kept of it, and that nothing of it is left after a block."""

from __future__ import annotations

import inspect
import pickle
import subprocess
import sys
import threading

import pytest

import rushlight as torch
import rushlight.nn.functional as F
from rushlight import autocasting, settings

pytest.importorskip("ml_dtypes")

BF16, F16, F32, F64 = torch.bfloat16, torch.float16, torch.float32, torch.float64


@pytest.fixture(autouse=True)
def afterwards_all_is_as_before():
    code = torch.mm.__code__, F.linear.__code__
    yield
    assert not torch.is_autocast_enabled("cpu") and settings.autocast_state().depth == 0
    assert (torch.mm.__code__, F.linear.__code__) == code and not autocasting._cast_weights


def test_every_name_of_the_table_has_a_door():
    from rushlight import families

    families.load_all()
    with torch.autocast("cpu"):
        named = {id(public): name for name, public in autocasting._named()}
        reached = {named[id(door.public)] for door in autocasting._doors.values()}
        missing = {n for n in autocasting._policies() if n not in reached and not shared(n, named, reached)}
    assert not missing


def shared(name, named, reached):
    """Whether another name of the same function was reached."""
    mine = {id(public) for n, public in autocasting._named() if n == name}
    return bool(mine & set(autocasting._doors))


def test_products_are_narrow_losses_wide_the_rest_as_given():
    x, y = torch.randn(4, 4), torch.randn(4, 4, dtype=BF16)
    with torch.autocast("cpu") as block:
        assert isinstance(block, torch.autocast) and torch.is_autocast_enabled("cpu")
        for product in (x @ x, x.mm(x), torch.einsum("ij,jk", x, x), F.linear(x, x, x[0]), torch.nn.Linear(4, 4)(x)):
            assert product.dtype is BF16
        for wide in (F.mse_loss(y, y), y.prod(), torch.linalg.inv(y.float()), F.pad(y[None], (1, 1), mode="reflect")):
            assert wide.dtype is F32
        assert (y + y).dtype is y.softmax(0).dtype is F.pad(y, (1, 1)).dtype is BF16 and (x + x).dtype is F32
        assert torch.cat([x, y]).dtype is F32 and torch.stack([y, y]).dtype is BF16
        with pytest.raises(RuntimeError, match="Unexpected floating ScalarType in at::autocast::prioritize"):
            torch.cat([y.half(), y])
        assert (x.double() @ x.double()).dtype is F64 and torch.mm(x.int(), x.int()).dtype is torch.int32
        assert torch.mm(x, x, out=torch.empty(4, 4)).dtype is F32 and x.clone().addmm_(x, x).dtype is F32
        assert F.bilinear(x, x, torch.randn(2, 4, 4)).dtype is torch.inner(x[0], x[0]).dtype is F32
        assert torch.nn.GRU(4, 4)(x)[0].dtype is F32 and torch.nn.RNN(4, 4)(x)[0].dtype is BF16
    assert (x @ x).dtype is F32


def test_names_that_a_program_holds_are_led_too():
    from rushlight import mm
    from rushlight.nn.functional import linear

    x = torch.ones(2, 2)
    method = torch.Tensor.mm
    with torch.autocast("cpu"):
        assert mm(x, x).dtype is linear(x, x).dtype is method(x, x).dtype is BF16
        assert list(inspect.signature(torch.mm).parameters) == ["input", "mat2", "out"]


def test_a_family_that_is_loaded_inside():
    code = """
import rushlight as torch
with torch.autocast("cpu"):
    x = torch.ones(2, 2, dtype=torch.bfloat16)
    assert torch.cdist(x, x).dtype is torch.float32
assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype is torch.float32
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_blocks_within_blocks():
    x = torch.ones(2, 2)
    with torch.autocast("cpu"):
        with torch.autocast("cpu", enabled=False):
            assert (x @ x).dtype is F32 and not torch.is_autocast_enabled("cpu")
        with torch.autocast("cpu", dtype=F16):
            assert (x @ x).dtype is F16 and torch.get_autocast_dtype("cpu") is F16
        assert (x @ x).dtype is BF16 and torch.get_autocast_dtype("cpu") is BF16
        with pytest.raises(ZeroDivisionError), torch.autocast("cpu", enabled=False):
            raise ZeroDivisionError
        assert (x @ x).dtype is BF16


def test_decorator():
    @torch.autocast("cpu")
    def f(x, depth=2):
        """Doc."""
        return f(x, depth - 1) if depth else x @ x

    assert f(torch.ones(2, 2)).dtype is BF16 and f.__doc__ == "Doc." and not torch.is_autocast_enabled("cpu")
    with pytest.raises(TypeError, match="requires a callable, but got int"):
        torch.autocast("cpu")(3)


def test_a_weight_is_cast_once():
    w = torch.randn(3, 3, requires_grad=True)
    x = torch.randn(2, 3)
    with torch.autocast("cpu"):
        first, second = (x @ w).grad_fn.next_functions[1][0], (x @ w).grad_fn.next_functions[1][0]
        assert first is second and first.name() == "ToCopyBackward0"
        torch.clear_autocast_cache()
        assert (x @ w).grad_fn.next_functions[1][0] is not first
        with torch.no_grad():
            torch.clear_autocast_cache()
            assert not (x @ w).requires_grad
        loss = F.mse_loss(x @ w, torch.zeros(2, 3))
    loss.backward()
    assert w.grad.dtype is F32 and loss.dtype is F32
    with torch.autocast("cpu", cache_enabled=False):
        assert (x @ w).grad_fn.next_functions[1][0] is not (x @ w).grad_fn.next_functions[1][0]


def test_other_threads_are_left_alone():
    x, seen = torch.ones(2, 2), []
    with torch.autocast("cpu"):
        thread = threading.Thread(target=lambda: seen.append((x @ x).dtype))
        thread.start()
        thread.join()
    assert seen == [F32]


def test_transformations_and_subclasses():
    class Mine(torch.Tensor):
        pass

    x = torch.randn(3, 3)
    with torch.autocast("cpu"):
        assert torch.func.vmap(torch.mm)(x[None], x[None]).dtype is BF16
        assert torch.func.grad(lambda x: (x @ x).sum().float())(x).dtype is F32
        assert (x.as_subclass(Mine) @ x.as_subclass(Mine)).dtype is BF16


def test_user_functions():
    seen = []

    class Cast(torch.autograd.Function):
        @staticmethod
        @torch.amp.custom_fwd(device_type="cpu", cast_inputs=F32)
        def forward(ctx, x):
            seen.append((x.dtype, torch.is_autocast_enabled("cpu")))
            return x * 2

        @staticmethod
        @torch.amp.custom_bwd(device_type="cpu")
        def backward(ctx, g):
            seen.append(torch.is_autocast_enabled("cpu"))
            return g * 2

    class Plain(Cast):
        @staticmethod
        @torch.amp.custom_fwd(device_type="cpu")
        def forward(ctx, x):
            return x @ x

    x = torch.ones(2, 2, requires_grad=True)
    with torch.autocast("cpu"):
        a = Cast.apply(x.bfloat16())
        b = Plain.apply(x)
    assert a.dtype is F32 and b.dtype is BF16
    a.sum().backward()
    b.sum().backward()
    assert seen == [(F32, False), False, True]
    with pytest.raises(ValueError, match="Expected `device_type` of type `str`"):
        torch.amp.custom_fwd(device_type=3)


def test_other_devices():
    with pytest.warns(UserWarning, match="Disabling autocast"), torch.autocast("cuda"):
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype is F32 and not torch.is_autocast_enabled()
    with torch.autocast("xpu"):
        assert torch.is_autocast_enabled("xpu") and (torch.ones(2, 2) @ torch.ones(2, 2)).dtype is F32
    with pytest.raises(RuntimeError, match="unsupported scalarType"):
        torch.autocast("meta")
    with pytest.raises(RuntimeError, match="Expected one of cpu, cuda"):
        torch.autocast("foo")
    with pytest.raises(ValueError, match="Expected `device_type` of type `str`"):
        torch.autocast(3)
    with pytest.raises(AssertionError, match="privateuseone"):
        torch.autocast("privateuseone")
    with pytest.warns(UserWarning, match="CPU Autocast only supports dtypes of torch.bfloat16, torch.float16"):
        block = torch.autocast("cpu", dtype=F32)
    with block:
        assert not torch.is_autocast_enabled("cpu")
    with pytest.warns(FutureWarning, match="deprecated"), torch.cpu.amp.autocast():
        assert torch.is_autocast_cpu_enabled()
    assert torch.amp.is_autocast_available("cpu") and not torch.amp.is_autocast_available("meta")
    assert torch.cpu.is_available() and torch.cpu.device_count() == 1 and torch.cpu.current_device() == "cpu"
    with torch.cpu.stream(torch.cpu.Stream()):
        assert torch.cpu.Event().query()


def test_switched_on_for_good():
    """In a process of its own: it leaves the doors open, as nobody says when they may close."""
    code = """
import rushlight as torch
x = torch.ones(2, 2)
torch.set_autocast_enabled("cpu", True)
torch.set_autocast_dtype("cpu", torch.float16)
assert (x @ x).dtype is torch.float16
torch.set_autocast_enabled("cpu", False)
assert (x @ x).dtype is torch.float32 and not torch.is_autocast_enabled("cpu")
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_without_ml_dtypes():
    code = """
import sys
sys.modules["ml_dtypes"] = None
import rushlight as torch
try:
    torch.autocast("cpu")
except NotImplementedError as error:
    assert "pip install 'rushlight[bfloat16]'" in error.__notes__[0]
else:
    raise SystemExit("no error")
with torch.autocast("cpu", dtype=torch.float16):
    assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype is torch.float16
"""
    subprocess.run([sys.executable, "-c", code], check=True)


# --- the scaling of losses ----------------------------------------------------------------------------------------------
def test_scaler_says_what_is_out_of_order():
    p = torch.nn.Parameter(torch.ones(2))
    o = torch.optim.SGD([p], lr=1.0)
    s = torch.amp.GradScaler("cpu", init_scale=4.0)
    with pytest.raises(AssertionError, match="Attempted step but _scale is None"):
        s.step(o)
    s.scale(p.sum())
    with pytest.raises(AssertionError, match="No inf checks were recorded for this optimizer"):
        s.step(o)
    s = torch.amp.GradScaler("cpu", init_scale=4.0)
    s.scale([p.sum(), (p * 2).sum()])[1].backward()
    assert p.grad.tolist() == [8, 8]
    s.step(o)
    with pytest.raises(RuntimeError, match=r"step\(\) has already been called"):
        s.step(o)
    with pytest.raises(RuntimeError, match=r"unscale_\(\) is being called after step"):
        s.unscale_(o)
    with pytest.raises(AssertionError, match="may only be pickled"):
        pickle.dumps(s)
    s.update(8.0)
    assert p.tolist() == [-1, -1] and pickle.loads(pickle.dumps(s)).get_scale() == 8.0
    with pytest.raises(RuntimeError, match="Closure use is not currently supported"):
        s.step(o, closure=lambda: None)
    with pytest.raises(AssertionError, match="growth factor must be > 1.0"):
        torch.amp.GradScaler("cpu", growth_factor=1.0)
    half = torch.nn.Parameter(torch.ones(2, dtype=F16))
    half.grad = torch.ones(2, dtype=F16)
    with pytest.raises(ValueError, match="Attempting to unscale FP16 gradients"):
        s.unscale_(torch.optim.SGD([half], lr=1.0))


def test_a_training_step_in_bfloat16():
    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Conv2d(1, 4, 3), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.Linear(64, 3))
    optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
    x, target = torch.randn(8, 1, 6, 6), torch.randint(0, 3, (8,))
    losses = []
    for _ in range(20):
        with torch.autocast("cpu"):
            out = net(x)
            loss = F.cross_entropy(out, target)
        assert out.dtype is BF16 and loss.dtype is F32
        optimizer.zero_grad()
        loss.backward()
        assert all(p.grad.dtype is F32 for p in net.parameters())
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0] / 2
