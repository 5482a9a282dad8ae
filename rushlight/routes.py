"""Calls that are known: what a public function comes to for arguments of one kind is found once and kept.

A call goes a long way before an array is touched: arguments are named and checked, dtypes promoted, attributes made, nodes chosen. All
of that depends on the *signature* alone: dtype, shape and strides of each tensor and whether it needs a gradient, the values of
everything else, the grad mode. So the second call with a signature is watched: the function runs on tensors whose elements cannot be
read (``Seen``, by way of ``levels``), which shows the operations that it consists of. If there is nothing else to it, this is its
*route*: from then on a call with this signature runs the bodies of those operations on the arrays and records their nodes.

What reads elements outside of a body, draws random numbers, writes, warns, brings in another tensor or returns something else than the
results of operations has no route, and goes the general way as ever; so does every call that fails, whose error the general way words.
"""

from __future__ import annotations

import functools
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn

import numpy as np

from . import large, levels, types
from .asking import among, answer, asking
from .autograd.graph import DeadEnd, next_seq
from .autograd.mode import recording
from .fpstate import quietly
from .kernels.elementwise import MEDIUM
from .kernels.iteration import forget_with_threads
from .kernels.llvm import patience
from .kernels.memory import empty
from .large import OFTEN
from .node import record, saver
from .op import Op, apply, laid_out
from .override import handle
from .plain import is_rare
from .promotion import promote
from .readers import arrays
from .synonyms import running
from .tensor import Parameter, Tensor, edge_of, inferring, marked, view_of, wrap

ndarray = np.ndarray
asarray = np.asarray
_new = object.__new__

#: Every route by its signature, which begins with the function: 1 where it was met once and there is none yet, 0 where there is none.
_known: dict[Any, Any] = {}
CAP = 16384
forget_with_threads(_known)
patience.dependents.append(_known)

#: Functions that had no route for so many calls, and never one, are left alone.
ATTEMPTS = 16

#: Classes of arguments whose values are part of a signature.
VALUES = frozenset({int, bool, str, type(None), types.dtype})
#: Classes of inputs of an operation that are kept with it.
NUMBERS = frozenset({int, float, bool, type(None)})
#: What a call may raise that the general way is to say again.
FAILURES = (ValueError, RuntimeError, TypeError, IndexError, AttributeError, NotImplementedError)

#: Who wants every call to go the general way, and whether anybody does.
_closers: list[str] = []
closed = False


def close(who: str) -> None:
    """From now on every call goes the general way: somebody listens to operations, or leads functions elsewhere."""
    global closed
    _closers.append(who)
    closed = True


def open_again(who: str) -> None:
    """What ``close`` has begun ends."""
    global closed
    _closers.remove(who)
    closed = bool(_closers)


class Unfit(Exception):
    """Raised at what cannot be part of a route."""


# --- signatures -----------------------------------------------------------------------------------------------------------
def note(items: Any, key: list[Any], tensors: list[Any], given: list[Any], edges: list[Any]) -> bool:
    """Add arguments to a signature, and tensors, their arrays and edges to the lists; False if one is of a class that has none."""
    for x in items:
        cls = x.__class__
        if cls is Tensor or cls is Parameter:
            a = x._a
            try:
                edge = x._edge if x._base is None else edge_of(x)
            except RuntimeError:  # a view that has lost its history, which only some operations ask for
                return False
            if edge is not None and edge[0].__class__ is DeadEnd:
                return False
            tensors.append(x)
            given.append(a)
            edges.append(edge)
            key += (a.dtype, a.shape, a.strides, edge is None)
        elif cls in VALUES:
            key += (cls, x)
        elif cls is float:
            key += (cls, x or str(x))  # 0.0 equals -0.0
        elif cls is tuple or cls is list or cls is types.Size:
            key += (cls, len(x))
            if not note(x, key, tensors, given, edges):
                return False
        else:
            return False
    return True


