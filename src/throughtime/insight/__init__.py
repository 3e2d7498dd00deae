"""What a trained network does inside: gates and states at every step, and what the loss owes to each."""

from throughtime.insight.attribution import (
    Attribution,
    Contribution,
    IntegratedGradients,
    draw_attribution,
    draw_letters_attribution,
    draw_series_attribution,
    draw_text_attribution,
    integrated_gradients,
)
from throughtime.insight.cell import Cell, cell_at
from throughtime.insight.cell_drawing import draw_cell
from throughtime.insight.inspect import Gates, Inspection, inspect
from throughtime.insight.text_drawing import Track, gates_over_text

__all__ = [
    "Attribution",
    "Cell",
    "Contribution",
    "Gates",
    "Inspection",
    "IntegratedGradients",
    "Track",
    "cell_at",
    "draw_attribution",
    "draw_cell",
    "draw_letters_attribution",
    "draw_series_attribution",
    "draw_text_attribution",
    "gates_over_text",
    "inspect",
    "integrated_gradients",
]
