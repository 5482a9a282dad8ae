"""Inner features of a model: what any of its nodes computes, as the outputs of another model with the same parameters."""

from __future__ import annotations

import math
import re
import warnings
from collections import OrderedDict
from typing import Any

from rushlight import fx, nn

from .. import ops
from ..ops import stochastic_depth as _layers_left_out

__all__ = ["create_feature_extractor", "get_graph_node_names"]


class NodePathTracer(fx.Tracer):
    """Traces a model and remembers where each node stands: ``layer1.0.relu_1`` is the second relu of ``layer1.0``."""

    def __init__(self, *args: Any, leaf_modules: Any = (), **kwargs: Any):
        self.leaf_modules: Any = tuple(leaf_modules)
        super().__init__(*args, **kwargs)
        self.current_module_qualname = ""
        self.node_to_qualname: OrderedDict[Any, str] = OrderedDict()
        self._seen: dict[str, int] = {}

    def is_leaf_module(self, m: Any, module_qualname: str) -> bool:
        """Whether a module is one node."""
        return isinstance(m, self.leaf_modules) or super().is_leaf_module(m, module_qualname)

    def call_module(self, m: Any, forward: Any, args: Any, kwargs: Any) -> Any:
        """A leaf as a node, any other module traced."""
        before, self.current_module_qualname = self.current_module_qualname, self.path_of_module(m)
        try:
            if self.is_leaf_module(m, self.current_module_qualname):
                return self.create_proxy("call_module", self.current_module_qualname, args, kwargs)
            return forward(*args, **kwargs)
        finally:
            self.current_module_qualname: str = before

    def create_proxy(self, kind: str, target: Any, args: Any, kwargs: Any, *rest: Any, **more: Any) -> Any:
        """A node, named by its place."""
        proxy = super().create_proxy(kind, target, args, kwargs, *rest, **more)
        self.node_to_qualname[proxy.node] = self._name(proxy.node)
        return proxy

    def _name(self, node: Any) -> str:
        place = self.current_module_qualname
        name = place if node.op == "call_module" else f"{place}.{node}" if place else str(node)
        name = re.sub(r"(?<=.)_[0-9]+$", "", name)
        count = self._seen[name] = self._seen.get(name, -1) + 1
        return f"{name}_{count}" if count else name


def _tracer(options: dict[str, Any] | None) -> NodePathTracer:
    options = dict(options or {})
    modules = (math, ops, _layers_left_out)
    leaves = [value for value in vars(ops).values() if isinstance(value, type) and issubclass(value, nn.Module)]
    options["autowrap_modules"] = (*options.get("autowrap_modules", ()), *modules)
    options["leaf_modules"] = [*options.get("leaf_modules", ()), *leaves]
    return NodePathTracer(**options)


def _within(short: list[str], long: list[str]) -> bool:
    rest = iter(long)
    return all(name in rest for name in short)


def _warn_of_differences(train: list[str], evaluation: list[str]) -> None:
    if train == evaluation:
        return
    what = "are different to those obtained in eval mode"
    if _within(evaluation, train):
        what = "have those obtained in eval mode as a subsequence"
    elif _within(train, evaluation):
        what = "are a subsequence of those obtained in eval mode"
    warnings.warn(
        f"The nodes obtained by tracing the model in train mode {what}. When choosing nodes for feature extraction, you may need to "
        "specify output nodes for train and eval mode separately.",
        stacklevel=3,
    )


def get_graph_node_names(
    model: Any, tracer_kwargs: dict[str, Any] | None = None, suppress_diff_warning: bool = False,
    concrete_args: dict[str, Any] | None = None,
) -> tuple[list[str], list[str]]:  # fmt: skip
    """The names of all nodes, in training and in evaluation."""
    training = model.training
    found = []
    for mode in (True, False):
        tracer = _tracer(tracer_kwargs)
        tracer.trace(model.train(mode), concrete_args=concrete_args)
        found.append(list(tracer.node_to_qualname.values()))
    model.train(training)
    if not suppress_diff_warning:
        _warn_of_differences(*found)
    return found[0], found[1]


