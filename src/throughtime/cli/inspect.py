"""`throughtime inspect`: the memory cell of a trained run at one step, or the steps a sequence owes its class to."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from throughtime.cli.options import Json, Run, RunData, show


def inspect(
    run: Run,
    step: Annotated[
        str | None,
        typer.Option(
            "--step",
            metavar="T",
            help="Row that is read, counted from 1, or its time, such as 2015-06-01; without it, the last one of the "
            "test part whose next is known.",
        ),
    ] = None,
    svg: Annotated[Path | None, typer.Option("--svg", metavar="FILE", help="Write the drawing to this file.")] = None,
    series: Annotated[
        str | None, typer.Option("--series", metavar="ID", help="Which series or sequence; without it, the first.")
    ] = None,
    unit: Annotated[
        int | None,
        typer.Option(
            "--unit",
            metavar="U",
            help="Which cell of the layer, counted from 1; without it, the one that moves the step's loss most.",
        ),
    ] = None,
    layer: Annotated[
        int | None,
        typer.Option("--layer", metavar="K", help="Which layer, counted from 1; without it, the last one."),
    ] = None,
    data: RunData = None,
    as_json: Json = False,
) -> None:
    """Look into a run: the memory cell at one step, or which steps a sequence owes its class to."""
    from throughtime import recipes

    table = recipes.inspect(run, step=step, svg=svg, series=series, unit=unit, layer=layer, data=data)
    show(table, as_json)
