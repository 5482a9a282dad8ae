"""`import torch` gives Rushlight's own objects. Each program runs in a process of its own, as users' programs do."""

import subprocess
import sys
import textwrap

import pytest

PRELUDE = "import sys, rushlight; rushlight.install_as_torch()\n"


def run(program, prelude=PRELUDE):
    code = prelude + textwrap.dedent(program)
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout.splitlines()


def test_the_same_objects_by_every_road():
    run("""
        import importlib
        import torch, torch.nn as nn, torch.nn.functional as F, torch.utils.data, torch.optim.lr_scheduler
        from torch.autograd import Variable
        from torch import Tensor, nn as nn2
        assert Tensor is rushlight.Tensor and Variable is rushlight.autograd.Variable
        assert nn is nn2 is torch.nn is rushlight.nn is importlib.import_module("torch.nn")
        assert F is rushlight.nn.functional is torch.nn.functional
        assert torch.utils.data is rushlight.data
        assert torch.optim.lr_scheduler is rushlight.optim.lr_scheduler
        assert nn.Linear is rushlight.nn.Linear
        """)


def test_inner_paths_of_torch():
    run("""
        from torch.nn.modules.linear import Linear
        from torch.nn.modules.module import Module
        from torch.nn.parameter import Parameter
        from torch.autograd.variable import Variable
        from torch.optim.optimizer import Optimizer
        from torch.utils.data.dataset import Dataset
        from torch.utils.data.sampler import RandomSampler
        import torch
        assert Linear is torch.nn.Linear is torch.nn.modules.Linear is torch.nn.modules.linear.Linear
        assert issubclass(Linear, Module) and Parameter is torch.nn.Parameter
        assert Variable is torch.autograd.Variable and Optimizer is torch.optim.Optimizer
        assert Dataset is torch.utils.data.Dataset and RandomSampler is torch.utils.data.RandomSampler
        """)


@pytest.mark.parametrize("prelude", ["import rushlight as torch\n", PRELUDE + "import torch, torch.nn\n"])
def test_inner_modules_are_attributes_too(prelude):
    run(
        """
        assert torch.nn.modules.dropout.Dropout is torch.nn.Dropout and torch.nn.modules.Linear is torch.nn.Linear
        assert torch.nn.modules.batchnorm._BatchNorm in torch.nn.BatchNorm1d.__mro__
        output = torch.nn.modules.linear.NonDynamicallyQuantizableLinear
        assert type(torch.nn.MultiheadAttention(4, 2).out_proj) is output
        assert torch.nn.modules.rnn is torch.nn.modules.rnn and "LSTM" in dir(torch.nn.modules.rnn)
        assert {"dropout", "linear", "rnn", "module"} <= set(dir(torch.nn.modules))
        assert torch.distributions.normal.Normal is torch.distributions.Normal
        for read in (lambda: torch.nn.nothing, lambda: torch.nn.modules.nothing, lambda: torch.nn.modules.rnn.nothing):
            try:
                read()
            except AttributeError as error:
                assert str(error).startswith("module 'torch.nn") and str(error).endswith("no attribute 'nothing'")
            else:
                raise AssertionError
        """,
        prelude,
    )


def test_the_inner_module_imported_is_the_attribute():
    run("""
        import torch.nn
        before = torch.nn.modules.linear
        import torch.nn.modules.linear
        assert torch.nn.modules.linear is before is sys.modules["torch.nn.modules.linear"]
        """)


def test_modules_that_share_their_name_with_a_function():
    run("""
        import torch
        from torch.nn.utils.weight_norm import WeightNorm, remove_weight_norm, weight_norm
        import torch.nn.utils.spectral_norm
        assert weight_norm is torch.nn.utils.weight_norm is rushlight.nn.utils.weight_norm and callable(weight_norm)
        assert callable(torch.nn.utils.spectral_norm)
        print(WeightNorm)
        from torch._tensor import Tensor
        from torch.functional import einsum, split
        from torch.torch_version import TorchVersion
        from torch.nn.utils.clip_grad import clip_grad_norm_
        assert Tensor is torch.Tensor and einsum is torch.einsum and TorchVersion("2.5") > "2.4"
        """)


def test_classes_print_as_torchs():
    lines = run("""
        import torch
        from torch.utils.data import Dataset
        for cls in (torch.Tensor, torch.dtype, torch.device, torch.Size, torch.Generator, torch.nn.Linear,
                    torch.nn.Parameter, torch.optim.SGD, Dataset, torch.no_grad):
            print(cls)
        """)
    assert lines == [
        "<class 'torch.Tensor'>",
        "<class 'torch.dtype'>",
        "<class 'torch.device'>",
        "<class 'torch.Size'>",
        "<class 'torch._C.Generator'>",
        "<class 'torch.nn.modules.linear.Linear'>",
        "<class 'torch.nn.parameter.Parameter'>",
        "<class 'torch.optim.sgd.SGD'>",
        "<class 'torch.utils.data.dataset.Dataset'>",
        "<class 'torch.autograd.grad_mode.no_grad'>",
    ]


