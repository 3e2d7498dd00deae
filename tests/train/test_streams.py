"""Training on streams: the updates of one long run, states carried over epochs or not, stopped and resumed."""

from __future__ import annotations

import os
import signal

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

import throughtime as tt
from throughtime.base.errors import DataError, Interrupted
from throughtime.base.run_folder import RunFolder
from throughtime.bptt import Piece, token_pieces
from throughtime.data import TokenFile, contiguous_rows, write_tokens
from throughtime.train import StreamBatches, Training, fit
from throughtime.train.batches import steps_of

TOKENS, ROWS, PART = 7, 3, 41  # 40 steps a row


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "tokens.bin"
    write_tokens(path, [np.random.default_rng(0).integers(0, TOKENS, ROWS * PART)], "uint8")
    return TokenFile(path, "uint8")


def network():
    torch.manual_seed(0)
    core = tt.LSTM(4, 6, zoneout=(0.1, 0.1))
    return tt.Network(nn.Embedding(TOKENS, 4), core, nn.Linear(6, TOKENS)).double()


def nats(output, target):
    return F.cross_entropy(output, target, reduction="none")


def settings(**other):
    plain = {"optimizer": "sgd", "clip_norm": None, "decay": "constant", "seed": 5, "checkpoint_every_s": 0}
    return Training(**{"epochs": 3, "learning_rate": 0.5} | plain | other)


def stream(file, carried, steps=8, **other):
    def pieces(epoch):
        return token_pieces(contiguous_rows(file, ROWS, steps, fresh=not (carried and epoch)))

    return StreamBatches(pieces, carried=carried, **other)


def trained(batches, schedule, run=None, **other):
    net = network()
    history = fit(net, nats, batches, tt.TBPTT.parse(schedule), settings(**other), run=run, progress=False)
    return history.losses, net.state_dict()


@pytest.mark.parametrize("carried", [True, False])
def test_epochs_of_a_stream_are_one_long_run(file, carried):
    """k1 divides an epoch's steps, so that its windows are those of the run that knows no epochs."""
    expected, net = [], network()
    torch.manual_seed(5)
    optimizer = torch.optim.SGD(net.parameters(), 0.5)
    pieces = token_pieces(contiguous_rows(file, ROWS, 9, epochs=3, carried=carried))
    for update in tt.through_stream(net, nats, pieces, tt.TBPTT(4, 4)):
        optimizer.step()
        optimizer.zero_grad()
        expected.append(float(update.loss))
    found, weights = trained(stream(file, carried), "4,4")
    if not carried:  # each epoch draws its masks anew
        assert found[:10] == expected[:10]
        return
    assert found == expected
    assert all(torch.equal(weights[name], value) for name, value in net.state_dict().items())


def test_carried_states_matter(file):
    carried, fresh = (trained(stream(file, each), "4,4")[0] for each in (True, False))
    assert carried[:10] == fresh[:10]
    assert carried[10] != fresh[10]


@pytest.mark.filterwarnings("ignore::throughtime.base.errors.Notice")
@pytest.mark.parametrize("carried", [True, False])
@pytest.mark.parametrize("schedule", ["3,7", "4,4", "3,7,reuse"])
@pytest.mark.parametrize("stop", [5, 14, 27])
def test_a_stream_that_was_stopped_goes_on_bit_by_bit(file, tmp_path, carried, schedule, stop):
    left = stop

    def stopping(output, target):
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGTERM)
        return nats(output, target)

    expected, weights = trained(stream(file, carried), schedule)
    with RunFolder.create(tmp_path / "run", {"a": 1}) as run, pytest.raises(Interrupted):
        fit(network(), stopping, stream(file, carried), tt.TBPTT.parse(schedule), settings(), run=run, progress=False)
    with RunFolder.open(tmp_path / "run") as run:
        found, resumed = trained(stream(file, carried), schedule, run)
    assert found == expected
    assert all(torch.equal(resumed[name], value) for name, value in weights.items())


def test_two_carried_batches_are_one(tmp_path):
    """Pieces that are carried, not streams: cut where an update stands, they change nothing."""
    x = torch.randint(TOKENS, (24, ROWS), generator=torch.Generator().manual_seed(1))

    class Parts:
        carried = True

        def __init__(self, *cuts):
            self.cuts = cuts

        def __len__(self):
            return len(self.cuts) - 1

        def __getitem__(self, place):
            part = x[self.cuts[place[1]] : self.cuts[place[1] + 1]]
            return Piece(part, part)

    whole, halves = (trained(Parts(*cuts), "4,8")[0] for cuts in ((0, 24), (0, 12, 24)))
    assert halves == whole


def test_pieces_come_from_any_step_on(file):
    batch = stream(file, False)[0, 0]
    assert (batch.steps, batch.rows) == (40, ROWS)
    whole = torch.cat([piece.x for piece in batch.pieces(0)])
    for start in (0, 5, 8, 39, 40):
        parts = [piece.x for piece in batch.pieces(start)]
        assert torch.equal(torch.cat(parts) if parts else whole[:0], whole[start:])


def test_steps_may_be_told_epoch_by_epoch():
    batches = StreamBatches(lambda epoch: [], steps=lambda epoch: 10 + epoch)
    assert [batches[epoch, 0].steps for epoch in (0, 3, 0)] == [10, 13, 10]


def test_pieces_are_made_as_windows_reach_them(file):
    made = []

    def pieces(epoch):
        for piece in token_pieces(contiguous_rows(file, ROWS, 4)):
            made.append(sum(map(steps_of, [piece])))
            yield piece

    def loss(output, target):
        seen.append(len(made))
        return nats(output, target)

    seen: list[int] = []
    fit(network(), loss, StreamBatches(pieces, steps=40), tt.TBPTT(4, 4), settings(epochs=1), progress=False)
    assert len(made) <= 12  # the ten of an epoch, and the first for its rows
    assert seen[0] <= 4
    assert seen[-1] >= 10


def test_an_empty_stream_is_refused():
    with pytest.raises(DataError, match="epoch 0 has none"):
        fit(network(), nats, StreamBatches(lambda epoch: []), tt.TBPTT(4, 4), settings(), progress=False)
