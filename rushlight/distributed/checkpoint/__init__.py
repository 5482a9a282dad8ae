"""``torch.distributed.checkpoint``: checkpoints in many files. One process writes one: ``torch.save``."""

from ... import errors
from ..submodules import loader as _loader

REASON = "Rushlight has one process: write torch.save(state_dict, file), read torch.load(file)."

globals().update(
    errors.absent(
        "torch.distributed.checkpoint",
        "FileSystemReader FileSystemWriter async_save load load_state_dict save save_state_dict",
        REASON,
    )
)

__getattr__ = _loader(__name__, "hf_storage state_dict")
