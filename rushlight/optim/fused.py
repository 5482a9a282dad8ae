"""An optimizer's formula as one loop over all its arrays.

``recorded`` runs ``change`` with symbols in the place of arrays and keeps what it does to them as loop IR. The Python numbers
that it meets on the way (rates, powers of the step) become the numbers of that run, so that one loop serves all steps. A
formula that does something else with its arrays is ``Unreadable``, and is carried out by NumPy.
"""

from __future__ import annotations

from typing import Any

from ..kernels.symbols import Recording, Symbol, Unreadable
from ..readers import loops

__all__ = ["Unreadable", "recorded"]


def recorded(change: Any, dtype: Any, n_state: int) -> tuple[Any, list[float]]:
    """The compiled loop of ``change(k, parameter, gradient, *state)`` and the numbers of this run.

    Raises:
        Unreadable: if there is no such loop.
    """
    values: list[float] = []
    recording = Recording(dtype, ("p", "g", *(f"s{i}" for i in range(n_state))), values)
    symbols = [Symbol(recording, recording.loop.load(i), i) for i in range(2 + n_state)]
    change(loops, *symbols)
    from ..kernels.loops import compiled

    try:
        return compiled(recording.loop), values
    except TypeError as error:  # an instruction that does not fit
        raise Unreadable(str(error)) from error
