"""N-grams of texts and of documents of symbols are scored on what a network is scored on."""

from __future__ import annotations

import pytest

from throughtime.recipes.ngrams import count_ngrams, symbols_of
from throughtime.tasks.corpus import TextEncoding


def test_documents_are_read_with_their_ends():
    songs = [("a", "b"), ("a",)]
    encoding = TextEncoding.fit(songs, "characters")
    end, (a, b) = encoding.end, encoding.encode(("a", "b"))
    assert symbols_of(songs, encoding).tolist() == [end, a, b, end, a, end]
    assert symbols_of("ab", TextEncoding.fit("ab", "characters")).shape == (2,)


@pytest.mark.parametrize("songs", [[("a", "b")] * 9, ["ab"] * 9, "ab" * 9])
def test_longer_runs_tell_what_single_symbols_do_not(songs):
    single, runs = (count_ngrams(songs, songs, "characters", order) for order in (1, 3))
    assert single.symbols == len("ab" * 9) - 1 if isinstance(songs, str) else 27
    assert runs.nats < 0.5 < single.nats
    assert (single.name, runs.name) == ("single symbols", "Kneser-Ney, 3 symbols")
    assert runs.parameters > single.parameters
