"""The op record, the registry and the call path.

An op is one declaration: forward body, derivative per input, promotion, documentation, samples. Bodies and rules
are written against a namespace ``k``, *who is reading*: ``arrays`` runs them on ndarrays (the eager engine and first-order
backward), ``tensors`` on Tensors (double backward), ``rushlight.recorder`` writes them down as formulas.

A call goes: arguments -> ``prepare`` (checks, attributes) -> ``promote`` (ndarrays of the right dtype) -> forward body ->
Tensors -> a node, if gradients are recorded. ``rushlight.fast`` holds the short form of this path for the commonest calls.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextvars import ContextVar
from typing import Any

import numpy as np

from . import errors, fpstate, tensor, types
from .autograd import engine
from .autograd.graph import Node, next_seq, record_stack
from .autograd.mode import inference, recording
from .functions import FUNCTIONS
from .kernels.strides import broadcast_shapes
from .tensor import Parameter, Tensor, edge_of, view_of, wrap
from .writing import Region, write_out

ndarray = np.ndarray
_new = object.__new__

#: Every op by name. There is no second list.
REGISTRY: dict[str, Op] = {}

#: The version cell of what has no version: numbers, arrays made by the op itself.
NO_VERSION = [0]
#: Where nothing but a number is saved. It makes the node one that a first backward empties, as PyTorch's is.
NUMBER_VERSION = (NO_VERSION, 0)

_FREED = (
    "Trying to backward through the graph a second time (or directly access saved tensors after they have already been "
    "freed). Saved intermediate values of the graph are freed when you call .backward() or autograd.grad(). Specify "
    "retain_graph=True if you need to backward through the graph a second time or if you need to access saved tensors "
    "after calling backward."
)


class Rule:
    """A derivative. Its parameter names say what is saved: inputs, outputs, extras, ``<input>_shape``, attributes."""

    __slots__ = ("fn", "slots", "attrs", "read")

    def __init__(self, fn: Callable[..., Any], op: Op):
        code = fn.__code__
        names = code.co_varnames[2 : code.co_argcount + code.co_kwonlyargcount]
        self.fn = fn
        self.attrs = tuple(n for n in names if n in op.attrs or n == "needs")
        self.slots = []
        for n in names:
            if n in self.attrs:
                continue
            if n not in op.slot_of:
                raise TypeError(f"{op.name}: a rule asks for '{n}', which is no input, output, extra or attribute")
            self.slots.append(op.slot_of[n])
        self.read = _reader(fn, self.slots)


def _reader(fn: Callable[..., Any], slots: Sequence[int]) -> Callable[[Any, Any, tuple[Any, ...]], Any]:
    """A rule as a function of ``(k, g, saved)``: it picks what it reads."""
    if not slots:
        return lambda k, g, saved: fn(k, g)
    if len(slots) == 1:
        (i,) = slots
        return lambda k, g, saved: fn(k, g, saved[i])
    return lambda k, g, saved: fn(k, g, *[saved[i] for i in slots])


class Op:
    """One operation: everything about it that is known.

    Args (all by keyword to the family decorators):
        promote: how inputs become arrays of one dtype: ``common`` (the promoted dtype), ``float`` (promoted, integers
            to the default float), ``compare`` (as common; the result is bool), ``none`` (each as it is), or a function
            ``(inputs) -> dtypes``.
        methods: Tensor methods that call it, e.g. ``"exp exp_"``; a trailing underscore makes the in-place form.
        aliases: PyTorch's other names for it, ``"absolute"``: of the function and of its methods; with a module
            (``"special.erf"``) of the function alone.
        refuses: the categories of dtypes (``bool int float complex``) that PyTorch has no kernel for, by the dtype that the
            inputs promote to: ``"bool complex"``, or a dict from category to what PyTorch names, a kernel
            (``"floor_vml_cpu"``) or a whole sentence (in a tuple if it is a RuntimeError). The kernel is ``<name>_cpu`` unless
            it is named.
        samples, errors: functions of a sample maker, see rushlight.samples.
        outputs: names of several results. extras: names of further results of the body that are saved, never returned.
        grad_name: PyTorch's name of the node, if not ``<Name>Backward0``; a function ``(inputs, attrs) -> name`` if it varies.
        view: True if the result shows the memory of the first input.
        keeps_floats: with a function as ``promote``: floating tensors of one dtype, and numbers beside them, stay as they are.
    """

    def __init__(
        self,
        forward: Callable[..., Any],
        family: str,
        *,
        promote: Any = "none",
        methods: str = "",
        aliases: str = "",
        refuses: Any = None,
        samples: Any = None,
        errors: Any = None,
        outputs: Sequence[str] = ("out",),
        n_diff: int | None = None,
        extras: Sequence[str] = (),
        grad_name: Any = None,
        view: bool = False,
        domain: Any = None,
        torch_name: str | None = None,
        variadic: bool = False,
        nondiff: bool = False,
        scalar_first: bool = False,
        keeps_floats: bool = False,
        notes: str = "",
        public: bool = True,
    ):
        code = forward.__code__
        self.name = forward.__name__
        self.doc = forward.__doc__
        self.forward = forward
        self.family = family
        self.promote = promote
        self.aliases = aliases.split()
        self.methods = with_aliases(methods.split(), self.aliases)
        self.refuses = refusals(self.name, refuses)
        self.samples, self.error_samples = samples, errors
        self.inputs = code.co_varnames[1 : code.co_argcount]
        self.attrs = code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]
        if code.co_flags & 0x04:  # *tensors
            self.inputs = (code.co_varnames[code.co_argcount + code.co_kwonlyargcount],)
        self.defaults = forward.__kwdefaults__ or {}
        self.input_defaults = dict(
            zip(
                self.inputs[len(self.inputs) - len(forward.__defaults__ or ()) :],
                forward.__defaults__ or (),
                strict=True,
            )
        )
        self.outputs = tuple(outputs)
        self.n_diff = len(self.outputs) if n_diff is None else n_diff
        self.extras = tuple(extras)
        self.view = view
        self.domain = domain
        self.torch_name = torch_name or self.name
        self.variadic = variadic
        self.all_nondiff = nondiff
        self.scalar_first = scalar_first
        self.keeps_floats = keeps_floats
        self.notes = notes
        self.public_name = public
        self.grad_name = grad_name or camel(self.name) + "Backward0"
        # Positions in a node's saved tuple.
        names = (*self.inputs, *self.outputs, *self.extras, *(n + "_shape" for n in self.inputs))
        self.slot_of = {n: i for i, n in enumerate(names)}
        self.rules: list[Any] = [None] * len(self.inputs)
        self.joint: Rule | None = None
        self.answers: dict[str, str] = dict.fromkeys(self.inputs, "nondiff") if nondiff else {}
        self.preparer: Callable[..., Any] | None = None
        self.node_classes: dict[str, type[OpNode]] = {}
        self.wanted: dict[Any, Wanted] = {}
        self.public: Callable[..., Any] = self._make_public()
        if self.name in REGISTRY:
            raise TypeError(f"op '{self.name}' is registered twice")
        REGISTRY[self.name] = self

    # --- declaration ----------------------------------------------------------------------------------------------
    def vjp(self, *names: str) -> Callable[[Callable[..., Any]], Op]:
        """Declare the derivative for these inputs, called once for each that needs it: ``rule(k, g, <saved>) -> gradient``."""

        def declare(fn: Callable[..., Any]) -> Op:
            rule = Rule(fn, self)
            for n in names:
                self.rules[self.inputs.index(n)] = rule
                self.answers[n] = "rule"
            return self

        return declare

    def vjp_joint(self, fn: Callable[..., Any]) -> Op:
        """Declare one rule for all inputs together: it returns a gradient or None for each, in order.

        If it has a parameter ``needs`` it gets a tuple of bools. A variadic op's rule takes the saved inputs as one list.
        """
        self.joint = Rule(fn, self)
        self.answers = dict.fromkeys(self.inputs, "rule")
        return self

    def nondiff(self, *names: str) -> Op:
        """Declare that no gradient flows to these inputs (indices, masks, targets)."""
        self.answers.update(dict.fromkeys(names, "nondiff"))
        return self

    def unsupported(self, name: str, why: str) -> Op:
        """Declare that PyTorch has no derivative for this input either; asking for one raises."""
        self.answers[name] = why
        return self

    def prepare(self, fn: Callable[..., Any]) -> Op:
        """Declare the public signature: ``fn(*args, **kwargs) -> (inputs, attrs)`` checks and normalises the arguments."""
        fn.__name__ = fn.__qualname__ = self.name
        self.preparer = fn
        self.public.__wrapped__ = fn  # type: ignore[attr-defined]
        return self

    def flow(self, i: int) -> str:
        """Whether a gradient flows to input number ``i``: "rule", "nondiff", or why it cannot."""
        return "nondiff" if self.all_nondiff else self.answers.get(self.inputs[0 if self.variadic else i], "rule")

    # --- the public function --------------------------------------------------------------------------------------
    def _make_public(self) -> Callable[..., Any]:
        op = self

        def public(*args: Any, **kwargs: Any) -> Any:
            return call(op, args, kwargs)

        public.__name__ = public.__qualname__ = self.name
        public.__doc__ = self.doc
        public.__module__ = "torch"
        public.__op__ = self  # type: ignore[attr-defined]
        return public

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.public(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<op {self.name} ({self.family})>"

    def bind(self, args: Sequence[Any], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Arguments as the user gave them -> (inputs, attributes), checked."""
        if self.preparer is not None:
            if "axis" in kwargs or "keepdims" in kwargs or "x" in kwargs:
                kwargs = numpy_spelling(kwargs)
            try:
                inputs, attrs = self.preparer(*args, **kwargs)
            except TypeError as error:
                if isinstance(error, errors.Deliberate) or error.__traceback__.tb_next is not None:  # type: ignore[union-attr]
                    raise
                name = self.torch_name.rpartition(".")[2]
                raise errors.signature(name, self.preparer, args, kwargs, error) from None
            return inputs, attrs
        names = self.inputs + self.attrs
        if len(args) > len(names):
            raise errors.type_(
                f"{self.name}() takes {len(names)} positional argument{'s' * (len(names) > 1)} but {len(args)} were given",
                f"Its arguments are: {', '.join(names)}.",
            )
        values = dict(zip(names, args, strict=False))
        for n, v in kwargs.items():
            if n not in names:
                n = {"axis": "dim", "keepdims": "keepdim", "x": "input", "self": "input"}.get(n, n)
                if n not in names:
                    raise errors.type_(
                        f"{self.name}() got an unexpected keyword argument '{n}'",
                        f"Its arguments are: {', '.join(names)}.",
                    )
            if n in values:
                raise errors.type_(f"{self.name}() got multiple values for argument '{n}'")
            values[n] = v
        inputs = []
        for n in self.inputs:
            if n in values:
                inputs.append(values[n])
            elif n in self.input_defaults:
                inputs.append(self.input_defaults[n])
            else:
                missing = [m for m in self.inputs if m not in values and m not in self.input_defaults]
                raise errors.type_(
                    f"{self.name}() missing {len(missing)} required positional arguments: "
                    + ", ".join(f'"{m}"' for m in missing)
                )
        attrs = {}
        for n in self.attrs:
            if n in values:
                attrs[n] = values[n]
            elif n in self.defaults:
                attrs[n] = self.defaults[n]
            else:
                raise errors.type_(f'{self.name}() missing 1 required argument: "{n}"')
        return tuple(inputs), attrs

    # --- nodes ----------------------------------------------------------------------------------------------------
    def node_class(self, name: str | None = None) -> type[OpNode]:
        """The class of this op's nodes, named as PyTorch names it."""
        name = name if name is not None else self.grad_name
        found = self.node_classes.get(name)
        if found is None:
            body: dict[str, Any] = {"op": self, "n_outputs": len(self.outputs), "__slots__": ()}
            plain = [r is not None and not r.attrs for r in self.rules]
            if len(self.outputs) == 1 and self.joint is None and all(plain) and len(plain) <= 2 and not self.variadic:
                body["run"] = OpNode.run_unary if len(plain) == 1 else OpNode.run_binary
            found = type(name, (OpNode,), body)
            self.node_classes[name] = found
        return found