def routed(general: Callable[..., Any]) -> Callable[..., Any]:
    """A public function whose calls are looked up first. It must be one of its arguments alone: no settings, no state."""
    left = ATTEMPTS
    form: Any = None

    def asked(*args: Any, **kwargs: Any) -> Any:
        nonlocal form
        if form is None:
            form = asking(general, public.__face__)  # type: ignore[attr-defined]
        return form(*args, **kwargs)

    @functools.wraps(general)
    def public(*args: Any, **kwargs: Any) -> Any:
        nonlocal left
        try:
            mode = recording()
            if closed or (mode != 1 and is_rare(mode)) or not left:
                return asked(*args, **kwargs)
            key: list[Any] = [general, mode, types._defaults.dtype, *kwargs]
            tensors: list[Any] = []
            given: list[Any] = []
            edges: list[Any] = []
            items = (*args, *kwargs.values()) if kwargs else args
            if not note(items, key, tensors, given, edges) or not tensors or "out" in kwargs:
                left -= left > 0
                others = among(args, kwargs)
                return handle(running(public.__face__), others, args, kwargs) if others else general(*args, **kwargs)  # type: ignore[attr-defined]
            signature = tuple(key)
            route = _known.get(signature)
            if route.__class__ is Route:
                result = route.run(tensors, given, edges)
                return general(*args, **kwargs) if result is None else result
            if route != 1:
                if route is None:
                    meet(signature)
                return general(*args, **kwargs)
            route, result = watched(general, args, kwargs, tensors)
            _known[signature] = route or 0
            left = -1 if route else left - 1
            return result if route else general(*args, **kwargs)
        except Exception:
            return answer(public.__face__, args, kwargs)  # type: ignore[attr-defined]

    #: What programs call, which may be a shorter function around this one.
    public.__face__ = public  # type: ignore[attr-defined]
    return public


def meet(signature: Any) -> None:
    """Note that a signature was met; of most that a program has it meets the next one too."""
    if len(_known) >= CAP:
        _known.clear()
    _known[signature] = 1


# --- watching a call --------------------------------------------------------------------------------------------------------
class Seen(levels.Wrapped):
    """A tensor as a function sees it that is watched: its elements cannot be read. ``place`` is its number within the route."""

    __torch_function__ = None  # type: ignore[assignment]
    value: Tensor
    place: int

    def inside(self) -> tuple[Tensor, ...]:
        return (self.value,)


#: Held while a call is watched; one at a time is.
_watching = threading.Lock()


class Watch(levels.Level):
    """A call that is watched: each operation is run and noted."""

    is_func = False
    fit = True

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.count = 0
        self.outlines: list[tuple[Seen, Any]] = []

    def show(self, x: Tensor) -> Seen:
        t: Seen = levels.fresh(Seen, levels.outline(x._a), self)
        self.outlines.append((t, t._a))
        t.value, t.place = x, self.count
        t._edge = x._edge if x._base is None else edge_of(x)
        self.count += 1
        return t

    def shown(self, x: Any) -> Any:
        """An argument with its tensors as they are seen."""
        if isinstance(x, Tensor):
            return self.show(x)
        return x.__class__([self.shown(y) for y in x]) if isinstance(x, (tuple, list)) else x

    def refuse(self, *args: Any) -> NoReturn:
        """What cannot be part of a route: the call has none, even if the function goes on."""
        self.fit = False
        raise Unfit

    @contextmanager
    def hearing(self) -> Iterator[None]:
        """Refuse a function that warns, which it is to do at each call."""
        warn, me = warnings.warn, threading.get_ident()

        def heard(*args: Any, **kwargs: Any) -> Any:
            return warn(*args, **kwargs) if threading.get_ident() != me else self.refuse()

        warnings.warn = heard
        try:
            yield
        finally:
            warnings.warn = warn

    def process(self, op: Any, inputs: tuple[Any, ...], attrs: dict[str, Any]) -> Any:
        places: list[int | None] = []
        for x in inputs:
            if x.__class__ is not Seen and x.__class__ not in NUMBERS:
                self.refuse()
            places.append(x.place if x.__class__ is Seen else None)
        plain = tuple([x.value if x.__class__ is Seen else x for x in inputs])
        if not settled(attrs) or "generator" in attrs:
            self.refuse()
        out = apply(op, plain, attrs)
        outs = out if out.__class__ is tuple else (out,)
        self.steps.append(Step(op, places, plain, attrs, outs))
        found = tuple([self.show(t) for t in outs])
        return found if out.__class__ is tuple else found[0]

    write = get = set = custom = refuse  # type: ignore[assignment]


def settled(x: Any) -> bool:
    """Whether attributes are plain values, which nobody changes."""
    if x.__class__ is dict:
        return all([settled(y) for y in x.values()])
    if x.__class__ is tuple:
        return all([settled(y) for y in x])
    return x.__class__ in VALUES or x.__class__ in (float, complex, slice, types.Size)


