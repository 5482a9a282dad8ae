"""Every op and public function under ``vmap``, in forward mode and with a gradient for each example, on the samples of its record.

The answers are those of plain calls, whose own answers ``test_registry.py`` compares with torch's: a batch gives what its examples
give, a tangent is what two backward passes give.
"""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import rushlight as torch
from rushlight import samples
from rushlight.func import jvp, vjp, vmap
from rushlight.tensor import Tensor
from rushlight.transforms import trees

#: Optimizers' functions of lists are made of the functions that are tried here.
TARGETS = {name: t for name, t in samples.targets().items() if t.samples and not name.startswith("_foreach")}
#: Samples of a target that are tried here: the first ones show each kind of shape.
MOST = 6

#: What draws numbers: their order is another, test_func.py has the very numbers.
RANDOM = frozenset(
    "poisson binomial multinomial bernoulli normal rand_like randn_like randint_like dropout dropout_ alpha_dropout alpha_dropout_ "
    "feature_dropout feature_dropout_ feature_alpha_dropout feature_alpha_dropout_ _standard_gamma _sample_dirichlet Tensor.uniform_ "
    "Tensor.normal_ Tensor.random_ Tensor.bernoulli_ Tensor.exponential_ Tensor.geometric_ Tensor.cauchy_ Tensor.log_normal_ "
    "nn.functional.dropout nn.functional.alpha_dropout nn.functional.feature_alpha_dropout nn.functional.dropout1d "
    "nn.functional.dropout2d nn.functional.dropout3d nn.functional.gumbel_softmax nn.functional.rrelu nn.functional.rrelu_ "
    "nn.functional.fractional_max_pool2d nn.functional.fractional_max_pool2d_with_indices nn.functional.fractional_max_pool3d "
    "nn.functional.fractional_max_pool3d_with_indices".split()
)
#: What cannot be asked of all examples at once, and says so: the shape of its result depends on elements, or it reads a number.
REFUSED = frozenset(
    "masked_select nonzero argwhere nonzero_static unique unique_consecutive repeat_interleave scalar_tensor "
    "nn.functional.gaussian_nll_loss histogramdd Tensor.resize_ resize_as_ Tensor.set_ as_strided_ Tensor.apply_ Tensor.map_ Tensor.map2_ "
    "nn.functional.batch_norm".split()
)


def flat(x, kinds):
    leaves, spec = trees.flatten(x)
    return (
        leaves,
        spec,
        [i for i, leaf in enumerate(leaves) if isinstance(leaf, Tensor) and leaf._a.dtype.kind in kinds],
    )


def runner(target, leaves, spec, which):
    """The call as a function of the tensors at ``which``."""
    find = target.find(torch)
    name = target.name.rpartition(".")[2]

    def run(*xs):
        torch.manual_seed(0)
        given = list(leaves)
        for i, x in zip(which, xs, strict=True):
            given[i] = x
        args, kwargs = trees.unflatten(given, spec)
        if name.endswith("_") and args and isinstance(args[0], Tensor):  # as a method, on a tensor that nobody else has
            mine = args[0].clone()
            method = getattr(mine, name, None)
            out = method(*args[1:], **kwargs) if method is not None else find(mine, *args[1:], **kwargs)
        else:
            out = find(*args, **kwargs)
        return tuple(samples.tensors_in(out, Tensor))

    return run


def equal(ours, theirs, where, rtol=1e-6):
    assert len(ours) == len(theirs), where
    for a, b in zip(ours, theirs, strict=True):
        assert (a.dtype, a.shape) == (b.dtype, b.shape), f"{where}: {a.dtype} {a.shape}, not {b.dtype} {b.shape}"
        a, b = (t.float() if t.dtype is torch.bfloat16 else t for t in (a.detach(), b.detach()))
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol, 1e-8, err_msg=where)


def two(x):
    """Two examples made of one tensor."""
    x = x.detach()
    return [x, (x * 0.875).to(x.dtype)] if x._a.dtype.kind in "fc" else [x, x]


def tried(target):
    return [s for s in target.made(torch) if s.compared][:MOST]


