"""What an epoch of text reads, and how many rows and epochs a corpus gets."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from throughtime.base.errors import ConfigError
from throughtime.data.tokens import TokenArray
from throughtime.tasks import SequenceGenerator
from throughtime.tasks.generator_options import check_generator_options
from throughtime.tasks.text_fitting import _stream, design_of, epochs_for, pieces_of, rows_for


def read(pieces):
    """Tokens and those to be told, row by row."""
    found = list(pieces)
    return [torch.cat([getattr(piece, name) for piece in found]).T.tolist() for name in ("x", "y")]


def options(**settings):
    return check_generator_options(SequenceGenerator(**settings))


def test_each_epoch_of_a_text_begins_elsewhere():
    stream = _stream(TokenArray(np.arange(400)), 3, 10, options())
    epochs = [read(stream[epoch, 0].pieces(0)) for epoch in range(4)]
    assert read(stream[1, 0].pieces(0)) == epochs[1]
    firsts = {x[0][0] for x, _ in epochs}
    assert len(firsts) > 1
    assert max(firsts) <= 10
    for epoch, (x, y) in enumerate(epochs):
        assert stream[epoch, 0].steps == len(x[0])
        for row, after in zip(x, y, strict=True):
            assert row == list(range(row[0], row[0] + len(row)))
            assert after == [token + 1 for token in row]
        assert len({token for row in x for token in row}) > 380  # no more than a window is left out


def test_each_epoch_of_documents_has_another_order():
    documents = [np.array([9, place, 9]) for place in range(8)]
    stream = _stream(documents, 2, 4, options())
    orders = [
        [token for row in read(stream[epoch, 0].pieces(0))[0] for token in row if token < 8] for epoch in range(3)
    ]
    assert all(sorted(order) == list(range(8)) for order in orders)
    assert orders[0] != orders[1]
    piece = next(stream[0, 0].pieces(0))
    assert piece.resets[0].all()


def test_what_is_scored_is_read_once_in_its_order():
    x, y = read(pieces_of(TokenArray(np.arange(50)), 1, "cpu"))
    assert (x, y) == ([list(range(49))], [list(range(1, 50))])


def test_rows_and_epochs_follow_from_the_length():
    assert [rows_for(count, 100) for count in (50, 5_000, 1_000_000)] == [1, 5, 32]
    assert epochs_for(3_200_000, 3200) == 3
    assert epochs_for(100, 3200) == 60
    assert epochs_for(10**9, 3200) == 1


def test_many_symbols_share_their_vectors_unless_it_is_said():
    assert not design_of(options(), 100).tied
    assert design_of(options(), 5000).tied
    assert design_of(options(tied=True, embedding_size=7), 100).tied
    assert design_of(options(tied=True, embedding_size=7), 100).embedding_size == 7
    assert (design_of(options(), 100).embedding_size, design_of(options(), 5000).embedding_size) == (64, 256)


def test_plain_steps_average_once_validation_ceases_to_fall():
    text = "".join(np.random.default_rng(0).choice(list("abc"), 3000))  # nothing to learn but the shares
    model = SequenceGenerator(
        optimizer="nt-asgd", hidden_size=8, epochs=30, learning_rate=5.0, dropout=0.0, patience=3, progress=False
    ).fit(text)
    rates = {epoch.learning_rate for epoch in model.history_.epochs}
    assert rates == {5.0}
    assert model.score(text) < 1.15
    assert len(model.history_.epochs) > 9  # it waited until averages began, and for three epochs more


def test_plain_steps_are_of_symbols_and_validated():
    with pytest.raises(ConfigError, match="waits for a validation"):
        SequenceGenerator(optimizer="nt-asgd", validation=None).fit("abc" * 100)
    with pytest.raises(ConfigError, match="`optimizer` is one of adamw, nt-asgd"):
        SequenceGenerator(optimizer="asgd").fit("abc" * 100)
    with pytest.raises(ConfigError, match="at most 10"):
        SequenceGenerator(learning_rate=30.0).fit("abc" * 100)
