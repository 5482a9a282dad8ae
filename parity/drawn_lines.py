"""The lines of random programs, of each kind, as PyTorch's tensors at hand let them be drawn.

Shapes and indices fit most of the time (and sometimes do not), and every constant stands in the text: a failing program can be
pasted into a file.
"""

from __future__ import annotations

import random
from typing import Any

import torch
from drawing import Drawing, broadcasts, shares_memory
from side_by_side import NAMES

SHAPES = [
    (2, 3),
    (),
    (3,),
    (1, 3),
    (2, 1),
    (0,),
    (2, 0, 3),
    (1,),
    (2, 3, 2),
    (1, 1, 4),
    (4, 3),
    (3, 3),
    (2, 1, 2, 2),
    (5,),
]
DTYPES = "float32 float32 float64 float32 int64 bool float16 bfloat16 int32 uint8 float64 float32 complex64".split()
NUMBERS = ["2", "1", "0", "-1", "0.5", "1.5", "True", "3", "-2.5", "0.0", "7", "2.0", "inf", "1j"]

UNARY = """abs neg exp log sqrt sin cos tanh sigmoid floor ceil round trunc frac reciprocal square relu isnan isfinite logical_not
    bitwise_not erf log1p expm1 rsqrt sign sgn atan sinh cosh asinh log2 log10 exp2 positive nan_to_num signbit isinf deg2rad
    asin acos erfc lgamma tan angle conj real""".split()
ACTIVATIONS = "relu gelu silu softplus elu leaky_relu hardtanh selu logsigmoid softsign mish hardswish relu6 celu tanhshrink".split()
BINARY = """add sub mul div true_divide floor_divide remainder fmod pow maximum minimum eq ne lt le gt ge atan2 fmax fmin hypot
    logical_and logical_or logical_xor bitwise_and bitwise_or bitwise_xor logaddexp xlogy copysign bitwise_left_shift
    bitwise_right_shift heaviside gcd lcm float_power rsub""".split()
OPERATORS = "+ - * / // % ** == != < <= > >= & | ^ << >>".split()
INPLACE_OPERATORS = "+= -= *= /= //= %= **= &= |= ^=".split()
INPLACE_UNARY = (
    "abs_ neg_ exp_ sqrt_ tanh_ sigmoid_ floor_ round_ square_ relu_ zero_ reciprocal_ sin_ logical_not_ log_".split()
)
INPLACE_BINARY = "add_ sub_ mul_ div_ copy_ pow_ fmod_ remainder_ eq_ lt_ logical_and_ atan2_ floor_divide_".split()
REDUCTIONS = (
    "sum mean prod amax amin max min all any var std logsumexp norm argmax argmin nansum count_nonzero median".split()
)
SCANS = "cumsum cumprod cummax cummin logcumsumexp softmax".split()


# --- each draws the text of an expression, or of a statement if it assigns nothing ------------------------------------
def leaf(d: Drawing) -> str:
    shape, dtype = d.choice(SHAPES), d.choice(DTYPES)
    text = literal(shape, dtype, d.number(40))
    needs = dtype in ("float16", "bfloat16", "float32", "float64", "complex64") and d.number(3) > 0
    return f"torch.tensor({text}, dtype=torch.{dtype}{', requires_grad=True' if needs else ''}){suffix(shape)}"


def suffix(shape: tuple[int, ...]) -> str:
    """What makes this shape of the flat list that ``literal`` writes for an empty tensor."""
    return f".reshape{shape}" if 0 in shape and len(shape) > 1 else ""


