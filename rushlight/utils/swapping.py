"""``torch.utils.swap_tensors``."""

from __future__ import annotations

from ..tensor import Tensor


def swap_tensors(t1: Tensor, t2: Tensor) -> None:
    """Let two tensors change places: who holds one has the other from now on, with its class, gradient and attributes.

    Raises:
        RuntimeError: if one of them was computed by operations that are recorded.
    """
    for name, t in (("t1", t1), ("t2", t2)):
        if t.grad_fn is not None:
            raise RuntimeError(
                f"Cannot swap {name}: it was computed by operations that are recorded.\n\nDetach it first."
            )
    learn = t1.requires_grad, t2.requires_grad
    grads = t1.grad, t2.grad
    for t in (t1, t2):
        t.requires_grad = False
    for slot in ("_a", "_vc", "_base", "_gen", "_extra"):
        one, two = getattr(t1, slot, None), getattr(t2, slot, None)
        setattr(t1, slot, two)
        setattr(t2, slot, one)
    one_dict, two_dict = dict(vars(t1)), dict(vars(t2))
    t1.__class__, t2.__class__ = type(t2), type(t1)
    for t, attributes, needs, grad in ((t1, two_dict, learn[1], grads[1]), (t2, one_dict, learn[0], grads[0])):
        vars(t).clear()
        vars(t).update(attributes)
        t.requires_grad = needs
        t.grad = grad
