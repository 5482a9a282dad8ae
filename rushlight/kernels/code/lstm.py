"""LSTMs over whole sequences: each thread walks all steps of its own sequences, and waits for nobody.

The sums of the gates over the inputs are there already; each step adds those over the states (``gate_products``), then the activations
follow. All is as oneDNN's code for a step does it, from which the constants are (uxlfoundation/oneDNN 3.12,
src/cpu/x64/injectors/jit_uni_eltwise_injector.cpp: exp, logistic and tanh; the order of operations: src/cpu/x64/rnn/).
"""

from __future__ import annotations

import struct

from ..words import (
    absolute,
    bitcast,
    copysign,
    f32,
    floor,
    fma,
    i32,
    i64,
    load,
    one_of_32,
    read,
    select,
    store,
    strided,
    unroll,
    write,
)  # fmt: skip
from .gate_products import PANEL, W, add_panels

# --- functions --------------------------------------------------------------------------------------------------------
LOG2_E, LN2, LEAST = 1.4426950216293335, 0.6931471824645996, -87.3365478515625
#: (exp(r) - 1) / r, the highest power first.
EXP = 0.008289290592074394, 0.04189782217144966, 0.16667652130126953, 0.4999915063381195, 0.9999997019767761
#: tanh(x) of half a power of two each, by a polynomial of degree 6 in what x is beyond its start: float32 numbers' bits, by degrees. Below
#: the first bound it is x, from the second on 1.
TANH_BITS = (
    "00000000 39bfffff 39ffffff 3a3ffffe 3a7ffffb 3abffff7 3affffeb 3b3fffdc 3b7fffab 3bbfff70 3bfffeab 3c3ffdc0 3c7ffaab "
    "3cbff701 3cffeaad 3d3fdc08 3d7faacd 3dbf7081 3dfeacc9 3e3dc7fd 3e7acbf5 3eb77a9f 3eec9a9f 3f22991f 3f42f7d6 3f67b7cc "
    "3f76ca83 3f7ebbe9 3f7fd40c 3f7fff32 3f7ffffc 3f800000",
    "3f800000 3f800018 3f7fffe8 3f7fffda 3f7fffdc 3f7fffdc 3f7fffac 3f7fff70 3f7ffeec 3f7ffdc0 3f7ffbed 3f7ff704 3f7feff5 "
    "3f7fdbca 3f7fbfff 3f7f7041 3f7f009b 3f7dc36c 3f7c0aa8 3f7734b8 3f70a4de 3f5f1fd8 3f495493 3f18b9ec 3ed706cb 3e390b06 "
    "3d90b11f 3c21a053 3aaf7fdb 37ccc1a3 355c6733 00000000",
    "00000000 be4e0ff1 3d25b1b1 3d6b6dab 3c9fb1d5 babff06f 3c07b3f6 bb3fc1bc 3a9f5921 bbbf06f2 bbb0f402 bc47db9e bc73d5e7 "
    "bca25bda bcfca780 bd40e07c bd7dab03 bdbe4a0f bdfb14a5 be36cc8d be6bd102 be9fe7c5 beba0f10 bec206a8 bea3c388 be277d62 "
    "bd8b7960 bc209f49 baad44ca b7c6eeac b663aa41 00000000",
    "00000000 45b3ae96 c414eb20 c450e02e c3152b4e bead2f56 c2162e02 beb4bd5a c11a59a4 bed2f507 c020d32c 3dd0f506 bf2a75e2 "
    "bff950e3 bed47334 be809b8c beb64532 be961a5b be9b63ac bea0d4b2 be828a77 be378612 bdc20908 3d2d3957 3dd46e89 3db3f629 "
    "3d2c5e7b 3bd20403 3a59dfae 3770af45 372cc014 00000000",
    "00000000 cc981a1b 4a7edd3d 4ab1007c 48fedd9c 41a557b5 477ee32a 422557f5 45ff3ce4 42a55641 446e0867 c33dc19a 42915214 "
    "43af4fad 4110fe88 c1099b75 3fc8a8dc bfbeaef5 be365aad 3f4d9652 3ddfa08f 3e34e9b8 3e2d07a6 3dc63567 3cdaeb78 bcd17537 "
    "bc92829c bb43ab99 b9b471dd b6baad5a b78bafc7 00000000",
    "00000000 52f688d5 d0505c72 d08f98e3 ce505cc9 c7162b8a cc5061d6 c7162bdf ca50b37f c7162a3a c8422086 471a714e c5ece1f1 "
    "c70e3d90 c3eba94a 43e0c424 c21f4552 42217cc8 405e7dc4 c10dd401 3e96b602 bd1a6d2f bd393883 bd674682 bd310016 b961e269 "
    "3ba32495 3a7680d5 38b3173c 35a9deea 375c3f2a 00000000",
    "00000000 d8995ed1 558285ea 55b2cd69 53028625 4bc9991f 5082898a 4b4999b3 4e02c07c 4ac99764 4b72c822 ca40c0e1 489413e4 "
    "49b12224 46134c4e c60c2d57 43c83910 c3c872d1 c186bc9e 42325bc3 bf2ffa4a 3d9a203c bc545a43 bae08fee 3c80225d 3b1fd1df "
    "ba36b9d1 b91de544 b71f100f b408e2ed b685fec8 00000000",
)
TANH = tuple(struct.unpack(">32f", bytes.fromhex(bits)) for bits in TANH_BITS)
LINEAR, SATURATED, FIRST_BITS, SIGNIFICANT = 0.00042286395910196006, 9.010912895202637, 0x39800000, -0x400000


