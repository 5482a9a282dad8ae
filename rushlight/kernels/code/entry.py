"""What Python calls when it calls a kernel: the arguments are checked and converted, then the work is done by one thread or all.

Two functions serve all kernels, ``run`` those that are told their size and ``run_elementwise`` those whose arrays tell it. What a kernel
takes is said by the bytes object that is its ``self`` (``kernel._described``): words at the places that are named here.
"""

from __future__ import annotations

from ..cpython import ALIGNED, CONTIGUOUS, DATA, DESCR, DIMS, FLAGS, ND, TYPE, WRITABLE
from ..emit import F64, I32, I64, pointer_to
from ..language import External
from ..words import address, call, copy, f32, f64, i32, i64, maximum, pointer, stack, strided
from .pool import WORKERS

HEADER = bytes.__basicsize__ - 1  # what a bytes object has before its content
#: Words of a description: objects, then what is called, then what is known of the kernel.
(
    NDARRAY, INT, FLOAT, TRUE, FALSE, NONE,
    POOL, DISPATCH, BODY,
    COUNT,  # of parameters
    GRAIN, ALONE,  # elements of a chunk at the least, and those up to which one thread does all
    LIKE, NUMBER, LIMIT,  # for a result that is not given: parameter that it is like, or -1; its dtype's number, what its size is below
    PARAMETERS,
) = range(16)  # fmt: skip
#: Words of each parameter: what it is, and of an array its dtype, the flags it needs, the bytes of an element.
WHAT, DTYPE, NEEDED, ITEM, WIDTH = range(5)
A_WHOLE_NUMBER, A_DOUBLE, A_SINGLE, AN_ARRAY, AN_ARRAY_OR_NONE = range(5)
MOST = 64  # parameters

to_long = External("PyLong_AsLongLongAndOverflow", I64, pointer_to(I64), pointer_to(I32))
to_double = External("PyFloat_AsDouble", F64, pointer_to(I64))
let_others_run = External("PyEval_SaveThread", I64)
go_on = External("PyEval_RestoreThread", None, I64)
keep = External("Py_IncRef", None, I64)
release = External("Py_DecRef", None, I64)
new_array = External("new_array", I64, I64, I32, I64, I32, I64, I64, I32, I32, I64)


