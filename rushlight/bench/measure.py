"""Inside a process that is measured: one framework, one job, the answer as JSON on the last line of its output.

Here is what a time means: warm up first, then the best of many repeats. Started by ``processes``.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import statistics
import sys
import time
from pathlib import Path
from typing import Any

from . import machine
from .programs import ROWS, Row, Step, numbers
from .sizes import LINES

CHECKED = 3  # steps after which results are compared: the third shows whether the first two updated what they should
WARM_UP = 0.3  # seconds at the first size of a line, in which code is compiled or loaded
STEPS = 20  # of training, over which memory grows and first costs are counted
BATCH = 50e-6  # a time of the sweep covers calls for about so long, so that the clock is not what is measured
LONG, LONGEST = (
    0.5,
    5.0,
)  # seconds: a call of the sweep that is timed only once, after an untimed one; one after which its line ends


def namespace(side: str) -> Any:
    """The framework of a side, imported: ``rushlight`` is the one this file belongs to, whatever else is installed."""
    if side == "rushlight":
        package = Path(__file__).resolve().parents[1]
        found = importlib.util.find_spec("rushlight")
        if found is None or found.origin is None or Path(found.origin).resolve().parent != package:
            sys.path.insert(0, str(package.parent))
            importlib.invalidate_caches()
    return importlib.import_module(side)


def row(row: Row, side: str, framework: Any, seconds: float) -> dict[str, Any]:
    """Best and median seconds of one repeat of the row's work, and its numbers after three steps."""
    step = row.peers[side](framework) if side in row.peers else row.program(framework)
    for _ in range(CHECKED):
        result = step()
    found = numbers(result)
    run_for(step, seconds / 2)
    times = run_for(step, seconds)
    return {
        "best": min(times) / row.repeats,
        "median": statistics.median(times) / row.repeats,
        "result": found,
    }


def run_for(step: Step, seconds: float) -> list[float]:
    """The times of steps, repeated until so many seconds have passed, three times at least."""
    times: list[float] = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(times) < 3:
        start = time.perf_counter()
        step()
        times.append(time.perf_counter() - start)
    return times


def line(name: str, framework: Any, sizes: list[int], seconds: float) -> list[dict[str, Any]]:
    """Best seconds of a call at each size, in order, until a call takes too long."""
    points: list[dict[str, Any]] = []
    for n in sizes:
        framework.manual_seed(0)
        step = LINES[name].program(framework, n)
        found = numbers(step())
        if not points:
            run_for(step, WARM_UP)
        first = _timed(step, 1)
        points.append({"n": n, "best": first if first > LONG else _best_call(step, first, seconds), "result": found})
        if first > LONGEST:
            break
        del step
    return points


def _best_call(step: Step, first: float, seconds: float) -> float:
    """``first`` is one call's time: it says how many calls one reading of the clock covers."""
    calls = max(1, min(1000, int(BATCH / first)))
    _timed(step, calls)
    best, repeats, end = float("inf"), 0, time.perf_counter() + seconds
    while time.perf_counter() < end or repeats < 3:
        best, repeats = min(best, _timed(step, calls)), repeats + 1
    return best


def _timed(step: Step, calls: int) -> float:
    start = time.perf_counter()
    for _ in range(calls):
        step()
    return (time.perf_counter() - start) / calls


def memory(row: Row, framework: Any) -> dict[str, int]:
    """Peak resident bytes before the first step (what building the program needed for a moment is forgotten), after it, after 20 more."""
    step = row.program(framework)
    machine.forget_peak()
    before = machine.peak_memory()
    step()
    warm = machine.peak_memory()
    for _ in range(STEPS):
        step()
    return {"before": before, "warm": warm, "after": machine.peak_memory()}


def first(row: Row, framework: Any) -> dict[str, float]:
    """Seconds to build the program, of its first and second step, and what 20 steps took beyond 20 times the best of them."""
    start = time.perf_counter()
    step = row.program(framework)
    built = time.perf_counter() - start
    times = [_timed(step, 1) for _ in range(STEPS)]
    return {"build": built, "first": times[0], "second": times[1], "beyond": sum(times) - STEPS * min(times)}


def answer(job: str, side: str, arguments: dict[str, Any]) -> Any:
    """What a process is asked: ``job`` is facts, peaks, row, line, memory or first."""
    if job == "peaks":
        return machine.peaks(arguments["seconds"])
    framework = namespace(side)
    if job == "facts":
        return machine.facts(side, framework)
    if job == "row":
        return row(ROWS[arguments["name"]], side, framework, arguments["seconds"])
    if job == "line":
        return line(arguments["name"], framework, arguments["sizes"], arguments["seconds"])
    return {"memory": memory, "first": first}[job](ROWS[arguments["name"]], framework)


def main(job: str, side: str, arguments: str) -> None:
    """Print the answer, or ``{"missing": why}`` if the side's framework is not installed here."""
    try:
        found: Any = answer(job, side, json.loads(arguments))
    except ModuleNotFoundError as error:
        if error.name != side:
            raise
        found = {"missing": f"{side} is not installed for {sys.executable}"}
    print(json.dumps(found))
