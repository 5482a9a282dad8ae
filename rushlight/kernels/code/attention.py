"""Scaled-dot-product attention, a few rows of queries at a time, in the steps of PyTorch's CPU kernel.

Keys come in blocks of 512, whose softmax is merged with that of the blocks before (Milakov & Gimelshein 2018; Dao et al. 2022).
Each product is a chain of fused multiply-adds along its inner size: one chain for up to 192 terms, up to 384 two halves, beyond
that chains of 192. What a causal mask hides is not computed, as it would add zeros.

Backward goes through blocks of rows (``rows_of_a_block``) by blocks of keys: first the weights again, from the scores and the
logarithm of their sums; their gradient ``weights * (g @ value.T - sum(g * out))`` times keys and queries, which are scaled beforehand.

``kernels.attention`` lists the arguments: arrays with the distances of their batches, heads and rows.
"""

from __future__ import annotations

import math
from typing import Any

from ..emit import F32
from ..language import External
from ..words import (
    f32,
    fma,
    i32,
    i64,
    iota,
    load,
    max_lanes,
    maximum,
    minimum,
    select,
    splat,
    stack,
    store,
    strided,
    sum_lanes,
    unroll,
    write,
)
from .functions import exp, short_exp, single_exp
from .narrow import as_bf16, as_f16, not_at_all
from .panels import MOST_ROWS, PANEL, W, add_products, add_turned_products, pack, pack_turned, terms_of_a_chain

__all__ = ["as_bf16", "as_f16"]

KEYS = 512  # of a block
SCORES = KEYS + PANEL  # room for a row of them: rows that begin 2048 bytes apart would share a few places of the cache
EACH: Any = not_at_all  # how exponentials, weights and their gradients are rounded: of 16-bit floats to these
L = 8  # lanes in which PyTorch adds the numbers of a row
SIZE = 192  # numbers of a head at most
INFINITY = math.inf


logf = External("logf", F32, F32)


def library_log(x):
    """The C library's logarithm, which is PyTorch's; it is not always the nearest number."""
    return logf(x)


def height(rest):
    """Rows of the next tile: six, or four if that many more make the last ones whole."""
    return select((rest > 8) or (rest == 5) or (rest == 6), i64(6), i64(4))


def padded(n):
    """Columns in whole panels."""
    return (n + PANEL - 1) // PANEL * PANEL


logarithm = library_log  # bound to another where there is none


# --- forward ----------------------------------------------------------------------------------------------------------
def forward(
    start, stop, grain: i64, out: strided[f32], logarithms: write[f32], q: strided[f32], k: strided[f32], v: strided[f32],
    mask: strided[f32], room: write[f32], heads: i64, length: i64, span: i64, size: i64, scale: f32, causal: i64, masked: i64,
    ob: i64, oh: i64, ot: i64, qb: i64, qh: i64, qt: i64, kb: i64, kh: i64, kt: i64, vb: i64, vh: i64, vt: i64,
    mb: i64, mh: i64, mt: i64,
):  # fmt: skip
    """Heads ``start`` to ``stop``: (batch, head) counted through. ``logarithms`` are those of the sums of each row's exponentials."""
    scores, sums = stack(f32, MOST_ROWS * SCORES), stack(f32, MOST_ROWS * (SIZE + PANEL))
    tops, totals = stack(f32, MOST_ROWS), stack(f32, MOST_ROWS)
    wide = padded(size)
    keys = room + start // grain * (padded(span) * size + span * wide)
    values = keys + padded(span) * size
    for unit in range(start, stop):
        b, h = unit // heads, unit % heads
        pack_turned(keys, k + (b * kb + h * kh), span, kt, size, f32(1.0))
        pack(values, v + (b * vb + h * vh), span, vt, size, f32(1.0))
        row = i64(0)
        while row < length:
            R_here = height(length - row)
            rows = minimum(R_here, length - row)
            seen = minimum(span, row + rows) if causal == 1 else span
            queries = q + (b * qb + h * qh + row * qt)
            first = i64(0)
            while first < seen:
                block = minimum(i64(KEYS), span - first)
                n = minimum(block, seen - first)
                for R in unroll(4, MOST_ROWS + 1, 2):
                    if R_here == R:
                        products(R, scores, SCORES, queries, qt, rows, keys + first * size, n, size)
                for r in range(rows):
                    visible = minimum(n, row + r + 1 - first) if causal == 1 else n
                    terms = mask + (b * mb + h * mh + (row + r) * mt + first)
                    line = scores + r * SCORES
                    weigh(
                        line,
                        terms,
                        masked,
                        visible,
                        n,
                        block,
                        scale,
                        first,
                        tops + r,
                        totals + r,
                        sums + r * wide,
                        size,
                        EACH,
                    )
                chain = terms_of_a_chain(block)
                done = i64(0)
                while done < n:
                    end = minimum(minimum(done + chain, block), n)
                    for R in unroll(4, MOST_ROWS + 1, 2):
                        if R_here == R:
                            again = i64(1) if first + done > 0 else i64(0)
                            part = values + (first + done) * PANEL
                            add_to(R, sums, wide, scores + done, SCORES, rows, part, span, size, end - done, again)
                    done += chain
                first += KEYS
            for r in range(rows):
                total = totals[r]
                share = f32(1.0) / (f32(1.0) if total == 0.0 else total)
                logarithms[unit * length + row + r] = f32(0.0) if total == 0.0 else tops[r] + logarithm(total)
                put_row(out + (b * ob + h * oh + (row + r) * ot), sums + r * wide, size, share)
            row += R_here


