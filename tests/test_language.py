"""The kernel language: each form against what Python or NumPy makes of it, and what is refused with the line it stands in."""

import os
import subprocess
import sys

import numpy as np
import pytest

from rushlight.kernels import language, llvm, source, words

if not llvm.available():
    pytest.skip("compiled code is not available here", allow_module_level=True)

from rushlight.kernels import cpython, elementary
from rushlight.kernels import elementwise as elementwise_module
from rushlight.kernels.kernel import compiled, elementwise

NAMES = {**vars(words), "TABLE": (2.0, 3.0, 5.0, 7.0)}


def kernel(text, **bindings):
    return compiled(source.from_text(text, NAMES), **bindings)


def computed(lines, *, size=8, element="i64", **bindings):
    """What a kernel writes to ``out``, given its lines."""
    body = "\n".join("    " + line for line in lines.strip().splitlines())
    out = np.zeros(size, {"i64": np.int64, "f32": np.float32, "f64": np.float64, "u8": np.uint8}[element])
    run = kernel(f"def made(start, stop, out: write[{element}]):\n{body}", **bindings)
    assert run(1, 1, out)
    return out.tolist()


@pytest.mark.parametrize(("lines", "expected"), [
    ("out[0] = 7 // 2\nout[1] = 7 % 4\nout[2] = 2 ** 5", [3, 3, 32]),
    ("x = i64(-7)\nout[0] = x // 2\nout[1] = x % 2\nout[2] = x >> 1\nout[3] = -x\nout[4] = x & 6\nout[5] = ~x", [-3, -1, -4, 7, 0, 6]),
    ("for i in range(3):\n    out[i] = i * i", [0, 1, 4]),
    ("for i in range(6, 0, -2):\n    out[i] = i", [0, 0, 2, 0, 4, 0, 6]),
    ("n = i64(3)\nfor i in range(n, n + 2):\n    out[i] = 1", [0, 0, 0, 1, 1]),
    ("i = i64(0)\nwhile i * i < 30:\n    i += 1\nout[0] = i", [6]),
    ("x = i64(5)\nif x > 4 and x < 6:\n    out[0] = 1\nelse:\n    out[0] = 2", [1]),
    ("x = i64(5)\nout[0] = 1 if x == 4 or x != 5 else 2", [2]),
    ("x = i64(5)\nif not x < 6:\n    out[0] = 1\nout[1] = i64(0 < x < 6 and x <= 5)", [0, 1]),
    ("sums = [i64(0), i64(1)]\nfor j in unroll(2):\n    sums[j] += j + 4\nout[0] = sums[0]\nout[1] = sums[1]", [4, 6]),
    ("a = [i64(1)] * 3\na[0] = 9\nout[0] = a[0] + a[1] + a[2]", [11]),
    ("out[0] = i64(f32(2.7))\nout[1] = i64(u8(200)) + 100\nout[2] = i64(i32(-3))", [2, 300, -3]),
    ("v = load(out, 0, 4) + 3\nout[2] = v\nout[0] = 8", [8, 0, 3, 3, 3, 3]),
    ("store(out, 0, splat(i64(7), 8), 3)", [7, 7, 7, 0]),
    ("v = i64(iota(8))\nout[0] = select(v > 4, v, 0 - v)", [0, -1, -2, -3, -4, 5, 6, 7]),
    ("v = i64(iota(8))\nout[0] = sum_lanes(v)\nout[1] = max_lanes(v)\nout[2] = min_lanes(v)\nout[3] = extract(v, 5)", [28, 7, 0, 5]),
    ("v = i64(iota(4))\nout[0] = shuffle(v, v + 10, (0, 5, 2, 7))", [0, 11, 2, 13]),
    ("a = stack(i64, 4)\na[3] = 5\nout[0] = a[3]\np = a + 2\nout[1] = p[1]", [5, 5]),
    ("a, b = i64(1), i64(2)\na, b = b, a\nout[0] = a\nout[1] = b", [2, 1]),
    ("out[0] = i64(exchange_if(out, 1, 0, 5))\nout[2] = atomic_add(out, 1, 2)\nout[3] = atomic_load(out, 1)", [1, 7, 5, 7]),
    ("out[0] = i64(any_lane(iota(4) > 2))\nout[1] = i64(all_lanes(iota(4) > 2))", [1, 0]),
    # names that are values, and those that have to be variables
    ("x = i64(1)\ny = x\nx = x + 1\nout[0] = x\nout[1] = y", [2, 1]),
    ("x = i64(1)\nfor i in range(3):\n    y = x\n    x = y + i\n    out[i] = y\nout[3] = x", [1, 1, 2, 4]),
    ("x = i64(1)\nfor i in range(3):\n    y = x + i\n    y = y * 2\n    if y > 2:\n        out[i] = y", [0, 4, 6]),
    ("x = i64(1)\nif x == 1:\n    x = 5\nout[0] = x", [5]),
    ("n = i64(0)\nwhile n < 3:\n    m = n\n    n = m + 1\nout[0] = n", [3]),
    ("x = i64(1)\nfor j in unroll(3):\n    y = x + j\n    x = y\nout[0] = x", [4]),
    ("a = [i64(j) for j in range(3)]\nfor i in range(2):\n    b = [a[1] + i, a[2]]\n    b[1] = b[1] + i\n    out[i] = b[0] * b[1]", [2, 6]),
    ("a = [i64(0)] * 2\nfor i in range(3):\n    a[1] = a[1] + i\nout[0] = a[0]\nout[1] = a[1]", [0, 3]),
    ("p = out + 1\nfor i in range(3):\n    p[0] = i + 5\n    p = p + 1", [0, 5, 6, 7]),
    ("for i in range(2):\n    for k in range(2):\n        out[i * 2 + k] = i * 10 + k * 1 + 0", [0, 1, 10, 11]),
])  # fmt: skip
def test_whole_numbers(lines, expected):
    found = computed(lines)
    assert found == expected + found[len(expected) :]


