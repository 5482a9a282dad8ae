"""Loop IR and its machine code: every instruction against NumPy, and the optimizers' steps bit for bit against NumPy's."""

import doctest
import itertools
import sys

import numpy as np
import pytest

import rushlight as torch
from rushlight.kernels import activations, elementary, ir, llvm, memory, vectors
from rushlight.kernels.fused import fma
from rushlight.kernels.square_root import sqrt

if not llvm.available():
    pytest.skip("compiled code is not available here", allow_module_level=True)

from rushlight.kernels import loops

SPECIAL = [0.0, -0.0, 1.0, -1.5, 2.75, 1e-42, -3e38, 3e38, float("inf"), float("-inf"), float("nan"), 7.0]
NUMPY = {
    **{op: getattr(np, x.ufuncs[0]) for op, x in ir.instructions().items() if x.ufuncs and {x.gives, *x.takes} == {"n"}},
    "exp": vectors.exp, "fma": fma, "sqrt": lambda x: sqrt(x) if x.dtype == np.float32 else np.sqrt(x), "log1p": elementary.log1p,
    "single_exp": vectors.single_exp, "library_exp": elementary.exp, "rounded_tanh": elementary.tanh, "library_log": elementary.log,
}  # fmt: skip


def test_the_documentation_is_true():
    assert doctest.testmod(ir).failed == 0 and doctest.testmod(ir).attempted > 2


@pytest.mark.parametrize("kind", ir.TYPES)
@pytest.mark.parametrize("op", sorted(NUMPY))
def test_instruction(op, kind, monkeypatch):
    monkeypatch.setattr(llvm.patience, "ready", False)  # NumPy's functions are the reference
    if not ir.has_form(op, kind):
        return refused(op, kind)
    dtype = {"f32": np.float32, "f64": np.float64}[kind]
    n = ir.arity(op)
    columns = np.array(list(itertools.product(SPECIAL, repeat=n)), dtype).T
    loop = ir.Loop(kind, ["out", *"xyz"[:n]])
    loop.store(0, loop.emit(op, *[loop.load(1 + i) for i in range(n)]))
    run = loops.compiled(loop)
    for size in (0, 1, 3, 4, 5, 8, 9, 11, columns.shape[1]):
        operands = [np.ascontiguousarray(column[:size]) for column in columns]
        out = np.full(size, 99, dtype)
        assert run(out, *operands)
        with np.errstate(all="ignore"):
            expected = NUMPY[op](*operands)
        if (
            kind == "f64" and NUMPY[op].__module__ == elementary.__name__
        ):  # NumPy's own digits: both are good to a unit or two
            rounded = np.isfinite(expected)
            np.testing.assert_array_max_ulp(out[rounded], expected[rounded], 3)
            out, expected = out[~rounded], expected[~rounded]
        np.testing.assert_array_equal(out, expected)
        zeros = expected == 0
        if op not in ("max", "min", "fmax", "fmin"):  # of two zeros either may be the larger
            np.testing.assert_array_equal(np.signbit(out[zeros]), np.signbit(expected[zeros]))


def refused(op, kind):
    loop = ir.Loop(kind, ["x"])
    loop.store(0, loop.emit(op, *[loop.load(0)] * ir.arity(op)))
    with pytest.raises(TypeError, match=f"there is no '{op}' for {kind}"):
        loops.compiled(loop)


@pytest.mark.parametrize(
    "name", ["exp", "single_exp", "sqrt", "loop_exp", "library_exp", "library_log", "rounded_tanh"]
)
def test_functions_give_the_same_bits_by_loops(name, monkeypatch):
    function = {
        "exp": vectors.exp, "single_exp": vectors.single_exp, "sqrt": sqrt, "loop_exp": activations.loop_exp,
        "library_exp": elementary.exp, "rounded_tanh": elementary.tanh, "library_log": elementary.log,
    }[name]  # fmt: skip
    bits = np.random.default_rng(0).integers(0, 1 << 32, 60_000, dtype=np.uint32)
    ordinary = np.random.default_rng(1).standard_normal(60_000).astype(np.float32) * 30
    for x in (bits.view(np.float32), ordinary):
        for size in (0, 1, 7, 16, 31, 60_000):
            answers = []
            for ready in (True, False):
                monkeypatch.setattr(llvm.patience, "ready", ready)
                with np.errstate(all="ignore"):
                    answers.append(function(x[:size]))
            np.testing.assert_array_equal(*answers)


def test_numbers_are_given_at_each_run():
    loop = ir.Loop("f32", ["x"])
    loop.store(0, loop.emit("mul", loop.load(0), loop.number()))
    run, x = loops.compiled(loop), np.arange(11, dtype=np.float32)
    assert run(x, 2.0) and run(x, 0.1)
    np.testing.assert_array_equal(x, np.arange(11, dtype=np.float32) * np.float32(2) * np.float32(0.1))
    same = ir.Loop("f32", ["another name"])
    same.store(0, same.emit("mul", same.load(0), same.number()))
    assert loops.compiled(same) is run


def test_what_does_not_fit_is_left_alone():
    loop = ir.Loop("f32", ["x", "y"])
    loop.store(0, loop.emit("add", loop.load(0), loop.load(1)))
    run, x = loops.compiled(loop), np.arange(12, dtype=np.float32)
    before, frozen = x.copy(), x.copy()
    frozen.flags.writeable = False
    wrong = [
        (x, x.astype(np.float64)), (x, x[:6]), (x.reshape(3, 4).T, x), (x[::2], x[:6]), (frozen, x), (x, list(x)), (),
        (x, x, x), (x[:8], x[2:10]), (x[::2],), (list(x),), (x.astype(np.float64),),
    ]  # fmt: skip
    for arguments in wrong:
        assert run(*arguments) is False
    np.testing.assert_array_equal(x, before)
    assert run(x, frozen) and run(x, x)
    np.testing.assert_array_equal(x, before * 4)


