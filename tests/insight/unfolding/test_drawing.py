"""The slide read back from where things lie on it, against the definition; and whether it can be read by eye."""

from __future__ import annotations

from bisect import bisect
from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest

import throughtime as tt
from tests.insight.drawn import labels, of_kind, outside, overlapping, smallest_text
from tests.insight.unfolding.schedule import Drawn, defined, every_schedule
from throughtime.base.errors import ConfigError
from throughtime.insight.svg import SMALLEST_TEXT
from throughtime.insight.unfolding import Sizes, unfolding


class Reader:
    """A slide as an eye sees it: shapes by colour class and place; nothing is taken from data- attributes or order.

    Columns are where the cells' boxes stand; lanes are the heights at which updates' marks stand.
    """

    def __init__(self, svg: str) -> None:
        self.shapes: dict[str, list[tuple[float, float, float]]] = {}
        for element in ET.fromstring(svg).iter():
            kind = element.get("class", "")
            if kind:
                self.shapes.setdefault(kind, []).append(_extent(element))
        self.centres = sorted((left + right) / 2 for left, right, _ in self.shapes["cell"])
        gaps = [b - a for a, b in pairwise(self.centres)]
        self.width = gaps[0] if gaps else 2 * (self.centres[0] - min(x for x, _, _ in self.shapes["guide"]))
        assert all(gap == pytest.approx(self.width, abs=0.05) for gap in gaps)

    def lanes(self) -> list[Drawn]:
        heights = sorted(y for _, _, y in self.shapes["update"])
        return [self._lane(y, heights) for y in heights]

    def _lane(self, y: float, heights: list[float]) -> Drawn:
        room = min((b - a for a, b in pairwise(heights)), default=60.0) / 2

        def here(kind: str) -> list[tuple[float, float]]:
            return [(left, right) for left, right, at in self.shapes.get(kind, []) if abs(at - y) < room]

        ((arrow_end, arrow_begin),) = here("errors")
        (update,) = here("update")
        cuts = [self.place(left) for left, _ in here("cut")]
        assert len(cuts) <= 1
        return Drawn(
            *(self.steps(here(kind)) for kind in ("new", "again", "without-gradient")),
            *(frozenset(self.step((a + b) / 2) for a, b in here(kind)) for kind in ("injected", "unused")),
            errors=(self.place(arrow_begin), self.place(arrow_end)),
            cut=cuts[0] if cuts else None,
            update=self.place(update[0]),
        )

    def steps(self, bars: list[tuple[float, float]]) -> frozenset[int]:
        """The steps whose columns bars cover, each wholly."""
        assert len(bars) <= 1
        return frozenset(t for left, right in bars for t in range(self.place(left) + 1, self.place(right) + 1))

    def place(self, x: float) -> int:
        """The place between two columns at x."""
        place = bisect(self.centres, x)
        assert x == pytest.approx(self.centres[0] + (place - 0.5) * self.width, abs=min(3.0, self.width / 6))
        return place

    def step(self, x: float) -> int:
        """The column whose middle is x."""
        (step,) = (t for t, centre in enumerate(self.centres, start=1) if abs(x - centre) < 0.02)
        return step


def _extent(element: ET.Element) -> tuple[float, float, float]:
    """Left, right and the middle's height of a rectangle, circle or straight line; (0, 0, 0) of anything else."""
    if element.tag.endswith("rect"):
        x, y, width, height = (float(element.get(name, "0")) for name in ("x", "y", "width", "height"))
        return x, x + width, y + height / 2
    if element.tag.endswith("circle"):
        x, y, radius = (float(element.get(name, "0")) for name in ("cx", "cy", "r"))
        return x - radius, x + radius, y
    if element.tag.endswith("path") and " L" in element.get("d", "") and "l" not in element.get("d", ""):
        points = [
            tuple(map(float, point.split())) for point in element.get("d", "")[1:].split(" L") if "M" not in point
        ]
        xs, ys = [p[0] for p in points], [p[1] for p in points]
        return min(xs), max(xs), (min(ys) + max(ys)) / 2
    return 0.0, 0.0, 0.0


def slide(
    n: int, k1: int | None, k2: int | None, rule: str = "newest", cell: str = "lstm", values: bool = False
) -> str:
    return unfolding(n, tt.TBPTT(k1, k2, losses=rule), cell, with_values=values).to_svg()


