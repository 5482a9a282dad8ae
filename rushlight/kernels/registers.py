"""How wide the vectors of machine code are.

Kernels in which a number's digits depend on how many lanes add it up have a fixed width: that of PyTorch's, whose order they follow.
Products of matrices, convolutions and recurrent layers make one chain of fused operations of each number, whatever lane it is in.
Their vectors fill the processor's registers.
"""

from __future__ import annotations

import functools
import os

from .llvm import has

#: ``RUSHLIGHT_VECTOR_BYTES=32`` leaves the wider registers of a processor that has some, to see that all digits stay.
SETTING = "RUSHLIGHT_VECTOR_BYTES"


@functools.cache
def vector_bytes() -> int:
    """Bytes of a vector: 64 where the processor has AVX-512, else 32, which other processors take in two halves."""
    given = os.environ.get(SETTING, "")
    if given not in ("", "32", "64"):
        raise ValueError(f"{SETTING} is 32 or 64, not {given!r}")
    return int(given) if given else 64 if has("avx512f") else 32


def lanes() -> int:
    """float32 numbers of a vector."""
    return vector_bytes() // 4
