"""Imports go downwards only: the layers of the house, bottom first, and a test that holds them."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "rushlight"

# A module belongs to the longest name here that it starts with; "" is rushlight/__init__.py itself. A module may import
# at module level from its own layer and from those above it in this list, which stand below it in the house.
LAYERS = [
    [
        "types",
        "errors",
        "fpstate",
        "return_types",
        "monitor",
        "__future__",
        "names",
        "version",
        "futures",
        "classes",
        "terminal",
        "pictures",
        "doors",
        "synonyms",
    ],
    ["kernels"],
    ["printing", "random"],
    ["tensor", "autograd.mode", "storage"],
    ["autograd.graph", "autograd.rows"],
    ["autograd.engine", "writing", "promotion", "override"],
    ["kinds"],
    ["asking"],
    ["functions"],
    ["levels"],
    ["readers"],
    ["large"],
    ["misuse"],
    ["node"],
    ["op"],
    ["meta"],
    ["inplace", "inplace_functions", "recorder", "families"],
    ["samples"],
    ["deferred"],
    ["plain"],
    ["routes"],
    ["known_writes"],
    ["bodies", "meeting"],
    ["direct"],
    ["fast"],
    ["ops"],
    ["autograd"],
    ["methods"],
    ["gradient_methods"],
    ["subclasses"],
    ["transforms"],
    ["autograd.forward_ad", "autograd.functional"],
    ["entry_points"],
    ["settings", "function_modes"],
    ["autocasting", "scaling"],
    [
        "amp",
        "accelerator",
        "distributed",
        "multiprocessing",
        "onnx",
        "compiler",
        "nested",
        "rare",
        "overrides",
        "checks",
    ],
    [
        "hub",
        "ao",
        "missing",
        "package",
        "quantization",
        "_C",
        "__config__",
        "_subclasses",
        "_tensor_str",
        "aten",
        "export",
        "streams",
        "_inductor",
        "_utils",
        "cpu",
        "cuda",
        "backends",
        "mps",
        "xpu",
        "serialization",
        "linalg",
        "special",
        "fft",
        "signal",
        "masked",
    ],
    ["nn"],
    [
        "optim",
        "data",
        "distributions",
        "func",
        "_functorch",
        "_vmap_internals",
        "native_forms",
        "jit",
        "_jit_internal",
        "_dynamo",
        "quasirandom",
    ],
    ["profiler", "autograd.profiler", "library", "sparse", "testing"],
    ["dispatch"],
    ["utils"],
    ["explain", "watching"],
    ["init"],
    ["distributed.nn", "distributed.optim", "distributed.fsdp", "distributed._composable", "distributed.algorithms"],
    [""],
    ["compat"],
    ["watching.command", "init.command"],
    ["fx"],
    ["compat.vision"],
    ["explain.command", "explain.diagnosis"],
    ["bench", "tour"],
    ["cli"],
    ["__main__"],
]

# Imports inside functions that reach upwards, each with the reason why it is not a module-level import downwards.
LAZY = {
    ("types", "utils._device"): "with torch.device(...): a default device, which few programs name",
    (
        "autograd",
        "transforms.gradients",
    ): "a gradient of tensors inside vmap or jvp; programs without them never load it",
    ("plain", "entry_points"): "machine code for the short path, made when a program has shown that it is worth it",
    ("", "compat.alias"): "the front door of the alias; library users never pay for it",
    ("autograd.gradcheck", "autograd.forward_ad"): "tangents are compared only if check_forward_ad asks for it",
    ("autograd.gradcheck", "func"): "and batches of them",
    ("autograd.rows", "sparse.tensor"): "the gradient of an embedding with sparse=True; others never load it",
    ("settings", "autocasting"): "what autocast does to operations; a program without it never loads it",
    (
        "methods",
        "dispatch.subclasses",
    ): "subclasses that compute operations themselves; programs without one never load it",
    ("methods", "sparse.operations"): "x.to_sparse() and its kin; few programs have sparse tensors",
    ("methods", "sparse.compressed"): "x.to_sparse_csr(), in the same way",
    ("sparse", ""): "torch.sparse.torch, which PyTorch happens to have, is the package",
    ("sparse.operations", ""): "cat and mm are found by their public names",
    ("nn.utils.parametrizations", ""): "matrix functions are found by their public names",
    ("ops", "library"): "torch.ops.<namespace> is what programs register; torch.ops is our package of families too",
    ("random", "ops.sampling"): "torch.random's functions of the global generator speak of Tensors",
    ("serialization", "compat.facade"): "and finds them again as the alias does",
    ("serialization", "compat.paths"): "checkpoints name classes as PyTorch does; only whole modules need the table",
    ("nn.utils", "compat.facade"): "torch.nn.utils.clip_grad and its like, in the same way",
    ("nn", "compat.facade"): "torch.nn.modules and what is below it: stand-ins, made when they are named",
    ("distributions", "compat.facade"): "torch.distributions.normal and its like: stand-ins, made when they are named",
    ("distributions.constraints", ""): "cat and stack are found by their public names",
    ("utils.flop_counter", "explain.listening"): "what runs is heard while a block is open",
    ("dispatch.modes", "explain.listening"): "and while a mode is entered",
    ("utils.selective", "explain.listening"): "and replaced",
    ("nn.module", "explain.failures"): "the place of a failure, loaded when a module has failed",
    ("data", "compat.facade"): "torch.utils.data.dataloader and its like, in the same way",
    ("_C", "_functorch.inner"): "torch._C._functorch, questions about transformations, in the same way",
    ("compat.functorch", "fx.experimental.proxy_tensor"): "functorch.make_fx, which few programs name",
    ("_C", "nn.inner"): "torch._C._nn, the functions of layers, loaded when a library names it",
    ("data.collate", ""): "stack is an op record like any other, found by its public name",
}


def module_files():
    """Every module of the package by dotted name without the leading `rushlight.`."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = list(path.relative_to(PACKAGE).with_suffix("").parts)
        if "standin" in parts:
            continue  # a script found on sys.path, not a module of the package
        if parts[-1] == "__init__":
            parts.pop()
        found[".".join(parts)] = path
    return found


