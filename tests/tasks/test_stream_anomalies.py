"""Anomalies in a stream: what is found, what is not, and that no score knows the future."""

from __future__ import annotations

import copy
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
import torch
from sklearn.base import clone

from throughtime.base.errors import ConfigError, DataError
from throughtime.tasks import NotFittedError, StreamDetector, load

SMALL = {"warm_up_rows": 200, "hidden_size": 8, "tbptt": "25,50", "epochs": 10, "learning_rate": 0.01}


def wave(rows, period=24):
    random = np.random.default_rng(0)
    return 10 * np.sin(2 * np.pi * np.arange(rows) / period) + 0.3 * random.normal(size=rows)


@pytest.fixture(scope="module")
def dropped():
    stream = wave(800)
    stream[606:630] = 0.0  # from a crest on
    detector = StreamDetector(**SMALL)
    return stream, detector.scores(stream), detector


def test_a_dropped_period_is_found_soon_and_little_else(dropped):
    _, scores, detector = dropped
    alarms = np.flatnonzero(detector.alarms(scores))
    assert any(606 <= row < 612 for row in alarms)
    assert np.count_nonzero((alarms < 606) | (alarms > 640)) <= 4
    assert scores.min() >= 0
    assert scores.max() <= 1
    assert not scores[:200].any()


def test_stationary_noise_gives_few_alarms():
    stream = np.random.default_rng(1).normal(size=1200)
    detector = StreamDetector(**SMALL)
    # The threshold lets about 5 of 1,000 rows pass.
    assert detector.alarms(detector.scores(stream)).sum() <= 10


def test_steps_are_scores_and_say_their_alarm(dropped):
    stream, scores, detector = dropped
    again = clone(detector)
    stepped, alarms = [], []
    for row in stream:
        stepped.append(again.step(row))
        alarms.append(again.alarm_)
    np.testing.assert_array_equal(stepped, scores)
    np.testing.assert_array_equal(alarms, detector.alarms(scores))
    assert again.rows_ == len(stream)


def test_a_stream_in_pieces_is_the_stream_and_reset_forgets_it(dropped):
    stream, scores, detector = dropped
    again = clone(detector)
    np.testing.assert_array_equal(
        np.concatenate([again.scores(stream[:233]), again.scores(stream[233:400])]), scores[:400]
    )
    assert again.reset() is again
    np.testing.assert_array_equal(again.scores(stream[:300]), scores[:300])


@pytest.mark.parametrize("rows", [0, 90, 233, 612])
def test_a_saved_detector_goes_on_bit_by_bit(dropped, tmp_path, rows):
    stream, scores, detector = dropped
    again = clone(detector)
    again.scores(stream[:rows])
    again.save(tmp_path / "model.safetensors")
    loaded = load(tmp_path / "model.safetensors")
    assert loaded.get_params() == detector.get_params()
    assert loaded.rows_ == rows
    rest, alarms = [], []
    for row in stream[rows:]:
        rest.append(loaded.step(row))
        alarms.append(loaded.alarm_)
    np.testing.assert_array_equal(rest, scores[rows:])
    np.testing.assert_array_equal(alarms, detector.alarms(scores)[rows:])


def test_a_saved_detector_knows_its_times(tmp_path):
    times = np.datetime64("2024-03-01") + np.arange(280) * np.timedelta64(30, "m")
    rows = list(zip(times, wave(280), strict=True))
    for stop in (150, 230):
        detector = StreamDetector(**SMALL)
        detector.scores(rows[:stop])
        detector.save(tmp_path / f"{stop}.safetensors")
        np.testing.assert_array_equal(
            load(tmp_path / f"{stop}.safetensors").scores(rows[stop:]), detector.scores(rows[stop:])
        )


def test_it_says_what_it_expects_next_once_it_is_warm():
    detector = StreamDetector(**SMALL)
    assert detector.forecast_ is None
    detector.scores(wave(199))
    assert detector.forecast_ is None
    with pytest.raises(NotFittedError, match="after its warm-up of 200 rows"):
        _ = detector.network_
    detector.scores(wave(240)[199:])
    assert abs(detector.forecast_) < 12
    assert detector.network_.layers