@pytest.mark.parametrize(("lines", "expected"), [
    ("x = f32(1.5)\nout[0] = x * x + 1\nout[1] = -x\nout[2] = absolute(-x)\nout[3] = 1 / x",
     [3.25, -1.5, 1.5, np.float32(1) / np.float32(1.5)]),
    ("x = f32(16777217.0)\nout[0] = fma(x, x, -x * x)", [0.0]),
    ("x = f32(1.0000001)\nout[0] = fma(x, x, -1.0)", [float(np.float32(np.float64(np.float32(1.0000001)) ** 2 - 1))]),
    ("x = f32(2.5)\nout[0] = rint(x)\nout[1] = floor(x)\nout[2] = ceil(x)\nout[3] = trunc(-x)", [2.0, 2.0, 3.0, -2.0]),
    ("x = f32(2)\nout[0] = sqrt(x)\nout[1] = copysign(x, f32(-1.0))", [float(np.sqrt(np.float32(2))), -2.0]),
    ("out[0] = gather(table(f32, TABLE), iota(4))", [2.0, 3.0, 5.0, 7.0]),
    ("out[0] = maximum(f32(1), f32(NAN))\nout[1] = minimum(f32(1), 0.5)", [float("nan"), 0.5]),
    ("out[0] = f32(bitcast(i32, f32(1.0)))", [1065353216.0]),
    ("out[0] = load(out, 0, 8, 3, 4.0)", [0.0, 0.0, 0.0, 4.0, 4.0, 4.0, 4.0, 4.0]),
])  # fmt: skip
def test_floats(lines, expected):
    found = computed(lines, element="f32", NAN=float("nan"))
    np.testing.assert_array_equal(found[: len(expected)], expected)


