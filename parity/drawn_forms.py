"""More lines of random programs: forms that public scripts use beside the commonest ones, which ``drawn_lines`` has.

Writes to parts of views, results in ``out=``, the in-place scatters, layers, small linear algebra, several graphs in one line, hooks and
optimizers.
"""

from __future__ import annotations

from drawing import Drawing
from drawn_lines import NUMBERS

RULES = ["sum", "prod", "mean", "amax", "amin"]


def _floating(d: Drawing, ndim: int = 0) -> str:
    """Not of 16 bits, which layers round at other steps."""
    return d.pick(lambda t: t.is_floating_point() and t.itemsize > 2 and t.dim() >= ndim)


def _indices(d: Drawing, x: str, i: int) -> tuple[list[int], tuple[int, ...], str]:
    """Positions along a dimension, the shape of what they pick, and a tensor of them that is expanded to it."""
    shape = list(d.tensors[x].shape) or [1]
    n = 1 + d.number(3) if d.size(x, i) else 0
    d.careful = True  # of what is out of range PyTorch has done a part
    row = [p % max(d.size(x, i), 1) for p in d.positions(d.size(x, i), n)]
    d.careful = False
    if -len(shape) <= i < len(shape):
        shape[i] = n
    column = tuple(n if k == i % len(shape) else 1 for k in range(len(shape)))
    return row, tuple(shape), f"torch.tensor({row}, dtype=torch.int64).reshape({column}).expand({tuple(shape)})"


def written_part(d: Drawing) -> str:
    """A write to a view of a view, by which the whole changes."""
    x = d.pick(lambda t: not (t.is_leaf and t.requires_grad))
    i, n = d.dim(x), d.tensors[x].numel()
    part = d.choice([
        f"{x}.chunk(2, {i})[0]", f"{x}.split(1, {i})[-1]", f"{x}.unbind({i})[0]", f"{x}.view(-1)", f"{x}.T", f"{x}.t()", f"{x}.mT",
        f"{x}.flatten()", f"{x}.detach()", f"{x}.data", f"{x}.unsqueeze(0)", f"{x}.squeeze()", f"{x}.diagonal()", f"{x}.narrow({i}, 0, 1)",
        f"{x}.transpose(0, {i})", f"{x}.select({i}, -1)", f"{x}.expand(2, *{x}.shape)", f"{x}.reshape(-1, {n or 1})", f"{x}.contiguous()",
        f"{x}.view_as({x})", f"{x}.real", f"{x}[...]", f"{x}[0]", f"{x}.tensor_split(2, {i})[1]", f"{x}.movedim(0, {i})",
    ])  # fmt: skip
    number = d.choice(NUMBERS)
    return d.choice([
        f"{part}.mul_({number})", f"{part}.add_({number})", f"{part}.zero_()", f"{part}.fill_({number})", f"{part}[0] = {number}",
        f"{part}[...] = {number}", f"{part}.copy_({d.into(x)})", f"{part}.clamp_(min=0)", f"{part}.neg_()", f"{part}.sub_({number})",
        f"{part}.masked_fill_({part}.detach() > 0, {number})", f"{part}.relu_()", f"{part}.exp_()",
    ])  # fmt: skip


def scattered_in_place(d: Drawing) -> str:
    """The forms that write at indices."""
    x = d.pick(lambda t: not (t.is_leaf and t.requires_grad))
    i = d.dim(x)
    row, shape, places = _indices(d, x, i)
    source = f"torch.ones({shape}, dtype={x}.dtype)"
    index = f"torch.tensor({row}, dtype=torch.int64)"
    return d.choice([
        f"{x}.scatter_({i}, {places}, {d.choice([source, '2', '1.5'])})",
        f"{x}.scatter_add_({i}, {places}, {source})",
        f"{x}.scatter_reduce_({i}, {places}, {source}, {d.choice(RULES)!r}, include_self={d.choice([True, False])})",
        f"{x}.index_add_({i}, {index}, {source}, alpha={d.choice(['1', '2'])})",
        f"{x}.index_copy_({i}, {index}, {source})",
        f"{x}.index_put_(({index},), torch.tensor(1, dtype={x}.dtype), accumulate={d.choice([True, False])})",
        f"{x}.masked_scatter_({x}.detach() > 0, {d.pick()}.clone())",
        f"{x}.index_reduce_({i}, {index}, {source}, {d.choice(RULES[1:])!r})",
    ])  # fmt: skip