def products(R, out, between_out, a, between, count, panels, columns, inner):
    """Rows of ``a`` times panels, ``inner`` rows each."""
    for column in range(0, columns, PANEL):
        sums = [splat(f32(0), W)] * (2 * R)
        add_products(R, sums, a, between, count, panels + column * inner, inner)
        for r in unroll(R):
            store(out, r * between_out + column, sums[2 * r])
            store(out, r * between_out + column + W, sums[2 * r + 1])


def add_to(R, out, wide, a, between, count, panels, height_of_panels, columns, inner, again):
    """Rows of ``a`` times a part of panels of ``height_of_panels`` rows, added to what is there if it is not the first."""
    for column in range(0, columns, PANEL):
        sums = [splat(f32(0), W)] * (2 * R)
        add_products(R, sums, a, between, count, panels + column * height_of_panels, inner)
        settle(R, out + column, wide, sums, again)


def settle(R, out, wide, sums, again):
    for r in unroll(R):
        for v in unroll(2):
            if again == 1:
                sums[2 * r + v] = load(out, r * wide + v * W, W) + sums[2 * r + v]
            store(out, r * wide + v * W, sums[2 * r + v])


def weigh(line, terms, masked, visible, n, block, scale, first, top, total, sums, size, each):
    """A row of products of a block becomes exponentials of the scores less the largest so far; sums so far are scaled to it."""
    lanes = iota(L)
    most = splat(f32(-INFINITY), L)
    for j in range(0, visible, L):
        there = lanes < splat(i32(visible - j), L)
        s = load(line, j, L)
        if masked == 1:
            s = fma(s, scale, load(terms, j, L, visible - j))
        else:
            s = s * scale
        s = select(there, s, f32(-INFINITY))
        line[j] = s
        most = maximum(most, s)  # NaN stays
    before = f32(-INFINITY) if first == 0 else top[0]
    now = maximum(max_lanes(most), before)
    added = f32(0.0)
    whole = block // L * L
    done = i64(0)
    if now != -INFINITY:
        acc = splat(f32(0.0), L)
        while done < minimum(visible, whole):
            s = load(line, done, L)
            e = select(s == -INFINITY, f32(0.0), short_exp(s - now))
            line[done] = each(e)
            acc += e
            done += L
        added = sum_lanes(acc)
        if visible > whole:  # what is beyond the last whole vector is computed by the C library, and added in order
            s = load(line, whole, L)
            line[whole] = select(s == -INFINITY, f32(0.0), single_exp(s - now))
            for j in range(whole, visible):
                added += line[j]
            line[whole] = each(load(line, whole, L))
            done = whole + L
    while done < n:
        line[done] = splat(f32(0.0), L)
        done += L
    if first == 0:
        total[0] = added
    else:
        share = f32(1.0) if before == now else single_exp(before - now)
        total[0] = fma(share, total[0], added)
        for j in range(0, size, L):
            sums[j] = load(sums, j, L) * share
    top[0] = now


def put_row(to, x, size, factor):
    whole = size // L * L
    for j in range(0, whole, L):
        to[j] = load(x, j, L) * factor
    for j in range(whole, size):
        to[j] = x[j] * factor


