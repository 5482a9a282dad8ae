"""``torch._functorch``: where packages find what ``torch.func`` is made of, and modules as functions of older programs."""
