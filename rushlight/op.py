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
from .kernels.strides import broadcast_shapes
from .tensor import Parameter, Tensor, edge_of, view_of, wrap
from .writing import Region, write_out

ndarray = np.ndarray
_new = object.__new__

#: Every op by name. There is no second list.
REGISTRY: dict[str, Op] = {}

#: The version cell of what has no version: numbers, arrays made by the op itself.
NO_VERSION = [0]

_FREED = (
    "Trying to backward through the graph a second time (or directly access saved tensors after they have already been "
    "freed). Saved intermediate values of the graph are freed when you call .backward() or autograd.grad(). Specify "
    "retain_graph=True if you need to backward through the graph a second time or if you need to access saved tensors "
    "after calling backward."
)


class Rule:
    """A derivative. Its parameter names say what is saved: inputs, outputs, extras, ``<input>_shape``, attributes."""

    __slots__ = ("fn", "slots", "attrs", "inputs_used", "outputs_used")

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
        self.inputs_used = frozenset(s for s in self.slots if s < len(op.inputs))
        self.outputs_used = frozenset(s for s in self.slots if s >= len(op.inputs))


class Op:
    """One operation: everything about it that is known.

    Args (all by keyword to the family decorators):
        promote: how inputs become arrays of one dtype: ``common`` (the promoted dtype), ``float`` (promoted, integers
            to the default float), ``compare`` (as common; the result is bool), ``none`` (each as it is), or a function
            ``(inputs) -> dtypes``.
        methods: Tensor methods that call it, e.g. ``"exp exp_"``; a trailing underscore makes the in-place form.
        samples, errors: functions of a sample maker, see rushlight.samples.
        outputs: names of several results. extras: names of further results of the body that are saved, never returned.
        grad_name: PyTorch's name of the node, if not ``<Name>Backward0``; a function ``(inputs, attrs) -> name`` if it varies.
        view: True if the result shows the memory of the first input.
    """

    def __init__(
        self,
        forward: Callable[..., Any],
        family: str,
        *,
        promote: Any = "none",
        methods: str = "",
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
        notes: str = "",
        public: bool = True,
    ):
        code = forward.__code__
        self.name = forward.__name__
        self.doc = forward.__doc__
        self.forward = forward
        self.family = family
        self.promote = promote
        self.methods = methods.split()
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
            inputs, attrs = self.preparer(*args, **kwargs)
            return inputs, attrs
        names = self.inputs + self.attrs
        if len(args) > len(names):
            raise errors.type_(
                f"{self.name}() takes {len(names)} positional arguments but {len(args)} were given",
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
            found = type(name, (OpNode,), {"op": self, "n_outputs": len(self.outputs), "__slots__": ()})
            self.node_classes[name] = found
        return found


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
        saved = self.saved
        if saved is None:
            raise errors.runtime(
                _FREED, f"The node is {self.name()}; its first backward has released what it had saved."
            )
        versions = self.versions
        for i in range(0, len(versions), 2):
            if versions[i][0] != versions[i + 1]:
                raise modified(self, i // 2)
        op = self.op
        if k is tensors:
            saved = self.saved_tensors(saved)
        if release and versions:
            self.saved = None
        if op.n_diff == 1 and self.n_outputs > 1:
            g = g[0]
        if op.joint is not None:
            return self.run_joint(k, g, saved)
        grads: list[Any] = []
        for rule, edge in zip(op.rules, self.edges, strict=True):
            if edge is None:
                grads.append(None)
            elif rule is None:
                grads.append(None)
            elif rule.attrs:
                grads.append(rule.fn(k, g, *[saved[i] for i in rule.slots], **{n: self.attrs[n] for n in rule.attrs}))
            else:
                grads.append(rule.fn(k, g, *[saved[i] for i in rule.slots]))
        return grads

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
        n_out = len(op.outputs)

        def read(*args: Any, **kwargs: Any) -> Any:
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
        cls = a.__class__
        if cls is not Tensor and cls is not Parameter and hasattr(cls, "__torch_function__") and has_override(a):
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
    many = result.__class__ is tuple
    results = result if many else (result,)
    n_out = len(op.outputs)
    outs = []
    for r in results[:n_out]:
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
    return outs[0] if n_out == 1 else tuple(outs)


def evaluate(op: Op, inputs: tuple[Any, ...], attrs: dict[str, Any]) -> tuple[Any, tuple[Any, ...]]:
    """The body on arrays: ``(result, the promoted arrays)``. NumPy's own errors are rewritten."""
    promoted = promote(op, inputs)
    token = fpstate.enter(fpstate.QUIET)
    try:
        return op.forward(arrays, *promoted, **attrs), promoted
    except (ValueError, TypeError, IndexError, np.exceptions.AxisError) as error:
        if isinstance(error, errors.Deliberate):
            raise
        raise rewrite(op, inputs, attrs, error) from error
    finally:
        fpstate.leave(token)


def rewrite(op: Op, inputs: tuple[Any, ...], attrs: dict[str, Any], error: Exception) -> Exception:
    """A NumPy error in PyTorch's manner: the op, its arguments, their shapes."""
    settings = "".join(f", {n}={v!r}" for n, v in attrs.items() if v.__class__ in (int, float, bool, tuple, str))
    return errors.runtime(
        f"{op.name}: {error}", f"The call was {errors.call(op.name, op.inputs, inputs)[:-1]}{settings})."
    )


def gather_edges(op: Op, inputs: tuple[Any, ...]) -> tuple[Any, ...] | None:
    """The edges of the inputs that a gradient flows to; None if there is none."""
    if op.all_nondiff:
        return None
    found = False
    edges = []
    for i, x in enumerate(inputs):
        edge = edge_of(x) if isinstance(x, Tensor) else None
        if edge is not None and not op.variadic:
            answer = op.answers.get(op.inputs[i], "rule")
            if answer == "nondiff":
                edge = None
            elif answer != "rule":
                raise errors.runtime(f"the derivative for '{op.inputs[i]}' is not implemented", f"{op.name}: {answer}")
        edges.append(edge)
        found = found or edge is not None
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
    meta = [(t._a.shape, t._a.dtype) if t._a.dtype.kind in "fcV" else None for t in outs[: op.n_diff]]
    if not any(meta):
        return
    meta += [None] * (len(outs) - len(meta))
    name = op.grad_name
    node = _new(op.node_class(name if name.__class__ is str else name(inputs, attrs)))  # type: ignore[operator]
    node.seq = next_seq()
    node.edges = edges
    node.hooks = node.stack = None
    node.attrs = attrs
    node.meta = meta[0] if len(op.outputs) == 1 else meta
    for nr, t in enumerate(outs):
        if meta[nr] is not None:
            t._edge = (node, nr)
    save(op, node, outs, results, inputs, saved_inputs, edges)
    if recording() == 2:
        record_stack(node)


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
    n_in, n_out = len(op.inputs), len(op.outputs)
    saved: list[Any] = [None] * len(op.slot_of)
    versions: list[Any] = []
    if op.joint is not None:
        rules = (op.joint,)
    else:
        rules = tuple({r for r, e in zip(op.rules, edges, strict=False) if r is not None and e is not None})
    for slot in {s for r in rules for s in r.slots}:
        if slot < n_in:
            if op.variadic:
                saved[slot] = list(saved_inputs)
                for x in inputs:
                    if isinstance(x, Tensor):
                        versions += (x._vc, x._vc[0])
                continue
            saved[slot] = saved_inputs[slot]
            x = inputs[slot]
            if isinstance(x, Tensor):
                if x._extra is not None and "inference" in x._extra:
                    raise errors.runtime(
                        "Inference tensors cannot be saved for backward. Please do not use Tensors created in inference "
                        "mode in computation tracked by autograd. To work around this, you can make a clone to get a "
                        "normal tensor and use it in autograd, or use `torch.no_grad()` instead of "
                        "`torch.inference_mode()`."
                    )
                versions += (x._vc, x._vc[0])
        elif slot < n_in + n_out:
            t = outs[slot - n_in]
            saved[slot] = t._a
            versions += (t._vc, t._vc[0])
        elif slot < n_in + n_out + len(op.extras):
            saved[slot] = results[slot - n_in]
            versions += (NO_VERSION, 0)
        else:
            if op.variadic:
                saved[slot] = [a.shape for a in saved_inputs]
            else:
                x = inputs[slot - n_in - n_out - len(op.extras)]
                saved[slot] = x._a.shape if isinstance(x, Tensor) else ()
    node.saved = tuple(saved)
    node.versions = tuple(versions)


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
        return tuple([as_array(op, i, x) for i, x in enumerate(inputs)])
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
