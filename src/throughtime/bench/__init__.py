"""Benchmarks a user can rerun: our layers beside torch's own, equal results proven first."""

from throughtime.bench import report
from throughtime.bench.lstm import QUESTIONS, Row, ask
from throughtime.bench.pairs import Timing, interleaved

__all__ = ["QUESTIONS", "Row", "Timing", "ask", "interleaved", "report"]
