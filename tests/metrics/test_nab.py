"""NAB's score against its own procedure, row by row as nab/sweeper.py goes, and by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from throughtime.base.errors import ConfigError, DataError, ShapeError
from throughtime.metrics import nab_best_threshold, nab_score
from throughtime.metrics.nab import PROFILES, probation

WINDOWS = [[(40, 59), (90, 90), (120, 139)], [], [(30, 49)]]


def drawn(seed, share=0.05, rows=200):
    random = np.random.default_rng(seed)
    return [random.random(rows) < share for _ in WINDOWS]


def sweep(found, windows, profile):
    """The sum of one file, as NAB walks through it: one row after the other, with the window it is in."""
    worth, ahead = PROFILES[profile], list(windows)
    inside = previous = None
    alarms, parts = 0.0, {tuple(w): -worth.missed for w in windows}

    def sigma(x):
        return -1.0 if x > 3 else 2 / (1 + math.exp(5 * x)) - 1

    for i, alarm in enumerate(found):
        if inside is None and ahead and i == ahead[0][0]:
            inside = ahead.pop(0)
        if alarm and i >= min(math.floor(0.15 * len(found)), 750):
            if inside:
                value = sigma(-(inside[1] - i + 1) / (inside[1] - inside[0] + 1)) * worth.found / sigma(-1)
                parts[tuple(inside)] = max(parts[tuple(inside)], value)
            elif previous is None:
                alarms -= worth.false_alarm
            else:
                width = previous[1] - previous[0]
                alarms += worth.false_alarm * sigma((i - previous[1]) / width if width else math.inf)
        if inside and i == inside[1]:
            inside, previous = None, inside
    return alarms + sum(parts.values())


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("seed", range(5))
def test_against_the_benchmarks_own_walk(seed, profile):
    found = drawn(seed)
    total = sum(sweep(f, w, profile) for f, w in zip(found, WINDOWS, strict=True))
    missed, n = PROFILES[profile].missed, 4
    assert nab_score(found, WINDOWS, profile) == pytest.approx(100 * (total + missed * n) / ((1 + missed) * n))


def silent():
    return [np.zeros(200, bool) for _ in WINDOWS]


@pytest.mark.parametrize("profile", PROFILES)
def test_silence_scores_0_and_perfection_100(profile):
    found = silent()
    assert nab_score(found, WINDOWS, profile) == 0
    for alarms, spans in zip(found, WINDOWS, strict=True):
        alarms[[first for first, _ in spans]] = True
    assert nab_score(found, WINDOWS, profile) == pytest.approx(100)


def test_only_the_earliest_alarm_in_a_window_counts():
    found = silent()
    found[0][45] = True
    once = nab_score(found, WINDOWS)
    found[0][45:60] = True
    assert nab_score(found, WINDOWS) == pytest.approx(once)
    found[0][44] = True
    assert nab_score(found, WINDOWS) > once


def test_a_false_alarm_soon_after_a_window_costs_less_and_one_in_the_probation_nothing():
    def cost(file, row):
        found = silent()
        found[file][row] = True
        return -nab_score(found, WINDOWS) * 2 * 4 / 100

    assert probation(200) == 30
    assert probation(20_000) == 750
    assert cost(0, 29) == 0
    assert cost(0, 35) == pytest.approx(0.11)  # no window before
    assert 0 < cost(0, 61) < cost(0, 70) < 0.11
    assert cost(0, 199) == pytest.approx(0.11)  # more than three widths behind
    assert cost(0, 92) == pytest.approx(0.11)  # after a window of one row


def test_windows_inside_the_probation_are_not_counted():
    found = [np.zeros(200, bool)]
    found[0][100] = True
    assert nab_score(found, [[(5, 10), (100, 119)]]) == pytest.approx(100)
    with pytest.raises(DataError, match="at least one labelled window after the probation"):
        nab_score(found, [[(5, 10)]])


@pytest.mark.parametrize("profile", PROFILES)
def test_the_best_threshold_is_the_best_of_all(profile):
    random = np.random.default_rng(3)
    scores = [random.integers(0, 40, 200) / 40 + 0.5 * (np.arange(200) % 50 == 44) for _ in WINDOWS]
    every = {t: nab_score([s >= t for s in scores], WINDOWS, profile) for t in np.unique(scores)}
    threshold, best = nab_best_threshold(scores, WINDOWS, profile)
    assert best == pytest.approx(max(every.values()))
    assert every[threshold] == pytest.approx(best)


def test_where_silence_is_best_no_score_is_an_alarm():
    noisy = np.zeros(200)
    noisy[:40], noisy[60:] = 1.0, 1.0
    threshold, best = nab_best_threshold([noisy, np.ones(200)], [[(40, 59)], []])
    assert threshold == np.inf
    assert best == 0


def test_what_came_is_checked():
    with pytest.raises(ConfigError, match="did you mean 'standard'"):
        nab_score(silent(), WINDOWS, "standart")
    with pytest.raises(ShapeError, match="3 files and 1 lists came"):
        nab_score(silent(), WINDOWS[:1])
    with pytest.raises(ShapeError, match="Detections of a file"):
        nab_score([np.zeros((2, 2), bool)], [[]])
    with pytest.raises(DataError, match="Compare scores with a threshold"):
        nab_score([[0.5, 1.0]], [[(0, 1)]])
    with pytest.raises(DataError, match=r"inside the file's 100 rows: \(50, 100\) came after row 20"):
        nab_score([np.zeros(100)], [[(10, 20), (50, 100)]])
    with pytest.raises(DataError, match="1 of 2 are not"):
        nab_best_threshold([[0.0, np.nan]], [[(0, 1)]])
    with pytest.raises(ShapeError, match="Scores of a file"):
        nab_best_threshold([0.5], [[(0, 1)]])
