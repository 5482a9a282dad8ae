"""Which results a checkpoint keeps: ``create_selective_checkpoint_contexts`` gives its two contexts, for the first run and the second.

The first asks the policy about every operation and keeps the arrays that are to be saved; the second gives them back in their order
instead of computing them again.
"""

from __future__ import annotations

import enum
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import numpy as np

from ..dispatch import forms
from ..library import OpOverload, OpOverloadPacket, around
from ..promotion import promote
from ..tensor import Tensor, wrap


class CheckpointPolicy(enum.Enum):
    """What becomes of an operation's result: saved, or computed again. ``MUST_`` and ``PREFER_`` mean the same here."""

    MUST_SAVE = 0
    PREFER_SAVE = 1
    MUST_RECOMPUTE = 2
    PREFER_RECOMPUTE = 3
    MUST_CPU_OFFLOAD = 4
    PREFER_CPU_OFFLOAD = 5


#: Results that are kept; on a CPU what would be moved to it is kept where it is.
_KEPT = (
    CheckpointPolicy.MUST_SAVE, CheckpointPolicy.PREFER_SAVE, CheckpointPolicy.MUST_CPU_OFFLOAD, CheckpointPolicy.PREFER_CPU_OFFLOAD,
)  # fmt: skip


class SelectiveCheckpointContext:
    """What a policy is told beside the operation and its arguments: its result, ``op_output``."""

    is_recompute: bool
    op_output: Any

    def __init__(self, *, is_recompute: bool, op_output: Any = None):
        self.is_recompute, self.op_output = is_recompute, op_output


_RECOMPUTE, _CONSUMED = object(), object()
_OTHER = (
    "This can happen when the region computes other operations the second time than the first: does the function depend on something "
    "that has changed since?"
)


class _Store:
    """Results by operation, in the order of the calls."""

    def __init__(self, policy: Callable[..., Any]):
        self.policy = policy
        self.results: dict[Any, list[Any]] = defaultdict(list)

    def decide(self, op: OpOverload, args: Any, kwargs: Any, output: Any, result: Any) -> None:
        """Ask the policy about a call, and keep the result if it says so."""
        policy = self.policy(SelectiveCheckpointContext(is_recompute=False, op_output=output), op, *args, **kwargs)
        if isinstance(policy, bool):
            policy = CheckpointPolicy.MUST_SAVE if policy else CheckpointPolicy.PREFER_RECOMPUTE
        self.results[op].append(result if policy in _KEPT else _RECOMPUTE)

    def take(self, op: OpOverload, index: int) -> Any:
        """The result that was kept, or _RECOMPUTE."""
        results = self.results[op]
        if index >= len(results):
            raise RuntimeError(
                f"{op} invocation index {index} encountered during backward but not found in storage. {_OTHER}"
            )
        result = results[index]
        if result is _CONSUMED:
            raise RuntimeError(
                "Trying to backward an extra time. You are only allowed to backward once on any region computed under selective "
                "activation checkpoint."
            )
        if result is not _RECOMPUTE:
            results[index] = _CONSUMED
        return result


class _Run:
    """A context in which operations go by the store."""

    def __init__(self, store: _Store):
        self.store = store

    def __enter__(self) -> None:
        from ..explain.listening import replacing

        self.counts: dict[Any, int] = defaultdict(int)
        self._replacing = replacing(self.run)
        self._replacing.__enter__()
        self._token = around.set(self.custom)

    def __exit__(self, *exc: object) -> None:
        around.reset(self._token)
        self._replacing.__exit__(*exc)

    def run(self, evaluate: Callable[..., Any], op: Any, inputs: Any, attrs: dict[str, Any]) -> Any:
        raise NotImplementedError

    def custom(self, op: Any, values: Any) -> Any:
        raise NotImplementedError

    def alone(self, op: Any, values: Any) -> Any:
        """A registered operation, of whose inside nobody is asked."""
        from ..explain.listening import replacing

        with replacing(None):
            return op._fn(*values)

    def next_of(self, op: OpOverload) -> int:
        self.counts[op] += 1
        return self.counts[op] - 1


class _First(_Run):
    """The first run: the policy is asked."""

    def run(self, evaluate: Callable[..., Any], op: Any, inputs: Any, attrs: dict[str, Any]) -> Any:
        found = evaluate(op, inputs, attrs)
        result = found[0]
        output = tuple([wrap(r) for r in result]) if isinstance(result, tuple) else wrap(result)
        form = forms.overload_of(op, inputs, attrs)
        # a copy, as what is written to the result later must not be found in it; a view is made again
        self.store.decide(form, inputs, attrs, output, _RECOMPUTE if op.view else _copied(result))
        return found

    def custom(self, op: Any, values: Any) -> Any:
        result = self.alone(op, values)
        kept = result.detach().clone() if isinstance(result, Tensor) else result
        self.store.decide(_form(op), values, {}, result, kept)
        return result


class _Second(_Run):
    """The second run: what was kept is given back."""

    def run(self, evaluate: Callable[..., Any], op: Any, inputs: Any, attrs: dict[str, Any]) -> Any:
        form = forms.overload_of(op, inputs, attrs)
        result = self.store.take(form, self.next_of(form))
        return evaluate(op, inputs, attrs) if result is _RECOMPUTE else (result, promote(op, inputs))

    def custom(self, op: Any, values: Any) -> Any:
        form = _form(op)
        result = self.store.take(form, self.next_of(form))
        return self.alone(op, values) if result is _RECOMPUTE else result


def _copied(result: Any) -> Any:
    return tuple([np.array(r) for r in result]) if isinstance(result, tuple) else np.array(result)


def _form(op: Any) -> OpOverload:
    """``torch.ops.<namespace>.<name>.default`` of a registered operation."""
    return op.overload()  # type: ignore[no-any-return]


def create_selective_checkpoint_contexts(
    policy_fn_or_list: Any, allow_cache_entry_mutation: bool = False
) -> tuple[Any, Any]:
    """What ``checkpoint(..., use_reentrant=False, context_fn=...)`` takes, bound by ``functools.partial``.

    Args:
        policy_fn_or_list: ``policy(ctx, op, *args, **kwargs) -> CheckpointPolicy``, asked about every operation
            (``torch.ops.aten.mm.default``); or a list of operations whose results are saved, all others being computed again.
        allow_cache_entry_mutation: accepted; what was saved is kept as it was in any case.

    Raises:
        ValueError: for a list of something else than operations, such as ``torch.ops.aten.mm`` without ``default``.
        TypeError: for anything else.
    """
    policy = policy_fn_or_list
    if isinstance(policy_fn_or_list, list):
        for op in policy_fn_or_list:
            if not isinstance(op, OpOverload):
                more = (
                    "Please update the OpOverloadPacket to a specific OpOverload.For example, if you have `torch.ops.aten.mm`, "
                    "change it to `torch.ops.aten.mm.default`."
                )
                raise ValueError(
                    f"Expected op in `op_list` to be an OpOverload but got: {op} of type {type(op)}. "
                    f"{more if isinstance(op, OpOverloadPacket) else ''}"
                )

        def policy(ctx: Any, op: Any, *args: Any, **kwargs: Any) -> CheckpointPolicy:
            return CheckpointPolicy.MUST_SAVE if op in policy_fn_or_list else CheckpointPolicy.PREFER_RECOMPUTE

    elif not callable(policy_fn_or_list):
        raise TypeError("policy_fn_or_list must be either a function or a list of ops.")
    store = _Store(policy)
    return _First(store), _Second(store)
