"""``torch.save`` and ``torch.load``: PyTorch's checkpoint files, written and read without running what a pickle says.

A checkpoint is a zip archive: ``archive/data.pkl`` holds the structure, ``archive/data/0``, ``1``, ... the memory of the tensors.
The structure is read by an unpickler that knows only the names below; any other name is refused.
"""

from __future__ import annotations

import collections
import contextlib
import importlib
import io
import os
import pickle
import pickletools
import zipfile
from collections.abc import Callable
from types import FunctionType
from typing import Any

import numpy as np

from . import errors, types
from .kernels.cpython import address
from .tensor import Parameter, Tensor, root_array, wrap

_STORAGE_OF = {
    "FloatStorage": types.float32, "DoubleStorage": types.float64, "HalfStorage": types.float16,
    "BFloat16Storage": types.bfloat16, "LongStorage": types.int64, "IntStorage": types.int32, "ShortStorage": types.int16,
    "CharStorage": types.int8, "ByteStorage": types.uint8, "BoolStorage": types.bool_,
    "ComplexFloatStorage": types.complex64, "ComplexDoubleStorage": types.complex128,
}  # fmt: skip
_STORAGE_NAME = {t: n for n, t in _STORAGE_OF.items()}

#: The protocol of the pickle in a checkpoint, and the module that writes and reads it, unless a caller says others.
DEFAULT_PROTOCOL = 2

#: What ``map_location=`` may be, for annotations.
MAP_LOCATION = Callable[[Any, str], Any] | types.device | str | dict[str, str] | None


class _Global:
    """A name in a pickle, without the object: ``module`` and ``name`` are all that is written."""

    def __init__(self, module: str, name: str):
        self.module, self.name = module, name


