"""How much a classifier's network trains."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from throughtime.tasks.label_training import epochs_for, rows_for

OPEN = SimpleNamespace(epochs=None, batch_size=None)


@pytest.mark.parametrize(("count", "rows", "epochs"), [(40, 8, 150), (100, 10, 150), (2000, 32, 23), (50_000, 32, 8)])
def test_few_sequences_are_read_often_and_many_less_so(count, rows, epochs):
    assert rows_for(OPEN, count) == rows
    assert epochs_for(OPEN, count) == epochs
    said = SimpleNamespace(epochs=3, batch_size=5)
    assert (rows_for(said, count), epochs_for(said, count)) == (5, 3)
