"""Spectral normalisation: a weight divided by its largest singular value (Miyato et al. 2018)."""

from __future__ import annotations

from typing import Any

from ...autograd.mode import no_grad
from ...tensor import Parameter, Tensor
from .. import functional
from ..module import Module
from .length import _hook

F: Any = functional


class SpectralNorm:
    """The hook that makes the weight anew before each forward; ``u`` and ``v`` come closer to the singular vectors each time."""

    name: str
    dim: int
    n_power_iterations: int
    eps: float

    def __init__(self, name: str = "weight", n_power_iterations: int = 1, dim: int = 0, eps: float = 1e-12):
        if n_power_iterations <= 0:
            raise ValueError(
                f"Expected n_power_iterations to be positive, but got n_power_iterations={n_power_iterations}"
            )
        self.name, self.dim, self.n_power_iterations, self.eps = name, dim, n_power_iterations, eps

    def matrix(self, weight: Any) -> Any:
        """The weight as a matrix whose rows are dimension ``dim``."""
        if self.dim:
            weight = weight.permute(self.dim, *[d for d in range(weight.dim()) if d != self.dim])
        return weight.reshape(weight.shape[0], -1)

    def compute_weight(self, module: Module, power: bool) -> Tensor:
        """``W / (u . W v)``, after the power iterations if ``power``."""
        weight = getattr(module, self.name + "_orig")
        u, v = getattr(module, self.name + "_u"), getattr(module, self.name + "_v")
        matrix = self.matrix(weight)
        if power:
            with no_grad():
                for _ in range(self.n_power_iterations):
                    v.copy_(F.normalize(matrix.t().mv(u), dim=0, eps=self.eps))
                    u.copy_(F.normalize(matrix.mv(v), dim=0, eps=self.eps))
                u, v = (
                    u.clone(),
                    v.clone(),
                )  # those in the module change in the next forward, before this one's backward
        return weight / u.dot(matrix.mv(v))  # type: ignore[no-any-return]

    def __call__(self, module: Module, inputs: Any) -> None:
        setattr(module, self.name, self.compute_weight(module, module.training))


def spectral_norm(
    module: Module, name: str = "weight", n_power_iterations: int = 1, eps: float = 1e-12, dim: int | None = None
) -> Module:
    """Replace a parameter by ``<name>_orig`` and the buffers ``<name>_u`` and ``<name>_v``.

    Raises:
        RuntimeError: if the parameter is normalised already.
    """
    from .. import ConvTranspose1d, ConvTranspose2d, ConvTranspose3d

    if _hook(module, SpectralNorm, name)[1] is not None:
        raise RuntimeError(f"Cannot register two spectral_norm hooks on the same parameter {name}")
    if dim is None:
        dim = 1 if isinstance(module, (ConvTranspose1d, ConvTranspose2d, ConvTranspose3d)) else 0
    hook = SpectralNorm(name, n_power_iterations, dim, eps)
    weight = module._parameters[name]
    if weight is None:
        raise ValueError(f"`SpectralNorm` cannot be applied as parameter `{name}` is None")
    with no_grad():
        matrix = hook.matrix(weight)
        rows, columns = matrix.shape
        u = F.normalize(matrix.new_empty((rows,)).normal_(0, 1), dim=0, eps=eps)
        v = F.normalize(matrix.new_empty((columns,)).normal_(0, 1), dim=0, eps=eps)
    del module._parameters[name]
    module.register_parameter(name + "_orig", weight)
    setattr(module, name, weight.data)
    module.register_buffer(name + "_u", u)
    module.register_buffer(name + "_v", v)
    module.register_forward_pre_hook(hook)
    return module


def remove_spectral_norm(module: Module, name: str = "weight") -> Module:
    """Make the weight one parameter again, divided by its norm.

    Raises:
        ValueError: if it is not normalised.
    """
    key, hook = _hook(module, SpectralNorm, name)
    if hook is None:
        raise ValueError(f"spectral_norm of '{name}' not found in {module}")
    with no_grad():
        weight: Any = hook.compute_weight(module, False)
    delattr(module, name)
    for end in ("_u", "_v", "_orig"):
        delattr(module, name + end)
    module.register_parameter(name, Parameter(weight.detach()))
    del module._forward_pre_hooks[key]
    return module
