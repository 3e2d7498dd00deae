"""A run's reach is that of its own network on its own rows; a perceptron's ends with its window."""

from __future__ import annotations

import warnings
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch

from throughtime import recipes
from throughtime.base.errors import ConfigError, DataError, Notice
from throughtime.bptt import Reach, gradient_reach
from throughtime.recipes.catalogue import RECIPES
from throughtime.recipes.lab.study import Effort
from throughtime.recipes.reach import of_network
from throughtime.recipes.reach.of_network import (
    Measured,
    _cuts,
    _data,
    _of_earlier_losses,
    reach_of_recipe,
    reach_of_run,
)
from throughtime.recipes.reach.words import power
from throughtime.recipes.run import open_trained
from throughtime.tasks.network import head_of

ROWS = 160
SETTINGS = {"hidden_size": "4", "epochs": "2", "train": "0.6", "validation": "0.2"}


@pytest.fixture(autouse=True)
def quiet():
    """What the data has to say is tested elsewhere."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Notice)
        yield


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("data") / "own.csv"
    draw = np.random.default_rng(0)
    days = [date(2020, 1, 1) + timedelta(days=t) for t in range(ROWS)]
    level = np.sin(np.arange(ROWS) / 9) + draw.normal(size=ROWS)
    pl.DataFrame({"date": days, "level": level}).write_csv(path)
    return path


def train(table: Path, out: Path, tbptt: str, **settings: str) -> Path:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Notice)
        found = recipes.train(
            "weather", data=table, out=out, tbptt=tbptt, settings={**SETTINGS, **settings}, progress=False
        )
    return found.run


@pytest.fixture(scope="module")
def run(table: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train(table, tmp_path_factory.mktemp("runs") / "lstm", "5,20")


def test_the_table_is_the_reach_of_the_trained_network(run):
    found = reach_of_run(run, (0, 1, 30), short=True).tables[0]
    predictor, case, tbptt = open_trained(run)
    problem, settings = case.problem, case.chosen
    assert (settings.model.hidden_size, tbptt) == (4, "5,20")
    ready = of_network.prepare_network(problem, settings.model, tbptt)
    shown, piece = _data(ready, tbptt, (0, 1, 30), of_network.SHORT_ROWS)
    assert shown == found.column("lag") == [0, 1, 15, 19, 30]
    network = predictor.network_
    expected = gradient_reach(network, head_of(network).loss, piece, shown)
    assert found.column("after training.c") == [power(value) for value in expected.relative["c"]]
    assert found.column("after training.h")[0] == found.column("at initialisation.h")[0] == "1"
    assert found.column("at initialisation.h")[2] != found.column("after training.h")[2]


def test_windows_are_rows_the_run_trained_and_was_validated_on(run):
    _, case, tbptt = open_trained(run)
    problem, settings = case.problem, case.chosen
    ready = of_network.prepare_network(problem, settings.model, tbptt)
    _, piece = _data(ready, tbptt, (4,), 5)
    inputs = torch.as_tensor(ready.encoded[0].inputs, dtype=torch.float32)
    assert len(inputs) < ROWS * 0.85  # not a row of the test part
    steps = len(piece.x)
    assert steps == 19 + 2 + of_network.SETTLING_STEPS
    ends = []
    for row in range(piece.x.shape[1]):
        at = [e for e in range(steps, len(inputs) + 1) if torch.equal(inputs[e - steps : e], piece.x[:, row])]
        ends += at
    assert ends[0] == steps
    assert ends[-1] == len(inputs)
    assert ends == sorted(set(ends))


def test_what_truncation_cuts_is_said(run):
    found = reach_of_run(run, None, short=True)
    claim = found.claims[0]
    lags, trained = found.tables[0].column("lag"), found.tables[0].column("after training.c")
    assert claim.says.startswith("k2 = 20 cuts an update's last loss where less than 0.01")
    assert claim.shown.startswith("At lag 19, ")
    assert "its first at lag 15" in claim.shown
    assert "cannot reveal reach beyond its own window" in claim.shown
    largest = max(float(trained[lags.index(19)]), float(found.tables[0].column("after training.h")[lags.index(19)]))
    assert claim.holds == (largest < 0.01)
    assert "k2 = 20" in found.figure


def test_how_many_losses_are_cut_too_soon_is_counted():
    lags = (0, 5, 10, 20)
    found = Measured((Reach(lags, {"h": (1, 0.1, 1e-3, 1e-6)}, {"h": (1, 0.1, 1e-3, 1e-6)}, 0.5),))
    assert "of the 20 that an update injects, the first 10 lose 0.01 or more" in _of_earlier_losses(found, 0, 19)
    assert "its first at lag 5, where 0.1 is left: of the 15" in _of_earlier_losses(found, 5, 19)
    assert "the first 5 lose" in _of_earlier_losses(found, 5, 19)
    slow = Measured((Reach(lags, {"h": (1, 0.9, 0.8, 0.7)}, {"h": (1, 0.9, 0.8, 0.7)}, 0.5),))
    assert "the first 20 lose" in _of_earlier_losses(slow, 0, 19)
    assert _of_earlier_losses(found, 19, 19) == ""


def test_truncation_at_one_step_cuts_what_matters(table, tmp_path):
    found = reach_of_run(train(table, tmp_path / "short", "1,1"), None, short=True)
    assert not found.claims[0].holds
    assert found.claims[0].shown.startswith("At lag 0, 1 is left")


def test_whole_sequences_are_not_cut(table, tmp_path):
    found = reach_of_run(train(table, tmp_path / "whole", "n,n"), (0, 2), short=True)
    assert not found.claims
    assert "TBPTT(n,n) goes back over the whole sequence: no gradient is cut." in found.tables[0].notes


def test_a_perceptron_ends_with_its_window(table, tmp_path):
    run = train(table, tmp_path / "window", "20,20", cell="perceptron", window_steps="6")
    found = reach_of_run(run, (0, 4, 5, 10), short=True).tables[0]
    for name in ("at initialisation.state", "after training.state"):
        values = dict(zip(found.column("lag"), found.column(name), strict=True))
        assert float(values[4]) > 0
        assert values[5] == values[10] == "0"
    assert "A perceptron's state is its window: behind it the reach is exactly 0." in found.notes


def test_lags_beyond_the_data_are_refused(run):
    most = 160 * 8 // 10 - 3
    assert reach_of_run(run, (most,), short=True).tables[0].column("lag")[-1] == most
    with pytest.raises(ConfigError, match=rf"allow lags up to {most}, and {most + 1} came. Take shorter ones."):
        reach_of_run(run, (0, most + 1), short=True)


def test_no_target_behind_so_many_rows(run):
    _, case, tbptt = open_trained(run)
    problem, settings = case.problem, case.chosen
    ready = of_network.prepare_network(problem, settings.model, tbptt)
    last = replace(ready.encoded[0], numbers=np.full_like(ready.encoded[0].numbers, np.nan))
    with pytest.raises(DataError, match="no target stands behind 106 rows"):
        _data(replace(ready, encoded=[last]), "5,5", (4,), 5)


@pytest.mark.parametrize(
    ("tbptt", "lags"),
    [
        ("n,n", []),
        ("50,50", [0, 49]),
        ("5,20", [15, 19]),
        ("1,1", [0, 0]),
        ("20,5", [0, 4]),
        ("n,5", [0, 4]),
        ("5,20,window", [0, 19]),
        ("5,20,cut", [19, 19]),
    ],
)
def test_where_a_schedule_cuts(tbptt, lags):
    assert _cuts(tbptt) == lags


def test_a_recipe_begins_with_a_reach_of_its_own():
    found = reach_of_recipe(RECIPES["weather"], (0, 10), Effort(2, short=True, progress=False))
    table = found.tables[0]
    assert table.column("lag") == [0, 10, 49]
    assert table.column("at initialisation.c")[0] == "1"
    assert 0 < float(table.column("at initialisation.c")[1]) < 0.1
    assert "Median over 2 seeds" in table.notes[0]
    assert not found.claims
