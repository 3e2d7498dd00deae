"""Frames of keys: learned, scored without each sequence's first, and written on."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import throughtime as tt
from throughtime.base.errors import ConfigError, DataError, ShapeError
from throughtime.decode import Sampling
from throughtime.tasks import SequenceGenerator
from throughtime.tasks.frames import as_rolls, nats_of, rates_of, roll_piece


def chords(count=40, seed=0):
    """Keys 0 and 2, or 1 and 3, together for two frames each in turn; silence or key 5 begins."""
    draws = np.random.default_rng(seed)
    rolls = []
    for _ in range(count):
        frames = np.zeros((int(draws.integers(8, 20)), 6), bool)
        first = int(draws.integers(2))
        for place, frame in enumerate(frames):
            low = (first + place // 2) % 2
            frame[[low, low + 2]] = True
            frame[5] = place == 0
        rolls.append(frames)
    return rolls


def small(emission, **changes):
    settings = {"hidden_size": 24, "epochs": 25, "progress": False, "learning_rate": 0.02, "dropout": 0.1}
    return SequenceGenerator(emission=emission, **(settings | changes))


@pytest.fixture(scope="module", params=["bernoulli", "keys"])
def model(request):
    return small(request.param).fit(chords())


def test_a_score_is_the_mean_over_all_frames_but_the_first(model):
    rolls, total, counted = chords(5, seed=9), 0.0, 0
    for roll in rolls:
        frames = torch.from_numpy(roll).float()
        with torch.no_grad():
            output, _ = model.network_(torch.cat([torch.zeros(1, 6), frames[:-1]])[:, None], None)
            costs = model.network_.head.loss(output[:, 0], frames)
        total, counted = total + float(costs[1:].sum()), counted + len(roll) - 1
    assert model.score(rolls) == pytest.approx(total / counted, rel=1e-5)
    assert model.score(rolls) < 0.6 < nats_of(model.network_, [~roll for roll in rolls])


def test_the_future_moves_nothing(model):
    (roll,) = chords(1, seed=3)
    changed = roll.copy()
    changed[6:] = ~changed[6:]
    with torch.no_grad():
        one, other = (model.network_(roll_piece([each], "cpu").x, None)[0] for each in (roll, changed))
    assert torch.equal(one[:7], other[:7])
    assert not torch.equal(one[7:], other[7:])


def test_what_it_learned_is_written(model):
    (roll,) = chords(1, seed=4)
    written = model.generate(12, roll[:5], temperature=0.3, seed=1)
    assert written.shape == (17, 6)
    assert np.array_equal(written[:5], roll[:5])
    pairs = written[5:, [0, 1, 2, 3]]
    assert np.mean([frame.tolist() in ([1, 0, 1, 0], [0, 1, 0, 1]) for frame in pairs]) > 0.9
    assert np.array_equal(model.generate(12, roll[:5], temperature=0.3, seed=1), written)
    alone = model.generate(6, temperature=0.3, seed=2)
    assert alone.shape == (6, 6)
    assert alone[0, 5]
    told = list(model.stream(6, sampling=Sampling(temperature=0.3), seed=2))
    assert np.array_equal(np.stack(told), alone)


def test_chords_are_whole_where_each_key_is_told_from_those_below():
    draws = np.random.default_rng(0)
    rolls = [np.zeros((12, 4), bool) for _ in range(60)]
    for roll in rolls:
        for frame in roll:
            frame[[0, 1] if draws.integers(2) else [2, 3]] = True  # one of two chords, by chance
    apart, whole = (small(each, epochs=30).fit(rolls) for each in ("bernoulli", "keys"))
    assert whole.score(rolls) < 0.8 < apart.score(rolls)  # log 2 a frame, and 4 log 2
    drawn = whole.generate(300, seed=0)
    assert np.mean([frame.tolist() in ([1, 1, 0, 0], [0, 0, 1, 1]) for frame in drawn]) > 0.95


def test_a_saved_one_says_the_same(model, tmp_path):
    model.save(tmp_path / "model.safetensors")
    again = tt.load(tmp_path / "model.safetensors")
    assert again.score(chords(5)) == model.score(chords(5))
    assert np.array_equal(again.generate(9, seed=3), model.generate(9, seed=3))


def test_usual_settings_are_those_of_frames():
    model = SequenceGenerator(emission="bernoulli", epochs=1, progress=False).fit(chords(8))
    assert (model.design_.hidden_size, model.design_.dropout) == (200, 0.5)


def test_rates_are_never_certain():
    rates = rates_of(chords(3))
    assert float(rates.min()) == pytest.approx(1e-3)
    np.testing.assert_allclose(rates[:4].sum(), 2, atol=1e-6)


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ("abc", DataError, "str came"),
        ([], DataError, "none came"),
        ([np.zeros(4)], ShapeError, r"is float64 \(4,\)"),
        ([np.zeros((0, 4))], DataError, "is empty"),
        ([np.full((3, 4), 0.5)], DataError, "holds other numbers"),
        ([np.zeros((3, 4)), np.zeros((3, 5))], ShapeError, "4, 5 came"),
    ],
)
def test_what_are_no_frames_is_refused(given, error, message):
    with pytest.raises(error, match=message):
        as_rolls(given)


def test_writing_frames_is_checked(model):
    with pytest.raises(ConfigError, match="only `temperature`"):
        model.generate(3, top_k=2)
    with pytest.raises(ConfigError, match="only `temperature`"):
        model.generate(3, stop="x")
    with pytest.raises(ShapeError, match="as many keys, 6: 4, 6 came"):
        model.generate(3, np.zeros((2, 4)))
    with pytest.raises(ShapeError, match="as many keys, 6: 4, 6 came"):
        model.score([np.zeros((3, 4))])
    with pytest.raises(DataError, match="two frames"):
        model.score([np.zeros((1, 6))])
    with pytest.raises(DataError, match="a sequence of its own"):
        small("keys").fit(chords(1))
