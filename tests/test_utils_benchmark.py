"""``torch.utils.benchmark``: the tables are torch 2.13's to the letter (parity/ compares random ones), the timer measures."""

import pytest

import rushlight as torch
from rushlight.utils.benchmark import Compare, Measurement, TaskSpec, Timer, select_unit, trim_sigfig


def measured(times, runs=1, **task):
    return Measurement(runs, times, TaskSpec(**{"stmt": "x.sum()", "setup": "pass", **task}))


def told(m):
    """What a measurement shows, but for the address of the object."""
    return repr(m).split("\n", 1)[1]


def test_what_a_measurement_shows():
    assert told(measured([1e-6])) == "x.sum()\n  1.00 us\n  1 measurement, 1 runs , 1 thread"
    named = measured(
        [1e-3 + i * 1e-5 for i in range(30)], 10, label="lab", sub_label="sub", description="desc", num_threads=4
    )
    assert told(named) == (
        "lab: sub\ndesc\n  Median: 114.50 us\n  IQR:    14.50 us (107.25 to 121.75)\n"
        "  30 measurements, 10 runs per measurement, 4 threads\n"
        "  WARNING: Interquartile range is 12.7% of the median measurement.\n"
        "           This could indicate system fluctuation."
    )
    several = measured([1.0, 1.2, 5.0], stmt="a\nb\n", setup="import x\ny=1")
    assert told(several).startswith("stmt:\n  a\n  b\n\n\nsetup:\n  import x\n  y=1\n\n  Median: 1.20 s\n")


def test_figures_to_believe():
    assert [measured([t]).significant_figures for t in (1e-7, 1e-5, 1e-4, 1.0)] == [1, 2, 3, 4]
    assert measured([1e-3, 1.01e-3, 1.02e-3, 1.03e-3, 1.04e-3]).significant_figures == 2
    assert trim_sigfig(0.0123456, 2) == pytest.approx(0.012)
    assert [select_unit(t)[0] for t in (9e-10, 1e-9, 9.9e-7, 1e-6, 1e-3, 2.0)] == ["s", "ns", "ns", "us", "ms", "s"]


def test_a_table():
    results = [
        measured(
            [1e-6 * n * (2 if d == "mul" else 1) / t * f for f in (1, 1.01, 1.02, 1.03, 1.6)],
            100, label="lab", sub_label=f"n={n}", description=d, num_threads=t,
        )
        for d in ("add", "mul")
        for n in (10, 1000)
        for t in (1, 2)
    ]  # fmt: skip
    table = Compare(results)
    assert str(table) == (
        "[-------------- lab ---------------]\n"
        "              |    add    |    mul  \n"
        "1 threads: -------------------------\n"
        "      n=10    |    102.0  |    204.0\n"
        "      n=1000  |  10200.0  |  20400.0\n"
        "2 threads: -------------------------\n"
        "      n=10    |     51.0  |    102.0\n"
        "      n=1000  |   5100.0  |  10200.0\n"
        "\n"
        "Times are in nanoseconds (ns).\n"
    )
    table.trim_significant_figures()
    table.colorize()
    assert "n=10    |  \x1b[92m\x1b[1m  100\x1b[0m\x1b[0m  |" in str(table)
    assert "n=1000  |  \x1b[31m\x1b[1m10000\x1b[0m\x1b[0m  |" in str(table)


def test_environments_and_warnings():
    results = [
        measured([5e-2, 5e-2 * (1 + (env == "B"))], env=env, description="d", sub_label=s) for env in "AB" for s in "xy"
    ]
    table = Compare(results)
    table.highlight_warnings()
    assert str(table).splitlines()[3:7] == [
        "  (A)  x  |  50.0        ",
        "       y  |  50.0        ",
        "  (B)  x  |  75.0 (! 33%)",
        "       y  |  75.0 (! 33%)",
    ]
    assert "(! XX%) Measurement has high variance" in str(table)


def test_the_timer_measures():
    timer = Timer("x.add_(1)", "x = torch.zeros(3)", label="l", num_threads=1)
    once = timer.timeit(50)
    assert (once.number_per_run, len(once.times), once.title) == (50, 1, "l") and once.median > 0
    seen = []
    blocks = timer.blocked_autorange(lambda n, seconds: seen.append((n, seconds)), min_run_time=0.02)
    assert sum(blocks.raw_times) >= 0.02
    assert seen == [(blocks.number_per_run, t) for t in blocks.raw_times]
    assert timer.adaptive_autorange(threshold=10.0).meets_confidence(10.0)
    limited = timer.adaptive_autorange(threshold=0.0, max_run_time=0.03)
    assert sum(limited.raw_times) >= 0.03


def test_threads_are_set_while_it_runs():
    before, seen = torch.get_num_threads(), []
    torch.set_num_threads(2)
    try:
        Timer("seen.append(torch.get_num_threads())", globals={"seen": seen}).timeit(2)
        assert set(seen) == {1} and torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_wrong_calls():
    with pytest.raises(ValueError, match="Currently only a `str` stmt is supported"):
        Timer(len)
    with pytest.raises(ValueError, match="global_setup is C"):
        Timer("pass", global_setup="int x;")
    with pytest.raises(ValueError, match="Invalid language `ada`"):
        Timer("pass", language="ada")
    with pytest.raises(NotImplementedError, match="language='c"):
        Timer("pass", language="c++")
    for name in ("repeat", "autorange"):
        with pytest.raises(NotImplementedError, match="blocked_autorange"):
            getattr(Timer("pass"), name)()
    with pytest.raises(NotImplementedError, match="collect_callgrind"):
        Timer("pass").collect_callgrind()
    with pytest.raises(ValueError, match="Expected an instance of `Measurement`"):
        Compare([1.0])
    with pytest.raises(AttributeError, match="Fuzzer"):
        torch.utils.benchmark.Fuzzer  # noqa: B018
