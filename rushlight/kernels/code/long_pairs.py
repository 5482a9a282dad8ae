"""Functions of float64 numbers in which two numbers carry what one cannot, as PyTorch's vectors compute them: ``pairs`` of float64.

The methods and coefficients are the SLEEF library's, of its variants for processors with fused multiply-adds; polynomials are added
up by halves (G. Estrin 1960). What is written here runs in NumPy too (``by_numpy``).
"""

from __future__ import annotations

import math

from ..words import absolute, bitcast, copysign, f64, floor, fma, i64, maximum, minimum, rint, select, sqrt, unroll
from .doubles import LN2_LONG
from .pairs import (
    add,
    add_any,
    add_number,
    div,
    mul,
    one_plus,
    reciprocal,
    scale,
    square,
    subtract,
    two_ordered,
    two_sum,
    within,
)
from .wide import power_of_two, whole_number

INFINITY, NAN = math.inf, math.nan


# --- polynomials: the highest power first, from the coefficient ``at`` on -----------------------------------------------
def four(x, x2, c, at):
    return fma(x2, fma(x, c[at], c[at + 1]), fma(x, c[at + 2], c[at + 3]))


def eight(x, x2, x4, c, at):
    return fma(x4, four(x, x2, c, at), four(x, x2, c, at + 4))


def seven(x, x2, x4, c):
    return fma(x4, fma(x2, c[0], fma(x, c[1], c[2])), four(x, x2, c, 3))


def nine(x, x2, x4, c):
    return fma(x4 * x4, c[0], eight(x, x2, x4, c, 1))


def ten(x, x2, x4, c):
    return fma(x4 * x4, fma(x, c[0], c[1]), eight(x, x2, x4, c, 2))


def sixteen(x, x2, x4, c, at):
    return fma(x4 * x4, eight(x, x2, x4, c, at), eight(x, x2, x4, c, at + 8))


# --- powers of two ----------------------------------------------------------------------------------------------------
def doubled(x, k):
    """``x * 2**k`` for a small whole number, in two factors."""
    half = floor(k * 0.5)
    return x * power_of_two(half) * power_of_two(k - half)


def exponent_of(x):
    """The whole number of the logarithm to the base of 2."""
    return (bitcast(i64, x) >> 52) - 1023


def power_by(e):
    """``2.0 ** -e`` of an i64."""
    return bitcast(f64, 1023 - e << 52)


# --- exponentials -----------------------------------------------------------------------------------------------------
INVERSE_LN2 = 1.442695040888963407359924681001892137426645954152985934135449406931
LN2_HIGH, LN2_LOW = 0.69314718055966295651160180568695068359375, 0.28235290563031577122588448175013436025525412068e-12
EXP = (
    0.1602472219709932072e-9, 0.2092255183563157007e-8, 0.2505230023782644465e-7, 0.2755724800902135303e-6,
    0.2755731892386044373e-5, 0.2480158735605815065e-4, 0.1984126984148071858e-3, 0.1388888888886763255e-2,
    0.8333333333333347095e-2, 0.4166666666666669905e-1,
)  # fmt: skip
SIXTH = 0.1666666666666666574


def exp_pair(x):
    """``exp(x)`` of numbers up to 750 in size as a pair."""
    q = rint(x * INVERSE_LN2)
    s = two_sum(x, q * -LN2_HIGH)
    s = add_number(s, q * -LN2_LOW)
    s2 = square(s)
    s4 = square(s2)
    u = ten(s[0], s2[0], s4[0], EXP)
    more = scale(s, SIXTH)
    half = two_ordered(0.5, more[0])
    t = half[0], half[1] + more[1]
    t = one_plus(mul(t, s))
    t = one_plus(mul(t, s))
    t = add(t, scale(s4, u))
    return doubled(t[0], q), doubled(t[1], q)


