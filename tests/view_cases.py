"""Views, indices and index writes, each with what a program sees of it: shape, strides, memory, history, errors."""

from __future__ import annotations

import contextlib
import warnings
from typing import Any

import numpy as np

VIEWS = [
    "x.diagonal()", "x.diagonal(1,0,2)", "x.diagonal(0,0,0)", "x.unfold(1,2,1)", "x.unfold(2,5,1)",
    "x.unfold(2,2,0)", "x.unfold(2,-1,1)", "x.as_strided((2,2),(1,2))", "x.as_strided((2,2),(1,2),3)",
    "x.as_strided((20,20),(1,2))", "x.as_strided((2,),(-1,))", "x.as_strided((2,2),(1,))", "x.tensor_split(3)",
    "x.tensor_split(2,1)", "x.tensor_split((1,2),2)", "x.tensor_split(torch.tensor(2))", "x.tensor_split(0)",
    "x.movedim(0,2)", "x.movedim((0,1),(1,2))", "x.movedim((0,0),(1,2))", "x.movedim(5,0)", "x.unflatten(2,(2,2))",
    "x.unflatten(2,(2,-1))", "x.unflatten(2,(3,2))", "x.unflatten(2,(-1,-1))", "x.unflatten(1,())",
    "x.swapaxes(0,1)", "x.hsplit(3)", "x.vsplit(2)", "x.dsplit(2)", "x.vsplit(3)", "x.broadcast_to(2,2,3,4)",
    "x.broadcast_to((5,3,4))", "x.split_with_sizes([1,2],1)", "x.unsafe_split(2,1)", "x.unsafe_chunk(2,1)",
    "x.adjoint()", "x.mH", "x.H", "x[0].H", "x.ravel()", "x.transpose(0,1).ravel()", "x.real", "c.real", "c.imag",
    "x.imag", "torch.view_as_real(c)", "torch.view_as_complex(x.reshape(2,3,2,2))", "torch.view_as_complex(x)",
    "x.view(torch.int32)", "x.detach().view(torch.int32)", "x.detach().view(torch.float64)",
    "x.detach().view(torch.uint8)", "x[...,0:3].detach().view(torch.float64)", "x.view(torch.float32)",
    "x.detach().view(torch.bool)", "x.view(dtype=torch.int32)", "c.view(torch.float32)", "x.narrow(0,0,1)",
    "x.expand_as(x)", "x.view_as(x)", "x.squeeze((0,1))", "x.squeeze(0)", "x.T", "x[0].T", "x[0].mT", "x.t()",
    "x.flatten(1)", "x.detach()", "x.moveaxis(0,1)", "x.chunk(2,1)", "x.unbind(1)", "x.split([1,2],1)",
    "x.split(2,1)", "x.detach().clone().resize_(3)", "x.resize_(3)", "(x*1).resize_(3)",
    "x.detach().clone().resize_(30).shape", "x.detach().set_(torch.ones(3))", "torch.Tensor().set_(x.detach())",
    "x.is_set_to(x)", "x.storage_offset()", "x.detach().squeeze_(0)", "x.unflatten(-1,(4,))", "x.view(-1,5)",
    "x.view(3,-1,-1)", "x.transpose(0,1).view(-1)", "x.view(2,12).view(torch.Size([24]))", "x.permute(0,1)",
    "x.permute(0,0,1)", "x.transpose(0,7)", "x.select(0,9)", "x.select(7,0)", "x.expand(3,3,4)", "x.expand(3)",
    "x.unsqueeze(9)", "x.squeeze(9)", "x.chunk(0)", "x.split(-1)", "x.split([1,1],1)", "x.unbind(7)",
    "torch.tensor(1.).unbind()", "x.narrow(0,0,9)", "x.narrow(0,5,1)", "x.narrow(0,0,-1)",
    "torch.tensor(1.).select(0,0)", "torch.tensor(1.).split(1)", "torch.tensor(1.).transpose(0,0)",
    "torch.tensor(1.).squeeze(0)", "torch.tensor(1.).t()", "torch.tensor(1.).T", "x.mT", "(x*1).t_()",
    "(x[0]*1).t_()", "(x*1).transpose_(0,1)", "(x*1).unsqueeze_(0)", "(x[:1]*1).squeeze_(0)", "(x[:1]*1).squeeze_()",
    "(x[:1]*1).squeeze_((0,1))", "x.transpose_(0,1)", "(x*1)[0].t_()", "x.detach().as_strided_((2,),(1,)).stride()",
    "x.unbind()[0].t_()", "x.detach().swapaxes_(0,1).stride()", "torch.real(c)", "c.real.add_(1)",
    "c.detach().clone().imag.fill_(2)",
]  # fmt: skip

