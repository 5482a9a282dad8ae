"""``torch.compiler``: what programs ask and tell a compiler that is not there. Everything runs eagerly."""

from __future__ import annotations

from typing import Any, TypeVar

from .settings import compile  # noqa: F401

T = TypeVar("T")


def is_compiling() -> bool:
    """False: nothing is traced by a compiler."""
    return False


is_dynamo_compiling = is_compiling
is_exporting = is_compiling


def disable(fn: Any = None, recursive: bool = True, *, reason: str | None = None) -> Any:
    """Decorator: the function as it is, which runs eagerly anyway."""
    return (lambda f: f) if fn is None else fn


def allow_in_graph(fn: T) -> T:
    """The function (or list of functions) as it is."""
    return fn


def assume_constant_result(fn: T) -> T:
    """The function as it is: it is called each time."""
    return fn


def nested_compile_region(fn: Any = None, *args: Any, **kwargs: Any) -> Any:
    """The function as it is."""
    return (lambda f: f) if fn is None else fn


def reset() -> None:
    """Nothing is kept that could be forgotten."""


def cudagraph_mark_step_begin() -> None:
    """There are no CUDA graphs."""


def set_stance(stance: str = "default", **kwargs: Any) -> _Stance:
    """Accepted, as a call, with or decorator: eager is what happens in every stance."""
    if stance not in ("default", "eager_then_compile", "aot_eager_then_compile", "force_eager", "eager_on_recompile",
                      "fail_on_recompile"):  # fmt: skip
        raise RuntimeError(f"invalid torch.compile stance 'DynamoStance(stance='{stance}')'")
    return _Stance()


class _Stance:
    def __enter__(self) -> None:
        pass

    def __exit__(self, *exc: object) -> None:
        pass

    def __call__(self, fn: T) -> T:
        return fn


def list_backends(exclude_tags: Any = None) -> list[str]:
    """Empty: there is no compiler behind ``torch.compile``."""
    return []
