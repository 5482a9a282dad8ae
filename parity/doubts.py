"""What random programs leave out, because PyTorch has no answer that means anything: each of ``DOUBTS`` says why.

They see a line before it is run: its text, and the tensors it is to be run on. Everything else is compared.
"""

from __future__ import annotations

import re
from typing import Any

import torch
from drawing import NAME, Drawing, broadcasts, shares_memory
from side_by_side import NAMES, has_history


def operands(text: str, d: Drawing) -> list[torch.Tensor]:
    return [d.tensors[name] for name in NAME.findall(text) if name in d.tensors]


def is_recorded(text: str, d: Drawing) -> bool:
    return any(t.requires_grad for t in operands(text, d))


# --- the order of reads and writes, the bits of NaN, memory that was left over -----------------------------------------
WRITE = re.compile(r"(?:with torch.no_grad\(\): )?(t\d+)((?:\[.*\])?) (?:[^=\s]*)= |.*\b(t\d+)\.\w+_\(|.*out=(t\d+)")


PART = re.compile(
    r"\)(?:\[[^]]*\])?\.\w+_\(|(?:\)|\]|T|real|data)(?:\[[^]]*\])? = |\.(?:mT|T|real|data|grad)\.\w+_\(|\]\.\w+_\("
)


def target(text: str, d: Drawing) -> torch.Tensor | None:
    """What a statement writes to: a tensor, or a part of one."""
    found = WRITE.match(text)
    name = None if found is None else found[1] or found[3] or found[4]
    first = NAME.search(text)
    if found is None and first is not None and PART.search(text):  # of a view that has no name
        return d.tensors.get(first[0])
    if found is None or name not in d.tensors:
        return None
    whole = d.tensors[name]
    try:
        part: Any = eval(name + (found[2] or ""), {**NAMES, **d.tensors})
    except Exception:
        return whole
    return part if shares_memory(part, whole) else whole


def writes_what_overlaps(text: str, d: Drawing) -> bool:
    """Elements that share memory in part are written in an order that nobody promises, and PyTorch does not look for them; nor
    for repeated ones where it fills slices, or halves of matrices as long as each is in one piece."""
    x = target(text, d)
    filled = re.search(r"\.(index_fill_|tril_|triu_)\(", text) is not None
    return x is not None and (overlaps(x) or (filled and is_repeated(x)))


def overlaps(t: torch.Tensor) -> bool:
    """Whether a step along one dimension leads to where steps along others lead too; none of them is 0, which PyTorch sees."""
    reach = 1
    for step, n in sorted((step, n) for step, n in zip(t.stride(), t.shape, strict=True) if n > 1 and step):
        if step < reach:
            return True
        reach = step * n
    return False


def reads_what_it_writes(text: str, d: Drawing) -> bool:
    """An operand that is partly overwritten on the way is read before or after that, as it happens. PyTorch refuses it for tensors
    without gaps, which it tells apart by strides of dimensions of size 1 too; these lead nowhere, and are not compared."""
    x = target(text, d)
    if x is None:
        return False
    return any(
        t is not x and shares_memory(t, x) and meets(t, x) and not (is_seen(t) and is_seen(x))
        for t in operands(text, d)
    )


def meets(a: torch.Tensor, b: torch.Tensor) -> bool:
    """Whether two tensors of one memory show places in the same stretch of it, and not the same in the same order."""
    if (a.shape, a.stride(), a.storage_offset()) == (b.shape, b.stride(), b.storage_offset()):
        return False
    return a.storage_offset() < end(b) and b.storage_offset() < end(a)


def end(t: torch.Tensor) -> int:
    return t.storage_offset() + sum((n - 1) * step for n, step in zip(t.shape, t.stride(), strict=True)) + 1


def is_seen(t: torch.Tensor) -> bool:
    """Whether PyTorch looks for such operands of it."""
    return end(t) - t.storage_offset() == t.numel() and 1 not in t.shape and t.dim() > 0


def has_nan(t: torch.Tensor) -> bool:
    return bool(t.isnan().any())


