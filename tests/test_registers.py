"""Vectors as wide as the processor's registers: the digits of products, convolutions and recurrent layers do not depend on it."""

import os
import subprocess
import sys

import pytest

from rushlight.kernels import llvm, registers

if not llvm.available():
    pytest.skip("compiled code is not available here", allow_module_level=True)

PROGRAM = """
import hashlib
import rushlight as torch
F = torch.nn.functional
torch.manual_seed(0)
found = hashlib.sha256()

def note(*results):
    for t in results:
        found.update(t.detach().numpy().tobytes())

def trained(f, *shapes, dtype=torch.float32):
    given = [torch.randn(*shape, dtype=dtype, requires_grad=True) for shape in shapes]
    out = f(*given)
    out = out if isinstance(out, torch.Tensor) else out[0]
    out.backward(torch.randn(*out.shape, dtype=dtype))
    note(out, *[t.grad for t in given])

for rows, inner, columns in (13, 200, 37), (64, 400, 16), (100, 33, 130):
    trained(torch.matmul, (rows, inner), (inner, columns))
    trained(lambda a, b: a.t() @ b.t(), (inner, rows), (columns, inner))
trained(torch.bmm, (3, 20, 41), (3, 41, 25))
for dtype in torch.float32, torch.float64:
    trained(lambda x, w, b: F.conv2d(x, w, b, padding=1), (3, 5, 11, 13), (21, 5, 3, 3), (21,), dtype=dtype)
    trained(lambda x, w: F.conv2d(x, w, stride=2), (2, 4, 9, 9), (40, 4, 3, 3), dtype=dtype)
    trained(lambda x, w: F.conv2d(x, w, groups=4), (2, 4, 9, 9), (4, 1, 3, 3), dtype=dtype)
    trained(lambda x, w: F.conv_transpose1d(x, w), (2, 6, 30), (6, 9, 5), dtype=dtype)
for causal in False, True:
    trained(lambda q, k, v: F.scaled_dot_product_attention(q, k, v, is_causal=causal), *[(2, 3, 45, 20)] * 3)
for size in 24, 33:
    lstm = torch.nn.LSTM(11, size, bidirectional=True)
    trained(lstm, (6, 10, 11))
    note(*[p.grad for p in lstm.parameters()])
gru = torch.nn.GRU(11, 24)
trained(gru, (6, 12, 11))
note(*[p.grad for p in gru.parameters()])
print(found.hexdigest())
"""


def run(setting):
    environment = os.environ | {registers.SETTING: setting, "RUSHLIGHT_KERNELS": "now"}
    return subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True)


def test_digits_do_not_depend_on_the_width_of_vectors():
    narrow, wide = run("32"), run("64")
    assert narrow.returncode == wide.returncode == 0, narrow.stderr + wide.stderr
    assert narrow.stdout == wide.stdout != ""


def test_another_width_is_refused():
    result = run("48")
    assert result.returncode and "RUSHLIGHT_VECTOR_BYTES is 32 or 64, not '48'" in result.stderr
