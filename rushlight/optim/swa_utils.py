"""``torch.optim.swa_utils``: averages of a model's parameters (Izmailov et al. 2018), equal weights or exponential."""

from __future__ import annotations

import math
from collections.abc import Callable
from copy import deepcopy
from typing import Any

from .. import errors
from ..autograd.mode import no_grad
from ..nn.layers.normalization import _BatchNorm
from ..nn.module import Module
from ..ops.create import tensor
from ..tensor import Tensor
from .lr_scheduler import LRScheduler
from .optimizer import Optimizer
from .scheduler import one_each

__all__ = [
    "AveragedModel", "update_bn", "SWALR", "get_ema_multi_avg_fn", "get_swa_multi_avg_fn", "get_ema_avg_fn", "get_swa_avg_fn",
]  # fmt: skip


def _check_decay(decay: float) -> None:
    if not 0 <= decay <= 1:
        raise errors.value(f"Invalid decay value {decay} provided. Please provide a value in [0,1] range.")


def get_ema_avg_fn(decay: float = 0.999) -> Callable[..., Any]:
    """``decay average + (1 - decay) current``."""
    _check_decay(decay)

    @no_grad()
    def ema_update(ema_param: Tensor, current_param: Tensor, num_averaged: Any) -> Tensor:
        return decay * ema_param + (1 - decay) * current_param  # type: ignore[operator, no-any-return]

    return ema_update


def get_ema_multi_avg_fn(decay: float = 0.999) -> Callable[..., Any]:
    """Moves every average towards the current value by ``1 - decay``."""
    _check_decay(decay)

    @no_grad()
    def ema_update(ema_param_list: Any, current_param_list: Any, _: Any) -> None:
        for average, current in zip(ema_param_list, current_param_list, strict=True):
            average.lerp_(current, 1 - decay)

    return ema_update


def get_swa_avg_fn() -> Callable[..., Any]:
    """The mean of all values so far."""

    @no_grad()
    def swa_update(averaged_param: Tensor, current_param: Tensor, num_averaged: Any) -> Tensor:
        return averaged_param + (current_param - averaged_param) / (num_averaged + 1)  # type: ignore[operator, no-any-return]

    return swa_update


def get_swa_multi_avg_fn() -> Callable[..., Any]:
    """Moves every average to the mean of all values so far."""

    @no_grad()
    def swa_update(averaged_param_list: Any, current_param_list: Any, num_averaged: Any) -> None:
        for average, current in zip(averaged_param_list, current_param_list, strict=True):
            average.lerp_(current, 1.0 / (float(num_averaged) + 1))

    return swa_update


class AveragedModel(Module):
    """A copy of a model whose parameters are an average of those it is updated with.

    Args:
        device: only the CPU.
        avg_fn: ``(average, current, count) -> new average``; the mean by default.
        multi_avg_fn: ``(averages, currents, count)``, in place.
        use_buffers: average the buffers too; otherwise they are copied.
    """

    avg_fn: Any
    multi_avg_fn: Any
    use_buffers: bool

    def __init__(
        self, model: Any, device: Any = None, avg_fn: Any = None, multi_avg_fn: Any = None, use_buffers: bool = False
    ):
        super().__init__()
        if avg_fn is not None and multi_avg_fn is not None:
            raise AssertionError("Only one of avg_fn and multi_avg_fn should be provided")
        self.module = deepcopy(model)
        if device is not None:
            self.module: Any = self.module.to(device)
        self.register_buffer("n_averaged", tensor(0))
        self.avg_fn, self.multi_avg_fn, self.use_buffers = avg_fn, multi_avg_fn, use_buffers

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """The averaged model's output."""
        return self.module(*args, **kwargs)

    def update_parameters(self, model: Any) -> None:
        """Take a model's present parameters into the average."""
        pairs = list(zip(self._values(self.module), self._values(model), strict=True))
        averages, currents = [a.detach() for a, _ in pairs], [c.detach() for _, c in pairs]
        count: Any = self.n_averaged
        if count == 0:
            for a, c in zip(averages, currents, strict=True):
                a.copy_(c)
        elif self.avg_fn is not None:
            for a, c in zip(averages, currents, strict=True):
                a.copy_(self.avg_fn(a, c, count))
        else:
            # whole numbers (a batch counter) have no average
            for a, c in zip(averages, currents, strict=True):
                if not (a.is_floating_point() or a.is_complex()):
                    a.copy_(c)
            kept = [i for i, a in enumerate(averages) if a.is_floating_point() or a.is_complex()]
            update = self.multi_avg_fn or get_swa_multi_avg_fn()
            update([averages[i] for i in kept], [currents[i] for i in kept], count)
        if not self.use_buffers:
            for b, c in zip(self.module.buffers(), model.buffers(), strict=True):
                b.detach().copy_(c.detach())
        count += 1

    def _values(self, model: Any) -> list[Any]:
        return [*model.parameters(), *(model.buffers() if self.use_buffers else [])]


@no_grad()
def update_bn(loader: Any, model: Any, device: Any = None) -> None:
    """Compute anew the running statistics of the batch norms, as plain averages over the loader's batches.

    Batches may be tensors or lists whose first element is the input.
    """
    norms = [m for m in model.modules() if isinstance(m, _BatchNorm)]
    if not norms:
        return
    momenta = [m.momentum for m in norms]
    was_training = model.training
    for m in norms:
        m.reset_running_stats()
        m.momentum = None
    try:
        model.train()
        for batch in loader:
            x = batch[0] if isinstance(batch, (list, tuple)) else batch
            model(x if device is None else x.to(device))
    finally:
        for m, momentum in zip(norms, momenta, strict=True):
            m.momentum = momentum
        model.train(was_training)


class SWALR(LRScheduler):
    """From the present rate to ``swa_lr`` in ``anneal_epochs`` epochs, then constant."""

    anneal_epochs: int

    def __init__(
        self,
        optimizer: Optimizer,
        swa_lr: Any,
        anneal_epochs: int = 10,
        anneal_strategy: str = "cos",
        last_epoch: int = -1,
    ):
        rates = one_each("swa_lr", swa_lr, optimizer)
        for group, rate in zip(optimizer.param_groups, rates, strict=True):
            group["swa_lr"] = rate
        if anneal_strategy not in ("cos", "linear"):
            raise errors.value(f"anneal_strategy must be one of 'cos' or 'linear', instead got {anneal_strategy}")
        if not isinstance(anneal_epochs, int) or anneal_epochs < 0:
            raise errors.value(f"anneal_epochs must be equal or greater than 0, got {anneal_epochs}")
        self._anneal_strategy, self.anneal_epochs = anneal_strategy, anneal_epochs
        super().__init__(optimizer, last_epoch)

    def _share(self, t: float) -> float:
        return t if self._anneal_strategy == "linear" else (1 - math.cos(math.pi * t)) / 2

    def get_lr(self) -> Any:
        self._asked()
        step = self._step_count - 1
        span = max(1, self.anneal_epochs)
        before = self._share(max(0.0, min(1.0, (step - 1) / span)))
        now = self._share(max(0.0, min(1.0, step / span)))
        out = []
        for group in self.optimizer.param_groups:
            goal, lr = group["swa_lr"], group["lr"]
            # undo the share of the last step to have the rate that the descent began with
            start = goal if before == 1 else (lr - before * goal) / (1 - before)
            out.append(goal * now + start * (1 - now))
        return out