def exp(x):
    """``exp(x)`` of numbers that are not positive, 0 below the smallest normal number's logarithm. NaN stays."""
    low = x < LEAST
    x = select(low, LEAST, x)
    whole = floor(x * LOG2_E + 0.5)
    r = fma(-whole, LN2, x)
    power = bitcast(f32, (i32(select(whole == whole, whole, 0.0)) + 126) << 23)
    out = fma(fma(EXP[0], r, EXP[1]), r, EXP[2])
    for i in unroll(3, 5):
        out = fma(out, r, EXP[i])
    return fma(out, r, 1.0) * select(low, 0.0, power) * 2.0


def sigmoid(x):
    e = exp(-absolute(x))
    y = e / (e + 1.0)
    return select(x < 0.0, y, 1.0 - y)


def tanh(x):
    size = absolute(x)
    bits = bitcast(i32, size)
    place = ((bits - FIRST_BITS) & SIGNIFICANT) >> 22
    r = size - bitcast(f32, bits & SIGNIFICANT)
    out = fma(one_of_32(TANH[6], place, W == 16), r, one_of_32(TANH[5], place, W == 16))
    for i in unroll(5):
        out = fma(out, r, one_of_32(TANH[4 - i], place, W == 16))
    out = select(size < SATURATED, out, 1.0)
    out = select(size < LINEAR, size, out)
    return select(x == x, copysign(out, x), x)


# --- vectors ----------------------------------------------------------------------------------------------------------
def vector(x, count, whole):
    """A vector, or what there is of it."""
    if whole:
        return load(x, 0, W)
    else:
        return load(x, 0, W, count)


def put(to, value, count, whole):
    """Store a vector, or what there is of it."""
    if whole:
        store(to, 0, value)
    else:
        store(to, 0, value, count)


# --- forward ----------------------------------------------------------------------------------------------------------
def lstm_forward(
    start, stop, out: write[f32], cells: write[f32], gates: write[f32], hidden: read[f32], cell: read[f32], panels: read[f32],
    bias: read[f32], plan: read[i64], cuts: read[i64], steps: i64, batch: i64, size: i64, blocks: i64, how: i64, tail: i64,
):  # fmt: skip
    """Sequences ``start`` to ``stop`` through all steps. ``gates`` hold the sums over the inputs and become the gates i, f, g, o."""
    for t in range(steps):
        h, c = hidden + 0, cell + 0
        if t > 0:
            h, c = out + (t - 1) * batch * size, cells + (t - 1) * batch * size
        add_panels(start, stop, gates + t * batch * 4 * size, 4 * size, h, size, panels, plan, cuts, blocks, how, tail)
        for row in range(start, stop):
            here = (t * batch + row) * size
            for unit in range(0, size, W):
                count = size - unit
                gate, own, new = gates + (here * 4 + unit), cells + (here + unit), out + (here + unit)
                old = c + (row * size + unit)
                if count >= W:
                    lstm_cell(gate, bias + unit, old, own, new, size, count, True)
                else:
                    lstm_cell(gate, bias + unit, old, own, new, size, count, False)


