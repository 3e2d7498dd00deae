"""Where things lie on the slide: columns of steps from left to right, rows of the graph from top to bottom, in pixels.

column t      centre x(t) = left + (t - 1/2) width
place b       after step b, edge(b) = left + b width; 0 is before step 1
"""

from __future__ import annotations

from dataclasses import dataclass

from throughtime.base.errors import ConfigError

INK_SOFT = "#4d5866"
NEW_FILL, AGAIN_FILL, CELL_FILL = "#cfe2f6", "#e6e8ec", "#eef5fc"
CUT = "#c0271d"
GUIDE = "#eceff3"

# What can be read on a slide: narrower columns carry no symbol, and with numbers none.
MOST_STEPS, MOST_STEPS_WITH_VALUES = 32, 16

MARGIN = 28.0
# Where the names of rows and lanes end.
NAMES_RIGHT = 318.0
_COLUMNS_LEFT, _RIGHT, _WIDEST = 340.0, 1252.0, 200.0
# Room beside the lanes for each update's gradient.
_GRADIENTS = 78.0

TITLE, SUBTITLE, NOTES = 34.0, 57.0, 715.0
CAPTION, LOSS, OUTPUT, CELL_TOP, CELL_BOTTOM, RAIL, INPUT = 84.0, 110.0, 150.0, 172.0, 222.0, 235.0, 276.0
LANES_CAPTION, AXIS, LANES_TOP, LANES_BOTTOM, FACTS = 308.0, 328.0, 336.0, 612.0, 637.0
# From this pitch on a lane has room for a second line of words or numbers.
_TWO_LINES, _TWO_NUMBERS = 34.0, 50.0


@dataclass(frozen=True, slots=True)
class Frame:
    """Columns and lanes of one slide.

    Args:
        steps: n.
        lanes: updates.
        with_values: whether numbers are written on it.
    """

    steps: int
    lanes: int
    with_values: bool

    @property
    def left(self) -> float:
        """Where step 1 begins."""
        return _COLUMNS_LEFT

    @property
    def width(self) -> float:
        """Of a column."""
        room = _RIGHT - _COLUMNS_LEFT - (_GRADIENTS if self.with_values else 0)
        return min(_WIDEST, room / self.steps)

    @property
    def right(self) -> float:
        """Where step n ends."""
        return self.edge(self.steps)

    def edge(self, place: int) -> float:
        """x of the place after a step."""
        return self.left + place * self.width

    def centre(self, step: int) -> float:
        """x of a step."""
        return self.left + (step - 0.5) * self.width

    @property
    def cell_width(self) -> float:
        """Of a copy's box: room is left for the arrow between two."""
        return min(72.0, max(0.6 * self.width, min(self.width - 12.0, 58.0) if self.with_values else 0.0))

    @property
    def has_symbols(self) -> bool:
        """Whether every column has room for words such as x(12)."""
        return self.steps <= 16

    @property
    def digits(self) -> int:
        """After the point of a number that has to fit a column."""
        return 3 if self.width >= 66 else 2

    @property
    def pitch(self) -> float:
        """From lane to lane."""
        return (LANES_BOTTOM - LANES_TOP) / self.lanes

    @property
    def bar(self) -> float:
        """Height of a lane's bar."""
        if self.with_values:
            return min(60.0, self.pitch * (0.86 if self.pitch > 22 else 0.94))
        return min(50.0, self.pitch * (0.7 if self.pitch > 22 else 0.86))

    @property
    def has_two_lines(self) -> bool:
        """Whether a lane's name has room for its places too."""
        return self.pitch >= _TWO_LINES

    @property
    def has_two_numbers(self) -> bool:
        """Whether a lane has room for dL/dc(t) below dL/dh(t)."""
        return self.pitch >= _TWO_NUMBERS

    def lane(self, number: int) -> float:
        """y of the middle of a lane, from 1."""
        return LANES_TOP + (number - 0.5) * self.pitch


def frame(steps: int, lanes: int, with_values: bool) -> Frame:
    """The frame of a slide.

    Raises:
        ConfigError: more steps than can be read.
    """
    most = MOST_STEPS_WITH_VALUES if with_values else MOST_STEPS
    if steps > most:
        kind = "with numbers " if with_values else ""
        raise ConfigError(
            f"A slide {kind}has room for {most} steps: {steps:,} came. Draw the same pattern with smaller k1, k2 and "
            "--steps, or leave --svg out: the terminal's drawing leaves out the middle of a long sequence."
        )
    return Frame(steps, lanes, with_values)