MODULES = module_files()


def layer_of(module):
    """Index of a module's layer; None if it has none."""
    best = None
    for index, names in enumerate(LAYERS):
        for name in names:
            if (module == name or (name and module.startswith(name + "."))) and (best is None or len(name) > best[0]):
                best = len(name), index
    return None if best is None else best[1]


def imports_of(module):
    """(imported module, is it inside a function) for every import of the package's own modules."""
    path = MODULES[module]
    package = module.split(".") if path.name == "__init__.py" else module.split(".")[:-1]
    package = ["rushlight", *filter(None, package)]
    found = []

    def visit(node, lazy):
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
                continue
            if isinstance(child, ast.Import):
                found.extend((alias.name, lazy) for alias in child.names)
            elif isinstance(child, ast.ImportFrom):
                base = [] if child.level == 0 else package[: len(package) - child.level + 1]
                base = ".".join([*base, *filter(None, [child.module])])
                for alias in child.names:
                    inner = f"{base}.{alias.name}"
                    found.append((inner if inner.partition(".")[2] in MODULES else base, lazy))
            visit(child, lazy or isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda))

    visit(ast.parse(path.read_text(encoding="utf-8")), False)
    return [(name.partition(".")[2], lazy) for name, lazy in found if name.partition(".")[0] == "rushlight"]


def test_the_package_was_found():
    assert {"", "tensor", "op", "autograd.engine", "compat.alias", "cli"} <= set(MODULES)
    assert ("op", False) in imports_of("recorder")


@pytest.mark.parametrize("module", MODULES)
def test_imports_only_downwards(module):
    own = layer_of(module)
    assert own is not None, f"place rushlight.{module} in LAYERS"
    for target, lazy in imports_of(module):
        assert target in MODULES, f"rushlight.{module} imports rushlight.{target}, which does not exist"
        if layer_of(target) > own:
            assert lazy, f"rushlight.{module} imports rushlight.{target}, which stands above it"
            assert (module, target) in LAZY, (
                f"rushlight.{module} reaches up to rushlight.{target} without a reason in LAZY"
            )


def test_no_module_level_cycle():
    graph = {module: {target for target, lazy in imports_of(module) if not lazy} - {module} for module in MODULES}
    done, path = set(), []

    def visit(module):
        assert module not in path, "import cycle: " + " -> ".join([*path[path.index(module) :], module])
        if module not in done:
            path.append(module)
            for target in sorted(graph[module]):
                visit(target)
            done.add(path.pop())

    for module in graph:
        visit(module)


def test_reasons_are_in_use():
    for module, target in LAZY:
        assert (target, True) in imports_of(module)
        assert layer_of(target) > layer_of(module), f"rushlight.{module} may import rushlight.{target} without a reason"