def test_functions_are_written_in_and_their_variables_are_their_own():
    def twice(x, y=1):
        z = x + y
        x = z + z
        return x

    text = "def made(start, stop, out: write[i64]):\n    z = i64(5)\n    out[0] = twice(z)\n    out[1] = twice(z, y=2)\n    out[2] = z"
    out = np.zeros(3, np.int64)
    assert compiled(source.from_text(text, {**NAMES, "twice": twice}))(1, 1, out)
    assert out.tolist() == [12, 14, 5]


def test_items_of_a_list_that_a_function_changes_are_variables():
    def add(items, n):
        for _ in range(n):
            items[0] = items[0] + 2

    def last(items):
        return items[1]

    text = (
        "def made(start, stop, out: write[i64]):\n    a = [i64(1), i64(2)]\n    for i in range(2):\n        add(a, 2)\n"
    )
    text += "    out[0] = a[0]\n    out[1] = last(a)\n    out[2] = last([i64(3), i64(4)])"
    out = np.zeros(3, np.int64)
    assert compiled(source.from_text(text, {**NAMES, "add": add, "last": last}))(1, 1, out)
    assert out.tolist() == [9, 2, 4]


@pytest.mark.parametrize(("lines", "says"), [
    ("x = 1.5", "write f32\\(...\\) or f64"), ("x = f32(1) + i64(1)", "f32 with i64"),
    ("x = f32(1)\nx = i64(1)", "a variable of type f32 is given i64"),
    ("out[0] = f32(1)", "f32 into memory of i64"), ("x = unknown", "no name 'unknown'"), ("x = lambda: 1", "no Lambda"),
    ("for i in out:\n    pass", "a loop is over range"), ("x = i64(1) / 2", "int"), ("x = i64(1) + 1.5", "not a whole number"),
    ("try:\n    pass\nfinally:\n    pass", "no Try")])  # fmt: skip
def test_what_is_refused_is_named(lines, says):
    with pytest.raises(language.KernelError, match=says):
        computed(lines)


def test_words_cannot_be_called():
    with pytest.raises(TypeError, match="compiled, not called"):
        words.load(1, 2)


def test_a_kernel_begins_with_start_and_stop():
    with pytest.raises(TypeError, match="does not begin with start and stop"):
        kernel("def made(out: write[i64], stop):\n    pass")
    with pytest.raises(TypeError, match="is annotated"):
        kernel("def made(start, stop, out):\n    pass")


def test_arguments_are_checked():
    text = "def made(start, stop, out: write[f32], x: read[f32], y: strided[f32], z: maybe[f32], n: i64, a: f32):\n    out[0] = x[0]\n"
    text += "    if address(z) != 0:\n        out[0] = z[0] + a + f32(n)"
    run = kernel(text)
    out, x, z = np.zeros(4, np.float32), np.ones(4, np.float32), np.full(4, 5, np.float32)
    right = (out, x, x[::2], z, 2, 0.5)
    assert run(1, 1, *right) and out[0] == 7.5
    assert run(1, 1, out, x, x, None, 2, 0.5) and out[0] == 1
    frozen = out.copy()
    frozen.flags.writeable = False
    unaligned = np.zeros(17, np.uint8)[1:].view(np.float32)
    wrong = {0: (frozen, out[::2], out.astype("f8"), [0.0]), 1: (x[::2], x.astype(">f4"), None), 2: (unaligned, 1), 3: (0, z[::2]),
             4: (2.0, True, 1 << 70), 5: (1, None)}  # fmt: skip
    for place, values in wrong.items():
        for value in values:
            given = list(right)
            given[place] = value
            assert run(1, 1, *given) is False
    assert run(1, 1, *right[:-1]) is False and run(1.0, 1, *right) is False
    assert out[0] == 1