# --- backward ---------------------------------------------------------------------------------------------------------
def rows_of_a_block(length):
    long = i64(256) if length >= 768 else i64(64)
    return i64(32) if length < 192 else long


def backward(
    start, stop, grain: i64, to_q: strided[f32], to_k: strided[f32], to_v: strided[f32], g: strided[f32], out: strided[f32],
    logarithms: strided[f32], q: strided[f32], k: strided[f32], v: strided[f32], mask: strided[f32], room: write[f32], space: i64,
    heads: i64, length: i64, span: i64, size: i64, scale: f32, causal: i64, masked: i64,
    gb: i64, gh: i64, gt: i64, ob: i64, oh: i64, ot: i64, qb: i64, qh: i64, qt: i64, kb: i64, kh: i64, kt: i64,
    vb: i64, vh: i64, vt: i64, mb: i64, mh: i64, mt: i64,
):  # fmt: skip
    """Heads ``start`` to ``stop``. The gradients lie as (batch, row, head, number); a chunk has ``space`` numbers of room."""
    wide, tall = padded(size), padded(span)
    most = minimum(rows_of_a_block(length), length)
    keys = room + start // grain * space
    values = keys + tall * size
    scaled = values + tall * size
    of_keys = scaled + span * wide
    of_values = of_keys + (span + MOST_ROWS) * wide
    of_queries = of_values + (span + MOST_ROWS) * wide
    queries = of_queries + (most + MOST_ROWS) * wide
    slopes = queries + most * wide
    weights = slopes + most * wide
    changes = weights + (most + MOST_ROWS) * SCORES
    for unit in range(start, stop):
        b, h = unit // heads, unit % heads
        own_k, own_v = k + (b * kb + h * kh), v + (b * vb + h * vh)
        for of_v in range(2):
            turn, step = (own_v if of_v == 1 else own_k), (vt if of_v == 1 else kt)
            pack_turned(keys + of_v * (tall * size), turn, span, step, size, f32(1.0) if of_v == 1 else scale)
        for i in range(0, 2 * (span + MOST_ROWS) * wide, W):
            of_keys[i] = splat(f32(0), W)
        row = i64(0)
        while row < length:
            rows = minimum(most, length - row)
            own_q, own_g = q + (b * qb + h * qh + row * qt), g + (b * gb + h * gh + row * gt)
            own_out = out + (b * ob + h * oh + row * ot)
            for what in range(i64(0) if row == 0 else i64(1), 3):
                matrix, step, count = own_k + 0, kt + 0, span + 0
                to, factor = scaled + 0, scale + 0.0
                if what == 1:
                    matrix, step, count, to = own_q + 0, qt + 0, rows + 0, queries + 0
                if what == 2:
                    matrix, step, count, to, factor = own_g + 0, gt + 0, rows + 0, slopes + 0, f32(1.0)
                pack(to, matrix, count, step, size, factor)
            seen = minimum(span, row + rows) if causal == 1 else span
            first = i64(0)
            while first < seen:
                block = minimum(i64(KEYS), span - first)
                n = minimum(block, seen - first)
                at = row - first if causal == 1 else span
                terms = mask + (b * mb + h * mh + row * mt + first)
                to_scores(
                    weights, changes, own_q, qt, own_g, gt, own_out, ot, logarithms + (unit * length + row), terms, mt, masked,
                    keys + first * size, values + first * size, rows, n, at, size, EACH,
                )  # fmt: skip
                again = i64(1) if first > 0 else i64(0)
                to_queries(of_queries, wide, changes, scaled + first * PANEL, span, rows, n, block, at, size, again)
                for of_v in range(2):
                    to = (of_values if of_v == 1 else of_keys) + first * wide
                    through(
                        to,
                        wide,
                        weights if of_v == 1 else changes,
                        slopes if of_v == 1 else queries,
                        rows,
                        n,
                        at,
                        size,
                        EACH,
                    )
                first += KEYS
            for r in range(rows):
                put_row(to_q + ((b * length + row + r) * heads + h) * size, of_queries + r * wide, size, f32(1.0))
            row += most
        for j in range(2 * span):
            to, line, place = to_k + 0, of_keys + j * wide, j + 0
            if j >= span:
                to, line, place = to_v + 0, of_values + (j - span) * wide, j - span
            put_row(to + ((b * span + place) * heads + h) * size, line, size, f32(1.0))


