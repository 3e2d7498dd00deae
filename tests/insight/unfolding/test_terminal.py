"""The drawing in characters read back from its columns, against the definition, in every width and look."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest

import throughtime as tt
from tests.insight.unfolding.schedule import Drawn, defined, every_schedule
from throughtime.insight.unfolding import Look, unfolding
from throughtime.insight.unfolding.canvas import ASCII, UNICODE

LANE_SIGNS = ("new", "again", "without-gradient", "injected", "unused", "errors", "cut", "begin", "update")


def drawn(n, k1, k2, rule="newest", cell="lstm", width=100, unicode=True, values=False, colour=False) -> str:
    picture = unfolding(n, tt.TBPTT(k1, k2, losses=rule), cell, with_values=values)
    return picture.to_text(Look(width, colour, unicode))


def read(text: str, unicode: bool = True) -> list[Drawn]:
    """The lanes, from characters alone: a step's column reaches half-way to its neighbours' numbers."""
    table = UNICODE if unicode else ASCII
    names = {table[name]: name for name in LANE_SIGNS}
    columns: dict[int, int] = {}
    lanes: dict[int, dict[int, list[str]]] = {}
    for line in text.split(f"\n{table['new']} new steps")[0].splitlines():
        if line.startswith("step "):
            columns = _columns(line)
        if match := re.match(r"update (\d+) ", line):
            lane = lanes.setdefault(int(match[1]), {})
            for at in range(match.end(), len(line)):
                if line[at] != " ":
                    lane.setdefault(columns[at], []).append(names[line[at]])
    assert list(lanes) == list(range(1, len(lanes) + 1))
    return [_lane(lane) for lane in lanes.values()]


def _columns(line: str) -> dict[int, int]:
    """Which step each character belongs to."""
    numbers = [(match.start() + len(match[0]) // 2, int(match[0])) for match in re.finditer(r"\d+", line)]
    gaps = {b[0] - a[0] for a, b in pairwise(numbers)}
    assert len(gaps) <= 1
    half = min(gaps, default=11) // 2
    return {at: step for middle, step in numbers for at in range(middle - half, middle + half + 1)}


def _lane(signs: dict[int, list[str]]) -> Drawn:
    def having(name: str) -> frozenset[int]:
        return frozenset(step for step, names in signs.items() if name in names)

    (update,), (arrow,) = having("update"), having("errors")
    assert signs[update][-1] == "update"
    cuts, begins = having("cut"), having("begin")
    (first,) = cuts or begins
    assert first == arrow
    assert signs[first][:2] == ["cut" if cuts else "begin", "errors"]
    return Drawn(
        *(having(name) for name in ("new", "again", "without-gradient", "injected", "unused")),
        errors=(update, arrow - 1),
        cut=first - 1 if cuts else None,
        update=update,
    )


@pytest.mark.parametrize("cell", ["lstm", "rnn"])
@pytest.mark.parametrize("rule", ["newest", "window", "cut"])
def test_the_drawing_shows_the_schedule(cell, rule):
    for n, k1, k2 in every_schedule(8):
        assert read(drawn(n, k1, k2, rule, cell)) == defined(n, k1, k2, rule), (n, k1, k2)


@pytest.mark.parametrize("unicode", [True, False])
@pytest.mark.parametrize("width", [1, 20, 30, 40, 60, 80, 120])
def test_every_width_shows_the_schedule_in_blocks(width, unicode):
    for n, k1, k2 in [(12, 3, 5), (12, 5, 2), (16, 1, 16), (48, 7, 20), (1, 1, 1)]:
        text = drawn(n, k1, k2, "window", width=width, unicode=unicode)
        assert read(text, unicode) == defined(n, k1, k2, "window")
        assert width < 20 or max(map(len, text.splitlines())) <= max(width, 31)  # the folded loop takes 31


@pytest.mark.parametrize("width", [40, 80, 100])
@pytest.mark.parametrize("cell", ["lstm", "rnn"])
def test_numbers_stand_below_their_steps(width, cell):
    picture = unfolding(7, tt.TBPTT(2, 4), cell, with_values=True)
    text = picture.to_text(Look(width))
    assert read(text) == defined(7, 2, 4, "newest")
    found: dict[tuple[int, str], dict[int, float]] = {}
    forward: dict[str, dict[int, float]] = {}
    columns, update = {}, 0
    for line in text.splitlines():
        if line.startswith("step "):
            columns, update = _columns(line), 0
        if match := re.match(r"update (\d+) ", line):
            update = int(match[1])
        if match := re.match(r"(  dL/d[hc]|loss|output|state [hc]|input|target) ", line):
            into = found.setdefault((update, match[1].strip()), {}) if update else forward.setdefault(match[1], {})
            for number in re.finditer(r"-?[\d.]+(e-?\d+)?", line[match.end() :]):
                into[columns[match.end() + number.start() + len(number[0]) // 2]] = float(number[0])
    values = picture.values
    rows = (("loss", values.loss), ("output", values.y), ("input", values.x), ("state h", values.h))
    for name, numbers in (*rows, ("target", values.target)):
        assert list(forward[name].values()) == pytest.approx(numbers, abs=5.1e-3)
        assert list(forward[name]) == list(range(1, 8))
    for j, (lane, shown) in enumerate(zip(defined(7, 2, 4, "newest"), values.lanes, strict=True), start=1):
        for name, numbers in (("dL/dh", shown.dh), ("dL/dc", shown.dc)):
            if numbers:
                expected = dict(zip(sorted(lane.new | lane.again), numbers, strict=True))
                assert found[j, name] == pytest.approx(expected, abs=5.1e-3)


@pytest.mark.parametrize("width", [40, 80])
@pytest.mark.parametrize(("k1", "k2"), [(50, 200), (1, 10_000), (10_000, 10_000), (20, 3)])
def test_of_a_long_sequence_the_middle_is_left_out_and_said(width, k1, k2):
    text = drawn(10_000, k1, k2, width=width)
    left_out = re.search(r"Left out: steps ([\d,]+) to ([\d,]+)(?: and ([\d,]+) update)?", text.replace("\n", " "))
    begin, end = (int(word.replace(",", "")) for word in left_out.groups()[:2])
    (steps,) = (line.split()[1:] for line in text.splitlines() if line.startswith("step "))
    shown = [int(step) for step in steps if step != UNICODE["gap"]]
    assert shown == [*range(1, begin), *range(end + 1, 10_001)]
    lanes = len(re.findall(r"^update \d+ ", text, re.MULTILINE))
    hidden = int((left_out[3] or "0").replace(",", ""))
    assert lanes + hidden == -(-10_000 // k1)
    assert lanes <= 10
    assert f"{lanes + hidden:,} update" in text.replace("\n", " ")
    assert max(map(len, text.splitlines())) <= width


def test_the_update_of_a_long_sequence_names_its_places():
    assert "  steps 9,951-10,000, back to 9,801" in drawn(10_000, 50, 200).splitlines()


@pytest.mark.parametrize(("n", "values"), [(12, False), (12, True), (40, False), (10_000, False)])
def test_plain_ascii_is_ascii(n, values):
    for rule in ("newest", "window", "cut"):
        assert drawn(n, 5, 3, rule, unicode=False, values=values).isascii()


def test_colour_changes_nothing_but_colour():
    coloured = drawn(12, 3, 5, colour=True)
    assert re.sub("\033\\[\\d+m", "", coloured) == drawn(12, 3, 5)
    assert "\033[" in coloured
    for line in coloured.splitlines():
        assert re.findall("\033\\[\\d+m", line)[-1:] in ([], ["\033[0m"]), "no line colours the next"


def test_the_legend_says_what_happens_to_the_weights():
    assert "\u2573 cut: state there a constant   \u25a0 W updated\n" in drawn(12, 3, 5, width=150)
    held = drawn(12, 3, 5, width=150, values=True)
    assert "\u25a0 W would be updated here\n" in held
    assert "W updated" not in held


def test_the_rnn_has_one_state_and_the_lstm_two():
    assert [name in drawn(3, 3, 3, cell="rnn") for name in ("state c", "state h", "RNN")] == [False, True, True]
    assert [name in drawn(3, 3, 3, cell="lstm") for name in ("state c", "state h", "LSTM")] == [True, True, True]
