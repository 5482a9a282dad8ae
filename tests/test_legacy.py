"""`rushlight run --legacy`: idioms of PyTorch 0.1 to 0.4 run, each with one warning that gives today's form."""

import subprocess
import sys
import textwrap

import pytest

PRELUDE = """
import torch, torch.nn as nn, torch.nn.functional as F
from torch.autograd import Variable
from torch.utils.data import DataLoader
x = torch.tensor([[1.0, 2.0, 3.0]])
"""

# name: (program, what it prints, today's form in the warning)
IDIOMS = {
    "loss.data[0]": ("print(x.sum().data[0])", "6.0", "`loss.item()`"),
    "retain_variables": (
        "w = Variable(x, requires_grad=True)\n(w * w).sum().backward(retain_variables=True)\nprint(w.grad)",
        "tensor([[2., 4., 6.]])",
        "`backward(retain_graph=...)`",
    ),
    "class target": ("print(F.cross_entropy(x, torch.tensor(2)))", "tensor(0.4076)", "`target.view(1)`"),
    "class target, module": ("print(nn.CrossEntropyLoss()(x, torch.tensor(2)))", "tensor(0.4076)", "`target.view(1)`"),
    "value target": (
        "print(F.binary_cross_entropy(torch.tensor([0.5]), torch.tensor(1.0)))",
        "tensor(0.6931)",
        "`target.view_as(input)`",
    ),
    "dot of matrices": ("print(x.dot(x))", "tensor(14.)", "`(a * b).sum()`"),
    "load of a module": (
        "import io\nf = io.BytesIO()\ntorch.save(nn.ReLU(), f)\nf.seek(0)\nprint(torch.load(f))",
        "ReLU()",
        "weights_only=False",
    ),
    "iterator.next": ("print(iter(DataLoader(torch.arange(3))).next())", "tensor([0])", "`next(iterator)`"),
    "volatile": ("print(Variable(x, volatile=True))", "tensor([[1., 2., 3.]])", "torch.no_grad()"),
    "size_average": ("print(nn.MSELoss(size_average=False)(x, x - 1))", "tensor(3.)", "reduction='sum'"),
    "reduce": ("print(F.mse_loss(x, x - 1, reduce=False))", "tensor([[1., 1., 1.]])", "reduction='none'"),
    "init": ("print(nn.init.constant(torch.empty(2), 3.0))", "tensor([3., 3.])", "nn.init.constant_"),
    "clip_grad_norm": (
        "p = nn.Parameter(torch.zeros(2))\np.grad = torch.tensor([3.0, 4.0])\n"
        "print(nn.utils.clip_grad_norm([p], 1.0), p.grad)",
        "tensor(5.) tensor([0.6000, 0.8000])",
        "clip_grad_norm_",
    ),
    "softmax": ("print(F.softmax(torch.zeros(1, 2)))", "tensor([[0.5000, 0.5000]])", "dim=X"),
}


def run(path, *options):
    command = [sys.executable, "-m", "rushlight", "run", *options, str(path)]
    return subprocess.run(command, capture_output=True, text=True)


@pytest.mark.parametrize("name", IDIOMS)
def test_an_idiom_runs_and_warns_once(tmp_path, name):
    program, expected, today = IDIOMS[name]
    path = tmp_path / "old.py"
    path.write_text(PRELUDE + "for _ in range(2):\n" + textwrap.indent(program, "    "))
    done = run(path, "--legacy")
    assert (done.stdout, done.returncode) == (f"{expected}\n" * 2, 0), done.stderr
    warnings = [line for line in done.stderr.splitlines() if "Warning: " in line]
    assert len(warnings) == 1 and today in warnings[0], done.stderr


@pytest.mark.parametrize(
    "name, error",
    [
        ("loss.data[0]", "IndexError: invalid index of a 0-dim tensor"),
        ("retain_variables", "TypeError: "),
        ("class target", "ValueError: Expected input batch_size (1) to match target batch_size (0)."),
        ("iterator.next", "AttributeError: "),
    ],
)
def test_without_the_option_it_is_todays_error(tmp_path, name, error):
    path = tmp_path / "old.py"
    path.write_text(PRELUDE + IDIOMS[name][0])
    done = run(path)
    assert done.returncode == 1
    assert any(line.startswith(error) for line in done.stderr.splitlines()), done.stderr


def test_the_warning_names_the_programs_line(tmp_path):
    path = tmp_path / "old.py"
    path.write_text("import torch\nloss = torch.ones(3).sum()\nprint(loss.data[0])\n")
    assert f"{path}:3: UserWarning: `loss.data[0]`" in run(path, "--legacy").stderr