def literal(shape: tuple[int, ...], dtype: str, seed: int) -> str:
    """Nested lists of small numbers."""
    rng = random.Random(seed)

    def number(i: int) -> str:
        if dtype == "bool":
            return str(rng.random() < 0.5)
        if "int" in dtype:
            return str(rng.choice([250, 127, 9]) if seed % 10 == 9 else rng.randint(0 if dtype == "uint8" else -3, 5))
        if seed % 10 == 9 and rng.random() < 0.3:
            return rng.choice(["inf", "-inf", "nan", "0.0", "-0.0"])
        value = float(i + 1) if seed == 0 else round(rng.uniform(-3, 3), 2) if seed % 3 else rng.randint(1, 8) * 0.5
        return f"{value}+{rng.randint(0, 3)}j" if dtype == "complex64" else str(value)

    count = iter(range(1000))

    def nested(sizes: tuple[int, ...]) -> str:
        if not sizes:
            return number(next(count))
        return "[" + ", ".join(nested(sizes[1:]) for _ in range(sizes[0])) + "]"

    return "[]" if 0 in shape else nested(shape)


def of_one(space: str, names: list[str], fits: Any = None) -> Any:
    """Draws the call of one of these functions of one tensor."""
    return lambda d: f"{space}.{d.choice(names)}({d.pick(fits)})"


unary = of_one("torch", UNARY)
activation = of_one("F", ACTIVATIONS, torch.is_floating_point)


def binary(d: Drawing) -> str:
    x = d.pick()
    if d.number(4) == 0:
        return f"{x} {d.choice(OPERATORS)} {d.like(x)}"
    y = d.like(x)
    return f"torch.{d.choice(BINARY)}({x}, {y})"


def with_number(d: Drawing) -> str:
    x, number, operator = d.pick(), d.choice(NUMBERS), d.choice(OPERATORS)
    return d.choice([f"{x} {operator} {number}", f"{number} {operator} {x}"])


def ternary(d: Drawing) -> str:
    x = d.pick(torch.is_floating_point)
    y, z = d.like(x), d.like(x)
    shape = d.tensors[x].shape
    return d.choice([
        f"torch.addcmul({x}, {y}, {z}, value={d.choice(NUMBERS)})",
        f"torch.addcdiv({x}, {d.like(x)}, {d.pick(lambda t: t.is_floating_point() and broadcasts(t.shape, shape))})",
        f"torch.lerp({x}, {y}, {d.choice(['0.5', z])})",
        f"torch.clamp({x}, {d.choice(['-1, 1', '0.5, 2.5', 'None, 1.5', f'{y}, {z}', f'{y}, None'])})",
        f"torch.add({x}, {y}, alpha={d.choice(NUMBERS)})",
        f"torch.div({x}, {y}, rounding_mode={d.choice([repr('floor'), repr('trunc')])})",
        f"torch.clamp({x}, min={d.choice(NUMBERS[:-1])})",
        f"torch.isclose({x}, {y}, equal_nan=True)",
    ])  # fmt: skip


def where(d: Drawing) -> str:
    x = d.pick()
    y = d.like(x)
    condition = d.choice([f"{x} > 0", f"{y} != 0", d.pick(lambda t: t.dtype == torch.bool)])
    return f"torch.where({condition}, {d.choice([x, '0', '1.5'])}, {d.choice([y, '-1', '0.5'])})"


def reduction(d: Drawing) -> str:
    x, name = d.pick(), d.choice(REDUCTIONS)
    form = d.number(5)
    if form == 0 or name == "median":
        return f"torch.{name}({x})" if name != "logsumexp" else f"torch.logsumexp({x}, {d.dim(x)})"
    dim: Any = d.dim(x)
    if form == 1 and name not in ("max", "min", "prod", "argmax", "argmin"):
        dim = tuple(sorted({dim, d.dim(x)}))
    keep = f", keepdim={d.choice([True, False])}" if name != "count_nonzero" else ""
    if name in ("sum", "mean", "prod") and form == 2:
        keep += f", dtype=torch.{d.choice(['float64', 'float32', 'int64'])}"
    if name == "norm":
        return f"torch.norm({x}, {d.choice(['2', '1', 'inf', '0', '3', repr('fro')])}, {dim}{keep})"
    if name in ("var", "std") and form == 2:
        keep += f", correction={d.number(3)}"
    return f"torch.{name}({x}, dim={dim}{keep})" + ("[0]" if name in ("max", "min") else "")


