"""Object files in memory: what a linker does for one file of ours, so that compiled code from the cache runs without LLVM.

Only what LLVM makes of our kernels on x86-64 Linux is understood: 64-bit ELF, six kinds of relocation. Anything else raises
``NotImplementedError``, and LLVM's own loader is used. The memory is never given back: the interpreter and worker threads hold
addresses in it until the process ends.

Source: System V Application Binary Interface, AMD64 Architecture Processor Supplement, chapter 4.
"""

from __future__ import annotations

import ctypes
import mmap
import struct
from collections.abc import Callable

PAGE = 4096
ALLOC, WRITE, EXECUTE = 2, 1, 4  # flags of sections
SYMBOL_TABLE, RELOCATIONS, EMPTY = 2, 4, 8  # types of sections
ABSOLUTE, RELATIVE, CALL, VIA_TABLE = 1, 2, 4, (9, 41, 42)  # types of relocations
UNDEFINED, RESERVED = 0, 0xFF00  # numbers of sections: none; from here on no sections (the source file's name)


class Section:
    type: int
    flags: int
    offset: int
    size: int
    info: int
    align: int
    symbols: int

    __slots__ = ("type", "flags", "offset", "size", "info", "align", "at", "symbols")

    def __init__(self, fields: tuple[int, ...]):
        _, self.type, self.flags, _, self.offset, self.size, self.symbols, self.info, self.align, _ = fields
        self.at: int = -1  # where it lies in the mapping


def load(data: bytes, address_of: Callable[[str], int]) -> dict[str, int]:
    """Put an object file into memory, ready to run; the addresses of its global symbols.

    ``address_of`` gives the address of a symbol that the file does not define.
    """
    if data[:6] != b"\x7fELF\x02\x01" or struct.unpack_from("<HH", data, 16) != (1, 62):
        raise NotImplementedError("objects: not a relocatable file for x86-64")
    (table,) = struct.unpack_from("<Q", data, 40)
    entry, count = struct.unpack_from("<HH", data, 58)
    sections = [Section(struct.unpack_from("<IIQQQQIIQQ", data, table + entry * i)) for i in range(count)]
    symbols = _symbols(data, sections)
    named = [i for i, (name, section, _) in enumerate(symbols) if name and section < RESERVED]
    memory, base, code, constant = _place(data, sections, 16 * len(named))
    places = [base + sections[s].at + value if UNDEFINED < s < RESERVED else 0 for _, s, value in symbols]
    # One entry for each symbol: a jump to it that near calls can reach, and its address.
    entries = {}
    for i, number in enumerate(named):
        at = code - 16 * len(named) + 16 * i
        target = places[number] or address_of(symbols[number][0])
        struct.pack_into("<6sxxQ", memory, at, b"\xff\x25\x02\x00\x00\x00", target)  # jmp [rip + 2]
        entries[number] = base + at
    for section in sections:
        if section.type == RELOCATIONS and sections[section.info].at >= 0:
            _relocate(data, section, sections[section.info].at, base, memory, places, entries)
    _protect(base, 0, code, 5)  # read and execute
    _protect(base, code, constant, 1)  # read
    ctypes.pythonapi.Py_IncRef(
        ctypes.py_object(memory)
    )  # a list would let go of it at exit, while workers may still run
    return {name: place for (name, _, _), place in zip(symbols, places, strict=True) if place and name}


def _symbols(data: bytes, sections: list[Section]) -> list[tuple[str, int, int]]:
    """Name, section and value of each symbol."""
    table = next(s for s in sections if s.type == SYMBOL_TABLE)
    names = sections[table.symbols]
    found = []
    for at in range(table.offset, table.offset + table.size, 24):
        name, _, _, section, value, _ = struct.unpack_from("<IBBHQQ", data, at)
        start = names.offset + name
        text = data[start : data.index(b"\0", start)].decode() if name else ""
        found.append((text, section, value))
    return found


def _place(data: bytes, sections: list[Section], entries: int) -> tuple[mmap.mmap, int, int, int]:
    """A mapping with code and entries for symbols, then constants, then variables, each from a page on."""
    kinds: list[list[Section]] = [[], [], []]
    for section in sections:
        if section.flags & ALLOC and section.type != 0x70000001:  # tables for unwinding are not needed
            kinds[0 if section.flags & EXECUTE else 2 if section.flags & WRITE else 1].append(section)
    end, ends = 0, []
    for i, group in enumerate(kinds):
        for section in group:
            section.at = -(-end // section.align) * section.align if section.align else end
            end = section.at + section.size
        if i == 0:
            end = -(-end // 16) * 16 + entries
        end = -(-end // PAGE) * PAGE
        if i == 0:
            end_of_code = end
        ends.append(end)
    memory = mmap.mmap(-1, max(end, PAGE))
    for section in sections:
        if section.at >= 0 and section.type != EMPTY:
            memory[section.at : section.at + section.size] = data[section.offset : section.offset + section.size]
    base = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    return memory, base, end_of_code, ends[1]


def _relocate(
    data: bytes,
    section: Section,
    target: int,
    base: int,
    memory: mmap.mmap,
    places: list[int],
    entries: dict[int, int],
) -> None:
    """Write addresses into code and data."""
    for at in range(section.offset, section.offset + section.size, 24):
        offset, info, addend = struct.unpack_from("<QQq", data, at)
        kind, symbol = info & 0xFFFFFFFF, info >> 32
        here = target + offset
        if kind == ABSOLUTE and places[symbol]:
            struct.pack_into("<Q", memory, here, places[symbol] + addend)
            continue
        if kind in (RELATIVE, CALL):
            place = places[symbol] or entries[symbol]
        elif kind in VIA_TABLE:
            place = entries[symbol] + 8
        else:
            raise NotImplementedError(f"objects: relocation {kind} is not known")
        struct.pack_into("<i", memory, here, place + addend - (base + here))


def _protect(base: int, start: int, end: int, how: int) -> None:
    if end > start and ctypes.CDLL(None).mprotect(ctypes.c_void_p(base + start), ctypes.c_size_t(end - start), how):
        raise OSError("objects: the memory of the code cannot be made executable")
