"""``torch.utils.benchmark``: how long a statement takes, and tables that compare such times.

>>> import rushlight as torch
>>> from rushlight.utils.benchmark import Timer
>>> timer = Timer("x @ x", globals={"x": torch.ones(8, 8)})
>>> timer.timeit(10).number_per_run
10

``timeit`` runs a statement a given number of times, ``blocked_autorange`` as often as it takes for times that can be relied upon.
``rushlight bench`` is another thing: it measures whole programs beside PyTorch.
"""

from .compare import Colorize, Compare
from .measurement import Measurement, TaskSpec, ordered_unique, select_unit, trim_sigfig, unit_to_english
from .timer import Language, Timer, set_torch_threads, timer

__all__ = [
    "Colorize", "Compare", "Language", "Measurement", "TaskSpec", "Timer", "ordered_unique", "select_unit", "set_torch_threads",
    "timer", "trim_sigfig", "unit_to_english",
]  # fmt: skip
