"""The table of ``FlopCounterMode``, laid out as PyTorch's is with tabulate 0.9 (a program of tests/surface holds the counts)."""

import rushlight as torch
from rushlight.utils.flop_counter import FlopCounterMode

INNER = torch.nn.Sequential(torch.nn.Linear(10, 10), torch.nn.ReLU(), torch.nn.Linear(10, 2))
NET = torch.nn.Sequential(
    torch.nn.Conv2d(3, 8, 3), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.Linear(8 * 36, 10), INNER
)

FORWARD = """\
Module                   FLOP    % Total
--------------------  -------  ---------
Global                43.128K    100.00%
 - aten.convolution   31.104K     72.12%
 - aten.addmm         12.000K     27.82%
 - aten.mm             0.024K      0.06%
 Sequential           43.104K     99.94%
  - aten.convolution  31.104K     72.12%
  - aten.addmm        12.000K     27.82%"""


def test_a_table():
    with FlopCounterMode(display=False) as mode:
        NET(torch.randn(2, 3, 8, 8))
        torch.mm(torch.ones(2, 3), torch.ones(3, 2))
    assert mode.get_table(depth=1) == FORWARD


def test_backward_and_depth(capsys):
    with FlopCounterMode(depth=3):
        NET(torch.randn(2, 3, 8, 8)).sum().backward()
    lines = capsys.readouterr().out.splitlines()
    assert lines[2] == "Sequential                     98.208K    100.00%"
    assert lines[6] == " - aten.convolution_backward   31.104K     31.67%"
    assert lines[-1] == "   - aten.mm                    0.160K      0.16%"


def test_nothing_and_little():
    with FlopCounterMode(display=False) as mode:
        torch.ones(2) + 1
    assert mode.get_table().splitlines()[2:] == ["Global         0         0%"]
    with FlopCounterMode(display=False) as mode:
        torch.mm(torch.ones(2, 3), torch.ones(3, 2))
    assert mode.get_table().splitlines()[2:] == ["Global          24    100.00%", " - aten.mm      24    100.00%"]
