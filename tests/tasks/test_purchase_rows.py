"""Packed rows, judged by taking them apart again."""

import itertools

import numpy as np
import torch

from throughtime.bptt import TBPTT
from throughtime.tasks.histories import Histories
from throughtime.tasks.purchase_rows import PackedRows, choose_rows, choose_schedule

CPU = torch.device("cpu")


def made(users=40, items=50, seed=0):
    rng = np.random.default_rng(seed)
    lengths = rng.geometric(0.2, users)
    histories, _ = Histories.of(np.repeat(np.arange(users), lengths), rng.integers(0, items, lengths.sum()))
    return histories


def taken_apart(piece):
    """What is read and told, history by history."""
    found = []
    for row, length in enumerate(piece.lengths.tolist()):
        for step in range(length):
            if piece.resets[step, row]:
                found.append([])
            found[-1].append((int(piece.x[step, row]), int(piece.y[step, row])))
    return found


def pairs_of(histories):
    runs = [histories.of_user(place).tolist() for place in range(len(histories))]
    return [list(itertools.pairwise(run)) for run in runs if len(run) > 1]


def test_every_history_is_there_once_whole_and_begins_afresh():
    histories = made()
    for rows in (1, 3, 7):
        piece = PackedRows(histories, 50, rows, 0, CPU)[0, 0]
        assert sorted(taken_apart(piece)) == sorted(pairs_of(histories))
        assert bool(piece.resets[0, piece.lengths > 0].all())


def test_rows_are_about_equally_long_and_hold_nothing_else():
    histories = made(users=400)
    piece = PackedRows(histories, 50, 4, 0, CPU)[0, 0]
    longest = int((histories.lengths - 1).max())
    assert int(piece.lengths.max() - piece.lengths.min()) <= 2 * longest
    assert len(piece.x) == int(piece.lengths.max())
    assert int(piece.lengths.sum()) == int((histories.lengths - 1).sum())


def test_an_unknown_item_is_read_and_not_told():
    histories, _ = Histories.of(["a"] * 3, [0, 1, 2])
    piece = PackedRows(histories, 2, 1, 0, CPU)[0, 0]
    assert piece.x[:, 0].tolist() == [0, 1]
    assert piece.y[:, 0].tolist() == [1, 0]
    assert piece.weights[:, 0].tolist() == [1, 0]
    assert PackedRows(histories, 3, 1, 0, CPU)[0, 0].weights is None


def test_a_pure_function_of_seed_and_epoch():
    histories = made()
    first = PackedRows(histories, 50, 3, 5, CPU)
    again = PackedRows(histories, 50, 3, 5, CPU)
    assert torch.equal(first[2, 0].x, again[2, 0].x)
    assert not torch.equal(first[2, 0].x, first[3, 0].x)
    assert len(first) == 1


def test_few_purchases_take_fewer_rows_and_then_shorter_windows():
    assert choose_rows(1_000_000, 64) == 64
    assert choose_rows(8_000, 64) == 10
    assert choose_rows(100, 64) == 1
    assert choose_schedule(8_000, 10) == TBPTT(40, 40)
    assert choose_schedule(100, 1) == TBPTT(5, 5)
    assert choose_schedule(3, 1) == TBPTT(1, 1)
