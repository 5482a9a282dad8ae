"""``torch.distributions``: sampling with PyTorch's draws, densities with gradients, transforms, divergences."""

from . import (
    circular,
    constraint_registry,
    constraints,
    continuous,
    derived,
    discrete,
    kl,
    matrices,
    multivariate,
    simplex,
    transformed,
    transforms,
    utils,
)
from .circular import *  # noqa: F403
from .constraint_registry import biject_to, transform_to
from .continuous import *  # noqa: F403
from .continuous_bernoulli import ContinuousBernoulli
from .derived import *  # noqa: F403
from .discrete import *  # noqa: F403
from .distribution import Distribution, ExponentialFamily
from .kl import kl_divergence, register_kl
from .matrices import *  # noqa: F403
from .multivariate import *  # noqa: F403
from .simplex import *  # noqa: F403
from .transformed import *  # noqa: F403
from .transforms import *  # noqa: F403

__all__ = [
    "ContinuousBernoulli",
    "Distribution", "ExponentialFamily", "biject_to", "constraint_registry", "constraints", "kl", "kl_divergence", "register_kl",
    "transform_to", "transforms", "utils",
    *circular.__all__, *continuous.__all__, *derived.__all__, *discrete.__all__, *matrices.__all__, *multivariate.__all__, *simplex.__all__,
    *transformed.__all__, *transforms.__all__,
]  # fmt: skip


def __getattr__(name: str) -> object:
    from ..compat.facade import inner

    return inner("torch.distributions", name)
