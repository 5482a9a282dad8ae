"""Packages that work with torch, under the alias: each passes a small real use, if it is installed.

CI's job ``packages`` installs all and says so in RUSHLIGHT_TEST_PACKAGES: there a missing one fails.
"""

import importlib.util
import os
import subprocess
import sys
import textwrap

import pytest

USES = {
    "einops": """
        import torch
        from einops import rearrange, reduce, repeat
        from einops.layers.torch import Rearrange
        x = torch.arange(24.0).reshape(2, 3, 4).requires_grad_()
        assert torch.equal(rearrange(x, "b c d -> b (c d)"), x.reshape(2, 12))
        assert torch.equal(reduce(x, "b c d -> b c", "mean"), x.mean(-1))
        assert repeat(x, "b c d -> b c d r", r=2).shape == (2, 3, 4, 2)
        net = torch.nn.Sequential(Rearrange("b c d -> b (c d)"), torch.nn.Linear(12, 1))
        net(x).sum().backward()
        assert x.grad.shape == x.shape
    """,
    "matplotlib": """
        import matplotlib
        matplotlib.use("Agg")
        import matplotlib.pyplot as plt
        import torch
        x = torch.linspace(0, 1, 20)
        figure, axes = plt.subplots()
        (line,) = axes.plot(x, x ** 2)
        axes.scatter(x, torch.rand(20), c=x)
        axes.imshow(torch.rand(4, 5))
        axes.hist(torch.randn(100), bins=5)
        figure.savefig("plot.png")
        assert abs(float(line.get_ydata()[-1]) - 1) < 1e-6
    """,
    "sklearn": """
        import torch
        from sklearn.linear_model import LinearRegression
        from sklearn.metrics import accuracy_score
        from sklearn.model_selection import train_test_split
        from sklearn.preprocessing import StandardScaler
        torch.manual_seed(0)
        x = torch.randn(60, 3)
        y = x @ torch.tensor([1.0, 2.0, 3.0])
        a, b, c, d = train_test_split(x, y, random_state=0)
        model = LinearRegression().fit(StandardScaler().fit(x).transform(x) * 0 + x.numpy(), y)
        assert abs(model.coef_ - [1, 2, 3]).max() < 1e-4
        assert accuracy_score(torch.tensor([1, 0, 1]), torch.tensor([1, 1, 1])) == 2 / 3
        assert len(a) == 45
    """,
    "tensorboardX": """
        import os
        import torch
        from tensorboardX import SummaryWriter
        writer = SummaryWriter("logs")
        writer.add_scalar("loss", torch.tensor(1.5), 0)
        writer.add_histogram("weights", torch.randn(100), 0)
        writer.add_image("image", torch.rand(3, 4, 5), 0)
        writer.add_scalars("both", {"a": torch.tensor(1.0), "b": 2.0}, 0)
        writer.close()
        assert os.path.getsize(os.path.join("logs", os.listdir("logs")[0])) > 500
    """,
    "array_api_compat": """
        import torch
        import array_api_compat
        import array_api_compat.torch as xp
        x = torch.ones(2, 3)
        assert array_api_compat.is_torch_array(x) and array_api_compat.array_namespace(x) is xp
        assert xp.sum(x, axis=1).tolist() == [3.0, 3.0] and xp.concat([x, x], axis=0).shape == (4, 3)
        assert xp.astype(x, xp.int64).dtype == torch.int64 and xp.permute_dims(x, (1, 0)).shape == (3, 2)
        assert array_api_compat.device(x) == torch.device("cpu")
    """,
    "tqdm": """
        import io
        import torch
        from tqdm import tqdm
        from torch.utils.data import DataLoader
        text = io.StringIO()
        total = sum(batch.sum() for batch in tqdm(DataLoader(torch.arange(10.0), batch_size=4), file=text))
        assert total == 45 and "3/3" in text.getvalue()
        bar = tqdm(torch.arange(3), file=io.StringIO())
        assert [int(x) for x in bar] == [0, 1, 2]
    """,
}


@pytest.mark.parametrize("package", USES)
@pytest.mark.timeout(300)
def test_a_small_use(package, tmp_path):
    if importlib.util.find_spec(package) is None:
        assert os.environ.get("RUSHLIGHT_TEST_PACKAGES") != "all", f"{package} is not installed"
        pytest.skip(f"{package} is not installed")
    program = tmp_path / "program.py"
    program.write_text(textwrap.dedent(USES[package]))
    done = subprocess.run(
        [sys.executable, "-m", "rushlight", str(program)], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
