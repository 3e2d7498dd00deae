"""Batches hold every sequence once, in an order that depends on nothing but seed and epoch."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from throughtime.base.errors import ConfigError, DataError, DtypeError, ShapeError
from throughtime.data.ragged import batch_count, batch_rows, drawn_share, epoch_order, pad


def test_pad_by_hand():
    x, lengths = pad([np.array([[1.0], [2.0]]), np.zeros((0, 1)), torch.tensor([[3.0]], dtype=torch.float64)], fill=-1)
    torch.testing.assert_close(x[..., 0], torch.tensor([[1.0, -1, 3], [2, -1, -1]], dtype=torch.float64))
    assert lengths.tolist() == [2, 0, 1]
    assert lengths.dtype == torch.int64


def test_pad_keeps_the_kind_or_takes_the_one_asked():
    assert pad([np.array([1, 2]), np.array([3])])[0].dtype == torch.int64
    assert pad([np.array([True])])[0].dtype == torch.bool
    assert pad([np.array([1, 2]), np.array([0.5])], dtype=torch.float32)[0].dtype == torch.float32
    read_only = np.arange(3)
    read_only.setflags(write=False)
    assert pad([read_only])[0][:, 0].tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("sequences", "error", "message"),
    [
        ([], DataError, "an empty list"),
        ([np.zeros((2, 1)), np.zeros((2, 3))], ShapeError, r"\[\(1,\), \(3,\)\]"),
        ([np.zeros(2), np.zeros(2, np.float32)], DtypeError, "Pass dtype="),
        ([np.array(["a"])], DtypeError, "Encode it first"),
        ([3.0], ShapeError, "sequence 0 is one number"),
    ],
)
def test_pad_refuses(sequences, error, message):
    with pytest.raises(error, match=message):
        pad(sequences)


@given(count=st.integers(0, 60), batch_size=st.integers(1, 20), seed=st.integers(0, 2**63 - 1), epoch=st.integers(0, 9))
def test_every_sequence_once_an_epoch(count, batch_size, seed, epoch):
    drawn = [
        batch_rows(count, batch_size, seed=seed, epoch=epoch, index=index)
        for index in range(batch_count(count, batch_size))
    ]
    assert all(len(rows) == batch_size for rows in drawn[:-1])
    assert sorted(np.concatenate([np.zeros(0, int), *drawn]).tolist()) == list(range(count))


def test_order_is_a_pure_function_of_seed_and_epoch():
    # Written down, so that a change of machine or version that moved the order would show.
    assert epoch_order(8, 0, 0).tolist() == [0, 7, 4, 2, 1, 6, 5, 3]
    first = epoch_order(100, 1, 2).copy()
    for _ in range(5):  # past the cache, and past everything else that draws
        np.random.default_rng().random()
        epoch_order(100, 7, 7)
        epoch_order(100, 8, 8)
        epoch_order(100, 9, 9)
        np.testing.assert_array_equal(epoch_order(100, 1, 2), first)
    assert not np.array_equal(epoch_order(100, 1, 3), first)
    assert not np.array_equal(epoch_order(100, 2, 2), first)
    assert not np.array_equal(epoch_order(100, 2, 1), first)


def test_places_are_uniform():
    places = np.stack([np.argsort(epoch_order(10, seed, epoch)) for seed in range(60) for epoch in range(60)])
    counts = np.stack([np.bincount(column, minlength=10) for column in places.T])
    # 3,600 draws, 360 expected with standard deviation 18; five of them for a hundred counts.
    assert np.abs(counts - 360).max() < 5 * 18


def test_an_order_cannot_be_changed_from_outside():
    with pytest.raises(ValueError, match="read-only"):
        epoch_order(4, 0, 0)[0] = 1


def test_out_of_range():
    with pytest.raises(ConfigError, match="at least 1; 0 came"):
        batch_count(3, 0)
    with pytest.raises(ConfigError, match="from 0 to 1 with 3 sequences by 2; 2 came"):
        batch_rows(3, 2, seed=0, epoch=0, index=2)
    with pytest.raises(ConfigError, match="-1 and 0 came"):
        epoch_order(3, -1, 0)


def test_a_share_is_drawn_by_its_seed():
    items = [f"piece {place}" for place in range(10)]
    rest, drawn = drawn_share(items, 0.3, seed=1)
    assert len(drawn) == 3
    assert sorted(rest + drawn) == items
    assert rest == sorted(rest)
    assert drawn == sorted(drawn)
    assert drawn_share(items, 0.3, seed=1) == (rest, drawn)
    assert drawn_share(items, 0.3, seed=2) != (rest, drawn)
