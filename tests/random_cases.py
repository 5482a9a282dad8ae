"""Cases of random streams as data: what to draw, from which seed, into which layout.

A case is a tuple ``(seed, steps)``; its steps share one generator, so that what a step leaves behind (position,
cached normal) meets the next. A step is ``(sampler, dtype, shape, layout, parameters)``. ``parity/record_random.py``
runs the cases on PyTorch, ``tests/test_random_streams.py`` on ``rushlight.random``; both interpret the same
``make_input``.

Nothing here may depend on the CPU: inputs come from integer arithmetic alone.
"""

import hashlib

import numpy as np

FLOATS = ("float32", "float64", "float16", "bfloat16")
WIDE = ("float32", "float64")
COMPLEX = ("complex64", "complex128")
INTEGERS = ("int64", "int32", "int16", "int8", "uint8")

#: Seeds on both sides of every border: the sign, 32 bits, 53 bits, 64 bits.
SEEDS = (0, 1, 42, -1, 123456789, 2**32 - 1, 2**32, 2**32 + 42, 2**53 + 1, 2**63, 2**64 - 1, -(2**63))

#: Around the blocks of 16 (Box-Muller) and of 624 words (the generator).
SIZES = (0, 1, 2, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 100, 311, 312, 313, 623, 624, 625, 1000, 1249)

LAYOUTS = ("plain", "transposed", "permuted", "stepped", "sliced", "reversed_dims", "offset")


def make_input(seed, dtype, shape, low, high, zeros=0):
    """Numbers in [low, high), the same everywhere: an integer recurrence, scaled. Every ``zeros``-th becomes 0."""
    count = int(np.prod(shape, dtype=np.int64))
    state = (np.arange(1, count + 1, dtype=np.uint64) + np.uint64(seed * 7919)) * np.uint64(0x9E3779B97F4A7C15)
    state ^= state >> np.uint64(31)
    state *= np.uint64(0xBF58476D1CE4E5B9)
    unit = (state >> np.uint64(40)).astype(np.float64) * 2.0**-24
    values = low + (high - low) * unit
    if zeros:
        values[::zeros] = 0.0
    if dtype in ("float16", "bfloat16"):
        values = values.astype(np.float32)
    return values.reshape(shape).astype(numpy_dtype(dtype))


def numpy_dtype(name):
    if name == "bfloat16":
        import ml_dtypes

        return np.dtype(ml_dtypes.bfloat16)
    return np.dtype(name)


def base_shape(shape, layout):
    """The shape to allocate, so that ``view`` of it has ``shape``."""
    if layout == "transposed" or layout == "reversed_dims":
        return tuple(reversed(shape))
    if layout == "permuted":
        return (shape[1], shape[2], shape[0])
    if layout == "stepped":
        return (*shape[:-1], 2 * shape[-1])
    if layout == "sliced":
        return (shape[0] + 2, *shape[1:-1], shape[-1] + 3)
    if layout == "offset":
        return (shape[0] + 1, *shape[1:])
    return tuple(shape)


def view(base, layout):
    """A view of ``base``, a NumPy array or a PyTorch tensor."""
    if layout == "transposed":
        return base.swapaxes(0, 1)
    if layout == "reversed_dims":
        return base.swapaxes(0, -1)
    if layout == "permuted":
        return base.swapaxes(1, 2).swapaxes(0, 1)
    if layout == "stepped":
        return base[..., ::2]
    if layout == "sliced":
        return base[1:-1, ..., 2:-1]
    if layout == "offset":
        return base[1:]
    return base


def digest(arrays, state):
    """16 hex digits over the results (dtype, shape, bytes) and the generator's state afterwards."""
    h = hashlib.blake2b(digest_size=8)
    for array in arrays:
        array = np.asarray(array)
        h.update(f"{array.dtype.name}{array.shape}".encode())
        h.update(np.ascontiguousarray(array).tobytes())
    h.update(np.asarray(state).tobytes())
    return h.hexdigest()