def expm1(x):
    d = add_number(exp_pair(within(x, 750.0)), -1.0)
    out = d[0] + d[1]
    out = select(x > 709.782712893383996732223, INFINITY, out)
    out = select(x < -36.736800569677101399113302437, -1.0, out)
    return select(x == 0.0, x, out)


def sinh(x):
    d = exp_pair(within(absolute(x), 711.0))
    d = subtract(d, reciprocal(d))
    out = (d[0] + d[1]) * 0.5
    return copysign(select(out == out, select(absolute(x) > 710.0, INFINITY, out), absolute(x) + INFINITY), x)


def cosh(x):
    d = exp_pair(within(absolute(x), 711.0))
    d = add(d, reciprocal(d))
    out = (d[0] + d[1]) * 0.5
    return select(out == out, select(absolute(x) > 710.0, INFINITY, out), absolute(x) + INFINITY)


TANH_ONE = 18.714973875


def tanh(x):
    """Within other functions; ``tanh`` itself is another library's."""
    d = exp_pair(within(absolute(x), 19.0))
    e = reciprocal(d)
    d = div(add_any(d, (-e[0], -e[1])), add_any(d, e))
    return copysign(select(absolute(x) > TANH_ONE, 1.0, d[0] + d[1]), x)


EXP2 = (
    0.4434359082926529454e-9, 0.7073164598085707425e-8, 0.1017819260921760451e-6, 0.1321543872511327615e-5,
    0.1525273353517584730e-4, 0.1540353045101147808e-3, 0.1333355814670499073e-2, 0.9618129107597600536e-2,
    0.5550410866482046596e-1, 0.2402265069591012214e0,
)  # fmt: skip
EXP2_FIRST = 0.6931471805599452862


def exp2(x):
    near = select(x < -1100.0, -1100.0, select(x > 1025.0, 1025.0, x))
    q = rint(near)
    s = near - q
    s2 = s * s
    u = fma(fma(ten(s, s2, s2 * s2, EXP2), s, EXP2_FIRST), s, 1.0)
    return select(x >= 1024.0, INFINITY, doubled(u, q))


# --- logarithms -------------------------------------------------------------------------------------------------------
LOG = (
    0.13860436390467167910856, 0.131699838841615374240845, 0.153914168346271945653214, 0.181816523941564611721589,
    0.22222224632662035403996, 0.285714285511134091777308, 0.400000000000914013309483,
)  # fmt: skip
LOG_FIRST = 0.666666666666664853302393


def parted(e):
    """``e ln 2`` of a whole number as a pair."""
    first = e * LN2_LONG[0]
    return first, fma(e, LN2_LONG[1], fma(e, LN2_LONG[0], -first))


def log_pair(d):
    """The logarithm of a pair that is positive, normal and finite."""
    e = exponent_of(d[0] * (1.0 / 0.75))
    power = power_by(e)
    m = d[0] * power, d[1] * power
    x = div(add_number(m, -1.0), add_number(m, 1.0))
    x2 = square(x)
    x4 = x2[0] * x2[0]
    t = fma(seven(x2[0], x4, x4 * x4, LOG), x2[0], LOG_FIRST)
    s = add(parted(whole_number(e)), (x[0] * 2.0, x[1] * 2.0))
    return add(s, scale(mul(x2, x), t))


def atanh(x):
    size = absolute(x)
    inside = select(size < 1.0, size, 0.0)
    d = log_pair(div(two_sum(inside, 1.0), two_sum(-inside, 1.0)))
    out = select(size == 1.0, INFINITY, select(size < 1.0, (d[0] + d[1]) * 0.5, NAN))
    return copysign(out, x)


LOG2 = (
    0.2211941750456081490, 0.2200768693152277689, 0.2623708057488514656, 0.3205977477944495502, 0.4121985945485324709,
    0.5770780162997058982, 0.96179669392608091449,
)  # fmt: skip
TWO_OVER_LN2 = (2.885390081777926774, 6.0561604995516736434e-18)


