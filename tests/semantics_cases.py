"""The fifteen semantics of PyTorch that others get wrong, as expressions whose answers are compared: recorded in the default
tests, side by side in parity/."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

CASES: dict[str, list[str]] = {
    "01 a 0-d tensor does not widen": [
        "(f(3) + t.tensor(1.0, dtype=t.float64)).dtype", "(f(3) * t.tensor(2, dtype=t.int64)).dtype",
        "(t.arange(3) + t.tensor(1, dtype=t.uint8)).dtype", "(t.arange(3, dtype=t.uint8) + t.tensor(300)).tolist()",
        "(t.arange(3) + t.tensor(1.5)).dtype", "(t.tensor(1.0) + t.tensor(1.0, dtype=t.float64)).dtype",
        "(t.ones(1) + t.ones(1, dtype=t.float64)).dtype", "(f(3).half() + t.tensor(1.0)).dtype",
    ],
    "02 ints meet floats": [
        "(t.arange(3) + 1.5).dtype", "(t.arange(3) + f(3)).dtype", "(t.arange(3) / t.arange(1, 4)).dtype", "t.arange(3) / 2",
        "t.arange(3) * True", "(t.arange(3) + f(3).half()).dtype", "t.tensor([True]) + 1", "t.tensor([True]) + 1.5",
        "(t.arange(3) ** 2.0).dtype", "(t.arange(3).int() + t.arange(3)).dtype",
    ],
    "03 integers wrap": [
        "t.tensor([1], dtype=t.uint8) + 300", "t.tensor([255], dtype=t.uint8) + 1", "t.tensor([100], dtype=t.int8) * 2",
        "t.tensor([-128], dtype=t.int8).neg()", "t.tensor([2**63 - 1]) + 1", "t.tensor([3], dtype=t.uint8) - 4",
        "t.tensor(300).to(t.uint8)", "t.tensor([0], dtype=t.uint8) - 1",
    ],
    "04 division by zero": [
        "t.tensor([1]) // 0", "t.tensor([1]) % 0", "t.tensor([1]) // t.tensor([0])", "t.tensor([1.0]) // 0",
        "t.tensor([1.0]) % 0", "t.tensor([2]) ** -1", "t.tensor([2]) ** t.tensor([-1])", "t.tensor([1]) / 0",
        "t.tensor([2.0]) ** -1", "t.tensor([-7]) // 2", "t.tensor([-7]) % 3", "t.tensor([-7.0]).fmod(3)",
    ],
    "05 averages": [
        "t.arange(3).mean()", "t.arange(3).mean(dtype=t.float32)", "t.arange(3.0).std()", "t.arange(3.0).var(unbiased=False)",
        "t.arange(3.0).var()", "t.ones(1).std().isnan()", "t.arange(3).std()", "t.tensor([True, False]).mean()",
        "t.ones(0).mean().isnan()", "t.ones(0).sum()",
    ],
    "06 median, sign": [
        "t.tensor([1.0, 2.0, 3.0, 4.0]).median()", "t.tensor([[3.0, 1.0], [2.0, 4.0]]).median(0)",
        "t.tensor([float('nan'), -2.0, 0.0]).sign()", "t.tensor([-0.0]).sign()", "t.tensor([1.0, float('nan')]).median()",
    ],
    "07 max(dim) is a named tuple": [
        "t.tensor([[1, 3], [2, 0]]).max(1)", "t.tensor([[1, 3], [2, 0]]).max(0).indices", "t.tensor([3, 3]).max(0)",
        "t.tensor([[1.0, float('nan')]]).min(1)", "t.tensor([2, 1]).sort()", "type(t.ones(2, 2).max(0)).__name__",
        "t.ones(2, 0).max(1)", "t.ones(0).max()", "t.ones(3).topk(2).values.shape",
    ],
    "08 gradients at ties": [
        "g(lambda x: t.max(x, x.detach()), [1.0])", "g(lambda x: x.max(), [2.0, 2.0, 1.0])", "g(lambda x: x.max(0)[0], [2.0, 2.0])",
        "g(lambda x: x.clamp(0, 1), [0.0, 1.0, -1.0, 2.0, 0.5])", "g(lambda x: x.relu(), [0.0, -0.0, 1.0])",
        "g(lambda x: x.abs(), [0.0, -1.0])", "g(lambda x: x.norm(), [0.0, 0.0])", "g(lambda x: x**0, [0.0, 2.0])",
        "g(lambda x: x**2, [0.0])", "g(lambda x: x**0.5, [0.0])", "g(lambda x: t.min(x, 1 - x), [0.5])",
        "g(lambda x: x.prod(), [0.0, 2.0, 3.0])", "g(lambda x: x.prod(), [0.0, 0.0, 3.0])", "g(lambda x: x.sign(), [1.0])",
        "g(lambda x: x.std(), [1.0, 1.0])", "g(lambda x: t.where(x > 0, x.log(), x), [0.0, 1.0])",
        "g(lambda x: t.nn.functional.leaky_relu(x), [0.0])", "g(lambda x: t.nn.functional.hardtanh(x), [-1.0, 1.0])",
        "g(lambda x: x.sort()[0] * t.arange(3.0), [2.0, 1.0, 2.0])", "g(lambda x: x.cumprod(0), [0.0, 2.0])",
    ],
    "09 in-place keeps dtype and shape": [
        "t.arange(3).add_(1.5)", "t.arange(3).mul_(t.ones(3))", "t.arange(3).div_(2)", "f(3).add_(t.ones(3, dtype=t.float64)).dtype",
        "f(3).add_(t.ones(2, 3))", "t.ones(1).add_(t.ones(3))", "t.ones(1, 3).expand(2, 3).add_(1)", "t.ones(3).expand(3).add_(1)",
        "t.arange(3).pow_(2)", "t.tensor([True]).add_(1)", "t.arange(3).add_(t.tensor(1.5))", "f(3).lt_(0.5)",
        "r(lambda x: x.add_(1))", "r(lambda x: x[0].add_(1))", "t.arange(3).sigmoid_()",
    ],
    "10 strides and views": [
        "t.ones(2, 3).t().view(6)", "t.ones(2, 3).t().view(3, 2).stride()", "t.ones(0, 3).stride()", "t.ones(2, 0, 3).stride()",
        "t.ones(2, 0, 3).transpose(0, 2).stride()", "t.ones(3, 0).t().stride()", "t.ones(0).view(0, 5).stride()",
        "t.ones(2, 3).t().contiguous().stride()", "t.ones(2, 3).t().clone().stride()", "(t.ones(2, 3).t() + 1).stride()",
        "t.ones(2, 3).t().reshape(6).stride()", "t.ones(1, 3).expand(2, 3).stride()", "t.ones(4)[::2].view(2, 1).stride()",
        "t.ones(2, 3)[:, 0].stride()", "t.ones(2, 3).unsqueeze(1).stride()", "t.ones(2, 3, 4).permute(2, 0, 1).stride()",
        "t.ones(0, 3).t().is_contiguous()", "t.ones(2, 3).as_strided((3, 3), (1, 1)).tolist()",
    ],
    "11 no negative steps": [
        "t.arange(3)[::-1]", "t.arange(3)[::0]", "t.arange(3).flip(0)", "t.arange(3).flip(0).stride()",
        "t.from_numpy(np.arange(3)[::-1])", "t.tensor(np.arange(3)[::-1].copy())", "t.from_numpy(np.ones((2, 3)).T).stride()",
    ],
    "12 bool and uint8 indices": [
        "t.arange(3)[t.tensor([1, 0, 1], dtype=t.uint8)]", "t.arange(3)[True]", "t.arange(3)[False]", "t.arange(3)[True].shape",
        "t.arange(3)[False].shape", "t.tensor(5)[True]", "t.arange(3)[t.tensor([True, False, True])]", "t.arange(3)[[True, False, True]]",
        "t.arange(3)[t.tensor(1)]", "t.arange(3)[t.tensor([1.0])]", "t.arange(3)['a']", "t.arange(3)[1.0]", "t.arange(3)[None, ..., 0]",
        "w(lambda x: x.__setitem__(True, 7))", "w(lambda x: x.__setitem__(False, 7))", "w(lambda x: x.__setitem__(x > 0, 7))",
        "w(lambda x: x.__setitem__(t.tensor([1, 0, 1], dtype=t.uint8), 7))",
    ],
    "13 conversions": [
        "t.tensor([1]) << 70", "t.tensor([float('nan')]).to(t.int32)", "t.tensor([300.0]).to(t.uint8)", "t.tensor([-1.0]).to(t.uint8)",
        "t.tensor([1e20]).to(t.int64)", "t.tensor([2.7, -2.7]).to(t.int64)", "t.tensor([0.5, float('nan')]).bool()",
        "t.tensor([1e10]).to(t.int32)", "t.tensor([70000]).to(t.int16)", "t.tensor([1e40], dtype=t.float64).float()",
        "t.tensor([1.0]).to(t.int64).dtype",
    ],
    "14 bools": [
        "t.tensor([True]) + t.tensor([True])", "t.tensor([True]) - t.tensor([True])", "-t.tensor([True])", "t.tensor([True]) * 2",
        "t.tensor([True]).sum()", "t.tensor([True]) / t.tensor([True])", "~t.tensor([True])", "t.tensor([True]) ^ t.tensor([True])",
        "t.tensor([True]) & 1", "1 - t.tensor([True])", "t.tensor([True]) // t.tensor([True])", "t.tensor([True, False]).prod()",
        "t.tensor([True]).cumsum(0)",
    ],
    "15 Python's protocols": [
        "t.ones(2) == None", "t.ones(2) != None", "hash(x0) == id(x0)", "len(t.tensor(1.0))", "len(t.ones(2, 3))", "bool(t.ones(2))",
        "bool(t.ones(0))", "bool(t.zeros(1, 1))", "x0 in [x0]", "list(t.tensor(1.0))", "[v.item() for v in t.arange(2)]",
        "t.ones(2) == 'a'", "int(t.tensor([2.7]))", "float(t.ones(2))", "t.tensor(3).__index__()", "t.tensor(3.5).__index__()",
        "1.0 in t.ones(2)", "range(3)[t.tensor(1)]", "t.ones(2).tolist() == [1.0, 1.0]", "'%.2f' % t.tensor(1.5)", "f'{t.tensor(1.5):.3f}'",
        "f'{t.ones(2)}'", "round(t.tensor(2.567).item(), 2)", "abs(t.tensor(-2))", "divmod(t.tensor(7), 2)", "t.tensor(2) < 3",
        "reversed(t.arange(3))", "not t.tensor(0)",
    ],
}  # fmt: skip


def answer(torch: Any, case: str) -> str:
    """What an expression gives, or the exception with the first words of its message."""

    def gradient(f: Any, data: list[float]) -> Any:
        x = torch.tensor(data, requires_grad=True)
        f(x).sum().backward()
        return x.grad

    def written(f: Any) -> Any:
        x = torch.arange(3)
        f(x)
        return x

    def on_leaf(f: Any) -> Any:
        return f(torch.ones(3, requires_grad=True))

    names = {"t": torch, "np": np, "f": torch.ones, "g": gradient, "w": written, "r": on_leaf, "x0": torch.ones(2)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return repr(eval(case, names))
        except Exception as error:
            return f"{type(error).__name__}: {str(error).splitlines()[0][:40]}"
