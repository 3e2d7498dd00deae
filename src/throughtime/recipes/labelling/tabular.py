"""Texts and letters with their labels from tables, JSON lines, folders and frames, as `Reading`s.

What `data.read_labelled` and `data.read_texts` read, and beside it the columns that name a sequence, tell its group,
or say which part it is of.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from throughtime.base.errors import DataError
from throughtime.data import read_labelled, read_table, read_texts
from throughtime.recipes.labelling.problem import Reading
from throughtime.recipes.labelling.settings import Columns, Split


def read_rows(data: Any, columns: Columns, split: Split, labelled: bool, title: str = "") -> Reading:
    """Read sequences of letters or words.

    Args:
        data: path of a table, of JSON lines or of a folder.
        columns: which are what; the empty ones are guessed.
        split: may name columns of groups and parts; where nothing is to be trained it is not looked at.
        labelled: whether labels are needed.
        title: of the data; empty: the file's name.

    Raises:
        DataError, FileMissingError: whatever is wrong with the data.
    """
    if not isinstance(data, str | os.PathLike):
        raise DataError(
            f"Sequences are read from a file or a folder: {type(data).__name__} came. Save it as .csv, or use "
            "SequenceClassifier itself."
        )
    path = Path(data)
    texts, labels = _texts(path, columns, labelled)
    beside = [columns.name, *((split.group, split.split) if labelled else ())]
    names, groups, parts = (_column(path, name) for name in [*beside, "", ""][:3])
    rule = () if labels is None else (f"Label: {'the folder' if path.is_dir() else 'the row'} a sequence came from.",)
    return Reading(
        title or path.name, texts, labels, names or [str(n) for n in range(1, len(texts) + 1)], groups, parts, rule
    )


def _texts(path: Path, columns: Columns, labelled: bool) -> tuple[list[str], list[Any] | None]:
    if labelled:
        return read_labelled(path, columns.sequence or None, columns.label or None)
    return read_texts(path, columns.sequence or None), None


def _column(path: Path, name: str) -> list[str] | None:
    """A column as text; None where none is named."""
    if not name:
        return None
    if path.is_dir() or ".json" in path.name or ".ndjson" in path.name:
        raise DataError(
            f"A column beside sequence and label is one of a .csv, .tsv or .parquet table: {name!r} was named for "
            f"{str(path)!r}. Convert it, or leave the setting out."
        )
    cells = read_table(path, columns=[name])[name].to_list()
    if None in cells:
        raise DataError(
            f"Column {name!r} of {str(path)!r} says of each row what it is: row {cells.index(None) + 1} is empty. "
            "Fill it in, or leave the setting out."
        )
    return [str(cell) for cell in cells]