def scan(d: Drawing) -> str:
    x, name = d.pick(lambda t: not t.is_complex()), d.choice(SCANS)
    return f"torch.{name}({x}, {d.dim(x)})" + ("[0]" if name in ("cummax", "cummin") else "")


def ordering(d: Drawing) -> str:
    x = d.pick(lambda t: not t.is_complex())
    dim = d.dim(x)
    k = 1 + d.number(max(d.size(x, dim), 1))
    return d.choice([
        f"torch.sort({x}, {dim})[0]",
        f"torch.sort({x}, dim={dim}, stable=True, descending=True)[1]",
        f"torch.topk({x}, {k}, {dim})[0]",
        f"torch.kthvalue({x}, {k}, {dim})[0]",
        f"torch.argsort({x}, dim={dim}, stable=True)",
        f"torch.median({x}, {dim})[0]",
        f"torch.unique({x})",
        f"torch.searchsorted(torch.tensor([-1.0, 0.5, 2.0]), {x})",
        f"torch.bucketize({x}, torch.tensor([0, 1, 2]))",
        f"torch.bincount({x})",
        f"torch.diff({x}, dim={dim})",
    ])  # fmt: skip


def product(d: Drawing) -> str:
    x = d.pick(lambda t: t.dim() > 0 and t.dtype != torch.bool)
    a = d.tensors[x]
    inner = a.shape[-1] if a.dim() else 1

    def fits(t: torch.Tensor) -> bool:
        return t.dtype == a.dtype and t.dim() > 0 and t.shape[-2 if t.dim() > 1 else 0] == inner

    y = d.pick(fits)
    if d.tensors[y].dtype != a.dtype:  # which PyTorch refuses, unless there is nothing to multiply
        y = x
    same = d.pick(lambda t: t.dtype == a.dtype and t.dim() == a.dim() and t.shape[-1:] == a.shape[-1:])
    return d.choice([
        f"{x} @ {y}",
        f"torch.matmul({x}, {y})",
        f"{x} @ {same}.mT",
        f"F.linear({x}, {same})",
        f"torch.mm({x}, {y})",
        f"torch.outer({d.pick(lambda t: t.dim() == 1)}, {d.pick(lambda t: t.dim() == 1)})",
        f"torch.dot({x}, {same})",
        f"torch.mv({x}, {y})",
        f"torch.bmm({x}, {y})",
        f"torch.addmm({d.pick(lambda t: t.dtype == a.dtype)}, {x}, {y})",
        f"torch.einsum('ij,kj->ik', {x}, {same if d.tensors[same].dtype == a.dtype else x})",
        f"torch.einsum('...i,...i->...', {x}, {same if d.tensors[same].dtype == a.dtype else x})",
        f"torch.tensordot({x}, {same}, dims=([-1], [-1]))",
    ])  # fmt: skip