def asks_for_the_bits_of_nan(text: str, d: Drawing) -> bool:
    """Its sign and the others: which the processor decides, otherwise in vectors than alone."""
    asks = any(name in text for name in ("signbit", "copysign", ".view(torch."))
    x = target(text, d)  # which may become NaN
    seen = (
        x is not None
        and x.is_floating_point()
        and any(t.dtype != x.dtype and shares_memory(t, x) for t in d.tensors.values())
    )
    return seen or (asks and any(has_nan(t) for t in operands(text, d)))


def asks_for_the_slope_at_nan(text: str, d: Drawing) -> bool:
    """PyTorch's slopes of these compare the number, in one way in vectors and in another for those that are left over."""
    named = re.search(r"F\.(elu|celu|selu|hardtanh|relu6|hardswish)\(", text) is not None
    return named and is_recorded(text, d) and any(has_nan(t) for t in operands(text, d))


def multiplies_infinite_complex_numbers(text: str, d: Drawing) -> bool:
    """Which parts of a product are NaN then depends on whose multiplication it is: the library's, the compiler's, a vector's."""
    finite = all(bool(t.isfinite().all()) for t in operands(text, d) if t.is_complex())
    return not finite and any(name in text for name in PRODUCTS)


PRODUCTS = ("@", "mm(", "matmul", "mv(", "dot(", "outer", "linear", "einsum", "prod(", "logcumsumexp(")


def shows_what_was_left_over(text: str, d: Drawing) -> bool:
    """Some losses leave their terms in the memory of their mean, where ``as_strided`` finds them."""
    return "as_strided" in text and any(t.untyped_storage().nbytes() > held(t) for t in operands(text, d))


def held(t: torch.Tensor) -> int:
    """The bytes of what a program made: of a tensor, or what it is a view of."""
    base = t if t._base is None else t._base
    return base.numel() * base.element_size()


def reads_what_leads_nowhere(text: str, d: Drawing) -> bool:
    """Whether a tensor can be shown with another dtype depends on its last stride, also where there is no second element; and
    ``as_strided`` begins where a tensor without elements does."""
    given = operands(text, d)
    shown = ".view(torch." in text and any(t.numel() == 0 or t.shape[-1:] == (1,) for t in given)
    return shown or ("as_strided" in text and any(t.numel() == 0 for t in given))


def outgrows_what_others_show(text: str, d: Drawing) -> bool:
    """A result for which ``out=`` has no room: PyTorch makes its memory longer for all that show it (docs/differences.md)."""
    found = re.search(r", out=(t\d+)", text)
    out = None if found is None else d.tensors.get(found[1])
    if out is None or not any(t is not out and shares_memory(t, out) for t in d.tensors.values()):
        return False
    assert found is not None
    try:
        made = eval((text.partition("grad(): ")[2] or text).replace(found[0], ""), {**NAMES, **d.tensors})
    except Exception:
        return False
    room = out.untyped_storage().nbytes() // out.element_size() - out.storage_offset()
    return isinstance(made, torch.Tensor) and made.numel() > room


def takes_the_median_of_what_is_repeated(text: str, d: Drawing) -> bool:
    """PyTorch sorts on the spot what stands for several elements."""
    return "median(" in text and any(is_repeated(t) for t in operands(text, d))


def chooses_among_equals(text: str, d: Drawing) -> bool:
    """Which of equal elements is the k-th, and gets the gradient, depends on the order in which a search has moved them."""
    given = operands(text, d)
    return (
        "kthvalue(" in text
        and is_recorded(text, d)
        and any(not t.is_complex() and t.unique().numel() < t.numel() for t in given)
    )


def is_repeated(t: torch.Tensor) -> bool:
    return any(n > 1 and step == 0 for n, step in zip(t.shape, t.stride(), strict=True))


# --- where PyTorch's own derivatives fail, or are of other numbers (docs/differences.md) --------------------------------
def has_complex32(text: str, d: Drawing) -> bool:
    """PyTorch makes it of float16 and complex numbers, and has arithmetic for little of it."""
    dtypes = {t.dtype for t in operands(text, d)}
    made = "1j" in text or "complex(" in text or "polar(" in text
    return torch.float16 in dtypes and (made or torch.complex64 in dtypes)


