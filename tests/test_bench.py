"""The benchmark: its arithmetic on given times, its refusal of results that differ, and its programs under Rushlight alone."""

import argparse
import json
import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import rushlight
from rushlight import pictures
from rushlight.bench import command, compare, machine, measure, plots, processes, report, resources, sweep
from rushlight.bench.compare import OURS, THEIRS, Result, Table
from rushlight.bench.programs import ROWS, Row, agree, numbers
from rushlight.bench.sizes import LINES, SIZES
from rushlight.bench.sweep import Point

ROOT = Path(__file__).parent.parent


# --- arithmetic on given times ------------------------------------------------------------------------------------
def test_geometric_mean():
    assert compare.geometric_mean([1.0, 4.0]) == pytest.approx(2.0)
    assert compare.geometric_mean([0.5, 2.0, 8.0]) == pytest.approx(2.0)
    assert compare.geometric_mean([]) is None


def test_a_ratio_is_the_median_of_the_rounds_own_ratios():
    result = Result("r", 1.0, 2.0, theirs=[1.0, 30.0, 2.0], ours=[1.0, 10.0, 1.0])
    assert result.ratios == [1.0, 3.0, 2.0]
    assert result.ratio == 2.0
    assert Result("r", 1.0, 2.0, ours=[1.0]).ratio is None


@pytest.mark.parametrize(
    "ratio, met", [(0.94, "no"), (0.96, "bar"), (1.0, "bar"), (1.89, "bar"), (1.91, "aim"), (5.0, "aim")]
)
def test_within_five_percent_of_a_mark_is_met(ratio, met):
    assert Result("r", 1.0, 2.0, theirs=[ratio], ours=[1.0]).met == met


def test_roofline_takes_the_tighter_limit():
    peaks = {"gemm": 100.0, "memory": 10.0}
    assert compare.roofline(Row(None, 1, 1, flop=200, traffic=10), peaks) == (2.0, "products")
    assert compare.roofline(Row(None, 1, 1, flop=200, traffic=50), peaks) == (5.0, "memory")
    assert compare.roofline(Row(None, 1, 1), peaks) == (0.0, "")


US = 1e-6


@pytest.mark.parametrize(
    "theirs, ours, crossing",
    [
        ([1.0], [2.9], False),  # much slower, by less than 2 us
        ([1.0], [3.1], True),
        ([1000.0], [1290.0], False),  # much longer, by less than 30 %
        ([1000.0], [1310.0], True),
        ([1000.0], [500.0], False),
        ([10.0, 10.0, 10.0], [12.0, 90.0, 12.0], False),  # one bad round is no crossing
        ([10.0, 10.0, 10.0], [20.0, 9.0, 20.0], True),
        ([], [20.0], False),
    ],
)
def test_a_crossing_is_slower_by_factor_and_by_time(theirs, ours, crossing):
    assert Point("mul", 1, [t * US for t in theirs], [t * US for t in ours]).crossing is crossing


def test_growth_of_memory_and_first_steps():
    def peaks(*sizes):
        return [{"before": 100, "warm": 150, "after": size} for size in sizes]

    cost = resources.Cost("cnn", {OURS: peaks(400, 220, 200), THEIRS: peaks(200, 200, 200)})
    assert cost.growth(OURS) == 120
    assert cost.more == pytest.approx(1.2)
    assert cost.median(OURS, "after", "warm") == 70
    assert resources.Cost("cnn", {OURS: peaks(400)}).more is None


# --- results are looked at before times count -----------------------------------------------------------------------
def test_agreement_is_relative_to_the_size_of_the_result():
    assert agree([1.0, 2.0, 0.0], [1.0, 2.0, 5e-5], 1e-4)
    assert not agree([1.0, 2.0, 0.0], [1.0, 2.0, 2e-4], 1e-4)
    assert not agree([1.0, 2.0], [1.0, 2.0, 0.0], 1e-4)
    assert not agree([1.0, math.nan], [1.0, math.nan], 1e-4)
    assert not agree([], [], 1e-4)


