"""The op record, the registry and the call path.

An op is one declaration: forward body, derivative per input, promotion, documentation, samples. Bodies and rules
are written against a namespace ``k``, *who is reading*: ``arrays`` runs them on ndarrays (the eager engine and first-order
backward), ``tensors`` on Tensors (double backward), ``rushlight.recorder`` writes them down as formulas.

A call goes: arguments -> ``prepare`` (checks, attributes) -> ``promote`` (ndarrays of the right dtype) -> forward body ->
Tensors -> a node, if gradients are recorded. ``rushlight.fast`` holds the short form of this path for the commonest calls.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from . import errors, fpstate, large, levels, tensor, types  # type: ignore[no-redef]  # torch.tensor is a function too
from .autograd.mode import recording
from .functions import FUNCTIONS
from .kernels.elementwise import MEDIUM
from .kernels.layouts import as_operands_lie
from .misuse import misuse, no_deeper, old_form, refuse_kinds, rewrite
from .node import OpNode, Saver, ask_history, gather_edges, record
from .override import PLAIN, dispatch_override, has_override, takes_over, within
from .promotion import promote, refusals
from .readers import REGISTRY, arrays, tensors
from .synonyms import called
from .tensor import Tensor, edge_of, view_of, wrap
from .writing import Region, in_order, write_out

if TYPE_CHECKING:
    from inspect import Signature

ndarray = np.ndarray


class Rule:
    """A derivative. Its parameter names say what is saved: inputs, outputs, extras, ``<input>_shape``, attributes."""

    __slots__ = ("fn", "slots", "attrs", "formal")

    def __init__(self, fn: Callable[..., Any], op: Op, formal: bool = False):
        self.formal: bool = formal
        code = fn.__code__
        names = code.co_varnames[2 : code.co_argcount + code.co_kwonlyargcount]
        self.fn: Callable[..., Any] = fn
        self.attrs: tuple[str, ...] = tuple(n for n in names if n in op.attrs or n == "needs")
        self.slots: list[int] = []
        for i, n in enumerate(names):
            if n in self.attrs:
                continue
            if n not in op.slot_of:
                raise TypeError(f"{op.name}: a rule asks for '{n}', which is no input, output, extra or attribute")
            if len(self.slots) != i or i + 2 >= code.co_argcount:  # they are passed by position
                raise TypeError(
                    f"{op.name}: a rule names what is saved first, attributes after it; '{n}' comes too late"
                )
            self.slots.append(op.slot_of[n])


class Parameters:
    """What ``inspect.signature`` finds behind a function that is made from a record: the parameters, read when asked for."""

    op: Op
    out: bool

    __slots__ = ("op", "out")

    def __init__(self, op: Op, out: bool):
        self.op, self.out = op, out

    @property
    def __signature__(self) -> Signature:
        from inspect import Parameter, Signature, signature

        op, either = self.op, Parameter.POSITIONAL_OR_KEYWORD
        found: list[Parameter] = []
        if op.preparer is not None:
            found = list(signature(op.preparer).parameters.values())
        elif op.variadic:
            found = list(signature(op.forward).parameters.values())[1:]
        if not found or any(p.name == "args" for p in found):
            # the body's own: it takes attributes by keyword only, callers may give them by position
            defaults = {**op.input_defaults, **op.defaults}
            found = [Parameter(n, either, default=defaults.get(n, Parameter.empty)) for n in op.inputs + op.attrs]
        if self.out:
            out = Parameter("out", Parameter.KEYWORD_ONLY, default=None)
            found.insert(len(found) - (found[-1].kind is Parameter.VAR_KEYWORD), out)
        return Signature(found)


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
            (``"floor_vml_cpu"``; else it is ``<name>_cpu``) or a whole sentence (in a tuple if it is a RuntimeError).
        samples, errors: functions of a sample maker, see rushlight.samples.
        outputs: names of several results. extras: names of further results of the body that are saved, never returned.
        grad_name: PyTorch's name of the node, if not ``<Name>Backward0``; a function ``(inputs, attrs) -> name`` if it varies.
        view: True if the result shows the memory of the first input.
        numbers: which of two operands may be Python numbers, beside tensors: ``""`` none, ``"second"`` the second alone,
            ``"either"`` one of them, ``"both"``.
        out: what ``out=`` must be, see ``writing.write_out``; by family if it is not said.
        keeps_floats: with a function as ``promote``: floating tensors of one dtype, and numbers beside them, stay as they are.
        refuses_where: whether ``refuses`` is asked ``always``, where there are ``elements``, or elements and ``dimensions``.
        empties: that PyTorch's node keeps tensors where ours has attributes (indices), so that a first backward empties it.
        scalars: inputs of which PyTorch's node keeps a Python number as such, not as a tensor: a first backward empties nothing.
        real_gradient: that PyTorch has its derivative for real numbers alone.
        common_floats: with a function as ``promote``: it gives the same for these as ``common``.
        wide_numbers: that numbers and 0-d tensors beside 16-bit floats keep the digits of float32; the body rounds its result.
        row_major: that an elementwise result lies in rows, or of what it does ("number first", "complex"); "turned": as the second.
    """

    samples: Any
    error_samples: Any
    keeps_floats: bool
    common_floats: bool
    refuses_where: str
    real_gradient: bool

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
        numbers: str | None = None,
        out: str | None = None,
        keeps_floats: bool = False,
        common_floats: bool = False,
        refuses_where: str = "always",
        real_gradient: bool = False,
        empties: bool = False,
        scalars: str = "",
        row_major: bool | str = False,
        wide_numbers: bool = False,
        notes: str = "",
        public: bool = True,
    ):
        code = forward.__code__
        self.name: str = forward.__name__
        self.doc: str | None = forward.__doc__
        self.forward: Callable[..., Any] = forward
        self.family: str = family
        self.promote: Any = promote
        self.aliases: list[str] = aliases.split()
        self.methods: list[str] = with_aliases(methods.split(), self.aliases)
        self.refuses: dict[Any, Any] | None = refusals(self.name, refuses)
        self.samples: Any = samples
        self.error_samples: Any = errors
        self.inputs: tuple[str, ...] = code.co_varnames[1 : code.co_argcount]
        self.attrs: tuple[str, ...] = code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]
        self.attr_names: frozenset[str] = frozenset(self.attrs)
        if code.co_flags & 0x04:  # *tensors
            self.inputs = (code.co_varnames[code.co_argcount + code.co_kwonlyargcount],)
        self.defaults: dict[str, Any] = forward.__kwdefaults__ or {}
        last = forward.__defaults__ or ()
        self.input_defaults: Any = dict(zip(self.inputs[len(self.inputs) - len(last) :], last, strict=True))
        self.outputs: tuple[str, ...] = tuple(outputs)
        self.n_diff: int = len(self.outputs) if n_diff is None else n_diff
        self.extras: tuple[str, ...] = tuple(extras)
        self.view: bool = view
        self.domain: Any = domain
        self.torch_name: str = torch_name or self.name
        self.variadic: bool = variadic
        self.all_nondiff: bool = nondiff
        # by default an elementwise op of two inputs takes tensors; others say in `prepare` what they take
        alone = family == "elementwise" and len(self.inputs) == 2
        self.numbers: str = numbers if numbers is not None else "" if alone else "second"
        self.out: str = out if out is not None else OUT_RULES.get(family, "")
        self.keeps_floats: bool = keeps_floats
        self.common_floats: bool = common_floats
        self.refuses_where: str = refuses_where
        self.real_gradient: bool = real_gradient
        self.empties: bool = empties
        self.row_major: bool | str = row_major
        self.scalars: list[str] = scalars.split()
        self.wide_numbers: bool = wide_numbers
        self.notes: str = notes
        self.public_name: bool = public
        self.grad_name: Any | str = grad_name or camel(self.name) + "Backward0"
        # Positions in a node's saved tuple.
        names = (*self.inputs, *self.outputs, *self.extras, *(n + "_shape" for n in self.inputs))
        self.slot_of: dict[str, int] = {n: i for i, n in enumerate(names)}
        self.rules: list[Any] = [None] * len(self.inputs)
        self.joint: Rule | None = None
        self.answers: dict[str, str] = dict.fromkeys(self.inputs, "nondiff") if nondiff else {}
        self.preparer: Callable[..., Any] | None = None
        #: What stands in for this op with some keywords: ``variant(kwargs)`` is the op that is to be called.
        self.variant: Callable[[dict[str, Any]], Op] | None = None
        self.only_checks: bool = False
        self.calls = 0  # on small arrays, since a loop was last asked for in vain
        self.node_classes: dict[str, type[OpNode]] = {}
        self.savers: dict[Any, Saver] = {}
        self.public: Callable[..., Any] = self._make_public()
        #: How the in-place form writes: ``writer(target, *further inputs, **attrs)``.
        self.writer: Callable[..., None] | None = None
        self.planner: Callable[..., Any] | None = None
        #: By the kinds of operands: the dtypes that ``promote`` has found for them.
        self.targets: dict[Any, Sequence[Any]] = {}
        #: A shorter way for two plain tensors (``plain.pair``); it gives None where it has no answer.
        self.short: Callable[[Any, Any], Any] | None = None
        if self.name in REGISTRY:
            raise TypeError(f"op '{self.name}' is registered twice")
        REGISTRY[self.name] = self

    # --- declaration ----------------------------------------------------------------------------------------------
    def vjp(self, *names: str, formal: bool = False) -> Callable[[Callable[..., Any]], Op]:
        """Declare the derivative for these inputs, called once for each that needs it: ``rule(k, g, <saved>) -> gradient``.

        With ``formal`` a gradient that is differentiated again is one of each saved tensor, with derivative zero where the
        rule has none: PyTorch's node for it takes them, so that a penalty on the gradient of a relu is a valid loss.
        """

        def declare(fn: Callable[..., Any]) -> Op:
            rule = Rule(fn, self, formal)
            for n in names:
                self.rules[self.inputs.index(n)] = rule
                self.answers[n] = "rule"
            return self

        return declare

    def vjp_joint(self, fn: Callable[..., Any] | None = None, *, formal: bool = False) -> Any:
        """Declare one rule for all inputs together: it returns a gradient or None for each, in order.

        If it has a parameter ``needs`` it gets a tuple of bools. A variadic op's rule takes the saved inputs as one list.
        """
        if fn is None:
            return partial(self.vjp_joint, formal=formal)
        self.joint = Rule(fn, self, formal)
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
        return self

    def check(self, fn: Callable[..., Any]) -> Op:
        """``prepare`` for a signature that is the body's own: it may refuse arguments and changes none.

        Rules, which call ops with what fits, then read the body without it.
        """
        self.only_checks = True
        return self.prepare(fn)

    def writes(self, fn: Callable[..., None]) -> Op:
        """Declare how the in-place form writes where nothing is recorded: ``fn(target, *further inputs, **attrs)`` on arrays."""
        self.writer = fn
        return self

    def plan(self, fn: Callable[..., Any]) -> Op:
        """Declare what is decided once for many calls: ``fn(*inputs, **attrs)`` gives a function of inputs of these shapes, strides and
        dtypes, or None where none is shorter than the body. It may give None too; ``patience.ready`` says when to ask again."""
        self.planner = fn
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
        # where pickle finds it: a module may hold the function it applies
        public.__module__ = f"rushlight.{self.torch_name.rpartition('.')[0]}".rstrip(".")
        public.__op__ = self  # type: ignore[attr-defined]
        public.__wrapped__ = Parameters(self, out=bool(self.out))  # type: ignore[attr-defined]
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
            except Exception as error:
                if isinstance(error, TypeError) and not isinstance(error, errors.Deliberate) and no_deeper(error):
                    name = self.torch_name.rpartition(".")[2]
                    raise errors.signature(name, self.preparer, args, kwargs, error) from None
                code = self.preparer.__code__
                given = {**dict(zip(code.co_varnames[: code.co_argcount], args, strict=False)), **kwargs}
                cause = misuse(self, given, error)
                if cause is not None:
                    raise cause from None
                raise
            return inputs, attrs
        if not kwargs and len(args) <= len(self.inputs) and len(self.defaults) == len(self.attrs):
            rest = self.inputs[len(args) :]
            if all([n in self.input_defaults for n in rest]):  # the commonest call
                return (*args, *[self.input_defaults[n] for n in rest]), self.defaults
        if len(args) == len(self.inputs) and kwargs.keys() == self.attr_names:  # how functions of ours call
            return tuple(args), kwargs
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

    def check_complete(self) -> None:
        """Refuse a record with a missing part: documentation, an answer per input, and if it is public the calls it is tried on.

        Raises:
            TypeError: naming the parts.
        """
        missing = [
            f"an answer for '{n}' (a rule, nondiff or unsupported)" for n in self.inputs if n not in self.answers
        ]
        if not self.doc:
            missing.append("documentation")
        derived = self.family == "elementwise" and len(self.inputs) <= 2
        if self.is_public and not derived:
            missing += [
                what for what, given in (("samples", self.samples), ("errors", self.error_samples)) if given is None
            ]
        if missing:
            raise TypeError(f"op '{self.name}' lacks {', '.join(missing)}")

    @property
    def is_public(self) -> bool:
        """Whether a program can name it, as a function or as a method."""
        return self.public_name or any(not m.startswith("_") for m in self.methods)

    # --- nodes ----------------------------------------------------------------------------------------------------
    def node_class(self, name: str | None = None) -> type[OpNode]:
        """The class of this op's nodes, named as PyTorch names it; made in C++ there, they have no module."""
        name = name if name is not None else self.grad_name
        found = self.node_classes.get(name)
        if found is None:
            body = {"op": self, "n_outputs": len(self.outputs), "__slots__": (), "__module__": "builtins"}
            found = self.node_classes[name] = type(name, (OpNode,), body)
        return found


