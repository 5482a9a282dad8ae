"""``torch.version`` as a build for CPU answers it: the version of torch whose behaviour Rushlight reproduces."""

from __future__ import annotations

__version__ = "2.13.0+cpu"

debug = False
cuda = hip = rocm = xpu = None
git_version = "rushlight"
