import torch
from torch.testing import assert_close, assert_allclose


def t(f):
    try:
        f()
        print("ok")
    except Exception as e:
        print(type(e).__name__, "|", str(e) if not isinstance(e, ValueError) else str(e).splitlines()[0])
        print("---")


t(lambda: assert_close(torch.tensor([1.0, 2.0]), torch.tensor([1.0, 2.1])))
t(lambda: assert_close(torch.tensor([[1.0, 2.0], [3.0, 4.0]]), torch.tensor([[1.0, 2.1], [3.5, 4.0]])))
t(lambda: assert_close(torch.tensor(1.0), torch.tensor(2.0)))
t(lambda: assert_close(1.0, 1.1))
t(lambda: assert_close(1, 2))
t(lambda: assert_close(True, False))
t(lambda: assert_close(torch.ones(2), torch.ones(3)))
t(lambda: assert_close(torch.ones(2), torch.ones(2, dtype=torch.float64)))
t(lambda: assert_close(torch.ones(2), torch.ones(2, dtype=torch.float64), check_dtype=False))
t(lambda: assert_close([torch.ones(2), 1], [torch.ones(2), 2]))
t(lambda: assert_close({"a": torch.ones(2)}, {"a": torch.zeros(2)}))
t(lambda: assert_close({"a": torch.ones(2)}, {"b": torch.zeros(2)}))
t(lambda: assert_close([1], [1, 2]))
t(lambda: assert_close(torch.tensor([float("nan")]), torch.tensor([float("nan")])))
t(lambda: assert_close(torch.tensor([float("nan")]), torch.tensor([float("nan")]), equal_nan=True))
t(lambda: assert_close(torch.tensor([1.0]), torch.tensor([1.2]), rtol=0.1))
t(lambda: assert_close(torch.tensor([1.0]), torch.tensor([1.2]), rtol=0.1, atol=0))
t(lambda: assert_close(torch.tensor([1.0]), torch.tensor([1.2]), msg="mine"))
t(lambda: assert_close(torch.tensor([1.0]), torch.tensor([1.2]), msg=lambda m: "pre " + m))
t(lambda: assert_close("a", "a"))
t(lambda: assert_close(None, None))
t(lambda: assert_close(None, 1))
t(lambda: assert_close(torch.tensor([1, 2]), torch.tensor([1, 3])))
t(lambda: assert_close(torch.tensor([True]), torch.tensor([False])))
t(lambda: assert_close(torch.ones(2), torch.ones(2).numpy()))
import numpy as np

t(lambda: assert_close(np.ones(2), np.ones(2) * 2))
t(lambda: assert_close(torch.ones(2, 2).t(), torch.ones(2, 2), check_stride=True))
t(
    lambda: assert_close(
        torch.arange(6.0).reshape(2, 3).t(), torch.arange(6.0).reshape(2, 3).t().contiguous(), check_stride=True
    )
)
t(lambda: assert_close(torch.tensor([1 + 1j]), torch.tensor([1 + 2j])))
t(lambda: assert_close(torch.tensor([1.0, float("inf")]), torch.tensor([1.0, 2.0])))
t(lambda: assert_close(torch.tensor([1e-9], dtype=torch.float64), torch.tensor([2e-9], dtype=torch.float64)))
t(lambda: assert_close(torch.tensor([1e-3], dtype=torch.float16), torch.tensor([2e-3], dtype=torch.float16)))
t(lambda: assert_close(torch.empty(0), torch.empty(0)))
t(lambda: assert_close(2, torch.tensor(2)))
t(lambda: assert_close(torch.nn.Parameter(torch.ones(1)), torch.ones(1)))
t(lambda: assert_close(torch.nn.Parameter(torch.ones(1)), torch.ones(1), allow_subclasses=False))
t(lambda: assert_allclose(torch.ones(1), torch.ones(1) * 1.1))
t(lambda: assert_close(1, 1.0))
t(lambda: assert_close(1, 1.0, check_dtype=False))
