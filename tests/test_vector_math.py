"""The functions of loops against mpmath over their whole domain, against NumPy's path, and their machine code for several processors."""

import re
from pathlib import Path

import mpmath
import numpy as np
import pytest

import rushlight
from rushlight.kernels import activations, elementary, elementwise, ir, llvm, power, special, vectors

if not llvm.available():
    pytest.skip("compiled code is not available here", allow_module_level=True)

from rushlight.kernels import kernel, loops
from rushlight.kernels.emit import Module
from rushlight.kernels.language import annotation
from rushlight.kernels.source import from_text

KNOWN = ir.instructions()
TYPES = {"f32": (np.float32, np.uint32, 23, -126), "f64": (np.float64, np.uint64, 52, -1022)}
#: Instructions of one number that promise a distance from the true value.
UNARY = [(op, kind) for op, x in KNOWN.items() if x.takes == "n" and isinstance(x.ulp, tuple) for kind in x.kinds]
DIFFERENT = {
    "sqrt": mpmath.sqrt, "rounded_root": mpmath.sqrt, "single_exp": mpmath.exp,
    "library_exp": mpmath.exp, "library_log": mpmath.log, "long_log": mpmath.log, "library_sin": mpmath.sin, "library_cos": mpmath.cos,
    "vector_exp2": lambda x: mpmath.mpf(2) ** x,
    "rounded_log2": lambda x: mpmath.log(x, 2), "rounded_lgamma": lambda x: mpmath.re(mpmath.loggamma(x)),
}  # fmt: skip
SPECIAL = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    0.5,
    -0.5,
    2.0,
    np.inf,
    -np.inf,
    np.nan,
    1e-40,
    -1e-40,
    1e-45,
    -1e-45,
    3e38,
    -3e38,
    1e9,
    -200.0,
    100.0,
]


def run(op, *operands):
    """An instruction on arrays."""
    kind = {4: "f32", 8: "f64"}[operands[0].itemsize]
    loop = ir.Loop(kind, ["out", *[f"x{i}" for i in range(len(operands))]])
    loop.store(0, loop.emit(op, *[loop.load(1 + i) for i in range(len(operands))]))
    out = np.empty_like(operands[0])
    assert loops.compiled(loop)(out, *[np.ascontiguousarray(x) for x in operands])
    return out


def numbers(kind):
    """Of every exponent the first, the last and some other numbers of both signs; denormal ones; random bits; and ordinary numbers."""
    dtype, bits, digits, _ = TYPES[kind]
    random = np.random.default_rng(7)
    exponents = np.arange(0, (1 << (8 if kind == "f32" else 11)) - 1, dtype=bits)[:, None] << bits(digits)
    first = random.integers(0, 1 << digits, (len(exponents), 2 if kind == "f32" else 1), dtype=bits)
    ends = np.broadcast_to(np.array([0, 1, (1 << digits) - 1], bits), (len(exponents), 3))
    all_bits = (exponents | np.concatenate([first, ends], 1)).reshape(-1)
    sign = bits(1) << bits(8 * dtype().itemsize - 1)
    denormal = random.integers(1, 1 << digits, 50, dtype=bits)
    parts = [all_bits, all_bits | sign, denormal, denormal | sign]
    parts = [p.view(dtype) for p in parts]
    parts += [random.standard_normal(500).astype(dtype) * scale for scale in (1, 5, 40)]
    parts.append((1 + random.standard_normal(500) * 0.01).astype(dtype))
    return np.concatenate(parts).astype(dtype)


def plain_name(op):
    """What the function is called elsewhere."""
    return op.removeprefix("rounded_").removeprefix("vector_")


def true_values(op, x):
    """By mpmath, as the nearest float64 and what is left; NaN where there is no real value."""
    function = DIFFERENT.get(op) or getattr(mpmath, plain_name(op))
    with mpmath.workdps(40):
        values = []
        for number in x.tolist():
            try:
                value = function(mpmath.mpf(number))
            except ValueError:  # outside the domain
                value = mpmath.nan
            values.append(mpmath.nan if isinstance(value, mpmath.mpc) else value)
        high = [float(v) for v in values]
        low = [float(v - h) if np.isfinite(h) else 0.0 for v, h in zip(values, high, strict=True)]
    return np.array(high), np.array(low)


