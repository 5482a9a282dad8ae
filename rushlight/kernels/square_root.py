"""float32 square roots as PyTorch's ``sqrt`` rounds them, which is not the nearest number in one case of five.

The library behind PyTorch's ``sqrt`` does not use the processor's square root but its 13-bit estimate of ``1 / sqrt(x)``
(the instruction rsqrtps) and Newton's step, twice, without fused operations. Adam and its kin divide by such roots, so that
nothing that they train has PyTorch's digits without them. The estimate differs from one make of processors to another, and
PyTorch's digits with it; here it is that of AMD's Zen 3, on every processor, measured by executing the instruction for all
mantissas. It is constant over the 2048 numbers whose leading 12 digits agree.

The order of the steps was found by trying them against PyTorch 2.13 until every bit agreed. Arrays above ``_MOST`` numbers get
the rounded root: for them the steps would take ten times as long.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from .elementwise import instruction

Array = np.ndarray[Any, Any]
_F = np.float32
_MOST = 1 << 16
_HALF = np.array(0.5, _F)
# Of numbers read as bits: 1.0, what lies within two octaves, the shifts to a block and to the octaves, the least normal number.
_ONE, _TWO_OCTAVES = np.array(0x3F800000, np.int32), np.array(0xFFFFFF, np.int32)
_BLOCK, _OCTAVES, _DIGITS = (np.array(shift, np.int32) for shift in (11, 24, 23))
_LEAST_NORMAL, _NORMALS = np.array(0x00800000, np.int32), np.array(0x7F800000 - 0x00800000, np.uint32)

# By how much the estimate falls from one block of mantissas to the next, from [1, 1 + 2**-12) up to 4, in units of 2**-13.
_FALL = (
    "c-q~TjgG=F41=A#|3ja22e<V%n51ceF{PeAr=prfM1DW`E21*jB0gT6yjP>+-=FD(eZ}8h!TY$@XtWysYK>sN?-wUiXf^!R8o_++>!t4Bp=SBr8W"
    "w+%-MZSx;=EZO>+*cw*9hjL{SJ?&Otg}Gwg$^fd5NKMnD6HCT^HWXRp(I~BcJ87eUoRx9WBoMZv8Lo;}~d=e00BP9>tUA`*G=Pe+N%STsnI{TbG`"
    "<p4QLIlasX?K7uEC1oOS0jAl93O7g76;{3>e7A0p-J$M%8bn%yXH>VoGem0LUn`goL#w6kOy?k`O(VOQ`B<Cl5XC7SdXY*}7a9H_(3bZeNIT+40N"
    "S@6jxgQSe=jG{sfxSOb*B%z{jpTeZpWQFoZ~4c1a9e&he_H<Z{jB>3`GgPv"
)


@functools.cache
def reciprocal_roots() -> Array:
    """The estimates of ``1 / sqrt(x)`` for x from 1 to 4."""
    import base64
    import zlib

    fall = np.frombuffer(zlib.decompress(base64.b85decode(_FALL)), np.uint8)
    first = 8191
    return (np.concatenate(([first], first - np.cumsum(fall, dtype=np.int64))) / 8192).astype(_F)


@instruction("sqrt")
def sqrt(x: Array) -> Array:
    """The square root of a float32 array."""
    if x.size > _MOST:
        return np.sqrt(x)
    bits = (x if x.ndim else x.reshape(1)).view(np.int32)
    above = bits - _ONE
    part = above & _TWO_OCTAVES  # of x divided by a power of 4, in [1, 4)
    r = reciprocal_roots().take(part >> _BLOCK)
    part += _ONE
    a = part.view(_F)
    root = a * r
    step = a * _HALF
    step *= r
    step *= r
    np.subtract(_HALF, step, out=step)
    root += root * step
    step *= r
    r += step
    r *= _HALF
    a = a - root * root
    a *= r
    root += a
    above >>= _OCTAVES
    above <<= _DIGITS
    above += root.view(np.int32)
    out = above.view(_F)
    usual = (bits - _LEAST_NORMAL).view(np.uint32) < _NORMALS
    if not usual.all():
        out = np.where(usual, out, np.sqrt(x))
    return out if x.ndim else out.reshape(())