def test_numbers_show_size_and_elements():
    assert numbers(rushlight.tensor([1.0, -3.0])) == [2.0, 1.0, -3.0]
    assert numbers((rushlight.tensor(2.0, requires_grad=True), rushlight.tensor([1]))) == [2.0, 2.0, 1.0, 1.0]
    assert len(numbers(rushlight.ones(10_000))) <= 65
    with pytest.raises(ArithmeticError, match="not finite"):
        numbers(rushlight.tensor([1.0, math.inf]))


def measured(best, *result):
    return {"best": best, "median": best, "result": list(result)}


def test_times_of_different_results_are_refused():
    result, row = Result("r", 1.0, 2.0), Row(None, 1.0, 2.0)
    compare.count(result, row, {OURS: measured(1.0, 5.0), THEIRS: measured(2.0, 5.0001)})
    assert (result.theirs, result.ours, result.refused) == ([2.0], [1.0], "")
    compare.count(result, row, {OURS: measured(1.0, 5.0), THEIRS: measured(2.0, 5.1)})
    assert (result.theirs, result.ours) == ([2.0], [1.0])
    assert result.refused == "results differ: torch computed 5.1, rushlight 5"
    assert result.ratio is None and result.met == "no"


class Answers(processes.Sides):
    """Sides that answer as told, and remember what they were asked with."""

    def __init__(self, answers):
        super().__init__()
        self.answers, self.asked = answers, []

    def ask(self, side, job, environment=None, **arguments):
        self.asked.append((side, job, environment))
        answer = self.answers[side, job]
        if isinstance(answer, Exception):
            raise answer
        return answer


def test_a_refused_row_has_no_times_and_no_part_in_the_mean():
    peaks = {"gemm": 1e9, "memory": 1e9}
    sides = Answers({(OURS, "peaks"): peaks, (OURS, "row"): measured(1.0, 5.0), (THEIRS, "row"): measured(2.0, 5.0)})
    said = []
    found = compare.compare(["small_op", "adam_10m"], sides, {}, [THEIRS], 2, 0.1, said.append)
    assert [result.ratio for result in found.results] == [2.0, 2.0]
    assert found.mean == pytest.approx(2.0)
    assert found.results[1].share == pytest.approx(0.28) and found.results[1].limit == "memory"
    assert len(said) == 4 and said[0].endswith("results agree")
    assert [side for side, job, _ in sides.asked if job == "row"] == [
        OURS,
        THEIRS,
        OURS,
        THEIRS,
        THEIRS,
        OURS,
        THEIRS,
        OURS,
    ]
    sides.answers[THEIRS, "row"] = processes.Failed("torch: MemoryError\n\nlong story")
    found = compare.compare(["small_op"], sides, {}, [THEIRS], 2, 0.1, said.append)
    assert found.results[0].ours == [] and found.results[0].refused == "torch: MemoryError"
    assert found.mean is None


def test_sides_that_cannot_be_imported_are_left_out(capsys):
    missing = processes.Missing("jax is not installed")
    sides = Answers(
        {(THEIRS, "facts"): processes.Failed("torch: OSError: no libc10\n\nlong story"), ("jax", "facts"): missing}
    )
    facts = {}
    assert command.present([THEIRS, "jax"], sides, facts) == []
    assert capsys.readouterr().err.splitlines() == [
        "torch: OSError: no libc10: Rushlight's times stand alone.",
        "jax is not installed: it is left out.",
    ]
    assert facts == {THEIRS: "did not run: its import failed", "jax": "did not run: not installed"}


