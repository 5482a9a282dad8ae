"""``torch.storage``: the memory behind a tensor, as bytes (``UntypedStorage``) or as elements (``TypedStorage``).

A storage shows the whole memory, whatever part of it the tensor shows; writing to it writes the tensor.
"""

from __future__ import annotations

import os
import weakref
from collections.abc import Iterator
from typing import Any

import numpy as np

from . import errors, types
from .kernels.cpython import address
from .kernels.strides import root_array
from .tensor import wrap

ndarray = np.ndarray

#: The storages that somebody holds, by the address and size of their memory: one memory has one storage.
_held: weakref.WeakValueDictionary[tuple[int, int], UntypedStorage] = weakref.WeakValueDictionary()


class _Storage:
    """What both kinds can: both look at ``_elements``, a flat array over all the memory."""

    #: Never filled. They make the objects of a size that hardly anything else has, so that a storage made when another has
    #: just gone lies where that one lay: books print `id(x.storage()) == id(x_t.storage())`, which is True in PyTorch.
    __slots__ = tuple(f"_room{i}" for i in range(40))

    is_cuda = is_hpu = is_sparse = is_sparse_csr = False
    device: types.device = types.CPU
    _elements: ndarray[Any, Any]

    def __len__(self) -> int:
        return len(self._elements)

    size = __len__

    def nbytes(self) -> int:
        """Bytes of all the memory."""
        return self._elements.nbytes

    def __sizeof__(self) -> int:
        return super().__sizeof__() + self.nbytes()

    def element_size(self) -> int:
        """Bytes of one element."""
        return self._elements.itemsize

    def data_ptr(self) -> int:
        """Address of the memory; 0 if there is none."""
        return address(self._elements) if len(self._elements) else 0  # type: ignore[no-any-return]

    def tolist(self) -> list[Any]:
        """The elements as Python numbers."""
        a = self._elements
        return a.tolist() if a.dtype.kind != "V" and a.dtype.name != "bfloat16" else a.astype(np.float32).tolist()

    def __iter__(self) -> Iterator[Any]:
        return iter(self.tolist())

    def elements_for(self, dtype: types.dtype) -> ndarray[Any, Any]:
        """The memory as elements of a tensor of ``dtype``.

        Raises:
            RuntimeError: if the elements are of another.
        """
        held: types.dtype = getattr(self, "dtype", dtype)
        if held is not dtype:
            ours, theirs = types.scalar_name(dtype), types.scalar_name(held)
            raise errors.runtime(
                f"Expected a Storage of type {ours} or an UntypedStorage, but got type {theirs} for argument 1 'storage'",
                f"Convert it first: storage.{ours.lower()}().",
            )
        return elements_of(self._elements.view(np.uint8), dtype)

    def _position(self, index: int) -> int:
        n = len(self)
        if not -n <= index < n:
            raise errors.index(f"index {index} out of range for storage of size {n}")
        return index

    def _text(self, kind: str) -> str:
        return "".join(f" {value}\n" for value in self.tolist()) + f"[torch.storage.{kind} of size {len(self)}]"

    def fill_(self, value: Any) -> Any:
        """Write one value everywhere."""
        self._elements[...] = value
        return self

    def copy_(self, source: Any, non_blocking: bool | None = None) -> Any:
        """Write what ``source``, a storage of as many elements, holds."""
        self._elements[...] = source._elements
        return self

    def cpu(self) -> Any:
        """This storage: there is no other device."""
        return self

    def is_pinned(self, device: Any = "cuda") -> bool:
        """False."""
        return False

    def is_shared(self) -> bool:
        """Whether it is memory that ``Tensor.share_memory_`` made."""
        return shared_memory(self._elements) is not None

    def share_memory_(self) -> Any:
        """This storage, if processes share it already.

        Raises:
            NotImplementedError: if it would have to be moved: ``Tensor.share_memory_`` takes its tensor along.
        """
        if not self.is_shared():
            raise NotImplementedError(
                "share_memory_ of a storage is not supported: tensors would not follow it. Write tensor.share_memory_()."
            )
        return self

    def cuda(self, device: Any = None, non_blocking: bool = False) -> Any:
        """Raises AssertionError, as a CPU build of PyTorch does."""
        types.check_device("cuda")

    def resize_(self, size: int) -> Any:
        """Raises NotImplementedError: memory that tensors show cannot grow here."""
        raise NotImplementedError(f"resize_({size}) of a storage is not supported: make a new tensor and copy into it.")


