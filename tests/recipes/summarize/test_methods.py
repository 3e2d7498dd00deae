"""Every method in one table, from the same documents; a loss is printed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.recipes.summarize.korean import stories
from throughtime.recipes.summarize import methods
from throughtime.recipes.summarize.methods import (
    NETWORKS,
    Scored,
    compare_methods,
    copied_share,
    leads,
    typical,
    verdict,
)
from throughtime.recipes.summarize.problem import Part, SummaryProblem
from throughtime.recipes.summarize.settings import Model, Writing

QUICK = Model(
    hidden_size=32, embedding_size=32, num_layers=1, heads=1, label_smoothing=0, dropout=0.1, batch_size=16,
    learning_rate=0.01, averaging=0.9, validation=0, epochs=12,
)  # fmt: skip
pytestmark = pytest.mark.filterwarnings("ignore::throughtime.base.errors.Notice")


def problem(train=300, test=20, bodies=()):
    documents, summaries = stories(train + test)
    parts = [
        Part(documents[at], summaries[at], [str(n) for n in range(len(documents[at]))])
        for at in (slice(train), slice(train, None))
    ]
    return SummaryProblem("Stories", parts[0], None, replace(parts[1], bodies=bodies), ("a note",))


def test_copying_is_learned_in_korean():
    """Names that no training document has stand in the summaries: only copying tells them."""
    found = methods.try_network(problem(), QUICK, Writing(beam=1), "n,n", "LSTM", 0)
    assert found.longest > 90
    assert found.copied > 0.95
    without = methods.try_network(problem(), QUICK, Writing(beam=1), "n,n", methods.WITHOUT, 0)
    assert without.longest < 80


def test_all_methods_stand_in_one_table():
    table = compare_methods(problem(40, 10), replace(QUICK, epochs=1), Writing(beam=2), "n,n", 2, False)
    assert table.column("method") == ["lead words", "lead sentence", "nearest document", *NETWORKS]
    assert table.column("seeds") == [None, None, None, 2, 2, 2, 2]
    assert [each is None for each in table.column("nats a symbol")] == [True] * 3 + [False] * 4
    assert table.notes[0] == "a note"
    assert any("Lead words are 3" in note for note in table.notes)


def test_bodies_have_leads_of_their_own():
    found = leads(problem(10, 2, bodies=["the body is here", ""]))
    assert found["lead words of the body"][0] == "the body is"
    assert found["lead words of the body"][1] == found["lead words"][1]


def test_words_of_the_document_are_counted():
    assert copied_share(["서울에 비가", "x"], ["비가 왔다", "X y"]) == pytest.approx(2 / 4)


@pytest.mark.parametrize(
    ("longest", "said"),
    [
        ({"lead words": [10], "LSTM": [15]}, ["LSTM is 5.0 above lead words, the best rule, in ROUGE-L; one training"]),
        (
            {"lead words": [10], "nearest": [12], "LSTM": [11, 11.2]},
            ["nearest has the most", "LSTM is 0.9 below nearest"],
        ),
        ({"lead words": [10], "LSTM": [9, 12]}, ["Between LSTM and lead words, the best rule, there is no more"]),
        ({"lead words": [10], "Elman RNN": [13], "LSTM": [12]}, ["Elman RNN has the most ROUGE-L, 1.0", "2.0 above"]),
        ({"LSTM": [9]}, []),
    ],
)
def test_the_verdict_names_the_winner(longest, said):
    found = [[Scored(name, 0, 0, each, 0, None, 1, 0) for each in values] for name, values in longest.items()]
    notes = list(verdict(found))
    assert len(notes) == len(said)
    assert all(part in note for part, note in zip(said, notes, strict=True))


def test_without_rouge_score_the_table_says_so(monkeypatch):
    monkeypatch.setattr(methods, "HAS_ROUGE", False)
    found = methods.try_rules(problem(10, 5))
    assert [each.longest for each in found] == [None] * 3
    table = methods._table(problem(10, 5), [[each] for each in found], counted=False)
    assert "pip install 'throughtime[rouge]'" in table.notes[-1]


def test_a_typical_summary_is_neither_the_best_nor_the_worst():
    true = ["a b c d", "a b c d", "a b c d"]
    part = Part(["x"] * 3, true, list("123"))
    assert typical(part, ["a b c d", "a b y z", "w x y z"], range(3)) == 1
    assert typical(part, ["a b c d", "w x y z", "a b y z"], range(3)) == 2
    assert typical(part, ["a b c d", "", ""], [0]) == 0