def test_a_line_ends_before_a_size_at_which_results_differ():
    def line(*results):
        return [{"n": n, "best": 1.0, "result": [r]} for n, r in zip((1, 2, 5), results, strict=False)]

    points, refused = {}, {}
    sweep.add(points, "mul", {OURS: line(1.0, 1.0, 1.0), THEIRS: line(1.0, 1.0, 1.0)}, refused)
    assert list(points) == [1, 2, 5] and not refused
    sweep.add(points, "mul", {OURS: line(1.0, 2.0, 1.0), THEIRS: line(1.0, 1.0, 1.0)}, refused)
    assert list(points) == [1] and len(points[1].ours) == 2
    assert refused["mul"].startswith("results differ at 2 elements")
    points = {}
    sweep.add(points, "mul", {OURS: line(1.0, 1.0, 1.0), THEIRS: line(1.0, 1.0)}, {})
    assert list(points) == [1, 2]  # as far as both went


def test_what_seems_to_be_a_crossing_is_measured_again():
    """Two lines seem to be slower in the only round: one was in a slow moment, the other stays so."""
    asked = []

    class Fake:
        def ask(self, side, job, name, sizes, seconds):
            asked.append((side, name, len(sizes)))
            first = len(asked) <= 4
            slow = side == OURS and (first or name == "add")
            return [{"n": n, "best": (10 if slow and n == 5 else 1) * US, "result": [1.0]} for n in sizes]

    found = sweep.sweep(["mul", "add"], Fake(), {}, [THEIRS], 1, 0.1, lambda text: None)
    assert [(point.line, point.n) for point in found.crossings] == [("add", 5)]
    assert asked[4:] == [
        (side, name, 1) for turn in range(sweep.MORE) for name in ("mul", "add") for side in _order(turn)
    ]


def _order(turn):
    return [THEIRS, OURS] if turn % 2 == 0 else [OURS, THEIRS]


def test_sizes_end_where_memory_does():
    assert sweep.allowed("mul", math.inf) == SIZES
    assert sweep.allowed("mul", 12_000 * 5 / 4)[-1] == 500
    assert SIZES[:4] == [1, 2, 5, 10] and SIZES[-1] == 100_000_000


def test_the_first_step_is_measured_cold_then_warm_in_one_folder():
    times = {"build": 0.1, "first": 0.5, "second": 0.2, "beyond": 0.4}
    sides = Answers({(OURS, "first"): times, (THEIRS, "first"): times})
    (cost,) = resources.first(["cnn"], sides, [THEIRS], 1, lambda text: None)
    folders = [environment and environment["RUSHLIGHT_CACHE_DIR"] for _, _, environment in sides.asked]
    assert folders[0] and folders[0] == folders[1] and folders[2] is None
    assert not Path(folders[0]).exists()
    text = report.first([cost], {})
    assert "| cnn | cold | 100.0 | 500.0 | 200.0 | 300.0 | 400.0 | yes (< 500) |" in text
    assert "| cnn | warm | 100.0 | 500.0 | 200.0 | 300.0 | 400.0 | no (< 100) |" in text
    assert "| cnn | torch | 100.0 | 500.0 | 200.0 | 300.0 | 400.0 | – |" in text


def test_memory_is_measured_with_code_on_the_disk():
    peaks = {"before": 100, "warm": 150, "after": 200}
    sides = Answers({(OURS, "memory"): peaks, (THEIRS, "memory"): peaks})
    (cost,) = resources.memory(["cnn"], sides, [THEIRS], 2, lambda text: None)
    assert [side for side, _, _ in sides.asked] == [OURS, OURS, THEIRS, OURS, THEIRS]
    (folder,) = {environment["RUSHLIGHT_CACHE_DIR"] for side, _, environment in sides.asked if side == OURS}
    assert not Path(folder).exists()
    assert cost.answers == {OURS: [peaks] * 2, THEIRS: [peaks] * 2}


