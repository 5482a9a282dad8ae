"""``torch.fx.passes``: what can be done with a graph."""

from . import shape_prop  # noqa: F401