def with_aliases(methods: list[str], aliases: list[str]) -> list[str]:
    """The methods of an op under all its names: the first is its own, ``exp``, with or without ``exp_``."""
    plain = [a for a in aliases if "." not in a]
    if not methods or not plain:
        return methods
    base = methods[0].removesuffix("_")
    more = [a + m.removeprefix(base) for m in methods if m in (base, base + "_") for a in plain]
    return methods + [m for m in more if m not in methods]


def names_under(prefix: str) -> dict[str, Any]:
    """What the registries place under ``torch.<prefix>`` (``"linalg."``), aliases included; the prefix is cut off."""
    found: dict[str, Any] = {}
    for op in REGISTRY.values():
        if op.public_name:
            found.update({op.torch_name: op.public, **{name: called(op.public, name) for name in op.aliases}})
    for f in FUNCTIONS.values():
        found.update({f.torch_name: f.fn, **{name: called(f.fn, name) for name in f.aliases}})
    cut = {name.removeprefix(prefix): fn for name, fn in found.items() if name.startswith(prefix)}
    return {name: fn for name, fn in cut.items() if "." not in name}


#: What ``out=`` must be, by family (see ``writing.write_out``), for ops that say nothing themselves.
OUT_RULES = {"elementwise": "partial", "reduction": "exact loose", "opaque": "exact"}


