"""Published rows, rerun with the default settings on the sets they were published for.

    sets      public sets and how each is parted      streams   those of the Numenta Anomaly Benchmark
    trials    trainings of `SequenceClassifier`       rows      the rows there are, and how well each figure is known

Our figures stand beside the published ones with the split they are on; who rerun them needs the sets, which
`throughtime data get` fetches.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from throughtime.base.checks import did_you_mean
from throughtime.base.errors import ConfigError, FileMissingError
from throughtime.data.public import data_folder, missing_files
from throughtime.recipes.reproduce.row import Found, Row
from throughtime.recipes.reproduce.rows import ROWS
from throughtime.recipes.table import Cell, Column, Table, check_ending

__all__ = ["Found", "Row", "reproduce", "rows"]

ALL = "all"


def rows() -> Table:
    """Every row that can be rerun: metric, what is published, how well we know that, data, and whether it is here."""
    folder = data_folder()
    columns = (
        *(Column(name, words=True) for name in ("name", "metric", "published", "known", "data")),
        Column("here"),
    )
    lines = [
        (row.name, row.metric, row.published, row.known, row.data or "-", not missing_files(row.files, folder))
        for row in ROWS.values()
    ]
    return Table("Rows: throughtime reproduce NAME", columns, tuple(lines), _legend(folder))


def reproduce(
    names: Sequence[str],
    *,
    trials: int | None = None,
    settings: Mapping[str, str] | None = None,
    out: str | Path | None = None,
    progress: bool = True,
) -> Table:
    """Rerun published rows and set our figures beside theirs.

    Args:
        names: of the rows; "all" takes those whose data is here.
        trials: folds, draws or seeds, at least 1, at most those of the row; None takes all of them.
        settings: of the row's estimator (of the recipe, for beijing_pm25) other than the defaults, values as text.
        out: a file for the table that ends in .json, .csv, .txt or .md.
        progress: whether to show on standard error how many trials are done.

    Raises:
        ConfigError: no such row or setting, no trials, a file with another ending.
        FileMissingError: a row's data is not here; the message says how to get it.
        WriteError: the file cannot be written.
    """
    if trials is not None and trials < 1:
        raise ConfigError(f"`trials` counts folds, draws or seeds, at least 1; {trials} came.")
    if out is not None:
        check_ending(out)
    folder, wanted, absent = _wanted(names)
    checked = [row.check(settings or {}) for row in wanted]
    lines: list[tuple[Cell, ...]] = []
    for row, own in zip(wanted, checked, strict=True):
        began = time.perf_counter()
        found = row.run(folder, min(trials or row.trials, row.trials), own, progress)
        lines += [_line(row, each, time.perf_counter() - began) for each in found]
    table = Table(
        "Published rows, rerun", _COLUMNS, tuple(lines), tuple(_notes(wanted, absent, settings or {}, trials))
    )
    if out is not None:
        table.save(out)
    return table


_COLUMNS = (
    Column("row"),
    Column("metric", words=True),
    Column("ours", digits=4),
    Column("published", words=True),
    Column("known", words=True),
    Column("beside it", words=True),
    Column("trials"),
    Column("seconds", digits=0),
)


def _wanted(names: Sequence[str]) -> tuple[Path, list[Row], list[Row]]:
    """The folder, the rows to rerun, and those of "all" whose data is not here."""
    for name in names:
        if name not in (*ROWS, ALL):
            hint = did_you_mean(name, (*ROWS, ALL), "there is")
            raise ConfigError(f"A row must be one of those that exist; {name!r} is none: {hint}")
    folder = data_folder()
    asked = list(ROWS.values()) if ALL in names else [ROWS[name] for name in dict.fromkeys(names)]
    absent = [row for row in asked if missing_files(row.files, folder)]
    wanted = [row for row in asked if row not in absent]
    if folder is None or not wanted or (absent and ALL not in names):
        raise FileMissingError(
            f"A row is rerun on its own data: {', '.join(row.name for row in absent)} cannot be, "
            f"{_missing(absent[0], folder)}. {_remedy(absent[0])}"
        )
    return folder, wanted, absent


def _missing(row: Row, folder: Path | None) -> str:
    where = "no data folder is known here" if folder is None else f"it is not in {str(folder)!r}"
    return f"{missing_files(row.files, folder)[0]} is missing, {where}"


def _remedy(row: Row) -> str:
    if row.data:
        return f"Get it: throughtime data get {row.data}"
    return f"Put it there by hand, with gzip ({row.obtain}); no address of it could be pinned."


def _line(row: Row, found: Found, seconds: float) -> tuple[Cell, ...]:
    beside = ", ".join(f"{name} {figure:.4g}" for name, figure in found.beside.items())
    known = row.known if found.published else ""
    return (
        *(found.name, row.metric, found.ours, found.published or "-", known or "-", beside or "-"),
        *(found.ours.runs, seconds),
    )


def _notes(wanted: Sequence[Row], absent: Sequence[Row], settings: Mapping[str, str], trials: int | None) -> list[str]:
    said = [f"{row.name}: {row.split}." for row in wanted]
    fewer = [row.name for row in wanted if trials is not None and trials < row.trials]
    if fewer:
        said.append(f"Fewer trials than the row has: {', '.join(fewer)}. Do not quote these figures as it.")
    if settings:
        said.append(f"Other settings than the defaults: {', '.join(f'{k}={v}' for k, v in settings.items())}.")
    said += [f"{row.name} was left out, its data is not here. {_remedy(row)}" for row in absent]
    return [*said, _KNOWN]


_KNOWN = "Published figures are seen (where they were published), recalled (from memory) or measured (by us)."


def _legend(folder: Path | None) -> tuple[str, ...]:
    where = (
        "no folder is known: set THROUGHTIME_DATA, or install 'throughtime[data]'" if folder is None else str(folder)
    )
    return (f"Data: {where}", _KNOWN)
