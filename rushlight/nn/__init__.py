"""``torch.nn``: modules, layers, losses, initialisation."""

from ..tensor import Parameter
from . import functional, init, parameter, utils
from .layers.activation import ELU, GELU, Dropout, LeakyReLU, LogSoftmax, ReLU, Sigmoid, SiLU, Softmax, Tanh
from .layers.containers import ModuleDict, ModuleList, Sequential
from .layers.embedding import Embedding, LayerNorm
from .layers.linear import Flatten, Identity, Linear
from .layers.loss import BCELoss, BCEWithLogitsLoss, CrossEntropyLoss, L1Loss, MSELoss, NLLLoss
from .layers.recurrent import GRU, LSTM, RNN
from .module import Module

__all__ = [
    "ELU", "GELU",
    "GRU", "BCELoss", "BCEWithLogitsLoss", "CrossEntropyLoss", "Dropout", "Embedding", "Flatten", "Identity",
    "L1Loss", "LayerNorm", "LSTM",
    "LeakyReLU", "Linear", "LogSoftmax", "MSELoss", "Module", "ModuleDict", "ModuleList", "NLLLoss",
    "Parameter", "RNN",
    "ReLU", "Sequential", "SiLU", "Sigmoid", "Softmax", "Tanh", "functional", "init", "parameter", "utils",
]  # fmt: skip