def lstm_cell(gates, bias, before, cells, out, size, count, whole):
    """The gates from their sums, then ``c' = f c + i g`` and ``h' = o tanh(c')``."""
    sums = [vector(gates + gate * size, count, whole) + vector(bias + gate * size, count, whole) for gate in range(4)]
    i, f, g, o = sigmoid(sums[0]), sigmoid(sums[1]), tanh(sums[2]), sigmoid(sums[3])
    c = fma(i, g, f * vector(before, count, whole))
    put(gates, i, count, whole)
    put(gates + size, f, count, whole)
    put(gates + 2 * size, g, count, whole)
    put(gates + 3 * size, o, count, whole)
    put(cells, c, count, whole)
    put(out, o * tanh(c), count, whole)


# --- backward ---------------------------------------------------------------------------------------------------------
def lstm_backward(
    start, stop, slopes: write[f32], to_hidden: write[f32], to_cell: write[f32], g: strided[f32], gates: read[f32], cells: read[f32],
    cell: read[f32], panels: read[f32], plan: read[i64], cuts: read[i64], g_step: i64, g_row: i64, steps: i64, batch: i64, size: i64,
    blocks: i64, tail: i64,
):  # fmt: skip
    """Back through all steps: the gradients of the gates' sums (``slopes``) and of the states.

    ``to_hidden`` and ``to_cell`` hold the gradients of the last states and become those of the first.
    """
    for n in range(steps):
        t = steps - 1 - n
        c = cell + 0
        if t > 0:
            c = cells + (t - 1) * batch * size
        for row in range(start, stop):
            here, at = (t * batch + row) * size, row * size
            for unit in range(0, size, W):
                count = size - unit
                own, gate, now = slopes + (here * 4 + unit), gates + (here * 4 + unit), cells + (here + unit)
                of_cell, of_hidden, old = to_cell + (at + unit), to_hidden + (at + unit), c + (at + unit)
                slope = g + (t * g_step + row * g_row + unit)
                if count >= W:
                    lstm_slopes(own, of_hidden, of_cell, slope, gate, now, old, size, count, True)
                else:
                    lstm_slopes(own, of_hidden, of_cell, slope, gate, now, old, size, count, False)
        found = slopes + t * batch * 4 * size
        if (size == 1) and (batch > 1):
            for row in range(start, stop):
                x = [found[row * 4 + i] * panels[i * PANEL] for i in range(4)]
                to_hidden[row] = (x[0] + x[1]) + (x[2] + x[3])
        else:
            add_panels(start, stop, to_hidden, size, found, 4 * size, panels, plan, cuts, blocks, 0, tail)


def lstm_slopes(slopes, to_hidden, to_cell, g, gates, cells, before, size, count, whole):
    """The gradients of a vector of units' sums, by those of their hidden state and cell; the cell's then is the one before's."""
    i, f = vector(gates, count, whole), vector(gates + size, count, whole)
    u, o = vector(gates + 2 * size, count, whole), vector(gates + 3 * size, count, whole)
    dh = vector(g, count, whole) + vector(to_hidden, count, whole)
    tc = tanh(vector(cells, count, whole))
    dc = vector(to_cell, count, whole) + fma(-tc, tc, 1.0) * dh * o
    put(slopes, fma(-i, i, i) * dc * u, count, whole)
    put(slopes + size, fma(-f, f, f) * dc * vector(before, count, whole), count, whole)
    put(slopes + 2 * size, fma(-u, u, 1.0) * (i * dc), count, whole)
    put(slopes + 3 * size, fma(-o, o, o) * dh * tc, count, whole)
    put(to_cell, dc * f, count, whole)