def differentiates_beside_bools(text: str, d: Drawing) -> bool:
    """The gradients of these negate the bools or bytes or subtract 1 from them, which wraps, or is refused; of ``True ** x`` there is
    an internal assertion that fails."""
    dtypes = {t.dtype for t in operands(text, d)} if is_recorded(text, d) else set()
    bools = torch.bool in dtypes and any(name in text for name in ("**", "pow", "logaddexp", "lerp"))
    bools = bools or (text.startswith("True ** ") and is_recorded(text, d))
    wrapping = any(
        name in text for name in ("atan2(", "lerp(", "addcmul(")
    )  # of which the last multiplies them by ``value``
    return bools or (wrapping and bool(dtypes & {torch.bool, torch.uint8}))


def differentiates_real_beside_complex(text: str, d: Drawing) -> bool:
    """The gradient of the real operand of these stays complex, which PyTorch's engine then refuses."""
    mixed = is_recorded(text, d) and len({t.is_complex() for t in operands(text, d)}) > 1
    return mixed and any(name in text for name in ("where(", "logaddexp("))


def divides_by_integers(text: str, d: Drawing) -> bool:
    """PyTorch's derivative of ``addcdiv`` writes 1 / divisor into integers, and so is refused."""
    given = operands(text, d)
    whole = [not (t.is_floating_point() or t.is_complex()) for t in given]
    return "addcdiv" in text and any(whole[2:]) and is_recorded(text, d)


def differentiates_a_sign(text: str, d: Drawing) -> bool:
    """The gradient is a tensor of zeros of a kind to which no second gradient can be added."""
    return "sgn(" in text and is_recorded(text, d)


def differentiates_a_count(text: str, d: Drawing) -> bool:
    """From a norm of order 0 no gradient comes, but PyTorch's nodes before it still complain of what was written to since."""
    return re.search(r"norm\(t\d+, 0\b", text) is not None and is_recorded(text, d)


def differentiates_what_nothing_reaches(text: str, d: Drawing) -> bool:
    """What has no derivative is not asked for one where the gradient would go nowhere: to a view made while nothing was recorded."""
    return "unique(" in text and any(t.requires_grad and t.is_leaf and t._is_view() for t in operands(text, d))


def differentiates_wider_bounds(text: str, d: Drawing) -> bool:
    """With two tensors as bounds PyTorch's gradients of them fail where the result has another shape than the input."""
    given = operands(text, d)
    wider = any(t.dim() > given[0].dim() or not broadcasts(t.shape, given[0].shape, expand=False) for t in given[1:])
    return "clamp(" in text and wider and is_recorded(text, d)


def compares_into_integers(text: str, d: Drawing) -> bool:
    """``t.eq_(x)`` lets PyTorch's integers require a gradient if ``x`` does."""
    x = target(text, d)
    return x is not None and not (x.is_floating_point() or x.is_complex()) and is_recorded(text, d)


def writes_to_a_conjugate(text: str, d: Drawing) -> bool:
    """PyTorch's shows the memory of what it is the conjugate of (docs/differences.md)."""
    x = target(text, d)
    if ".requires_grad" in text:  # which is true of views too
        return any(t.is_conj() for t in d.tensors.values())
    related = x is not None and any(t.is_conj() != x.is_conj() and shares_memory(t, x) for t in d.tensors.values())
    return related or (x is not None and x.is_conj())


def goes_on_beyond_the_last_dimension(text: str, d: Drawing) -> bool:
    """Of a slice that a second Ellipsis has moved there PyTorch compares the end with a size that it reads beyond the others: with
    whatever lies there."""
    return text.count("...") > 1 and re.search(r"\.\.\..*\.\.\..*:-?\d", text) is not None


def names_what_was_not_asked_for(text: str, d: Drawing) -> bool:
    """PyTorch refuses to write to a view, as if it were a leaf, after a recorded write elsewhere in its base, unless somebody has looked at
    ``view.grad_fn`` in between: ``t0.mul_(w); t2.mul_(2)`` raises for a view ``t2`` of ``t0``, ``t0.mul_(w); t2.grad_fn; t2.mul_(2)``
    does not. Programs look between all lines, but ``t2[...] *= w`` writes twice."""
    found = re.match(r"(t\d+)\[.*\] (?:[^=\s]+)= ", text)
    return found is not None and found[1] in d.tensors and d.tensors[found[1]]._is_view() and is_recorded(text, d)


