"""Streams of tokens through the engine: the same losses as documents by themselves, in bounded memory."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

import throughtime as tt
from throughtime.bptt import token_pieces
from throughtime.data import TokenFile, contiguous_rows, document_rows, write_tokens

pytestmark = pytest.mark.filterwarnings("ignore::throughtime.base.errors.Notice")


def entropy(output, target):
    return nn.functional.cross_entropy(output, target, reduction="none")


@pytest.fixture
def network():
    torch.manual_seed(0)
    return tt.Network(nn.Embedding(20, 5), tt.LSTM(5, 6), nn.Linear(6, 20)).double()


@pytest.mark.parametrize("history", ["recompute", "reuse"])
def test_documents_in_rows_lose_what_they_lose_alone(network, history):
    draw = np.random.default_rng(0)
    documents = [draw.integers(1, 20, draw.integers(2, 15)) for _ in range(12)]
    alone = 0.0
    with torch.no_grad():
        for document in documents:
            tokens = torch.from_numpy(document)[:, None]
            alone += float(entropy(network(tokens[:-1])[0][:, 0], tokens[1:, 0]).sum())
    pieces = token_pieces(document_rows(documents, 3, 4))
    schedule = tt.TBPTT(4, 8, history=history)
    updates = list(tt.through_stream(network, entropy, pieces, schedule, normalise="sum"))
    assert sum(float(update.losses.sum()) for update in updates) == pytest.approx(alone, rel=1e-10)
    assert sum(update.counted for update in updates) == sum(len(document) - 1 for document in documents)


def test_a_file_in_rows_is_one_sequence_a_row(network, tmp_path):
    tokens = np.random.default_rng(1).integers(0, 20, 61)
    write_tokens(tmp_path / "t.bin", [tokens])
    pieces = token_pieces(contiguous_rows(TokenFile(tmp_path / "t.bin"), 2, 7))
    updates = list(tt.through_stream(network, entropy, pieces, tt.TBPTT(5, 10)))
    rows = torch.from_numpy(tokens[:60].reshape(2, 30).T.copy())
    with torch.no_grad():
        output = network(rows[:-1])[0]
        expected = entropy(output.flatten(0, 1), rows[1:].flatten()).reshape(29, 2)
    torch.testing.assert_close(torch.cat([update.losses for update in updates]), expected)