def view(d: Drawing) -> str:
    x = d.pick()
    t = d.tensors[x]
    i, j, n = d.dim(x), d.dim(x), t.numel()
    start = d.number(d.size(x, i) + 1)
    order = list(range(t.dim()))
    for k in range(t.dim() - 1):
        m = k + d.number(t.dim() - k)
        order[k], order[m] = order[m], order[k]
    return d.choice([
        f"{x}.view(-1)",
        f"{x}.reshape({(n // 2, 2) if n % 2 == 0 and n else (n, 1)})",
        f"{x}.transpose({i}, {j})",
        f"{x}.permute({tuple(order)})",
        f"{x}.unsqueeze({d.dim(x, more=1)})",
        f"{x}.squeeze({d.choice(['', str(i)])})",
        f"{x}.expand(2, {', '.join(str(s) for s in t.shape) or '-1'})",
        f"{x}.expand({tuple(3 if s == 1 else -1 for s in t.shape)})",
        f"{x}.select({i}, {d.position(d.size(x, i))})",
        f"{x}.narrow({i}, {start}, {d.size(x, i) - start})",
        f"{x}.unbind({i})[-1]",
        f"{x}.split({1 + d.number(2)}, {i})[-1]",
        f"{x}.chunk(2, {i})[0]",
        f"{x}.flatten({d.choice(['', f'{i}', f'{i}, {j}'])})",
        f"{x}.view({tuple(t.shape)})",
        f"{x}.diagonal({d.number(3) - 1}{d.choice(['', f', {i}, {j}'])})",
        f"{x}.unflatten({i}, (-1, 1))",
        f"{x}.unfold({i}, {1 + d.number(max(d.size(x, i), 1))}, {1 + d.number(2)})",
        f"{x}.movedim({i}, {j})",
        f"{x}.mT",
        f"{x}.t()",
        f"{x}.T",
        f"{x}.as_strided({d.choice(['(2, 2), (1, 1)', '(2,), (1,)', '(), ()', '(1, 2), (2, 1), 1'])})",
        f"{x}.tensor_split({1 + d.number(3)}, {i})[0]",
        f"{x}.view(torch.{d.choice(['int32', 'uint8', 'float16', 'int64'])})",
        f"{x}.swapaxes({i}, {j})",
        f"{x}.contiguous()",
        f"{x}.hsplit(1)[0]",
        f"torch.atleast_2d({x})",
        f"torch.broadcast_to({x}, {(2, *t.shape)})",
        f"{x}.ravel()",
        f"{x}.view_as({d.like(x)})",
        f"{x}.reshape_as({x}.mT)" if t.dim() > 1 else f"{x}.reshape(1, -1)",
        f"torch.real({x})",
    ])  # fmt: skip


def index(d: Drawing, x: str) -> str:
    """An index for ``x`` of any kind, in brackets."""
    d.careful = d.tensors[x].numel() == 0 or d.number(3) == 0  # else with nothing that is False
    shape = tuple(d.tensors[x].shape)
    items: list[str] = []
    dims = list(shape[: d.number(len(shape) + 1) + (1 if d.rarely() else 0)]) or list(shape[:1])
    length = 1 + d.number(3)  # of all index tensors, so that they broadcast
    for n in dims:
        kind = d.number(10)
        if kind <= 1:
            items.append(str(d.position(n)))
        elif kind <= 4:
            items.append(slicing(d, n))
        elif kind == 5:
            items.append(d.choice(["None", "...", "None, :", ":"]))
        elif kind == 6:
            items.append(str(d.positions(n, length)))
        elif kind == 7:
            items.append(f"torch.tensor({d.positions(n, length)}{d.choice(['', ', dtype=torch.int32'])})")
        elif kind == 8:
            items.append(f"torch.tensor({[not d.careful or bool(d.number(2)) for _ in range(n)]}, dtype=torch.bool)")
        else:
            items.append(
                d.choice(
                    [
                        f"torch.tensor({d.position(n)})",
                        f"torch.tensor([{d.positions(n, length)}])",
                        "True",
                        "False" if d.careful else "True",
                    ]
                )
            )
    if d.number(4) == 0:
        items.insert(d.number(len(items) + 1), d.choice(["...", "None"]))
    if d.number(8) == 7:
        return d.choice([f"[{x} > 0]", f"[{x}.detach() != 1]", "[...]", "[()]", "[None]"])
    return f"[{', '.join(items) or '...'}]"


def slicing(d: Drawing, n: int) -> str:
    start, stop = d.number(n + 2) - 1, d.number(n + 2) - 1
    return d.choice([f"{start}:", f":{stop}", ":", "::2", f"{start}:{stop}", f"{start}::2"])


def read(d: Drawing) -> str:
    x = d.pick()
    return x + index(d, x)


def write(d: Drawing) -> str:
    x = d.pick(lambda t: not (t.is_leaf and t.requires_grad))
    where = index(d, x)
    try:
        part = eval(f"{x}{where}", {**NAMES, **d.tensors})
        shape = part.shape
    except Exception:
        shape = d.tensors[x].shape
    target = d.tensors[x]

    def fits(
        t: torch.Tensor,
    ) -> bool:  # nor what PyTorch has accidents with: a tensor of one element written into itself
        return (
            len(t.shape) <= len(shape)
            and broadcasts(t.shape, shape, expand=False)
            and not ((1 in t.shape or t.numel() <= 1) and shares_memory(t, target))
            and t.dtype == target.dtype
        )

    value = d.choice([d.choice(NUMBERS), d.pick(fits)])
    if value in d.tensors and not fits(d.tensors[value]):
        value = "2"
    return f"{x}{where} {d.choice(['=', '=', '=', '+=', '*='])} {value}"


