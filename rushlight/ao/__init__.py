"""``torch.ao``: quantization, of which nothing is supported; ``torch.ao.quantization`` says so when it is called."""

from . import quantization as quantization
