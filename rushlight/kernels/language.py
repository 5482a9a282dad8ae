"""The language that kernels are written in: the part of Python that says what a processor does.

A kernel is a Python function whose source is read, not run. Parameters are annotated; a variable has the type of what it is first
given; numbers of the module and of Python lists are known while compiling. Functions that it calls are written into it,
unless they are ``separate``.

- types: ``i64 i32 i16 i8 u64 u32 u8 f64 f32 boolean``; called, they convert (``f32(x)``, also all lanes of a vector); a number
  written in the source takes the type of what it meets. Nothing else is converted by itself.
- ``read[f32]``, ``write[f32]``: parameters that are contiguous arrays; ``strided[f32]``: a pointer to the first element of
  any array, whose strides the caller gives as numbers. ``x[i]`` is an element, ``load(x, i, 8)`` eight of them as a vector, ``x[i] = v``
  stores a number or a vector, ``x + n`` is a pointer n elements on. ``load(x, i, 8, n)`` and ``store(x, i, v, n)`` touch only the first n.
- ``for i in range(...)``, ``while``, ``if``, ``a if c else b`` (both are computed), ``and``/``or`` of conditions (both are
  computed). ``for j in unroll(4)`` is written out four times, and j is a number; ``if`` of a known condition compiles one side.
- ``[a, b]`` and ``[a] * 4`` are lists of variables, indexed by known numbers.
- float ``a * b + c`` is rounded twice, ``fma(a, b, c)`` once. ``a // b`` and ``a % b`` of whole numbers round towards zero.
"""

from __future__ import annotations

import ast
import functools
import inspect
import linecache
import sys
import textwrap
from collections.abc import Callable
from types import CodeType
from typing import Any

from .emit import BOOL, I64, U8, Code, Module, Type, Value, constant, pointer_to
from .forms import Built
from .names import Names


@functools.cache
def _parameters(function: Any) -> inspect.Signature:
    return inspect.signature(function)


def _bound(function: Any, arguments: list[Any], keywords: dict[str, Any]) -> dict[str, Any]:
    """The arguments of a call by name."""
    bound = _parameters(function).bind(*arguments, **keywords)
    bound.apply_defaults()
    return bound.arguments


class KernelError(TypeError):
    """What is wrong with a kernel, and in which line."""


class Variable:
    """A place on the stack that LLVM turns into a register; ``loops`` are those that it was made in."""

    type: Type
    place: str
    loops: int

    __slots__ = ("type", "place", "loops")

    def __init__(self, code: Code, kind: Type):
        self.type, self.place, self.loops = kind, code.place(kind), len(code.changed)


def separate(function: Any) -> Any:
    """Have a function of the language called, not written into what calls it.

    For long ones without a result: LLVM takes a third less time, and gives registers to their loops alone.
    """
    function.separate = True
    return function


@functools.cache
def _form(kind: str) -> Any:
    """What makes a kind of expression a value."""
    return getattr(Translator, f"of_{kind}", Translator.refuse)


class External:
    """A function of C: its symbol, its result's type or None, its arguments' types."""

    symbol: str
    result: Type | None
    arguments: tuple[Type, ...]

    def __init__(self, symbol: str, result: Type | None, *arguments: Type):
        self.symbol, self.result, self.arguments = symbol, result, arguments


def from_text(text: str, names: dict[str, Any]) -> Any:
    """A function of the language that is written by a program; ``parts`` of it tell its code from others'."""
    scope = {"__name__": __name__, **names}
    code = compile(text, "<kernel>", "exec")
    exec(code, scope)
    made = scope[code.co_names[-1]]
    made.parts = (text,)
    return made


