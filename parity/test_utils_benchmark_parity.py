"""Random measurements: what they and their tables show is torch's, to the letter."""

import random

import pytest
import torch.utils.benchmark as theirs

import rushlight.utils.benchmark as ours


def drawn(rng):
    """Times, runs and settings of some measurements."""
    envs = rng.choice([[None], ["A", "bb"], ["x"]])
    labels = rng.choice([[None], ["L", "a longer label"], ["lab"]])
    for _ in range(rng.randint(1, 8)):
        scale, spread = 10 ** rng.uniform(-9, 1.5), rng.choice([0, 0.001, 0.02, 0.1, 0.5])
        times = [scale * (1 + spread * rng.random()) for _ in range(rng.choice([1, 2, 3, 4, 5, 9, 20]))]
        yield rng.choice([1, 10, 1000]), times, {
            "stmt": rng.choice(["x.sum()", "a\nb", "for i in x:\n  y\n"]), "setup": rng.choice(["pass", "", "x=1", "x=1\ny=2"]),
            "label": rng.choice(labels), "sub_label": rng.choice([None, "s1", "n=100"]),
            "description": rng.choice(["d", "a long description", "mul"]), "env": rng.choice(envs),
            "num_threads": rng.choice([1, 2, 16]),
        }  # fmt: skip


def shown(module, rows, trimmed, marked, color):
    found = [module.Measurement(runs, times, module.TaskSpec(**task)) for runs, times, task in rows]
    table = module.Compare(found)
    if trimmed:
        table.trim_significant_figures()
    if marked:
        table.highlight_warnings()
    if color is not None:
        table.colorize(rowwise=color)
    return [str(table), *[repr(m).split("\n", 1)[1] for m in found], *[(m.as_row_name, m.env) for m in found]]


@pytest.mark.parametrize("seed", range(200))
def test_tables(seed):
    rng = random.Random(seed)
    rows = list(drawn(rng))
    settings = rng.random() < 0.5, rng.random() < 0.5, rng.choice([None, False, True])
    assert shown(ours, rows, *settings) == shown(theirs, rows, *settings)