def inplace(d: Drawing) -> str:
    x = d.pick(lambda t: not (t.is_leaf and t.requires_grad))
    number = d.choice(NUMBERS)
    other, same = d.into(x), d.alike(x)
    return d.choice([
        f"{x}.{d.choice(INPLACE_UNARY)}()",
        f"{x}.{d.choice(INPLACE_BINARY)}({d.choice([other, number])})",
        f"{x} {d.choice(INPLACE_OPERATORS)} {d.choice([other, number])}",
        f"{x}.fill_({number})",
        f"{x}.clamp_({d.choice(['-1', '0', 'None'])}, {d.choice(['1', '2.5'])})",
        f"{x}.masked_fill_({other} > 0, {number})",
        f"{x}.addcmul_({other}, {other}, value={number})",
        f"{x}.add_({other}, alpha={number})",
        f"{x}.copy_({other})",
        f"{x}.index_fill_(0, torch.tensor({[0] if d.size(x, 0) else []}, dtype=torch.int64), {number})",
        f"{x}.tril_()",
        f"{x}.zero_()",
        f"{x}.lerp_({other}, 0.5)",
        f"torch.add({same}, {number}, out={x})",
        f"{x}.squeeze_()",
        f"{x}.t_()",
        f"{x}.unsqueeze_({d.dim(x, more=1)})",
    ])  # fmt: skip


def assembling(d: Drawing) -> str:
    x = d.pick()
    t = d.tensors[x]
    y = d.pick(lambda u: u.shape == t.shape)
    i = d.dim(x)
    return d.choice([
        f"torch.cat([{x}, {y}], {i})",
        f"torch.stack([{x}, {y}], {d.dim(x, more=1)})",
        f"torch.cat([{x}, {d.pick(lambda u: u.dim() == t.dim())}])",
        f"torch.cat([{x}, {x}.detach() * {d.choice(NUMBERS)}], dim={i})",
        f"torch.hstack([{x}, {y}])",
        f"torch.vstack([{x}, {y}])",
        f"torch.roll({x}, {d.number(4) - 1}, {i})",
        f"torch.flip({x}, [{i}])",
        f"{x}.repeat(2, {', '.join('1' for _ in t.shape) or '1'})",
        f"torch.tile({x}, (2,))",
        f"{x}.repeat_interleave(2, {d.choice([f'dim={i}', 'dim=None'])})",
        f"torch.tril({x}, {d.number(3) - 1})",
        f"torch.triu({x})",
        f"torch.diag({x})",
        f"torch.diag_embed({x})",
        f"torch.rot90({x})",
        f"F.pad({x}, ({d.number(3)}, {d.number(3) - 1}), value={d.choice(NUMBERS)})",
        f"torch.meshgrid({x}, {y}, indexing='ij')[0]",
        f"torch.block_diag({x}, {y})",
        f"torch.broadcast_tensors({x}, {d.like(x)})[0]",
    ])  # fmt: skip


