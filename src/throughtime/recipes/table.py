"""The table every recipe answers with: printed for people, as JSON or CSV for programs.

A column may belong to a group ("RMSE" over "temp_max", "wind"). In print, whole groups are set side by side as long as
they fit the width; the rest follows in further blocks, each of which repeats the first column.
"""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from textwrap import wrap

from throughtime.base.atomic import write_text
from throughtime.base.errors import ConfigError
from throughtime.insight.lettering import by_power

GAP = "  "
ENDINGS = (".json", ".csv", ".txt", ".md")
# Sizes from here on are read by their power of 10: nobody counts ten digits, or six zeros.
_LARGE, _SMALL = 1e9, 1e-6


@dataclass(frozen=True)
class Spread:
    """A figure measured several times.

    Args:
        mean: mean over the runs.
        deviation: sample standard deviation over the runs (divisor runs - 1); 0 for one run.
        runs: number of runs, at least 1.
    """

    mean: float
    deviation: float
    runs: int

    @classmethod
    def of(cls, values: Iterable[float]) -> Spread:
        """Mean and deviation of `values`; nan where any of them is nan."""
        known = [float(value) for value in values]
        mean = sum(known) / len(known)
        squares = sum((value - mean) ** 2 for value in known)
        return cls(mean, math.sqrt(squares / (len(known) - 1)) if len(known) > 1 else 0.0, len(known))


Cell = str | int | float | bool | date | datetime | Spread | None


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Args:
        name: heading.
        group: heading shared with neighbours of the same group; empty for none.
        digits: digits after the point of its floats; None shows three figures of each (33.1, 0.0331).
        words: whether it holds words; they stand at the left, as in the first column, numbers at the right.
    """

    name: str
    group: str = ""
    digits: int | None = 2
    words: bool = False

    @property
    def key(self) -> str:
        """Name that is unique in the table: "group.name", or the name alone."""
        return f"{self.group}.{self.name}" if self.group else self.name


@dataclass(frozen=True)
class Table:
    """Rows under named columns, with a title above and notes below.

    Args:
        title: one line.
        columns: at least one; the first names the rows.
        rows: one cell per column; None where there is nothing to say.
        notes: plain sentences printed under the table.
    """

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[str, ...] = ()

    def column(self, key: str) -> list[Cell]:
        """The cells under the column of this key ("RMSE.temp_max").

        Raises:
            KeyError: no column has this key.
        """
        keys = [column.key for column in self.columns]
        if key not in keys:
            raise KeyError(f"The table has no column {key!r}; it has {', '.join(keys)}.")
        return [row[keys.index(key)] for row in self.rows]

    def to_text(self, width: int = 100) -> str:
        """The table as text.

        Args:
            width: characters a line may take; one single column, or word of a note, may be wider.
        """
        # A path in a note stays whole, so that it can be copied.
        notes = ["\n".join(wrap(note, width, break_long_words=False, break_on_hyphens=False)) for note in self.notes]
        parts = [self.title, *(block.to_plain() for block in self.blocks(width)), "\n".join(notes)]
        return "\n\n".join(part for part in parts if part)

    def blocks(self, width: int) -> list[Block]:
        """Pieces of at most so many characters a line; a row with nothing in a piece is left out of it."""
        texts, widths = self.texts(), self._widths()
        blocks = []
        for places in _places(self.columns, widths, width):
            rows = [
                [text[i] for i in places]
                for text, row in zip(texts, self.rows, strict=True)
                if places == [0] or any(row[i] is not None for i in places[1:])
            ]
            blocks.append(Block([self.columns[i] for i in places], [widths[i] for i in places], rows))
        return blocks

    def to_json(self) -> str:
        """The table as a JSON object: title, columns, rows (objects, grouped columns nested), notes; nan is null."""
        columns = [{"key": column.key, "name": column.name, "group": column.group} for column in self.columns]
        body = {"title": self.title, "columns": columns, "rows": self._objects(), "notes": list(self.notes)}
        return json.dumps(body, indent=2, allow_nan=False, ensure_ascii=False)

    def to_csv(self) -> str:
        """The rows as CSV with the columns' keys as header; a measured spread becomes mean and deviation columns."""
        spread = [any(isinstance(row[i], Spread) for row in self.rows) for i in range(len(self.columns))]
        sink = io.StringIO()
        writer = csv.writer(sink, lineterminator="\n")
        writer.writerow(
            name
            for column, twice in zip(self.columns, spread, strict=True)
            for name in ([column.key, f"{column.key}.deviation"] if twice else [column.key])
        )
        for row in self.rows:
            writer.writerow(field for cell, twice in zip(row, spread, strict=True) for field in _fields(cell, twice))
        return sink.getvalue()

    def save(self, path: str | Path) -> None:
        """Write the table to a file, whole or not at all; the ending says how: .json, .csv, .txt or .md.

        Raises:
            ConfigError: another ending.
        """
        check_ending(path)
        write = {".json": self.to_json, ".csv": self.to_csv, ".txt": self.to_text, ".md": self.to_markdown}
        write_text(Path(path), write[Path(path).suffix.lower()]().rstrip("\n") + "\n")

    def to_markdown(self) -> str:
        """The table as one Markdown table under its title."""
        heads = [f"{column.group} {column.name}".strip() for column in self.columns]
        lines = [heads, ["---", *["---:"] * (len(heads) - 1)]]
        lines += [
            [_text(cell, column.digits) for cell, column in zip(row, self.columns, strict=True)] for row in self.rows
        ]
        table = "\n".join("| " + " | ".join(line) + " |" for line in lines)
        return "\n\n".join([f"**{self.title}**", table, *self.notes])

    def texts(self) -> list[list[str]]:
        """Every row's cells as they are printed."""
        return [
            [_text(cell, column.digits) for cell, column in zip(row, self.columns, strict=True)] for row in self.rows
        ]

    def _objects(self) -> list[dict[str, object]]:
        objects = []
        for row in self.rows:
            entry: dict[str, object] = {}
            for cell, column in zip(row, self.columns, strict=True):
                place = entry.setdefault(column.group, {}) if column.group else entry
                place[column.name] = _plain(cell)  # type: ignore[index]
            objects.append(entry)
        return objects

    def _widths(self) -> list[int]:
        """Characters each column takes; a group's heading may widen its last column."""
        texts = self.texts()
        widths = [max(len(column.name), *(len(row[i]) for row in texts), 1) for i, column in enumerate(self.columns)]
        for run in _runs(range(len(self.columns)), self.columns):
            short = len(self.columns[run[0]].group) - _room(run, widths)
            widths[run[-1]] += max(0, short)
        return widths


