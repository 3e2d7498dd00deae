"""Sentences that name counts, and numbers that keep to their room."""

from __future__ import annotations

import pytest

import throughtime as tt
from throughtime.insight.unfolding.memory import Sizes, memory
from throughtime.insight.unfolding.plan import plan
from throughtime.insight.unfolding.words import (
    broken,
    in_bytes,
    kept,
    losses,
    notes,
    number,
    place,
    subtitle,
    title,
    work,
)


def planned(n, text, cell="lstm"):
    return plan(cell, n, tt.TBPTT.parse(text))


@pytest.mark.parametrize(
    ("n", "schedule", "words"),
    [
        (12, "3,5", ["Every loss is injected exactly once."]),
        (12, "5,2", ["6 of 12 losses are injected (50 %),", "each exactly once; the others train nothing."]),
        (12, "4,1", ["3 of 12 losses are injected (25 %),", "each exactly once; the others train nothing."]),
        (12, "3,6,window", ["Every loss is injected 1 to 2 times."]),
        (16, "7,3,window", ["8 of 16 losses are injected (50 %),", "each 1 to 2 times; the others train nothing."]),
        (12, "1,4,cut", ["Every loss is injected exactly once."]),
        (12, "4,12,cut", ["3 of 12 losses are injected (25 %),", "each exactly once; the others train nothing."]),
    ],
)
def test_how_often_losses_are_injected(n, schedule, words):
    assert losses(planned(n, schedule)) == words


def test_title_and_subtitle_say_the_schedule():
    assert title(planned(1, "n,n", "rnn")) == "An RNN unfolded over 1 step, trained by TBPTT(n, n)"
    assert title(planned(9, "2,n,cut")) == 'An LSTM unfolded over 9 steps, trained by TBPTT(2, n), losses "cut"'
    assert subtitle(planned(9, "n,n")) == "Full BPTT: one update, at the end, over all steps; it injects all losses."
    assert subtitle(planned(9, "20,30")) == subtitle(planned(9, "n,n"))
    assert subtitle(planned(9, "4,1")).startswith("An update after every 4 steps, its errors carried back over the new")
    assert subtitle(planned(9, "1,n")).startswith("An update after every step, its errors carried back over all steps")


def test_work_compares_with_full_bptt():
    assert work(planned(12, "3,5")) == [
        "4 updates in 12 steps.",
        "18 steps forward, 18 backward in all.",
        "Full BPTT: 1 update, 12 forward, 12 backward.",
    ]
    assert work(planned(6, "3,3"))[-1] == "No step runs twice."


def test_notes_name_k_beyond_n_and_the_seed():
    assert notes(planned(12, "3,12"), None) == []
    said = notes(planned(12, "30,50"), 7)
    assert said[0] == "k1 = 30 and k2 = 50 are beyond n = 12: the same as n."
    assert "seed 7, weights held still; l(t) = (y(t) - target(t))^2; L: mean of" in said[1]
    assert notes(planned(12, "n,13"), None) == ["k2 = 13 is beyond n = 12: the same as n."]


@pytest.mark.parametrize(
    ("n", "schedule", "words"),
    [
        (12, "3,5", ["steps 1-3, back to 1", "steps 4-6, back to 2", "steps 7-9, back to 5", "steps 10-12, back to 8"]),
        (7, "5,2", ["steps 1-5, back to 4", "steps 6-7, back to 6"]),
        (3, "1,2", ["step 1, back to 1", "step 2, back to 1", "step 3, back to 2"]),
    ],
)
def test_an_update_names_its_new_steps_and_where_its_gradient_ends(n, schedule, words):
    assert [place(lane) for lane in planned(n, schedule).lanes] == words


BEFORE = "x and target (C + 1) of"


@pytest.mark.parametrize(
    ("n", "schedule", "cell", "numbers", "parts"),
    [
        (12, "3,5", "lstm", 5 * 72 + 5 + 2 * 10, "5 steps, their targets (1 each), the state before (2H);"),
        (4, "n,n", "rnn", 4 * 12 + 4, "4 steps, their targets (1 each);"),
        (
            *(8, "5,2", "rnn", 2 * 12 + 2 + 10 + 3 * 3),
            f"2 steps, their targets (1 each), the state before (H), {BEFORE} 3 steps run forward only;",
        ),
        (
            *(12, "2,1", "rnn", 12 + 1 + 10 + 3),
            f"1 step, its target (1), the state before (H), {BEFORE} 1 step run forward only;",
        ),
    ],
)
def test_the_parts_of_the_largest_window_are_named_and_add_up(n, schedule, cell, numbers, parts):
    drawn = planned(n, schedule, cell)
    found = memory(drawn, Sizes(2, 10, 1))
    assert found.window_bytes == 4 * numbers
    said = " ".join(kept(drawn, found))
    assert f" The largest window keeps {in_bytes(4 * numbers)}: {parts} full BPTT over {n} steps " in said


def test_lines_break_beside_signs_that_join():
    assert broken("so C = 16 and C + 1", 10) == ["so C = 16", "and C + 1"]
    assert broken("C + 7H", 3) == ["C + 7H"]


@pytest.mark.parametrize(
    ("value", "digits", "words"),
    [
        (0.0, 3, "0"),
        (-0.12345, 3, "-0.123"),
        (0.0004, 3, "4e-4"),
        (-0.004, 2, "-4e-3"),
        (9.9996, 3, "10.0"),
        (-99.94, 2, "-99.9"),
        (99.96, 3, "1e2"),
        (-1e-13, 3, "-1e-13"),
        (0.0005, 3, "0.001"),
    ],
)
def test_numbers_keep_to_their_room(value, digits, words):
    assert number(value, digits) == words
    assert len(words) <= digits + 3 or abs(value) < 1e-9


@pytest.mark.parametrize(
    ("count", "words"), [(4, "4 bytes"), (999, "999 bytes"), (1000, "1 kB"), (999_600, "1 MB"), (1.2e18, "1.2e+06 TB")]
)
def test_bytes_to_three_digits(count, words):
    assert in_bytes(int(count)) == words
