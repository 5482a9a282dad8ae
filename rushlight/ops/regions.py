"""Reading and writing a region of a base: what gradients do around views that were written in place."""

from __future__ import annotations

import numpy as np

from ..op import opaque


@opaque(grad_name="AsStridedBackward0", public=False)
def region_get(k, input, *, region):
    """The elements of ``input`` that a view with this region shows."""
    return region.read(input)


@region_get.vjp("input")
def _(k, g, region):
    added = k.region_add(g, region=region)
    return added if 0 not in region.shape else k.zeros_of(added)  # of no elements PyTorch's has no gradient of its own


@opaque(grad_name="AsStridedScatterBackward0", public=False)
def region_put(k, input, src, *, region):
    """A copy of ``input`` whose region holds ``src``."""
    return region.write(input, src)


@region_put.vjp("input")
def _(k, g, region):
    return k.region_put(g, 0.0, region=region)


@region_put.vjp("src")
def _(k, g, region):
    return k.region_get(g, region=region)


@opaque(grad_name="AsStridedBackward0", public=False)
def region_add(k, input, *, region):
    """Zeros shaped like the base, with ``input`` added in the region."""
    return region.add_zero(np.asarray(input))


@region_add.vjp("input")
def _(k, g, region):
    return k.region_get(g, region=region)
