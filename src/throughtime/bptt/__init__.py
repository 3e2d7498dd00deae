"""Truncated backpropagation through time, exact for every (k1, k2): the schedule, the engine, what carries over."""

from throughtime.bptt.carry import Carry
from throughtime.bptt.engine import Update
from throughtime.bptt.memory import MemoryPlan
from throughtime.bptt.nests import Nest, leaves, map_nest
from throughtime.bptt.pieces import label_pieces, token_pieces
from throughtime.bptt.plan import TBPTT, Window
from throughtime.bptt.protocol import check_splittable
from throughtime.bptt.reach import Reach, gradient_reach
from throughtime.bptt.sources import DocumentStates
from throughtime.bptt.steps import Piece
from throughtime.bptt.through import Updates, memory_plan, through_stream, through_time

__all__ = [
    "TBPTT",
    "Carry",
    "DocumentStates",
    "MemoryPlan",
    "Nest",
    "Piece",
    "Reach",
    "Update",
    "Updates",
    "Window",
    "check_splittable",
    "gradient_reach",
    "label_pieces",
    "leaves",
    "map_nest",
    "memory_plan",
    "through_stream",
    "through_time",
    "token_pieces",
]