def test_versions():
    lines = run("""
        import importlib.util, torch, torch.version
        print(torch.__version__, rushlight.__version__ != torch.__version__)
        version = torch.__version__
        print(version >= (1, 8), version > "2.5", version < "2.14.0a0", version >= "2.9.1")
        print(version == "2.13.0", version != "2.13.0", version.split("+"))
        print(torch.version.__version__, torch.version.cuda)
        print(torch.__spec__.name, importlib.util.find_spec("torch") is torch.__spec__, torch.__name__)
        """)
    assert lines == [
        "2.13.0+cpu True",
        "True True True True",
        "False True ['2.13.0', 'cpu']",
        "2.13.0+cpu None",
        "torch True torch",
    ]


def test_what_is_missing_is_named():
    run("""
        import torch, torch.nn
        for name in ("torch.nothing_here", "torch.nn.nothing_here", "torch.utils.nothing_here"):
            try:
                __import__(name)
            except ModuleNotFoundError as error:
                assert str(error).startswith(f"No module named '{name}'"), error
                assert "docs/differences.md" in str(error) and error.name == name
            else:
                raise AssertionError(name)
        try:
            torch.nothing_here
        except AttributeError as error:
            assert str(error) == "module 'torch' has no attribute 'nothing_here'"
        else:
            raise AssertionError
        assert not hasattr(torch, "nothing_here") and not hasattr(torch.nn, "nothing_here")
        for statement in ("from torch import nothing_here", "from torch.nn.modules.linear import nothing_here"):
            try:
                exec(statement)
            except ImportError as error:
                assert "cannot import name 'nothing_here' from 'torch" in str(error), error
            else:
                raise AssertionError(statement)
        """)


def test_writing_to_the_module_writes_through():
    run("""
        import torch
        torch.marker = 1
        assert rushlight.marker == 1 and torch.marker == 1
        del torch.marker
        assert not hasattr(rushlight, "marker") and not hasattr(torch, "marker")
        torch.backends.cudnn.benchmark = True
        assert torch.backends.cudnn.benchmark is True
        """)


def test_refuses_beside_the_real_torch():
    run(
        """
        import sys, types, rushlight
        sys.modules["torch"] = types.ModuleType("torch")
        try:
            rushlight.install_as_torch()
        except RuntimeError as error:
            assert "torch is already imported" in str(error) and "rushlight run" in str(error)
        else:
            raise AssertionError
        assert not any(type(finder).__name__ == "AliasFinder" for finder in sys.meta_path)
        """,
        prelude="",
    )


def test_twice_is_once_and_uninstall_undoes():
    run("""
        from rushlight.compat.alias import uninstall
        import torch, torch.nn, torch.nn.modules.linear
        finders, path = list(sys.meta_path), list(sys.path)
        rushlight.install_as_torch()
        assert sys.meta_path == finders and sys.path == path
        uninstall()
        uninstall()
        assert not [name for name in sys.modules if name == "torch" or name.startswith("torch.")]
        assert rushlight.nn.Linear.__module__.startswith("rushlight.nn.")
        assert "modules" not in vars(rushlight.nn)
        rushlight.install_as_torch()
        import torch
        import torch.nn
        assert rushlight.nn.Linear.__module__ == "torch.nn.modules.linear"
        """)


def test_pickles_of_classes_and_constants():
    run("""
        import copy, pickle, torch, torch.nn as nn
        for value in (torch.float32, torch.bool, nn.Linear, torch.Tensor, torch.Size([2, 3]), torch.device("cpu")):
            assert pickle.loads(pickle.dumps(value)) == value, value
        assert pickle.loads(pickle.dumps(torch.float32)) is torch.float32
        model = pickle.loads(pickle.dumps(nn.Linear(2, 3)))
        assert type(model) is nn.Linear and type(copy.deepcopy(model)) is nn.Linear
        """)


def test_ipython_extension():
    run(
        """
        import rushlight
        rushlight.load_ipython_extension(None)
        import torch
        assert torch.Tensor is rushlight.Tensor
        """,
        prelude="",
    )


@pytest.mark.timeout(60)
def test_spawned_processes_have_the_alias(tmp_path):
    script = tmp_path / "program.py"
    script.write_text(
        textwrap.dedent("""
        from concurrent.futures import ProcessPoolExecutor
        from multiprocessing import get_context
        import torch

        def double(numbers):
            return (torch.tensor(numbers) * 2).tolist()

        if __name__ == "__main__":
            with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
                print(list(pool.map(double, [[1, 2], [3]])))
        """)
    )
    done = subprocess.run([sys.executable, "-m", "rushlight", str(script)], capture_output=True, text=True)
    assert (done.stdout, done.stderr, done.returncode) == ("[[2, 4], [6]]\n", "", 0)


def test_amp_of_cuda_can_be_imported():
    run("""
        from torch.cuda.amp import GradScaler, autocast
        from torch.cuda.amp.grad_scaler import GradScaler as Same
        import torch.cuda.nccl
        assert Same is GradScaler is torch.cuda.amp.GradScaler and autocast is torch.cuda.amp.autocast
        """)
