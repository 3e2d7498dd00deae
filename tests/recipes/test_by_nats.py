"""Methods judged by nats: their spread, and what the table says of ours."""

from __future__ import annotations

import math

import pytest

from throughtime.recipes.by_nats import NETWORK, Scored, Unit, scores_of, verdict
from throughtime.recipes.table import Column, Spread

UNIT = Unit("frame", {"perplexity": Column("perplexity")}, "train longer")


def rule(nats, name="Markov"):
    return Scored(name, nats, 10, 0.5, seeded=False)


def network(nats, name="LSTM"):
    return Scored(name, nats, 100, 2.0, seeded=True)


def test_trials_of_several_seeds_have_a_spread():
    table = scores_of("made up", UNIT, [[rule(4.0)], [network(2.0), network(3.0)]], ("a note",), counted=True)
    assert table.column("nats a frame") == [4.0, Spread(2.5, pytest.approx(math.sqrt(0.5)), 2)]
    assert table.column("perplexity")[0] == pytest.approx(math.exp(4.0))
    assert table.column("seeds") == [None, 2]
    assert table.column("seconds") == [0.5, 2.0]
    assert table.notes[0] == "a note"
    assert "seeds" not in [each.name for each in scores_of("made up", UNIT, [[rule(4.0)]], (), counted=False).columns]


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ([[rule(4.0)], [rule(5.0, "rates")], [network(3.0, NETWORK)]], "network is better than Markov by 1.000"),
        ([[rule(2.0)], [network(3.0)]], "worse than Markov by 1.000 nats a frame: train longer; one training"),
        ([[rule(2.6)], [network(2.0), network(3.0)]], "no more than noise"),
        ([[rule(2.6)], [network(2.5998)]], "there is no difference"),
        ([[rule(9.0)], [network(2.0), network(3.0)]], "better than Markov by 6.500 nats a frame."),
    ],
)
def test_the_verdict_is_on_the_best_rule(found, said):
    (line,) = verdict(UNIT, found)
    assert said in line


def test_there_is_no_verdict_without_a_rule():
    assert list(verdict(UNIT, [[network(3.0)]])) == []
