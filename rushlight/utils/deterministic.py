"""``torch.utils.deterministic``: kept; memory that is not written to holds whatever is there."""

fill_uninitialized_memory = True