# --- writing ------------------------------------------------------------------------------------------------------------
class _Pickler(pickle._Pickler):  # type: ignore[name-defined, misc]
    """The pure-Python pickler, since it lets a name be written that does not exist here (``torch._utils...``)."""

    dispatch = dict(pickle._Pickler.dispatch)  # type: ignore[attr-defined]

    def __init__(self, file: Any, protocol: int):
        super().__init__(file, protocol)
        self.storages: list[bytes] = []  # what is written, in order
        self.roots: list[Any] = []  # kept alive, so that no id comes twice
        self.numbers: dict[int, int] = {}

    def persistent_id(self, obj: Any) -> Any:
        return obj.key if isinstance(obj, _Storage) else None

    def save_name(self, obj: _Global) -> None:
        self.write(pickle.GLOBAL + f"{obj.module}\n{obj.name}\n".encode())
        self.memoize(obj)

    dispatch[_Global] = save_name

    def storage(self, t: Tensor) -> Any:
        root = root_array(t._a)
        number = self.numbers.get(id(root))
        if number is None:
            number = self.numbers[id(root)] = len(self.storages)
            self.storages.append(_memory(root))
            self.roots.append(root)
        kind = _name("torch", _STORAGE_NAME[t.dtype])
        return _Storage(("storage", kind, str(number), "cpu", len(self.storages[number]) // t._a.itemsize))

    def reducer_override(self, obj: Any) -> Any:
        return NotImplemented

    def save(self, obj: Any, save_persistent_id: bool = True) -> Any:
        if isinstance(obj, Tensor) and id(obj) not in self.memo:
            return self.save_tensor(obj)
        if isinstance(obj, types.dtype):
            return self.save_name(_name("torch", obj.name))
        if isinstance(obj, types.device):
            return self.save_reduce(_name("torch", "device"), (str(obj),), obj=obj)
        if isinstance(obj, types.Size):
            return self.save_reduce(_name("torch", "Size"), (tuple(obj),), obj=obj)
        if isinstance(obj, (types.layout, types.memory_format)):
            return self.save_name(_name("torch", str(obj).removeprefix("torch.")))
        return super().save(obj, save_persistent_id)

    def save_global(self, obj: Any, name: str | None = None) -> None:
        """A class of ours under the name it has in PyTorch, which reads the file too."""
        if "<locals>" in getattr(obj, "__qualname__", ""):
            raise errors.advised(
                AttributeError(f"Can't pickle local object '{obj.__qualname__}'"),
                "Define it at the top of a module, or save the state_dict.",
            )
        home = _torch_home(obj)
        if home is None:
            super().save_global(obj, name)
        elif id(obj) not in self.memo:
            self.write(pickle.GLOBAL + f"{home}\n{obj.__qualname__}\n".encode())
            self.memoize(obj)
        else:
            self.write(self.get(self.memo[id(obj)][0]))

    dispatch[type] = dispatch[FunctionType] = save_global

    def save_tensor(self, t: Tensor) -> None:
        offset = (address(t._a) - _lowest(root_array(t._a))) // t._a.itemsize
        hooks: Any = collections.OrderedDict()
        args = (self.storage(t), offset, tuple(t._a.shape), tuple(t.stride()), t.requires_grad and t.is_leaf, hooks)
        rebuilt = (_name("torch._utils", "_rebuild_tensor_v2"), args)
        if isinstance(t, Parameter):
            inner = _Reduced(*rebuilt)
            args = (inner, t.requires_grad, hooks)  # type: ignore[assignment]
            rebuilt = (_name("torch._utils", "_rebuild_parameter"), args)
        self.save_reduce(*rebuilt, obj=t)

    def save_reduce(self, func: Any, args: Any, *rest: Any, obj: Any = None, **kwargs: Any) -> None:
        if isinstance(func, _Global):
            self.save(func)
            self.save(args)
            self.write(pickle.REDUCE)
            if obj is not None:
                self.memoize(obj)
            return
        super().save_reduce(func, args, *rest, obj=obj, **kwargs)

    def save_reduced(self, obj: _Reduced) -> None:
        self.save_reduce(obj.func, obj.args)


def _lowest(a: Any) -> int:
    """The lowest address that an array reaches."""
    return address(a) + sum((n - 1) * step for n, step in zip(a.shape, a.strides, strict=True) if step < 0 and n)


def _memory(a: Any) -> bytes:
    """The memory behind an array as it lies, from its lowest byte to its highest: in whatever order its dimensions are."""
    if a.flags.c_contiguous:
        return a.tobytes()  # type: ignore[no-any-return]
    if not a.size:
        return b""
    size = sum((n - 1) * abs(step) for n, step in zip(a.shape, a.strides, strict=True)) + a.itemsize
    corner = a[tuple(slice(-1, None) if step < 0 else slice(0, 1) for step in a.strides)]
    whole = np.lib.stride_tricks.as_strided(corner.view(np.uint8), (size,), (1,))
    return whole.tobytes()  # type: ignore[no-any-return]


class _Storage:
    def __init__(self, key: Any):
        self.key = key


class _Reduced:
    """A call to be written as such."""

    def __init__(self, func: Any, args: Any):
        self.func, self.args = func, args


_Pickler.dispatch[_Reduced] = _Pickler.save_reduced


def _torch_home(obj: Any) -> str | None:
    """The module that PyTorch defines a class or function of ours in."""
    module = getattr(obj, "__module__", None) or ""
    if not isinstance(obj, (type, FunctionType)) or module.partition(".")[0] not in ("rushlight", "torch"):
        return None
    from .compat.paths import CLASS_HOME, torch_path

    if module.startswith("torch"):
        return module
    return (
        torch_path(module)
        if isinstance(obj, FunctionType)
        else CLASS_HOME.get((module.split(".")[1], obj.__qualname__))
    )


def _ours(module: str, name: str) -> Any:
    """What PyTorch's ``module.name`` is here.

    Raises:
        AttributeError: if there is nothing of the kind.
    """
    from .compat.facade import facade
    from .compat.paths import rushlight_path

    try:
        return getattr(facade(module) or importlib.import_module(rushlight_path(module)), name)
    except (AttributeError, ModuleNotFoundError):
        raise AttributeError(f"the checkpoint names {module}.{name}, which Rushlight does not have") from None


_names: dict[tuple[str, str], _Global] = {}


def _name(module: str, name: str) -> _Global:
    return _names.setdefault((module, name), _Global(module, name))


def save(
    obj: Any, f: Any, pickle_module: Any = None, pickle_protocol: int = 2, _use_new_zipfile_serialization: bool = True
) -> None:
    """Write an object with tensors in it to a file, as a checkpoint that PyTorch reads too.

    A file given by name is replaced only when everything is written.

    Raises:
        RuntimeError: if the folder does not exist. AttributeError: for what is no file, or for a local function or class.
    """
    buffer = io.BytesIO()
    pickler = _Pickler(buffer, pickle_protocol)
    pickler.dump(obj)
    if hasattr(f, "write"):
        _write_archive(f, "archive", buffer.getvalue(), pickler.storages)
        return
    if not isinstance(f, (str, os.PathLike)):
        raise AttributeError("expected 'f' to be string, path, or a file-like object with a 'write' attribute")
    path = os.fspath(f)
    folder = os.path.dirname(path)
    if folder and not os.path.isdir(folder):
        raise errors.runtime(
            f"Parent directory {folder} does not exist.", "Create it first: os.makedirs(folder, exist_ok=True)."
        )
    stem = os.path.splitext(os.path.basename(path))[0] or "archive"
    temporary = f"{path}.part"
    try:
        with open(temporary, "wb") as file:
            _write_archive(file, stem, buffer.getvalue(), pickler.storages)
        os.replace(temporary, path)
    finally:
        if os.path.exists(temporary):
            os.remove(temporary)


def _write_archive(file: Any, stem: str, structure: bytes, storages: list[Any]) -> None:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(f"{stem}/data.pkl", structure)
        archive.writestr(f"{stem}/.format_version", "1")
        archive.writestr(f"{stem}/byteorder", "little")
        for number, memory in enumerate(storages):
            archive.writestr(f"{stem}/data/{number}", memory)
        archive.writestr(f"{stem}/version", "3\n")


# --- reading ------------------------------------------------------------------------------------------------------------
def _rebuild_tensor(storage: Any, offset: int, size: Any, stride: Any, requires_grad: bool = False, *_: Any) -> Tensor:
    item = storage.itemsize
    shape = tuple(size)
    last = offset + sum((n - 1) * s for n, s in zip(shape, stride, strict=True)) if 0 not in shape else 0
    if offset < 0 or any(s < 0 for s in stride) or (0 not in shape and last >= storage.size):
        raise errors.runtime("the checkpoint describes a tensor that reaches outside its storage")
    a: Any = np.ndarray(shape, storage.dtype, storage, offset * item, tuple(s * item for s in stride))
    t = wrap(a)
    if requires_grad:
        t.requires_grad_(True)
    return t


def _rebuild_parameter(data: Tensor, requires_grad: bool, *_: Any) -> Parameter:
    return Parameter(data, requires_grad)  # type: ignore[no-any-return]


_ALLOWED: dict[tuple[str, str], Any] = {
    ("torch._utils", "_rebuild_tensor_v2"): _rebuild_tensor,
    ("torch._utils", "_rebuild_parameter"): _rebuild_parameter,
    ("torch", "Size"): types.Size,
    ("torch", "device"): types.device,
    ("collections", "OrderedDict"): collections.OrderedDict,
    ("collections", "defaultdict"): collections.defaultdict,
    ("collections", "Counter"): collections.Counter,
    ("builtins", "set"): set,
    ("builtins", "complex"): complex,
    ("builtins", "bytearray"): bytearray,
    ("builtins", "dict"): dict,
    ("__builtin__", "set"): set,
    ("__builtin__", "complex"): complex,
    ("__builtin__", "bytearray"): bytearray,
    ("_codecs", "encode"): lambda text, encoding="latin1": text.encode(encoding),
}
_ALLOWED.update({("torch", t.name): t for t in types.ALL})
_ALLOWED.update({("torch", n): t for n, t in _STORAGE_OF.items()})
_ALLOWED.update(
    {
        ("torch", str(x).removeprefix("torch.")): x
        for x in (
            types.contiguous_format,
            types.preserve_format,
            types.channels_last,
            types.channels_last_3d,
            types.strided,
        )
    }
)

#: Further classes that ``add_safe_globals`` allows.
_user_allowed: dict[tuple[str, str], Any] = {}


def add_safe_globals(safe_globals: list[Any]) -> None:
    """Let ``load`` build objects of these classes (or functions)."""
    for entry in safe_globals:
        obj, name = entry if isinstance(entry, tuple) else (entry, None)
        name = name or f"{_torch_home(entry) or entry.__module__}.{entry.__qualname__}"
        module, _, attribute = name.rpartition(".")
        _user_allowed[module, attribute] = obj


def get_safe_globals() -> list[Any]:
    """What ``add_safe_globals`` has allowed."""
    return list(_user_allowed.values())


def clear_safe_globals() -> None:
    """Allow nothing further."""
    _user_allowed.clear()


class safe_globals:
    """``with safe_globals([Class]):`` allow these inside only."""

    def __init__(self, safe_globals: list[Any]):
        self.entries = safe_globals

    def __enter__(self) -> None:
        self.before: dict[tuple[str, ...], Any] = dict(_user_allowed)
        add_safe_globals(self.entries)

    def __exit__(self, *exc: object) -> None:
        _user_allowed.clear()
        _user_allowed.update(self.before)


def get_unsafe_globals_in_checkpoint(f: Any) -> list[str]:
    """The names in a checkpoint that ``load`` would refuse; nothing that it says is run."""
    with open(f, "rb") if isinstance(f, (str, os.PathLike)) else contextlib.nullcontext(f) as file:
        archive = zipfile.ZipFile(file)
        main = next(name for name in archive.namelist() if name.endswith("/data.pkl"))
        pickled = archive.read(main)
    found = []
    strings: list[str] = []
    for opcode, argument, _ in pickletools.genops(pickled):
        if opcode.name == "GLOBAL":
            found.append(tuple(argument.split(" ", 1)))
        elif opcode.name == "STACK_GLOBAL":
            found.append((strings[-2], strings[-1]))
        elif isinstance(argument, str):
            strings.append(argument)
    refused = [pair for pair in found if pair not in _ALLOWED and pair not in _user_allowed]
    return [".".join(pair) for pair in dict.fromkeys(refused)]


class _Unpickler(pickle.Unpickler):
    """Builds tensors and plain containers; with ``trusted``, whatever the file names."""

    def __init__(self, file: Any, read_storage: Any, trusted: bool):
        super().__init__(file, encoding="utf-8")
        self.read_storage, self.trusted = read_storage, trusted
        self.map_location: Any = None

    def find_class(self, module: str, name: str) -> Any:
        found = _ALLOWED.get((module, name)) or _user_allowed.get((module, name))
        if found is not None:
            return found
        if self.trusted:
            if module == "torch" or module.startswith("torch."):
                return _ours(module, name)
            return super().find_class(module, name)
        raise pickle.UnpicklingError(
            "Weights only load failed. This file can still be loaded, to do so you have two options, do those steps only if you "
            "trust the source of the checkpoint. \n\t(1) In PyTorch 2.6, we changed the default value of the `weights_only` "
            "argument in `torch.load` from `False` to `True`. Re-running `torch.load` with `weights_only` set to `False` will "
            "likely succeed, but it can result in arbitrary code execution. Do it only if you got the file from a trusted "
            "source.\n\t(2) Alternatively, to load with `weights_only=True` please check the recommended steps in the "
            f"following error message.\n\tWeightsUnpickler error: Unsupported global: GLOBAL {module}.{name} was not an allowed "
            "global by default. Please use `torch.serialization.add_safe_globals` to allowlist this global if you trust it."
        )

    def persistent_load(self, pid: Any) -> Any:
        kind, dtype, key, location, count = pid
        if kind != "storage" or not isinstance(dtype, types.dtype):
            raise pickle.UnpicklingError(f"unknown persistent id {pid!r}")
        memory = self.read_storage(key, dtype, count)
        to = self.map_location
        if callable(to):
            to = to(memory, location)
            if not isinstance(to, (str, types.device)):  # the storage itself, or None for where it was
                return memory
        elif isinstance(to, dict):
            to = to.get(location, location)
        _check_place(str(location if to is None else to))
        return memory


def _check_place(place: str) -> None:
    """Memory is the CPU's only."""
    if place.startswith("cuda"):
        raise errors.runtime(
            "Attempting to deserialize object on a CUDA device but torch.cuda.is_available() is False. If you are running on a "
            "CPU-only machine, please use torch.load with map_location=torch.device('cpu') to map your storages to the CPU."
        )
    if place.partition(":")[0] not in ("cpu", "meta"):
        raise errors.runtime(
            f"don't know how to restore data location of torch.storage.UntypedStorage (tagged with {place})"
        )


def load(
    f: Any, map_location: Any = None, pickle_module: Any = None, *, weights_only: bool | None = None, mmap: bool | None = None,
    **pickle_load_args: Any,
) -> Any:  # fmt: skip
    """Read a checkpoint. Only tensors, numbers and containers are built, unless ``weights_only=False``.

    Args:
        map_location: where tensors saved on another device go: ``"cpu"``, a dict from place to place, or a function of storage
            and place.
        mmap: accepted for files given by name; the file is read all the same.

    Raises:
        FileNotFoundError: if there is no such file. pickle.UnpicklingError: for a name that is not allowed.
        RuntimeError: for a damaged file, or one saved on a GPU without ``map_location``. EOFError: for an empty one.
    """
    if weights_only and pickle_module is not None:
        raise errors.runtime("Can not safely load weights when explicit pickle_module is specified")
    trusted = weights_only is False or (weights_only is None and pickle_module is not None)
    if isinstance(f, (str, os.PathLike)):
        with open(f, "rb") as file:
            return _load(file, trusted, map_location)
    if mmap:
        raise errors.value("f must be a file path in order to use the mmap argument")
    for needed in ("seek", "read"):
        if not hasattr(f, needed):
            raise AttributeError(
                f"{type(f).__name__!r} object has no attribute '{needed}'. You can only torch.load from a file that is seekable. "
                "Please pre-load the data into a buffer like io.BytesIO and try to load from it instead."
            )
    return _load(f, trusted, map_location)


def _load(file: Any, trusted: bool, map_location: Any) -> Any:
    start = file.tell()
    magic = file.read(4)
    file.seek(start)
    if not magic:
        raise errors.advised(EOFError("Ran out of input"), "The file is empty.")
    if magic != b"PK\x03\x04":
        raise NotImplementedError(
            "torch.load: the file is no zip checkpoint (PyTorch 1.6 and later); older formats are not supported: load and save "
            "it once with a current PyTorch."
        )
    try:
        archive = zipfile.ZipFile(file if start == 0 else io.BytesIO(file.read()))
    except zipfile.BadZipFile:
        raise errors.runtime(
            "PytorchStreamReader failed reading zip archive: failed finding central directory. This is an internal miniz error. "
            "If you are seeing this error, there is a high likelihood that your checkpoint file is corrupted."
        ) from None
    with archive:
        return _read_archive(archive, trusted, map_location)


def _read_archive(archive: Any, trusted: bool, map_location: Any) -> Any:
    names = archive.namelist()
    main = next((n for n in names if n.endswith("/data.pkl") and n.count("/") == 1), None)
    if main is None:
        raise errors.runtime("PytorchStreamReader failed locating file data.pkl: file not found")
    stem = main[: -len("data.pkl")]
    if stem + "byteorder" in names and archive.read(stem + "byteorder").strip() == b"big":
        raise NotImplementedError("torch.load: big-endian checkpoints are not supported")
    storages: dict[str, Any] = {}

    def read_storage(key: str, dtype: types.dtype, count: int) -> Any:
        if key not in storages:
            storages[key] = bytearray(archive.read(f"{stem}data/{key}"))
        memory = storages[key]
        if len(memory) < count * dtype.itemsize:
            raise errors.runtime(f"the checkpoint's storage {key} is shorter than it says")
        return np.frombuffer(memory, dtype.np, count)

    unpickler = _Unpickler(io.BytesIO(archive.read(main)), read_storage, trusted)
    unpickler.map_location = map_location
    return unpickler.load()


class PyTorchFileReader:
    """The records of a checkpoint as bytes: ``data.pkl``, ``data/0``, ...

    Raises:
        RuntimeError: if a file is no zip archive, or has no such record.
    """

    def __init__(self, file: Any):
        try:
            self._archive = zipfile.ZipFile(file)
        except zipfile.BadZipFile:
            raise errors.runtime("PytorchStreamReader failed reading zip archive: not a ZIP archive") from None
        self._names = {name.partition("/")[2]: name for name in self._archive.namelist()}

    def get_all_records(self) -> list[str]:
        """Their names."""
        return list(self._names)

    def has_record(self, name: str) -> bool:
        """Whether there is one of this name."""
        return name in self._names

    def get_record(self, name: str) -> bytes:
        """One of them."""
        if name not in self._names:
            raise errors.runtime(f"PytorchStreamReader failed locating file {name}: file not found")
        return self._archive.read(self._names[name])
