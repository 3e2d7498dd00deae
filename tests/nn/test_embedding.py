"""Symbols as vectors, and features of places."""

from __future__ import annotations

import pytest
import torch

from throughtime.base.errors import ConfigError, DtypeError, ShapeError
from throughtime.nn.embedding import Positions, SymbolEmbedding
from throughtime.nn.masks import MaskKey, keyed


def test_a_symbol_is_its_vector():
    embed = SymbolEmbedding(5, 3)
    x = torch.tensor([[0, 4], [2, 2]])
    assert torch.equal(embed(x), embed.weight[x])
    assert torch.equal(embed.eval()(x), embed.weight[x])


def test_dropped_features_are_those_of_a_whole_row():
    torch.manual_seed(0)
    embed = SymbolEmbedding(7, 40, dropout=0.5)
    x = torch.randint(7, (6, 3))
    y = embed(x)
    gone = y == 0
    assert torch.equal(gone, gone[:1].expand_as(gone))  # the same at all steps
    assert not torch.equal(gone[0, 0], gone[0, 1])  # another in each row
    assert torch.allclose(y[~gone], (2 * embed.weight[x])[~gone])
    assert torch.equal(embed.eval()(x), embed.weight[x])


def test_dropped_words_are_whole_vectors():
    torch.manual_seed(0)
    embed = SymbolEmbedding(7, 5, word_dropout=0.5)
    y = embed(torch.randint(7, (200, 3)))
    gone = y == 0
    assert torch.equal(gone.all(-1), gone.any(-1))
    assert 0.4 < gone.all(-1).float().mean() < 0.6


def test_windows_that_overlap_see_the_same_masks():
    embed = SymbolEmbedding(7, 6, dropout=0.3, word_dropout=0.3)
    x, rows = torch.randint(7, (9, 2)), torch.arange(2) << 32
    with keyed(MaskKey(5, rows, 0, {embed: 1})):
        whole = embed(x)
    with keyed(MaskKey(5, rows, 4, {embed: 1})):
        assert torch.equal(embed(x[4:]), whole[4:])


def test_positions_count_from_each_beginning():
    layer = Positions(4, 2)
    x = torch.randn(6, 2, 3)
    resets = torch.zeros(6, 2, dtype=torch.bool)
    resets[2, 1] = True
    y, state = layer(x, resets=resets)
    assert torch.equal(y[..., :3], x)
    places = torch.tensor([[0, 0], [1, 1], [2, 0], [3, 1], [3, 2], [3, 3]])  # the last one is shared
    assert torch.equal(y[..., 3:], layer.weight[places])
    assert state.tolist() == [[6, 4]]


@pytest.mark.parametrize("cut", [1, 3, 5])
@pytest.mark.parametrize("reset", [None, 2, 4])
def test_positions_in_pieces_are_those_of_the_whole(cut, reset):
    layer, x = Positions(8, 2), torch.randn(6, 1, 3)
    resets = torch.zeros(6, 1, dtype=torch.bool)
    if reset is not None:
        resets[reset] = True
    whole, end = layer(x, resets=resets)
    first, state = layer(x[:cut], resets=resets[:cut])
    second, last = layer(x[cut:], state, resets=resets[cut:])
    assert torch.equal(torch.cat([first, second]), whole)
    assert torch.equal(last, end)


def test_positions_stand_still_past_a_rows_end():
    _, state = Positions(8, 2)(torch.randn(5, 3, 1), torch.tensor([[4, 0, 7]]), lengths=[5, 2, 0])
    assert state.tolist() == [[9, 2, 7]]


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: SymbolEmbedding(0, 2), ConfigError, "`symbols`"),
        (lambda: SymbolEmbedding(2, 2, dropout=1.0), ConfigError, "`dropout`"),
        (lambda: Positions(0, 2), ConfigError, "`count`"),
        (lambda: SymbolEmbedding(2, 2)(torch.zeros(2, 2)), DtypeError, "int64"),
        (lambda: SymbolEmbedding(2, 2)(torch.zeros(2, dtype=torch.int64)), ShapeError, r"\[T, B\]"),
        (lambda: Positions(2, 2)(torch.zeros(2, 3, 1), torch.zeros(3)), ShapeError, r"\[1, B\]"),
    ],
)
def test_what_does_not_fit_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()
