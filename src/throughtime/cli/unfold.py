"""`throughtime unfold`: a recurrent network unfolded in time, and what TBPTT(k1, k2) does on it, drawn."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer


def unfold(
    steps: Annotated[int, typer.Option("--steps", metavar="N", help="Steps of the sequence.")] = 12,
    tbptt: Annotated[
        str, typer.Option("--tbptt", metavar="K1,K2", help="Schedule: 3,5 or n,n or 3,5,window or 3,5,cut.")
    ] = "3,5",
    cell: Annotated[str, typer.Option("--cell", metavar="CELL", help="lstm or rnn.")] = "lstm",
    values: Annotated[
        bool, typer.Option("--values", help="Run a tiny network and write its numbers, forward and backward.")
    ] = False,
    svg: Annotated[Path | None, typer.Option("--svg", metavar="FILE", help="Write a slide to this file.")] = None,
    seed: Annotated[int, typer.Option("--seed", metavar="S", help="Of the tiny network's weights and data.")] = 0,
    inputs: Annotated[int, typer.Option("--inputs", metavar="C", help="Inputs, where bytes are counted.")] = 16,
    hidden: Annotated[int, typer.Option("--hidden", metavar="H", help="Hidden units, likewise.")] = 128,
    batch: Annotated[int, typer.Option("--batch", metavar="B", help="Sequences side by side, likewise.")] = 32,
    as_json: Annotated[
        bool,
        typer.Option("--json", help="Print JSON for programs: steps from 1, their ranges as first and last, or null."),
    ] = False,
) -> None:
    """Draw a network unfolded in time, its forward pass and every update of TBPTT(k1, k2)."""
    from throughtime.bptt import TBPTT
    from throughtime.insight.unfolding import Sizes, look_of, unfolding

    sizes = Sizes(inputs, hidden, batch)
    picture = unfolding(steps, TBPTT.parse(tbptt), cell, with_values=values, seed=seed, sizes=sizes)
    if svg is not None:
        picture.save(svg)
    print(picture.to_json() if as_json else picture.to_text(look_of(sys.stdout)))