@dataclass(frozen=True)
class Block:
    """Some columns of a table, as texts.

    Args:
        columns: the table's first column, and some neighbours.
        widths: characters each takes.
        rows: texts.
    """

    columns: list[Column]
    widths: list[int]
    rows: list[list[str]]

    def groups(self) -> list[tuple[str, int]]:
        """Headings above the names, and how many columns each spans."""
        runs = _runs(range(len(self.columns)), self.columns)
        return [(self.columns[run[0]].group, len(run)) for run in runs]

    def to_plain(self) -> str:
        """The block as lines of text."""
        lines = [[column.name for column in self.columns], ["-" * width for width in self.widths], *self.rows]
        printed = [
            GAP.join(
                text.ljust(width) if i == 0 or self.columns[i].words else text.rjust(width)
                for i, (text, width) in enumerate(zip(line, self.widths, strict=True))
            )
            for line in lines
        ]
        if any(column.group for column in self.columns):
            printed.insert(0, self._headings())
        return "\n".join(line.rstrip() for line in printed)

    def _headings(self) -> str:
        runs = _runs(range(len(self.columns)), self.columns)
        rooms = [_room(run, self.widths) for run in runs]
        return GAP.join(self.columns[run[0]].group[:room].center(room) for run, room in zip(runs, rooms, strict=True))


def check_ending(path: str | Path) -> None:
    """Raise ConfigError unless a table can be written to a file of this name."""
    if Path(path).suffix.lower() not in ENDINGS:
        raise ConfigError(
            f"A table is written as {', '.join(ENDINGS)}; the file is named {Path(path).name!r}. "
            "Give it such an ending."
        )


def _room(run: Sequence[int], widths: Sequence[int]) -> int:
    return sum(widths[i] for i in run) + len(GAP) * (len(run) - 1)


def _runs(block: Sequence[int], columns: Sequence[Column]) -> list[list[int]]:
    """Neighbouring columns that share a group."""
    runs: list[list[int]] = []
    for i in block:
        if runs and columns[i].group and columns[runs[-1][0]].group == columns[i].group:
            runs[-1].append(i)
        else:
            runs.append([i])
    return runs


def _places(columns: Sequence[Column], widths: Sequence[int], width: int) -> list[list[int]]:
    """Which columns stand in which block; a group is torn only where it alone is too wide."""
    room = width - widths[0]
    units: list[list[int]] = []
    for run in _runs(range(1, len(columns)), columns):
        whole = sum(widths[i] + len(GAP) for i in run) <= room
        units += [run] if whole else [[i] for i in run]
    blocks: list[list[int]] = [[0]]
    for unit in units:
        used = sum(widths[i] + len(GAP) for i in blocks[-1][1:])
        if blocks[-1] != [0] and used + sum(widths[i] + len(GAP) for i in unit) > room:
            blocks.append([0])
        blocks[-1] += unit
    return blocks


def three_figures(size: float) -> int:
    """Digits after the point that show three figures of a number of this size."""
    return max(0, 2 - math.floor(math.log10(abs(size)))) if size and math.isfinite(size) else 2


def _text(cell: Cell, digits: int | None) -> str:
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        return "-"
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, float):
        return _number(cell, digits)
    if isinstance(cell, int):
        return f"{cell:,}"
    if isinstance(cell, Spread):
        shown = three_figures(cell.mean) if digits is None else digits
        mean = _text(cell.mean, shown)
        return f"{mean} ±{_number(cell.deviation, shown)}" if cell.runs > 1 and mean != "-" else mean
    return _moment(cell)


def _number(value: float, digits: int | None) -> str:
    """So many digits after the point, or three figures; a size that would take a line of digits by its power of 10."""
    size = abs(value)
    if size >= _LARGE or (digits is None and 0 < size < _SMALL):
        return by_power(value, 2)
    return f"{value:,.{three_figures(value) if digits is None else digits}f}"


def _moment(cell: str | date | datetime) -> str:
    if isinstance(cell, datetime):
        text = cell.isoformat(sep=" ")
        return text.removesuffix(" 00:00:00")
    return cell.isoformat() if isinstance(cell, date) else cell


def _plain(cell: Cell) -> object:
    """What JSON holds for a cell."""
    if isinstance(cell, Spread):
        return {"mean": _plain(cell.mean), "deviation": _plain(cell.deviation), "runs": cell.runs}
    if isinstance(cell, float):
        return cell if math.isfinite(cell) else None
    return _moment(cell) if isinstance(cell, date) else cell


def _fields(cell: Cell, twice: bool) -> list[object]:
    """What CSV holds for a cell: two fields in a column that holds a spread somewhere."""
    if isinstance(cell, Spread):
        return [cell.mean, cell.deviation]
    plain = _plain(cell)
    return [plain, None] if twice else [plain]
