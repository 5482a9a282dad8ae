"""``torch.ao.quantization`` and ``torch.quantization``: tensors of quantized integers are not supported; what is called says so."""

from __future__ import annotations

from .. import errors, missing

_NAMES = (
    "DeQuantStub HistogramObserver MinMaxObserver MovingAverageMinMaxObserver "
    "PerChannelMinMaxObserver QConfig QConfigMapping QuantStub QuantWrapper convert default_dynamic_qconfig "
    "default_observer default_qat_qconfig default_qconfig float16_dynamic_qconfig fuse_modules fuse_modules_qat "
    "get_default_qat_qconfig get_default_qconfig get_default_qconfig_mapping per_channel_dynamic_qconfig prepare "
    "prepare_qat propagate_qconfig_ quantize quantize_dynamic quantize_qat swap_module"
)
__all__ = [*_NAMES.split(), "FakeQuantize", "FakeQuantizeBase", "ObserverBase"]  # noqa: PLE0605

globals().update(errors.absent("torch.ao.quantization", _NAMES, missing.QUANTIZED))


class _Observing:
    """A module of a quantized network: there is none.

    Raises:
        NotImplementedError: when one is made.
    """

    def __init__(self, *args: object, **kwargs: object):
        error = NotImplementedError(f"torch.ao.quantization.{type(self).__name__} is not implemented.")
        raise errors.advised(error, missing.QUANTIZED)


class ObserverBase(_Observing):
    """An observer, of which packages ask whether a module is one."""


class FakeQuantizeBase(_Observing):
    """A rounding, of which packages ask whether a module is one."""


class FakeQuantize(FakeQuantizeBase):
    """A rounding with a scale."""
