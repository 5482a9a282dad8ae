"""Prove that the float32 Box-Muller needs no FMA emulation: try every uniform there is (2^24), every step.

``rushlight.random.normal._fma`` rounds twice, to float64 and then to float32. Here each of its results is compared
with the correctly rounded one. Takes some ten seconds; run by hand after a change to the transform:  python
parity/check_box_muller.py
"""

import numpy as np

from rushlight.random import normal
from rushlight.random.fma import round_to_odd, two_sum

wrong = 0
two_roundings = normal._fma


def compared(x, y, c, wide):
    global wrong
    exact = np.multiply(x, y, dtype=np.float64)  # of float32, so without rounding
    once = round_to_odd(*two_sum(exact, np.asarray(c, np.float64))).astype(np.float32)
    twice = two_roundings(x, y, c, wide)
    wrong += int((once.view(np.int32) != twice.view(np.int32)).sum())
    return once


if __name__ == "__main__":
    normal._fma = compared
    for start in range(0, 1 << 24, 1 << 18):
        uniforms = np.arange(start, start + (1 << 18), dtype=np.int32).astype(np.float32) * np.float32(2.0**-24)
        normal._radius(uniforms)
        normal._cos_sin(uniforms)
    print(f"{wrong} of all steps of 2^24 uniforms round differently")