def split(x):
    """``e`` and ``m`` with ``x = m 2**e``, m in [0.75, 1.5), of a positive number."""
    low = x < 2.0**-1022
    usual = select(low, x * 2.0**64, x)
    e = exponent_of(usual * (1.0 / 0.75))
    m = bitcast(f64, bitcast(i64, usual) - (e << 52))
    whole = whole_number(e)
    return select(low, whole - 64.0, whole), m


def log2(x):
    usual = (x > 0.0) & (x < INFINITY)
    e, m = split(select(usual, x, 1.0))
    t = div(two_sum(m, -1.0), two_sum(m, 1.0))
    x2 = t[0] * t[0]
    x4 = x2 * x2
    series = seven(x2, x4, x4 * x4, LOG2)
    first = mul(t, TWO_OVER_LN2)
    s, rest = two_sum(e, first[0])
    d = add_number((s, rest + first[1]), x2 * t[0] * series)
    out = d[0] + d[1]
    return select(usual, out, select(x == 0.0, -INFINITY, select(x > 0.0, x, NAN)))


# --- powers -----------------------------------------------------------------------------------------------------------
LOG_LONG = (
    0.116255524079935043668677, 0.103239680901072952701192, 0.117754809412463995466069, 0.13332981086846273921509,
    0.153846227114512262845736, 0.181818180850050775676507, 0.222222222230083560345903, 0.285714285714249172087875,
    0.400000000000000077715612,
)  # fmt: skip
THIRD = (0.666666666666666629659233, 3.80554962542412056336616e-17)
EXP_LONG = (
    2.51069683420950419527139e-08, 2.76286166770270649116855e-07, 2.75572496725023574143864e-06, 2.48014973989819794114153e-05,
    0.000198412698809069797676111, 0.0013888888939977128960529, 0.00833333333332371417601081, 0.0416666666665409524128449,
    0.166666666666666740681535, 0.500000000000000999200722,
)  # fmt: skip
MOST = 709.782712893383996732223  # the logarithm of the largest number


def log_long(x):
    """The logarithm of a positive number as a pair of more digits."""
    e, m = split(x)
    t = div(two_sum(m, -1.0), two_sum(m, 1.0))
    t2 = square(t)
    x4 = t2[0] * t2[0]
    series = nine(t2[0], x4, x4 * x4, LOG_LONG)
    s = add(parted(e), (t[0] * 2.0, t[1] * 2.0))
    t = mul(t2, t)
    s = add(s, mul(t, THIRD))
    return add(s, scale(mul(t2, t), series))


def exp_of_pair(d):
    """The exponential of a pair."""
    q = rint((d[0] + d[1]) * INVERSE_LN2)
    s = add_number(d, q * -LN2_HIGH)
    s = add_number(s, q * -LN2_LOW)
    s = two_ordered(s[0], s[1])
    s2 = s[0] * s[0]
    u = ten(s[0], s2, s2 * s2, EXP_LONG)
    t = add(one_plus(s), scale(square(s), u))
    return doubled(t[0] + t[1], q)


def power(x, exponent):
    size = absolute(x)
    usual = (size > 0.0) & (size < INFINITY)
    d = scale(log_long(select(usual, size, 1.0)), exponent)
    near = absolute(d[0]) < 1000.0
    out = exp_of_pair((select(near, d[0], 0.0), select(near, d[1], 0.0)))
    out = select(near, select(d[0] > MOST, INFINITY, out), select(d[0] > 0.0, f64(INFINITY), 0.0))
    half = exponent * 0.5
    whole = floor(exponent) == exponent
    odd = whole & (floor(half) != half)
    out = select(x < 0.0, select(odd, -out, select(whole, out, NAN)), out)
    grows = (exponent > 0.0) == (size > 1.0)
    endless = select(size == 1.0, 1.0, select(grows, f64(INFINITY), 0.0))
    out = select(absolute(exponent) == INFINITY, endless, out)
    edge = select((exponent > 0.0) == (size > 1.0), f64(INFINITY), 0.0)
    edge = select(odd, copysign(edge, x), edge)
    out = select(usual, out, edge)
    out = select((x == x) & (exponent == exponent), out, NAN)
    return select((exponent == 0.0) | (x == 1.0), 1.0, out)