def errors(y, high, low):
    """Distances from true values in units in the last place; infinity is right from where it is the nearest, and else the first number that
    is none."""
    dtype, _, digits, least = TYPES["f32" if y.dtype == np.float32 else "f64"]
    wide = y.astype(np.float64)
    if dtype is np.float32:
        high = np.where(np.abs(high) >= 2.0**128 - 2.0**103, np.copysign(np.inf, high), high)
        wide = np.where(np.isinf(y) & np.isfinite(high), np.copysign(2.0**128, wide), wide)
    same = (wide == high) | (np.isnan(wide) & np.isnan(high))
    with np.errstate(all="ignore"):
        unit = np.ldexp(1.0, np.maximum(np.frexp(high)[1] - 1, least) - digits)
        return np.where(same, np.where(np.isfinite(high), np.abs(low) / unit, 0), np.abs((wide - high) - low) / unit)


@pytest.mark.parametrize(("op", "kind"), UNARY)
def test_functions_keep_their_bounds_over_the_whole_domain(op, kind):
    x = numbers(kind)
    if op in ("rounded_erfc", "rounded_erf", "rounded_erfinv"):  # beyond, mpmath takes long over a constant
        x = x[np.abs(x) < 100]
    if op == "rounded_lgamma":
        zeros = [1.4616321, -0.5040830, -2.4570247, -2.7476826, -3.1435809, -3.9552942, -1.5734985, -2.6107209]
        x = np.concatenate(
            [x, (np.array(zeros)[:, None] + np.linspace(-1e-5, 1e-5, 101)).reshape(-1).astype(np.float32)]
        )
        x = x[(x > 0) | (x != np.floor(x))]  # else a pole
    far = errors(run(op, x), *true_values(op, x))
    worst = int(np.argmax(np.where(np.isnan(far), np.inf, far)))
    bound = KNOWN[op].ulp[KNOWN[op].kinds.index(kind)]
    assert far[worst] <= bound + 1e-6, f"{op}({x[worst]!r}) is off by {far[worst]} units"


def test_bounds_are_small_enough():
    for op, known in KNOWN.items():
        for bound in known.ulp if isinstance(known.ulp, tuple) else ():
            assert bound <= (2.1 if op == "acosh" else 2.0), op  # the C library's own error, which PyTorch has too
    rest = {op for op, known in KNOWN.items() if isinstance(known.ulp, str) and not known.called}
    assert rest == {"short_exp", "erf_of", "falling_square", "digamma_of"}


#: float64 functions of NumPy whose value at zeros, infinities and NaN is that of an instruction.
EDGES = {
    "asin": np.arcsin, "acos": np.arccos, "atan": np.arctan, "atanh": np.arctanh, "asinh": np.arcsinh, "acosh": np.arccosh,
    "single_exp": np.exp, "library_exp": np.exp, "library_log": np.log, "long_log": np.log, "library_sin": np.sin, "library_cos": np.cos,
    "root": np.sqrt, "erf": special.erf, "erfc": special.erfc, "erfinv": special.erfinv,
    "lgamma": special.lgamma,
}  # fmt: skip


@pytest.mark.parametrize(("op", "kind"), UNARY)
def test_zeros_infinities_and_nan(op, kind, monkeypatch):
    monkeypatch.setattr(llvm.patience, "ready", False)
    x = (
        np.array(SPECIAL + [710.0, -746.0, 1e300, 2.0**1000], np.float64).astype(TYPES[kind][0])
        if kind == "f64"
        else None
    )
    x = np.array(SPECIAL, np.float32) if x is None else x
    name = plain_name(op)
    function = EDGES.get(name) or getattr(np, name)
    with np.errstate(all="ignore"):
        wanted = function(x.astype(np.float64)).astype(x.dtype)
    got = run(op, x)
    edge = ~np.isfinite(wanted) | (wanted == 0) | (np.abs(wanted) == 1)
    np.testing.assert_array_equal(got[edge], wanted[edge])
    zero = wanted == 0
    np.testing.assert_array_equal(np.signbit(got[zero]), np.signbit(wanted[zero]))
    for size in (0, 1, 7, 15):  # what is left over beyond vectors
        np.testing.assert_array_equal(run(op, x[:size]), got[:size])