def turns_what_keeps_its_gradient(text: str, d: Drawing) -> bool:
    """Its next write fails with an internal assertion of PyTorch's."""
    x = target(text, d)
    turned = re.search(r"\.(squeeze_|unsqueeze_|t_)\(", text) is not None
    return turned and x is not None and has_history(x) and x.retains_grad


def differentiates_extremes_of_nothing(text: str, d: Drawing) -> bool:
    """PyTorch's gradient of a running extreme of no elements is its input itself, which requires grad."""
    named = "cummax(" in text or "cummin(" in text
    return named and is_recorded(text, d) and any(t.numel() == 0 for t in operands(text, d))


def differentiates_a_distance_twice(text: str, d: Drawing) -> bool:
    """PyTorch has no second derivative of ``cdist``, not even where it would be empty."""
    return "cdist(" in text and is_recorded(text, d)


def takes_the_gelu_of_infinity(text: str, d: Drawing) -> bool:
    """oneDNN's for AVX-512 gives NaN for infinity and for all beyond 1e19; with ``ONEDNN_MAX_CPU_ISA=AVX2``, or of a single number,
    PyTorch gives infinity."""
    given = [t for t in operands(text, d) if t.is_floating_point()]
    return "gelu(" in text and any(bool((t.abs() > 1e18).any()) for t in given)


def conjugates_a_part(text: str, d: Drawing) -> bool:
    """A view has the strides and the place of what it shows, numbers of their own lie close together; nor does PyTorch show the bytes of
    a conjugate (docs/differences.md: there is no lazy conjugate)."""
    if ".view(torch." in text:
        return any(t.is_conj() for t in operands(text, d))
    given = [t for t in operands(text, d) if t.is_complex()]
    return "conj(" in text and any(t.storage_offset() or t.stride() != torch.empty_like(t).stride() for t in given)


def differentiates_a_remainder(text: str, d: Drawing) -> bool:
    """By a tensor, of a number: PyTorch has the derivative for two tensors only."""
    return re.fullmatch(r"[^t]\S* % t\d+", text) is not None and is_recorded(text, d)


def replaces_what_is_saved(text: str, d: Drawing) -> bool:
    """PyTorch's nodes keep the tensor, and so read what ``x.data = y`` put there after they were made, or refuse if it was detached."""
    if ".data =" not in text and ".detach_()" not in text:
        return False
    return bool(d.used & set(NAME.findall(text))) and any(t.requires_grad for t in d.tensors.values())


def squares_what_overflows(text: str, d: Drawing) -> bool:
    """The norm of one number is its size, or the root of its square, as a dimension is named or not."""
    return "norm(" in text and any(
        t.dim() == 0 and t.is_floating_point() and bool(t.abs() > 1e18) for t in operands(text, d)
    )


def turns_a_leaf(text: str, d: Drawing) -> bool:
    """PyTorch's nodes hand it gradients of the shape that it had; what becomes of them depends on who else refers to them."""
    x = target(text, d)
    turned = re.search(r"\.(squeeze_|unsqueeze_|t_)\(", text) is not None
    seen = turned and x is not None and has_history(x) and x.is_leaf and x.requires_grad
    return seen and bool(d.used & set(NAME.findall(text)))


DOUBTS = (
    writes_what_overlaps,
    reads_what_it_writes,
    asks_for_the_bits_of_nan,
    asks_for_the_slope_at_nan,
    multiplies_infinite_complex_numbers,
    shows_what_was_left_over,
    reads_what_leads_nowhere,
    takes_the_median_of_what_is_repeated,
    outgrows_what_others_show,
    chooses_among_equals,
    has_complex32,
    differentiates_beside_bools,
    differentiates_real_beside_complex,
    divides_by_integers,
    differentiates_a_sign,
    differentiates_a_count,
    differentiates_what_nothing_reaches,
    differentiates_wider_bounds,
    compares_into_integers,
    writes_to_a_conjugate,
    conjugates_a_part,
    goes_on_beyond_the_last_dimension,
    names_what_was_not_asked_for,
    turns_what_keeps_its_gradient,
    differentiates_extremes_of_nothing,
    differentiates_a_distance_twice,
    takes_the_gelu_of_infinity,
    differentiates_a_remainder,
    replaces_what_is_saved,
    squares_what_overflows,
    turns_a_leaf,
)