def other_in_place(d: Drawing) -> str:
    """In-place forms that ``drawn_lines`` leaves out."""
    x = d.pick(lambda t: not (t.is_leaf and t.requires_grad))
    other, number = d.into(x), d.choice(NUMBERS)
    names = "sign_ rsqrt_ trunc_ frac_ ceil_ cos_ erf_ expm1_ log1p_ tan_ sinh_ bitwise_not_ nan_to_num_ sgn_ erfinv_".split()
    return d.choice([
        f"{x}.{d.choice(names)}()",
        f"{x}.addcdiv_({other}, {other}, value={number})",
        f"{x}.clip_({d.choice(['-1', 'None'])}, 1)",
        f"{x}.clamp_min_({number})",
        f"{x}.clamp_({other}, {other})",
        f"{x}.transpose_({d.dim(x)}, {d.dim(x)})",
        f"{x}.hypot_({other})",
        f"{x}.{d.choice(['xlogy_', 'copysign_', 'ge_', 'ne_', 'logical_or_', 'bitwise_and_', 'bitwise_xor_', 'gcd_'])}({other})",
        f"{x} {d.choice(['<<=', '>>=', '&=', '|=', '//=', '%=', '**='])} {d.choice([other, number])}",
        f"{x}.renorm_(2, {d.dim(x)}, 1.0)",
        f"{x}.lerp_({other}, {other})",
        f"{x}.sub_({other}, alpha={number})",
        f"{x}.div_({other}, rounding_mode={d.choice(['floor', 'trunc'])!r})",
    ])  # fmt: skip


def into_out(d: Drawing) -> str:
    """Results of several operations in a tensor that was made for them, of another shape or of the same."""
    x = d.pick(lambda t: not t.requires_grad)
    y, i = d.like(x), d.dim(x)
    out = d.choice(
        [f"out=torch.empty(0, dtype={x}.dtype)", f"out=torch.zeros_like({x})", f"out=torch.zeros_like({x}.mT)"]
    )
    return d.choice([
        f"torch.{d.choice('mul sub maximum atan2 fmod pow'.split())}({x}, {y}, {out})",
        f"torch.{d.choice('eq lt logical_and'.split())}({x}, {y}, out=torch.empty(0, dtype=torch.bool))",
        f"torch.{d.choice('exp abs neg sqrt floor sigmoid'.split())}({x}, {out})",
        f"torch.{d.choice('sum mean prod amax cumsum'.split())}({x}, {i}, {out})",
        f"torch.matmul({x}, {y}, {out})",
        f"torch.cat([{x}, {x}], {i}, {out})",
        f"torch.stack([{x}, {x}], {out})",
        f"torch.clamp({x}, 0, 1, {out})",
        f"torch.index_select({x}, {i}, torch.tensor([0]), {out})",
        f"torch.tril({x}, {out})",
        f"torch.argmax({x}, {i}, out=torch.empty(0, dtype=torch.int64))",
    ])  # fmt: skip


def layer(d: Drawing) -> str:
    """Layers as functions, with weights of ones."""
    x = _floating(d, 2)
    t = d.tensors[x]
    channels = t.shape[1] if t.dim() > 1 else 1
    ones = f"torch.ones(2, {channels}, {{}}, dtype={x}.dtype)"
    return d.choice([
        f"F.conv1d({x}, {ones.format(1)}, padding={d.number(2)})",
        f"F.conv2d({x}, {ones.format('1, 2')}, stride={1 + d.number(2)})",
        f"F.max_pool2d({x}, {1 + d.number(2)})",
        f"F.avg_pool2d({x}, {1 + d.number(2)}, ceil_mode={d.choice([True, False])})",
        f"F.adaptive_avg_pool1d({x}, {1 + d.number(3)})",
        f"F.adaptive_max_pool1d({x}, 1)",
        f"F.interpolate({x}, scale_factor=2, mode={d.choice(['nearest', 'linear', 'bilinear'])!r})",
        f"F.batch_norm({x}, None, None, training=True)",
        f"F.group_norm({x}, 1)",
        f"F.instance_norm({x})",
        f"F.rms_norm({x}, {tuple(t.shape[-1:])})",
        f"F.dropout({x}, {d.choice(['0.0', '1.0'])})",
        f"F.dropout({x}, 0.5, training=False)",
        f"F.scaled_dot_product_attention({x}, {x}, {x}, is_causal={d.choice([True, False])})",
        f"F.nll_loss({x}, torch.zeros({t.shape[0] if t.dim() else 1}, dtype=torch.int64))",
        f"F.cross_entropy({x}, {x}.softmax(-1).detach(), label_smoothing={d.choice(['0.0', '0.1'])})",
        f"F.binary_cross_entropy({x}.sigmoid(), {x}.detach().sigmoid(), reduction={d.choice(['mean', 'none', 'sum'])!r})",
        f"F.huber_loss({x}, {d.alike(x)}, reduction={d.choice(['mean', 'none'])!r})",
        f"F.pairwise_distance({x}, {d.alike(x)})",
        f"F.softmin({x}, {d.dim(x)})",
        f"F.threshold({x}, 0.1, {d.choice(NUMBERS[:-2])})",
        f"F.hardshrink({x})",
        f"F.softshrink({x}, 0.2)",
        f"F.pixel_shuffle({x}, 1)",
        f"F.unfold({x}, 1)",
        f"F.poisson_nll_loss({x}, {d.alike(x)})",
        f"F.gaussian_nll_loss({x}, {d.alike(x)}, torch.ones_like({x}))",
    ])  # fmt: skip


