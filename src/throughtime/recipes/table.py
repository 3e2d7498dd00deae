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

GAP = "  "


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
        digits: digits after the point of its floats.
    """

    name: str
    group: str = ""
    digits: int = 2

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
            width: characters a line may take; one single column may be wider.
        """
        texts = [
            [_text(cell, column.digits) for cell, column in zip(row, self.columns, strict=True)] for row in self.rows
        ]
        widths = [max(len(column.name), *(len(row[i]) for row in texts), 1) for i, column in enumerate(self.columns)]
        blocks = [self._block(block, texts, widths) for block in _blocks(self.columns, widths, width)]
        notes = ["\n".join(wrap(note, width)) for note in self.notes]
        return "\n\n".join([self.title, *blocks, *(["\n".join(notes)] if notes else [])])

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
        kinds = {".json": self.to_json, ".csv": self.to_csv, ".txt": self.to_text, ".md": self.to_markdown}
        kind = Path(path).suffix.lower()
        if kind not in kinds:
            raise ConfigError(
                f"A table is written as {', '.join(kinds)}; the file is named {Path(path).name!r}. "
                "Give it such an ending."
            )
        write_text(Path(path), kinds[kind]().rstrip("\n") + "\n")

    def to_markdown(self) -> str:
        """The table as one Markdown table under its title."""
        heads = [f"{column.group} {column.name}".strip() for column in self.columns]
        lines = [heads, ["---", *["---:"] * (len(heads) - 1)]]
        lines += [
            [_text(cell, column.digits) for cell, column in zip(row, self.columns, strict=True)] for row in self.rows
        ]
        table = "\n".join("| " + " | ".join(line) + " |" for line in lines)
        return "\n\n".join([f"**{self.title}**", table, *self.notes])

    def _texts(self) -> list[list[str]]:
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

    def _block(self, block: Sequence[int], texts: list[list[str]], widths: list[int]) -> str:
        heads = [_aligned(self.columns[i].name, widths[i], i) for i in block]
        lines = [GAP.join(heads)] + [GAP.join(_aligned(row[i], widths[i], i) for i in block) for row in texts]
        lines.insert(1, GAP.join("-" * widths[i] for i in block))
        if any(self.columns[i].group for i in block):
            lines.insert(0, self._group_line(block, widths))
        return "\n".join(line.rstrip() for line in lines)

    def _group_line(self, block: Sequence[int], widths: list[int]) -> str:
        pieces = []
        for group in _runs(block, self.columns):
            room = sum(widths[i] for i in group) + len(GAP) * (len(group) - 1)
            pieces.append(self.columns[group[0]].group[:room].center(room))
        return GAP.join(pieces)


def _aligned(text: str, width: int, position: int) -> str:
    return text.ljust(width) if position == 0 else text.rjust(width)


def _runs(block: Sequence[int], columns: Sequence[Column]) -> list[list[int]]:
    """Neighbouring columns that share a group."""
    runs: list[list[int]] = []
    for i in block:
        if runs and columns[i].group and columns[runs[-1][0]].group == columns[i].group:
            runs[-1].append(i)
        else:
            runs.append([i])
    return runs


def _blocks(columns: Sequence[Column], widths: Sequence[int], width: int) -> list[list[int]]:
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


def _text(cell: Cell, digits: int) -> str:
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        return "-"
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, float):
        return f"{cell:,.{digits}f}"
    if isinstance(cell, int):
        return f"{cell:,}"
    if isinstance(cell, Spread):
        mean = _text(cell.mean, digits)
        return f"{mean} ±{cell.deviation:.{digits}f}" if cell.runs > 1 and mean != "-" else mean
    return _moment(cell)


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
