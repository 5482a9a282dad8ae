"""``torch.xpu``: absent, as on a CPU build."""

from __future__ import annotations

from typing import Any, NoReturn

_REFUSED = "Torch not compiled with XPU enabled"


def is_available() -> bool:
    """False."""
    return False


def device_count() -> int:
    """0."""
    return 0


def empty_cache() -> None:
    """Nothing is kept."""


def manual_seed(seed: int) -> None:
    """There is no generator to seed."""


manual_seed_all = manual_seed


def is_bf16_supported(including_emulation: bool = True) -> bool:
    """False."""
    return False


def memory_allocated(device: Any = None) -> int:
    """0."""
    return 0


max_memory_allocated = memory_reserved = max_memory_reserved = memory_allocated


def get_rng_state_all() -> list[Any]:
    """No states."""
    return []


def set_rng_state_all(new_states: Any) -> None:
    """There is no generator."""


def _refuse(*args: Any, **kwargs: Any) -> NoReturn:
    """Raises AssertionError: there is no such device."""
    raise AssertionError(f"{_REFUSED}\n\nAsk torch.xpu.is_available() first.")


current_device = synchronize = get_device_capability = get_device_properties = get_device_name = set_device = _refuse
get_rng_state = set_rng_state = mem_get_info = current_stream = _refuse
