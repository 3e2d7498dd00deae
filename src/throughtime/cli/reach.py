"""`throughtime reach`: how far a loss's gradient goes back, by lag."""

from __future__ import annotations

from typing import Annotated

import typer

from throughtime.cli.options import Backend, Figure, Json, Short, show


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
    short: Short = False,
    svg: Figure = None,
    backend: Backend = "processes",
    as_json: Json = False,
) -> None:
    """Measure how far gradients reach back: where they vanish, where they explode, and what truncation cuts."""
    from throughtime.recipes.reach import reach as measure

    found = measure(target, lags=lags, seeds=seeds, short=short, svg=svg, progress=not as_json, backend=backend)
    show(found, as_json)
