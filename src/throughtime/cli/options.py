"""Arguments that several commands share, and how a table is printed."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from throughtime.recipes import Table
    from throughtime.recipes.lab import Findings

# Where the output is no terminal: wide enough for most tables, narrow enough for a mail.
WIDTH = 100

Recipe = Annotated[str, typer.Argument(metavar="RECIPE", help="Name of a recipe; `throughtime recipes` lists them.")]
Run = Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a run that `train` made.")]
Data = Annotated[
    Path | None,
    typer.Option("--data", metavar="PATH", help="Your own table, CSV or Parquet; without it, the recipe's sample."),
]
RunData = Annotated[
    Path | None,
    typer.Option("--data", metavar="PATH", help="Another table with the same columns; without it, the run's own."),
]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="One setting of the recipe; may be given several times."),
]
Short = Annotated[
    bool, typer.Option("--short", help="See it run in seconds: fewer, shorter trainings; do not quote its figures.")
]
Figure = Annotated[Path | None, typer.Option("--svg", metavar="FILE", help="Write the figure to this file.")]
Backend = Annotated[
    str,
    typer.Option(
        "--backend",
        metavar="WHERE",
        help="Where trials run: processes of this machine; dask:ADDRESS, a Dask cluster by its scheduler's address or "
        "file; dask, the one that DASK_SCHEDULER_ADDRESS names.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


def settings_from(pairs: list[str] | None) -> dict[str, str]:
    """The settings given as `--set key=value`, by key.

    Raises:
        typer.BadParameter: a word without `=`, a key without a value, or a key given twice.
    """
    settings: dict[str, str] = {}
    for pair in pairs or []:
        key, equals, value = pair.partition("=")
        if not equals or not key.strip():
            raise typer.BadParameter(f"--set takes KEY=VALUE: {pair!r} came. Write for example --set epochs=20.")
        if not value.strip():
            raise typer.BadParameter(
                f"--set takes KEY=VALUE: {pair!r} has no value. Give one, or leave the key out for the recipe's own."
            )
        if key.strip() in settings:
            raise typer.BadParameter(f"--set takes each key once: {key.strip()!r} came twice. Keep one of them.")
        settings[key.strip()] = value.strip()
    return settings


def show(answer: Table | Findings, as_json: bool) -> None:
    """Print an answer, for a person or for a program."""
    print(answer.to_json() if as_json else answer.to_text(shutil.get_terminal_size((WIDTH, 24)).columns))