@pytest.mark.parametrize("cell", ["lstm", "rnn"])
@pytest.mark.parametrize("rule", ["newest", "window", "cut"])
def test_the_slide_shows_the_schedule(cell, rule):
    for n, k1, k2 in every_schedule(8):
        assert Reader(slide(n, k1, k2, rule, cell)).lanes() == defined(n, k1, k2, rule), (n, k1, k2)


@pytest.mark.parametrize(("n", "k1", "k2", "rule"), [(16, 1, 16, "window"), (32, 3, 7, "newest"), (32, 1, 5, "cut")])
def test_long_slides_show_the_schedule(n, k1, k2, rule):
    assert Reader(slide(n, k1, k2, rule)).lanes() == defined(n, k1, k2, rule)


@pytest.mark.parametrize("cell", ["lstm", "rnn"])
@pytest.mark.parametrize(("n", "k1", "k2"), [(6, 2, 4), (8, 5, 2), (4, 1, 4), (1, 1, 1)])
def test_slides_with_numbers_show_the_schedule(cell, n, k1, k2):
    assert Reader(slide(n, k1, k2, cell=cell, values=True)).lanes() == defined(n, k1, k2, "newest")


@pytest.mark.parametrize("cell", ["lstm", "rnn"])
def test_numbers_stand_in_the_columns_of_their_steps(cell):
    picture = unfolding(5, tt.TBPTT(2, 3), cell, with_values=True)
    svg = picture.to_svg()
    columns = Reader(svg)
    for kind in ("dh", "dc") if cell == "lstm" else ("dh",):
        written = sorted(
            (round(float(text.get("y"))), columns.step(float(text.get("x"))), _read(text.text))
            for text in of_kind(svg, kind)
        )
        expected = [
            (t, value)
            for lane, found in zip(defined(5, 2, 3, "newest"), picture.values.lanes, strict=True)
            for t, value in zip(sorted(lane.new | lane.again), getattr(found, kind), strict=True)
        ]
        assert [t for _, t, _ in written] == [t for t, _ in expected]
        for (_, _, shown), (_, value) in zip(written, expected, strict=True):
            assert shown == pytest.approx(value, abs=5.1e-4)
    gradients = [_read(text.text) for text in of_kind(svg, "gradient")]
    assert gradients == pytest.approx([lane.weight for lane in picture.values.lanes], abs=5.1e-4)


def _read(words: str) -> float:
    return float(words.replace("\u2212", "-"))


def test_forward_numbers_stand_with_their_copies():
    picture = unfolding(3, tt.TBPTT(), "lstm", with_values=True)
    columns = Reader(picture.to_svg())
    found: dict[int, list[tuple[float, float]]] = {1: [], 2: [], 3: []}
    for text in of_kind(picture.to_svg(), "value"):
        found[columns.step(float(text.get("x")))].append((float(text.get("y")), _read(text.text)))
    values = picture.values
    for t, column in found.items():
        downwards = [value for _, value in sorted(column)]
        expected = [entry[t - 1] for entry in (values.loss, values.y, values.c, values.h, values.x)]
        assert downwards == pytest.approx(expected, abs=5.1e-4)


@pytest.mark.parametrize(("cell", "states"), [("lstm", 2), ("rnn", 1)])
def test_the_graph_has_a_copy_for_each_step_on_one_rail_of_weights(cell, states):
    svg = slide(7, 3, 5, cell=cell)
    counts = {kind: len(of_kind(svg, kind)) for kind in ("cell", "input", "output", "loss", "weights", "rail", "loop")}
    assert counts == {"cell": 7, "input": 7, "output": 7, "loss": 7, "weights": 7, "rail": 1, "loop": 1}
    assert len(of_kind(svg, "state")) == 7 * states  # the first from the initial state
    shapes = Reader(svg).shapes
    (rail,) = shapes["rail"]
    assert all(rail[0] < left <= rail[1] for left, _, _ in shapes["weights"])
    assert all(a <= b for a, b, _ in shapes["state"])


def test_state_arrows_lead_forward_in_time():
    for arrow in of_kind(slide(5, 2, 3), "state"):
        begin, end = (float(point.split()[0]) for point in arrow.get("d")[1:].split(" L"))
        assert begin < end


