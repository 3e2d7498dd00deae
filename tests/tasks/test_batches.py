import numpy as np
import pytest
import torch

from throughtime.bptt import TBPTT
from throughtime.tasks.batches import SeriesBatches, choose_schedule, piece_of, validation_loss
from throughtime.tasks.encoding import Encoded
from throughtime.tasks.network import NUMBERS, Design, build, head_of

CPU = torch.device("cpu")


def encoded(length, seed=0, missing=()):
    rng = np.random.default_rng(seed)
    numbers = rng.normal(size=(length, 1))
    numbers[list(missing)] = np.nan
    none = np.empty((length, 0))
    return Encoded(rng.normal(size=(length, 3)), numbers, none, none, np.zeros((length, 1)), np.ones((length, 1)))


@pytest.mark.parametrize(
    ("steps", "pieces", "schedule"),
    [
        (400, 1, TBPTT()),
        (401, 1, TBPTT(20, 20)),
        (731, 1, TBPTT(36, 36)),
        (8_640, 1, TBPTT(200, 200)),
        (1_000, 5, TBPTT(200, 200)),
        (500, 2, TBPTT(50, 50)),
    ],
)
def test_schedule_where_none_is_named(steps, pieces, schedule):
    assert choose_schedule(steps, pieces) == schedule
    if schedule.k1:
        assert pieces * steps / schedule.k1 >= 20


def test_pieces_hold_every_series_once_and_are_a_pure_function():
    series = [encoded(5 + place, place) for place in range(7)]
    batches = SeriesBatches(series, 3, seed=4, device=CPU)
    assert len(batches) == 3
    pieces = [batches[2, index] for index in range(3)]
    firsts = torch.cat([piece.x[0, :, 0] for piece in pieces])
    assert sorted(firsts.tolist()) == sorted(float(np.float32(each.inputs[0, 0])) for each in series)
    again = SeriesBatches(series, 3, seed=4, device=CPU)[2, 1]
    assert again.x.equal(pieces[1].x)
    other = torch.cat([batches[3, index].x[0, :, 0] for index in range(3)])
    assert not other.equal(firsts)


def test_a_step_without_any_target_weighs_nothing():
    piece = piece_of([encoded(4, missing=[1]), encoded(6, 1)], CPU)
    assert piece.lengths.tolist() == [4, 6]
    assert piece.weights[:, 0].tolist() == [1, 0, 1, 1, 0, 0]
    assert piece.weights[:, 1].tolist() == [1] * 6
    assert piece_of([encoded(4)], CPU).lengths is None
    late = piece_of([encoded(4)], CPU, [2])
    assert late.weights[:, 0].tolist() == [0, 0, 1, 1]


def test_validation_is_the_mean_over_counted_steps():
    torch.manual_seed(0)
    network = build(Design("lstm", 3, 4, 1, 1, 0.0, "gaussian", 1, ()))
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    series = [encoded(1205, 1, missing=[1100]), encoded(30, 2), encoded(8, 3)]
    pieces = [piece_of(series[:2], CPU, [1000, 10]), piece_of(series[2:], CPU, [0])]
    losses = []
    with torch.no_grad():
        value = validation_loss(pieces)(network)
        for each, start in zip(series, (1000, 10, 0), strict=True):
            output, _ = network(torch.tensor(each.inputs, dtype=torch.float32)[:, None], None)
            flat = type(output[NUMBERS])(*(part[:, 0] for part in output[NUMBERS]))
            loss = head_of(network).loss({NUMBERS: flat}, {NUMBERS: torch.tensor(each.numbers, dtype=torch.float32)})
            losses += loss[start:][~np.isnan(each.numbers[start:])].tolist()
    assert len(losses) == 204 + 20 + 8
    assert value == pytest.approx(np.mean(losses), rel=1e-5)
