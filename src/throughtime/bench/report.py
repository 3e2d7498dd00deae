"""Rows of a benchmark as a table for people."""

from __future__ import annotations

import math
from collections.abc import Iterable

from throughtime.bench.lstm import Row
from throughtime.recipes import Column, Table


def table(question: str, rows: Iterable[Row]) -> Table:
    """One line a comparison, and the geometric mean of the ratios.

    Args:
        question: what was asked.
        rows: at least one.
    """
    columns = (
        Column("case"), Column("ms", "tt.LSTM", 3), Column("threads", "tt.LSTM"), Column("ms", "rival", 3),
        Column("threads", "rival"), Column("rival", words=True), Column("times as fast"), Column("GFLOP/s", digits=0),
        Column("beside", words=True),
    )  # fmt: skip
    found = list(rows)
    lines = tuple(
        (
            row.case, row.ours_ms, row.ours_threads, row.theirs_ms, row.theirs_threads, row.rival, row.ratio,
            row.flops / row.ours_ms / 1e6 if row.flops else None,
            ", ".join(f"{name} {value:.2f}" for name, value in row.notes.items()),
        )
        for row in found
    )  # fmt: skip
    mean = math.exp(sum(math.log(row.ratio) for row in found) / len(found))
    return Table(
        f"{question}: tt.LSTM beside the best PyTorch offers, equal results shown first",
        columns,
        lines,
        (f"Geometric mean of the ratios: {mean:.2f}. Medians of interleaved runs, each side at its best threads.",),
    )
