"""Strokes of a pen: learned, scored without each sequence's first point, and gone on with."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from sklearn.mixture import GaussianMixture

import throughtime as tt
from throughtime.base.errors import ConfigError, DataError, ShapeError
from throughtime.decode import Sampling
from throughtime.nn.heads.strokes import ENDS
from throughtime.tasks import SequenceGenerator
from throughtime.tasks.strokes import as_strokes, inputs_of, scaled, stroke_piece


def squares(count=60, seed=0):
    """Squares of one size each, drawn side by side: the next move follows from the last two."""
    draws = np.random.default_rng(seed)
    made = []
    for _ in range(count):
        side = draws.uniform(20, 40)
        moves = np.array([[0, 0], [side, 0], [0, side], [-side, 0], [0, -side]] * int(draws.integers(1, 3)))
        pen = (np.arange(len(moves)) % 5 == 4).astype(float)
        made.append(np.concatenate([moves + draws.normal(0, 1, moves.shape), pen[:, None]], 1))
    return made


@pytest.fixture(scope="module")
def model():
    settings = {"hidden_size": 32, "epochs": 40, "batch_size": 8, "learning_rate": 0.01, "progress": False}
    return SequenceGenerator(emission="strokes", **settings).fit(squares())


def test_a_score_is_a_density_in_the_moves_own_units(model):
    strokes, scale, total, counted = squares(5, seed=9), model.design_.scale, 0.0, 0
    for each in strokes:
        points = scaled(each, scale)
        x = torch.cat([torch.zeros(1, 4), inputs_of(points)[:-1]])
        with torch.no_grad():
            costs = model.network_.head.loss(model.network_(x[:, None], None)[0][:, 0], points)
        total, counted = total + float(costs[1:].sum()), counted + len(each) - 1
    assert model.score(strokes) == pytest.approx(total / counted + 2 * math.log(scale), rel=1e-5)


def test_it_is_better_than_a_mixture_without_memory(model):
    train, test = (np.concatenate([each[1:] for each in squares(seed=seed)]) for seed in (0, 9))
    mixture = GaussianMixture(8, random_state=0).fit(train[:, :2])
    assert model.score(squares(seed=9)) < -mixture.score(test[:, :2]) - 1


def test_the_future_moves_nothing(model):
    (each,) = squares(1, seed=3)
    changed = each.copy()
    changed[3:, :2] += 50
    with torch.no_grad():
        one, other = (model.network_(stroke_piece([s], 30.0, "cpu").x, None)[0] for s in (each, changed))
    assert torch.equal(one[:4], other[:4])
    assert not torch.equal(one[4:], other[4:])


def test_the_last_point_ends_and_rows_are_padded():
    short, *rest = squares(4, seed=1)
    piece = stroke_piece([short, np.concatenate(rest)], 30.0, "cpu")
    T = len(short)
    assert piece.y[T - 1, 0, 2] == ENDS
    assert piece.weights[:T, 0].all()
    assert not piece.weights[T:, 0].any()
    assert piece.x[0].abs().sum() == 0
    torch.testing.assert_close(piece.x[1:T, 0], inputs_of(piece.y)[: T - 1, 0])


def test_what_it_draws_looks_like_squares_and_ends(model):
    drawn = [model.generate(100, bias=2.0, seed=seed) for seed in range(10)]
    assert all(np.array_equal(each, model.generate(100, bias=2.0, seed=seed)) for seed, each in enumerate(drawn[:2]))
    assert np.median([len(each) for each in drawn]) <= 10  # they end
    closed = [np.abs(each[1:5, :2].sum(0)).max() for each in drawn if len(each) >= 5]
    assert np.median(closed) < 10
    assert all(set(each[:, 2]) <= {0.0, 1.0} for each in drawn)


def test_it_goes_on_from_points(model):
    (prompt,) = squares(1, seed=5)
    whole = model.generate(4, prompt[:3], bias=2.0)
    assert np.array_equal(whole[:3], prompt[:3])
    side = prompt[1, 0]
    assert whole[3, 0] == pytest.approx(-side, abs=6)
    streamed = list(model.stream(4, prompt[:3], bias=2.0))
    assert np.array_equal(np.stack(streamed), whole[3:])


def test_it_is_the_same_from_a_file(model, tmp_path):
    model.save(tmp_path / "strokes.safetensors")
    again = tt.load(tmp_path / "strokes.safetensors")
    assert again.score(squares(5, seed=9)) == model.score(squares(5, seed=9))
    assert np.array_equal(again.generate(20, seed=4), model.generate(20, seed=4))


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ("abc", DataError, "list of arrays"),
        ([], DataError, "none came"),
        ([np.zeros((0, 3))], DataError, "is empty"),
        ([np.zeros((4, 2))], ShapeError, r"\[T, 3\]"),
        ([np.full((4, 3), np.nan)], DataError, "finite"),
        ([np.full((4, 3), 0.5)], DataError, "other numbers"),
    ],
)
def test_what_is_no_strokes_is_refused(given, error, message):
    with pytest.raises(error, match=message):
        as_strokes(given)


def test_bad_input_is_refused(model):
    with pytest.raises(DataError, match="every dx and dy"):
        SequenceGenerator(emission="strokes", progress=False).fit([np.zeros((4, 3))] * 3)
    with pytest.raises(DataError, match="two points"):
        model.score([np.zeros((1, 3))])
    with pytest.raises(ConfigError, match="only `bias`"):
        model.generate(5, temperature=0.5)
    with pytest.raises(ConfigError, match="only `bias`"):
        model.stream(5, sampling=Sampling(top_k=3))
    with pytest.raises(ConfigError, match="`bias` is a number"):
        model.generate(5, bias=99)
    with pytest.raises(ConfigError, match="have no symbols"):
        SequenceGenerator(emission="strokes", tied=True).fit(squares(4))
    text = SequenceGenerator(hidden_size=8, epochs=1, progress=False).fit("abcabcabc" * 20)
    with pytest.raises(ConfigError, match="`bias` is of strokes"):
        text.generate(5, bias=1.0)
