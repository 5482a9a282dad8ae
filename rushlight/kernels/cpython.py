"""What compiled code knows of CPython and NumPy: fields of their structs, slots, and how a C function becomes a Python one."""

from __future__ import annotations

import ctypes
import functools
from typing import Any

import numpy as np

#: Fields of PyObject and of NumPy's PyArrayObject_fields, 64-bit.
TYPE, DATA, ND, DIMS, STRIDES, DESCR, FLAGS = 8, 16, 24, 32, 40, 56, 64

CONTIGUOUS, ALIGNED, WRITABLE = 0x1, 0x100, 0x400  # in FLAGS

METH_O, METH_FASTCALL = 0x8, 0x80
PY_TP_ITERNEXT, PY_TP_NEW = 63, 65  # numbers of PyType_GetSlot
NEW_ARRAY, SET_BASE = 93, 282  # PyArray_New and PyArray_SetBaseObject in NumPy's table of functions


def type_slot(cls: type, number: int) -> int:
    """The C function in a slot of a type."""
    get = ctypes.pythonapi.PyType_GetSlot
    get.restype, get.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_int]
    return int(get(cls, number))


def numpy_function(number: int) -> int:
    """A function of NumPy's C API."""
    capsule: Any = np._core.multiarray._ARRAY_API  # type: ignore[attr-defined]
    get = ctypes.pythonapi.PyCapsule_GetPointer
    get.restype, get.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    table = get(capsule, None)
    return ctypes.c_void_p.from_address(table + 8 * number).value or 0


def slot_offset(cls: type, name: str) -> int:
    """Where in an instance a ``__slots__`` entry lies: the offset in its PyMemberDef."""
    descriptor = id(vars(cls)[name])
    member = ctypes.c_void_p.from_address(descriptor + 40).value  # after PyDescr_COMMON
    return ctypes.c_ssize_t.from_address(member + 16).value  # type: ignore[operator]


class MethodDef(ctypes.Structure):
    """CPython's PyMethodDef."""

    _fields_ = [
        ("name", ctypes.c_char_p),
        ("function", ctypes.c_void_p),
        ("flags", ctypes.c_int),
        ("doc", ctypes.c_char_p),
    ]


class MemoryHandler(ctypes.Structure):
    """NumPy's PyDataMem_Handler: a name, a version, then the functions with what is passed to each."""

    _fields_ = [
        ("name", ctypes.c_char * 127),
        ("version", ctypes.c_uint8),
        ("state", ctypes.c_void_p),
        ("malloc", ctypes.c_void_p),
        ("calloc", ctypes.c_void_p),
        ("realloc", ctypes.c_void_p),
        ("free", ctypes.c_void_p),
    ]


def lasting(definition: MethodDef) -> int:
    """The address of a definition, which is never freed: the functions that point to it may be the last to go when Python ends, after all
    modules and what they hold."""
    keep = ctypes.pythonapi.Py_IncRef
    keep.restype, keep.argtypes = None, [ctypes.py_object]
    keep(definition)
    return ctypes.addressof(definition)


def method(cls: type, engine: Any, name: str) -> Any:
    """A method of one argument, as a descriptor for ``cls``, around a compiled function of its name."""
    doc = f"{name}($self, other, /)\n--\n\nThe operator of a tensor and a tensor or a number."
    definition = MethodDef(name.encode(), engine[name], METH_O, doc.encode())
    make = ctypes.pythonapi.PyDescr_NewMethod
    make.restype, make.argtypes = ctypes.py_object, [ctypes.py_object, ctypes.c_void_p]
    return make(cls, lasting(definition))


def function(engine: Any, symbol: str, this: Any) -> Any:
    """A function of any number of arguments around a compiled METH_FASTCALL function, which is given ``this`` before them."""
    definition = MethodDef(symbol.encode(), engine[symbol], METH_FASTCALL, None)
    make = ctypes.pythonapi.PyCFunction_NewEx
    make.restype, make.argtypes = ctypes.py_object, [ctypes.c_void_p, ctypes.py_object, ctypes.c_void_p]
    return make(lasting(definition), this, None)


@functools.cache
def trusted() -> bool:
    """Whether the fields of NumPy's arrays lie where compiled code looks for them: asked of some arrays that differ in all of them."""
    a = np.arange(6, dtype=np.float32).reshape(2, 3)
    frozen = np.ones(4)
    frozen.flags.writeable = False
    tried: list[np.ndarray[Any, Any]] = [a, a.T, a[:, 1:], frozen, np.zeros((), np.int64), np.zeros((1, 2, 3), bool)]
    return all(map(_has_known_fields, tried))


_word = ctypes.c_size_t.from_address


def address(a: np.ndarray[Any, Any]) -> int:
    """Where the first element of an array lies. NumPy's own way to say so makes a dict of everything else too, ten times as slow."""
    return _word(id(a) + DATA).value if trusted() else a.__array_interface__["data"][0]  # type: ignore[no-any-return]


def _has_known_fields(a: np.ndarray[Any, Any]) -> bool:
    def word(offset: int, kind: Any = ctypes.c_void_p) -> Any:
        return kind.from_address(id(a) + offset).value

    flags = CONTIGUOUS * a.flags.c_contiguous | ALIGNED * a.flags.aligned | WRITABLE * a.flags.writeable
    known = (
        word(TYPE) == id(np.ndarray)
        and word(DATA) == a.ctypes.data
        and word(ND, ctypes.c_int) == a.ndim
        and word(DESCR) == id(a.dtype)
        and word(FLAGS, ctypes.c_int) & (CONTIGUOUS | ALIGNED | WRITABLE) == flags
    )
    lists = [(DIMS, a.shape), (STRIDES, a.strides)] if known and a.ndim else []
    return known and all(tuple((ctypes.c_ssize_t * a.ndim).from_address(word(at))) == value for at, value in lists)
