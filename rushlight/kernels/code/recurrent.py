"""Recurrent layers over whole sequences: each thread walks all steps of its own sequences, and waits for nobody.

The weights are packed once a call (``kernels.recurrent``): panels of two vectors of columns, one row of the weights after another.
A tile of a few sequences by a panel stays in registers along the inner size; the activations follow while the result is in the
first cache.
"""

from __future__ import annotations

import math

from ..language import separate
from ..words import (
    absolute,
    bitcast,
    copysign,
    f32,
    fma,
    i32,
    i64,
    load,
    minimum,
    read,
    rint,
    select,
    splat,
    stack,
    store,
    strided,
    unroll,
    write,
)
from .panels import MOST_ROWS, PANEL, W, add_products, height

# --- functions --------------------------------------------------------------------------------------------------------
#: (exp(r) - 1 - r) / r**2 for |r| <= ln 2 / 2: Taylor's coefficients, the highest power first.
EXPM1 = tuple(1 / math.factorial(n) for n in range(7, 1, -1))
#: In two parts, the first so short that its product with a small whole number is exact.
LN2 = (0.693145751953125, 1.42860682030941723212e-6)


def parts(x):
    """k and exp(r) - 1, where x = k ln 2 + r."""
    k = rint(x * (1 / math.log(2)))
    r = fma(k, -LN2[1], fma(k, -LN2[0], x))
    out = fma(r, EXPM1[0], EXPM1[1])
    for i in unroll(2, 6):
        out = fma(out, r, EXPM1[i])
    return k, fma(out, r * r, r)


def power_of_two(k):
    """``2.0 ** k`` for whole numbers from -126 to 127; NaN, which has no whole number, counts as 0."""
    return bitcast(f32, (i32(select(k == k, k, 0.0)) + 127) << 23)


def sigmoid(x):
    """``1 / (1 + exp(-x))``, within 2 units of the last place; where that is below 2e-38, 0 or thereabouts."""
    k, more = parts(-bounded(x, 87.0))
    scale = power_of_two(k)
    return 1.0 / (fma(more, scale, scale) + 1.0)


def tanh(x):
    """``t / (t + 2)`` with ``t = exp(2x) - 1``, within 3 units of the last place."""
    size = bounded(absolute(x), 10.0)
    k, more = parts(size + size)
    scale = power_of_two(k)
    t = fma(more, scale, scale - 1.0)
    return copysign(t / (t + 2.0), x)


def bounded(x, most):
    """x between two numbers; NaN stays."""
    x = select(x > most, most, x)
    return select(x < -most, -most, x)


# --- vectors -----------------------------------------------------------------------------------------------------------
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