def algebra(d: Drawing) -> str:
    """Small linear algebra and sums of products."""
    x = d.pick(lambda t: t.dim() > 1)
    t = d.tensors[x]
    y = d.pick(lambda u: u.dtype == t.dtype and u.dim() == t.dim() and u.shape[-2:] == t.shape[-2:])
    return d.choice([
        f"torch.einsum('ij->ji', {x})", f"torch.einsum('ij->', {x})", f"torch.einsum('ii->i', {x})",
        f"torch.einsum('bij,bkj->bik', {x}, {y})", f"torch.einsum('ij,ij->i', {x}, {y})", f"torch.einsum('...ij->...ji', {x})",
        f"torch.einsum('i,j->ij', {x}[0], {x}[0])", f"torch.dist({x}, {y})",
        f"torch.linalg.vecdot({x}, {y})", f"torch.linalg.cross({x}, {y})", f"torch.matrix_power({x}, {d.number(4)})",
        f"torch.addmv({x}[0], {x}, {y}[0])", f"torch.addr({x}, {x}[:, 0], {y}[0])",
        f"torch.inner({x}, {y})", f"torch.linalg.matrix_norm({x})", f"{x}.H",
        f"torch.cov({x})", f"torch.tensordot({x}, {y}, {d.number(3)})", f"torch.linalg.det({x} + torch.eye(3) * 4)",
 f"torch.cartesian_prod({x}[0], {y}[0])",
    ])  # fmt: skip


def statistic(d: Drawing) -> str:
    """Reductions and orders that ``drawn_lines`` leaves out."""
    x = d.pick(lambda t: not t.is_complex())
    i, k = d.dim(x), 1
    return d.choice([
        f"torch.aminmax({x})[{d.number(2)}]", f"torch.aminmax({x}, dim={i}, keepdim=True)[0]", f"{x}.std(unbiased=False)",
        f"{x}.var({i}, unbiased=False, keepdim=True)", f"{x}.sum((-1, {i}))", f"{x}.mean(({i},), keepdim=True)", f"torch.nanmean({x}, {i})",
        
        f"torch.max({x}, {i})[1]", f"torch.min({x}, {i}).indices", f"{x}.max({i}, keepdim=True).values", f"torch.cummax({x}, {i})[1]",
        f"torch.topk({x}, {k}, {i}, largest=False)[1]", f"torch.sort({x}, stable=True, dim={i})[1]", f"torch.nanmedian({x})",
        f"torch.unique({x}, return_counts=True)[1]", f"torch.unique_consecutive({x})", f"torch.isin({x}, {d.pick()})",
        f"torch.logaddexp2({x}, {d.like(x)})", f"torch.sinc({x})", f"torch.logit({x}, eps=0.1)", f"torch.special.xlog1py({x}, {d.like(x)})",
        f"torch.special.entr({x})", f"torch.polar({x}, {d.like(x)})", f"torch.complex({x}, {d.like(x)})", f"torch.ldexp({x}, {d.like(x)})",
        f"torch.std_mean({x}, {i})[{d.number(2)}]", f"torch.diff({x}, n=2, dim={i})", f"torch.gradient({x})[0]", f"torch.digamma({x})",
        f"torch.count_nonzero({x}, {i})", f"torch.histc({x}.float(), 4, 0, 4)", f"torch.mvlgamma({x}, 1)", f"torch.erfinv({x})",
        f"torch.float_power({x}, {d.like(x)})", f"torch.nextafter({x}, {d.like(x)})", f"torch.fmin({x}, {d.like(x)})", f"torch.i0({x})",
    ])  # fmt: skip