def test_the_future_moves_no_score(dropped):
    stream, scores, detector = dropped
    other = stream.copy()
    other[500:] = np.random.default_rng(5).normal(size=len(stream) - 500) * 100
    changed = clone(detector).scores(other)
    np.testing.assert_array_equal(changed[:500], scores[:500])
    assert (changed[500:] != scores[500:]).any()


def test_nothing_of_the_callers_random_numbers_is_used_or_moved():
    torch.manual_seed(3)
    first = StreamDetector(**SMALL).scores(wave(260))
    after = torch.rand(1)
    torch.manual_seed(3)
    assert torch.rand(1) == after
    torch.manual_seed(4)
    np.testing.assert_array_equal(StreamDetector(**SMALL).scores(wave(260)), first)
    assert (StreamDetector(**SMALL, seed=1).scores(wave(260)) != first).any()


def test_missing_values_score_nothing_and_change_nothing():
    stream = list(wave(280))
    full = StreamDetector(**SMALL).scores(stream)
    holes = [*stream[:100], np.nan, *stream[100:240], None, (None, np.float32("nan")), *stream[240:]]
    scores = StreamDetector(**SMALL).scores(holes)
    missing = [100, 241, 242]
    assert not scores[missing].any()
    np.testing.assert_array_equal(np.delete(scores, missing), full)


def test_times_irregular_out_of_order_or_partly_missing():
    stream = wave(280)
    start = datetime(2024, 3, 1)
    times = [start + timedelta(minutes=30 * k + (k * 7) % 11) for k in range(280)]
    times[250], times[251] = times[251], times[250]
    scores = StreamDetector(**SMALL).scores(zip(times, stream, strict=True))
    texts = [time.isoformat() for time in times]
    zoned = [time.replace(tzinfo=UTC) for time in times]
    numpys = np.array(times, dtype="datetime64[s]")
    for same in (texts, zoned, numpys):
        np.testing.assert_array_equal(StreamDetector(**SMALL).scores(zip(same, stream, strict=True)), scores)
    assert (scores != StreamDetector(**SMALL).scores(stream)).any()
    partly = [None if k == 240 else time for k, time in enumerate(times)]
    assert np.isfinite(StreamDetector(**SMALL).scores(zip(partly, stream, strict=True))).all()


def test_a_constant_stream_is_calm_until_it_moves():
    detector = StreamDetector(**SMALL)
    scores = detector.scores([45.0] * 500 + [46.0])
    assert not detector.alarms(scores[:-1]).any()
    assert scores[-1] > 0.995


def test_the_largest_values_are_scored():
    assert np.isfinite(StreamDetector(**SMALL).scores([*wave(260), 1e308, -1e308, *wave(60)])).all()


def test_what_came_is_checked():
    with pytest.raises(DataError, match="inf came in row 1. Mark what was not measured as nan"):
        StreamDetector(**SMALL).scores([1.0, np.inf])
    with pytest.raises(DataError, match="'a' came in row 0"):
        StreamDetector(**SMALL).step("a")
    for time in (3, "yesterday", np.datetime64("NaT")):
        with pytest.raises(DataError, match="A row's time is a datetime, datetime64 or text"):
            StreamDetector(**SMALL).step((time, 1.0))
    with pytest.raises(ConfigError, match=r"`warm_up_rows` is a whole number, at least 60: 5 came; .*`tail_share`"):
        StreamDetector(warm_up_rows=5, tail_share=1).step(1.0)
    for tbptt in (None, "n,n", "x"):
        with pytest.raises(ConfigError, match="`tbptt`"):
            StreamDetector(tbptt=tbptt).reset()
    with pytest.raises(ConfigError, match="`threshold` is a probability"):
        StreamDetector(threshold=2).alarms([0.0])


def test_a_deep_copy_goes_on_alone(dropped):
    stream, scores, _ = dropped
    detector = StreamDetector(**SMALL)
    detector.scores(stream[:500])
    twin = copy.deepcopy(detector)
    np.testing.assert_array_equal(twin.scores(stream[500:]), scores[500:])
    np.testing.assert_array_equal(detector.scores(stream[500:]), scores[500:])
