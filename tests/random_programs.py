"""Small random programs, run step by step on any namespace that looks like ``torch``.

A program is a list of instructions, each a name and four small numbers. The numbers choose operands, dimensions and constants
*when the step runs*, from what fits the shapes at hand, so that most steps are valid and any list of numbers is a program.
``run`` gives a log: what each step was, what it raised, and everything that it changed about any tensor.
"""

from __future__ import annotations

import contextlib
import random
import warnings
from collections.abc import Callable
from typing import Any

Instruction = tuple[str, int, int, int, int]

SHAPES = [(2, 3), (3,), (), (1, 3), (2, 1, 3), (0, 3), (4,), (2, 2), (3, 2)]
NUMBERS = [2, -1, 0.5, 3, 1.5, True, 0, -2.5]
LIMIT = 9  # so many tensors are alive; a new one then takes the place of an old one
MAX_ELEMENTS = 48


class Machine:
    """The tensors of a running program."""

    def __init__(self, torch: Any):
        self.torch = torch
        self.tensors: list[Any] = []
        self.handles: list[Any] = []
        self.events: list[str] = []
        self.text = ""

    def pick(self, i: int) -> Any:
        self.text += f" t{i % len(self.tensors)}"
        return self.tensors[i % len(self.tensors)]

    def partner(self, x: Any, i: int, fits: Callable[[Any], bool]) -> Any:
        """A tensor that fits beside ``x``; ``x`` itself if none does."""
        found = [n for n, t in enumerate(self.tensors) if fits(t)] or [n for n, t in enumerate(self.tensors) if t is x]
        n = found[i % len(found)]
        self.text += f" t{n}"
        return self.tensors[n]

    def keep(self, x: Any, i: int) -> None:
        if len(self.tensors) < LIMIT:
            self.tensors.append(x)
        else:
            self.tensors[i % LIMIT] = x


def broadcast(a: Any, b: Any) -> bool:
    return all(m == n or 1 in (m, n) for m, n in zip(reversed(a.shape), reversed(b.shape), strict=False))


def expands_to(a: Any, b: Any) -> bool:
    """Whether ``a`` broadcasts to just the shape of ``b``."""
    return len(a.shape) <= len(b.shape) and all(
        m in (n, 1) for m, n in zip(reversed(a.shape), reversed(b.shape), strict=False)
    )


def dim(x: Any, i: int) -> int:
    n = max(len(x.shape), 1)
    return i % (2 * n) - n


def values(shape: tuple[int, ...], seed: int) -> list[float]:
    """Distinct small numbers, none of them round."""
    n = 1
    for s in shape:
        n *= s
    return [((i * 7 + seed * 3) % 13 - 6) * 0.37 + 0.011 * i for i in range(n)]


# --- instructions: fn(m, a, b, c) returns a new tensor, or None -----------------------------------------------------
def leaf(m: Machine, a: int, b: int, c: int) -> Any:
    shape = SHAPES[a % len(SHAPES)]
    dtype = ["float64", "float64", "float32", "float64", "int64", "bool", "float32", "uint8"][b % 8]
    data = values(shape, c)
    if dtype in ("int64", "uint8"):
        data = [abs(int(v * 3)) for v in data]  # type: ignore[misc]
    if dtype == "bool":
        data = [v > 0 for v in data]
    x = m.torch.tensor(data, dtype=getattr(m.torch, dtype)).reshape(shape)
    if c % 5:  # else a leaf that is a view
        x = x.clone()
    return x.requires_grad_() if dtype.startswith("float") and c % 3 else x


UNARY = "tanh sin neg abs relu sigmoid exp square cos sqrt reciprocal floor sign isnan logical_not".split()
BINARY = "add sub mul div maximum minimum pow eq lt ge atan2 fmod remainder floor_divide".split()
INPLACE_UNARY = "tanh_ neg_ abs_ relu_ sigmoid_ square_ zero_ sqrt_ floor_ exp_".split()
INPLACE_BINARY = "add_ sub_ mul_ div_ pow_ copy_".split()
REDUCTIONS = "sum mean prod var std all any norm cumsum max min".split()


def unary(m: Machine, a: int, b: int, c: int) -> Any:
    name = UNARY[b % len(UNARY)]
    m.text += " " + name
    return getattr(m.torch, name)(m.pick(a))