INDICES = [
    "0", "-1", "5", "1:", ":", "::2", "1:1", "5:", "::-1", "::0", "...", "None", "()", "True", "False", "0,0",
    "0,0,0", "0,0,0,0", "...,0", ":,0", "None,0", "0,None", "1:,None", "None,None", "...,None", "0,...", "...,1:",
    "0,1:,0", ":,:,:", ":,:", "0,:", "...,...", "M", "M,1:", "M,0", "0,M[0]", ":,M[0]", "~M[0]", "I", "I,I", "I,:",
    ":,I", "0,I", "I,0", "I,None,I", "None,I", "I,None", "I,:,I", "[0,1]", "[0,1],[1,2]", "[[0,1],[1,0]]", "[[0,1]]",
    "U", "I32", "[True,False]", "[]", "torch.tensor([])", "torch.tensor(1)", "torch.tensor(True)",
    "torch.tensor(0,dtype=torch.uint8)", "torch.tensor(1.)", "1.0", "1.5", '"a"', "np.int64(1)", "np.array([0,1])",
    "np.array([True,False])", "Ix()", "True,0", "0,True", "True,True", "True,I", "I,True", "False,I", "1,True,0",
    "torch.tensor(1),torch.tensor(0)", "torch.tensor(1),I", "(0,1),I", "range(2)", "(range(2),0)", "{0}", "1j",
    '0,"a"', "torch.tensor([0,5])", "torch.tensor([-3])", "0,[7]", "I,[0,1,2]", "I,torch.tensor([0,1,2])", "M.t()",
    "M,M", "[slice(0,1),0]", "[0,None]", "[[0],[1]]", "torch.ones(2,3,4)>0", "torch.ones(2,4)>0", "torch.ones(3)>0",
    "torch.ones(2,0)>0", "0:True", "True:2", "torch.tensor(0):torch.tensor(2)", "0.:1", '"a":2', "Ix():", ":,Ix()",
    "I.numpy()", "[I,I]", "[torch.tensor(0),torch.tensor(1)]", "-1,...", "0,0,None", "None,...,0", "0,0,0,...",
    "np.bool_(True)", "10**20", "2**40:", "-7:2", "I[None],I[:,None]", "1:,I", "I[:0]",
]  # fmt: skip

VALUES = ["7", "torch.ones(())", "torch.ones(1, 1, 1, 1)", "torch.ones(5)", "torch.tensor([2.0], requires_grad=True)"]


class Index:
    """An int of a user's own."""

    def __index__(self) -> int:
        return 1


def chain(t: Any) -> str:
    """The names of the nodes behind a tensor; beside the first edge of each, where the others lead."""
    out, node = [], t.grad_fn
    while node is not None and len(out) < 9:
        beside = [type(n).__name__ for n, _ in node.next_functions[1:] if n is not None]
        out.append("/".join([type(node).__name__, *beside]))
        node = node.next_functions[0][0] if node.next_functions else None
    return " ".join(out)


def seen(t: Any) -> str:
    """What a program sees of a result."""
    if isinstance(t, (tuple, list)) and t and hasattr(t[0], "grad_fn"):
        return f"{type(t).__name__} " + "; ".join(map(seen, t))
    if not hasattr(t, "grad_fn"):
        return str(t)
    steps = [s for s, n in zip(t.stride(), t.shape, strict=True) if n > 1] if t.numel() else ""
    offset = t.storage_offset() if t.numel() else ""
    return f"{list(t.shape)} {steps} {offset} {t.dtype} {chain(t)} {t.output_nr} {t._version}"


@contextlib.contextmanager
def quiet() -> Any:
    """No warnings."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def told(error: Exception) -> str:
    """An exception and the first words of its message."""
    text = str(error)
    return f"{type(error).__name__}: {text.splitlines()[0][:60] if text else ''}"


def views(torch: Any) -> dict[str, str]:
    """What each view is."""
    found = {}
    for case in VIEWS:
        x = torch.arange(24.0).reshape(2, 3, 4).requires_grad_()
        c = torch.tensor([[1 + 2j, 2 - 1j, 3j], [1, 2, 3 + 1j]]).requires_grad_()
        with quiet():
            try:
                found[case] = seen(eval(case, {"torch": torch, "x": x, "c": c}))
            except Exception as error:
                found[case] = told(error)
    return found


def names(torch: Any) -> dict[str, Any]:
    """What the indices are made of."""
    return {
        "torch": torch,
        "np": np,
        "M": torch.tensor([[True, False, True], [False, True, True]]),
        "I": torch.tensor([1, 0]),
        "U": torch.tensor([1, 0], dtype=torch.uint8),
        "I32": torch.tensor([1, 0], dtype=torch.int32),
        "Ix": Index,
    }


def reads(torch: Any) -> dict[str, str]:
    """What reading with each index gives, with a history and without."""
    found = {}
    for case in INDICES:
        for history in (True, False):
            x = torch.arange(24.0).reshape(2, 3, 4).clone()
            y = x.requires_grad_() * 1 if history else x
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                try:
                    out = eval(f"y[{case}]", {**names(torch), "y": y})
                    answer = f"{seen(out)} {out.sum().item()} {out._base is y} {len(caught)}"
                except Exception as error:
                    answer = told(error)
            found[f"{case} {'with' if history else 'without'} history"] = answer
    return found


def writes(torch: Any) -> dict[str, str]:
    """What writing with each index does."""
    found = {}
    for case in INDICES:
        for value in VALUES:
            if value == "torch.ones(5)" and case in ("0,[7]", "torch.tensor([0,5])", "torch.tensor([-3])"):
                continue  # two things are wrong, and PyTorch looks at the values first
            for history in (True, False):
                x = torch.arange(24.0).reshape(2, 3, 4).clone()
                y = x.requires_grad_() * 1 if history else x
                scope = {**names(torch), "y": y}
                scope["v"] = eval(value, scope)
                with quiet():
                    try:
                        exec(f"y[{case}] = v", scope)
                        answer = f"{chain(y)} {y.tolist()}"
                    except Exception as error:
                        answer = told(error)
                found[f"[{case}] = {value} {history}"] = f"{answer} {y._version}"
    return found


def answers(torch: Any) -> dict[str, dict[str, str]]:
    """All of it."""
    return {"views": views(torch), "reads": reads(torch), "writes": writes(torch)}