def with_aliases(methods: list[str], aliases: list[str]) -> list[str]:
    """The methods of an op under all its names: the first is its own, ``exp``, with or without ``exp_``."""
    plain = [a for a in aliases if "." not in a]
    if not methods or not plain:
        return methods
    base = methods[0].removesuffix("_")
    more = [a + m.removeprefix(base) for m in methods if m in (base, base + "_") for a in plain]
    return methods + [m for m in more if m not in methods]


_CATEGORIES = {"bool": types.BOOL, "int": types.INTEGER, "float": types.FLOATING, "complex": types.COMPLEX}


def refusals(name: str, refuses: Any) -> dict[int, Any] | None:
    """The ``refuses`` of a record by category: the kernel or the sentence that PyTorch names."""
    if refuses is None:
        return None
    if isinstance(refuses, str):
        refuses = dict.fromkeys(refuses.split(), name + "_cpu")
    return {_CATEGORIES[category]: said for category, said in refuses.items()}


def refuse(op: Op, dtype: types.dtype) -> None:
    """Raise what PyTorch raises where it has no kernel for a dtype."""
    said = op.refuses.get(dtype.category)  # type: ignore[union-attr]
    if said is not None:
        kind, said = (RuntimeError, said[0]) if said.__class__ is tuple else (NotImplementedError, said)
        what = said if " " in said else f"\"{said}\" not implemented for '{types.scalar_name(dtype)}'"
        raise kind(
            errors.text(what, f"{op.torch_name} has no answer for {dtype}; convert first, for example with .to().")
        )