def camel(name: str) -> str:
    return "".join(part[:1].upper() + part[1:] for part in name.split("_"))


_NUMPY_SPELLING = {"axis": "dim", "keepdims": "keepdim", "x": "input"}


def numpy_spelling(kwargs: dict[str, Any]) -> dict[str, Any]:
    """PyTorch accepts NumPy's ``axis`` for ``dim``, ``keepdims`` for ``keepdim``, ``x`` for ``input``."""
    return {_NUMPY_SPELLING.get(n, n): v for n, v in kwargs.items()}


# --- the call path ------------------------------------------------------------------------------------------------------
def call(op: Op, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The general path: everything that the public function may be given."""
    for a in args:
        if a.__class__ not in PLAIN and has_override(a):
            return dispatch_override(op.public, a, args, kwargs)
    out = None
    if kwargs:
        out = kwargs.pop("out", None)
        if kwargs.get("dtype").__class__ is type:  # x.sum(dtype=float): Python's types name dtypes
            kwargs["dtype"] = types.PYTHON_TYPES.get(kwargs["dtype"], kwargs["dtype"])
        if op.variant is not None:
            op = op.variant(kwargs)
    try:
        inputs, attrs = op.bind(args, kwargs)
    except levels.DataDependent:
        return levels.each_example(op.public, args, kwargs)
    except Exception as error:
        if isinstance(error, TypeError):
            other = within(args)
            if other is not None:
                return dispatch_override(op.public, other, args, kwargs)
            old = old_form(op.name, args, kwargs)
            if old is not None:
                return call(op, old[0], old[1] if out is None else {**old[1], "out": out})
        ask_history(op, args, error)
        refuse_kinds(op, args, kwargs, error)
        raise
    if op.family == "composite":
        result = op.forward(tensors, *inputs, **attrs)
    else:
        if op.variadic and (other := next(filter(takes_over, inputs), None)) is not None:
            return dispatch_override(op.public, other, args, kwargs if out is None else {**kwargs, "out": out})
        try:
            result = apply(op, inputs, attrs)
        except errors.NoArray:  # a sparse tensor within a list
            return dispatch_override(op.public, within(args), args, kwargs)
        except Exception as error:
            ask_history(op, inputs, error)
            refuse_kinds(op, args, kwargs, error)
            raise
    return result if out is None else write_out(op.name, out, result, inputs, op.out)


def apply(op: Op, inputs: tuple[Any, ...], attrs: dict[str, Any]) -> Any:
    """Run a primitive on Tensors (and numbers): forward, then a node if gradients are recorded."""
    if levels.running:
        transformed = levels.apply(op, inputs, attrs)
        if transformed is not None:
            return transformed
    result, saved_inputs = evaluate(op, inputs, attrs)
    if result.__class__ is tuple:
        results = result
        outs: Sequence[Tensor] = [
            wrapped(op, inputs, r) for r in (results[: len(op.outputs)] if op.extras else results)
        ]
    else:
        results = (result,)
        outs = (wrapped(op, inputs, result),)
    if recording():
        edges = gather_edges(op, inputs)
        if edges is not None:
            record(op, outs, results, inputs, saved_inputs, attrs, edges)
    return outs[0] if len(outs) == 1 else tuple(outs)


def wrapped(op: Op, inputs: tuple[Any, ...], r: Any) -> Tensor:
    """One result of the body as a Tensor."""
    r = r if r.__class__ is ndarray else np.asarray(r)
    return view_of(inputs[0], r) if op.view else wrap(r)


def evaluate(op: Op, inputs: tuple[Any, ...], attrs: dict[str, Any]) -> tuple[Any, tuple[Any, ...]]:
    """The body on arrays: ``(result, the promoted arrays)``. NumPy's own errors are rewritten."""
    promoted = promote(op, inputs)
    token = fpstate.enter(fpstate.QUIET) if not op.view else None  # a view does no arithmetic
    try:
        if op.family == "elementwise" and promoted[0].__class__ is ndarray:
            op.calls += 1
            large_one = promoted[1] if len(promoted) == 3 and promoted[1].__class__ is ndarray else promoted[0]
            if large_one.size >= MEDIUM or promoted[0].size >= MEDIUM or op.calls > large.OFTEN:
                found = large.body(op, promoted, attrs)
                if found is None and len(promoted) == 2:
                    found = large.spread(op, *promoted, attrs)
                if found is not None:
                    return found, promoted
                op.calls -= large.OFTEN  # another kind of call, perhaps
        result = op.forward(arrays, *promoted, **attrs)
        if op.family == "elementwise" and result.__class__ is ndarray and result.ndim > 1:
            given = [x._a for x in inputs if isinstance(x, Tensor)]
            result = laid_out(op, result, given, number_first=not isinstance(inputs[0], Tensor))
        return result, promoted
    except (ValueError, TypeError, IndexError, AttributeError, np.exceptions.AxisError) as error:
        if isinstance(error, errors.Deliberate):
            raise
        cause = misuse(op, {**dict(zip(op.inputs, inputs, strict=False)), **attrs}, error)
        if cause is None and isinstance(error, AttributeError):
            raise
        raise cause or rewrite(op, inputs, attrs, error) from error
    finally:
        if token is not None:
            fpstate.leave(token)


def laid_out(op: Op, result: Any, operands: Sequence[Any], number_first: bool = False) -> Any:
    """What an elementwise body made of operands, in the layout that PyTorch gives it."""
    of = op.row_major
    in_rows = (
        number_first if of == "number first" else of is True or (of == "complex" and operands[0].dtype.kind == "c")
    )
    return in_order(result) if in_rows else as_operands_lie(result, operands[::-1] if of == "turned" else operands)


def regenerate_view_edge(view: Tensor) -> Any:
    """The edge of a view whose base was written to: it reads its region of the base, as the base is now."""
    op = REGISTRY["region_get"]
    base: Tensor = view._base  # type: ignore[assignment]
    proxy = wrap(view._a)
    record(op, [proxy], (view._a,), (base,), (base._a,), {"region": Region(base._a, view._a)}, (edge_of(base),))
    return proxy._edge


tensor._regenerate = regenerate_view_edge


# --- families -----------------------------------------------------------------------------------------------------------
def _family(name: str, **defaults: Any) -> Callable[..., Any]:
    def decorator(**options: Any) -> Callable[[Callable[..., Any]], Op]:
        def declare(forward: Callable[..., Any]) -> Op:
            return Op(forward, name, **{**defaults, **options})

        return declare

    decorator.__name__ = name
    return decorator


elementwise: Callable[..., Any] = _family("elementwise", promote="common")
reduction: Callable[..., Any] = _family("reduction")
movement: Callable[..., Any] = _family("movement", view=True)
opaque: Callable[..., Any] = _family("opaque")
composite: Callable[..., Any] = _family("composite")
