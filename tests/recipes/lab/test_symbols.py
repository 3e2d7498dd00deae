"""The task of `lab recall` and `lab count`, and both studies in short form."""

from __future__ import annotations

import pytest
import torch

from throughtime.bptt import TBPTT
from throughtime.recipes.lab import lab
from throughtime.recipes.lab.symbols import KINDS, SYMBOLS, Size, Task, draw, longest, trial


@pytest.mark.parametrize(("kept", "gap"), [(1, 0), (1, 9), (3, 4), (8, 0)])
def test_answers_are_the_symbols_kept_in_their_order(kept, gap):
    task = Task(kept, gap)
    batch = draw(task, 5, torch.Generator().manual_seed(0))
    assert batch.x.shape == (task.steps, 5, SYMBOLS + 2)
    shown = batch.x[:kept, :, :SYMBOLS].argmax(-1)
    assert torch.equal(batch.y[task.lag :], shown)
    assert batch.due.sum(0).tolist() == [kept] * 5
    assert batch.due[task.lag :].all()
    # What is asked for can be told apart from distraction, and nothing is shown while it is asked.
    assert torch.equal(batch.x[..., SYMBOLS].sum(0), torch.full((5,), float(kept)))
    assert not batch.x[task.lag :, :, :SYMBOLS].any()
    assert task.lag == kept + gap


def test_a_short_lag_is_learned_and_training_ends_there():
    done = trial("LSTM chrono", 16, Task(1, 3), TBPTT(), 0, Size(400))
    assert done.accuracy > 0.95
    assert done.updates < 400
    assert done.updates % 25 == 0
    again = trial("LSTM chrono", 16, Task(1, 3), TBPTT(), 0, Size(400))
    assert (again.accuracy, again.updates) == (done.accuracy, done.updates)


def test_a_window_shorter_than_the_lag_learns_nothing():
    done = trial("LSTM chrono", 16, Task(1, 11), TBPTT(4, 4), 0, Size(100))
    assert done.updates == 100
    assert done.accuracy < 0.35


def test_longest():
    assert longest([5, 10, 20], [1.0, 0.95, 0.5]) == 10
    assert longest([5, 10, 20], [0.5, 1.0, 1.0]) == 0
    assert longest([5, 10], [0.9, 0.9]) == 10


@pytest.mark.parametrize(("name", "tables"), [("recall", 3), ("count", 2)])
def test_the_studies_in_short_form(name, tables):
    found = lab(name, seeds=1, short=True, progress=False)
    assert len(found.tables) == tables
    assert [column.name for column in found.tables[0].columns[1:]] == list(KINDS)
    assert all(0 <= value <= 1 for value in map(float, (cell.mean for cell in found.tables[0].rows[0][1:])))
    assert found.tables[0].rows[-1][0] == "90% up to"
    for said in ("share right", *KINDS, "chance"):
        assert said in found.figure
    assert len(found.claims) >= 3