def gathering(d: Drawing) -> str:
    x = d.pick()
    i = d.dim(x)
    # PyTorch looks at no index where there is nothing to gather, or it goes wrong in ways of its own
    d.careful = d.tensors[x].numel() == 0
    n = 1 + d.number(3) if d.size(x, i) else 0
    row = d.positions(d.size(x, i), n)
    d.careful = True
    safe = d.positions(d.size(x, i), n)
    d.careful = False
    shape = list(d.tensors[x].shape) or [1]
    if -len(shape) <= i < len(shape):
        shape[i] = n
    column = tuple(n if k == i % len(shape) else 1 for k in range(len(shape)))

    def spread(row: list[int]) -> str:
        return f"torch.tensor({row}, dtype=torch.int64).reshape({column}).expand({tuple(shape)})"

    places = spread(row)
    source = f"torch.ones({tuple(shape)}, dtype={x}.dtype)"
    mask = f"{d.choice([x, d.like(x)])} > 0"
    return d.choice([
        f"torch.gather({x}, {i}, {places})",
        f"{x}.index_select({i}, torch.tensor({row}, dtype=torch.int64))",
        f"{x}.scatter({i}, {places}, {d.choice([source, '2', '1.5'])})",
        f"{x}.scatter_add({i}, {places}, {source})",
        f"{x}.scatter_reduce({i}, {places}, {source}, {d.choice(['sum', 'prod', 'mean', 'amax', 'amin'])!r})",
        f"{x}.index_add({i}, torch.tensor({row}, dtype=torch.int64), {source})",
        f"{x}.index_copy({i}, torch.tensor({row}, dtype=torch.int64), {source})",
        f"{x}.index_fill({i}, torch.tensor({row}, dtype=torch.int64), {d.choice(NUMBERS)})",
        f"{x}.masked_fill({mask}, {d.choice(NUMBERS)})",
        f"{x}.masked_select({mask})",
        f"{x}.masked_scatter({mask}, {d.pick()})",
        f"torch.take({x}, torch.tensor({row}, dtype=torch.int64))",
        f"torch.take_along_dim({x}, {spread(safe)}, {i})",
        f"torch.nonzero({x})",
        f"{x}.index_put((torch.tensor({row}, dtype=torch.int64),), torch.tensor(1, dtype={x}.dtype), accumulate={d.choice([True, False])})",
        f"F.one_hot({x})",
        f"F.embedding(torch.tensor({row}, dtype=torch.int64), {x})",
    ])  # fmt: skip


def network(d: Drawing) -> str:
    x = d.pick(torch.is_floating_point)
    t = d.tensors[x]
    y = d.pick(lambda u: u.shape == t.shape and u.dtype == t.dtype)
    i = d.dim(x)
    return d.choice([
        f"F.softmax({x}, {i})",
        f"F.log_softmax({x}, {i})",
        f"F.normalize({x}, dim={i})",
        f"F.layer_norm({x}, {tuple(t.shape[-1:])})",
        f"F.mse_loss({x}, {y})",
        f"F.l1_loss({x}, {y}, reduction={d.choice(['sum', 'none', 'mean'])!r})",
        f"F.smooth_l1_loss({x}, {y})",
        f"F.cross_entropy({x}, torch.tensor({d.positions(max(d.size(x, 1), 1), t.shape[0] if t.dim() > 1 else 1)}))",
        f"F.binary_cross_entropy_with_logits({x}, {y})",
        f"F.kl_div({x}, {y}, reduction='batchmean')",
        f"F.cosine_similarity({x}, {y}, dim={i})",
        f"torch.linalg.norm({x}{d.choice(['', f', dim={i}', ', ord=1', ', ord=inf'])})",
        f"torch.linalg.vector_norm({x}, {d.choice(['2', '1', '0', 'inf', '3.5'])}, dim={i})",
        f"{x}.norm()",
        f"{x}.renorm(2, {i}, 1.0)",
        f"torch.cdist({x}, {y})",
        f"torch.logsumexp({x}, {i})",
        f"torch.var_mean({x}, {i})[0]",
        f"F.glu({x}, {i})",
        f"F.max_pool1d({x}, 2)",
        f"F.avg_pool1d({x}, 2)",
    ])  # fmt: skip