def watched(general: Callable[..., Any], args: Any, kwargs: Any, tensors: list[Any]) -> tuple[Route | None, Any]:
    """The route of a call and its result; None where it has none."""
    if not _watching.acquire(blocking=False):
        return None, None
    watch = Watch()
    try:
        with watch, watch.hearing():
            given = [watch.shown(x) for x in args]
            named = {name: watch.shown(x) for name, x in kwargs.items()}
            out = general(*given, **named)
        if not watch.fit or any([t._a is not outline for t, outline in watch.outlines]):
            return None, None  # one was given another array, as who writes does
        for step in watch.steps:
            step.finish()
        several = isinstance(out, (tuple, list))
        parts = out if several else (out,)
        if not all([x.__class__ is Seen and x.at is watch for x in parts]):
            return None, None
        route = Route(watch.steps, len(tensors), out.__class__ if several else None, [x.place for x in parts])
        made = out.value if not several else [x.value for x in out]
        return route, made if not several else shaped(out.__class__, made)
    except Exception:  # noqa: BLE001 - whatever a function does to what it cannot read; the general way says what is wrong
        return None, None
    finally:
        watch.outlines.clear()  # they and the watch hold each other, and with them the arrays
        _watching.release()


# --- routes -----------------------------------------------------------------------------------------------------------------
class Step:
    """One operation of a route: where its inputs are among the tensors so far, its body, what its nodes are."""

    __slots__ = (
        "op",
        "attrs",
        "places",
        "tensors",
        "edges_of",
        "inputs_of",
        "arrays_of",
        "outs",
        "body",
        "planned",
        "loop",
        "made",
        "shortest",
        "left",
        "node",
        "count",
        "straight",
        "save",
    )

    def __init__(self, op: Op, places: list[int | None], plain: tuple[Any, ...], attrs: dict[str, Any], outs: Any):
        promoted = promote(op, plain)
        for x, a in zip(plain, promoted, strict=True):
            if isinstance(x, Tensor) and x._a is not a:
                raise Unfit  # a conversion on the way
        self.op: Op = op
        self.attrs: dict[str, Any] = attrs
        self.count: int = len(op.outputs)
        self.tensors: list[int] = [i for i, p in enumerate(places) if p is not None]
        self.places: list[int] = [p for p in places if p is not None]
        #: What was made when it was watched, until ``finish``; and the node of that.
        self.outs: Any = outs
        nodes = [t._edge[0] for t in outs if t._edge is not None]
        #: The class of its nodes where it has one result, True where ``record`` is to look; None if nothing is recorded.
        self.node: Any = type(nodes[0]) if nodes else None
        self.straight: bool = len(self.tensors) == len(plain)
        flowing = [i for i in range(len(plain)) if op.flow(i) == "rule"]
        self.edges_of = self.filler((None,) * len(plain), flowing)
        self.inputs_of = self.filler(plain, self.tensors)
        self.arrays_of = self.filler(promoted, self.tensors)
        self.save: Any = None
        self.left = 0
        largest = max([a.size for a in (*promoted, outs[0]._a) if a.__class__ is ndarray])
        by_loops = op.family == "elementwise" and largest >= MEDIUM
        if op.family == "elementwise" and not by_loops:
            self.left = OFTEN
        #: A shorter way than the body, which gives None where it has no answer.
        self.planned: Any = None
        self.loop: Any = None
        self.body: Callable[..., Any] = self.arranged(self.whole(promoted), plain)
        if by_loops:
            self.planned, self.made = self.looped, (outs[0]._a.shape, outs[0]._a.dtype)
        self.shortest: Callable[..., Any] = self.body if self.planned is None else self.planned

    def finish(self) -> None:
        """Note what its nodes are, which the function may have renamed.

        Raises:
            Unfit: if nodes that ``record`` makes have another name.
        """
        outs, self.outs = self.outs, None
        nodes = [t._edge[0] for t in outs if t._edge is not None]
        if nodes and (len(outs) > 1 or self.op.extras):
            if type(nodes[0]) is not self.node:
                raise Unfit
            self.node = True
        elif nodes:
            self.node = type(nodes[0])

    def whole(self, promoted: tuple[Any, ...]) -> Callable[..., Any]:
        """The body as a function of the arrays of the tensors; what is planned likewise."""
        op, attrs = self.op, self.attrs
        planned = None if op.planner is None else op.planner(*promoted, **attrs)
        if self.straight:
            self.planned = planned
            return functools.partial(op.forward, arrays, **attrs)
        names = [f"x{i}" for i in range(len(promoted))]
        given = ", ".join([names[i] for i in self.tensors])
        kept = {n: x for i, (n, x) in enumerate(zip(names, promoted, strict=True)) if i not in self.tensors}
        kept.update(forward=functools.partial(op.forward, arrays, **attrs))
        body = eval(f"lambda {given}: forward({', '.join(names)})", kept)
        if planned is not None:
            self.planned = eval(f"lambda {given}: planned({', '.join(names)})", {**kept, "planned": planned})
        return body  # type: ignore[no-any-return]

    def arranged(self, body: Callable[..., Any], plain: tuple[Any, ...]) -> Callable[..., Any]:
        """The body with its result laid out as ``op.evaluate`` lays it out, where that may be another layout than NumPy's."""
        operands = [x._a for x in plain if isinstance(x, Tensor)]
        if self.op.family != "elementwise" or all(
            [a.flags.c_contiguous and a.shape == operands[0].shape for a in operands]
        ):
            return body
        op = self.op

        def run(*given: Any) -> Any:
            r = body(*given)
            return laid_out(op, r, given) if r.__class__ is ndarray and r.ndim > 1 else r

        return run

    def looped(self, *given: Any) -> Any:
        """What loops make of large arrays; None if NumPy is to do it."""
        if self.loop is None and patience.ready:
            self.loop = self.loop_of(given) or False
        if not self.loop:
            return large.body(self.op, self.arrays_of(given), self.attrs)
        r = self.loop(*given)
        if r is False:  # too large for it to make the array
            r = empty(*self.made)
            return r if self.loop(r, *given) else None
        return r

    def loop_of(self, given: Sequence[Any]) -> Any:
        """The loop of the body for arrays like these, which takes them alone; None if there is none. It would take an array of one number
        for that number, which is another at each call."""
        if not all([a.ndim and any(a.strides) for a in given]):
            return None
        return large.small(self.op, self.arrays_of(given), self.attrs)

    def compile(self, given: list[Any]) -> None:
        """What is called often is worth a loop at any size: it costs less than NumPy's several passes."""
        if not patience.over(0, OFTEN):
            self.left = OFTEN if patience.ready is None else 0
            return
        loop = self.loop_of(given)
        if loop is None:
            return
        body = self.body

        def run(*given: Any) -> Any:
            r = loop(*given)
            return body(*given) if r is False else r

        self.shortest = run

    def filler(self, kept: tuple[Any, ...], places: Sequence[int]) -> Callable[[Sequence[Any]], tuple[Any, ...]]:
        """A function that gives inputs in their order: of what is given for the tensors that which belongs at ``places``, else what was
        kept."""
        if self.straight and len(places) == len(kept):
            return tuple
        at = [self.tensors.index(i) if i in self.tensors and i in places else None for i in range(len(kept))]
        # What stood at the places of tensors is not held on to.
        return _filler(tuple(at))(tuple([x if p is None else None for x, p in zip(kept, at, strict=True)]))  # type: ignore[no-any-return]

    def results(self, given: list[Any]) -> Any:
        """What the body makes of arrays."""
        if self.left:
            self.left -= 1
            if not self.left:
                self.compile(given)
        r = self.shortest(*given) if self.op.view else quietly(self.shortest, *given)
        return quietly(self.body, *given) if r is None else r

    def run(self, inputs: list[Any]) -> list[Any]:
        """The results as tensors, recorded."""
        given = [x._a for x in inputs]
        r = self.results(given)
        results = r if r.__class__ is tuple else (r,)
        outs = self.wrapped(results, inputs)
        if self.node is not None:
            edges = [x._edge if x._base is None else edge_of(x) for x in inputs]
            self.record(outs, results, inputs, given, edges)
        return outs

    def wrapped(self, results: tuple[Any, ...], inputs: list[Any]) -> list[Any]:
        """What the body made as tensors, without the extras."""
        outs = []
        for a in results[: self.count]:
            if a.__class__ is not ndarray:
                a = asarray(a)
            outs.append(view_of(inputs[0], a) if self.op.view else wrap(a))
        return outs

    def record(self, outs: Any, results: Any, inputs: list[Any], given: list[Any], edges: list[Any]) -> None:
        """Hang the outputs on a node."""
        all_edges, xs, bodies = self.edges_of(edges), self.inputs_of(inputs), self.arrays_of(given)
        if self.node is True:
            record(self.op, outs, results, xs, bodies, self.attrs, all_edges)
            return
        node = self.node()
        node.seq = next_seq()
        node.edges = all_edges
        node.hooks = node.stack = None
        node.attrs = self.attrs
        t = outs[0]
        node.meta = (t._a.shape, t._a.dtype)
        if self.save is None:
            self.save = saver(self.op, all_edges)
        node.saved, node.versions = self.save(outs, results, xs, bodies)
        t._edge = (node, 0)