@pytest.mark.parametrize("shape", [(), (5,), (3, 0), (2, 3, 4), (40, 50)])
def test_a_loop_makes_its_result_where_none_is_given(shape):
    loop = ir.Loop("f32", ["out", "x", "y"])
    loop.store(0, loop.emit("mul", loop.emit("add", loop.load(1), loop.load(2)), loop.number()))
    run = loops.compiled(loop)
    x, y = (np.random.default_rng(i).random(shape, np.float32) for i in range(2))
    out = run(x, y, 3.0)
    assert type(out) is np.ndarray and out.flags.owndata and out.flags.writeable and out.flags.c_contiguous
    np.testing.assert_array_equal(out, np.asarray((x + y) * np.float32(3)))
    held = [x, y, out.dtype]
    before = [sys.getrefcount(thing) for thing in held]
    for _ in range(100):
        run(x, y, 3.0)
    assert [sys.getrefcount(thing) for thing in held] == before


def test_large_results_are_the_callers_to_make():
    loop = ir.Loop("f32", ["out", "x"])
    loop.store(0, loop.emit("neg", loop.load(1)))
    run, x = loops.compiled(loop), np.ones(memory.LARGE // 4, np.float32)
    assert run(x) is False and run(np.empty_like(x), x) and run(x[:-1]).sum() == 1 - x.size


@pytest.mark.parametrize(("code", "says"), [
    ([("add", 0)], "'add' does not take 1 operands"), ([("sinh", 0)], "'sinh' does not take"), ([("neg", 0)], "refers to"),
    ([("load", 2)], "refers to"), ([("number", 0)], "refers to")])  # fmt: skip
def test_ill_formed_loops_are_refused(code, says):
    loop = ir.Loop("f32", ["x"])
    loop.code += code
    with pytest.raises(TypeError, match=says):
        loop.verify()
    with pytest.raises(TypeError, match="no element type 'i8'"):
        ir.Loop("i8", ["x"])


OPTIMIZERS = {
    "SGD": lambda p: torch.optim.SGD(p, lr=0.1),
    "SGD, momentum": lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, weight_decay=0.01, nesterov=True),
    "SGD, dampened": lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, dampening=0.5, maximize=True),
    "Adam": lambda p: torch.optim.Adam(p, lr=0.1),
    "Adam, AMSGrad": lambda p: torch.optim.Adam(p, lr=0.1, amsgrad=True, weight_decay=0.1),
    "AdamW": lambda p: torch.optim.AdamW(p, lr=0.1),
    "NAdam": lambda p: torch.optim.NAdam(p, lr=0.1),
    "RAdam": lambda p: torch.optim.RAdam(p, lr=0.1),
    "Adamax": lambda p: torch.optim.Adamax(p, lr=0.1),
    "RMSprop": lambda p: torch.optim.RMSprop(p, lr=0.1),
    "RMSprop, centered": lambda p: torch.optim.RMSprop(p, lr=0.1, centered=True, momentum=0.5),
    "Adagrad": lambda p: torch.optim.Adagrad(p, lr=0.1, lr_decay=0.1),
    "Adadelta": lambda p: torch.optim.Adadelta(p, lr=0.1),
    "ASGD": lambda p: torch.optim.ASGD(p, lr=0.1),
    "Rprop": lambda p: torch.optim.Rprop(p, lr=0.1),
}


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", sorted(OPTIMIZERS))
def test_steps_are_those_of_numpy(name, dtype, monkeypatch):
    ran = set()

    def course(ready):
        monkeypatch.setattr(llvm.patience, "ready", ready)
        torch.manual_seed(0)
        shapes = [(3, 5), (7,), (), (0,), (40, 60)]
        params = [torch.nn.Parameter(torch.randn(*shape, dtype=dtype)) for shape in shapes]
        params.append(torch.nn.Parameter(torch.randn(4, 6, dtype=dtype).t()))  # not contiguous: NumPy's
        optimizer = OPTIMIZERS[name](params)
        by_loop = optimizer._ran
        optimizer._ran = lambda *arguments: noted(by_loop(*arguments))
        for step in range(8):
            for p in params:
                p.grad = torch.randn(*p.shape, dtype=dtype) * 10.0 ** (step - 4)
            optimizer.step()
        return [p.detach() for p in params]

    def noted(answer):
        ran.add(answer)
        return answer

    for a, b in zip(course(True), course(False), strict=True):
        assert torch.equal(a, b)
    assert ran == {True, False}


def test_loops_wait_until_they_are_worth_it():
    patience = llvm.Patience()
    patience.ready, patience.left, patience.looked = None, 25_000, True
    assert not patience.over(10_000, 1)
    assert patience.over(10_000, 1) and patience.over(1, 1)


def test_as_many_elements_are_not_one_shape():
    x, y = torch.rand(200, 1), torch.rand(1, 200)
    big, wide = torch.rand(400, 100), torch.rand(100, 400)
    for _ in range(3):
        assert (x * y).shape == (200, 200) and torch.equal(x * y, x.expand(200, 200) * y.expand(200, 200))
        with pytest.raises(RuntimeError, match="must match the size"):
            big * wide


@pytest.mark.parametrize("name", ["gelu", "gelu_slope"])
def test_what_is_made_of_fused_products_is_one_loop(name):
    """Which dtype a symbol has is not asked of the symbol: that would be an instruction."""
    from rushlight.kernels.elementwise import length

    function = getattr(activations, name)
    assert length(function, np.dtype(np.float32), 1 + name.endswith("slope"))