# --- LSTM -------------------------------------------------------------------------------------------------------------
def lstm_forward(
    start, stop, out: write[f32], cells: write[f32], gates: write[f32], x: strided[f32], hidden: read[f32], cell: read[f32],
    weights: read[f32], bias: read[f32], x_step: i64, x_row: i64, steps: i64, batch: i64, features: i64, size: i64, reverse: i64,
):  # fmt: skip
    """Sequences ``start`` to ``stop`` through all steps. ``weights`` are panels (unit block, pair of gates, input and hidden, 2, W).

    The products of inputs and states are added, then the bias, which is nearest to PyTorch's oneDNN. Those of the inputs come first, for
    all steps, and wait in ``gates``: a panel stays in the first cache, and the hidden weights, which each step reads, in the second.
    """
    z = stack(f32, MOST_ROWS * 4 * W)
    inner = features + size
    products_of_inputs(start, stop, gates, x, weights, x_step, x_row, steps, batch, features, size)
    for n in range(steps):
        t = steps - 1 - n if reverse == 1 else n
        before = t + 1 if reverse == 1 else t - 1
        h, c = hidden + 0, cell + 0
        if n > 0:
            h, c = out + before * batch * size, cells + before * batch * size
        at = t * batch
        for block in range((size + W - 1) // W):
            unit = block * W
            count = minimum(i64(W), size - unit)
            panels = weights + block * (2 * inner * PANEL)
            row = start + 0
            while row < stop:
                R_here = height(stop - row)
                rows = minimum(R_here, stop - row)
                states = h + row * size
                for R in unroll(4, MOST_ROWS + 1):
                    if R_here == R:
                        for pair in unroll(2):
                            sums = [splat(f32(0), W)] * (2 * R)
                            panel = panels + pair * (inner * PANEL)
                            add_products(R, sums, states, size, rows, panel + features * PANEL, size)
                            for i in unroll(2 * R):
                                z[(i // 2 * 4 + pair * 2 + i % 2) * W] = sums[i]
                for r in range(rows):
                    here = (at + row + r) * size + unit
                    gate, own, new = gates + ((at + row + r) * (4 * size) + unit), cells + here, out + here
                    old = c + ((row + r) * size + unit)
                    terms = bias + block * (4 * W)
                    if count == W:
                        lstm_cell(z + r * 4 * W, terms, old, gate, own, new, size, count, True)
                    else:
                        lstm_cell(z + r * 4 * W, terms, old, gate, own, new, size, count, False)
                row += R_here


@separate
def products_of_inputs(
    start: i64, stop: i64, gates: write[f32], x: strided[f32], weights: read[f32], x_step: i64, x_row: i64, steps: i64, batch: i64,
    features: i64, size: i64,
):  # fmt: skip
    """The gates' sums over the inputs of all steps, one panel after another."""
    inner = features + size
    for block in range((size + W - 1) // W):
        unit = block * W
        count = minimum(i64(W), size - unit)
        for pair in range(2):
            panel = weights + (block * 2 + pair) * (inner * PANEL)
            for t in range(steps):
                row = start + 0
                while row < stop:
                    R_here = height(stop - row)
                    rows = minimum(R_here, stop - row)
                    inputs = x + (t * x_step + row * x_row)
                    for R in unroll(4, MOST_ROWS + 1):
                        if R_here == R:
                            sums = [splat(f32(0), W)] * (2 * R)
                            add_products(R, sums, inputs, x_row, rows, panel, features)
                            for r in unroll(R):
                                to = gates + (((t * batch + row + r) * 4 + pair * 2) * size + unit)
                                if (r < rows) and (count == W):
                                    store(to, 0, sums[2 * r])
                                    store(to + size, 0, sums[2 * r + 1])
                                elif r < rows:
                                    store(to, 0, sums[2 * r], count)
                                    store(to + size, 0, sums[2 * r + 1], count)
                    row += R_here


def lstm_cell(z, bias, before, gates, cells, out, size, count, whole):
    """The gates from their sums (over inputs, which wait in ``gates``, and states), then ``c' = f c + i g`` and ``h' = o tanh(c')``."""
    sums = [
        vector(gates + gate * size, count, whole) + load(z, gate * W, W) + load(bias, gate * W, W) for gate in range(4)
    ]
    i, f, g, o = sigmoid(sums[0]), sigmoid(sums[1]), tanh(sums[2]), sigmoid(sums[3])
    c = fma(f, vector(before, count, whole), i * g)
    put(gates, i, count, whole)
    put(gates + size, f, count, whole)
    put(gates + 2 * size, g, count, whole)
    put(gates + 3 * size, o, count, whole)
    put(cells, c, count, whole)
    put(out, o * tanh(c), count, whole)


def lstm_backward(
    start, stop, slopes: write[f32], to_input: write[f32], to_hidden: write[f32], to_cell: write[f32], to_bias: write[f32], g: strided[f32],
    gates: read[f32], cells: read[f32], cell: read[f32], weights: read[f32], g_step: i64, g_row: i64, steps: i64, batch: i64,
    features: i64, size: i64, reverse: i64,
):  # fmt: skip
    """Back through all steps: the gradients of the gates' sums (``slopes``), of inputs and states.

    ``to_bias`` gets the sums of the slopes of each sequence. ``to_hidden`` and ``to_cell`` hold the gradients of the last states
    and become those of the first. ``weights`` are panels of columns of the hidden weights and, if ``features`` is not 0, of the
    input weights.
    """
    hidden_panels = (size + PANEL - 1) // PANEL
    for step in range(steps):
        n = steps - 1 - step
        t = steps - 1 - n if reverse == 1 else n
        before = t + 1 if reverse == 1 else t - 1
        c = cell + 0
        if n > 0:
            c = cells + before * batch * size
        for row in range(start, stop):
            here, at = (t * batch + row) * size, row * size
            slope, sums, states = g + (t * g_step + row * g_row), slopes + here * 4, to_hidden + at
            for unit in range(0, size, W):
                count = size - unit
                own, bias, of_cell, gate = (
                    sums + unit,
                    to_bias + (at * 4 + unit),
                    to_cell + (at + unit),
                    gates + (here * 4 + unit),
                )
                now, old = cells + (here + unit), c + (at + unit)
                if count >= W:
                    lstm_slopes(own, states + unit, of_cell, bias, slope + unit, gate, now, old, size, count, True)
                else:
                    lstm_slopes(own, states + unit, of_cell, bias, slope + unit, gate, now, old, size, count, False)
        for panel in range(hidden_panels):
            column, at_slopes = panel * PANEL, slopes + t * batch * 4 * size
            at_panel = weights + panel * (4 * size * PANEL)
            back_through(start, stop, to_hidden + column, size, size - column, at_slopes, at_panel, 4 * size)
    # What no step waits for comes at the end: until then the hidden weights stay in the second cache.
    for t in range(steps):
        for panel in range((features + PANEL - 1) // PANEL):
            column, at_slopes = panel * PANEL, slopes + t * batch * 4 * size
            at_panel = weights + (hidden_panels + panel) * (4 * size * PANEL)
            to = to_input + (t * batch * features + column)
            back_through(start, stop, to, features, features - column, at_slopes, at_panel, 4 * size)


def lstm_slopes(slopes, to_hidden, to_cell, to_bias, g, gates, cells, before, size, count, whole):
    """The gradients of a vector of units' sums, by those of their hidden state and cell; the cell's then is the one before's."""
    i, f = vector(gates, count, whole), vector(gates + size, count, whole)
    u, o = vector(gates + 2 * size, count, whole), vector(gates + 3 * size, count, whole)
    dh = vector(to_hidden, count, whole) + vector(g, count, whole)
    tc = tanh(vector(cells, count, whole))
    dc = vector(to_cell, count, whole) + dh * o * (1.0 - tc * tc)
    of_sums = [
        dc * u * i * (1.0 - i), dc * vector(before, count, whole) * f * (1.0 - f), dc * i * (1.0 - u * u), dh * tc * o * (1.0 - o)
    ]  # fmt: skip
    for gate in unroll(4):
        put(slopes + gate * size, of_sums[gate], count, whole)
        put(to_bias + gate * size, vector(to_bias + gate * size, count, whole) + of_sums[gate], count, whole)
    put(to_cell, dc * f, count, whole)


def back_through(start, stop, to, width, left, slopes, panel, inner):
    """Rows of slopes times a panel of weights, into columns of which ``left`` are there."""
    row = start + 0
    while row < stop:
        R_here = height(stop - row)
        rows = minimum(R_here, stop - row)
        for R in unroll(4, MOST_ROWS + 1):
            if R_here == R:
                sums = [splat(f32(0), W)] * (2 * R)
                add_products(R, sums, slopes + row * inner, inner, rows, panel, inner)
                for r in unroll(R):
                    at = to + (row + r) * width
                    if (r < rows) and (left >= PANEL):
                        store(at, 0, sums[2 * r])
                        store(at, W, sums[2 * r + 1])
                    elif r < rows:
                        store(at, 0, sums[2 * r], left)
                        store(at, W, sums[2 * r + 1], left - W)
        row += R_here
