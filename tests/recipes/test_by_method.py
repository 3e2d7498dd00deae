"""Methods side by side: their order, their seeds, and the rows of their table."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

from throughtime.recipes.by_method import table_of, trials_of, tried
from throughtime.recipes.table import Column, Spread

NETWORKS = ["perceptron", "LSTM"]


@dataclass(frozen=True)
class Trial:
    method: str
    right: float | None
    parameters: int = 100
    seconds: float = 2.0


def test_trials_are_given_method_by_method_networks_last():
    trials = [Trial("LSTM", 0.5), Trial("perceptron", 0.4), Trial("LSTM", 0.6), Trial("rule", 0.1)]
    found = tried([partial(replace, each) for each in trials], False, NETWORKS)
    assert [[each.method for each in group] for group in found] == [["rule"], ["perceptron"], ["LSTM", "LSTM"]]


def test_each_network_is_tried_from_each_seed_the_slowest_first():
    made = [trial() for trial in trials_of(Trial, NETWORKS, 5, 2)]
    assert [(each.method, each.right) for each in made] == [
        ("LSTM", 5),
        ("perceptron", 5),
        ("LSTM", 6),
        ("perceptron", 6),
    ]


def test_several_seeds_have_a_spread_and_what_is_not_known_stays_blank():
    found = [[Trial("rule", None, 1, 0.5)], [Trial("LSTM", 0.5, seconds=1.0), Trial("LSTM", 0.7, seconds=2.0)]]
    table = table_of("made up", {"right": Column("right")}, found, ["a note"], NETWORKS)
    assert table.column("right") == [None, Spread.of([0.5, 0.7])]
    assert table.column("parameters") == [1, 100]
    assert table.column("seconds") == [0.5, 1.5]
    assert table.column("seeds") == [None, 2]
    assert table.notes == ("a note",)


def test_seeds_are_not_told_where_nobody_asks():
    table = table_of("made up", {"right": Column("right")}, [[Trial("LSTM", 0.5)]], [], None)
    assert [column.name for column in table.columns] == ["method", "right", "parameters", "seconds"]
    assert table.rows == (("LSTM", 0.5, 100, 2.0),)
