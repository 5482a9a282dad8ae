"""Gaussian elimination and substitution of small matrices in the order of PyTorch's LAPACK (see ``kernels.elimination``).

Matrices lie row after row, one is a unit of work. Every product is rounded before it is subtracted.
"""

from __future__ import annotations

from typing import Any

from ..words import absolute, f64, i32, i64, load, minimum, splat, store, strided, write

T: Any = f64


def swap(T, one, other, n):
    for j in range(n):
        kept = one[j]
        one[j] = other[j]
        other[j] = kept


def eliminate(T, a, pivots, m, n):
    """L and U in place, the rows that were swapped (from 1); the first zero pivot (from 1), or 0.

    The multipliers are formed with the pivot's reciprocal; in the last step of square matrices of up to four rows by division.
    """
    k = minimum(m, n)
    zero = i64(0)
    for i in range(k):
        best = absolute(a[i * n + i])
        p = i + 0
        for r in range(i + 1, m):
            size = absolute(a[r * n + i])
            if size > best:
                best = size + T(0)
                p = r + 0
        pivots[i] = i32(p + 1)
        if p != i:
            swap(T, a + i * n, a + p * n, n)
        top = a + i * n
        pivot = top[i]
        if pivot == T(0):
            if zero == 0:
                zero = i + 1
        else:
            divide = (m == n) and (n <= 4) and (i == n - 2)
            inverse = T(1) / pivot
            for r in range(i + 1, m):
                row = a + r * n
                factor = row[i] * inverse
                if divide:
                    factor = row[i] / pivot
                row[i] = factor
                spread = splat(factor, 8)
                j = i + 1
                while j < n:
                    left = n - j
                    store(row, j, load(row, j, 8, left) - spread * load(top, j, 8, left), left)
                    j += 8
    return zero


def substitute(T, t, tr, tc, x, n, c, up, unit, few):
    """X of ``T X = B`` in place of B, where T is upper (``up``) or lower, with ones on its diagonal (``unit``) or its own.

    Up to ``few`` rows each one takes the sum of its products at once and the reciprocal of the diagonal; of more, each solution is
    subtracted from the other rows.
    """
    column = i64(0)
    while column < c:
        left = c - column
        y = x + column
        for step in range(n):
            i = step + 0
            if up == 1:
                i = n - 1 - step
            value = load(y, i * c, 8, left)
            diagonal = t[i * (tr + tc)]
            if n <= few:
                if step > 0:
                    first = i64(0)
                    if up == 1:
                        first = n - 1
                    total = splat(t[i * tr + first * tc], 8) * load(y, first * c, 8, left)
                    for other in range(1, step):
                        j = other + 0
                        if up == 1:
                            j = n - 1 - other
                        total = total + splat(t[i * tr + j * tc], 8) * load(y, j * c, 8, left)
                    value = value - total
                if unit == 0:
                    value = value * splat(T(1) / diagonal, 8)
                store(y, i * c, value, left)
            else:
                if unit == 0:
                    value = value / splat(diagonal, 8)
                store(y, i * c, value, left)
                for other in range(step + 1, n):
                    j = other + 0
                    if up == 1:
                        j = n - 1 - other
                    store(y, j * c, load(y, j * c, 8, left) - splat(t[j * tr + i * tc], 8) * value, left)
        column += 8


def factors(start, stop, a: write[T], pivots: write[i32], info: write[i32], m: i64, n: i64):
    """L and U of each matrix in its place."""
    k = minimum(m, n)
    for unit in range(start, stop):
        info[unit] = i32(eliminate(T, a + unit * m * n, pivots + unit * k, m, n))


def systems(start, stop, a: write[T], pivots: write[i32], info: write[i32], x: write[T], n: i64, c: i64, few: i64):
    """X of ``A X = B`` in place of B; A becomes its L and U."""
    for unit in range(start, stop):
        matrix = a + unit * n * n
        swaps = pivots + unit * n
        right = x + unit * n * c
        info[unit] = i32(eliminate(T, matrix, swaps, n, n))
        for i in range(n):
            p = i64(swaps[i]) - 1
            if p != i:
                swap(T, right + i * c, right + p * c, c)
        substitute(T, matrix, n, i64(1), right, n, c, i64(0), i64(1), few)
        substitute(T, matrix, n, i64(1), right, n, c, i64(1), i64(0), few)


def triangles(
    start, stop, x: write[T], t: strided[T], n: i64, c: i64, st: i64, tr: i64, tc: i64, up: i64, unit: i64, few: i64
):
    """X of ``T X = B`` in place of B for triangles."""
    for batch in range(start, stop):
        substitute(T, t + batch * st, tr, tc, x + batch * n * c, n, c, up, unit, few)


def determinants(start, stop, out: write[T], a: write[T], pivots: write[i32], n: i64):
    """The products of the pivots, one after another, and the sign of the swaps."""
    for unit in range(start, stop):
        matrix = a + unit * n * n
        swaps = pivots + unit * n
        zero = eliminate(T, matrix, swaps, n, n)
        total = T(1)
        odd = i64(0) * zero
        for i in range(n):
            total = total * matrix[i * (n + 1)]
            if i64(swaps[i]) != i + 1:
                odd = 1 - odd
        if odd == 1:
            total = -total
        out[unit] = total