def to_scores(
    weights, changes, q, qt, g, gt, out, ot, logarithms, terms, mt, masked, keys, values, rows, n, at, size, each
):  # fmt: skip
    """The weights of a block of rows and keys, and the gradients of its scores. Row r sees the first ``at + r + 1`` keys."""
    row = i64(0)
    lanes = iota(L)
    while row < rows:
        R_here = height(rows - row)
        count = minimum(R_here, rows - row)
        here = minimum(n, at + row + count)
        for R in unroll(4, MOST_ROWS + 1, 2):
            if R_here == R:
                for of_g in range(2):
                    to, part = (changes if of_g == 1 else weights) + row * SCORES, values if of_g == 1 else keys
                    left, step = (g + row * gt if of_g == 1 else q + row * qt), gt if of_g == 1 else qt
                    products(R, to, SCORES, left, step, count, part, here, size)
        for r in range(row, row + count):
            visible = minimum(n, at + r + 1)
            along = sum_of_products(g + r * gt, out + r * ot, size)
            logarithm = logarithms[r]
            weight, change = weights + r * SCORES, changes + r * SCORES
            for j in range(0, n, L):
                e, c = splat(f32(0.0), L), splat(f32(0.0), L)
                if j < visible:
                    s = load(weight, j, L)
                    if masked == 1:
                        s = s + load(terms, r * mt + j, L, visible - j)
                    e = select(lanes < splat(i32(visible - j), L), exp(s - logarithm), f32(0.0))
                    c = select(lanes < splat(i32(visible - j), L), e * (load(change, j, L) - along), f32(0.0))
                weight[j] = each(e)
                change[j] = each(c)
        row += R_here


def sum_of_products(a, b, size):
    """In lanes; what is left over goes to the first ones."""
    whole = size // L * L
    total = splat(f32(0.0), L)
    for j in range(0, whole, L):
        total += load(a, j, L) * load(b, j, L)
    if whole < size:
        total += load(a, whole, L, size - whole) * load(b, whole, L, size - whole)
    return sum_lanes(total)


def to_queries(out, wide, changes, scaled, height_of_panels, rows, n, block, at, size, again):
    """``changes @ keys`` of a block, added to what the blocks of keys before gave."""
    chain = terms_of_a_chain(block)
    row = i64(0)
    while row < rows:
        R_here = height(rows - row)
        count = minimum(R_here, rows - row)
        here = minimum(n, at + row + count)
        done = i64(0)
        while done < here:
            end = minimum(minimum(done + chain, block), here)
            more = i64(1) if (again == 1) or (done > 0) else i64(0)
            for R in unroll(4, MOST_ROWS + 1, 2):
                if R_here == R:
                    part = changes + (row * SCORES + done)
                    add_to(
                        R,
                        out + row * wide,
                        wide,
                        part,
                        SCORES,
                        count,
                        scaled + done * PANEL,
                        height_of_panels,
                        size,
                        end - done,
                        more,
                    )
            done += chain
        row += R_here


def through(out, wide, weights, panels, rows, n, at, size, each):
    """``weights.T @ panels`` of a block, added to what the blocks of rows before gave. Keys are unseen by rows before ``key - at``."""
    chain = terms_of_a_chain(rows)
    key = i64(0)
    while key < n:
        R_here = height(n - key)
        count = minimum(R_here, n - key)
        begin = maximum(key - at, i64(0))
        done = i64(0)
        while done < rows:
            end = minimum(done + chain, rows)
            from_row = maximum(done, begin)
            if from_row < end:
                for R in unroll(4, MOST_ROWS + 1, 2):
                    if R_here == R:
                        for column in range(0, size, PANEL):
                            sums = [splat(f32(0), W)] * (2 * R)
                            part = panels + (column * rows + from_row * PANEL)
                            add_turned_products(
                                R, sums, weights + (from_row * SCORES + key), SCORES, count, part, end - from_row
                            )
                            settle_some(R, out + (key * wide + column), wide, sums, count, end == rows, each)
            done += chain
        key += R_here


def settle_some(R, out, wide, sums, count, last, each):
    """Add to the rows that are there; what is final for a block of rows is rounded."""
    for r in unroll(R):
        if r < count:
            for v in unroll(2):
                total = load(out, r * wide + v * W, W) + sums[2 * r + v]
                store(out, r * wide + v * W, each(total) if last else total)