def whole_number(slot, thing, d):
    """An int as 64 bits; whether it is one and has so many."""
    fits = thing[TYPE // 8] == d[INT]
    if fits:
        beyond = stack(i32, 1)
        slot[0] = to_long(thing, beyond)
        fits = beyond[0] == 0
    return fits


def argument(slot, thing, p, d):
    """What a parameter (``p``) makes of an argument, into its slot; whether it is what the parameter says."""
    what = p[WHAT]
    fits = False
    if what >= AN_ARRAY:
        slot[0] = i64(0)
        if thing[TYPE // 8] == d[NDARRAY]:
            slot[0] = thing[DATA // 8]
            fits = (thing[DESCR // 8] == p[DTYPE]) and has_flags(thing, p[NEEDED])
        else:
            fits = (what == AN_ARRAY_OR_NONE) and (address(thing) == d[NONE])
    else:
        if what == A_WHOLE_NUMBER:
            fits = whole_number(slot, thing, d)
        else:
            if thing[TYPE // 8] == d[FLOAT]:
                fits = True
                value = to_double(thing)
                if what == A_DOUBLE:
                    pointer(f64, slot)[0] = value
                else:
                    pointer(f32, slot)[0] = f32(value)
    return fits


def has_flags(thing, needed):
    return i64(pointer(i32, thing)[FLAGS // 4]) & needed == needed


def work(d, slots, size, grain, alone):
    """One chunk at once, more by the pool, without the interpreter's lock."""
    if size <= alone:
        call(d[BODY], i64(0), size, slots)
    else:
        state = let_others_run()
        call(d[DISPATCH], pointer(i64, d[POOL]), d[BODY], slots, size, grain)
        go_on(state)


def run(this: strided[i64], given: strided[i64], count: i64) -> i64:
    """``kernel(size, grain, *arguments)``: True, or False if something is refused."""
    d = this + HEADER // 8
    slots = stack(i64, MOST)
    sizes = stack(i64, 2)
    fits = count == d[COUNT] + 2
    if fits:
        for i in range(2):
            if fits:
                fits = whole_number(sizes + i, pointer(i64, given[i]), d)
        i = i64(0)
        while (i < d[COUNT]) and fits:
            fits = argument(slots + i, pointer(i64, given[i + 2]), d + (PARAMETERS + i * WIDTH), d)
            i += 1
    answer = d[FALSE]
    if fits:
        work(d, slots, sizes[0], sizes[1], sizes[1])
        answer = d[TRUE]
    keep(answer)
    return answer


def elements(array):
    """How many elements an ndarray has."""
    dims = pointer(i64, array[DIMS // 8])
    size = i64(1)
    for i in range(i64(pointer(i32, array)[ND // 4])):
        size *= dims[i]
    return size


def apart(a, b, size, a_item, b_item):
    """Whether two addresses of ``size`` elements of so many bytes are the same or their memory does not overlap."""
    away = a - b
    return (away == 0) or (away >= size * b_item) or (away <= 0 - size * a_item)


def all_apart(slots, d, size):
    """Whether nothing that is written overlaps anything but itself."""
    fits = True
    for i in range(d[COUNT]):
        p = d + (PARAMETERS + i * WIDTH)
        if p[NEEDED] & WRITABLE != 0:
            for j in range(d[COUNT]):
                q = d + (PARAMETERS + j * WIDTH)
                if q[WHAT] == AN_ARRAY:
                    fits = fits and apart(slots[i], slots[j], size, p[ITEM], q[ITEM])
    return fits


def size_of_all(slots, given, d):
    """The elements of each array, after all arguments have been converted into their slots; -1 if something does not fit."""
    size = i64(-1)
    fits = True
    i = i64(0)
    while (i < d[COUNT]) and fits:
        p = d + (PARAMETERS + i * WIDTH)
        thing = pointer(i64, given[i])
        fits = argument(slots + i, thing, p, d)
        if fits and (p[WHAT] == AN_ARRAY):
            number = elements(thing)
            fits = (size < 0) or (size == number)
            size = number
        i += 1
    if fits:
        fits = all_apart(slots, d, size)
    if not fits:
        size = -1
    return size


def result_like(array, d):
    """A new array of an array's shape, 0 if there is no memory for it; -1 if it is none to follow."""
    made = i64(-1)
    if array[TYPE // 8] == d[NDARRAY]:
        if has_flags(array, ALIGNED | CONTIGUOUS) and (elements(array) < d[LIMIT]):
            dims, number = array[DIMS // 8], i32(d[NUMBER])
            made = new_array(d[NDARRAY], pointer(i32, array)[ND // 4], dims, number, 0, 0, 0, 0, 0)
    return made


def run_elementwise(this: strided[i64], given: strided[i64], count: i64) -> i64:
    """``kernel(*arguments)``: True, or False if something is refused; without the first array, a new one that is the result."""
    d = this + HEADER // 8
    slots = stack(i64, MOST)
    arguments = stack(i64, MOST)
    made = i64(-1)
    if (count == d[COUNT] - 1) and (d[LIKE] >= 0):
        made = result_like(pointer(i64, given[d[LIKE]]), d)
        arguments[0] = made
        copy(arguments + 1, given, count)
    size = i64(-1)
    if (count == d[COUNT]) or (made > 0):
        all_given = given + 0
        if made > 0:
            all_given = arguments + 0
        size = size_of_all(slots, all_given, d)
    answer = d[FALSE]
    if size >= 0:
        grain = maximum(
            size // (4 * (pointer(i64, d[POOL])[WORKERS] + 1)) & ~63, d[GRAIN]
        )  # whole vectors, whatever they hold
        work(d, slots, size, grain, d[ALONE])
        answer = d[TRUE]
    if made > 0:
        if size >= 0:
            answer = made
        else:
            release(made)
    if (made <= 0) or (size < 0):
        keep(answer)
    if made == 0:
        answer = 0  # NumPy has said why
    return answer
