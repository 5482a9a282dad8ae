"""The methods of Tensor: operators and methods gathered from the registries, and what needs the whole house.

Importing this module completes the class. Nothing is listed twice: an op's record names its methods, and the table below
only says which op an operator stands for.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from . import direct, errors, families, fast, printing, types
from .asking import asking
from .autograd.mode import recording
from .functions import FUNCTIONS
from .kernels.lazy import expose
from .override import DisableTorchFunctionSubclass
from .readers import REGISTRY
from .synonyms import called
from .tensor import Parameter, Tensor, edge_of, wrap

_OPERATORS = {
    "add": "add", "sub": "sub", "mul": "mul", "truediv": "div", "floordiv": "floor_divide", "mod": "remainder", "pow": "pow",
    "and": "bitwise_and", "or": "bitwise_or", "xor": "bitwise_xor", "lshift": "bitwise_left_shift",
    "rshift": "bitwise_right_shift",
}  # fmt: skip
_COMMUTATIVE = ("add", "mul")
_COMPARISONS = {"eq": "eq", "ne": "ne", "lt": "lt", "le": "le", "gt": "gt", "ge": "ge"}
_UNARY = {"neg": "neg", "abs": "abs", "invert": "bitwise_not", "pos": "positive"}


_attached = [0, 0, 0]  # how many of REGISTRY and FUNCTIONS Tensor has already, and whether it has its operators


def attach() -> None:
    """Give Tensor the methods of what was declared since the last call: at import, and after each family that waited."""
    ops, functions = list(REGISTRY.values())[_attached[0] :], list(FUNCTIONS.values())[_attached[1] :]
    _attached[0] += len(ops)
    _attached[1] += len(functions)
    for op in ops:
        op.check_complete()
        quick = fast.short_path(op)
        if quick is not None:
            op.public = quick
        for name in op.methods:
            in_place = name.endswith("_") and not name.endswith("__")
            setattr(Tensor, name, direct.in_place(op, name) if in_place else by_name(op, op.public, name))
    if not _attached[2]:
        attach_operators()
        _attached[2] = 1
    # last, so that a function may stand in for what was derived
    for f in functions:
        for name in f.methods:
            setattr(Tensor, name, by_name(f, f.fn, name))


def by_name(record: Any, public: Any, name: str) -> Any:
    """The function of a record for its method ``name``, one of PyTorch's other names perhaps."""
    return called(public, name) if name in record.aliases else public


def attach_operators() -> None:
    """Give Tensor its operators: the tables above say which op each stands for."""
    for dunder, name in {**_OPERATORS, **_COMPARISONS}.items():
        op = REGISTRY[name]
        setattr(Tensor, f"__{dunder}__", fast.operator(op, f"__{dunder}__"))
        if dunder in _OPERATORS:
            swapped = dunder not in _COMMUTATIVE  # as in PyTorch, where 2 * x is x * 2 to the graph
            setattr(Tensor, f"__r{dunder}__", fast.operator(op, f"__r{dunder}__", swapped=swapped))
            setattr(Tensor, f"__i{dunder}__", direct.augmented(op))
    for dunder, name in _UNARY.items():
        if name in REGISTRY:  # `+x` is a function's
            setattr(Tensor, f"__{dunder}__", REGISTRY[name].public)


#: Methods of few steps, which ask nobody (what a subclass with a ``__torch_function__`` of its own has instead: ``subclasses``), and
#: those that sparse tensors answer.
_SHORT = frozenset(
    "item detach tolist numpy is_inference backward requires_grad_ to_dense sparse_mask to_sparse to_sparse_coo to_sparse_csr coalesce "
    "is_coalesced indices _indices _values _nnz sparse_dim dense_dim crow_indices col_indices".split()
)