def names_under(prefix: str) -> dict[str, Any]:
    """What the registries place under ``torch.<prefix>`` (``"linalg."``), aliases included; the prefix is cut off."""
    found: dict[str, Any] = {}
    for op in REGISTRY.values():
        if op.public_name:
            found.update(dict.fromkeys([op.torch_name, *op.aliases], op.public))
    for f in FUNCTIONS.values():
        found.update(dict.fromkeys([f.torch_name, *f.aliases], f.fn))
    cut = {name.removeprefix(prefix): fn for name, fn in found.items() if name.startswith(prefix)}
    return {name: fn for name, fn in cut.items() if "." not in name}


def camel(name: str) -> str:
    return "".join(part[:1].upper() + part[1:] for part in name.split("_"))


_NUMPY_SPELLING = {"axis": "dim", "keepdims": "keepdim", "x": "input"}


def numpy_spelling(kwargs: dict[str, Any]) -> dict[str, Any]:
    """PyTorch accepts NumPy's ``axis`` for ``dim``, ``keepdims`` for ``keepdim``, ``x`` for ``input``."""
    return {_NUMPY_SPELLING.get(n, n): v for n, v in kwargs.items()}


# ---------------------------------------------------------------------------------------------------------------
# nodes
# ---------------------------------------------------------------------------------------------------------------
class OpNode(Node):
    """A recorded op. ``saved`` is positional: inputs, outputs, extras, input shapes; ``versions`` guards the tensors in it."""

    __slots__ = ("saved", "versions", "attrs")

    op: Op
    saved: tuple[Any, ...] | None
    versions: tuple[Any, ...]
    attrs: dict[str, Any]

    def run(self, k: Any, g: Any, release: bool) -> Any:
        saved = self.take_saved(k, release)
        op = self.op
        if op.n_diff == 1 and self.n_outputs > 1:
            g = g[0]
        if op.joint is not None:
            return self.run_joint(k, g, saved)
        grads: list[Any] = []
        for rule, edge in zip(op.rules, self.edges, strict=True):
            if edge is None or rule is None:
                grads.append(None)
            elif rule.attrs:
                grads.append(rule.fn(k, g, *[saved[i] for i in rule.slots], **{n: self.attrs[n] for n in rule.attrs}))
            else:
                grads.append(rule.read(k, g, saved))
        return grads

    def take_saved(self, k: Any, release: bool) -> tuple[Any, ...]:
        """What the rules read, after the check that nothing of it was written since; given up if ``release``."""
        saved = self.saved
        if saved is None:
            raise errors.runtime(
                _FREED, f"The node is {self.name()}; its first backward has released what it had saved."
            )
        versions = self.versions
        if versions:
            for i in range(0, len(versions), 2):
                if versions[i][0] != versions[i + 1]:
                    raise modified(self, i // 2)
            if release:
                self.saved = None
        return self.saved_tensors(saved) if k is tensors else saved

    def run_unary(self, k: Any, g: Any, release: bool) -> Any:
        """``run`` for one input, one output and a rule without attributes."""
        return (self.op.rules[0].read(k, g, self.take_saved(k, release)),)

    def run_binary(self, k: Any, g: Any, release: bool) -> Any:
        """``run`` for two inputs, one output and rules without attributes."""
        saved = self.take_saved(k, release)
        first, second = self.op.rules
        e0, e1 = self.edges
        return (
            first.read(k, g, saved) if e0 is not None else None,
            second.read(k, g, saved) if e1 is not None else None,
        )

    def run_joint(self, k: Any, g: Any, saved: tuple[Any, ...]) -> Any:
        rule: Rule = self.op.joint  # type: ignore[assignment]
        attrs = {n: self.attrs[n] for n in rule.attrs if n != "needs"}
        if "needs" in rule.attrs:
            attrs["needs"] = tuple(edge is not None for edge in self.edges)
        return rule.fn(k, g, *[saved[i] for i in rule.slots], **attrs)

    def saved_tensors(self, saved: tuple[Any, ...]) -> tuple[Any, ...]:
        """The saved arrays as Tensors that know where they came from."""
        op = self.op
        n = len(op.inputs)
        if op.variadic:
            first = [rebuild(a, e) for a, e in zip(saved[0], self.edges, strict=True)] if saved[0] is not None else None
            out: list[Any] = [first]
        else:
            out = [rebuild(a, e) for a, e in zip(saved[:n], self.edges, strict=True)]
        out += [rebuild(a, (self, i)) for i, a in enumerate(saved[n : n + len(op.outputs)])]
        out += [rebuild(a, None) for a in saved[n + len(op.outputs) : n + len(op.outputs) + len(op.extras)]]
        return (*out, *saved[len(out) :])

    def __getattr__(self, name: str) -> Any:
        # PyTorch shows what a node has saved as `_saved_self`, `_saved_other`, `_saved_result` ...
        if name.startswith("_saved_"):
            key = name[7:]
            key = {"self": self.op.inputs[0], "result": self.op.outputs[0]}.get(key, key)
            if key in self.attrs:
                return self.attrs[key]
            if key in self.op.slot_of:
                if self.saved is None:
                    raise errors.runtime(_FREED)
                return self.saved_tensors(self.saved)[self.op.slot_of[key]]
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")


def rebuild(array: Any, edge: Any) -> Any:
    """A saved array as a Tensor with its edge; numbers stay numbers."""
    if array.__class__ is not ndarray:
        return array
    t = wrap(array)
    if edge is not None and array.dtype.kind in "fcV":
        t._edge = edge
    return t


def modified(node: OpNode, which: int) -> Exception:
    cell, expected = node.versions[2 * which], node.versions[2 * which + 1]
    array = next((a for a in (node.saved or ()) if isinstance(a, ndarray)), None)
    kind = "" if array is None else f"torch.{types.scalar_name(types.of_array(array))}Tensor {list(array.shape)}"
    return errors.runtime(
        "one of the variables needed for gradient computation has been modified by an inplace operation: "
        f"[{kind}] is at version {cell[0]}; expected version {expected} instead. Hint: enable anomaly detection to find the "
        "operation that failed to compute its gradient, with torch.autograd.set_detect_anomaly(True).",
        f"{node.name()} had saved it for backward. Use the out-of-place form of the operation that wrote to it "
        "(x = x + 1 instead of x += 1), or write to a clone.",
    )


# ---------------------------------------------------------------------------------------------------------------
# readers
# ---------------------------------------------------------------------------------------------------------------
class ArrayReader:
    """Reads a body with ndarrays. The names below are NumPy's; any other op is read through its own body."""

    add, sub, mul, div, neg = np.add, np.subtract, np.multiply, np.divide, np.negative
    exp, expm1, log, log1p, log2, log10, sqrt = np.exp, np.expm1, np.log, np.log1p, np.log2, np.log10, np.sqrt
    sin, cos, tan, asin, acos, atan, atan2 = np.sin, np.cos, np.tan, np.arcsin, np.arccos, np.arctan, np.arctan2
    sinh, cosh, tanh, asinh, acosh, atanh = np.sinh, np.cosh, np.tanh, np.arcsinh, np.arccosh, np.arctanh
    abs, floor, ceil, trunc, square = np.absolute, np.floor, np.ceil, np.trunc, np.square
    eq, ne, lt, le, gt, ge = np.equal, np.not_equal, np.less, np.less_equal, np.greater, np.greater_equal
    logical_and, logical_or, logical_xor, logical_not = np.logical_and, np.logical_or, np.logical_xor, np.logical_not
    maximum, minimum, fmax, fmin, hypot = np.maximum, np.minimum, np.fmax, np.fmin, np.hypot
    isnan, isinf, isfinite, signbit, copysign = np.isnan, np.isinf, np.isfinite, np.signbit, np.copysign
    where = staticmethod(np.where)

    @staticmethod
    def conj(x: Any) -> Any:
        """Complex conjugate; a real array as it is."""
        return np.conjugate(x) if isinstance(x, (ndarray, np.generic)) and x.dtype.kind == "c" else x

    @staticmethod
    def is_complex(x: Any) -> bool:
        return isinstance(x, (complex, np.complexfloating)) or (isinstance(x, ndarray) and x.dtype.kind == "c")

    def __getattr__(self, name: str) -> Callable[..., Any]:
        op = REGISTRY.get(name)
        if op is None:
            raise AttributeError(f"no op '{name}' for a body to read")
        n_in, n_out = len(op.inputs), len(op.outputs)

        def read(*args: Any, **kwargs: Any) -> Any:
            if op.preparer is None and len(args) <= n_in:  # the body's own signature
                result = op.forward(self, *args, **kwargs)
            else:
                inputs, attrs = op.bind(args, kwargs)
                result = op.forward(self, *inputs, **attrs)
            if op.extras:
                return result[0] if n_out == 1 else result[:n_out]
            return result

        setattr(self, name, read)
        return read


class TensorReader:
    """Reads a body with Tensors: every name is the public op."""

    @staticmethod
    def conj(x: Any) -> Any:
        return REGISTRY["conj"].public(x) if isinstance(x, Tensor) and x._a.dtype.kind == "c" else x

    @staticmethod
    def is_complex(x: Any) -> bool:
        return isinstance(x, complex) or (isinstance(x, Tensor) and x._a.dtype.kind == "c")

    def __getattr__(self, name: str) -> Callable[..., Any]:
        op = REGISTRY.get(name)
        if op is None:
            raise AttributeError(f"no op '{name}' for a body to read")
        setattr(self, name, op.public)
        return op.public


arrays: Any = ArrayReader()
tensors: Any = TensorReader()
engine.Readers.arrays = arrays
engine.Readers.tensors = tensors


# ---------------------------------------------------------------------------------------------------------------
# the call path
# ---------------------------------------------------------------------------------------------------------------
def call(op: Op, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The general path: everything that the public function may be given."""
    for a in args:
        if a.__class__ not in PLAIN and has_override(a):
            return dispatch_override(op.public, a, args, kwargs)
    out = kwargs.pop("out", None) if kwargs else None
    inputs, attrs = op.bind(args, kwargs)
    if op.family == "composite":
        result = op.forward(tensors, *inputs, **attrs)
    else:
        result = apply(op, inputs, attrs)
    return result if out is None else write_out(op.name, out, result)


def apply(op: Op, inputs: tuple[Any, ...], attrs: dict[str, Any]) -> Any:
    """Run a primitive on Tensors (and numbers): forward, then a node if gradients are recorded."""
    result, saved_inputs = evaluate(op, inputs, attrs)
    results = result if result.__class__ is tuple else (result,)
    outs = []
    for r in results if not op.extras else results[: len(op.outputs)]:
        if r.__class__ is not ndarray:
            r = np.asarray(r)
        outs.append(view_of(inputs[0], r) if op.view else wrap(r))
    if recording():
        edges = gather_edges(op, inputs)
        if edges is not None:
            record(op, outs, results, inputs, saved_inputs, attrs, edges)
    elif inference.get():
        for t in outs:
            tensor.extra(t)["inference"] = True
    return outs[0] if len(outs) == 1 else tuple(outs)


def evaluate(op: Op, inputs: tuple[Any, ...], attrs: dict[str, Any]) -> tuple[Any, tuple[Any, ...]]:
    """The body on arrays: ``(result, the promoted arrays)``. NumPy's own errors are rewritten."""
    promoted = promote(op, inputs)
    token = fpstate.enter(fpstate.QUIET) if not op.view else None  # a view does no arithmetic
    try:
        return op.forward(arrays, *promoted, **attrs), promoted
    except (ValueError, TypeError, IndexError, np.exceptions.AxisError) as error:
        if isinstance(error, errors.Deliberate):
            raise
        raise rewrite(op, inputs, attrs, error) from error
    finally:
        if token is not None:
            fpstate.leave(token)


def rewrite(op: Op, inputs: tuple[Any, ...], attrs: dict[str, Any], error: Exception) -> Exception:
    """A NumPy error in PyTorch's manner: the op, its arguments, their shapes."""
    settings = "".join(f", {n}={v!r}" for n, v in attrs.items() if v.__class__ in (int, float, bool, tuple, str))
    return errors.runtime(
        f"{op.name}: {error}", f"The call was {errors.call(op.name, op.inputs, inputs)[:-1]}{settings})."
    )


def gather_edges(op: Op, inputs: tuple[Any, ...]) -> tuple[Any, ...] | None:
    """The edges of the inputs that a gradient flows to; None if there is none."""
    found = False
    edges = []
    for i, x in enumerate(inputs):
        edge = None
        if x.__class__ is Tensor or isinstance(x, Tensor):
            edge = x._edge if x._base is None else edge_of(x)
            if edge is not None:
                answer = op.flow(i)
                if answer == "nondiff":
                    edge = None
                elif answer != "rule":
                    raise errors.runtime(
                        f"the derivative for '{op.inputs[i]}' is not implemented", f"{op.name}: {answer}"
                    )
                else:
                    found = True
        edges.append(edge)
    return tuple(edges) if found else None


def record(
    op: Op,
    outs: Sequence[Tensor],
    results: tuple[Any, ...],
    inputs: tuple[Any, ...],
    saved_inputs: tuple[Any, ...],
    attrs: dict[str, Any],
    edges: tuple[Any, ...],
) -> None:
    """Make the node and hang the outputs on it."""
    meta: Any
    if len(op.outputs) == 1:
        a = outs[0]._a
        meta = (a.shape, a.dtype) if a.dtype.kind in "fcV" else None
        if meta is None:
            return
    else:
        meta = [(t._a.shape, t._a.dtype) if t._a.dtype.kind in "fcV" else None for t in outs[: op.n_diff]]
        if not any(meta):
            return
        meta += [None] * (len(outs) - len(meta))
    name = op.grad_name
    node = op.node_class(name if name.__class__ is str else name(inputs, attrs))()  # type: ignore[operator]
    node.seq = next_seq()
    node.edges = edges
    node.hooks = node.stack = None
    node.attrs = attrs
    node.meta = meta
    if len(op.outputs) == 1:
        outs[0]._edge = (node, 0)
    else:
        for nr, t in enumerate(outs):
            if meta[nr] is not None:
                t._edge = (node, nr)
    save(op, node, outs, results, inputs, saved_inputs, edges)
    if recording() == 2:
        record_stack(node)


class Wanted:
    """What the rules in use read, by kind: positions of inputs, outputs, extras, and of inputs whose shape is read."""

    __slots__ = ("inputs", "outputs", "extras", "shapes", "size")

    def __init__(self, op: Op, rules: Sequence[Rule]):
        slots = sorted({s for r in rules for s in r.slots})
        n_in = len(op.inputs)
        n_out = n_in + len(op.outputs)
        n_extra = n_out + len(op.extras)
        self.inputs = tuple(s for s in slots if s < n_in)
        self.outputs = tuple(s - n_in for s in slots if n_in <= s < n_out)
        self.extras = tuple(s - n_in for s in slots if n_out <= s < n_extra)
        self.shapes = tuple(s - n_extra for s in slots if s >= n_extra)
        self.size = len(op.slot_of)


def wanted(op: Op, edges: tuple[Any, ...]) -> Wanted:
    """What to save; remembered for each set of inputs that need a gradient."""
    key = None if op.joint is not None else tuple([e is not None for e in edges])
    found = op.wanted.get(key)
    if found is None:
        rules = [op.joint] if op.joint else [r for r, e in zip(op.rules, edges, strict=False) if r and e is not None]
        found = op.wanted[key] = Wanted(op, rules)
    return found


def save(
    op: Op,
    node: OpNode,
    outs: Sequence[Tensor],
    results: tuple[Any, ...],
    inputs: tuple[Any, ...],
    saved_inputs: tuple[Any, ...],
    edges: tuple[Any, ...],
) -> None:
    """Keep what the rules in use ask for, and the versions of the tensors among it."""
    want = wanted(op, edges)
    n_in = len(op.inputs)
    saved: list[Any] = [None] * want.size
    versions: tuple[Any, ...] = ()
    for i in want.inputs:
        if op.variadic:
            saved[i] = list(saved_inputs)
            for x in inputs:
                versions += version_of(x)
        else:
            saved[i] = saved_inputs[i]
            versions += version_of(inputs[i])
    for i in want.outputs:
        t = outs[i]
        saved[n_in + i] = t._a
        versions += (t._vc, t._vc[0])
    for i in want.extras:
        saved[n_in + i] = results[i]
        versions += NUMBER_VERSION
    for i in want.shapes:
        first = want.size - n_in
        if op.variadic:
            saved[first] = [a.shape for a in saved_inputs]
        else:
            x = inputs[i]
            saved[first + i] = x._a.shape if isinstance(x, Tensor) else ()
    node.saved = tuple(saved)
    node.versions = versions


def version_of(x: Any) -> tuple[Any, ...]:
    """The version cell of a saved input and its value now.

    Raises:
        RuntimeError: for an inference tensor, which nobody counts the versions of.
    """
    if not isinstance(x, Tensor):
        return () if x is None else NUMBER_VERSION
    if x._extra is not None and "inference" in x._extra:
        raise errors.runtime(
            "Inference tensors cannot be saved for backward. Please do not use Tensors created in inference mode in "
            "computation tracked by autograd. To work around this, you can make a clone to get a normal tensor and use "
            "it in autograd, or use `torch.no_grad()` instead of `torch.inference_mode()`."
        )
    return (x._vc, x._vc[0])


def regenerate_view_edge(view: Tensor) -> Any:
    """The edge of a view whose base was written to: it reads its region of the base, as the base is now."""
    op = REGISTRY["region_get"]
    base: Tensor = view._base  # type: ignore[assignment]
    proxy = wrap(view._a)
    record(op, [proxy], (view._a,), (base,), (base._a,), {"region": Region(base._a, view._a)}, (edge_of(base),))
    return proxy._edge


tensor._regenerate = regenerate_view_edge


# ---------------------------------------------------------------------------------------------------------------
# promotion
# ---------------------------------------------------------------------------------------------------------------
def result_type(inputs: Sequence[Any]) -> types.dtype:
    """PyTorch's promoted dtype of tensors and numbers together (``torch.result_type`` for any count)."""
    dims: types.dtype | None = None  # tensors with dimensions
    zeros: types.dtype | None = None  # 0-d tensors
    numbers: types.dtype | None = None
    for x in inputs:
        if isinstance(x, Tensor):
            t = types.of_array(x._a)
            if x._a.ndim:
                dims = t if dims is None else types.promote_types(dims, t)
            else:
                zeros = t if zeros is None else types.promote_types(zeros, t)
        elif x is not None:
            t = types.of_number(x)
            numbers = t if numbers is None else types.promote_types(numbers, t)
    out = dims
    for lower in (zeros, numbers):
        if lower is not None:
            if out is None:
                out = lower
            elif lower.category > out.category:
                # The weaker operand wins by category only; a number brings no width of its own.
                out = types.promote_types(out, lower) if lower.category != types.COMPLEX else complex_of(out, lower)
    assert out is not None
    return out


def complex_of(real: types.dtype, weak: types.dtype) -> types.dtype:
    return real.to_complex() if real.category == types.FLOATING else weak


def promote(op: Op, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
    """Inputs as the body wants them: arrays, of one dtype where the op asks for that."""
    how = op.promote
    if how == "none":
        plain = tuple([x._a if x.__class__ is Tensor else as_array(op, i, x) for i, x in enumerate(inputs)])
        if op.refuses is not None and isinstance(plain[0], ndarray):
            refuse(op, types.of_array(plain[0]))
        return plain
    if how.__class__ is str:
        check_operands(op, inputs)
        common = result_type(inputs)
        if how == "float" and common.category < types.FLOATING:
            common = types.get_default_dtype()
        targets: Sequence[Any] = [common] * len(inputs)
    else:
        targets = how(inputs)  # type: ignore[operator]
    out = [x if x is None or t is None else cast(x, t) for x, t in zip(inputs, targets, strict=True)]
    check_broadcast(op, inputs, out)
    if op.refuses is not None:
        refuse(op, types.of_array(out[0]))
    return tuple(out)


def as_array(op: Op, i: int, x: Any) -> Any:
    if isinstance(x, Tensor):
        return x._a
    if x is None or isinstance(x, (bool, int, float, complex, ndarray, np.generic)):
        return x
    name = op.inputs[0] if op.variadic else op.inputs[i]
    raise errors.not_a_tensor(op.name, name, i + 1, x)


def check_operands(op: Op, inputs: tuple[Any, ...]) -> None:
    for i, x in enumerate(inputs):
        if isinstance(x, Tensor) or x is None:
            continue
        number = isinstance(x, (bool, int, float, complex, np.number, np.bool_))
        if not number or (i == 0 and not op.scalar_first):
            raise errors.not_a_tensor(op.name, op.inputs[i], i + 1, x)


def cast(x: Any, to: types.dtype) -> np.ndarray[Any, Any]:
    """The elements of a tensor, or a number, as an array of dtype ``to``. Integers wrap, as in C."""
    np_dtype = to.np
    if isinstance(x, Tensor):
        a = x._a
        return a if a.dtype is np_dtype else cast_array(a, np_dtype)
    if to.category == types.INTEGER and not isinstance(x, (bool, np.bool_)):
        bits = to.itemsize * 8
        v = int(x) & ((1 << bits) - 1)
        if to.is_signed and v >> (bits - 1):
            v -= 1 << bits
        return np.array(v, np_dtype)
    try:
        return np.array(x, np_dtype)
    except OverflowError:
        return np.array(float("inf") if x > 0 else float("-inf"), np_dtype)


def cast_array(a: np.ndarray[Any, Any], np_dtype: np.dtype[Any]) -> np.ndarray[Any, Any]:
    """``astype`` as PyTorch converts: float to a small integer goes through int64 and wraps; NaN becomes the minimum."""
    kind, to = a.dtype.kind, np_dtype.kind
    if kind == "c" and to not in "cb":
        a = a.real
        kind = "f"
    token = fpstate.enter(fpstate.QUIET)
    try:
        if kind in "fV" and to in "iu":
            if np_dtype.itemsize < 4:
                return a.astype(np.int32 if a.dtype.itemsize < 8 else np.int64).astype(np_dtype)
            if to == "u":
                return a.astype(np.int64).astype(np_dtype)
        return a.astype(np_dtype)
    finally:
        fpstate.leave(token)


def check_broadcast(op: Op, inputs: tuple[Any, ...], out: Sequence[Any]) -> None:
    shape: tuple[int, ...] | None = None
    for a in out:
        if isinstance(a, ndarray):
            if shape is None:
                shape = a.shape
            elif a.shape != shape:
                try:
                    shape = broadcast_shapes(shape, a.shape)
                except RuntimeError as error:
                    raise errors.runtime(
                        str(error),
                        f"The call was {errors.call(op.name, op.inputs, inputs)}. Shapes are compared from the last dimension; "
                        "each pair must be equal or contain a 1. Use .view, .unsqueeze or .transpose to line them up.",
                    ) from None


# ---------------------------------------------------------------------------------------------------------------
# subclasses and look-alikes
# ---------------------------------------------------------------------------------------------------------------
_overrides: ContextVar[bool] = ContextVar("rushlight_overrides", default=True)


class DisableTorchFunctionSubclass:
    """Inside, ``__torch_function__`` is not asked: how a subclass reaches the plain operation."""

    def __enter__(self) -> None:
        self.token = _overrides.set(False)

    def __exit__(self, *exc: object) -> None:
        _overrides.reset(self.token)


#: Classes that certainly have no ``__torch_function__`` of their own.
PLAIN = frozenset(
    {Tensor, Parameter, int, float, bool, str, tuple, list, type(None), type(Ellipsis), slice, types.dtype}
)


def has_override(x: Any) -> bool:
    """True if an argument's class takes calls over through ``__torch_function__``."""
    method = getattr(type(x), "__torch_function__", None)
    return method is not None and _overrides.get()


def dispatch_override(public: Callable[..., Any], x: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    kinds = tuple({type(a) for a in args if hasattr(type(a), "__torch_function__")})
    result = type(x).__torch_function__(public, kinds, args, kwargs)
    if result is NotImplemented:
        raise TypeError(
            f"no implementation found for '{public.__name__}' on types that implement __torch_function__: {kinds}"
        )
    return result


# ---------------------------------------------------------------------------------------------------------------
# families
# ---------------------------------------------------------------------------------------------------------------
def _family(name: str, **defaults: Any) -> Callable[..., Any]:
    def decorator(**options: Any) -> Callable[[Callable[..., Any]], Op]:
        def declare(forward: Callable[..., Any]) -> Op:
            return Op(forward, name, **{**defaults, **options})

        return declare

    decorator.__name__ = name
    return decorator


elementwise = _family("elementwise", promote="common")
reduction = _family("reduction")
movement = _family("movement", view=True)
opaque = _family("opaque")
composite = _family("composite")
