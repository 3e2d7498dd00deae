"""`throughtime reach`: how far a loss's gradient goes back, by lag."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated

import typer

from throughtime.cli.options import WIDTH, Json


def reach(
    target: Annotated[
        str | None,
        typer.Argument(
            metavar="RUN|RECIPE",
            help="Folder of a trained run, or a recipe's name; without one, RNN and LSTM by their initialisation.",
        ),
    ] = None,
    lags: Annotated[
        str | None, typer.Option("--lags", metavar="L,L,...", help="Steps back, such as 0,10,50,100.")
    ] = None,
    seeds: Annotated[
        int | None, typer.Option("--seeds", metavar="N", min=1, help="Networks of each kind; 5 without it.")
    ] = None,
    short: Annotated[
        bool, typer.Option("--short", help="See it run in seconds: fewer, shorter trainings; do not quote its figures.")
    ] = False,
    svg: Annotated[Path | None, typer.Option("--svg", metavar="FILE", help="Write the figure to this file.")] = None,
    as_json: Json = False,
) -> None:
    """Measure how far gradients reach back: where they vanish, where they explode, and what truncation cuts."""
    from throughtime.recipes.reach import reach as measure

    found = measure(target, lags=lags, seeds=seeds, short=short, svg=svg, progress=not as_json)
    print(found.to_json() if as_json else found.to_text(shutil.get_terminal_size((WIDTH, 24)).columns))