def method(fn: Any) -> Any:
    """Put a function on Tensor under its own name."""
    if isinstance(fn, property):
        setattr(Tensor, fn.fget.__name__, fn)  # type: ignore[union-attr]
        return fn
    setattr(Tensor, fn.__name__, fn if fn.__name__ in _SHORT or fn.__name__.startswith("__") else asking(fn))
    return fn


@method
def split(self: Tensor, split_size: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """``torch.split(self, split_size, dim)``: the method's parameter has another name than the function's."""
    return FUNCTIONS["split"].fn(self, split_size, dim)  # type: ignore[no-any-return]


# --- sparse -------------------------------------------------------------------------------------------------------
@method
def to_sparse(self: Tensor, sparse_dim: int | None = None, *, layout: Any = None, **options: Any) -> Any:
    """The elements that are not zero, with their indices; with ``sparse_dim`` those of the first dimensions."""
    from .sparse import operations

    return operations.to_sparse(self, sparse_dim, layout=layout, **options)


@method
def to_dense(self: Tensor, dtype: Any = None, *, masked_grad: bool | None = None) -> Any:
    """All elements of a sparse tensor; a dense one as it is, or in another dtype."""
    from .sparse import operations

    return operations.to_dense(self, dtype, masked_grad=masked_grad)


@method
def sparse_mask(self: Tensor, mask: Any) -> Any:
    """The elements of a dense tensor where a sparse one has some, as a sparse tensor."""
    from .sparse import operations

    return operations.sparse_mask(self, mask)


@method
def to_sparse_coo(self: Tensor) -> Any:
    """``to_sparse()``: a tensor in coordinates."""
    return self.to_sparse()


@method
def to_sparse_csr(self: Tensor, dense_dim: int | None = None) -> Any:
    """A matrix in compressed rows, of the elements that are not zero."""
    from .sparse import compressed

    return compressed.to_sparse_csr(self, dense_dim)


def _only_sparse(name: str) -> Any:
    what, kind, form = name.strip("_"), "coordinate", "x.to_sparse()"
    if "_" in what and what.endswith("_indices"):
        kind, form = "row compressed", "x.to_sparse_csr()"

    def call(self: Tensor) -> Any:
        raise errors.runtime(
            f"{what} expected sparse {kind} tensor layout but got "
            f"{'Sparse' if self.is_sparse else 'SparseCsr' if self.is_sparse_csr else 'Strided'}",
            f"Convert it first: {form}.",
        )

    call.__name__ = call.__qualname__ = name
    call.__doc__ = f"``{name}`` of a sparse tensor."
    return call


for _sparse_name in ("coalesce", "is_coalesced", "indices", "_indices", "_values", "_nnz", "sparse_dim", "dense_dim", "crow_indices",
                     "col_indices"):  # fmt: skip
    if _sparse_name not in vars(Tensor):
        method(_only_sparse(_sparse_name))


# --- what was ---------------------------------------------------------------------------------------------------------
@method
def resize(self: Tensor, *sizes: int) -> Tensor:
    """The old name of ``view`` for a tensor of the same number of elements.

    Raises:
        RuntimeError: for another number of elements.
    """
    import math

    errors.warn("non-inplace resize is deprecated", UserWarning, stacklevel=2)
    size = tuple(sizes)
    total = math.prod(size) if all(isinstance(n, int) for n in size) else size
    if total != self._a.size:
        raise errors.runtime(
            f"requested resize to {size[0] if len(size) == 1 else size} ({total} elements in total), but the given tensor has a size of "
            f"{'x'.join(map(str, self._a.shape))} ({self._a.size} elements). autograd's resize can only change the shape of a given "
            "tensor, while preserving the number of elements. ",
            "Write x.reshape(sizes).",
        )
    return self.reshape(size)


@method
def reinforce(self: Tensor, reward: Any) -> None:
    """Removed from PyTorch.

    Raises:
        RuntimeError: always.
    """
    raise errors.runtime(
        "reinforce() was removed.\nUse torch.distributions instead.",
        "m = torch.distributions.Categorical(probs); action = m.sample(); loss = -m.log_prob(action) * reward",
    )


@method
def record_stream(self: Tensor, stream: Any) -> None:
    """Say that a stream of a GPU uses this tensor: there is none.

    Raises:
        NotImplementedError: always, as PyTorch does for a tensor of the CPU.
    """
    raise errors.advised(
        NotImplementedError("Could not run 'aten::record_stream' with arguments from the 'CPU' backend."),
        "Leave it out: there are no streams.",
    )


# --- values ---------------------------------------------------------------------------------------------------------
@method
def item(self: Tensor) -> Any:
    """The one element as a Python number.

    Raises:
        RuntimeError: for any other count of elements.
    """
    a = self._a
    if a.size != 1:
        raise errors.runtime(
            f"a Tensor with {a.size} elements cannot be converted to Scalar",
            "Reduce it first (x.mean().item()), pick an element (x[0].item()), or take a list: x.tolist().",
        )
    value = a.item()
    return float(value) if a.dtype.kind == "V" or type(value).__name__ == "bfloat16" else value


@method
def tolist(self: Tensor) -> Any:
    """The elements as nested lists of Python numbers; a number for a 0-d tensor."""
    return self._a.astype(np.float32).tolist() if self.dtype is types.bfloat16 else self._a.tolist()


@method
def numpy(self: Tensor, *, force: bool = False) -> np.ndarray[Any, Any]:
    """The elements as an array that shares this tensor's memory.

    Raises:
        RuntimeError: if this tensor requires grad (unless ``force``, or where nothing is recorded).
        TypeError: for bfloat16 and float8, which NumPy lacks.
    """
    if self.requires_grad and not force and recording():
        raise errors.runtime("Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead.")
    if self.dtype is types.bfloat16 or self.dtype in types.FLOAT8:
        name = types.scalar_name(self.dtype)
        raise errors.type_(f"Got unsupported ScalarType {name}", "Convert first: x.float().numpy().")
    expose(self._a)
    return self._a.view()


@method
def __array__(self: Tensor, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
    a = numpy(self)
    return a if dtype is None else a.astype(dtype, copy=False)


@method
def __array_wrap__(self: Tensor, array: Any, context: Any = None, return_scalar: bool = False) -> Tensor:
    a = np.asarray(array)
    if a.dtype == np.bool_ and self.dtype is not types.bool_:
        a = a.astype(np.uint8)
    return wrap(np.ascontiguousarray(a).reshape(a.shape))


@method
def __dlpack__(self: Tensor, *, stream: Any = None, **kwargs: Any) -> Any:
    expose(self._a)
    return self.detach()._a.__dlpack__()


@method
def __dlpack_device__(self: Tensor) -> Any:
    return self._a.__dlpack_device__()


def _one(self: Tensor, what: str) -> Any:
    if self._a.size != 1:
        raise errors.value(
            "only one element tensors can be converted to Python scalars",
            f"{what}() of a tensor of shape {list(self._a.shape)}, a Tensor with {self._a.size} elements. Reduce it first "
            "(x.mean()), pick an element (x[0]), or take a list: x.tolist().",
        )
    return self._a.reshape(()).item()


def _real(value: Any, kind: str) -> Any:
    """A complex number that is real, as one."""
    if not isinstance(value, complex):
        return value
    if value.imag:
        raise errors.runtime(
            f"value cannot be converted to type {kind} without overflow", f"It is {value}: use x.real."
        )
    return value.real


@method
def __float__(self: Tensor) -> float:
    return float(_real(_one(self, "float"), "double"))


@method
def __int__(self: Tensor) -> int:
    return int(_real(_one(self, "int"), "int64_t"))


@method
def __complex__(self: Tensor) -> complex:
    return complex(_one(self, "complex"))


@method
def __index__(self: Tensor) -> int:
    if self._a.size != 1 or self._a.dtype.kind not in "biu":
        raise errors.type_("only integer tensors of a single element can be converted to an index")
    return int(self._a.reshape(()).item())


@method
def __bool__(self: Tensor) -> bool:
    a = self._a
    if a.size != 1:
        if a.size == 0:
            raise errors.runtime("Boolean value of Tensor with no values is ambiguous")
        raise errors.runtime(
            "Boolean value of Tensor with more than one value is ambiguous",
            "Say which you mean: (x > 0).any() or (x > 0).all().",
        )
    return bool(a.reshape(()).item())


@method
def __len__(self: Tensor) -> int:
    if self._a.ndim == 0:
        raise errors.type_("len() of a 0-d tensor")
    return self._a.shape[0]


@method
def __iter__(self: Tensor) -> Any:
    if self._a.ndim == 0:
        raise errors.type_("iteration over a 0-d tensor")
    return iter(self.unbind(0))


@method
def __contains__(self: Tensor, element: Any) -> bool:
    if not isinstance(element, (Tensor, bool, int, float, complex)):
        raise errors.runtime(
            f"Tensor.__contains__ only supports Tensor or scalar, but you passed in a {type(element)}."
        )
    return bool((self == element).any())


Tensor.__hash__ = lambda self: id(self)  # type: ignore[method-assign]


# --- printing -------------------------------------------------------------------------------------------------------
@method
def __repr__(self: Tensor, *, tensor_contents: Any = None) -> str:
    edge = edge_of(self)
    leaf = edge is not None and edge[0].is_leaf
    if self.is_meta:
        notes = ["device='meta'", f"size={tuple(self._a.shape)}"]
        notes += [f"dtype={self.dtype}"] if self.dtype is not types.get_default_dtype() else []
        notes += [] if edge is None else ["requires_grad=True"] if leaf else [f"grad_fn=<{edge[0].name()}>"]
        text = printing.append_notes("tensor(...", notes, len("tensor("))
        return f"Parameter containing:\n{text}" if isinstance(self, Parameter) else text
    text = printing.tensor_repr(
        self._a,
        dtype_name=self.dtype.name,
        default_dtype_name=types.get_default_dtype().name,
        requires_grad=leaf,
        grad_fn_name=None if edge is None or leaf else edge[0].name().rpartition("::")[2],
        **(
            {"class_prefix": type(self).__name__ + "("}
            if type(self) is not Tensor and type(self) is not Parameter
            else {}
        ),
    )
    return f"Parameter containing:\n{text}" if isinstance(self, Parameter) else text


@method
def __format__(self: Tensor, spec: str) -> str:
    if self._a.ndim == 0 and not isinstance(self, Parameter):
        return format(item(self), spec)
    return object.__format__(self, spec)


# --- copies ---------------------------------------------------------------------------------------------------------
@method
def __deepcopy__(self: Tensor, memo: dict[int, Any]) -> Tensor:
    if not self.is_leaf:
        raise errors.runtime(
            "Only Tensors created explicitly by the user (graph leaves) support the deepcopy protocol at the moment.  If you "
            "were attempting to deepcopy a module, this may be because of a torch.nn.utils.weight_norm usage, see "
            "https://github.com/pytorch/pytorch/pull/103001"
        )
    if id(self) in memo:
        return memo[id(self)]  # type: ignore[no-any-return]
    from copy import deepcopy

    new = object.__new__(type(self))
    new._a = self._a.copy(order="K")
    new._edge = new._grad = new._base = new._extra = None
    new._vc = [0]
    memo[id(self)] = new
    if self.requires_grad:
        Tensor.requires_grad_(new)
    if self._grad is not None:
        new._grad = deepcopy(self._grad, memo)
    for name, value in self.__dict__.items():
        setattr(new, name, deepcopy(value, memo))
    return new


_BY_NAME: dict[Any, type[Tensor]] = {"Tensor": Tensor, "Parameter": Parameter}


def rebuild(cls: type[Tensor] | str, array: np.ndarray[Any, Any], requires_grad: bool, state: dict[str, Any]) -> Tensor:
    """Unpickle a tensor."""
    new = object.__new__(_BY_NAME.get(cls, cls))
    # a pickled array's dtype is an equal copy of the one that identity checks look for
    new._a = np.asarray(array).view(types.from_numpy_dtype(array.dtype).np)
    new._edge = new._grad = new._base = new._extra = None
    new._vc = [0]
    if requires_grad:
        Tensor.requires_grad_(new)
    new.__dict__.update(state)
    return new


@method
def __reduce_ex__(self: Tensor, protocol: Any) -> Any:
    if not self.is_leaf:
        raise errors.runtime("Only Tensors created explicitly by the user (graph leaves) support the pickle protocol")
    # our own classes by name: what their __module__ says may be another torch's
    cls = type(self).__name__ if type(self) in (Tensor, Parameter) else type(self)
    return rebuild, (cls, self._a, self.requires_grad, dict(self.__dict__))


# --- subclasses -----------------------------------------------------------------------------------------------------
@classmethod  # type: ignore[misc]
def __torch_function__(cls: Any, func: Any, types_: Any, args: Any = (), kwargs: Any = None) -> Any:
    """Run ``func`` on the plain tensors and give the results this subclass."""
    if not all(issubclass(cls, t) for t in types_ if issubclass(t, Tensor)):
        return NotImplemented
    with DisableTorchFunctionSubclass():
        result = func(*args, **(kwargs or {}))
    if getattr(func, "__name__", "") == "__get__" and func == vars(Tensor)["grad"].__get__:
        return result  # no view of the tensor, but another
    return _as_class(result, cls)


Tensor.__torch_function__ = __torch_function__  # type: ignore[attr-defined]


def _as_class(result: Any, cls: type[Tensor]) -> Any:
    if isinstance(result, Tensor) and not isinstance(result, cls) and type(result) is Tensor:
        return as_subclass(result, cls)
    if isinstance(result, (tuple, list)):
        items = [_as_class(r, cls) for r in result]
        return type(result)(*items) if hasattr(result, "_fields") else type(result)(items)
    return result


def as_subclass(self: Tensor, cls: type[Tensor]) -> Tensor:
    """The same tensor, its memory and its place in the graph, as an object of a subclass."""
    new = object.__new__(cls)
    for slot in ("_a", "_edge", "_grad", "_base", "_extra", "_vc"):
        setattr(new, slot, getattr(self, slot))
    if self._base is not None:
        new._gen = self._gen
    return new


Tensor.as_subclass = as_subclass  # type: ignore[attr-defined]  # of which PyTorch asks nobody: a subclass returns plain tensors by it


def _make_subclass(cls: type[Tensor], data: Tensor, require_grad: bool = False) -> Tensor:
    """The memory of a tensor as an object of a subclass, without its place in the graph."""
    made = as_subclass(data.detach(), cls)  # type: ignore[attr-defined]
    if hasattr(cls, "__torch_dispatch__"):
        from .dispatch.subclasses import BELOW

        BELOW.remember(made)
    if require_grad:
        made.requires_grad_(True)
    return made


def _make_wrapper_subclass(cls: type[Tensor], size: Any, **options: Any) -> Tensor:
    """An object of a subclass with a shape and no elements, whose ``__torch_dispatch__`` computes its operations."""
    from .dispatch.subclasses import make_wrapper_subclass

    return make_wrapper_subclass(cls, size, **options)  # type: ignore[no-any-return]


Tensor._make_subclass = staticmethod(_make_subclass)  # type: ignore[attr-defined]
Tensor._make_wrapper_subclass = staticmethod(_make_wrapper_subclass)  # type: ignore[attr-defined]
attach()
families.after_load.append(attach)