class DualGraphModule(fx.GraphModule):
    """A model with one graph for training and one for evaluation."""

    train_graph: Any
    eval_graph: Any

    def __init__(self, root: Any, train_graph: Any, eval_graph: Any, class_name: str = "GraphModule"):
        super().__init__(root, train_graph, class_name)
        self.train_graph, self.eval_graph = train_graph, eval_graph
        for node in eval_graph.nodes:
            if node.op in ("call_module", "get_attr"):
                _share(root, self, node.target)

    def train(self, mode: bool = True) -> Any:
        """Take the graph of a mode."""
        if mode != self.training and "eval_graph" in vars(self):
            self.graph = self.train_graph if mode else self.eval_graph
        return super().train(mode)


def _share(source: Any, target: Any, path: str) -> None:
    """Put what lies at a path of one module at the same path of another."""
    *parents, name = path.split(".")
    for parent in parents:
        source = getattr(source, parent)
        if not hasattr(target, parent):
            setattr(target, parent, nn.Module())
        target = getattr(target, parent)
    if not hasattr(target, name):
        value = getattr(source, name)
        if name in getattr(source, "_buffers", {}):
            target.register_buffer(name, value)
        else:
            setattr(target, name, value)


def _wanted(nodes: Any) -> dict[str, str]:
    if isinstance(nodes, dict):
        return {str(name): str(new) for name, new in nodes.items()}
    return {str(name): str(name) for name in nodes}


def _cut(tracer: NodePathTracer, graph: Any, root: Any, wanted: dict[str, str]) -> None:
    """Let a graph give wanted nodes, the last of each name or of each module, and drop what they do not need."""
    names = list(tracer.node_to_qualname.values())
    for query in wanted:
        if not any(name == query or name.startswith(query + ".") for name in names):
            raise ValueError(
                f"node: '{query}' is not present in model. Hint: use `get_graph_node_names` to make sure the `return_nodes` you "
                "specified are present. It may even be that you need to specify `train_return_nodes` and `eval_return_nodes` "
                "separately."
            )
    outputs = [node for node in graph.nodes if node.op == "output"]
    if not outputs:
        raise ValueError("No output nodes found in graph_module.graph.nodes")
    for node in outputs:
        graph.erase_node(node)
    nodes = list(graph.nodes)
    left, found = dict(wanted), OrderedDict()
    for node in reversed(nodes):
        parts = tracer.node_to_qualname.get(node, "").split(".")
        query = next((q for q in left if ".".join(parts[: q.count(".") + 1]) == q), None)
        if query is not None:
            found[left.pop(query)] = node
    with graph.inserting_after(nodes[-1]):
        graph.output(OrderedDict(reversed(list(found.items()))))
    graph.eliminate_dead_code()


def create_feature_extractor(
    model: Any, return_nodes: Any = None, train_return_nodes: Any = None, eval_return_nodes: Any = None,
    tracer_kwargs: dict[str, Any] | None = None, suppress_diff_warning: bool = False,
    concrete_args: dict[str, Any] | None = None,
) -> Any:  # fmt: skip
    """A model that gives the values of nodes in a dict, and has the parameters of the other.

    Args:
        return_nodes: names of nodes or modules (``get_graph_node_names``), a list or a dict to their new names.
        train_return_nodes, eval_return_nodes: the same, if training and evaluation differ.
    """
    if return_nodes is None and train_return_nodes is None and eval_return_nodes is None:
        raise ValueError(
            "Either `return_nodes` or `train_return_nodes` and `eval_return_nodes` together, should be specified"
        )
    if (train_return_nodes is None) != (eval_return_nodes is None):
        raise ValueError(
            "If any of `train_return_nodes` and `eval_return_nodes` are specified, then both should be specified"
        )
    if (return_nodes is None) == (train_return_nodes is None):
        raise ValueError("If `train_return_nodes` and `eval_return_nodes` are specified, then both should be specified")
    training, graphs, names = model.training, [], []
    for mode, own in ((True, train_return_nodes), (False, eval_return_nodes)):
        tracer = _tracer(tracer_kwargs)
        graph = tracer.trace(model.train(mode), concrete_args=concrete_args)
        _cut(tracer, graph, model, _wanted(return_nodes if own is None else own))
        graphs.append(graph)
        names.append(list(tracer.node_to_qualname.values()))
    model.train(training)
    if not suppress_diff_warning:
        _warn_of_differences(*names)
    made = DualGraphModule(model, *graphs, class_name=type(model).__name__)
    return made.train(training)
