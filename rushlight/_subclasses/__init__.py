"""``torch._subclasses``: tensors without elements, of which there are none here (see ``meta`` of the tests of shapes)."""

from . import fake_tensor
from .fake_tensor import FakeTensor, FakeTensorMode

__all__ = ["FakeTensor", "FakeTensorMode", "fake_tensor"]
