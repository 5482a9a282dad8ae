"""Sphinx extension: a page for every public name, written from the registries before Sphinx reads its sources.

What a page says comes from the name's docstring and, for an operation, from its record: signature, formula, the derivative for each
input, other names, methods. The pages are reStructuredText under ``docs/reference/``, which git ignores; one that would not change is
left alone, so that a second build reads only what is new.
"""

from __future__ import annotations

import inspect
import re
import textwrap
from pathlib import Path
from typing import Any

import public_names
from docstrings import rst, summary
from public_names import NAMESPACES, Public
from sphinx.application import Sphinx

import rushlight
from rushlight import recorder
from rushlight.nn import Module
from rushlight.op import Op
from rushlight.tensor import Tensor


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("config-inited", lambda app, config: write_pages(Path(app.srcdir)))
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def write_pages(source: Path) -> None:
    """Write a page for each public name and a list for each namespace; remove pages of names that are gone."""
    names = list(public_names.everything())
    missing = public_names.without_page({name.path for name in names})
    if missing:
        raise RuntimeError(f"no page for {missing}: their namespace is not in public_names.NAMESPACES")
    pages = {name.page: name_page(name) for name in names}
    for path, about in NAMESPACES.items():
        pages[list_page(path)] = namespace_page(path, about)
    pages["reference/rushlight"] = members_page("rushlight", "What PyTorch does not have.", public_names.own_members())
    pages["reference/torch.Tensor"] = methods_page()
    pages["reference/index"] = index_page()
    for page, text in pages.items():
        file = source / f"{page}.rst"
        file.parent.mkdir(parents=True, exist_ok=True)
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8")
    for file in (source / "reference").rglob("*.rst"):
        if file.relative_to(source).with_suffix("").as_posix() not in pages:
            file.unlink()


# --- lists ------------------------------------------------------------------------------------------------------------
def list_page(path: str) -> str:
    return f"reference/torch.{path}" if path else "reference/torch"


def index_page() -> str:
    listed = [Path(list_page(path)).name for path in NAMESPACES]
    listed.insert(1, "torch.Tensor")
    listed.insert(0, "rushlight")
    return page(
        "Reference",
        "A page for every public name. The names are PyTorch's; ``import rushlight as torch`` gives the same objects as\n"
        "``import torch`` in a program that Rushlight runs. What differs on purpose is in :doc:`/differences`.",
        ".. toctree::\n   :maxdepth: 1\n\n" + indent("\n".join(listed)),
    )


def namespace_page(path: str, about: str) -> str:
    if path:
        return members_page(f"torch.{path}", about, public_names.namespace_members(path))
    constants = "\n\n".join(constant(name, value) for name, value in public_names.constants())
    members = members_page("torch", about, public_names.namespace_members(path))
    return "\n".join([members, underlined("Types and layouts", "-"), "", constants, ""])


def constant(name: str, value: Any) -> str:
    """A type of elements or a layout; it has no docstring of its own."""
    about = ""
    if isinstance(value, rushlight.dtype):
        kind = "complex" if value.is_complex else "floating" if value.is_floating_point else "integers"
        size = f"{value.itemsize} byte{'s' * (value.itemsize > 1)}"
        about = f"{kind}, {size}" if value is not rushlight.bool else f"True and False, {size}"
    other = f"Another name of ``{value!r}``. " if f"torch.{name}" != repr(value) else ""
    return f".. py:data:: torch.{name}\n\n   {other}{about}".rstrip()


def members_page(title: str, about: str, members: list[Public]) -> str:
    parts = [about]
    for heading, found in (
        ("Functions", [m for m in members if not m.is_class]),
        ("Classes", [m for m in members if m.is_class]),
    ):
        if found:
            parts += [underlined(heading, "-"), entries(found)]
    return page(title, f".. py:module:: {title}", *parts)


def methods_page() -> str:
    found = public_names.methods()
    return page(
        "Methods of Tensor",
        "What a tensor has: :py:class:`torch.Tensor` says what it is.",
        underlined("Methods", "-"),
        entries([m for m in found if m.role == "meth"]),
        underlined("Attributes", "-"),
        entries([m for m in found if m.role == "attr"]),
    )


def entries(names: list[Public]) -> str:
    return "\n".join(f"- :py:{n.role}:`~{n.path}`: {summary(n.doc)}" for n in names)


# --- one name ---------------------------------------------------------------------------------------------------------
def name_page(name: Public) -> str:
    if name.is_class:
        body = class_body(name)
    elif name.role == "attr":
        body = f".. py:attribute:: {name.path}\n\n" + indent(rst(name.doc))
    else:
        kind = "method" if name.is_method else "function"
        facts = record_facts(name) if name.op is not None else ""
        body = f".. py:{kind}:: {name.path}{signature(name)}\n\n" + indent(f"{rst(name.doc)}\n\n{facts}")
    return ":orphan:\n\n" + page(name.path, body)


def signature(name: Public) -> str:
    """How it is called, without annotations: docstrings say in words what is taken."""
    op = name.op
    if op is not None and op.preparer is None:
        shown = record_signature(op)
    else:
        try:
            shown = plain(inspect.signature(name.value))
        except (TypeError, ValueError):
            return "(*args, **kwargs)"
    if op is not None and op.out and not name.path.endswith("_") and "out" not in shown:
        shown = shown[:-1] + ", *, out=None)" if "*" not in shown else shown[:-1] + ", out=None)"
    return re.sub(r"^\((self|input|tensor)(, |(?=\)))", "(", shown) if name.is_method else shown