# --- two operands -----------------------------------------------------------------------------------------------------
def pairs():
    random = np.random.default_rng(3)
    grid = np.meshgrid(np.array([*SPECIAL, 3.0, -3.0, 2.5, 16777217.0, 1e-30], np.float32), SPECIAL)
    bits = random.integers(0, 1 << 32, (2, 20_000), dtype=np.uint32).view(np.float32)
    scales = 10.0 ** random.integers(-30, 30, (2, 20_000))
    return [
        tuple(np.ascontiguousarray(side.reshape(-1).astype(np.float32)) for side in two)
        for two in (grid, bits, random.standard_normal((2, 20_000)), random.standard_normal((2, 20_000)) * scales)
    ]


@pytest.mark.parametrize("op", ["fmod", "remainder", "floor_divide", "fmax", "fmin", "copied_sign", "rounded_hypot"])
def test_functions_of_two_numbers_are_numpys(op):
    function = getattr(np, KNOWN[op].ufuncs[0])
    for x, y in pairs():
        with np.errstate(all="ignore"):
            wanted, got = function(x, y), run(op, x, y)
        np.testing.assert_array_equal(got, wanted)
        if op not in ("fmax", "fmin"):  # of two zeros either is the larger
            zero = wanted == 0
            np.testing.assert_array_equal(np.signbit(got[zero]), np.signbit(wanted[zero]))


def test_angles_of_points():
    for y, x in pairs():
        with np.errstate(all="ignore"):
            wide = np.arctan2(y.astype(np.float64), x.astype(np.float64))
        got = run("vector_atan2", y, x)
        number = ~np.isnan(wide)
        np.testing.assert_array_equal(np.isnan(got), ~number)
        np.testing.assert_array_max_ulp(got[number], wide[number].astype(np.float32), 1)
        np.testing.assert_array_equal(np.signbit(got[number]), np.signbit(wide[number]))


def test_powers():
    for x, y in [*pairs(), tuple(np.abs(side) for side in pairs()[2])]:
        with np.errstate(all="ignore"):
            wide = np.power(x.astype(np.longdouble), y.astype(np.longdouble))
            got = run("power", x, y)
            nearest = wide.astype(np.float32)
            ordinary = np.isfinite(nearest) & (np.abs(nearest) > 2.0**-126)
            far = errors(got[ordinary], wide[ordinary].astype(np.float64), np.zeros(ordinary.sum()))
        assert far.max(initial=0) <= KNOWN["power"].ulp[0]
        np.testing.assert_array_equal(got[~ordinary], nearest[~ordinary])


# --- beside NumPy's path ----------------------------------------------------------------------------------------------
FUNCTIONS = {
    **{name: getattr(elementary, name) for name in (
        "exp exp2 expm1 log log2 log10 log1p sin cos tan sinh cosh tanh asin acos atan asinh acosh atanh").split()},
    **{name: getattr(special, name) for name in ("erf", "erfc", "erfinv", "lgamma", "digamma")},
    "vectors.exp": vectors.exp, "vectors.single_exp": vectors.single_exp, "mish": activations.mish,
    "elu": lambda x: activations.elu(x, 1.5, 0.7, 0.9), "softplus": lambda x: activations.softplus(x, 1.5, 15.0),
    "logsigmoid": activations.logsigmoid, "power": lambda x: power.power(x, 2.5), "sigmoid": activations.sigmoid,
    "atan2": lambda x: elementary.atan2(x, x[::-1].copy()), "powers": lambda x: power.powers(x, x[::-1].copy()),
    "logaddexp": lambda x: activations.logaddexp(x, x[::-1].copy()),
    "elu_slope": lambda x: activations.elu_slope(x[::-1].copy(), x, 1.5, 0.7, 0.9),
    "mish_slope": lambda x: activations.mish_slope(x[::-1].copy(), x),
    "softplus_slope": lambda x: activations.softplus_slope(x[::-1].copy(), x, 1.5, 15.0),
    "logsigmoid_slope": lambda x: activations.logsigmoid_slope(x[::-1].copy(), x),
}  # fmt: skip


