"""Transformations of functions: ``torch.func``, ``torch.vmap``, forward-mode differentiation.

``batching`` says what an op does to all examples at once, ``tangents`` what it does to a tangent, ``gradients`` what the gradient of a
wrapped tensor is; all three are derived from the op records. ``mapping`` and ``derivatives`` hold the public functions.
"""