def record_signature(op: Op) -> str:
    values = {**op.input_defaults, **op.defaults}
    given = [f"{n}={values[n]!r}" if n in values else n for n in (*op.inputs, *op.attrs)]
    return f"({'*' if op.variadic else ''}{', '.join(given)})"


def plain(found: inspect.Signature) -> str:
    """A signature whose defaults read as Python."""
    parameters = [
        p.replace(annotation=p.empty, default=p.default if readable(p.default) else Shown(p.default))
        for p in found.parameters.values()
    ]
    return str(found.replace(parameters=parameters, return_annotation=found.empty))


def readable(default: Any) -> bool:
    return default is inspect.Parameter.empty or not repr(default).startswith("<")


class Shown:
    """A default value that is a function or a mark of ours, by its name."""

    def __init__(self, value: Any):
        self.name = getattr(value, "__name__", "...")

    def __repr__(self) -> str:
        return self.name


def record_facts(name: Public) -> str:
    """What the record of an operation knows beside its docstring."""
    op = name.op
    assert op is not None
    facts = []
    formula = attempt(recorder.formula, op)
    if formula and formula != f"{op.name}({', '.join(op.inputs)})":
        facts.append(("Computes", f"``{formula}``"))
    for given, answer in op.answers.items():
        rule = attempt(recorder.derivative, op, given) if answer == "rule" and op.joint is None else None
        if rule:
            facts.append((f"Gradient of {given}", f"``{rule}``, where ``g`` is the gradient of the result"))
        elif answer == "nondiff":
            facts.append((f"Gradient of {given}", "none"))
    if any(answer == "rule" for answer in op.answers.values()):
        facts.append(("Node", f"``{op.grad_name}``" if isinstance(op.grad_name, str) else "named by its arguments"))
    if op.view:
        facts.append(("Memory", "the result is a view of the input"))
    forms = {f"torch.{n}" for n in [op.torch_name, *op.aliases] if op.public_name}
    forms |= {f"torch.Tensor.{m}" for m in op.methods if not m.startswith("_")}
    if forms - {name.path}:
        facts.append(("Also", ", ".join(reference(form) for form in sorted(forms - {name.path}))))
    return "\n".join(f":{subject}: {fact}" for subject, fact in facts)


def attempt(reader: Any, *args: Any) -> str | None:
    """A formula of the recorder's; None where a body works on arrays directly or a rule only refuses."""
    try:
        return reader(*args)
    except (recorder.Unreadable, AttributeError, TypeError, ValueError, RuntimeError):
        return None


def class_body(name: Public) -> str:
    cls = name.value
    lines = [f".. py:class:: {name.path}{class_signature(cls)}\n\n" + indent(rst(name.doc))]
    if cls is Tensor:
        return "\n\n".join([*lines, "   Its methods have pages of their own: :doc:`/reference/torch.Tensor`."])
    bases = [base.__name__ for base in cls.__bases__ if base is not object]
    if issubclass(cls, Module) and cls is not Module:
        lines.append("   A :py:class:`torch.nn.Module`, with everything that modules have.")
    elif bases:
        lines.append(f"   Bases: {', '.join(f'``{base}``' for base in bases)}")
    for member, value in sorted(own_members(cls).items()):
        doc = rst(inspect.cleandoc(value.__doc__ or ""))
        if isinstance(value, property):
            lines.append(indent(f".. py:attribute:: {member}\n\n" + indent(doc)))
        else:
            called = value.__func__ if isinstance(value, classmethod | staticmethod) else value
            shown = re.sub(r"^\((self|cls)(, |(?=\)))", "(", plain(inspect.signature(called)))
            lines.append(indent(f".. py:method:: {member}{shown}\n\n" + indent(doc)))
    return "\n\n".join(lines)


def class_signature(cls: type) -> str:
    try:
        return plain(inspect.signature(cls))
    except (TypeError, ValueError):
        return ""


def own_members(cls: type) -> dict[str, Any]:
    """Documented public methods and properties that the class defines, or has from a base that is not public."""
    found: dict[str, Any] = {}
    for base in reversed(cls.__mro__):
        inherited = base is not cls and (base is Module or not base.__name__.startswith("_"))
        if not inherited and base is not object:
            found.update(vars(base))
    kinds = (property, classmethod, staticmethod)
    return {
        member: value
        for member, value in found.items()
        if not member.startswith("_")
        and member != "forward"
        and (inspect.isfunction(value) or isinstance(value, kinds))
        and value.__doc__
    }


def reference(path: str) -> str:
    return f":py:{'meth' if path.startswith('torch.Tensor.') else 'func'}:`{path}`"


# --- text -------------------------------------------------------------------------------------------------------------
def page(title: str, *parts: str) -> str:
    return "\n\n".join([underlined(title.replace("_", r"\_"), "="), *parts]).rstrip() + "\n"


def underlined(title: str, line: str) -> str:
    return f"{title}\n{line * len(title)}"


def indent(text: str) -> str:
    return textwrap.indent(text, "   ")
