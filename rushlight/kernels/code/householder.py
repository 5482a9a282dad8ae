"""QR of small matrices by Householder's reflections in the order of PyTorch's LAPACK (see ``kernels.householder``).

Matrices lie column after column. A reflection is ``1 - tau * v v^T`` with ``v[0] = 1``; the rest of ``v`` lies below the diagonal.
"""

from __future__ import annotations

from typing import Any

from ..words import (
    absolute,
    address,
    extract,
    f64,
    i64,
    insert,
    load,
    minimum,
    select,
    shuffle,
    sqrt,
    strided,
    sum_lanes,
    write,
)

T: Any = f64
LANES = 2  # numbers of 16 bytes


def length(T, LANES, x, n):
    """The length of a vector, scaled by its largest number so far so that no square overflows."""
    scale = T(0)
    squares = T(1)
    for i in range(n):
        size = absolute(x[i])
        if size != T(0):
            if scale < size:
                ratio = scale / size
                if LANES == 4:
                    squares = T(1) + (squares * ratio) * ratio
                else:
                    squares = T(1) + squares * (ratio * ratio)
                scale = size + T(0)
            else:
                ratio = size / scale
                squares = squares + ratio * ratio
    return scale * sqrt(squares)


def projected(T, LANES, v, c, n):
    """The inner product of a reflection's vector, whose first element is 1, and a column: even and odd elements of float64 apart."""
    total = c[0] + T(0)
    if LANES == 4:
        for i in range(1, n):
            total = total + v[i] * c[i]
    elif n > 1:
        even = c[0] + T(0)
        odd = v[1] * c[1]
        i = i64(2)
        while i + 2 <= n:
            even = even + v[i] * c[i]
            odd = odd + v[i + 1] * c[i + 1]
            i += 2
        total = even + odd
        if i < n:
            total = total + v[i] * c[i]
    return total


def factors(start, stop, a: write[T], tau: write[T], m: i64, n: i64):
    """R on and above the diagonal, the vectors of the reflections below it; a matrix is a unit of work."""
    k = minimum(m, n)
    for unit in range(start, stop):
        matrix = a + unit * m * n
        for i in range(k):
            x = matrix + (i * m + i)
            rest = m - i
            size = length(T, LANES, x + 1, rest - 1)
            factor = T(0)
            if size != T(0):
                alpha = x[0]
                first = absolute(alpha)
                larger = select(first > size, first, size)
                smaller = select(first > size, size, first)
                beta = larger + T(0)
                if smaller != T(0):
                    ratio = smaller / larger
                    beta = larger * sqrt(T(1) + ratio * ratio)
                beta = select(alpha >= T(0), -beta, beta)
                factor = (beta - alpha) / beta
                if LANES == 4:
                    for r in range(1, rest):
                        x[r] = x[r] / (alpha - beta)
                else:
                    inverse = T(1) / (alpha - beta)
                    for r in range(1, rest):
                        if (m == 2) and (n == 2):
                            x[r] = x[r] / (alpha - beta)
                        else:
                            x[r] = x[r] * inverse
                for j in range(i + 1, n):
                    c = matrix + (j * m + i)
                    along = factor * projected(T, LANES, x, c, rest)
                    c[0] = c[0] - along
                    for r in range(1, rest):
                        c[r] = c[r] - x[r] * along
                x[0] = beta
            tau[unit * k + i] = factor


def folded(L, LANES, x):
    """The sum of ``L`` lanes, of vectors of 16 bytes."""
    if LANES == 2:
        if L == 8:
            total = sum_lanes(shuffle(x, x, (0, 1, 4, 5)) + shuffle(x, x, (2, 3, 6, 7)))
        else:
            total = sum_lanes(x)
    else:
        total = sum_lanes(x)
    return total


def product_in_lanes(L, LANES, unit, x, y, n, most):
    """An inner product as PyTorch's product of a matrix and a vector adds it: ``most`` terms into the first lane, then whole units."""
    head = minimum(most, n)
    end = head + (n - head) // unit * unit
    total = x[0] * y[0]
    if end > head:
        for i in range(1, head):
            total = total + x[i] * y[i]
        sums = load(x, head, L) * load(y, head, L)
        sums = insert(sums, extract(sums, 0) + total, 0)
        i = head + L
        while i < end:
            sums = sums + load(x, i, L) * load(y, i, L)
            i += L
        total = folded(L, LANES, sums)
        for j in range(end, n):
            total = total + x[j] * y[j]
    else:
        for j in range(1, n):
            total = total + x[j] * y[j]
    return total


def beyond(T, LANES, p):
    """How many numbers beyond a multiple of 16 bytes a vector begins."""
    return address(p) // (16 // LANES) % LANES


def orthogonal(start, stop, q: write[T], tau: strided[T], scratch: write[T], m: i64, n: i64, k: i64):
    """The first ``n`` columns of the product of ``k`` reflections, whose vectors stand in ``q``; a matrix is a unit of work."""
    for unit in range(start, stop):
        matrix = q + unit * m * n
        room = scratch + unit * n
        for j in range(k, n):
            for r in range(m):
                matrix[j * m + r] = T(0)
            matrix[j * m + j] = T(1)
        for back in range(k):
            i = k - 1 - back
            factor = tau[unit * k + i]
            v = matrix + (i * m + i)
            rest = m - i
            columns = n - i - 1
            whole = columns // 4 * 4
            v[0] = T(1)
            for j in range(columns):
                c = matrix + ((i + 1 + j) * m + i)
                if j < whole:
                    last = matrix + ((i + 1 + j // 4 * 4 + 3) * m + i)
                    room[j] = product_in_lanes(LANES, LANES, LANES, v, c, rest, LANES - beyond(T, LANES, last))
                else:
                    head = LANES - beyond(T, LANES, v)
                    pair = (columns - whole >= 2) and (LANES == 2)
                    if (j == whole + 1) and (pair or (LANES == 4)):
                        room[j] = product_in_lanes(LANES, LANES, 8, v, c, rest, head)
                    elif pair and (j == whole):
                        room[j] = product_in_lanes(4, LANES, 8, v, c, rest, head)
                    else:
                        room[j] = product_in_lanes(8, LANES, 8, v, c, rest, head)
            for j in range(columns):
                c = matrix + ((i + 1 + j) * m + i)
                along = -factor * room[j]
                for r in range(rest):
                    c[r] = c[r] + v[r] * along
            for r in range(1, rest):
                v[r] = -factor * v[r]
            v[0] = T(1) - factor
            for r in range(i):
                matrix[i * m + r] = T(0)
