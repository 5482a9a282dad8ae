"""``torch.nn.utils``: gradients clipped, parameters as one vector, normalised weights, sequences of different lengths."""

from typing import Any

from . import rnn
from .clip import (
    clip_grad_norm,
    clip_grad_norm_,
    clip_grad_value_,
    clip_grads_with_norm_,
    get_total_norm,
    parameters_to_vector,
    vector_to_parameters,
)

__all__ = [
    "clip_grad_norm", "clip_grad_norm_", "clip_grad_value_", "clip_grads_with_norm_", "get_total_norm",
    "parameters_to_vector", "remove_spectral_norm", "remove_weight_norm", "rnn", "skip_init", "spectral_norm",
    "vector_to_parameters", "weight_norm",
]  # fmt: skip


def skip_init(module_cls: Any, *args: Any, **kwargs: Any) -> Any:
    """A module whose parameters are not drawn: they hold whatever the memory held, here what its constructor drew.

    The generator is left as it was.
    """
    from ...random.generator import default_generator

    state = default_generator.get_state()
    try:
        return module_cls(*args, **kwargs)
    finally:
        default_generator.set_state(state)


# Both are written against modules, which are written against this package.
def weight_norm(module: Any, name: str = "weight", dim: int | None = 0) -> Any:
    """Replace a parameter by its lengths ``<name>_g`` and its direction ``<name>_v`` (Salimans & Kingma 2016)."""
    from .length import weight_norm as apply

    return apply(module, name, dim)


def remove_weight_norm(module: Any, name: str = "weight") -> Any:
    """Make the weight one parameter again."""
    from .length import remove_weight_norm as remove

    return remove(module, name)


def spectral_norm(
    module: Any, name: str = "weight", n_power_iterations: int = 1, eps: float = 1e-12, dim: int | None = None
) -> Any:
    """Divide a parameter by its largest singular value (Miyato et al. 2018)."""
    from .spectrum import spectral_norm as apply

    return apply(module, name, n_power_iterations, eps, dim)


def remove_spectral_norm(module: Any, name: str = "weight") -> Any:
    """Make the weight one parameter again."""
    from .spectrum import remove_spectral_norm as remove

    return remove(module, name)


def __getattr__(name: str) -> Any:
    if name in ("parametrize", "parametrizations"):
        import importlib

        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module 'torch.nn.utils' has no attribute '{name}'")
