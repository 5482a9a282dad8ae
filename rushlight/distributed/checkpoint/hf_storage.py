"""``torch.distributed.checkpoint.hf_storage``: safetensors files of several processes."""

from ... import errors

globals().update(
    errors.absent(
        "torch.distributed.checkpoint.hf_storage",
        "HuggingFaceStorageReader HuggingFaceStorageWriter QuantizedHuggingFaceStorageReader",
        "Rushlight has one process: read and write the files with the package safetensors.",
    )
)