class UntypedStorage(_Storage):
    """The memory as bytes: ``UntypedStorage(size)`` or ``UntypedStorage(sequence of bytes)``."""

    __module__ = "torch.storage"

    def __init__(self, source: Any = 0, *, device: Any = None):
        types.check_device(device)
        self._elements = np.zeros(source, np.uint8) if isinstance(source, int) else np.array(source, np.uint8)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return of_memory(self._elements[index])
        if isinstance(index, int):
            return int(self._elements[self._position(index)])
        raise errors.type_(f"can't index a torch.UntypedStorage with {type(index).__name__}")

    def __setitem__(self, index: Any, value: Any) -> None:
        if not isinstance(index, (int, slice)):
            raise errors.type_(f"can't index a torch.UntypedStorage with {type(index).__name__}")
        self._elements[self._position(index) if isinstance(index, int) else index] = value

    def __repr__(self) -> str:
        return self._text("UntypedStorage(device=cpu)")

    def type(self, dtype: Any = None) -> str:
        """The name of this class."""
        return "torch.storage.UntypedStorage"

    def untyped(self) -> UntypedStorage:
        """This storage."""
        return self

    def clone(self) -> UntypedStorage:
        """A copy of the memory."""
        return of_memory(self._elements.copy())

    @classmethod
    def from_file(cls, filename: Any, shared: bool = False, nbytes: int = 0) -> UntypedStorage:
        """The first ``nbytes`` of a file, as memory: written through if ``shared``, else the file stays as it is.

        Raises:
            RuntimeError: if there is no such file, or it is too short.
        """
        return of_memory(_memory_of_file(filename, shared, nbytes, np.uint8))


class TypedStorage(_Storage):
    """The memory as elements of a dtype: ``TypedStorage(size or sequence, dtype=...)``."""

    __module__ = "torch.storage"

    def __init__(self, source: Any = 0, *, dtype: types.dtype | None = None, device: Any = None):
        types.check_device(device)
        self.dtype: types.dtype = dtype or types.get_default_dtype()
        make = np.zeros if isinstance(source, int) else np.array
        self._elements = make(source, self.dtype.np)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            raise errors.runtime(
                "slices are only supported in UntypedStorage.__getitem__",
                "Take a list: tensor.storage().tolist()[1:3].",
            )
        if not isinstance(index, int):
            raise errors.runtime(f"can't index a {TypedStorage} with {type(index)}")
        index = self._position(index)
        return self._typed(self._elements[index : index + 1 or None]).tolist()[0]

    def __setitem__(self, index: Any, value: Any) -> None:
        if not isinstance(index, (int, slice)):
            raise errors.runtime(f"can't index a {TypedStorage} with {type(index)}")
        self._elements[self._position(index) if isinstance(index, int) else index] = value

    def __repr__(self) -> str:
        return self._text(f"TypedStorage(dtype={self.dtype}, device=cpu)")

    def _typed(self, elements: ndarray[Any, Any]) -> TypedStorage:
        return typed(elements.view(np.uint8), self.dtype)

    def type(self, dtype: Any = None) -> str:
        """The name that a typed storage had of old: ``torch.FloatStorage``."""
        return "torch." + self.pickle_storage_type()

    def pickle_storage_type(self) -> str:
        """``FloatStorage`` and its like: what checkpoints name the elements by."""
        return types.scalar_name(self.dtype) + "Storage"

    def untyped(self) -> UntypedStorage:
        """The same memory as bytes."""
        return of_memory(self._elements.view(np.uint8))

    @property
    def _untyped_storage(self) -> UntypedStorage:
        return self.untyped()

    def clone(self) -> TypedStorage:
        """A copy of the memory."""
        return self._typed(self._elements.copy())

    def get_device(self) -> None:
        """None: the CPU has no number."""

    def resizable(self) -> bool:
        """False, as ``resize_`` says."""
        return False


def _conversion(name: str, dtype: types.dtype) -> Any:
    def convert(self: TypedStorage) -> TypedStorage:
        return self if self.dtype is dtype else typed(self._elements.astype(dtype.np).view(np.uint8), dtype)

    convert.__name__, convert.__qualname__ = name, f"TypedStorage.{name}"
    convert.__doc__ = f"The elements as {dtype}."
    return convert


for _name, _dtype in {
    "double": types.float64, "float": types.float32, "half": types.float16, "long": types.int64, "int": types.int32,
    "short": types.int16, "char": types.int8, "byte": types.uint8, "bool": types.bool_,
    "complex_double": types.complex128, "complex_float": types.complex64,
}.items():  # fmt: skip
    setattr(TypedStorage, _name, _conversion(_name, _dtype))