@functools.cache
def _filler(at: tuple[int | None, ...]) -> Callable[[tuple[Any, ...]], Callable[[Sequence[Any]], tuple[Any, ...]]]:
    """Of what is kept, a function that puts what it is given among it: number ``at[i]`` at place ``i``, where that is one."""
    parts = [f"kept[{i}]" if place is None else f"given[{place}]" for i, place in enumerate(at)]
    return eval(f"lambda kept: lambda given: ({', '.join(parts)},)")  # type: ignore[no-any-return]


class Route:
    """What a call comes to: steps, and which of the tensors are returned, as which class of tuple."""

    __slots__ = ("steps", "kind", "places", "direct", "bare")

    def __init__(self, steps: list[Step], given: int, kind: Any, places: list[int]):
        self.steps: list[Step] = steps
        self.kind: Any = kind
        self.places: list[int] = places
        #: The only step, if it takes the tensors as they were given and makes all that is returned.
        self.direct: Step | None = None
        only = steps[0] if len(steps) == 1 and steps[0].places == list(range(given)) and min(places) >= given else None
        if only is not None and not only.op.view and (kind is None or len(only.op.outputs) > 1):
            self.direct = only
            self.places = [p - given for p in places]
        makers = [step for step in steps for _ in range(step.count)]
        #: Whether nothing on the way need be a tensor: no node is made, and nothing returned is a view.
        self.bare: bool = min(places) >= given and all(
            [step.node is None for step in steps] + [not makers[p - given].op.view for p in places]
        )

    def run(self, tensors: list[Any], given: list[Any], edges: list[Any]) -> Any:
        """The result, of tensors, their arrays and edges; None if the general way is to be gone."""
        step = self.direct
        try:
            if step is None and self.bare:
                return self.shaped(self.values(given), wrap)
            if step is None:
                values = list(tensors)
                for step in self.steps:
                    values += step.run([values[p] for p in step.places])
                return self.shaped(values)
            r = step.results(given) if step.left else quietly(step.shortest, *given)
            if r.__class__ is not ndarray:
                if r is None:
                    r = quietly(step.body, *given)
                if r.__class__ is tuple:
                    return self.several(r, tensors, given, edges)
                r = asarray(r)
        except FAILURES:
            return None
        t = _new(Tensor)
        t._a = r
        t._edge = t._grad = t._base = t._extra = None
        t._vc = [0]
        if step.node is not None:
            step.record((t,), (r,), tensors, given, edges)
        elif inferring:
            return marked(t)
        return t

    def values(self, given: list[Any]) -> list[Any]:
        """The arrays that were given and those that the steps make of them, where nothing on the way need be a tensor."""
        values = list(given)
        for step in self.steps:
            r = step.results([values[p] for p in step.places])
            values += [asarray(a) for a in (r[: step.count] if r.__class__ is tuple else (r,))]
        return values

    def array(self, given: list[Any]) -> Any:
        """The one array that is returned, where the route is ``bare``; None if the general way is to be gone."""
        try:
            if self.direct is None:
                return self.values(given)[self.places[0]]
            return self.values(given)[len(given) + self.places[0]]
        except FAILURES:
            return None

    def several(self, results: tuple[Any, ...], tensors: list[Any], given: list[Any], edges: list[Any]) -> Any:
        """The result of the only step, which makes several arrays."""
        step = self.direct
        assert step is not None
        outs = step.wrapped(results, tensors)
        if step.node is not None:
            step.record(outs, results, tensors, given, edges)
        return self.shaped(outs)

    def shaped(self, values: list[Any], finish: Callable[[Any], Any] = lambda t: t) -> Any:
        """The result, of the tensors so far, or of what ``finish`` makes tensors of."""
        kind = self.kind
        if kind is None:
            return finish(values[self.places[0]])
        return shaped(kind, [finish(values[p]) for p in self.places])


def shaped(kind: Any, parts: list[Any]) -> Any:
    """A tuple of a class, which may be one with names."""
    return kind(*parts) if hasattr(kind, "_fields") else kind(parts)