# --- angles and lengths -----------------------------------------------------------------------------------------------
ATAN = (
    1.06298484191448746607415e-05, -0.000125620649967286867384336, 0.00070557664296393412389774, -0.00251865614498713360352999,
    0.00646262899036991172313504, -0.0128281333663399031014274, 0.0208024799924145797902497, -0.0289002344784740315686289,
    0.0359785005035104590853656, -0.041848579703592507506027, 0.0470843011653283988193763, -0.0524914210588448421068719,
    0.0587946590969581003860434, -0.0666620884778795497194182, 0.0769225330296203768654095, -0.0909090442773387574781907,
)  # fmt: skip
ATAN_LAST = (
    0.111111108376896236538123, -0.142857142756268568062339, 0.199999999997977351284817, -0.333333333333317605173818,
)  # fmt: skip
HALF_PI = (1.570796326794896557998982, 6.12323399573676603586882e-17)


def atan2(y, x):
    small = absolute(x) < 5.5626846462680083984e-309
    x = select(small, x * 2.0**53, x)
    y = select(small, y * 2.0**53, y)
    height, length = absolute(y), absolute(x)
    steep = length < height
    quarters = select(x < 0.0, f64(-2.0), 0.0) + select(steep, f64(1.0), 0.0)
    above = select(steep, -length, height)
    below = select(steep, height, length)
    usual = select(below > 0.0, below, 1.0)
    s = div((select(usual < INFINITY, above, 0.0), 0.0), (select(usual < INFINITY, usual, 1.0), 0.0))
    t = square(s)
    t = two_ordered(t[0], t[1])
    x2 = t[0] * t[0]
    u = sixteen(t[0], x2, x2 * x2, ATAN, 0)
    for i in unroll(4):
        u = fma(u, t[0], ATAN_LAST[i])
    t = add(s, scale(mul(s, t), u))
    first = quarters * HALF_PI[0]
    t = add((first, fma(quarters, HALF_PI[1], fma(quarters, HALF_PI[0], -first))), t)
    out = t[0] + t[1]
    out = select(bitcast(i64, x) < 0, -out, out)
    endless = select(length == INFINITY, copysign(math.pi / 2, x), 0.0)
    out = select(length == INFINITY, math.pi / 2 - endless, select(x == 0.0, math.pi / 2, out))
    endless = select(length == INFINITY, copysign(math.pi / 4, x), 0.0)
    out = select(height == INFINITY, math.pi / 2 - endless, out)
    out = select(y == 0.0, select(bitcast(i64, x) < 0, f64(math.pi), 0.0), out)
    out = copysign(out, y)
    return select(x == x, select(y == y, out, y), x)


def root_pair(d):
    """The square root of a pair."""
    t = sqrt(d[0] + d[1])
    s = t * t
    whole = add_any(d, (s, fma(t, t, -s)))
    inverse = 1.0 / t
    out = mul(whole, (inverse, inverse * fma(-t, inverse, 1.0)))
    return out[0] * 0.5, out[1] * 0.5


def hypot(x, y):
    x, y = absolute(x), absolute(y)
    least, most = minimum(x, y), maximum(x, y)
    low = most < 2.0**-1022
    n, d = select(low, least * 2.0**54, least), select(low, most * 2.0**54, most)
    t = div((n, 0.0), (select(d > 0.0, d, 1.0), 0.0))
    t = scale(root_pair(add_number(square(t), 1.0)), most)
    out = t[0] + t[1]
    out = select(out == out, out, INFINITY)
    out = select(least == 0.0, most, out)
    out = select((x == x) & (y == y), out, NAN)
    return select((x == INFINITY) | (y == INFINITY), INFINITY, out)


