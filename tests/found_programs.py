"""What random programs have found: the shortest line that showed each difference, and what PyTorch answers to it."""

from __future__ import annotations

from typing import Any


def gradient(torch: Any, f: Any, values: list[float]) -> Any:
    """The gradient of the sum of ``f`` at these numbers."""
    x = torch.tensor(values, requires_grad=True)
    f(x).sum().backward()
    return x.grad


def answer(torch: Any, line: str) -> str:
    """What an expression gives, or the name of the exception that it raises."""
    names = {"torch": torch, "F": torch.nn.functional, "inf": float("inf"), "nan": float("nan")}
    try:
        value = eval(line, {**names, "gradient": lambda f, values: gradient(torch, f, values)})
    except Exception as error:
        return type(error).__name__
    if not hasattr(value, "tolist"):
        return repr(value)
    return f"{str(value.dtype).rpartition('.')[2]} {tuple(value.stride())} {value.tolist()}"


CASES = {
    'torch.remainder(torch.tensor([-4.0, 4.0, 0.0, -0.0]), 2.0)':
        'float32 (1,) [-0.0, 0.0, 0.0, -0.0]',
    "F.nll_loss(torch.tensor([[-1.0, -2.0], [-3.0, -4.0]]), torch.tensor([0, 1]), reduction='elementwise_mean')":
        'float32 () 2.5',
    'gradient(torch.relu, [nan, 1.0, 0.0, -1.0])':
        'float32 (1,) [1.0, 1.0, 0.0, 0.0]',
    'gradient(lambda x: F.lp_pool1d(x[None], 1.5, 2), [1.0, -1.0, 0.0, 0.0])':
        'float32 (1,) [nan, nan, 0.0, 0.0]',
    'torch.remainder(torch.tensor([-4.0, 4.0, 0.0, -0.0]), -2.0)':
        'float32 (1,) [-0.0, 0.0, 0.0, -0.0]',
    'torch.add(torch.ones(2, dtype=torch.float64), torch.tensor([1, 250], dtype=torch.uint8), alpha=-1)':
        'float64 (1,) [0.0, -249.0]',
    'torch.add(torch.tensor([0.1, 0.7, 1.3]), torch.tensor([1.7, 0.3, 2.9]), alpha=0.1)':
        'float32 (1,) [0.27000001072883606, 0.7300000190734863, 1.5899999141693115]',
    'torch.tensor([0.1, 0.7, 1.3]).sub_(torch.tensor([1.7, 0.3, 2.9]), alpha=0.3)':
        'float32 (1,) [-0.4100000262260437, 0.60999995470047, 0.4299998879432678]',
    'torch.sub(torch.ones(2, dtype=torch.uint8), torch.ones(2, dtype=torch.uint8), alpha=-1)':
        'uint8 (1,) [2, 2]',
    'torch.add(torch.zeros(1), torch.zeros(1), alpha=1j)':
        'RuntimeError',
    'torch.add(torch.zeros(1), torch.zeros(1), alpha=True)':
        'RuntimeError',
    'torch.add(torch.zeros(1), torch.zeros(1), alpha=1e300)':
        'RuntimeError',
    'torch.addcmul(torch.zeros(1), torch.zeros(1), torch.zeros(1), value=1j)':
        'RuntimeError',
    'torch.addcmul(torch.tensor([2.5], dtype=torch.float16), torch.tensor([3.1], dtype=torch.float16), torch.tensor([1.7], dtype=torch.float16), value=0.3)':
        'float16 (1,) [4.08203125]',
    'torch.tensor([0.0, -inf, 0.5], dtype=torch.float64).norm()':
        'float64 () inf',
    'torch.zeros(2, dtype=torch.uint8).fill_(-2.5)':
        'RuntimeError',
    'torch.zeros(2, dtype=torch.uint8).fill_(-1)':
        'uint8 (1,) [255, 255]',
    'torch.zeros(0, dtype=torch.int64).fill_(inf)':
        'RuntimeError',
    'torch.zeros(2).fill_(1j)':
        'RuntimeError',
    'torch.full((2,), 1e6, dtype=torch.float16)':
        'RuntimeError',
    'torch.zeros(2, dtype=torch.uint8).masked_fill(torch.tensor([True, False]), -2.5)':
        'RuntimeError',
    'torch.zeros(2, dtype=torch.int64).scatter(0, torch.tensor([1]), inf)':
        'RuntimeError',
    'F.pad(torch.zeros(1, dtype=torch.int64), (1, 1), value=inf)':
        'RuntimeError',
    'torch.zeros(2).index_fill(0, torch.tensor([-1]), 2.0)':
        'float32 (1,) [0.0, 2.0]',
    'torch.zeros(2).index_fill(0, torch.tensor([0]), 1j)':
        'RuntimeError',
    'torch.zeros(2, 3, 2).index_add(1, torch.tensor([3]), torch.zeros(2, 1, 2))':
        'IndexError',
    'torch.zeros(2, 3).index_add(1, torch.tensor([3]), torch.zeros(2, 1))':
        'RuntimeError',
    'torch.tensor(3).index_select(0, torch.tensor([0, 0]))':
        'RuntimeError',
    'torch.zeros(2, 3).index_select(1, torch.tensor([3]))':
        'RuntimeError',
    'torch.zeros(2, 3).index_select(0, torch.tensor([2]))':
        'IndexError',
    'torch.gather(torch.tensor(3.0), 0, torch.tensor([-1]))':
        'RuntimeError',
    'torch.kthvalue(torch.zeros(2, 0), 1, -1)':
        'IndexError',
    'torch.tensor(3.0).mT':
        'float32 () 3.0',
    'torch.softmax(torch.tensor([[1]]), 2)':
        'IndexError',
    'torch.softmax(torch.tensor([], dtype=torch.int64), 0)':
        'int64 (1,) []',
    'torch.zeros(2, dtype=torch.int32).lerp_(torch.ones(2, dtype=torch.int32), 0.5)':
        'NotImplementedError',
    'torch.zeros(2, dtype=torch.int32).floor_divide_(1j)':
        'RuntimeError',
    'F.smooth_l1_loss(torch.tensor([1.0], dtype=torch.bfloat16), torch.tensor([3.0], dtype=torch.bfloat16))':
        'bfloat16 () 1.5',
    'F.huber_loss(torch.tensor([1.0], dtype=torch.bfloat16), torch.tensor([3.0], dtype=torch.bfloat16))':
        'bfloat16 () 1.5',
    'torch.roll(torch.tensor(1.0), 1, 0)':
        'IndexError',
    'torch.roll(torch.zeros(2, 0), 1, 5)':
        'float32 (1, 1) [[], []]',
    'torch.mv(torch.tensor(1.0), torch.ones(2, 2))':
        'IndexError',
    'torch.dot(torch.tensor([True]), torch.tensor([True]))':
        'NotImplementedError',
    'torch.cdist(torch.ones(2, 2, dtype=torch.float16), torch.ones(2, 2, dtype=torch.float16))':
        'NotImplementedError',
    'torch.max(torch.ones(2, 2) * 1j, 0)':
        'RuntimeError',
    'torch.linalg.norm(torch.ones(2, 2, 2), ord=inf)':
        'RuntimeError',
    'torch.amin(torch.zeros(0), (-1, 0))':
        'IndexError',
    'torch.zeros(1).expand(3).fill_(1)':
        'float32 (0,) [1.0, 1.0, 1.0]',
    'torch.unique(torch.tensor([2.0, 1.0], requires_grad=True)).requires_grad':
        'True',
    'torch.unique(torch.tensor([2.0, 1.0], requires_grad=True)).sum().backward()':
        'NotImplementedError',
    'torch.prod(torch.tensor([[1.0, 2.0, 3.0]])).storage_offset()':
        '0',
    "torch.zeros(1, requires_grad=True).mul(2).__setattr__('requires_grad', True)":
        'RuntimeError',
    'torch.tensor([1, 2]).__setitem__([3], torch.tensor([1, 2, 3]))':
        'RuntimeError',
    'torch.zeros(0).requires_grad_()[:].__setitem__([0], 1.0)':
        'RuntimeError',
    'torch.cat([torch.ones(2, 3).mT, torch.ones(2, 3).mT]).stride()':
        '(2, 1)',
    'torch.stack([torch.ones(3, 4).mT, torch.ones(3, 4).mT], -1).stride()':
        '(6, 2, 1)',
    'torch.roll(torch.ones(3, 4).mT, 1, 1).stride()':
        '(3, 1)',
    'torch.flip(torch.ones(3, 4).mT, [1]).stride()':
        '(1, 4)',
    'torch.rot90(torch.ones(3, 4)).stride()':
        '(1, 4)',
    '(2 == torch.ones(3, dtype=torch.bool).expand(2, 3)).stride()':
        '(3, 1)',
    'torch.softmax(torch.ones(2, 3, 2).permute(2, 1, 0), 0).stride()':
        '(6, 2, 1)',
    'torch.cumsum(torch.ones(3, 4).mT, 1).stride()':
        '(3, 1)',
    'torch.cummax(torch.ones(3, 4).mT, 1)[1].stride()':
        '(3, 1)',
    'torch.sort(torch.ones(3, 4).mT, 1)[1].stride()':
        '(1, 4)',
    'torch.amax(torch.ones(3, 4, 5).permute(2, 0, 1), 1).stride()':
        '(4, 1)',
    'torch.var(torch.ones(3, 4, 5).permute(2, 0, 1), 1).stride()':
        '(4, 1)',
    'torch.ones(3, 4).t().scatter(0, torch.tensor([[0]]), 1.0).stride()':
        '(3, 1)',
    'torch.ones(3, 4).t().index_add(0, torch.tensor([0]), torch.ones(1, 3)).stride()':
        '(3, 1)',
    'gradient(lambda x: torch.where(x > 0, x, 0.0) / 0.0, [1.0, -1.0])':
        'float32 (1,) [inf, 0.0]',
    'gradient(lambda x: torch.atan2(x, x), [0.0])':
        'float32 (1,) [0.0]',
    'gradient(lambda x: torch.xlogy(x, x) * torch.tensor([1.0, 0.0]), [2.0, -2.0])':
        'float32 (1,) [1.6931471824645996, 0.0]',
    'gradient(lambda x: torch.softmax(x.half(), 0), [1.0, 4.0])':
        'float32 (1,) [-2.9206275939941406e-06, -5.817413330078125e-05]',
    'gradient(lambda x: torch.add(x, x, alpha=0.5), [1.0, 4.0])':
        'float32 (1,) [1.5, 1.5]',
    'float(torch.tensor(1.5 + 3j))':
        'RuntimeError',
    'torch.ones(2, 3, dtype=torch.int32).renorm(2, 0, 1.0)':
        'RuntimeError',
    'torch.floor(torch.ones(3, dtype=torch.int32).expand(2, 3)).stride()':
        '(3, 1)',
    'torch.ones(2, 3)[torch.tensor([5]), 2:1].shape':
        'torch.Size([1, 0])',
    'torch.zeros(2, requires_grad=True).logical_and_(inf)':
        'TypeError',
    'torch.ones(2).bitwise_and_(torch.ones(2, 2))':
        'RuntimeError',
    'torch.autograd.grad(torch.ones(1, requires_grad=True).sum(), torch.ones(1, requires_grad=True), create_graph=True, materialize_grads=True)[0].requires_grad':
        'True',
    'F.pad(torch.zeros(2), (0, 0), value=1j)':
        'TypeError',
    'gradient(lambda x: torch.cat([x, x * 2]), [])':
        'float32 (1,) []',
    'gradient(lambda x: torch.var_mean(x * 1, 0)[0].mul_(3.0), [1.0, 2.0, 4.0])':
        'float32 (1,) [-3.999999761581421, -0.9999997615814209, 5.0]',
    'gradient(lambda x: torch.var(x, 0), [])':
        'float32 (1,) []',
    'gradient(lambda x: torch.var(x, 0, correction=3), [1.0, 2.0])':
        'float32 (1,) [1.0, -1.0]',
    'torch.tensor([2.0, 0.3], dtype=torch.bfloat16) ** 0.5':
        'bfloat16 (1,) [1.4140625, 0.546875]',
    'torch.tensor([3.0, 1.7], dtype=torch.bfloat16) ** -2':
        'bfloat16 (1,) [0.111328125, 0.34375]',
    'torch.tensor([2.0, -inf], dtype=torch.float16) ** 0.5':
        'float16 (1,) [1.4140625, inf]',
    'torch.tensor([1 + 2j, 3.0]) + inf':
        'complex64 (1,) [(inf+nanj), (inf+nanj)]',
    'torch.tensor([complex(inf, 1.0)]) - torch.tensor([1 + 1j])':
        'complex64 (1,) [(inf+0j)]',
    '0.0 - torch.tensor([complex(inf, 1.0)])':
        'complex64 (1,) [(-inf+nanj)]',
    'torch.ones(2, requires_grad=True).logical_not_()':
        'float32 (1,) [0.0, 0.0]',
    'torch.ones(3).expand(2, 3).index_fill_(0, torch.tensor([0]), 1)':
        'float32 (0, 1) [[1.0, 1.0, 1.0], [1.0, 1.0, 1.0]]',
    'torch.zeros(2, 0, 3).index_add(0, torch.tensor([-2]), torch.ones(1, 0, 3))':
        'float32 (3, 3, 1) [[], []]',
    'torch.zeros(2, 0, 3).index_copy(0, torch.tensor([5]), torch.ones(1, 0, 3))':
        'float32 (3, 3, 1) [[], []]',
    'torch.zeros(2, 0, 3).index_fill(1, torch.tensor([0]), 1.0)':
        'RuntimeError',
    'torch.zeros(2, 2, 2, 2).index_select(2, torch.tensor([7]))':
        'IndexError',
    'torch.zeros(0).index_select(0, torch.tensor([1]))':
        'IndexError',
    'F.embedding(torch.tensor([7]), torch.zeros(2, 0))':
        'RuntimeError',
    'F.embedding(torch.tensor([0]), torch.tensor(1.0))':
        'RuntimeError',
    'torch.zeros(0, dtype=torch.int64) // 0':
        'int64 (1,) []',
    'torch.zeros(2, 0).cummax(7)[0]':
        'float32 (1, 1) [[], []]',
    'torch.tensor(1j).cummin(0)[0]':
        'complex64 () 1j',
    'torch.mean(torch.tensor([1, 2]), 5)':
        'RuntimeError',
    'torch.ones(2, 3, dtype=torch.int32).renorm(2, 5, 1.0)':
        'IndexError',
    'torch.nansum(torch.tensor([1j]), 5)':
        'IndexError',
    'torch.zeros(0, dtype=torch.bfloat16).median()':
        'bfloat16 () nan',
    'torch.zeros(0, dtype=torch.bool).median()':
        'bool () True',
    'torch.amax(torch.zeros(0, 2, dtype=torch.complex64), 1)':
        'complex64 (1,) []',
    'torch.nan_to_num(torch.tensor([1j], requires_grad=True))':
        'RuntimeError',
    'F.embedding(torch.tensor([0]), torch.tensor([[1j]], requires_grad=True))':
        'RuntimeError',
    "torch.ones(2, dtype=torch.complex64).scatter_reduce(0, torch.tensor([0]), torch.tensor([3j]), 'mean')":
        'complex64 (1,) [(0.5+1.5j), (1+0j)]',
    "torch.ones(2, dtype=torch.complex64).scatter_reduce(3, torch.tensor([0]), torch.tensor([3j]), 'amin')":
        'IndexError',
    'F.cosine_similarity(torch.tensor([1j]), torch.tensor([1j]), dim=0)':
        'RuntimeError',
    'torch.cdist(torch.ones(2, 2) * 1j, torch.ones(2, 2) * 1j)':
        'RuntimeError',
    'torch.searchsorted(torch.tensor([1.0]), torch.tensor([1j]))':
        'NotImplementedError',
    'torch.arange(8).reshape(2, 1, 2, 2)[..., :, ..., 1]':
        'IndexError',
    'torch.arange(8).reshape(2, 1, 2, 2)[..., 0, ...].shape':
        'torch.Size([2, 1, 2])',
    'torch.arange(8)[..., ..., 0]':
        'int64 () 0',
    '[y.backward(retain_graph=False) for y in [torch.ones(3, requires_grad=True)[[0]].sum()] * 2]':
        'RuntimeError',
    '[y.backward() for y in [torch.zeros(3, requires_grad=True).index_put((torch.tensor([0]),), torch.tensor(1.0), True).sum()] * 2]':
        'RuntimeError',
    'torch.ones(2, dtype=torch.int32).bitwise_xor_(1.5)':
        'RuntimeError',
    'torch.ones(1, requires_grad=True).atan2_(-2.5)':
        'TypeError',
    'torch.ones(2, dtype=torch.bool) ** True':
        'bool (1,) [True, True]',
    'F.mse_loss(torch.ones(3), torch.tensor(1.0, dtype=torch.float64))':
        'float64 () 0.0',
    'gradient(lambda x: torch.log10(0.0 ** x), [0.5])':
        'float32 (1,) [nan]',
    'gradient(lambda x: torch.softmax(x, 1), [[], []])':
        'float32 (1, 1) [[], []]',
    'torch.ones(2, requires_grad=True).sum(dtype=torch.int64)':
        'RuntimeError',
    'torch.cumsum(torch.ones(2, requires_grad=True), 0, dtype=torch.int32)':
        'RuntimeError',
    'torch.ones_like(torch.ones(3).expand(2, 3)).stride()':
        '(3, 1)',
    '(torch.ones(2, 3).t() + torch.ones(3, 2)).stride()':
        '(1, 3)',
    '(torch.ones(3, 2) * torch.ones(2, 3).t()).stride()':
        '(2, 1)',
    'torch.where(torch.ones(2, 3).t() > 0, torch.ones(3, 2), torch.zeros(3, 2)).stride()':
        '(1, 3)',
    'torch.ones(2, 3, 2).as_strided((3, 2, 2), (1, 0, 6)).exp().stride()':
        '(1, 3, 6)',
    '(torch.ones(2, 3, 2).as_strided((3, 2, 2), (1, 0, 6)) * 2).stride()':
        '(1, 3, 6)',
    'torch.fmod(torch.ones(2, 1).half(), torch.ones(2, 1).half().unfold(0, 2, 1)).squeeze(0).stride()':
        '(1, 2)',
    'torch.ones(2, 3, 4).permute(0, 2, 1)[torch.tensor([1, 0])].stride()':
        '(12, 1, 4)',
    'torch.ones(2, 3)[:, torch.zeros(2, 4, dtype=torch.int64).t()].stride()':
        '(8, 1, 4)',
    'torch.ones(3, 2).t().masked_fill(torch.ones(2, 3) > 0, 1.0).stride()':
        '(3, 1)',
    'F.layer_norm(torch.ones(2, 3).t(), (2,)).stride()':
        '(2, 1)',
    "torch.einsum('...i,...i->...', torch.ones(1, 3), torch.ones(1, 3)).storage_offset()":
        '0',
    'F.pad(torch.zeros(1), (2, -2))':
        'RuntimeError',
    'F.pad(torch.zeros(2), (-3, 1))':
        'RuntimeError',
    "F.nll_loss(torch.ones(3), torch.tensor([0]), reduction='none')":
        'float32 () -1.0',
    'gradient(lambda x: F.cross_entropy(x, torch.tensor([0])), [1.0, 2.0])':
        'RuntimeError',
    'torch.searchsorted(torch.tensor([1.0]), torch.zeros(0, dtype=torch.complex64))':
        'int64 (1,) []',
    'torch.zeros(2, 0, 3).index_put((torch.tensor([5]),), torch.tensor(1.0), accumulate=True)':
        'float32 (3, 3, 1) [[], []]',
    '(lambda a: (a.expand(3, 3).tril_(), a)[1])(torch.arange(3.0))':
        'float32 (1,) [0.0, 0.0, 0.0]',
    '(lambda a: (a.expand(2, 3).index_fill_(0, torch.tensor([0]), -1), a)[1])(torch.zeros(3))':
        'float32 (1,) [-1.0, -1.0, -1.0]',
    '(lambda a: (a.expand(2, 3).index_put_((torch.tensor([0]),), torch.tensor(2.0)), a)[1])(torch.ones(3))':
        'float32 (1,) [2.0, 2.0, 2.0]',
    'torch.zeros(3).eq_(torch.ones(3, requires_grad=True)).requires_grad':
        'True',
    'gradient(lambda x: torch.zeros(2, 2).lt_(x), [1.0, 2.0])':
        'float32 (1,) [0.0, 0.0]',
    'F.binary_cross_entropy_with_logits(torch.zeros(2, requires_grad=True), torch.zeros(2, dtype=torch.complex64))':
        'RuntimeError',
    'gradient(lambda x: x.norm(0), [1.0, 2.0])':
        'None',
    "gradient(lambda x: torch.div(x, 2.0 * x, rounding_mode='trunc').mul_(3.0), [1.0, 2.0])":
        'float32 (1,) [0.0, 0.0]',
    "(lambda x, y: (torch.div(x, y, rounding_mode='floor').sum(), y.zero_())[0].backward())(torch.ones(2, requires_grad=True), torch.ones(2))":
        'RuntimeError',
    'torch.zeros(3, dtype=torch.complex64) ** torch.tensor([0, -1, 1j])':
        'complex64 (1,) [(nan+nanj), (inf+nanj), (nan+nanj)]',
    'torch.arange(12).reshape(2, 3, 2)[None, :, ..., ..., 2::2]':
        'IndexError',
    '(lambda x, v: (v.mul_(2.0), torch.no_grad()(v.unsqueeze_)(0), v.sum().backward(), x.grad)[3])(*(lambda x: (x, (x * 1.0)[:]))(torch.ones(2, requires_grad=True)))':
        'float32 (1,) [2.0, 2.0]',
    'torch.ones(4, 3).t().renorm(2, 0, 1.0).stride()':
        '(4, 1)',
    'torch.clamp(torch.tensor([True]), torch.tensor([True]), torch.tensor([True]))':
        'NotImplementedError',
    'torch.clamp(torch.tensor([True]), True)':
        'NotImplementedError',
    'torch.clamp(torch.tensor([True]), torch.tensor([False]))':
        'bool (1,) [True]',
    '(lambda x: x.__setitem__(True, x[0]))(torch.ones(5).expand(2, 5))':
        'None',
    'torch.ones(4).expand(3, 4).index_put((torch.tensor([0]),), torch.tensor(1.0)).stride()':
        '(4, 1)',
    'torch.ones(4).expand(3, 4).clone().stride()':
        '(4, 1)',
    'torch.softmax(torch.zeros(0, dtype=torch.complex64, requires_grad=True), 0)':
        'RuntimeError',
    'gradient(lambda x: (x.masked_fill(x > 0, 0.0) * 0.0).sqrt(), [1.0, -1.0])':
        'float32 (1,) [0.0, nan]',
    'gradient(lambda x: torch.clamp(x, 0.0, 3.0).sqrt() * torch.tensor([0.0, 1.0]), [-1.0, 1.0])':
        'float32 (1,) [0.0, 0.5]',
    'gradient(lambda x: torch.take(x, torch.tensor([-1])) ** 1.5, [1.0, -1.0])':
        'float32 (1,) [0.0, nan]',
    'gradient(lambda x: torch.cumsum(x, 0) * torch.tensor([0.0, inf, 1.0]), [1.0, 2.0, 3.0])':
        'float32 (1,) [inf, inf, 1.0]',
    'gradient(lambda x: torch.logcumsumexp(x, 0) * torch.tensor([0.0, inf, 1.0]), [1.0, 2.0, 3.0])':
        'float32 (1,) [inf, inf, 0.665241003036499]',
    'gradient(lambda x: x.amax() * inf, [1.0, 2.0, 3.0])':
        'float32 (1,) [nan, nan, inf]',
    'gradient(lambda x: x.norm(inf) * inf, [1.0, 2.0, 3.0])':
        'float32 (1,) [nan, nan, inf]',
    'gradient(lambda x: x.floor() * torch.tensor([nan, inf]), [1.0, 2.0])':
        'float32 (1,) [0.0, 0.0]',
    'gradient(lambda x: x.round() * torch.tensor([nan, inf]), [1.0, 2.0])':
        'float32 (1,) [0.0, 0.0]',
    'gradient(lambda x: torch.sign(x) * torch.tensor([nan, inf]), [1.0, 2.0])':
        'float32 (1,) [0.0, 0.0]',
    'gradient(lambda x: x ** 0 * torch.tensor([nan, inf]), [1.0, 2.0])':
        'float32 (1,) [0.0, 0.0]',
    'gradient(lambda x: torch.sinc(x) * torch.tensor([1.0, inf]), [1.0, 0.0])':
        'float32 (1,) [-1.0, 0.0]',
    'gradient(lambda x: torch.copysign(x, x) * torch.tensor([1.0, inf]), [inf, 2.0])':
        'float32 (1,) [nan, inf]',
    "gradient(lambda x: torch.div(x, x, rounding_mode='floor') * inf, [1.0, 2.0])":
        'float32 (1,) [0.0, 0.0]',
    "gradient(lambda x: torch.scatter_reduce(x, 0, torch.tensor([0]), torch.ones(1), 'mean'), [inf, 1.0])":
        'float32 (1,) [0.5, 1.0]',
    'F.pad(torch.zeros(1, dtype=torch.uint8), (0, 1), value=-1)':
        'RuntimeError',
    'torch.zeros(1, 1, 4, requires_grad=True).__setitem__((..., True, torch.tensor([True])), 7)':
        'RuntimeError',
    'torch.zeros(1, 1, 4).__setitem__((..., True, torch.tensor([True])), 7)':
        'IndexError',
    'torch.zeros(1, 1, 4, requires_grad=True).__setitem__((5, torch.tensor([True])), 7)':
        'IndexError',
    '(lambda x: (x.__setitem__(..., 2.0), x.grad_fn.name())[1])(torch.ones((), requires_grad=True) * 1)':
        "'torch::autograd::CopyBackwards'",
    '(lambda x: (x.__setitem__(..., 2.0), x.grad_fn.name())[1])(torch.ones(2, requires_grad=True) * 1)':
        "'FillBackward3'",
    '(lambda x: (torch.gather(x, 0, torch.tensor([0])), x.mul_(2.0))[0].sum().backward())(torch.ones(2, requires_grad=True) * 1)':
        'RuntimeError',
    'gradient(lambda x: torch.cumprod(x, 0), [[inf, 0.0]])':
        'float32 (2, 1) [[1.0, 1.0]]',
    'torch.tensordot(torch.ones(2, 1), torch.ones((), dtype=torch.float64), dims=([-1], [-1]))':
        'RuntimeError',
    'torch.tensordot(torch.ones(2, 1), torch.ones(()), dims=([-1], [-1]))':
        'IndexError',
    '(lambda x: (torch.sign(x), x.zero_())[0])(torch.tensor([True, False]))':
        'bool (1,) [True, False]',
    'torch.repeat_interleave(torch.tensor(1.0), 2, dim=0)':
        'IndexError',
    '(torch.tensor([1, 2], dtype=torch.int32) ** 1j).dtype == torch.complex64':
        'True',
    '(lambda x: x.lerp_(x[2], 0.5))(torch.tensor([True, False, True]))':
        'RuntimeError',
    'torch.count_nonzero(torch.ones(3, 4, 2, 5).permute(2, 1, 3, 0), dim=0).stride()':
        '(15, 3, 1)',
    'torch.nansum(torch.ones(4).expand(2, 3, 4), dim=0).stride()':
        '(4, 1)',
    '(lambda x, y: (z := torch.pow(x * 1, y), z.add_(1), z.sum().backward()))(torch.ones(2, requires_grad=True), torch.ones(2))':
        'RuntimeError',
    '(lambda x: (z := x ** 2, z.add_(1), z.sum().backward(), x.grad)[3])(torch.ones(2, requires_grad=True))':
        'float32 (1,) [2.0, 2.0]',
    '(lambda x, w: (z := torch.lerp(x, x, w), w.add_(1), z.sum().backward()))(torch.ones(2), torch.ones(2, requires_grad=True) * 1)':
        'RuntimeError',
    'torch.norm(torch.zeros(2, 0, 3), inf, (1, 3))':
        'RuntimeError',
    'torch.norm(torch.zeros(2, 0, 3), inf, (3, 1))':
        'IndexError',
    'torch.norm(torch.zeros(2, 0, 3), inf, ())':
        'RuntimeError',
    '(lambda x: (F.cosine_similarity(x, x, dim=0).backward(), x.grad)[1])(torch.tensor([-2.54, -1.72, -1.18, 2.4, -0.02], dtype=torch.bfloat16, requires_grad=True))':
        'bfloat16 (1,) [0.001953125, 0.001953125, 0.0009765625, -0.001953125, 1.52587890625e-05]',
    'gradient(lambda x: torch.linalg.vector_norm(x, 2) * 0.3, [0.1, 0.7, 1.3])':
        'float32 (1,) [0.02027212269604206, 0.14190486073493958, 0.26353758573532104]',
    'gradient(lambda x: torch.linalg.vector_norm(x, 3) * 0.3, [0.1, 0.7, 1.3])':
        'float32 (1,) [0.0016110839787870646, 0.07894311100244522, 0.27227315306663513]',
    'gradient(lambda x: torch.linalg.vector_norm(x, 0.5) * 0.3, [0.1, 0.0, 1.3])':
        'float32 (1,) [1.3816654682159424, 0.0, 0.3832050561904907]',
    '(lambda y: (y.retain_grad(), y.__setitem__(0, 7.0), y.sum().backward(), y.grad)[3])(torch.ones(2, requires_grad=True) * 2)':
        'float32 (1,) [1.0, 1.0]',
    '(lambda y: (v := y[0:1], v.retain_grad(), y.mul_(3), (v * y).sum().backward(), v.grad)[4])(torch.ones(2, requires_grad=True) * 2)':
        'float32 (1,) [12.0]',
    '(lambda x: (v := torch.no_grad()(lambda: x.view(-1))(), x.mul_(2), torch.isnan(v), v.argmax(), v > 0)[4])(torch.ones(2, 2, requires_grad=True) * 1)':
        'bool (1,) [True, True, True, True]',
    '(lambda x: x.copy_(x).stride())(torch.zeros(1).expand(3))':
        '(0,)',
    'torch.zeros(0, dtype=torch.complex64).abs_()':
        'RuntimeError',
    'gradient(lambda x: torch.cumprod(x, -1), [[0.0, -inf, 0.5], [2.5, 1.5, 0.5]])':
        'float32 (3, 1) [[-inf, 0.0, 0.0], [3.25, 3.75, 3.75]]',
    'gradient(lambda x: torch.cumprod(x, 0), [2.0, 3.0, 0.0, 4.0, 5.0, 0.0, 6.0])':
        'float32 (1,) [4.0, 2.0, 150.0, 0.0, 0.0, 0.0, 0.0]',
    'torch.cumprod(torch.tensor([complex(inf, 0)]), 0)':
        'complex64 (1,) [(inf+nanj)]',
    '(2 ** torch.ones(2, 3).t()).stride()':
        '(2, 1)',
    'torch.pow(torch.ones(2, 3).t(), 2).stride()':
        '(1, 3)',
    'torch.nonzero(torch.ones(3)).stride()':
        '(1, 3)',
    'torch.nonzero(torch.ones(3)).view(torch.float16)':
        'RuntimeError',
    'torch.sort(torch.ones(3, 2).expand(2, 3, 2), 0)[0].stride()':
        '(6, 2, 1)',
    'torch.sum(torch.ones(3, 4, 2).permute(2, 0, 1) > 0, -1).stride()':
        '(3, 1)',
    'torch.any(torch.ones(3, 4, 2).permute(2, 0, 1), -1).stride()':
        '(3, 1)',
    'torch.sum(torch.ones(2, 1, 3).permute(1, 2, 0), 0).stride()':
        '(2, 1)',
    'torch.fmin(torch.ones(2, 3)[None, torch.tensor([True, False])], torch.ones(4, 3)).stride()':
        '(12, 3, 1)',
    '(lambda x: (z := torch.lerp(x, x, 0.5), z.sum().backward(), z.sum().backward(), x.grad)[3])(torch.ones(2, requires_grad=True))':
        'float32 (1,) [2.0, 2.0]',
    '(lambda x: (torch.tanh(x).backward(), x.grad)[1])(torch.tensor(2.358, dtype=torch.float16, requires_grad=True))':
        'float16 () 0.03485107421875',
    '(lambda x: (F.hardswish(x).backward(torch.tensor(0.3, dtype=x.dtype)), x.grad)[1])(torch.tensor(1.37, dtype=torch.bfloat16, requires_grad=True))':
        'bfloat16 () 0.287109375',
    'torch.zeros(2, 2).__setitem__((torch.tensor([False, True]), torch.tensor([0, 0, 2])), torch.zeros(2, 3, 2))':
        'RuntimeError',
    'torch.ones(2, 0, dtype=torch.bool) @ torch.ones(0, 2, dtype=torch.bool)':
        'bool (2, 1) [[False, False], [False, False]]',
    'torch.addmm(torch.ones(2, 2, dtype=torch.bool), torch.ones(2, 2, dtype=torch.bool), torch.ones(2, 2, dtype=torch.bool))':
        'NotImplementedError',
    '(lambda x: x.__setitem__(x != 1, x))(torch.zeros(1).expand(2))':
        'RuntimeError',
    'torch.triu(torch.ones(2, 1, 2, 2).permute(3, 2, 1, 0)).stride()':
        '(4, 2, 2, 1)',
    'torch.tril(torch.ones(2, 1, 2, 2).permute(3, 2, 1, 0)).stride()':
        '(4, 2, 2, 1)',
    'torch.ones(4, 3, dtype=torch.int64).lerp_(torch.ones(3, 3, dtype=torch.int64), 0.5)':
        'RuntimeError',
    '(lambda x: (torch.no_grad()(lambda: x.unsqueeze_(0))(), (x * x).sum().backward(), x.grad)[2])(torch.ones(2, requires_grad=True))':
        'float32 (2, 1) [[2.0, 2.0]]',
    'torch.ones(2, 0, 3, dtype=torch.bool) @ torch.ones(2, 3, 0, dtype=torch.bool)':
        'bool (1, 1, 1) [[], []]',
    'torch.pow(torch.ones(9, 1, dtype=torch.bool), torch.ones(2, 3, dtype=torch.bool))':
        'RuntimeError',
    "torch.zeros(5, dtype=torch.bool).scatter_reduce(0, torch.tensor([-4]), torch.ones(1, dtype=torch.bool), 'mean')":
        'NotImplementedError',
    'torch.zeros(2, dtype=torch.int64).copy_(inf)':
        'int64 (1,) [-9223372036854775808, -9223372036854775808]',
    'torch.zeros(2, dtype=torch.float16).copy_(0.1)':
        'float16 (1,) [0.0999755859375, 0.0999755859375]',
    'F.binary_cross_entropy_with_logits(torch.tensor([0.3], dtype=torch.bfloat16), torch.tensor([0.4], dtype=torch.bfloat16)).dtype':
        'torch.bfloat16',
    "F.binary_cross_entropy_with_logits(torch.tensor([0.3], dtype=torch.bfloat16), torch.tensor([0.4], dtype=torch.bfloat16), reduction='none').dtype":
        'torch.bfloat16',
    'torch.triu(torch.tensor([[1 + 1j, 2j], [3j, 4]]))':
        'complex64 (2, 1) [[(1+1j), 2j], [0j, (4+0j)]]',
    'torch.tril(torch.tensor([[1 + 1j, 2j], [3j, 4]]), -1)':
        'complex64 (2, 1) [[0j, 0j], [3j, 0j]]',
    'F.binary_cross_entropy(torch.tensor([0.3], dtype=torch.bfloat16), torch.tensor([0.4], dtype=torch.bfloat16)).dtype':
        'torch.bfloat16',
    'torch.tensor([1j, 0]).logical_not_()':
        'complex64 (1,) [0j, (1+0j)]',
}  # fmt: skip