SLIDES = [
    *((n, k1, None, "newest") for n in (1, 5, 16) for k1 in (1, None)),
    *((n, 1, None, "newest") for n in (6, 13, 15)),
    *((12, k1, k2, "newest") for k1, k2 in ((3, 5), (3, 3), (4, 1), (5, 2))),
    *((16, k1, k2, rule) for rule in ("window", "cut") for k1, k2 in ((2, 9), (7, 3))),
    (13, 100, 100, "newest"),
]


@pytest.mark.parametrize("values", [False, True])
@pytest.mark.parametrize("cell", ["lstm", "rnn"])
def test_every_label_can_be_read(cell, values):
    for n, k1, k2, rule in SLIDES:
        svg = slide(n, k1, k2, rule, cell, values)
        assert (overlapping(svg), outside(svg), _struck(svg)) == ([], [], []), (n, k1, k2, rule)
        assert smallest_text(svg) >= SMALLEST_TEXT


@pytest.mark.parametrize(("n", "k1", "k2"), [(32, 1, None), (32, 1, 5), (32, 4, 9), (31, 8, 3), (24, 1, 24)])
def test_labels_of_the_longest_slides_can_be_read(n, k1, k2):
    svg = slide(n, k1, k2)
    assert (overlapping(svg), outside(svg), _struck(svg)) == ([], [], [])
    assert smallest_text(svg) >= SMALLEST_TEXT


def test_many_sizes_and_both_notes_fit():
    sizes = Sizes(100_000, 100_000, 100_000)
    for n, values in ((16, True), (12, False)):
        svg = unfolding(n, tt.TBPTT(70, 50), "lstm", with_values=values, seed=-(10**18), sizes=sizes).to_svg()
        assert (overlapping(svg), outside(svg)) == ([], [])
        assert sum("are beyond n" in box.words for box in labels(svg)) == 1


@pytest.mark.parametrize("cell", ["lstm", "rnn"])
@pytest.mark.parametrize("sizes", [Sizes(), Sizes(100_000, 100_000, 100_000)])
def test_facts_of_steps_run_forward_only_fit(cell, sizes):
    for n, k1, k2 in ((32, 31, 10), (12, 5, 2), (2, 2, 1)):
        svg = unfolding(n, tt.TBPTT(k1, k2), cell, sizes=sizes).to_svg()
        assert (overlapping(svg), outside(svg)) == ([], []), (n, k1, k2)


def test_words_of_the_lanes():
    said, held = ([box.words for box in labels(slide(12, 3, 5, values=values))] for values in (False, True))
    for text in (said, held):
        assert [words for words in text if words.startswith("steps ") and "back" in words] == [
            *("steps 1-3, back to 1", "steps 4-6, back to 2", "steps 7-9, back to 5", "steps 10-12, back to 8")
        ]
    assert "Backward: each update carries errors back over its window, then changes W" in said
    assert "Backward: each update carries errors back over its window, W held still" in held
    assert ["W is updated" in text for text in (said, held)] == [True, False]
    assert ["W would be" in text for text in (said, held)] == [False, True]


def _struck(svg: str) -> list[str]:
    """Labels through which an arrow, a mark or a dot goes."""
    marks = [
        mark
        for kind in ("errors", "cut", "update", "injected", "unused", "state", "rail", "input", "output", "loss")
        for mark in map(_box, of_kind(svg, kind))
    ]
    return [
        label.words
        for label in labels(svg)
        if any(
            label.left < right and left < label.right and label.top < bottom and top < label.bottom
            for left, top, right, bottom in marks
        )
    ]


def _box(element: ET.Element) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of a circle or a straight line."""
    if element.tag.endswith("circle"):
        x, y, radius = (float(element.get(name, "0")) for name in ("cx", "cy", "r"))
        return x - radius, y - radius, x + radius, y + radius
    points = [tuple(map(float, point.split())) for point in element.get("d", "")[1:].split(" L")]
    half = float(element.get("stroke-width", "1")) / 2
    xs, ys = [p[0] for p in points], [p[1] for p in points]
    return min(xs) - half, min(ys) - half, max(xs) + half, max(ys) + half


@pytest.mark.parametrize(
    ("n", "values", "most"), [(33, False, "room for 32"), (17, True, "with numbers has room for 16")]
)
def test_more_steps_than_can_be_read_are_refused(n, values, most):
    with pytest.raises(ConfigError, match=f"{most} steps: {n} came. Draw the same pattern with smaller k1, k2"):
        unfolding(n, tt.TBPTT(3, 5), with_values=values).to_svg()
