"""`throughtime generate`: what a trained run writes, text printed as it is written, other things into a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from throughtime.cli.options import Run

Steps = Annotated[
    int | None,
    typer.Option("--steps", metavar="N", help="Symbols, frames or points at most; of text 500, of music 128."),
]
Prompt = Annotated[
    str,
    typer.Option(
        "--prompt",
        metavar="TEXT",
        help="What is gone on from; of handwriting the phrase, of music a MIDI file, of captions an image.",
    ),
]
Temperature = Annotated[
    float, typer.Option("--temperature", metavar="T", help="Below 1 the likely become likelier, above 1 less so.")
]
TopK = Annotated[int | None, typer.Option("--top-k", metavar="K", help="Draw from the K likeliest symbols alone.")]
TopP = Annotated[float, typer.Option("--top-p", metavar="P", help="Draw from the fewest symbols that hold this share.")]
Penalty = Annotated[
    float, typer.Option("--repetition-penalty", metavar="R", help="Above 1, what came lately becomes less likely.")
]
Beam = Annotated[int | None, typer.Option("--beam", metavar="N", help="Find the likeliest text by a beam of N.")]
Stop = Annotated[str | None, typer.Option("--stop", metavar="TEXT", help="Write no more after this text.")]
Bias = Annotated[
    float | None, typer.Option("--bias", metavar="B", help="Of handwriting: above 0 tidier, below 0 wilder.")
]
Out = Annotated[
    Path | None,
    typer.Option(
        "--out",
        metavar="FILE",
        help="Write into this file, or replace it; of music .mid, .wav, .svg; of a pen .svg, .png.",
    ),
]
Seed = Annotated[int, typer.Option("--seed", metavar="N", help="Of the draws: the same one, the same text.")]


def generate(
    run: Run,
    steps: Steps = None,
    prompt: Prompt = "",
    temperature: Temperature = 1.0,
    top_k: TopK = None,
    top_p: TopP = 1.0,
    repetition_penalty: Penalty = 1.0,
    beam: Beam = None,
    stop: Stop = None,
    bias: Bias = None,
    seed: Seed = 0,
    out: Out = None,
) -> None:
    """Write with a run's model: text, or what its recipe makes."""
    from throughtime import recipes

    pieces = recipes.generate(
        run,
        steps,
        prompt,
        temperature=temperature,
        top_k=top_k,
        top_p=top_p,
        repetition_penalty=repetition_penalty,
        beam=beam,
        stop=stop,
        bias=bias,
        seed=seed,
        out=out,
    )
    for piece in pieces:
        print(piece, end="", flush=True)
    print()