def binary(m: Machine, a: int, b: int, c: int) -> Any:
    name = BINARY[b % len(BINARY)]
    m.text += " " + name
    x = m.pick(a)
    return getattr(m.torch, name)(x, m.partner(x, c, lambda t: broadcast(t, x)))


def scalar(m: Machine, a: int, b: int, c: int) -> Any:
    name = BINARY[b % 6 if b % 2 else b % len(BINARY)]
    if name in ("maximum", "minimum", "atan2"):
        name = "mul"
    number = NUMBERS[c % len(NUMBERS)]
    m.text += f" {name} {number}"
    return getattr(m.pick(a), name)(number)


def reflected(m: Machine, a: int, b: int, c: int) -> Any:
    x, number = m.pick(a), NUMBERS[b % len(NUMBERS)]
    m.text += f" {number} {c % 4}"
    return [lambda: number + x, lambda: number - x, lambda: number * x, lambda: number / x][c % 4]()


def where(m: Machine, a: int, b: int, c: int) -> Any:
    x = m.pick(a)
    y = m.partner(x, b, lambda t: broadcast(t, x))
    return m.torch.where(x > 0, x, y) if c % 2 else m.torch.where(y > 0, 1.0, x)


def reduce(m: Machine, a: int, b: int, c: int) -> Any:
    name = REDUCTIONS[b % len(REDUCTIONS)]
    x = m.pick(a)
    d = dim(x, c // 3)
    m.text += f" {name} dim={d if c % 3 else None} keepdim={c % 3 == 1}"
    f = getattr(x, name)
    if name == "cumsum":
        return f(d)
    if c % 3 == 0:
        return f()
    out = f(dim=d, keepdim=c % 3 == 1)
    return out if hasattr(out, "shape") else out[b % 2]


def view(m: Machine, a: int, b: int, c: int) -> Any:
    x = m.pick(a)
    d, e, n = dim(x, c), dim(x, c // 5), x.numel()
    forms: list[tuple[str, Callable[[], Any]]] = [
        ("view(-1)", lambda: x.view(-1)),
        ("reshape", lambda: x.reshape((2, n // 2) if n % 2 == 0 else (n, 1))),
        ("t", lambda: x.t()),
        ("T", lambda: x.mT if len(x.shape) > 1 else x.view_as(x)),
        ("transpose", lambda: x.transpose(d, e)),
        ("permute", lambda: x.permute(*range(len(x.shape)))),
        ("unsqueeze", lambda: x.unsqueeze(d)),
        ("squeeze", lambda: x.squeeze()),
        ("squeeze(dim)", lambda: x.squeeze(d)),
        ("expand", lambda: x.expand(2, *x.shape) if n < 12 else x.expand(*x.shape)),
        ("select", lambda: x.select(d, c % 2)),
        ("narrow", lambda: x.narrow(d, 0, 1)),
        ("unbind", lambda: x.unbind(d)[0]),
        ("split", lambda: x.split(1 + c % 2, d)[-1]),
        ("chunk", lambda: x.chunk(2, d)[0]),
        ("flatten", lambda: x.flatten()),
        ("detach", lambda: x.detach()),
        ("data", lambda: x.data),
        ("view_as", lambda: x.view_as(x)),
        ("diagonal", lambda: x.diagonal()),
        ("unflatten", lambda: x.unflatten(d, (1, -1))),
        ("contiguous", lambda: x.contiguous()),
        ("movedim", lambda: x.movedim(d, e)),
        ("unfold", lambda: x.unfold(d, 2, 1)),
        ("tensor_split", lambda: x.tensor_split(2, d)[1]),
        ("expand_as", lambda: x.expand_as(x)),
        ("as_strided", lambda: x.as_strided((2,), (1,)) if n > 1 else x.as_strided((), ())),
    ]
    name, form = forms[b % len(forms)]
    m.text += f" {name} {d} {e}"
    return form()


def index(m: Machine, x: Any, b: int, c: int) -> Any:
    """An index for ``x`` of any kind."""
    t = m.torch
    first = x.shape[0] if len(x.shape) else 1
    last = x.shape[-1] if len(x.shape) else 1
    forms: list[tuple[str, Callable[[], Any]]] = [
        ("int", lambda: c % 2),
        ("-1", lambda: -1),
        ("1:", lambda: slice(1, None)),
        ("::2", lambda: slice(None, None, 2)),
        ("..., int", lambda: (..., c % 2)),
        (":, int", lambda: (slice(None), c % 2)),
        ("None", lambda: None),
        ("..., None", lambda: (..., None)),
        ("1:, None", lambda: (slice(1, None), None)),
        ("int, None", lambda: (0, None)),
        ("None, int", lambda: (None, 0)),
        ("...", lambda: ...),
        ("()", lambda: ()),
        ("int, 1:", lambda: (0, slice(1, None))),
        ("1:, 0", lambda: (slice(0, 1), 0)),
        ("mask", lambda: x.detach() > 0),
        ("list", lambda: [0, first - 1]),
        ("tensor", lambda: t.tensor([first - 1, 0, 0])),
        ("0-d tensor", lambda: t.tensor(0)),
        ("True", lambda: True),
        ("False", lambda: False),
        (":, list", lambda: (slice(None), [0, last - 1]) if len(x.shape) == 2 else (..., [0, last - 1])),
        ("list, :1", lambda: ([0, 0], slice(0, 1))),
        ("int, list", lambda: (0, [0, last - 1]) if len(x.shape) == 2 else (..., [0])),
        ("list, int", lambda: ([0, first - 1], 0)),
        ("list, list", lambda: ([0, first - 1], [0, 0])),
        ("None, list", lambda: (None, [0, first - 1])),
        ("list, None", lambda: ([0, first - 1], None)),
        ("2-d tensor", lambda: t.tensor([[0, 0], [first - 1, 0]])),
        ("mask of rows", lambda: t.arange(first) % 2 == 0),
        ("empty tensor", lambda: t.tensor([], dtype=t.int64)),
        ("1:1", lambda: slice(1, 1)),
        ("str", lambda: "a"),
        ("out of range", lambda: 7),
    ]
    name, form = forms[b % len(forms)]
    m.text += f" [{name}]"
    return form()


def read(m: Machine, a: int, b: int, c: int) -> Any:
    x = m.pick(a)
    return x[index(m, x, b, c)]


def write(m: Machine, a: int, b: int, c: int) -> None:
    x = m.pick(a)
    where = index(m, x, b, c)
    if c % 3 == 0:
        number = NUMBERS[c % len(NUMBERS)]
        m.text += f" = {number}"
        x[where] = number
        return
    part = x.detach()[where]
    m.text += " ="
    value = m.partner(
        x, c, lambda t: expands_to(t, part) and t is not x and (x.is_floating_point() or not t.requires_grad)
    )
    x[where] = value * 1 if c % 3 == 1 else value


def inplace_unary(m: Machine, a: int, b: int, c: int) -> None:
    name = INPLACE_UNARY[b % len(INPLACE_UNARY)]
    m.text += " " + name
    getattr(m.pick(a), name)()


def inplace_binary(m: Machine, a: int, b: int, c: int) -> None:
    name = INPLACE_BINARY[b % len(INPLACE_BINARY)]
    m.text += " " + name
    x = m.pick(a)
    getattr(x, name)(m.partner(x, c, lambda t: expands_to(t, x)))


def inplace_scalar(m: Machine, a: int, b: int, c: int) -> None:
    name = "add_ sub_ mul_ div_ fill_ pow_ clamp_".split()[b % 7]
    number = NUMBERS[c % len(NUMBERS)]
    m.text += f" {name} {number}"
    getattr(m.pick(a), name)(number)


def masked(m: Machine, a: int, b: int, c: int) -> Any:
    x = m.pick(a)
    forms: list[tuple[str, Callable[[], Any]]] = [
        ("masked_fill", lambda: x.masked_fill(x > 0, 0.5)),
        ("masked_fill_", lambda: x.masked_fill_(x.detach() > 0, 1)),
        ("masked_select", lambda: x.masked_select(x > 0)),
        ("index_select", lambda: x.index_select(0, m.torch.tensor([0]))),
        ("gather", lambda: x.gather(-1, m.torch.zeros(x.shape, dtype=m.torch.int64))),
        ("nonzero", lambda: x.nonzero()),
    ]
    name, form = forms[b % len(forms)]
    m.text += " " + name
    return form()


def matmul(m: Machine, a: int, b: int, c: int) -> Any:
    x = m.pick(a)
    if x.dtype == m.torch.bool:
        return x
    inner = x.shape[-1] if len(x.shape) else 0

    def fits(t: Any) -> bool:  # of bools PyTorch has products of some shapes only
        return (
            t.dtype != m.torch.bool
            and len(t.shape) > 0
            and t.shape[-2 if len(t.shape) > 1 else 0] == inner
            and t.dtype == x.dtype
        )

    out = (x @ m.partner(x, b, fits)) * 1  # PyTorch's own in-place steps show in the product's version
    out.is_gradient = True
    return out


def join(m: Machine, a: int, b: int, c: int) -> Any:
    x = m.pick(a)
    y = m.partner(x, b, lambda t: t.shape == x.shape)
    return m.torch.cat([x, y], dim(x, c)) if c % 2 else m.torch.stack([x, y])


def convert(m: Machine, a: int, b: int, c: int) -> Any:
    name = "double float clone int64 double bool clone".split()[b % 7]
    m.text += " " + name
    x = m.pick(a)
    return x.to(m.torch.int64) if name == "int64" else getattr(x, name)()


def flags(m: Machine, a: int, b: int, c: int) -> None:
    name = "requires_grad_ detach_ retain_grad retain_grad requires_grad_(False) grad=None".split()[b % 6]
    m.text += " " + name
    x = m.pick(a)
    if name == "grad=None":
        x.grad = None
    elif name == "requires_grad_(False)":
        x.requires_grad_(False)
    else:
        getattr(x, name)()


def hook(m: Machine, a: int, b: int, c: int) -> None:
    x = m.pick(a)
    n = len(m.events)
    if b % 4 == 3 and m.handles:
        m.handles.pop().remove()
        return

    def see(g: Any) -> Any:
        m.events.append(f"hook {n} {tuple(g.shape)}")
        return g * 2 if b % 2 else None

    m.handles.append(x.register_hook(see))


def backward(m: Machine, a: int, b: int, c: int) -> None:
    x = m.pick(a)
    kind = b % 5
    m.text += f" {'sum gradient retain create_graph scalar'.split()[kind]}"
    if kind == 0:
        x.sum().backward()
    elif kind == 1:
        x.backward(m.torch.ones_like(x))
    elif kind == 2:
        x.sum().backward(retain_graph=True)
    elif kind == 3:
        x.sum().backward(create_graph=True)
    else:
        x.backward()


def grad(m: Machine, a: int, b: int, c: int) -> Any:
    x = m.pick(a)
    y = m.pick(b)
    m.text += f" create_graph={c % 2 == 1}"
    out = m.torch.autograd.grad(x.sum(), y, create_graph=c % 2 == 1, allow_unused=c % 4 < 2)[0]
    if out is None:
        return None
    out = out * 1  # where a gradient lies in memory is nobody's business, nor of which ops its formula is made
    out.is_gradient = True
    return out


INSTRUCTIONS: dict[str, tuple[Callable[..., Any], int]] = {
    "leaf": (leaf, 3), "unary": (unary, 3), "binary": (binary, 4), "scalar": (scalar, 3), "reflected": (reflected, 1),
    "where": (where, 1), "reduce": (reduce, 3), "view": (view, 6), "read": (read, 5), "write": (write, 5),
    "inplace_unary": (inplace_unary, 2), "inplace_binary": (inplace_binary, 3), "inplace_scalar": (inplace_scalar, 2),
    "masked": (masked, 2), "matmul": (matmul, 1), "join": (join, 1), "convert": (convert, 2), "flags": (flags, 2),
    "hook": (hook, 1), "backward": (backward, 4), "grad": (grad, 2),
}  # fmt: skip

#: The programs whose logs are recorded.
SEEDS = range(400)

START: list[Instruction] = [("leaf", 0, 0, 1, 9), ("leaf", 1, 0, 2, 9), ("leaf", 0, 2, 3, 9)]


def make(seed: int, length: int = 14) -> list[Instruction]:
    """The program with this number."""
    rng = random.Random(seed)
    names = [name for name, (_, weight) in INSTRUCTIONS.items() for _ in range(weight)]
    drawn = [(rng.choice(names), *(rng.randrange(120) for _ in range(4))) for _ in range(length)]
    return START + drawn  # type: ignore[operator]


# --- running --------------------------------------------------------------------------------------------------------
def plain(x: Any) -> Any:
    """The elements as lists of Python numbers."""
    return x.detach().tolist()


def describe(x: Any) -> dict[str, Any]:
    """Everything that a program can see of a tensor."""
    try:
        x.grad_fn  # noqa: B018
    except RuntimeError as error:  # a view that lost its history
        return {"shape": list(x.shape), "values": plain(x), "lost": str(error)[:40]}
    out = {
        "shape": list(x.shape),
        "dtype": str(x.dtype),
        "values": plain(x),
        "version": x._version,
        "requires_grad": x.requires_grad,
        "is_leaf": x.is_leaf,
        "grad_fn": type(x.grad_fn).__name__,
        "next": None if hasattr(x, "is_gradient") else names_behind(x.grad_fn),
        "retains_grad": x.retains_grad,
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # looking at the .grad of a non-leaf
        g = x.grad
    if g is not None:
        out["grad"] = [list(g.shape), str(g.dtype), plain(g), type(g.grad_fn).__name__]
    return out


def names_behind(node: Any) -> list[str]:
    """The nodes that this one leads to."""
    return [] if node is None else [type(n).__name__ for n, _ in node.next_functions if n is not None]


def step(m: Machine, instruction: Instruction) -> str:
    """Run one instruction; what it was, and the name of the exception it raised."""
    name, a, b, c, mode = instruction
    m.text = name
    guard: Any = contextlib.nullcontext()
    if mode % 10 == 0 and name not in ("backward", "grad"):
        guard = m.torch.no_grad()
        m.text += " no_grad"
    try:
        with guard:
            out = INSTRUCTIONS[name][0](m, a, b, c)
        if out is not None and out.numel() <= MAX_ELEMENTS:
            m.keep(out, a + b)
    except Exception as error:
        return f"{m.text} !{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
    return m.text


def run(torch: Any, program: list[Instruction]) -> list[dict[str, Any]]:
    """The log of a program: per step its text, the exception, the tensors that changed, the hooks that ran."""
    m = Machine(torch)
    log: list[dict[str, Any]] = []
    before: dict[str, Any] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for instruction in program:
            text, _, message = step(m, instruction).partition(" !")
            now = {f"t{i}": describe(t) for i, t in enumerate(m.tensors)}
            changed = {n: d for n, d in now.items() if repr(before.get(n)) != repr(d)}  # by text: NaN is not itself
            log.append({"step": text, "raised": message.partition(":")[0], "message": message, "changed": changed})
            if m.events:
                log[-1]["hooks"] = list(m.events)
            before = now
    return log


# --- comparing ------------------------------------------------------------------------------------------------------
def difference(expected: list[dict[str, Any]], got: list[dict[str, Any]]) -> str | None:
    """The first difference between two logs, told; None if there is none. Messages are not compared, exceptions are."""
    if len(expected) != len(got):
        return f"expected {len(expected)} steps, got {len(got)}"
    for i, (e, g) in enumerate(zip(expected, got, strict=True)):
        found = _difference(e, g)
        if found is not None:
            what, one, other = found
            return f"step {i}: {e['step']}: {what}: expected {one!r}, got {other!r}"
    return None


def _difference(e: dict[str, Any], g: dict[str, Any]) -> tuple[str, Any, Any] | None:
    for key in ("step", "raised", "hooks"):
        if e.get(key) != g.get(key):
            told = "message" if key == "raised" and "message" in e else key
            return key, e.get(told), g.get(told)
    if e["changed"].keys() != g["changed"].keys():
        return "changed", sorted(e["changed"]), sorted(g["changed"])
    for name, d in e["changed"].items():
        other = g["changed"][name]
        for key in dict.fromkeys([*d, *other]):
            if not alike(d.get(key), other.get(key), d.get("dtype", "")):
                return f"{key} of {name} {d.get('shape')}", d.get(key), other.get(key)
    return None


def alike(a: Any, b: Any, dtype: str) -> bool:
    """Equal; numbers as far as the dtype carries."""
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(alike(x, y, dtype) for x, y in zip(a, b, strict=True))
    if isinstance(a, float) and isinstance(b, float):
        if a != a or b != b or a in (float("inf"), float("-inf")):
            return repr(a) == repr(b)
        tolerance = 1e-6 if "64" in dtype else 2e-5
        return abs(a - b) <= tolerance * max(1.0, abs(a))
    return type(a) is type(b) and a == b