class _OldType(type):
    """The class of ``FloatStorage`` and its kind, whose objects are typed storages of one dtype."""

    dtype: types.dtype

    def __call__(cls, source: Any = 0, *, device: Any = None) -> TypedStorage:
        return TypedStorage(source, dtype=cls.dtype, device=device)

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, TypedStorage) and instance.dtype is cls.dtype

    def __repr__(cls) -> str:
        return f"<class 'torch.{cls.__name__}'>"

    def from_file(cls, filename: Any, shared: bool = False, size: int = 0) -> TypedStorage:
        """The first ``size`` elements of a file, as memory: written through if ``shared``, else the file stays as it is."""
        dtype = cls.dtype
        return typed(_memory_of_file(filename, shared, size, dtype.np), dtype)

    def from_buffer(cls, buffer: Any, byte_order: str = "native", count: int = -1, offset: int = 0) -> TypedStorage:
        """A copy of the elements that lie in a buffer, written in ``native``, ``little`` or ``big`` order of bytes.

        Raises:
            ValueError: for another order.
        """
        orders: dict[str, Any] = {"native": "=", "little": "<", "big": ">"}
        if byte_order not in orders:
            raise errors.value(
                f"invalid byte_order '{byte_order}' (expected 'big' or 'little' or 'native')",
                "Write byte_order='little'.",
            )
        read = np.frombuffer(buffer, cls.dtype.np.newbyteorder(orders[byte_order]), count, offset)
        return typed(read.astype(cls.dtype.np).view(np.uint8), cls.dtype)


#: ``torch.FloatStorage`` and its kind, by name.
OLD_TYPES = {
    types.scalar_name(t) + "Storage": _OldType(
        types.scalar_name(t) + "Storage", (), {"dtype": t, "__module__": "torch", "__doc__": f"Typed storages of {t}."}
    )
    for t in (
        types.bool_, types.uint8, types.int8, types.int16, types.int32, types.int64, types.float16, types.bfloat16, types.float32,
        types.float64, types.complex64, types.complex128,
    )
}  # fmt: skip
globals().update(OLD_TYPES)
Storage = OLD_TYPES["FloatStorage"]


def shared_memory(a: ndarray[Any, Any]) -> Any:
    """The ``multiprocessing.RawArray`` that an array lies in, or None."""
    holder = root_array(a).base
    return holder if hasattr(holder, "_wrapper") else None


def of_memory(memory: ndarray[Any, Any], new: UntypedStorage | None = None) -> UntypedStorage:
    """The storage of some bytes, the same object as long as somebody holds it; else ``new`` or one made now."""
    key = (address(memory), memory.size)
    found = _held.get(key)
    if found is None:
        found = object.__new__(UntypedStorage) if new is None else new
        found._elements = memory
        if memory.size:
            _held[key] = found
    return found


def elements_of(memory: ndarray[Any, Any], dtype: types.dtype) -> ndarray[Any, Any]:
    """The same bytes as elements; what does not fill an element is left out."""
    return memory[: memory.size // dtype.itemsize * dtype.itemsize].view(dtype.np)


def typed(memory: ndarray[Any, Any], dtype: types.dtype, new: TypedStorage | None = None) -> TypedStorage:
    """The typed storage of some bytes, in an object that was made before or a new one."""
    new = object.__new__(TypedStorage) if new is None else new
    new._elements, new.dtype = elements_of(memory, dtype), dtype
    return new


_said: list[bool] = []


def warn_of_old() -> None:
    """PyTorch's warning that typed storages will go, once in a process."""
    if not _said:
        _said.append(True)
        errors.warn(
            "TypedStorage is deprecated. It will be removed in the future and UntypedStorage will be the only storage class. "
            "This should only matter to you if you are using storages directly.  To access UntypedStorage directly, use "
            "tensor.untyped_storage() instead of tensor.storage()",
            UserWarning,
            stacklevel=3,
        )


def _memory_of_file(filename: Any, shared: Any, size: int, kind: Any) -> ndarray[Any, Any]:
    """``size`` elements of the NumPy dtype ``kind`` that are a file's memory: written through if ``shared``."""
    needed = size * np.dtype(kind).itemsize
    try:
        if shared:
            with open(filename, "ab") as file:
                if file.tell() < needed:
                    file.truncate(needed)
        have = os.path.getsize(filename)
    except OSError as error:
        raise errors.runtime(
            f"unable to open file <{filename}> in {'read-write' if shared else 'read-only'} mode: {error.strerror} ({error.errno})"
        ) from None
    if have < needed:
        raise errors.runtime(f"file <{filename}> size <{have}> is smaller than the required mapping size <{needed}>")
    if not size:
        return np.empty(0, kind)
    return np.asarray(np.memmap(filename, kind, "r+" if shared else "c", shape=(size,)))


def from_file(
    filename: str, shared: bool | None = None, size: int = 0, *, dtype: Any = None, layout: Any = None, device: Any = None,
    pin_memory: bool = False,
) -> Any:  # fmt: skip
    """A tensor of one dimension whose memory is a file's: written through if ``shared``, else the file stays as it is.

    A shared file is made, or made longer, if it is too short.

    Raises:
        RuntimeError: if there is no such file, or it is too short.
    """
    types.check_device(device)
    kind = types.get_default_dtype() if dtype is None else dtype
    return wrap(_memory_of_file(filename, shared, size, kind.np))