@pytest.fixture(autouse=True)
def quiet():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@pytest.mark.parametrize("name", sorted(set(TARGETS) - RANDOM))
def test_a_batch_gives_what_its_examples_give(name):
    target = TARGETS[name]
    refusals = 0
    for n, sample in enumerate(tried(target)):
        leaves, spec, at = flat((sample.args, sample.kwargs), "fciubV")
        for which in [at, at[:1], at[-1:]] if len(at) > 1 else [at]:
            if not which or (name.endswith("_") and 0 not in which):
                continue
            run = runner(target, leaves, spec, which)
            examples = [two(leaves[i]) for i in which]
            try:
                want = [torch.stack(pair) for pair in zip(*[run(*e) for e in zip(*examples, strict=True)], strict=True)]
            except Exception:  # the plain call refuses the sample
                continue
            if not want:
                continue
            try:
                found = vmap(run, randomness="same")(*[torch.stack(pair) for pair in examples])
            except (RuntimeError, NotImplementedError, ValueError):
                if name not in REFUSED:
                    raise
                refusals += 1
                continue
            equal(found, want, f"{name}[{n}] over {which}")
    assert refusals or name not in REFUSED, f"{name} is not refused any more: take it off the list"


#: Where two backward passes give no tangent to compare with: the mean of nothing is NaN forward; what is held constant is not forward.
NO_REFERENCE = frozenset("mean nanmean nn.functional.cosine_similarity cosine_similarity".split())


def by_two_passes(run, ps, slopes):
    """The tangents of the outputs that have a gradient, and which these are."""
    outs = run(*ps)
    flowing = [o.requires_grad and o._a.dtype.kind != "V" for o in outs]
    outs = [o for o, flows in zip(outs, flowing, strict=True) if flows]
    us = [torch.ones_like(o).requires_grad_() for o in outs]
    pulled = torch.autograd.grad(outs, ps, us, create_graph=True, allow_unused=True) if outs else ()
    pairs = [(g, t) for g, t in zip(pulled, slopes, strict=False) if g is not None and g.requires_grad]
    want = (
        torch.autograd.grad([g for g, _ in pairs], us, [t for _, t in pairs], allow_unused=True)
        if pairs
        else [None] * len(us)
    )
    return [torch.zeros_like(u) if w is None else w for w, u in zip(want, us, strict=True)], flowing


@pytest.mark.parametrize("name", sorted(set(TARGETS) - RANDOM - REFUSED))
def test_derivatives_inside(name):
    """A tangent is that of two backward passes; the gradient of each example is its own."""
    target = TARGETS[name]
    for n, sample in enumerate(tried(target)):
        if not sample.gradients or name in ("Tensor.cuda", "Tensor.pin_memory"):  # their samples are errors
            continue
        leaves, spec, at = flat((sample.args, sample.kwargs), "f")
        if not at:
            continue
        run = runner(target, leaves, spec, at)
        xs = [leaves[i].detach() for i in at]
        slopes = [
            torch.from_numpy(np.asarray(np.linspace(-1, 1.5, x._a.size).reshape(x._a.shape))).to(x.dtype) for x in xs
        ]
        ps = [x.clone().requires_grad_() for x in xs]
        try:
            want, flowing = by_two_passes(run, ps, slopes)
        except (RuntimeError, NotImplementedError):  # it has no derivative, or no second one
            continue
        if not any(flowing):
            continue
        if name not in NO_REFERENCE:
            _, found = jvp(run, tuple(xs), tuple(slopes))
            equal([t for t, flows in zip(found, flowing, strict=True) if flows], want, f"{name}[{n}] forward")

        def pull(*given, run=run):
            outs, back = vjp(run, *given)
            return back(tuple([torch.ones_like(o.detach()) if isinstance(o, Tensor) else o for o in outs]))

        examples = [two(x) for x in xs]
        each = [pull(*e) for e in zip(*examples, strict=True)]
        batches = [torch.stack(pair) for pair in examples]
        equal(
            vmap(pull, randomness="same")(*batches),
            [torch.stack(p) for p in zip(*each, strict=True)],
            f"{name}[{n}] each",
        )


class Pair:
    """A class of a program's, registered below."""

    def __init__(self, first, second):
        self.first, self.second = first, second


def test_vmap_maps_over_containers_that_a_program_registers():
    from rushlight.utils import _pytree

    _pytree.register_pytree_node(Pair, lambda p: ([p.first, p.second], None), lambda parts, _: Pair(*parts))
    try:
        out = torch.vmap(lambda p: Pair(p.first * 2, p.second.sum()))(Pair(torch.ones(3, 2), torch.ones(3, 4)))
        assert out.first.tolist() == [[2.0, 2.0]] * 3 and out.second.tolist() == [4.0] * 3
    finally:
        del _pytree.SUPPORTED_NODES[Pair]