def made(d: Drawing) -> str:
    """Tensors made from others."""
    x = d.pick()
    return d.choice([
        f"{x}.new_zeros((2, 3))", f"{x}.new_ones(3)", f"torch.zeros_like({x}, requires_grad=False)", f"torch.stack(list({x}))",
        f"torch.cat({x}.split(1))", f"torch.from_numpy({x}.detach().numpy().copy())", f"torch.tensor({x}.tolist())", f"{x}.clone().T",
        f"torch.full_like({x}, 2, dtype=torch.float64)", f"{x}.to({d.pick()})", f"{x}.to(torch.float64, copy=True)", f"{x}.short()",
        f"{x}.expand_as({d.like(x)})", f"torch.arange(6).reshape(2, 3).to({x}.dtype)", f"{x}.repeat(1, 2, 1)", "torch.zeros(2, 3)[None]",
        f"{x}.contiguous(memory_format=torch.contiguous_format)", "torch.eye(2, 3)", f"{x}.char()", "torch.tensor([True, False])",
        f"torch.column_stack([{x}, {x}])", f"torch.dstack([{x}, {x}])", f"torch.fliplr({x})", f"{x}.index_select(0, torch.tensor([0, 0]))",
        f"torch.nn.utils.rnn.pad_sequence([{x}, {x}])", f"{x}.unfold(0, 1, 1).squeeze(-1)", f"torch.combinations({x})",
        f"torch.view_as_real({x})", "torch.tril_indices(2, 3)", f"{x}.type(torch.float32)", f"{x}.squeeze((0,))", f"{x}.imag",
    ])  # fmt: skip


def graphs(d: Drawing) -> str:
    """Several graphs, hooks and steps in one line."""
    x = d.pick(lambda t: t.requires_grad)
    y = d.pick(lambda t: t.requires_grad)
    return d.choice([
        f"{x}.sum().backward(retain_graph=True); {x}.sum().backward()",
        f"torch.autograd.backward([{x}.sum(), {y}.sum()])",
        f"({x}.sum() * {y}.sum()).backward(retain_graph=True)",
        f"{x}.register_hook(lambda g: g.clone().mul_(2))",
        f"{x}.register_hook(lambda g: None)",
        f"{x}.register_hook(lambda g: g.clamp(-1, 1))",
        f"{x}.register_hook(lambda g: 3).remove()",
        f"{x}.register_post_accumulate_grad_hook(lambda p: None)",
        f"{x}.grad.zero_()",
        f"{x}.grad.mul_(0.5)",
        f"{x}.grad = torch.ones_like({x})",
        f"torch.nn.utils.clip_grad_norm_([{x}], 1.0)",
        f"torch.optim.SGD([{x}], 0.1, momentum=0.9).step()",
        f"torch.optim.SGD([{x}], 0.1).zero_grad()",
        f"torch.optim.AdamW([{x}], 0.1).step()",
        f"{x}.detach().requires_grad_().sum().backward()",
        f"torch.autograd.grad({x}.sum(), {y}, retain_graph=True)[0].sum()",
        f"({x} * {y}.detach()).sum().backward(retain_graph=True)",
        f"torch.autograd.grad({x}.sum(), {y}, create_graph=True)[0].sum().backward()",
        f"{x}.backward(gradient=torch.ones_like({x}), inputs=[{y}])",
        f"torch.nn.utils.parameters_to_vector([{x}, {y}]).sum().backward()",
    ])  # fmt: skip


EXPRESSIONS = [(layer, 3), (algebra, 2), (statistic, 3), (made, 2), (into_out, 1)]
STATEMENTS = [(written_part, 3), (scattered_in_place, 2), (other_in_place, 2), (graphs, 2)]
FORMS = [(f, False) for f, weight in EXPRESSIONS for _ in range(weight)]
FORMS += [(f, True) for f, weight in STATEMENTS for _ in range(weight)]