@functools.cache
def source(function: Any) -> tuple[ast.FunctionDef, str]:
    """The tree of a function, and its file."""
    if hasattr(function, "parts"):
        (node,) = ast.parse(function.parts[0]).body
        assert isinstance(node, ast.FunctionDef)
        return node, "<kernel>"
    code = inspect.unwrap(function).__code__
    file, first = code.co_filename, code.co_firstlineno
    lines = linecache.getlines(file, vars(sys.modules[function.__module__]))[first - 1 : _last_line(code)]
    before = "\n" * (first - 1)  # so that errors name the lines of the file
    try:
        tree = ast.parse(before + textwrap.dedent("".join(lines)))
    except SyntaxError:  # code without the ends of its instructions (-X no_debug_ranges)
        tree = ast.parse(before + textwrap.dedent(inspect.getsource(function)))
    node = tree.body[0]
    assert isinstance(node, ast.FunctionDef)
    return node, file


@functools.cache
def names_of(function: Any) -> Names:
    """Which names of a function are variables."""
    return Names(source(function)[0])


def _last_line(code: CodeType) -> int:
    """The last line of a function: to look for it in the source, as ``inspect`` does, takes longer than to parse it."""
    own = max([end for _, end, _, _ in code.co_positions() if end], default=code.co_firstlineno)
    return max([own, *[_last_line(inner) for inner in code.co_consts if isinstance(inner, CodeType)]])