def _seed(i):
    return SEEDS[i % len(SEEDS)]


# -- in-place samplers of one or two parameters: name -> (dtypes, parameters)
# -------------------------------------------
FILLS = {
    "uniform": (FLOATS + COMPLEX, ((0.0, 1.0), (-1.0, 1.0), (0.0, 0.3), (-0.37, 2.9), (5.0, 5.0), (-1e-3, 1e-3))),
    "normal": (FLOATS + COMPLEX, ((0.0, 1.0), (0.0, 0.02), (1.1, 2.0), (-0.37, 2.9), (5.0, 0.0))),
    "log_normal": (FLOATS, ((1.0, 2.0), (0.0, 1.0), (-0.3, 0.25))),
    "exponential": (FLOATS, ((1.0,), (0.3,), (7.5,))),
    "cauchy": (FLOATS, ((0.0, 1.0), (-1.7, 0.3))),
    "geometric": (FLOATS + INTEGERS, ((0.5,), (0.1,), (0.93,))),
    "bernoulli": (FLOATS + INTEGERS + ("bool",), ((0.5,), (0.1,), (0.999,), (0.0,), (1.0,), (1 / 3,))),
    "random": (FLOATS + INTEGERS + ("bool",), ((), (0, 2))),
    "dropout": (FLOATS, ((0.5,), (0.1,), (0.8148790679856907,), (0.0,), (1.0,))),
}

_INTEGER_RANGES = {
    "int64": ((0, 10), (-5, 17), (0, 2**28 - 1), (0, 2**28), (0, 2**28 + 1), (-(2**40), 2**60), (-(2**63), 2**63 - 1),
              (3, None), (-(2**63), None), (-(2**62), None)),
    "int32": ((0, 100), (-(2**31), 2**31 - 1), (0, 2**28), (-7, None)),
    "int16": ((-300, 300), (0, None)),
    "int8": ((-128, 127), (5, None)),
    "uint8": ((0, 256), (250, None)),
    "uint16": ((0, 65536), (7, 60000)),
    "bool": ((0, 1), (0, None)),
    "float32": ((0, 100), (-(2**20), 2**22), (3, None), (0, 2**24)),
    "float64": ((0, 100), (-(2**40), 2**50), (3, None), (-(2**63), None)),
    "float16": ((0, 100), (0, 2048), (1000, None)),
    "bfloat16": ((0, 100), (0, 256), (17, None)),
}  # fmt: skip

# Bounds that the dtype cannot hold exactly; PyTorch warns about these.
_INEXACT_RANGES = {
    "float32": ((0, 2**25 + 1), (-(2**40), 2**60), (2**24 - 3, 2**24 + 9)),
    "float64": ((0, 2**60), (-(2**60), 2**53 + 3)),
    "float16": ((2047, 3001), (-3001, 2051)),
    "bfloat16": ((255, 301), (-(2**20), 2**30 - 1)),
}


def _fill_cases():
    i = 0
    for name, (dtypes, parameter_sets) in FILLS.items():
        for dtype in dtypes:
            for offset, parameters in enumerate(parameter_sets):
                for size in SIZES[offset % 3 :: 3]:
                    yield _seed(i), [(name, dtype, (size,), "plain", parameters)]
                    i += 1
    shapes = {
        "transposed": (5, 7), "permuted": (3, 4, 5), "stepped": (3, 9), "sliced": (4, 6), "reversed_dims": (2, 3, 4),
        "offset": (3, 11),
    }  # fmt: skip
    for name, (dtypes, parameter_sets) in FILLS.items():
        for dtype in dtypes:
            for layout, shape in shapes.items():
                yield _seed(i), [(name, dtype, shape, layout, parameter_sets[i % len(parameter_sets)])]
                i += 1


def _integer_cases():
    i = 0
    for ranges in (_INTEGER_RANGES, _INEXACT_RANGES):
        for dtype, bounds in ranges.items():
            for bound in bounds:
                for size in (1, 16, 700):
                    yield _seed(i), [("random", dtype, (size,), "plain", bound)]
                    i += 1


