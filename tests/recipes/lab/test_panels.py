"""Columns are read as numbers, curves show every value, and a slide keeps its proportions."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from throughtime.recipes.lab.networks import CELLS
from throughtime.recipes.lab.panels import curve, legend_below, means, network_table, number, slide, spreads
from throughtime.recipes.table import Column, Spread, Table

TABLE = Table(
    "Made up",
    (Column("length"), Column("short"), Column("RNN", "accuracy")),
    ((1, True, Spread(0.9, 0.1, 5)), (2, False, 0.5)),
)


@dataclass
class Out:
    parameters: int
    seconds: float


def test_columns_are_read_as_numbers():
    assert means(TABLE, "accuracy.RNN") == [0.9, 0.5]
    assert means(TABLE, "accuracy.RNN", lambda row: not row["short"]) == [0.5]
    assert spreads(TABLE, "accuracy.RNN") == [Spread(0.9, 0.1, 5), Spread(0.5, 0.0, 1)]
    with pytest.raises(TypeError, match="'x' came"):
        number("x")


def test_networks_are_listed_with_their_size():
    table = network_table({cell: [Out(7, 1.0), Out(7, 3.0)] for cell in CELLS})
    assert [row[:2] for row in table.rows] == [(cell, 7) for cell in CELLS]
    assert table.rows[0][2] == Spread.of([1.0, 3.0])


def test_a_slide_shows_every_curve_in_its_proportions():
    seen = []

    def draw(figure) -> None:
        axes = figure.subplots()
        for cell in CELLS:
            curve(axes, cell, [1.0, 2.0], spreads(TABLE, "accuracy.RNN"))
        legend_below(figure, axes)
        seen.extend(container[0].get_ydata().tolist() for container in axes.containers)

    svg = slide(draw, "made-up")
    assert seen == [[0.9, 0.5]] * 3
    assert 'viewBox="0 0 720 405"' in svg
    for cell in CELLS:
        assert f">{cell}<" in svg
