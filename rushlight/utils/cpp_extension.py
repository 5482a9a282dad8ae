"""``torch.utils.cpp_extension``: operations in C++. They are built against PyTorch's headers, of which there are none here."""

from __future__ import annotations

from .. import errors

_ADVICE = "Code in C++ or CUDA is built for PyTorch's inside. Write the operation with tensors, or with NumPy in a torch.autograd.Function."

globals().update(
    errors.absent(
        "torch.utils.cpp_extension",
        "load load_inline CppExtension CUDAExtension SyclExtension BuildExtension include_paths",
        _ADVICE,
    )
)

CUDA_HOME = None