def _carried_cases():
    """Sequences: an odd number of serial normals leaves one cached, odd words shift the pairs of 64-bit draws."""
    normals = [("normal", "float32", (n,), "plain", (0.0, 1.0)) for n in (1, 2, 3, 15, 16, 17, 5)]
    odd = [("random", "int32", (n,), "plain", (0, 9)) for n in (1, 3, 623, 625)]
    doubles = [("uniform", "float64", (n,), "plain", (0.0, 1.0)) for n in (1, 7, 312, 400)]
    others = [
        ("log_normal", "float64", (3,), "plain", (0.0, 1.0)),
        ("standard_gamma", "float64", (5,), "plain", (0.2, 4.0, 0)),
        ("normal", "float64", (3, 5), "transposed", (1.0, 2.0)),
        ("normal", "float16", (1,), "plain", (0.0, 1.0)),
        ("poisson", "float32", (9,), "plain", (0.0, 40.0, 0)),
        ("bernoulli", "float32", (3,), "plain", (0.4,)),
        ("randperm", "int64", (11,), "plain", ()),
        ("get_set_state", "float32", (1,), "plain", ()),
    ]
    pool = normals + odd + doubles + others
    for i in range(180):
        picks = [pool[(i * 31 + j * (7 + i % 5) + (i * j) % 3) % len(pool)] for j in range(6)]
        yield _seed(i), picks


def _shaped_cases():
    i = 0
    inputs = {
        "poisson": (FLOATS, ((0.0, 1.0, 5), (0.0, 12.0, 4), (0.0, 90.0, 0), (10.0, 2000.0, 0))),
        "standard_gamma": (WIDE, ((0.0, 1.0, 7), (0.5, 3.0, 0), (1.0, 50.0, 0))),
        "dirichlet": (WIDE, ((0.0, 1.0, 9), (0.5, 8.0, 0))),
        "bernoulli_tensor": (FLOATS, ((0.0, 1.0, 6),)),
        "normal_tensors": (FLOATS + ("complex64",), ((0.0, 2.0, 5),)),
        "normal_mean": (FLOATS, ((-1.0, 2.0, 0),)),
        "normal_std": (FLOATS, ((0.0, 2.0, 4),)),
        "rrelu": (WIDE, ((-1.0, 1.0, 0),)),
        "exponential_like": (WIDE, ((0.0, 1.0, 0),)),
    }
    shapes = (
        ((1,), "plain"), ((9,), "plain"), ((16,), "plain"), ((50,), "plain"), ((3, 40), "plain"),
        ((5, 7), "transposed"), ((3, 9), "stepped"), ((4, 6), "sliced"),
    )  # fmt: skip
    for name, (dtypes, ranges) in inputs.items():
        for dtype in dtypes:
            for span in ranges:
                for shape, layout in shapes:
                    yield _seed(i), [(name, dtype, shape, layout, span)]
                    i += 1
    for dtype in WIDE:
        for trials in (1.0, 12.0, 60.0, 5000.0):
            for shape, layout in shapes:
                yield _seed(i), [("binomial", dtype, shape, layout, (trials,))]
                i += 1


def _permutation_cases():
    i = 0
    for dtype in ("int64", "int32", "int16", "float32", "float64", "float16"):
        for n in (0, 1, 2, 3, 16, 100, 623, 624, 625, 2000):
            yield _seed(i), [("randperm", dtype, (n,), "plain", ())]
            i += 1
    for dtype in ("int8", "uint8", "bfloat16"):
        for n in (0, 1, 100, 127):
            yield _seed(i), [("randperm", dtype, (n,), "plain", ())]
            i += 1