def test_elementwise_kernels_want_arrays_of_one_size_that_do_not_overlap():
    text = "def made(start, stop, out: write[f32], x: read[f32], m: read[boolean]):\n    for i in range(start, stop):\n"
    run = elementwise(source.from_text(text + "        out[i] = select(m[i], x[i], out[i])", NAMES), 4, 4)
    x, out, mask = np.arange(10, dtype=np.float32), np.full(10, -1, np.float32), np.arange(10) % 2 == 0
    assert run(out, x, mask)
    np.testing.assert_array_equal(out, np.where(mask, x, -1))
    assert run(x, x, mask) and not run(x[1:], x[:-1], mask[1:]) and not run(out, x[:5], mask) and not run(out, x)
    assert run(out.reshape(2, 5), x.reshape(5, 2), mask) and run(out[:0], x[:0], mask[:0])


@pytest.mark.parametrize("field", ["TYPE", "DATA", "ND", "DESCR", "FLAGS", "DIMS", "STRIDES"])
def test_nothing_is_compiled_where_arrays_have_other_fields(field, monkeypatch):
    other = {"ND": 64, "DIMS": 40, "STRIDES": 32}.get(field, getattr(cpython, field) + 16)
    monkeypatch.setattr(cpython, field, other)
    monkeypatch.setattr(cpython, "trusted", cpython.trusted.__wrapped__)
    monkeypatch.setattr(llvm, "available", llvm.available.__wrapped__)
    assert not cpython.trusted() and not llvm.available()
    assert kernel("def made(start, stop, out: write[i64]):\n    pass") is None
    patience = llvm.Patience()
    patience.left = 0
    assert not patience.over(1, 1) and patience.ready is False
    monkeypatch.setattr(llvm, "patience", patience)
    monkeypatch.setattr(elementwise_module, "patience", patience)
    x = np.linspace(-2, 2, 9, dtype=np.float32)
    np.testing.assert_array_equal(elementary.tanh(x), np.tanh(x.astype(np.float64)).astype(np.float32))
    assert cpython.address(x) == x.ctypes.data


def test_separate_functions_are_code_of_their_own():
    """One for each set of types and known numbers, called from several places."""
    text = "def added(to, i, n, M):\n    for m in unroll(M):\n        to[i + m] = to[i + m] + n + m\n"
    added = language.separate(source.from_text(text, NAMES))
    body = "    added(out, start, 5, 2)\n    added(out, start + 2, 7, 2)\n    for i in range(4, 6):\n        added(out, i, i, 1)\n"
    text = "def made(start, stop, out: write[i64]):\n" + body
    run = compiled(source.from_text(text, {**NAMES, "added": added}))
    out = np.zeros(7, np.int64)
    assert run(1, 1, out) and out.tolist() == [5, 6, 7, 8, 4, 5, 0]
    wrong = language.separate(source.from_text("def wrong(x):\n    return x + 1\n", NAMES))
    with pytest.raises(language.KernelError, match="separate: it cannot return"):
        text = "def made(start, stop, out: write[i64]):\n    wrong(start)\n"
        compiled(source.from_text(text, {**NAMES, "wrong": wrong}))


LATE = """
import ctypes, os, sys
import os
import subprocess
import sys

import numpy as np
from rushlight.kernels import cpython, kernel
from rushlight.kernels.source import from_text
from rushlight.kernels import words

run = kernel.compiled(from_text("def made(start, stop, out: write[i64]):\\n    out[0] = 1", vars(words)))
FLAGS = 16  # of PyMethodDef, to which the first field of a PyCFunction points

class Late:
    def __init__(self):
        self.at = ctypes.c_void_p.from_address(id(run) + 16).value + FLAGS
        self.read, self.write, self.run = ctypes.c_int.from_address, os.write, run
    def __del__(self):
        self.write(1, b"%d" % self.read(self.at).value)

sys.late = Late()  # goes after all modules
"""


def test_what_functions_point_to_outlives_them():
    """Python ends with the modules, then the rest: a definition that had gone with its module crashed one process in thousands."""
    environment = {**os.environ, "PYTHONMALLOC": "debug"}  # which overwrites what is freed
    done = subprocess.run([sys.executable, "-c", LATE], capture_output=True, text=True, env=environment)
    assert (done.returncode, done.stdout.strip()) == (0, str(cpython.METH_FASTCALL)), done.stderr