COMPENSATED = {"exp", "tanh", "mish", "mish_slope"}


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_loops_and_numpy_agree(name, monkeypatch):
    """Bit for bit, but for one number in 10,000, whose float64 value lies on the middle between two; one in 500 where the exponential or
    tanh in float32 (``code/compensated.py``) takes part."""
    random = np.random.default_rng(11)
    bits = random.integers(0, 1 << 32, 30_000, dtype=np.uint32).view(np.float32)
    ordinary = (random.standard_normal(30_000) * 4).astype(np.float32)
    for x in (bits, ordinary, ordinary / 8, np.array(SPECIAL, np.float32)):
        for size in (0, 1, 5, 16, 31, len(x)):
            answers = []
            for ready in (True, False):
                monkeypatch.setattr(llvm.patience, "ready", ready)
                with np.errstate(all="ignore"):
                    answers.append(np.asarray(FUNCTIONS[name](x[:size].copy())))
            a, b = answers
            apart = np.flatnonzero(~((a == b) | (np.isnan(a) & np.isnan(b))))
            assert len(apart) <= size / (500 if name in COMPENSATED else 10_000), (name, x[apart], a[apart], b[apart])
            if name == "mish_slope":  # two terms that cancel, in units of the gradient that they are multiplied by
                assert (np.abs(a[apart] - b[apart]) <= 2 * np.spacing(np.abs(x[:size][::-1][apart]))).all()
            else:
                np.testing.assert_array_max_ulp(
                    a[apart], b[apart], 2 if name == "mish" else 1
                )  # one function of another


# --- machine code -----------------------------------------------------------------------------------------------------
PROCESSORS = {"here": None, "haswell": "haswell", "skylake": "skylake-avx512"}
NUMERIC = [
    (op, kind)
    for op, x in KNOWN.items()
    if x.takes.strip("n") == "" and x.gives == "n" and not x.called
    for kind in x.kinds
]


def assembly(wanted, processor):
    """The loops of instructions for a processor, each with a label."""
    import llvmlite.binding as llvm_binding

    module = Module()
    for op, kind in wanted:
        n = ir.arity(op)
        loop = ir.Loop(kind, ["out", *[f"x{i}" for i in range(n)]])
        loop.store(0, loop.emit(op, *[loop.load(1 + i) for i in range(n)]))
        names = {**vars(loops.words), "T": getattr(loops.words, kind), "functions": loops.functions}
        python = from_text(loops.written(loop), names)
        parameters = [(x, *annotation(text, names)) for x, text in python.__annotations__.items()]
        kernel._write_body(module, python, parameters, {})
        module.functions[-1].header = module.functions[-1].header.replace("@body", f"@{op}_{kind}")
    llvm_binding.initialize_all_targets()
    llvm_binding.initialize_all_asmprinters()
    parsed = llvm_binding.parse_assembly(str(module))
    if processor is None:
        machine = llvm._machine()
    else:
        target = llvm_binding.Target.from_triple("x86_64-unknown-linux-gnu")
        machine = target.create_target_machine(cpu=processor, opt=1, reloc="pic", codemodel="small")
    passes = llvm_binding.create_new_module_pass_manager()
    passes.add_sroa_pass()
    passes.run(parsed, llvm_binding.create_pass_builder(machine, llvm_binding.create_pipeline_tuning_options()))
    text = machine.emit_assembly(parsed)
    starts = {m.group(1): m.start() for m in re.finditer(r"^_?(\w+):", text, re.M)}
    bounds = sorted(starts.values()) + [len(text)]
    labels = [f"{op}_{kind}" for op, kind in wanted]
    return {label: text[starts[label] : bounds[bounds.index(starts[label]) + 1]] for label in labels}


