"""`throughtime lab`: a small study that holds statements of the lecture against measurements."""

from __future__ import annotations

from typing import Annotated

import typer

from throughtime.cli.options import Backend, Figure, Json, Short, show


def lab(
    subject: Annotated[
        str | None, typer.Argument(metavar="SUBJECT", help="What to study; without one, the subjects are listed.")
    ] = None,
    seeds: Annotated[int, typer.Option("--seeds", metavar="N", min=1, help="Trainings of each network.")] = 5,
    short: Short = False,
    svg: Figure = None,
    backend: Backend = "processes",
    as_json: Json = False,
) -> None:
    """Hold statements about perceptron, RNN and LSTM against measurements."""
    from throughtime.recipes import lab as studies

    if subject is None:
        if short or svg is not None:
            raise typer.BadParameter("--short and --svg are for one subject: none came. Without any, they are listed.")
        from throughtime.recipes import Column, Table

        columns = Column("subject"), Column("what", words=True)
        return show(Table("Subjects: throughtime lab SUBJECT", columns, tuple(studies.subjects())), as_json)
    show(studies.lab(subject, seeds=seeds, short=short, svg=svg, progress=not as_json, backend=backend), as_json)
