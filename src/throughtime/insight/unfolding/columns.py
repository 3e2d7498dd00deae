"""Which steps stand side by side in the terminal, and how wide: pure numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from throughtime.insight.unfolding.plan import Plan

# Column widths, odd; with numbers a box has room for one of 2 or of 3 digits after the point.
_WIDTHS, _WIDTHS_WITH_VALUES = (9, 7, 5), (11, 9)
_DIGITS = {11: 3, 9: 2}
# A sequence longer than this is shown at both ends only, at most so many steps at each.
LONGEST_SHOWN, _AT_ENDS = 48, 8


@dataclass(frozen=True, slots=True)
class Block:
    """Steps that stand side by side.

    Args:
        columns: each step and the column of characters it begins at; None stands for steps left out.
        width: characters of a column.
        gap: first and last step left out; (0, 0) where there is none.
    """

    columns: tuple[tuple[int | None, int], ...]
    width: int
    gap: tuple[int, int] = (0, 0)

    @property
    def has_gap(self) -> bool:
        """Whether steps are left out."""
        return self.gap != (0, 0)

    @property
    def digits(self) -> int:
        """After the point of a number that has to fit."""
        return _DIGITS.get(self.width, 2)


def blocks(plan: Plan, width: int, with_values: bool) -> list[Block]:
    """The blocks of a drawing, as few as fit the width, with columns as wide as that leaves room for."""
    names = max(10, len(f"update {len(plan.lanes)}") + 1)
    room = max(width - names, 0)
    widths = _WIDTHS_WITH_VALUES if with_values else _WIDTHS
    if plan.steps > LONGEST_SHOWN:
        return [_ends(plan.steps, names, widths[-1], room)]
    fewest = -(-plan.steps // max(1, room // widths[-1]))
    each = -(-plan.steps // fewest)
    column = next((w for w in widths if each * w <= room), widths[-1])
    starts = range(1, plan.steps + 1, each)
    return [_block(range(first, min(first + each, plan.steps + 1)), names, column) for first in starts]


def _ends(steps: int, names: int, column: int, room: int) -> Block:
    """The first and the last steps, with a gap between them."""
    each = max(1, min(_AT_ENDS, (room // column - 1) // 2))
    shown: list[int | None] = [*range(1, each + 1), None, *range(steps - each + 1, steps + 1)]
    return Block(_placed(shown, names, column), column, (each + 1, steps - each))


def _block(steps: range, names: int, column: int) -> Block:
    return Block(_placed(steps, names, column), column)


def _placed(steps: Sequence[int | None], names: int, column: int) -> tuple[tuple[int | None, int], ...]:
    return tuple((step, names + column * at) for at, step in enumerate(steps))