def convert(d: Drawing) -> str:
    x = d.pick()
    return d.choice([
        f"{x}.clone()",
        f"{x}.detach()",
        f"{x}.to(torch.{d.choice(DTYPES)})",
        f"{x}.{d.choice('float double half bfloat16 int long bool byte'.split())}()",
        f"{x}.type_as({d.pick()})",
        f"{x}.data",
        f"{x}.detach().clone().requires_grad_()",
        f"torch.{d.choice('zeros_like ones_like'.split())}({x}{d.choice(['', ', dtype=torch.float64'])})",
        f"torch.full_like({x}, {d.choice(NUMBERS)})",
        f"{x}.new_full((2,), {d.choice(NUMBERS)})",
        f"torch.full((2, 2), {d.choice(NUMBERS)})",
        f"torch.arange({d.choice(['3', '0, 2, 0.5', '1, 7, 2', '3.0', '5, 0, -2'])})",
        f"torch.tensor({d.choice(NUMBERS)})",
        f"torch.eye(3, dtype=torch.{d.choice(DTYPES)})",
        f"torch.as_tensor({x}.tolist())",
        f"{x}.new_tensor([1.5, 2.0])",
        f"torch.linspace(-1, 1, {d.number(5)})",
    ])  # fmt: skip


def flags(d: Drawing) -> str:
    x = d.pick()
    return d.choice([
        f"{x}.requires_grad_()",
        f"{x}.detach_()",
        f"{x}.requires_grad_(False)",
        f"{x}.grad = None",
        f"{x}.retain_grad()",
        f"{x}.requires_grad = True",
        f"{x}.data = torch.zeros_like({x})",
        f"{x}.register_hook(lambda g: g * 2)",
    ])  # fmt: skip


def backward(d: Drawing) -> str:
    x = d.pick(lambda t: t.requires_grad)
    more = d.choice(["", "retain_graph=True", "create_graph=True"])
    return d.choice([
        f"{x}.sum().backward({more})",
        f"{x}.backward(torch.ones_like({x}){', ' * bool(more)}{more})",
        f"({x} * {x}).sum().backward({more})",
        f"{x}.backward({more})",
        f"{x}.abs().mean().backward({more})",
    ])  # fmt: skip


def gradient(d: Drawing) -> str:
    x = d.pick(lambda t: t.requires_grad and not t.is_leaf)
    y = d.pick(lambda t: t.requires_grad)
    more = d.choice(["", ", create_graph=True", ", allow_unused=True", ", create_graph=True, materialize_grads=True"])
    of = d.choice([f"{x}.sum()", f"({x} * {x}).sum()"])
    # where a gradient lies in memory is nobody's business
    return f"torch.autograd.grad({of}, {y}{more})[0].clone(memory_format=torch.contiguous_format)"


def asked(d: Drawing) -> str:
    """What is no tensor: numbers, lists, flags."""
    x = d.pick()
    i = d.dim(x)
    question = d.choice([
        f"{x}.item()", f"bool({x})", f"float({x})", f"int({x})", f"len({x})", f"{x}.tolist()", f"{x}.is_contiguous()",
        f"{x}.size({i})", f"torch.equal({x}, {d.pick()})", f"torch.allclose({x}, {d.like(x)})",
        f"torch.result_type({x}, {d.pick()})", f"torch.can_cast({x}.dtype, {d.pick()}.dtype)", f"1 in {x}", f"{x}.nelement()",
        f"{x}.is_set_to({x})", f"[len(r.shape) for r in {x}]", f"{x}.__index__()", f"range(3)[{x}]", f"str({x})", f"repr({x})",
    ])  # fmt: skip
    return f"answer = {question}"


#: Statements of their own are noted as such; the other lines are expressions that make a tensor.
EXPRESSIONS = [
    (leaf, 2), (unary, 3), (activation, 1), (binary, 5), (with_number, 4), (ternary, 2), (where, 2), (reduction, 4), (scan, 2),
    (ordering, 1), (product, 3), (view, 7), (read, 6), (assembling, 2), (gathering, 3), (network, 3), (convert, 2), (gradient, 1),
]  # fmt: skip
STATEMENTS = [(write, 5), (inplace, 6), (flags, 2), (backward, 3), (asked, 1)]
KINDS = [(f, False) for f, weight in EXPRESSIONS for _ in range(weight)]
KINDS += [(f, True) for f, weight in STATEMENTS for _ in range(weight)]
