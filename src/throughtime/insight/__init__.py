"""What a trained network does inside: gates and states at every step, and what the loss owes to each."""

from throughtime.insight.cell import Cell, cell_at
from throughtime.insight.cell_drawing import draw_cell
from throughtime.insight.inspect import Gates, Inspection, inspect
from throughtime.insight.text_drawing import Track, gates_over_text

__all__ = ["Cell", "Gates", "Inspection", "Track", "cell_at", "draw_cell", "gates_over_text", "inspect"]