class Translator:
    """One Python function becoming instructions of ``code``."""

    code: Code
    function: Any

    def __init__(self, code: Code, function: Any, bindings: dict[str, Any]):
        self.code, self.function = code, function
        closed = inspect.getclosurevars(function).nonlocals if function.__closure__ else {}
        self.names: dict[str, Any] = {**function.__globals__, **closed, **bindings}
        self.kinds = names_of(function)
        self.result: Any = None

    def run(self) -> Any:
        """Write the whole body; what it returns."""
        node, _ = source(self.function)
        self.block(node.body)
        return self.result

    # --- statements ---------------------------------------------------------------------------------------------------
    def block(self, statements: list[ast.stmt]) -> None:
        for statement in statements:
            try:
                getattr(self, f"do_{type(statement).__name__}", self.refuse)(statement)
            except KernelError:
                raise
            except (TypeError, KeyError, AttributeError, IndexError, ValueError) as error:
                _, file = source(self.function)
                shown = ast.unparse(statement).splitlines()[0]
                raise KernelError(f"{file}:{statement.lineno}: {shown}\n{type(error).__name__}: {error}") from error

    def refuse(self, node: ast.AST) -> Any:
        raise TypeError(f"kernels have no {type(node).__name__}")

    def do_Expr(self, node: ast.Expr) -> None:
        if not isinstance(node.value, ast.Constant):
            self.value(node.value)

    def do_Pass(self, node: ast.Pass) -> None:
        pass

    def do_Return(self, node: ast.Return) -> None:
        if node.value is not None:
            self.result = self.value(node.value)

    def do_Assign(self, node: ast.Assign) -> None:
        value = self.value(node.value)
        for target in node.targets:
            self.assign(target, value)

    def do_AnnAssign(self, node: ast.AnnAssign) -> None:
        """``x: f32 = 0`` gives a variable its type."""
        assert node.value is not None
        self.assign(node.target, self.convert(self.value(node.annotation), self.value(node.value)))

    def do_AugAssign(self, node: ast.AugAssign) -> None:
        self.assign(node.target, self.binary(node.op, self.value(node.target), self.value(node.value)))

    def assign(self, target: ast.expr, value: Any) -> None:
        if isinstance(target, ast.Tuple):
            for part, item in zip(target.elts, value, strict=True):
                self.assign(part, item)
        elif isinstance(target, ast.Name):
            self.names[target.id] = self.held(target.id, value)
        elif isinstance(target, ast.Subscript):
            thing = self.value(target.value)
            if isinstance(thing, list):
                place = self.value(target.slice)
                thing[place] = self.into(thing[place], value)
            else:
                self.store(thing, self.value(target.slice), value)
        else:
            self.refuse(target)

    def held(self, name: str, value: Any) -> Any:
        """What a name stands for that is given a value: a variable with it, the one it has if it has one, or the value alone."""
        if isinstance(value, list):
            if name not in self.kinds.tables:
                self.vary(value)
            return value
        if name not in self.kinds.values:
            return self.into(self.names.get(name), value)
        value, old = self.get(value), self.names.get(name)
        if isinstance(old, Value):
            return self.of_type(old.type, self.convert_static(old.type, value))
        return self.computed(value)

    def vary(self, items: list[Any]) -> None:
        """Make variables of a list's items."""
        for i, item in enumerate(items):
            if isinstance(item, list):
                self.vary(item)
            elif not isinstance(item, Variable):
                items[i] = self.into(None, item)

    def into(self, old: Any, value: Any) -> Any:
        """A variable that holds a value: the old one if there is one."""
        if isinstance(old, Variable):
            self.set(old, self.convert_static(old.type, self.get(value)))
            return old
        value = self.computed(self.get(value))
        if not isinstance(value, Value):
            return value  # known while compiling
        variable = Variable(self.code, value.type)
        self.set(variable, value)
        return variable

    @staticmethod
    def computed(value: Any) -> Any:
        """A number as a value of its own type; others as they are."""
        if isinstance(value, bool):
            return constant(BOOL, value)
        if isinstance(value, int):
            return constant(I64, value)
        if isinstance(value, float):
            raise TypeError("is it an f32 or an f64? write f32(...) or f64(...)")
        return value

    @staticmethod
    def of_type(kind: Type, value: Value) -> Value:
        if value.type != kind:
            raise TypeError(f"a variable of type {kind.name} is given {value.type.name}")
        return value

    def set(self, variable: Variable, value: Value) -> None:
        self.code.line(f"store {self.of_type(variable.type, value).typed}, ptr {variable.place}")
        if self.code.changed:
            self.code.changed[-1][variable] = None

    def get(self, thing: Any) -> Any:
        """The value of a variable; other things as they are."""
        if isinstance(thing, Variable):
            return self.code.value(thing.type, f"load {thing.type.text}, ptr {thing.place}")
        return thing

    def do_If(self, node: ast.If) -> None:
        condition = self.value(node.test)
        if not isinstance(condition, Value):
            self.block(node.body if condition else node.orelse)
            return
        then, otherwise, after = (self.code.label(x) for x in ("then", "else", "end"))
        self.code.branch_if(condition, then, otherwise)
        for label, body in ((then, node.body), (otherwise, node.orelse)):
            self.code.begin(label)
            self.block(body)
            self.code.branch(after)
        self.code.begin(after)

    def do_While(self, node: ast.While) -> None:
        self.repeat(lambda: self.value(node.test), lambda: self.block(node.body))

    def repeat(self, condition: Callable[[], Value], body: Callable[[], None]) -> None:
        """Write a loop."""
        head, inside, after = (self.code.label(x) for x in ("loop", "do", "end"))
        self.code.branch(head)
        self.code.begin(head)
        self.code.branch_if(condition(), inside, after)
        self.code.begin(inside)
        self.code.changed.append({})
        body()
        self.hide()
        self.code.branch(head)
        self.code.begin(after)

    def hide(self) -> None:
        """Keep LLVM from seeing how numbers and pointers change from one turn of a loop to the next.

        It would look for better ways to compute all addresses, which takes a third of its time and gains nothing on what is written here.
        """
        for variable in self.code.changed.pop():
            if variable.loops > len(self.code.changed):
                continue  # made anew in each turn
            if self.code.changed:
                self.code.changed[-1][variable] = None
            kind = variable.type
            if kind.kind == "pointer" or kind == I64:
                old = self.get(variable)
                new = self.code.value(kind, f'call {kind.text} asm "", "=r,0"({old.typed})')
                self.code.line(f"store {new.typed}, ptr {variable.place}")

    def do_For(self, node: ast.For) -> None:
        if not (isinstance(node.iter, ast.Call) and isinstance(node.iter.func, ast.Name)):
            raise TypeError("a loop is over range(...) or unroll(...)")
        arguments = [self.value(a) for a in node.iter.args]
        if node.iter.func.id == "unroll":
            assert isinstance(node.target, ast.Name)
            for i in range(*arguments):
                self.names[node.target.id] = i
                self.block(node.body)
            return
        if node.iter.func.id != "range":
            raise TypeError("a loop is over range(...) or unroll(...)")
        start, stop = (0, arguments[0]) if len(arguments) == 1 else arguments[:2]
        step = arguments[2] if len(arguments) == 3 else 1
        assert isinstance(node.target, ast.Name)
        self.names.pop(node.target.id, None)  # a fresh variable of type i64
        variable = Variable(self.code, I64)
        self.set(variable, self.convert_static(I64, start))
        self.names[node.target.id] = variable
        stop = self.convert_static(I64, stop)
        order = ast.Gt() if isinstance(step, int) and step < 0 else ast.Lt()

        def turn() -> None:
            self.block(node.body)
            self.set(variable, self.binary(ast.Add(), self.get(variable), step))

        self.repeat(lambda: self.compare(order, self.get(variable), stop), turn)

    # --- expressions --------------------------------------------------------------------------------------------------
    def value(self, node: ast.expr) -> Any:
        """What an expression is: a Value, or something known while compiling."""
        return _form(type(node).__name__)(self, node)

    def of_Constant(self, node: ast.Constant) -> Any:
        return node.value

    def of_Name(self, node: ast.Name) -> Any:
        if node.id in self.names:
            return self.get(self.names[node.id])
        if node.id in _WHILE_COMPILING:
            return _WHILE_COMPILING[node.id]
        raise KeyError(f"no name '{node.id}'")

    def of_Attribute(self, node: ast.Attribute) -> Any:
        return getattr(self.value(node.value), node.attr)

    def of_List(self, node: ast.List) -> list[Any]:
        return [self.computed(self.value(item)) for item in node.elts]

    def of_Tuple(self, node: ast.Tuple) -> tuple[Any, ...]:
        return tuple(self.value(item) for item in node.elts)

    def of_ListComp(self, node: ast.ListComp) -> list[Any]:
        (generator,) = node.generators
        assert isinstance(generator.iter, ast.Call) and isinstance(generator.target, ast.Name)
        made = []
        for i in range(*[self.value(a) for a in generator.iter.args]):
            self.names[generator.target.id] = i
            made.append(self.computed(self.value(node.elt)))
        return made

    def of_Subscript(self, node: ast.Subscript) -> Any:
        thing, place = self.value(node.value), self.value(node.slice)
        if isinstance(thing, Value):
            return Built(self).at_load(thing, place, 1)
        return self.get(thing[place])

    def of_IfExp(self, node: ast.IfExp) -> Any:
        condition = self.value(node.test)
        if not isinstance(condition, Value):
            return self.value(node.body if condition else node.orelse)
        return Built(self).at_select(condition, self.value(node.body), self.value(node.orelse))

    def of_BoolOp(self, node: ast.BoolOp) -> Any:
        values = [self.value(v) for v in node.values]
        if not any(isinstance(v, Value) for v in values):
            return all(values) if isinstance(node.op, ast.And) else any(values)
        op = ast.BitAnd() if isinstance(node.op, ast.And) else ast.BitOr()
        return functools.reduce(lambda a, b: self.binary(op, a, b), values)

    def of_Compare(self, node: ast.Compare) -> Any:
        left = self.value(node.left)
        found: Any = None
        for op, right_node in zip(node.ops, node.comparators, strict=True):
            right = self.value(right_node)
            one = self.compare(op, left, right)
            found = one if found is None else self.binary(ast.BitAnd(), found, one)
            left = right
        return found

    def of_UnaryOp(self, node: ast.UnaryOp) -> Any:
        value = self.value(node.operand)
        if not isinstance(value, Value):
            return _PYTHON[type(node.op)](value)
        if isinstance(node.op, ast.USub):
            if value.type.kind == "float":
                return self.code.value(value.type, f"fneg {value.typed}")
            return self.binary(ast.Sub(), 0, value)
        if isinstance(node.op, ast.Not) or isinstance(node.op, ast.Invert):
            return self.binary(ast.BitXor(), value, True if value.type.kind == "bool" else -1)
        return self.refuse(node.op)

    def of_BinOp(self, node: ast.BinOp) -> Any:
        return self.binary(node.op, self.value(node.left), self.value(node.right))

    def of_Call(self, node: ast.Call) -> Any:
        called = self.value(node.func)
        arguments = [self.value(a) for a in node.args]
        keywords = {str(k.arg): self.value(k.value) for k in node.keywords}
        if isinstance(called, Type):
            return self.convert(called, arguments[0])
        if isinstance(called, str):
            return getattr(Built(self), f"at_{called}")(*arguments, **keywords)
        if isinstance(called, External):
            given = [self.convert_static(t, a) for t, a in zip(called.arguments, arguments, strict=True)]
            return self.code.call(called.result, called.symbol, *given)
        if called in _WHILE_COMPILING.values() or inspect.isbuiltin(called):
            return called(*arguments, **keywords)
        if getattr(called, "separate", False):
            return self.apart(called, arguments, keywords)
        return self.inline(called, arguments, keywords)

    def apart(self, function: Any, arguments: list[Any], keywords: dict[str, Any]) -> None:
        """Call a function of the language that is machine code of its own, one for each set of types and known numbers."""
        given = {name: self.get(value) for name, value in _bound(function, arguments, keywords).items()}
        values = {name: value for name, value in given.items() if isinstance(value, Value)}
        known = {name: value for name, value in given.items() if name not in values}
        module = self.code.module
        key = (function, *((name, value.type) for name, value in values.items()), *known.items())
        if key not in module.parts:
            module.parts[key] = f"part{len(module.parts)}"
            listed = ", ".join(f"{value.type.text} %a{i}" for i, value in enumerate(values.values()))
            inner = Translator(
                module.define(f"internal void @{module.parts[key]}({listed}) nounwind noinline"), function, known
            )
            for i, (name, value) in enumerate(values.items()):
                inner.names[name] = inner.held(name, Value(value.type, f"%a{i}"))
            if inner.run() is not None:
                raise TypeError(f"'{function.__name__}' is separate: it cannot return a value")
            inner.code.line("ret void")
        self.code.line(f"call void @{module.parts[key]}({', '.join(value.typed for value in values.values())})")

    def inline(self, function: Any, arguments: list[Any], keywords: dict[str, Any]) -> Any:
        """Write a function of the language where it is called. Its parameters are variables of its own."""
        inner = Translator(self.code, function, {})
        for name, value in _bound(function, arguments, keywords).items():
            inner.names[name] = value if isinstance(value, int | float) else inner.held(name, value)
        return inner.run()

    # --- arithmetic ---------------------------------------------------------------------------------------------------
    def together(self, a: Any, b: Any) -> tuple[Value, Value]:
        """Two operands as one type: numbers take the other's, a scalar is put into every lane."""
        if not isinstance(a, Value):
            return constant(b.type, a), b
        if not isinstance(b, Value):
            return a, constant(a.type, b)
        if a.type != b.type and a.type.scalar == b.type.scalar:
            if a.type.lanes == 1:
                a = self.splat(a, b.type.lanes)
            elif b.type.lanes == 1:
                b = self.splat(b, a.type.lanes)
        if a.type != b.type:
            raise TypeError(f"{a.type.name} with {b.type.name}: convert one of them")
        return a, b

    def binary(self, op: ast.operator, a: Any, b: Any) -> Any:
        a, b = self.get(a), self.get(b)
        if isinstance(a, list) and isinstance(op, ast.Mult):
            return [self.get(item) for _ in range(b) for item in a]
        if not isinstance(a, Value) and not isinstance(b, Value):
            return _PYTHON[type(op)](a, b)
        known = self.unchanged(op, a, b)
        if known is not None:
            return known
        if isinstance(a, Value) and a.type.kind == "pointer":
            offset = self.convert_static(I64, b)
            if isinstance(op, ast.Sub):
                offset = self.binary(ast.Sub(), 0, offset)
            return self.code.value(a.type, f"getelementptr {a.type.to.text}, ptr {a.text}, {offset.typed}")
        a, b = self.together(a, b)
        name = _OPERATIONS[type(op)][a.type.kind]
        return self.code.value(a.type, f"{name} {a.typed}, {b.text}")

    @staticmethod
    def unchanged(op: ast.operator, a: Any, b: Any) -> Value | None:
        """The whole number or pointer that adding 0 or multiplying by 1 leaves, or the 0 of a product."""
        left = isinstance(a, Value)
        number, value = (b, a) if left else (a, b)
        if not isinstance(number, int) or value.type.kind not in ("int", "uint", "pointer"):
            return None
        if number == 0 and (isinstance(op, ast.Add) or (left and isinstance(op, ast.Sub))):
            return value  # type: ignore[no-any-return]
        if isinstance(op, ast.Mult) and number in (0, 1):
            return value if number == 1 else constant(value.type, 0)
        return None

    def compare(self, op: ast.cmpop, a: Any, b: Any) -> Any:
        if not isinstance(a, Value) and not isinstance(b, Value):
            return _PYTHON[type(op)](a, b)
        a, b = self.together(a, b)
        order = {ast.Lt: "lt", ast.LtE: "le", ast.Gt: "gt", ast.GtE: "ge", ast.Eq: "eq", ast.NotEq: "ne"}[type(op)]
        if a.type.kind == "float":
            text = f"fcmp {'u' if order == 'ne' else 'o'}{order}"
        elif order in ("eq", "ne"):
            text = f"icmp {order}"
        else:
            text = f"icmp {'s' if a.type.kind == 'int' else 'u'}{order}"
        return self.code.value(BOOL.times(a.type.lanes), f"{text} {a.typed}, {b.text}")

    def convert_static(self, kind: Type, value: Any) -> Value:
        """A number as a constant of a type; a Value as it is."""
        return value if isinstance(value, Value) else constant(kind, value)

    def splat(self, value: Value, lanes: int) -> Value:
        wide = value.type.times(lanes)
        one = self.code.value(wide, f"insertelement {wide.text} poison, {value.typed}, i32 0")
        return self.code.value(wide, f"shufflevector {one.typed}, {wide.text} poison, <{lanes} x i32> zeroinitializer")

    def convert(self, kind: Type, value: Any) -> Value:
        """A number, or all lanes of a vector, in another type."""
        if not isinstance(value, Value):
            return constant(kind, value)
        kind = kind if kind.kind == "pointer" else kind.times(value.type.lanes)
        old = value.type
        if old == kind:
            return value
        sort = {"int": "s", "uint": "u", "bool": "u"}
        if kind.kind == "bool":
            return self.compare(ast.NotEq(), value, 0)  # type: ignore[no-any-return]
        if kind.kind == "float" and old.kind == "float":
            name = "fpext" if kind.bits > old.bits else "fptrunc"
        elif kind.kind == "float":
            name = f"{sort[old.kind]}itofp"
        elif old.kind == "float":
            name = f"fpto{sort[kind.kind]}i"
        elif kind.bits == old.bits:
            return Value(kind, value.text)  # the same bits, read otherwise
        else:
            name = "trunc" if kind.bits < old.bits else ("sext" if old.kind == "int" else "zext")
        return self.code.value(kind, f"{name} {value.typed} to {kind.text}")

    def store(self, pointer: Value, place: Any, value: Any) -> None:
        element = pointer.type.to
        value = self.convert_static(element, self.get(value))
        if value.type.scalar != element:
            raise TypeError(f"{value.type.name} into memory of {element.name}: convert it")
        if element == BOOL:
            value = self.convert(U8, value)
        at = self.binary(ast.Add(), pointer, place)
        self.code.line(f"store {value.typed}, ptr {at.text}, align {element.size}")


