"""GRU and plain recurrent layers over whole sequences, each thread its own sequences, with PyTorch's bits.

PyTorch computes ``W_ih x + b_ih`` of all steps first, which is given here, and then goes step by step with ordinary operations. The
same are done here, each rounded as it is there, on vectors in registers. The products add as its BLAS does (``panels``).
"""

from __future__ import annotations

from ..elementwise import STEP
from ..words import f32, fma, i64, load, minimum, read, select, splat, stack, store, strided, unroll, write
from .functions import exp, rounded_tanh, single_exp
from .panels import MOST_ROWS, add_products, height, terms_of_a_chain

W, PANEL = 8, 16  # units come by eights
ROWS = 4  # of a tile of three vectors
GRU = True  # bound when a kernel is compiled; else a plain layer
V = 3  # gates
RELU = False  # of a plain layer: instead of tanh


def sigmoid(x, single):
    """``activations.sigmoid``: numbers beyond the last 16 of a row take the C library's exponential."""
    e = exp(-x)
    if single:
        e = single_exp(-x)
    return 1.0 / (e + 1.0)


def forward(
    start, stop, out: write[f32], kept: write[f32], gates: strided[f32], hidden: read[f32], weights: read[f32], bias: read[f32],
    g_step: i64, g_row: i64, steps: i64, batch: i64, size: i64, reverse: i64,
):  # fmt: skip
    """Sequences ``start`` to ``stop``. ``weights`` are panels (block of 8 units, hidden, gate, unit); ``size`` is a multiple of 8.

    A GRU keeps its gates r, z, n and the hidden part of n.
    """
    z = stack(f32, ROWS * 3 * W)
    chain, single = terms_of_a_chain(size), size // STEP * STEP
    for n in range(steps):
        t = steps - 1 - n if reverse == 1 else n
        h = hidden + 0
        if n > 0:
            h = out + (t + 1 if reverse == 1 else t - 1) * batch * size
        for unit in range(0, size, W):
            panel, own_bias = weights + unit * V * size, bias + unit * V
            for row in range(start, stop, ROWS):
                rows = minimum(i64(ROWS), stop - row)
                done = i64(0)
                while done < size:
                    terms = minimum(chain, size - done)
                    sums = [splat(f32(0), W)] * (ROWS * V)
                    add_products(ROWS, sums, h + (row * size + done), size, rows, panel + done * V * W, terms, V, W)
                    for r in unroll(ROWS):
                        for v in unroll(V):
                            before = load(own_bias, v * W, W) if done == 0 else load(z, (r * V + v) * W, W)
                            z[(r * V + v) * W] = before + sums[r * V + v]
                    done += chain
                for r in range(row, row + rows):
                    part, at = z + (r - row) * V * W, (t * batch + r) * size + unit
                    x = gates + (t * g_step + r * g_row + unit)
                    if GRU:
                        own = kept + ((t * batch + r) * 4 * size + unit)
                        gru_cell(out + at, own, x, part, h + (r * size + unit), size, unit >= single)
                    else:
                        total = load(x, 0, W) + load(part, 0, W)
                        if RELU:
                            out[at] = select(total <= 0.0, f32(0.0), total)
                        else:
                            out[at] = rounded_tanh(total)


def gru_cell(out, kept, x, of_hidden, h, size, single):
    """``n = tanh(x_n + h_n r)``, ``h' = (h - n) z + n``."""
    r = sigmoid(load(of_hidden, 0, W) + load(x, 0, W), single)
    z = sigmoid(load(of_hidden, W, W) + load(x, size, W), single)
    h_n = load(of_hidden, 2 * W, W)
    n = rounded_tanh(load(x, 2 * size, W) + h_n * r)
    out[0] = (load(h, 0, W) - n) * z + n
    kept[0] = r
    kept[size] = z
    kept[2 * size] = n
    kept[3 * size] = h_n


def backward(
    start, stop, of_input: write[f32], of_hidden: write[f32], direct: write[f32], through: write[f32], g: strided[f32],
    kept: read[f32], out: read[f32], hidden: read[f32], weights: read[f32], g_step: i64, g_row: i64, steps: i64, batch: i64,
    size: i64, reverse: i64,
):  # fmt: skip
    """Back through all steps: the gradients of the gates' sums, those of the hidden part apart (in a plain layer they are the same).

    The hidden state's gradient is the sum of ``direct``, which holds the last state's, and ``through``, by way of the product.
    ``weights`` are panels of 16 columns.
    """
    inner = V * size
    chain = terms_of_a_chain(inner)
    for step in range(steps):
        n = steps - 1 - step
        t = steps - 1 - n if reverse == 1 else n
        before = hidden + 0
        if n > 0:
            before = out + (t + 1 if reverse == 1 else t - 1) * batch * size
        for row in range(start, stop):
            for unit in range(0, size, W):
                state, at = row * size + unit, (t * batch + row) * size + unit
                dh = load(g, t * g_step + row * g_row + unit, W) + load(direct, state, W) + load(through, state, W)
                if GRU:
                    place = (t * batch + row) * 3 * size + unit
                    own = kept + ((t * batch + row) * 4 * size + unit)
                    direct[state] = gru_slopes(of_input + place, of_hidden + place, dh, own, before + state, size)
                else:
                    h = load(out, at, W)
                    if RELU:
                        of_hidden[at] = select(h <= 0.0, f32(0.0), dh)
                    else:
                        of_hidden[at] = dh * fma(-h, h, f32(1.0))
                    direct[state] = splat(f32(0), W)
        slopes = of_hidden + t * batch * inner
        for column in range(0, size, PANEL):
            row = start + 0
            while row < stop:
                R_here = height(stop - row)
                rows = minimum(R_here, stop - row)
                done = i64(0)
                while done < inner:
                    terms = minimum(chain, inner - done)
                    for R in unroll(4, MOST_ROWS + 1):
                        if R_here == R:
                            sums = [splat(f32(0), W)] * (2 * R)
                            part = weights + (column * inner + done * PANEL)
                            add_products(R, sums, slopes + (row * inner + done), inner, rows, part, terms, 2, W)
                            for r in unroll(R):
                                if r < rows:
                                    to = through + ((row + r) * size + column)
                                    added(to, sums[2 * r], done)
                                    if size - column > W:
                                        added(to + W, sums[2 * r + 1], done)
                    done += chain
                row += R_here


def added(to, value, done):
    if done > 0:
        store(to, 0, load(to, 0, W) + value)
    else:
        store(to, 0, value)


def gru_slopes(of_input, of_hidden, dh, kept, before, size):
    """The gradients of a vector of units' sums; what reaches the state before directly is given back."""
    r, z, n, h_n = load(kept, 0, W), load(kept, size, W), load(kept, 2 * size, W), load(kept, 3 * size, W)
    direct = dh * z
    of_z = dh * (load(before, 0, W) - n) * (1.0 - z) * z
    of_n = (dh - direct) * fma(-n, n, f32(1.0))
    of_r = of_n * h_n * (1.0 - r) * r
    of_input[0] = of_r
    of_hidden[0] = of_r
    of_input[size] = of_z
    of_hidden[size] = of_z
    of_input[2 * size] = of_n
    of_hidden[2 * size] = of_n * r
    return direct