# --- the report -----------------------------------------------------------------------------------------------------
def example():
    good = Result("good", 1.0, 2.0, theirs=[2e-6, 6e-3, 4e-6], ours=[1e-6, 2e-3, 4e-6], share=0.5, limit="memory")
    bad = Result("bad", 1.0, 2.0, refused="results differ: torch computed 1, rushlight 2")
    return Table({"CPU": "abacus"}, {"gemm": 2e11, "memory": 3e10}, 3, [good, bad])


def test_the_table_as_text():
    text = report.table(example())
    assert "- CPU: abacus" in text
    assert "| good | 4.00 | 4.00 | 2.00 (1.00..3.00) | 1 | 2 | aim | 50 % of memory |" in text
    assert "| bad | – | – | – | 1 | 2 | no | – |" in text
    assert "over 1 of 2 rows: **2.00**" in text
    assert "`bad` does not count: results differ" in text
    assert "200 GFLOP/s" in text and "30.0 GB/s" in text
    json.dumps(example().as_json())


def test_the_sweep_as_text():
    points = [Point("mul", 1, [US], [US]), Point("mul", 1000, [10 * US], [20 * US])]
    text = report.sweep(sweep.Sweep({}, 1, points, {}))
    assert "| mul | 1,000 | 10.00 | 20.00 | 2.00 |" in text
    assert "There is no size" in report.sweep(sweep.Sweep({}, 1, points[:1], {}))
    assert "PyTorch did not run" in report.sweep(sweep.Sweep({}, 1, [Point("mul", 1, [], [US])], {}))