def _python_operations() -> dict[Any, Any]:
    import operator as o

    return {
        ast.Add: o.add, ast.Sub: o.sub, ast.Mult: o.mul, ast.Div: o.truediv, ast.FloorDiv: o.floordiv, ast.Mod: o.mod,
        ast.Pow: o.pow, ast.LShift: o.lshift, ast.RShift: o.rshift, ast.BitAnd: o.and_, ast.BitOr: o.or_,
        ast.BitXor: o.xor, ast.USub: o.neg, ast.Not: o.not_, ast.Invert: o.invert, ast.Lt: o.lt, ast.LtE: o.le,
        ast.Gt: o.gt, ast.GtE: o.ge, ast.Eq: o.eq, ast.NotEq: o.ne, ast.Is: o.is_, ast.IsNot: o.is_not,
        ast.In: lambda a, b: a in b,
    }  # fmt: skip


_PYTHON = _python_operations()
_OPERATIONS: dict[Any, dict[str, str]] = {
    ast.Add: {"float": "fadd", "int": "add", "uint": "add"},
    ast.Sub: {"float": "fsub", "int": "sub", "uint": "sub"},
    ast.Mult: {"float": "fmul", "int": "mul", "uint": "mul"},
    ast.Div: {"float": "fdiv"},
    ast.FloorDiv: {"int": "sdiv", "uint": "udiv"},
    ast.Mod: {"float": "frem", "int": "srem", "uint": "urem"},
    ast.LShift: {"int": "shl", "uint": "shl"},
    ast.RShift: {"int": "ashr", "uint": "lshr"},
    ast.BitAnd: {"int": "and", "uint": "and", "bool": "and"},
    ast.BitOr: {"int": "or", "uint": "or", "bool": "or"},
    ast.BitXor: {"int": "xor", "uint": "xor", "bool": "xor"},
}
_WHILE_COMPILING: dict[str, Any] = {
    f.__name__: f for f in (len, tuple, list, range, float, int, reversed, zip, isinstance)
}


