"""What is watched is kept with its epoch, and changes nothing."""

from __future__ import annotations

import math

import pytest
import torch

from tests.train.jobs import B, C, Net, Random, Stopping, T, head_size, same_weights, squared, state_of
from throughtime.base.errors import DataError
from throughtime.base.run_folder import RunFolder
from throughtime.bptt import TBPTT, Piece, gradient_reach
from throughtime.tasks import SequencePredictor
from throughtime.train import ReachWatch, Training, fit, reaches, watching

LAGS = (0, 1, 5)


class Whole(Random):
    """Pieces whose rows run to the end, and never restart."""

    def __getitem__(self, place: tuple[int, int]) -> Piece:
        piece = super().__getitem__(place)
        return Piece(piece.x, piece.y)


def train(batches=None, watch=None, run=None, epochs=3, loss=squared):
    network = Net()
    training = Training(epochs=epochs, learning_rate=0.01, checkpoint_every_updates=1)
    named = {"evaluate": head_size, "watch": watch, "run": run, "progress": False}
    return network, fit(network, loss, batches or Whole(), TBPTT(3, 7), training, **named)


def test_a_watched_training_is_the_same_bit_by_bit():
    plain, expected = train()
    network, history = train(watch=ReachWatch(LAGS))
    assert history.losses == expected.losses
    assert same_weights(state_of(network), state_of(plain))
    assert [epoch.validation for epoch in history.epochs] == [epoch.validation for epoch in expected.epochs]
    assert reaches(expected) == [None] * 3
    assert all(p.grad is None for p in network.parameters())


def test_each_epoch_has_its_reach():
    watch = ReachWatch(LAGS, rows=B)
    network, history = train(watch=watch, epochs=1)  # whose weights are kept
    (found,) = reaches(history)
    first = Whole()[0, 0]
    windows = watch._windows
    assert windows.x.shape == (T, B, C)
    torch.testing.assert_close(windows.x, first.x)
    expected = gradient_reach(network, squared, windows, LAGS)
    assert found.lags == LAGS
    assert found.relative == expected.relative
    assert found.relative["c"][0] == 1
    assert 0 < found.relative["c"][2] < 1


def test_whatever_trains_inside_is_watched():
    seen = []

    def watch(network, loss, batches):
        assert not seen or seen[-1] != float(network.head.bias.detach())
        seen.append(float(network.head.bias.detach()))
        return {"bias": seen[-1]}

    with watching(watch):
        _, history = train()
        _, other = train(watch=lambda network, loss, batches: None)
    assert [epoch.watched for epoch in history.epochs] == [{"bias": value} for value in seen]
    assert [epoch.watched for epoch in other.epochs] == [None] * 3
    assert train()[1].epochs[0].watched is None
    assert reaches(history) == [None] * 3


def test_a_resumed_training_has_the_reach_of_each_epoch(tmp_path):
    _, expected = train(watch=ReachWatch(LAGS))

    def fail():
        raise RuntimeError("lost power")

    with RunFolder.create(tmp_path / "run", {}) as run, pytest.raises(RuntimeError, match="lost power"):
        train(watch=ReachWatch(LAGS), run=run, loss=Stopping(25, fail))
    with RunFolder.open(tmp_path / "run") as run:
        _, history = train(watch=ReachWatch(LAGS), run=run)
    assert history.epochs == expected.epochs
    assert all(reach is not None for reach in reaches(history))


def test_windows_lie_within_sequences():
    x = torch.arange(30.0)[:, None, None].expand(30, 3, C).clone()
    resets = torch.zeros(30, 3, dtype=torch.bool)
    resets[20, 0] = True
    weights = torch.ones(30, 3)
    weights[:, 2] = 0
    weights[29, 2] = 1
    watch = ReachWatch([8], rows=100)
    windows = watch._cut(Piece(x, x[..., :1], weights, torch.tensor([30, 9, 30]), resets))
    # Of 30 steps, as settling takes what there is: row 0 restarts inside, row 1 ends, row 2 has one loss, the last.
    assert windows.x.shape == (30, 1, C)
    with pytest.raises(DataError, match="A reach of 8 steps needs 10 steps of one sequence"):
        watch._cut(Piece(x[:9], x[:9, :, :1]))
    with pytest.raises(DataError, match="a loss at the last"):
        watch._cut(Piece(x, x[..., :1], torch.zeros(30, 3)))


def test_what_is_not_finite_is_no_reach():
    watch, batches = ReachWatch(LAGS), Whole()
    network = Net()
    assert watch(network, squared, batches) is not None
    with torch.no_grad():
        network.head.weight.fill_(math.inf)
    assert watch(network, squared, batches) is None


def test_lags_left_open_go_as_far_as_the_data():
    assert ReachWatch()(Net(), squared, Whole())["lags"] == [0, 1, 2, 3, 5, 7, 10, 14]


def test_an_estimator_is_watched_as_the_docs_say():
    series = torch.randn(60, 2, generator=torch.Generator().manual_seed(0)).cumsum(0).numpy()
    with watching(ReachWatch()):
        predictor = SequencePredictor(hidden_size=4, epochs=2, progress=False).fit(series)
    assert len(reaches(predictor.history_)) == 2
    assert all(reach.relative["h"][0] == 1 for reach in reaches(predictor.history_))