def test_without_matplotlib_the_text_is_written(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(pictures, "possible", lambda: False)
    command.write(tmp_path, "table", "text\n", {"a": 1}, lambda path: plots.table(example(), path))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["table.json", "table.md"]
    assert "no plot: matplotlib is not installed" in capsys.readouterr().err


def test_plots(tmp_path):
    pytest.importorskip("matplotlib")
    plots.table(example(), tmp_path / "table.png")
    points = [Point(line, n, [n * US], [2 * n * US]) for line in ("mul", "add") for n in (1, 10)]
    plots.sweep(sweep.Sweep({}, 1, points, {}), tmp_path / "sweep.png")
    assert all((tmp_path / name).read_bytes().startswith(b"\x89PNG") for name in ("table.png", "sweep.png"))


def test_the_checkouts_results_are_replaced_by_whole_ones_only(tmp_path):
    def where(against, **changed):
        return command.destination(argparse.Namespace(**{"rows": [], "out": None, **changed}), against)

    assert where([THEIRS]) == ROOT / "bench" / "results"
    assert where([]) is None
    assert where([THEIRS], rows=["cnn"]) is None
    assert where([], rows=["cnn"], out=tmp_path) == tmp_path


# --- the machine ----------------------------------------------------------------------------------------------------
def test_facts():
    facts = machine.facts(OURS, rushlight)
    assert facts["rushlight version"] == rushlight.__version__ and facts["NumPy"] == np.__version__
    assert "kernel" in facts["NumPy BLAS"] and all(facts.values())
    assert machine.peak_memory() > 10_000_000


def test_torchs_libraries():
    config = """PyTorch built with:
  - GCC 13.3
  - Intel(R) oneAPI Math Kernel Library Version 2024.2-Product Build 20240605 for Intel(R) 64 architecture applications
  - CPU capability usage: AVX2
  - Build settings: BLAS_INFO=mkl, BUILD_TYPE=Release, USE_MKL=ON
"""
    assert machine.torch_libraries(config) == (
        "Intel(R) oneAPI Math Kernel Library Version 2024.2-Product Build 20240605; CPU capability usage: AVX2; BLAS_INFO=mkl"
    )


def test_what_slows_blas_is_taken_from_the_environment(monkeypatch):
    assert processes.clean({**dict.fromkeys(processes.SLOWING, "1"), "PATH": "p"}) == {"PATH": "p"}
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Prescott")
    assert "kernel Prescott" not in processes.Sides().ask(OURS, "facts")["NumPy BLAS"]


def test_another_sides_process_does_not_load_rushlight():
    code = processes._START.replace("main(job, side, arguments)", "assert 'rushlight' not in sys.modules, 'loaded'")
    assert code != processes._START
    folder = str(ROOT / "rushlight" / "bench")
    subprocess.run([sys.executable, "-W", "error", "-c", code, folder, "facts", "torch", "{}"], check=True)


def test_a_side_that_is_not_there(capsys):
    measure.main("facts", "no_such_framework", "{}")
    assert json.loads(capsys.readouterr().out) == {
        "missing": f"no_such_framework is not installed for {sys.executable}"
    }
    with pytest.raises(processes.Missing, match="cannot be run"):
        processes.Sides({THEIRS: str(ROOT / "no" / "python")}).ask(THEIRS, "facts")
    with pytest.raises(processes.Failed, match="rushlight: KeyError: 'no_such_row'"):
        processes.Sides().ask(OURS, "row", name="no_such_row", seconds=0.01)


# --- the programs ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", ROWS)
def test_every_program_steps(name):
    step = ROWS[name].program(rushlight)
    assert numbers(step())[0] > 0


@pytest.mark.parametrize("name", LINES)
@pytest.mark.parametrize("n", [1, 5, 2000, 20_000])
def test_every_line_steps(name, n):
    rushlight.manual_seed(0)
    assert all(map(math.isfinite, numbers(LINES[name].program(rushlight, n)())))


def test_a_row_and_a_peer_of_it():
    row = Row(ROWS["small_op"].program, 1, 1, repeats=10, peers={"numpy": lambda np: lambda: np.ones(4)})
    ours, peer = measure.row(row, OURS, rushlight, 0.01), measure.row(row, "numpy", np, 0.01)
    assert 0 < ours["best"] <= ours["median"] and 0 < peer["best"]
    assert ours["result"] == peer["result"] == [1.0] * 5


def test_a_line_ends_after_a_call_that_takes_too_long(monkeypatch):
    monkeypatch.setattr(measure, "LONGEST", 0.0)
    assert [point["n"] for point in measure.line("mul", rushlight, [1, 10], 0.01)] == [1]


def test_a_line_a_first_step_and_memory():
    points = measure.line("mul", rushlight, [1, 10], 0.01)
    assert [point["n"] for point in points] == [1, 10] and all(point["best"] > 0 for point in points)
    first = measure.first(ROWS["mlp_tiny"], rushlight)
    assert first["first"] > 0 and first["beyond"] >= 0
    peaks = measure.memory(ROWS["mlp_tiny"], rushlight)
    assert 0 < peaks["before"] <= peaks["warm"] <= peaks["after"]


# --- the command ----------------------------------------------------------------------------------------------------
def bench(*arguments):
    command = [sys.executable, "-m", "rushlight", "bench", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)})


def test_the_command_works_without_torch(tmp_path):
    done = bench(
        "small_op", "--rounds", 1, "--seconds", 0.05, "--torch", tmp_path / "python", "--out", tmp_path / "new"
    )
    assert done.returncode == 0, done.stderr
    assert "cannot be run: No such file or directory: Rushlight's times stand alone." in done.stderr
    assert "No ratios: PyTorch did not run." in done.stdout and "computed the same" not in done.stdout
    (row,) = json.loads((tmp_path / "new" / "table.json").read_text())["rows"]
    assert row["row"] == "small_op" and row["ratio"] is None and 0 < row["ours"][0] < 1e-3
    assert (tmp_path / "new" / "table.md").read_text().strip() == done.stdout.strip()


def test_wrong_arguments():
    done = bench("no_such_row")
    assert done.returncode == 2
    assert "there is no row 'no_such_row'; there are: small_op, seed_loop" in done.stderr
    done = bench("--rounds", 0)
    assert done.returncode == 2 and "argument --rounds: invalid positive int value: '0'" in done.stderr
