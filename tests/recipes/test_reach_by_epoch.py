"""The reach of each epoch is drawn and told as it was measured."""

from __future__ import annotations

import math
import re
from xml.etree import ElementTree

import pytest

from throughtime.recipes import reach_by_epoch
from throughtime.train import Epoch, History

LAGS = [0, 1, 10, 100]


def watched(*values: float) -> dict:
    return {"lags": LAGS, "relative": {"h": [1.0, *values], "c": [1.0, *(value / 2 for value in values)]}}


HISTORY = History(
    epochs=[
        Epoch(1.0, 0.9, 0.1, 1, watched(0.5, 0.005, 1e-9)),
        Epoch(0.8, 0.7, 0.1, 2, watched(0.9, 0.5, 0.009)),
        Epoch(0.7, 0.8, 0.1, 3, watched(0.9, 0.8, 0.7)),
    ],
    best_epoch=1,
)


def test_it_is_told_of_the_first_the_kept_and_the_last_epoch():
    assert reach_by_epoch.sentences(HISTORY, "5,50") == (
        "The gradient falls below 0.01 of that at lag 0: after epoch 1 from lag 10 on; epoch 2 from lag 100 on; "
        "epoch 3 not by lag 100, the longest measured. Here truncation cuts behind lag 49.",
    )
    assert reach_by_epoch.sentences(HISTORY, "n,n")[0].endswith("Here no gradient is cut.")


def test_each_part_of_the_state_has_a_panel():
    svg = reach_by_epoch.picture(HISTORY, "5,50")
    assert svg.startswith("<svg")
    assert re.findall(r"lag, by (\w)", svg) == ["h", "c"]
    ElementTree.fromstring(svg)
    ids = re.findall(r'\bid="([^"]*)"', svg)
    assert len(ids) == len(set(ids))
    assert not re.search(r'(?:src|href)="(?!#|data:)', svg)


def test_a_training_that_was_not_watched_has_none():
    history = History(epochs=[Epoch(1.0, 0.9, 0.1, 1)], best_epoch=0)
    assert reach_by_epoch.picture(history, "n,n") == ""
    assert reach_by_epoch.sentences(history, "n,n") == ()


def test_an_epoch_without_a_finite_loss_is_said():
    history = History(epochs=[Epoch(1.0, None, 0.1, 1), HISTORY.epochs[0]])
    assert "after epoch 1 not measured, it is not finite; epoch 2 from" in reach_by_epoch.sentences(history, "n,n")[0]
    assert reach_by_epoch.picture(history, "n,n")


@pytest.mark.parametrize(("value", "power"), [(0.0, -6), (1e-9, -6), (0.1, -1), (1e5, 1), (math.inf, 1), (math.nan, 1)])
def test_powers_of_ten_within_the_scale(value, power):
    assert reach_by_epoch._power(value) == pytest.approx(power)
