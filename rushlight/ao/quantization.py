"""``torch.ao.quantization`` and ``torch.quantization``: tensors of quantized integers are not supported; what is called says so."""

from __future__ import annotations

from .. import errors, missing

_NAMES = (
    "DeQuantStub FakeQuantize HistogramObserver MinMaxObserver MovingAverageMinMaxObserver ObserverBase "
    "PerChannelMinMaxObserver QConfig QConfigMapping QuantStub QuantWrapper convert default_dynamic_qconfig "
    "default_observer default_qat_qconfig default_qconfig float16_dynamic_qconfig fuse_modules fuse_modules_qat "
    "get_default_qat_qconfig get_default_qconfig get_default_qconfig_mapping per_channel_dynamic_qconfig prepare "
    "prepare_qat propagate_qconfig_ quantize quantize_dynamic quantize_qat swap_module"
)
__all__ = _NAMES.split()  # noqa: PLE0605

globals().update(errors.absent("torch.ao.quantization", _NAMES, missing.QUANTIZED))
