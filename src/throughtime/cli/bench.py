"""`throughtime bench`: our layers beside torch's own on this machine."""

from __future__ import annotations

from typing import Annotated

import typer

from throughtime.cli.options import Json, show


def bench(
    question: Annotated[
        str,
        typer.Argument(metavar="QUESTION", help="training, inference, ragged, step, variants, stacked, long or busy."),
    ] = "training",
    rounds: Annotated[int, typer.Option("--rounds", min=1, metavar="N", help="Samples of each side.")] = 7,
    as_json: Json = False,
) -> None:
    """Time tt.LSTM beside torch.nn.LSTM on this machine, after showing that their results are equal."""
    from throughtime.bench import ask, report

    show(report.table(question, list(ask(question, rounds))), as_json)