@pytest.mark.parametrize("processor", sorted(PROCESSORS))
def test_loops_call_nothing_and_use_the_widest_registers(processor):
    for label, text in assembly(NUMERIC, PROCESSORS[processor]).items():
        assert not re.search(r"^\s*(call|bl|blr|jmp\s+[^.\s])", text, re.M), label
        if processor == "haswell":
            assert "%ymm" in text, label
        elif processor == "skylake":
            assert "%zmm" in text or "%ymm" in text, label


def test_a_processor_without_fused_operations_has_no_loops(monkeypatch):
    """There ``fma`` and rounding would become calls of the C library."""
    labels = assembly([("fma", "f32"), ("rint", "f64")], "x86-64")
    assert all(re.search(r"^\s*(call|jmp\s+[^.\s])", text, re.M) for text in labels.values())
    monkeypatch.setattr(llvm, "_features", lambda: "+sse2,+ssse3,-fma")
    assert not llvm.available.__wrapped__()
    monkeypatch.setattr(llvm, "_features", lambda: "+sse2,+avx2,+fma")
    assert llvm.available.__wrapped__()


def test_operands_that_are_not_given(monkeypatch):
    monkeypatch.setattr(llvm.patience, "ready", True)

    def limited(x, least, most):
        x = x if least is None else np.maximum(x, least)
        return x if most is None else np.minimum(x, most)

    x = np.linspace(-2, 2, 50, dtype=np.float32)
    for bounds in ((None, 1.0), (-0.5, None), (-0.5, 1.0)):
        np.testing.assert_array_equal(elementwise.fused("limited", limited, (x, *bounds)), limited(x, *bounds))


#: Rows of the table that ``bench/exhaustive.py`` has not been run for: the last two take an hour each.
TO_BE_RUN = {
    "acosh", "rounded_erfc", "rounded_erfinv", "rounded_lgamma",
    "vector_expm1", "vector_exp2", "vector_sinh", "vector_cosh", "vector_tanh", "vector_atanh",
}  # fmt: skip


@pytest.mark.parametrize("name", ["sigmoid", "silu", "mish", "gelu", "tanh", "logsigmoid", "softplus"])
def test_parts_of_rows_again_and_again(name, monkeypatch):
    """What is remembered of matrices whose rows are apart gives the same bits as the first call."""
    monkeypatch.setattr(llvm.patience, "ready", True)
    function = getattr(rushlight.nn.functional, name)
    for columns in (3, 8, 16, 20, 33, 40):
        whole = rushlight.tensor(np.random.default_rng(columns).standard_normal((5, 3 * columns)).astype(np.float32))
        for part in (*whole.chunk(3, 1), whole.T, whole[:, :columns].T, whole[1:, 1:].T):
            vectors._known_rows.clear()
            first = function(part)
            assert [function(part).tolist() for _ in range(2)] == [first.tolist()] * 2


def test_the_table_of_measurements_is_whole():
    """docs/kernels.md has a row for every float32 function of one number, whose largest error keeps the bound that the code states."""
    text = (Path(__file__).parent.parent / "docs" / "kernels.md").read_text(encoding="utf-8")
    rows = {m[1]: m for m in re.finditer(r"^\| `(\w+)` \| ([\d.]+) \| ([\d.]+|not run) \|", text, re.M)}
    for op in (op for op, kind in UNARY if kind == "f32"):
        assert float(rows[op][2]) == KNOWN[op].ulp[0], op
        assert rows[op][3] == "not run" or float(rows[op][3]) <= KNOWN[op].ulp[0], op
    assert {op for op in rows if rows[op][3] == "not run"} <= TO_BE_RUN


def test_every_instruction_is_whole():
    """What bodies and NumPy's functions ask for is one instruction each."""
    for kind in ("bodies", "ufuncs"):
        asked = [name for known in KNOWN.values() for name in getattr(known, kind)]
        assert len(asked) == len(set(asked)), kind
    assert (
        elementwise.run("library_sin", np.zeros(3, np.float64)) is None
    )  # the array functions' instructions are float32's