def _multinomial_cases():
    i = 0
    for dtype in FLOATS:
        for shape, layout in (
            ((7,), "plain"),
            ((27,), "plain"),
            ((3, 50), "plain"),
            ((8, 4), "transposed"),
            ((300,), "plain"),
        ):
            categories = shape[-1]
            for samples, replacement in ((1, False), (1, True), (3, False), (40, True), (categories, False)):
                for zeros in (0, 3):  # zero weights ask for the order of ties
                    yield _seed(i), [("multinomial", dtype, shape, layout, (zeros, samples, replacement))]
                    i += 1
    for samples in (3, 15, 16, 17, 900):  # both branches of topk, many ties
        yield _seed(i), [("multinomial", "float32", (1000,), "plain", (2, samples, False))]
        i += 1


def _truncated_cases():
    i = 0
    bounds = (
        (0.0, 1.0, -2.0, 2.0),
        (0.0, 0.02, -2.0, 2.0),
        (0.0, 1.0, -0.1, 0.1),
        (1.0, 2.0, 2.5, 3.5),
        (0.0, 2.0, -2.0, 2.0),
    )
    for dtype in FLOATS:
        for parameters in bounds:
            for shape, layout in (
                ((5,), "plain"),
                ((64,), "plain"),
                ((300,), "plain"),
                ((5, 7), "transposed"),
                ((3, 9), "stepped"),
            ):
                yield _seed(i), [("trunc_normal", dtype, shape, layout, parameters)]
                i += 1


def _topk_cases():
    """Small integers, so ties everywhere; a fifth parameter of 1 puts a NaN into every seventh place."""
    i = 0
    for dtype in ("float32", "float64", "int64"):
        for n, distinct in ((4, 2), (15, 3), (16, 5), (17, 4), (90, 6), (90, 80), (700, 300), (3000, 900)):
            for k in sorted({1, max(1, n // 64), n // 2, n - 1, n}):
                for largest, ordered in ((True, True), (False, True), (True, False)):
                    yield _seed(i), [("topk", dtype, (n,), "plain", (k, largest, ordered, distinct, i % 2))]
                    i += 1


def topk_input(dtype, shape, distinct, with_nan):
    values = np.floor(make_input(5, "float64", shape, 0.0, distinct))
    if with_nan and dtype != "int64":
        values[::7] = np.nan
    return values.astype(dtype)


def _long_cases():
    """Long enough for every vectorised path and for pieces that do not end where a block does."""
    for i, (name, dtype, parameters) in enumerate(
        (
            ("uniform", "float32", (0.0, 1.0)), ("uniform", "float32", (-0.3, 0.7)), ("uniform", "float64", (0.0, 1.0)),
            ("uniform", "float64", (-0.3, 0.7)), ("normal", "float32", (0.0, 1.0)), ("normal", "float32", (0.1, 0.7)),
            ("normal", "float16", (0.0, 1.0)), ("normal", "float64", (0.0, 1.0)), ("normal", "float64", (0.1, 0.7)),
            ("exponential", "float32", (1.0,)), ("exponential", "float64", (1.0,)), ("cauchy", "float32", (0.0, 1.0)),
            ("log_normal", "float32", (0.0, 0.5)), ("geometric", "int64", (0.2,)), ("bernoulli", "float32", (0.3,)),
            ("random", "int64", (0, 1000)), ("randperm", "int64", ()), ("dropout", "float32", (0.1,)),
        )
    ):  # fmt: skip
        yield _seed(i), [(name, dtype, (50_007,), "plain", parameters)]


def _listed(cases):
    return lambda: list(cases())


#: Family name -> function returning its cases, in the order of the recorded digests.
FAMILIES = {
    "fills": _listed(_fill_cases),
    "integers": _listed(_integer_cases),
    "carried": _listed(_carried_cases),
    "shaped": _listed(_shaped_cases),
    "permutations": _listed(_permutation_cases),
    "multinomial": _listed(_multinomial_cases),
    "truncated": _listed(_truncated_cases),
    "topk": _listed(_topk_cases),
    "long": _listed(_long_cases),
}


def fingerprint(cases):
    """Of the cases themselves, to notice when recorded digests no longer belong to them."""
    return hashlib.blake2b(repr(cases).encode(), digest_size=8).hexdigest()
