"""What programs only ask or switch: threads, devices, mixed precision, other builds' parts; tensors for TensorBoard."""

from __future__ import annotations

import importlib
import sys
import types

import pytest

import rushlight as torch


def test_threads():
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(3)
        assert torch.get_num_threads() == 3
        from rushlight.kernels import iteration

        assert iteration.get_threads() == 3
        with pytest.raises(RuntimeError, match="set_num_threads expects a positive integer"):
            torch.set_num_threads(0)
        with pytest.raises(RuntimeError, match="set_num_threads expects an int, but got str"):
            torch.set_num_threads("x")
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)


def test_settings_are_kept():
    torch.use_deterministic_algorithms(True)
    assert torch.are_deterministic_algorithms_enabled()
    torch.use_deterministic_algorithms(False)
    torch.set_float32_matmul_precision("high")
    assert torch.get_float32_matmul_precision() == "high"
    with pytest.warns(UserWarning, match="is not one of 'highest', 'high', or 'medium'"):
        torch.set_float32_matmul_precision("low")
    torch.set_float32_matmul_precision("highest")
    torch.set_default_device("cpu")
    assert str(torch.get_default_device()) == "cpu"
    with pytest.raises((AssertionError, RuntimeError)):
        torch.set_default_device("cuda")


def test_there_is_no_accelerator():
    assert not torch.accelerator.is_available() and torch.accelerator.current_accelerator() is None
    assert torch.accelerator.device_count() == 0
    with pytest.raises(RuntimeError, match="Cannot access accelerator device when none is available"):
        torch.accelerator.synchronize()
    assert not torch.xpu.is_available()
    with pytest.raises(ValueError, match="Default process group has not been initialized"):
        torch.distributed.get_rank()


def test_what_is_absent_can_be_imported_and_says_so_when_called():
    from rushlight import onnx
    from rushlight.distributed import fsdp, tensor

    assert torch.onnx is onnx and not onnx.is_in_onnx_export()
    net = torch.nn.Linear(1, 1)
    for call, name in (
        (lambda: torch.distributed.init_process_group("gloo", rank=0, world_size=2), "world_size=2"),
        (lambda: fsdp.FullyShardedDataParallel(net), "FullyShardedDataParallel"),
        (lambda: fsdp.fully_shard(net), "fully_shard"),
        (lambda: tensor.distribute_tensor(torch.ones(1)), "distribute_tensor"),
        (lambda: tensor.DTensor.from_local(torch.ones(1)), "DTensor"),
    ):
        with pytest.raises(NotImplementedError, match=f"{name}.* is not implemented"):
            call()
    assert not torch.distributed.is_initialized() and not torch.distributed.is_nccl_available()
    with pytest.raises(NotImplementedError, match=r"torch\.onnx\.export is not implemented"):
        onnx.export(torch.nn.Linear(1, 1), torch.ones(1, 1), "net.onnx")
    for module in (onnx, torch.distributed):
        with pytest.raises(AttributeError, match="has no attribute 'nonsense'"):
            _ = module.nonsense


def test_cuda_answers_as_a_cpu_build():
    cuda = torch.cuda
    assert cuda.get_rng_state_all() == [] and cuda.memory_allocated() == 0 and cuda.get_arch_list() == []
    for name in ("synchronize", "current_device", "get_rng_state", "init", "current_stream"):
        with pytest.raises(AssertionError, match="Torch not compiled with CUDA enabled"):
            getattr(cuda, name)()
    for name, phrase in (("Event", "dummy base class Event"), ("Stream", "requires CUDA support")):
        with pytest.raises(RuntimeError, match=phrase):
            getattr(cuda, name)()


def test_compile_hands_back():
    def f(x):
        return x + 1

    assert torch.compile(f) is f and torch.compile(dynamic=True)(f) is f


def test_older_names_of_autocast():
    with pytest.warns(FutureWarning, match="deprecated"), pytest.warns(UserWarning):
        torch.cuda.amp.autocast()


def test_grad_scaler():
    with pytest.warns(UserWarning, match="CUDA is not available"):
        off = torch.amp.GradScaler("cuda")
    assert not off.is_enabled() and off.get_scale() == 1.0 and off.state_dict() == {}
    s = torch.amp.GradScaler("cpu", init_scale=4.0, growth_interval=1)
    p = torch.nn.Parameter(torch.ones(2))
    o = torch.optim.SGD([p], lr=1.0)
    s.scale((p * 3).sum()).backward()
    assert p.grad.tolist() == [12, 12]
    s.unscale_(o)
    assert p.grad.tolist() == [3, 3]
    with pytest.raises(RuntimeError, match="already been called"):
        s.unscale_(o)
    s.step(o)
    s.update()
    assert p.tolist() == [-2, -2] and s.get_scale() == 8.0
    p.grad = torch.tensor([float("inf"), 1.0])
    s.step(o)
    s.update()
    assert p.tolist() == [-2, -2] and s.get_scale() == 4.0
    again = torch.amp.GradScaler("cpu")
    again.load_state_dict(s.state_dict())
    assert again.get_scale() == 4.0


def test_fork_rng():
    torch.random.manual_seed(0)
    first = torch.rand(2)
    torch.random.manual_seed(0)
    with torch.random.fork_rng():
        torch.rand(5)
    assert torch.equal(torch.rand(2), first)


def test_tensorboard_is_named_if_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    monkeypatch.delitem(sys.modules, "rushlight.utils.tensorboard", raising=False)
    with pytest.raises(ImportError, match=r"pip install 'rushlight\[tensorboard\]'"):
        importlib.import_module("rushlight.utils.tensorboard")


def test_tensorboard_gets_arrays(monkeypatch):
    class SummaryWriter:
        def __init__(self):
            self.seen = []

        def add_scalar(self, *args, **kwargs):
            self.seen.append((args, kwargs))

        def add_graph(self):
            raise AssertionError

    monkeypatch.setitem(sys.modules, "tensorboardX", types.SimpleNamespace(SummaryWriter=SummaryWriter))
    monkeypatch.delitem(sys.modules, "rushlight.utils.tensorboard", raising=False)
    module = importlib.import_module("rushlight.utils.tensorboard")
    w = module.SummaryWriter()
    w.add_scalar("a", torch.tensor(3.0), step={"x": [torch.ones(2)]})
    ((name, value), named) = w.seen[0]
    assert name == "a" and type(value).__name__ == "ndarray" and named["step"]["x"][0].tolist() == [1, 1]
    with pytest.raises(NotImplementedError, match="add_graph"):
        w.add_graph()
    monkeypatch.delitem(sys.modules, "rushlight.utils.tensorboard")


def test_a_body_that_draws_runs_once_in_every_mode():
    """The short path asks what mode it is in before it draws, not after."""
    rates, after = torch.ones(3) * 2, []
    for mode in (torch.enable_grad, torch.no_grad, torch.inference_mode):
        torch.manual_seed(0)
        with mode():
            drawn = torch._standard_gamma(rates)
        after.append((drawn.tolist(), torch.rand(2).tolist()))
    assert after[0] == after[1] == after[2]
    kept = torch.ones(3, requires_grad=True) * 2
    kept.retain_grad()
    torch.manual_seed(0)
    assert (torch._standard_gamma(kept).tolist(), torch.rand(2).tolist()) == after[0]


def test_dimensions_have_no_names():
    assert torch.ones(2, 3).names == (None, None) and torch.tensor(1.0).names == ()
