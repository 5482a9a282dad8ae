"""Below autograd: operations as PyTorch's inside calls them (``torch.ops.aten.add.Tensor``), and who is asked about them.

``forms`` says which of PyTorch's calls a call of a record is, ``gradients`` the same of a node's backward, ``calls`` of public functions
that have no record; ``modes`` asks ``TorchDispatchMode`` about all of them.
"""
