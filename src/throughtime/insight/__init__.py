"""What a trained network does inside: gates and states at every step, and what the loss owes to each."""

from throughtime.insight.cell import Cell, cell_at
from throughtime.insight.cell_drawing import draw_cell
from throughtime.insight.inspect import Gates, Inspection, inspect

__all__ = ["Cell", "Gates", "Inspection", "cell_at", "draw_cell", "inspect"]
