"""A trial trains on its own part and scores the other once, by the task's metric."""

from __future__ import annotations

import numpy as np
import pytest

from tests.recipes.reproduce import made_up
from throughtime.metrics import matthews
from throughtime.recipes.reproduce.row import MEASURED, RECALLED, SEEN
from throughtime.recipes.reproduce.trials import TASKS, kmers, scored, trial_of

TINY = {"epochs": 2, "hidden_size": 4}
LABELS, CLASSES = ["b", "a", "b", "a"], ["a", "b"]
PROBABILITY = np.array([[0.2, 0.8], [0.7, 0.3], [0.6, 0.4], [0.9, 0.1]])


def test_metrics():
    assert scored("accuracy", LABELS, CLASSES, PROBABILITY) == 0.75
    forecast = np.array(["b", "a", "a", "a"])
    assert scored("Matthews", LABELS, CLASSES, PROBABILITY) == matthews(np.array(LABELS), forecast)
    assert scored("AUC", [1, 0, 1, 0], [0, 1], PROBABILITY) == 1.0


def test_a_trial(tmp_path):
    made_up.series(tmp_path)
    found = trial_of("gun_point", tmp_path, 0, TINY)
    assert 0 <= found["score"] <= 1
    assert found["epochs"] == 2
    assert "rival" not in found
    assert found["score"] == trial_of("gun_point", tmp_path, 0, TINY)["score"]


def test_kmers_tell_what_only_they_can():
    train = (["AAAAAACC", "CCCCCCAA"] * 10, [1, 0] * 10)
    test = (["GAAAAAAG", "GCCCCCCG"], [1, 0])
    assert kmers(train, test) == 1.0


@pytest.mark.parametrize("name", TASKS)
def test_published_figures_say_how_they_are_known(name):
    task = TASKS[name]
    if task.metric == "AUC":
        assert task.known == ""  # what stands beside it is no published figure
    else:
        assert (task.known in (SEEN, RECALLED, MEASURED)) == bool(task.published)
    assert (task.known == RECALLED) == ("recalled" in task.published)