#: Of functions whose time is not what counts: LLVM takes a quarter of the time for code that it does not improve.
UNHURRIED = " optnone noinline"


def function(module: Module, name: str, python: Any, attributes: str = "") -> None:
    """A function of C's calling convention with the parameters that the Python function annotates; it returns nothing or a value."""
    notes = python.__annotations__
    parameters = [(x, annotation(notes.get(x), python.__globals__)) for x in _parameters(python).parameters]
    code = module.define("")
    to = Translator(code, python, {})
    for i, (parameter, (kind, _)) in enumerate(parameters):
        given = Value(kind, f"%a{i}")
        to.names[parameter] = to.held(parameter, given)
    result = to.get(to.run())
    code.line(f"ret {result.typed}" if isinstance(result, Value) else "ret void")
    listed = ", ".join(f"{kind.text} %a{i}" for i, (_, (kind, _)) in enumerate(parameters))
    returned = result.type.text if isinstance(result, Value) else "void"
    code.header = f"{returned} @{name}({listed}) nounwind{attributes}"


def annotation(text: Any, names: dict[str, Any]) -> tuple[Type, str]:
    """The type of a parameter by its annotation, and for an array how it is used: ``read``, ``write``, ``strided``."""
    if isinstance(text, str):
        use, bracket, element = text.partition("[")
        if not bracket:
            return names[text], "value"
        if element.endswith("]"):
            return pointer_to(annotation(element[:-1], names)[0]), use
    raise TypeError(
        "a parameter of a kernel is annotated: i64, f32, read[f32], write[f32], strided[f32]; after `from __future__ import annotations`"
    )