# --- the error function -----------------------------------------------------------------------------------------------
#: Up to 2.5 and beyond: 21 numbers, the highest power first, then three as pairs.
ERF_NEAR = (
    -0.2083271002525222097e-14, 0.7151909970790897009e-13, -0.1162238220110999364e-11, 0.1186474230821585259e-10,
    -0.8499973178354613440e-10, 0.4507647462598841629e-9, -0.1808044474288848915e-8, 0.5435081826716212389e-8,
    -0.1143939895758628484e-7, 0.1215442362680889243e-7, 0.1669878756181250355e-7, -0.9808074602255194288e-7,
    0.1389000557865837204e-6, 0.2945514529987331866e-6, -0.1842918273003998283e-5, 0.3417987836115362136e-5,
    0.3860236356493129101e-5, -0.3309403072749947546e-4, 0.1060862922597579532e-3, 0.2323253155213076174e-3,
    0.1490149719145544729e-3,
)  # fmt: skip
ERF_FAR = (
    -0.4024015130752621932e-18, 0.3847193332817048172e-16, -0.1749316241455644088e-14, 0.5029618322872872715e-13,
    -0.1025221466851463164e-11, 0.1573695559331945583e-10, -0.1884658558040203709e-9, 0.1798167853032159309e-8,
    -0.1380745342355033142e-7, 0.8525705726469103499e-7, -0.4160448058101303405e-6, 0.1517272660008588485e-5,
    -0.3341634127317201697e-5, -0.2515023395879724513e-5, 0.6539731269664907554e-4, -0.3551065097428388658e-3,
    0.1210736097958368864e-2, -0.2605566912579998680e-2, 0.1252823202436093193e-2, 0.1820191395263313222e-1,
    -0.1021557155453465954,
)  # fmt: skip
ERF_NEAR_PAIRS = (
    0.0092877958392275604405, 7.9287559463961107493e-19, 0.042275531758784692937, 1.3785226620501016138e-19,
    0.07052369794346953491, 9.5846628070792092842e-19,
)  # fmt: skip
ERF_FAR_PAIRS = (
    -0.63691044383641748361, -2.4249477526539431839e-17, -1.1282926061803961737, -6.2970338860410996505e-17,
    -1.2261313785184804967e-05, -5.5329707514490107044e-22,
)  # fmt: skip


def falling(x, c, pairs):
    """The polynomial of ``erf`` as a pair."""
    x2 = x * x
    x4 = x2 * x2
    x8 = x4 * x4
    first = fma(x4, c[0], four(x, x2, c, 1))
    t = fma(x8 * x8, first, sixteen(x, x2, x4, c, 5))
    third = t * x
    high = add((pairs[0], pairs[1]), (third, fma(t, x, -third)))
    more = pairs[2] * x
    low = add((pairs[4], pairs[5]), (more, fma(pairs[3], x, fma(pairs[2], x, -more))))
    return add(low, scale(high, x2))


def erf(x):
    """Within other functions; ``erf`` itself is another library's."""
    size = select(absolute(x) < 6.0, absolute(x), 6.0)
    near = size <= 2.5
    s = one_plus(scale(falling(select(near, size, 2.5), ERF_NEAR, ERF_NEAR_PAIRS), select(near, size, 2.5)))
    s = square(s)
    s = square(s)
    s = square(s)
    s = reciprocal(square(s))
    far = exp_of_pair(falling(size, ERF_FAR, ERF_FAR_PAIRS))
    t = add_number((select(near, s[0], far), select(near, s[1], 0.0)), -1.0)
    out = -(t[0] + t[1])
    out = select(size < 1e-8, size * 1.12837916709551262756245475959, out)
    out = select(size >= 6.0, 1.0, out)
    return select(x == x, copysign(out, x), x)
