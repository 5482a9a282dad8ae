"""The Mersenne Twister stream behind every random number, and PyTorch's ``Generator`` around it.

PyTorch's CPU generator is MT19937 plus one cached normal. NumPy ships the same recurrence, so the words come from its
bit generator, one *block* of 624 at a time: ``_block`` holds the words of the current block, ``_pos`` how many of
them are used. NumPy's key array is then always the key of the current block, which is what ``get_state`` has to write
down.

Only the words agree with NumPy. The floats made of them do not: PyTorch keeps the *low* 24 (or 53) bits of a draw.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from threading import RLock
from typing import Any

import numpy as np

from rushlight import types

Array = np.ndarray[Any, Any]

WORDS = 624
DEFAULT_SEED = 67280421310721
STATE_BYTES = 5056

MASK24 = np.uint32((1 << 24) - 1)
MASK53 = np.uint64((1 << 53) - 1)
SCALE24 = np.float32(2.0**-24)
SCALE53 = 2.0**-53

#: Long fills go through pieces of this many words, so that the temporaries stay in the cache.
CHUNK = 32 * WORDS

# Where the 5056 bytes of a state keep what; little endian, see ``get_state_array``.
_STATE = np.dtype(
    {
        "names": ["seed", "left", "seeded", "next", "key", "normal", "has_normal"],
        "formats": ["<u8", "<i4", "<i4", "<u8", ("<u8", (WORDS,)), "<f8", "<i4"],
        "offsets": [0, 8, 12, 16, 24, 5024, 5040],
        "itemsize": STATE_BYTES,
    }
)


class MT19937:
    """Words of the stream, the uniforms made of them, and the cached normal.

    ``next_normal`` is the second half of the last Box-Muller pair (a standard normal, float64), or None. Every draw
    advances the stream exactly as far as PyTorch's would. Draws are not locked: the samplers hold ``lock`` around a
    fill.
    """

    __slots__ = ("lock", "next_normal", "_seed", "_bits", "_reseed", "_block", "_pos", "_fresh", "_memory", "_turn")

    def __init__(self, seed: int) -> None:
        self.lock: RLock = RLock()
        self._bits: Any = None
        self._memory: Array | None = None
        self.reset(seed)

    def reset(self, seed: int) -> None:
        """Start the stream of ``seed``, a number below 2^64, of which the low 32 bits choose the stream."""
        self._seed = seed
        self._fresh = True  # nothing drawn since seeding: PyTorch then writes next = 0 into the state, not 624
        self._pos = WORDS
        self.next_normal: float | None = None
        if self._bits is not None:
            self._reseed(seed & 0xFFFFFFFF)

    def _start(self) -> None:
        """numpy.random costs milliseconds to import, so it waits for the first draw."""
        self._bits = np.random.MT19937(0)
        self._reseed = np.random.RandomState(self._bits).seed  # the classic initialisation by one 32-bit number
        self._reseed(self._seed & 0xFFFFFFFF)

    # -- words ----------------------------------------------------------------------------------------------------
    def u32(self, n: int) -> Array:
        """The next ``n`` words (uint32). The result may be a read-only view: make something new of it."""
        start = self._pos
        end = start + n
        if end <= WORDS:
            self._pos = end
            return self._block[start:end] if n else np.empty(0, np.uint32)
        return self._u32_across(n)

    def _u32_across(self, n: int) -> Array:
        if self._bits is None:
            self._start()
        self._fresh = False
        out = np.empty(n, np.uint32)
        done = WORDS - self._pos
        if done:
            out[:done] = self._block[self._pos :]
        whole = done + (n - done) // WORDS * WORDS
        if whole > done:
            out[done:whole] = self._bits.random_raw(whole - done)
        self._pos = WORDS  # a block that ends exactly here is used up: the twist waits for the next request
        if n > whole:
            self._next_block()
            self._pos = n - whole
            out[whole:] = self._block[: n - whole]
        return out

    def _next_block(self) -> None:
        self._block = self._bits.random_raw(WORDS).astype(np.uint32)
        self._block.flags.writeable = False

    def u64(self, n: int) -> Array:
        """``n`` draws of two words each (uint64); the first word is the high half."""
        words = self.u32(2 * n)
        out = words[0::2].astype(np.uint64)
        out <<= np.uint64(32)
        out |= words[1::2]
        return out

    # -- shared with machine code (``streams``) -------------------------------------------------------------------
    def shared(self, n: int) -> tuple[Array, Array, Array, int] | None:
        """For drawing ``n`` words: NumPy's memory of the key, which then moves on; the word that says whose turn it is; room for the
        tempered block; the position. None if NumPy keeps its key otherwise than it used to."""
        if self._memory is None and not self._share():
            return None
        assert self._memory is not None
        block = np.empty(WORDS, np.uint32) if self._pos + n > WORDS else self._memory
        return self._turn, self._memory, block, self._pos

    def _share(self) -> bool:
        import ctypes

        if self._bits is None:
            self._start()
        memory = (ctypes.c_uint32 * WORDS).from_address(self._bits.ctypes.state_address)
        found = np.frombuffer(memory, np.uint32)
        if not np.array_equal(found, self._bits.state["state"]["key"]):
            return False
        self._memory, self._turn = found, np.zeros(2, np.int64)
        return True

    def moved(self, n: int, block: Array) -> None:
        """``n`` words were drawn by machine code; ``block`` is the current block if a new one has begun."""
        end = self._pos + n
        self.moved_to((end - 1) % WORDS + 1 if end > WORDS else end, block if end > WORDS else None)

    def moved_to(self, position: int, block: Array | None) -> None:
        """The same by the position, and the new block if there is one."""
        if block is not None:
            self._block, self._fresh = block, False
        self._pos = position

    # -- uniforms on [0, 1) ---------------------------------------------------------------------------------------
    def r32(self, n: int) -> Array:
        """``n`` float32 uniforms: the low 24 bits of one word each, times 2^-24."""
        out = (
            (self.u32(n) & MASK24).view(np.int32).astype(np.float32)
        )  # int32: that cast is vectorised, uint32's is not
        out *= SCALE24
        return out

    def r64(self, n: int) -> Array:
        """``n`` float64 uniforms: the low 53 bits of two words each, times 2^-53."""
        bits = self.u64(n)
        bits &= MASK53
        out = bits.view(np.int64).astype(np.float64)
        out *= SCALE53
        return out

    def few_r64(self, n: int) -> list[float]:
        """``r64`` as Python floats, quicker for a handful."""
        words = self.u32(2 * n).tolist()
        return [((words[i] & 0x1FFFFF) << 32 | words[i + 1]) * SCALE53 for i in range(0, 2 * n, 2)]

    def iter_r64(self) -> Iterator[float]:
        """The same uniforms one at a time as Python floats, for samplers that reject; only those taken count."""
        batch = 8
        while True:
            pairs = min((WORDS - self._pos) // 2, batch)
            batch = WORDS
            if pairs == 0:  # the pair straddles two blocks, or a new block is due
                yield self.few_r64(1)[0]
                continue
            start = self._pos
            values = self.r64(pairs).tolist()
            self._pos = start
            for value in values:
                self._pos += 2
                yield value

    # -- the state as bytes ---------------------------------------------------------------------------------------
    def get_state_array(self) -> Array:
        """The state as PyTorch's 5056 bytes (uint8).

        ====== ======== ===================================================================
        offset type     content
        ====== ======== ===================================================================
        0      u64      initial seed
        8      i32      left = 625 - pos, words left in the block plus one
        12     i32      1 (seeded)
        16     u64      next = pos, but 0 directly after seeding
        24     u64 x624 the key, each word in 64 bits
        5024   f64, i32 the cached normal, and at 5040 whether there is one
        ====== ======== ===================================================================

        The rest is zero (fields that the CPU generator no longer uses, and padding).
        """
        with self.lock:
            if self._bits is None:
                self._start()
            out = np.zeros(STATE_BYTES, np.uint8)
            record = out.view(_STATE)
            record["seed"] = self._seed
            record["left"] = WORDS + 1 - self._pos
            record["seeded"] = 1
            record["next"] = 0 if self._fresh else self._pos
            record["key"] = self._bits.state["state"]["key"]
            if self.next_normal is not None:
                record["normal"] = self.next_normal
                record["has_normal"] = 1
            return out

    def set_state_array(self, state: Array) -> None:
        """Continue from a state that ``get_state_array`` (or PyTorch's ``get_state``) returned.

        Raises:
            TypeError: if ``state`` is not uint8.
            RuntimeError: if its size is not 5056 or it is not the state of a seeded generator.
        """
        if state.dtype != np.uint8:
            raise TypeError("RNG state must be a torch.ByteTensor")
        if state.size != STATE_BYTES:
            raise RuntimeError(
                f"Expected a CPUGeneratorImplState of size {STATE_BYTES} but found the input RNG state size to be "
                f"{state.size}"
            )
        record = np.ascontiguousarray(state).reshape(-1).view(_STATE)[0]
        left, following = int(record["left"]), int(record["next"])
        if record["seeded"] != 1 or not 0 < left <= WORDS or following > WORDS:
            raise RuntimeError("Invalid mt19937 state: pass what get_state() returned")
        with self.lock:
            if self._bits is None:
                self._start()
            key = record["key"].astype(np.uint32)
            self._bits.state = {"bit_generator": "MT19937", "state": {"key": key, "pos": 0}}
            self._next_block()
            self._seed = int(record["seed"])
            self._pos = WORDS + 1 - left
            self._fresh = left == 1 and following == 0
            self.next_normal = float(record["normal"]) if record["has_normal"] else None


class Generator(MT19937):
    """A stream of random numbers: ``Generator(device="cpu")``, seeded with 67280421310721 until ``manual_seed``.

    Raises:
        RuntimeError: for a device other than the CPU.
    """

    __slots__ = ("__weakref__",)

    def __init__(self, device: Any = "cpu") -> None:
        where = device if isinstance(device, types.device) else types.device(device)
        if where.type != "cpu":
            raise RuntimeError(
                f"Cannot get {where.type.upper()} generator without ATen_{where.type} library.\n\n"
                "Rushlight computes on the CPU: write torch.Generator(device='cpu') or torch.Generator()."
            )
        super().__init__(DEFAULT_SEED)

    @property
    def device(self) -> types.device:
        return types.CPU

    def manual_seed(self, seed: int) -> Generator:
        """Restart the stream; ``-2^63 <= seed < 2^64``, negative seeds count from 2^64. Returns the generator.

        Raises:
            RuntimeError: if ``seed`` is not an int.
            ValueError: if it does not fit in 64 bits.
        """
        if not isinstance(seed, int | np.integer) or isinstance(seed, bool):
            raise RuntimeError(
                f"manual_seed expected a long, but got {type(seed).__name__}\n\nWrite manual_seed(int(...))."
            )
        if not -(2**63) <= seed < 2**64:
            raise ValueError(f"Overflow when unpacking long long\n\nA seed fits in 64 bits, {seed} does not.")
        with self.lock:
            self.reset(int(seed) % 2**64)
        return self

    def seed(self) -> int:
        """Restart the stream from a seed of the operating system's, and return that seed."""
        seed = int.from_bytes(os.urandom(8), "little")
        self.manual_seed(seed)
        return seed

    def initial_seed(self) -> int:
        """The seed that the stream started from."""
        return self._seed


def _unpredictable() -> Generator:
    generator = Generator()
    generator.seed()
    return generator


#: The generator that samplers use when none is given; its first seed differs from run to run.
default_generator: Generator = _unpredictable()
