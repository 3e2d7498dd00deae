"""`throughtime inspect`: the memory cell of a trained run at one step, as a table and as a drawing.

    step t     reads row t of a series and forecasts row t + 1; t = 1 .. rows - 1
    L          the training's loss of that forecast: negative log-likelihood, mean over targets, in nats

The state comes from all rows before t. Gradients are of L alone, with respect to what the LSTM did at step t.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from torch import Tensor

from throughtime.base.atomic import write_text
from throughtime.base.errors import ConfigError, DataError
from throughtime.bptt import Piece, map_nest
from throughtime.data.clock import as_time, show_time
from throughtime.insight import Cell, cell_at, draw_cell
from throughtime.insight.cell import GATES
from throughtime.insight.lettering import shown, signed
from throughtime.nn import LSTM
from throughtime.recipes.forecasting.problem import ROW, Problem
from throughtime.recipes.recipe import Look
from throughtime.recipes.table import Cell as Entry
from throughtime.recipes.table import Column, Table
from throughtime.tasks import SequencePredictor
from throughtime.tasks.baselines import TEST
from throughtime.tasks.network import InputBeside, head_of
from throughtime.tasks.network import run as run_network

# Steps drawn before and after the one looked at: a season of days, and what became of it.
BEFORE, AFTER = 60, 30
# Inputs named in the table's notes.
_MOST_INPUTS = 5
_NAMES = {"i": "input gate i", "f": "forget gate f", "g": "candidate g", "o": "output gate o"}


@dataclass(frozen=True)
class _Series:
    """One series of a problem.

    Args:
        frame: its rows, as the predictor reads them.
        clock: [T] local times, or None where rows have none but their number.
        drawn: name and [T] values of its first target.
        scored: [T] bool, the rows of the test part.
    """

    frame: pl.DataFrame
    clock: np.ndarray | None
    drawn: tuple[str, np.ndarray]
    scored: np.ndarray

    def called(self, row: int) -> str:
        """A row, counted from 0, as it is called in the drawing."""
        return f"{row + 1:,}" if self.clock is None else show_time(self.clock[row])

    def heading(self, row: int) -> str:
        """A row, counted from 0, as the step that reads it is called in a heading."""
        return f"step {row + 1:,}" + ("" if self.clock is None else f" ({show_time(self.clock[row])})")


def look_into(predictor: SequencePredictor, problem: Problem, look: Look) -> Table:
    """Look into the memory cell; see `recipes.inspect`."""
    lstm = _lstm_of(predictor)
    of_layer = _from_zero("layer", lstm.num_layers if look.layer is None else look.layer, lstm.num_layers)
    of_unit = None if look.unit is None else _from_zero("unit", look.unit, lstm.hidden_size)
    one = _series_of(problem, look.series)
    piece = predictor.network_piece(one.frame)
    place = _default_step(one, piece) if look.step is None else _step(one, look.step)
    window = slice(max(0, place - BEFORE), min(len(one.frame) - 1, place + AFTER + 1))
    cell = _cell_of(predictor, lstm, piece, place, window, of_unit, of_layer)
    forecast = _forecast_note(predictor, problem, one, place)
    notes = [_meaning_note(cell), _inputs_note(cell, predictor), *forecast]
    if look.svg is not None:
        write_text(Path(look.svg), _drawing(cell, predictor, problem, one, place, window))
        notes.append(f"Drawing: {look.svg}.")
    return _table(cell, f"{problem.title}: memory cell {cell.unit + 1:,} at {one.heading(place)}", notes)


def _lstm_of(predictor: SequencePredictor) -> LSTM:
    core = predictor.network_.core
    if not isinstance(core, InputBeside) or not isinstance(core.layer, LSTM):
        raise ConfigError(
            f"A memory cell is what an LSTM has: this run's network is of cell {predictor.cell!r}. Train one with "
            "--set cell=lstm."
        )
    return core.layer


def _from_zero(name: str, number: int, count: int) -> int:
    if not 1 <= number <= count:
        raise ConfigError(f"A {name} of this network is a number from 1 to {count:,}: {number:,} came. Choose another.")
    return number - 1


def _series_of(problem: Problem, name: str | None) -> _Series:
    series = problem.series
    place = 0 if name is None else _named_series(problem, name)
    start = int(series.lengths[:place].sum())
    frame = series.to_frame()[start : start + int(series.lengths[place])]
    if len(frame) < 2:
        raise DataError(
            f"A step reads a row and forecasts the next: series {series.ids[place]!r} has {len(frame)} row. "
            "Choose another one."
        )
    dated = series.times is not None and problem.columns.time != (ROW,)
    target = (*problem.numeric, *problem.classes)[0]
    drawn = series.values[place][:, series.columns.index(target)]
    clock = frame[series.time_name].to_numpy() if dated else None
    return _Series(frame, clock, (target, drawn), problem.part[place] == TEST)


def _named_series(problem: Problem, name: str) -> int:
    names = [str(each) for each in problem.series.ids]
    if problem.series.id_name is None:
        raise ConfigError(
            f"A series has a name where the table has an id column: {name!r} came for one without. Omit it."
        )
    if name not in names:
        some = ", ".join(names[:8]) + (", ..." if len(names) > 8 else "")
        raise ConfigError(f"A series is named as in column {problem.series.id_name!r}, one of {some}: {name!r} came.")
    return names.index(name)


def _default_step(one: _Series, piece: Piece) -> int:
    """The last step of the test part whose forecast has a loss, else the last with one, else the last."""
    assert piece.weights is not None  # `piece_of` gives them
    known = piece.weights[:, 0].numpy() > 0
    for steps in (np.flatnonzero(known & one.scored[1:]), np.flatnonzero(known)):
        if len(steps):
            return int(steps[-1])
    return len(known) - 1


def _step(one: _Series, step: int | str) -> int:
    """The place, from 0, of a step given by its number, from 1, or by its time."""
    text, steps = str(step).strip(), len(one.frame) - 1
    if text.lstrip("+-").isdecimal():
        place = int(text) - 1
    elif one.clock is not None and one.clock.dtype.kind == "M":
        place = _row_of_time(text, one.clock)
    else:
        place = -1
    if 0 <= place < steps:
        return place
    times = "" if one.clock is None else f", or the time of one, {one.called(0)} to {one.called(steps - 1)}"
    last = f" The last row, {steps + 1:,}, has no next one to forecast." if place == steps else ""
    raise ConfigError(f"A step is the number of a row, 1 to {steps:,}{times}: {step!r} came.{last} Choose another.")


def _row_of_time(text: str, clock: np.ndarray) -> int:
    """The row of a time; -1 where there is none."""
    try:
        rows = np.flatnonzero(clock.astype("datetime64[us]") == as_time(text, clock))
    except DataError:
        return -1
    return int(rows[0]) if len(rows) else -1


def _cell_of(
    predictor: SequencePredictor,
    lstm: LSTM,
    piece: Piece,
    place: int,
    window: slice,
    unit: int | None,
    layer: int,
) -> Cell:
    """The cell, seen over the window from the state that all rows before it left."""
    network, x = predictor.network_.eval(), piece.x[:, :1]
    core, head = network.core, head_of(network)
    assert isinstance(core, InputBeside)
    state = run_network(network, x[: window.start])[1] if window.start else None
    target = map_nest(lambda part: part[place, :1], piece.y)

    def loss(y: Tensor) -> Tensor:  # y [window, 1, H]
        features = core.beside(y[place - window.start], x[place])
        return head.loss(head(features), target).mean()

    known = piece.weights is not None and bool(piece.weights[place, 0])
    seen = loss if known else None
    return cell_at(lstm, x[window, 0], place - window.start, unit=unit, layer=layer, loss=seen, hx=state)


def _drawing(
    cell: Cell, predictor: SequencePredictor, problem: Problem, one: _Series, place: int, window: slice
) -> str:
    name, values = one.drawn
    lossy = f" L: loss of the forecast for {one.called(place + 1)}, in nats." if cell.loss is not None else ""
    return draw_cell(
        cell,
        title=f"A memory cell at {one.heading(place)}: {problem.title}",
        note=lossy.strip(),
        inputs=_input_names(cell, predictor),
        times=[one.called(row) for row in range(window.start, window.stop)],
        series=(name, values[window].tolist()),
    )


def _table(cell: Cell, title: str, notes: Sequence[str]) -> Table:
    """A row for each gate and state: the unit's value, those of all units, what enters it, what the loss owes to it."""
    terms = {"W_ih x(t)": cell.from_x, "W_hh h(t-1)": cell.from_h}
    terms |= {"peephole c": cell.from_c} if cell.from_c.any() else {}
    terms |= {"bias": cell.bias, "sum a": cell.sums}
    columns = [Column(""), Column(f"unit {cell.unit + 1:,}", digits=None)]
    columns += [Column("dL/d", digits=None)] if cell.gradients is not None else []
    columns += [Column(name, f"all {cell.units:,} units", None) for name in ("mean", "min", "max")]
    columns += [Column(name, "what opens the gate", None) for name in terms]

    def row(name: str, values: Tensor, gate: str | None, slope: float | None) -> tuple[Entry, ...]:
        among = [float(each) for each in (values.mean(), values.min(), values.max())]
        entering = [None if gate is None else float(term[GATES.index(gate)]) for term in terms.values()]
        return (name, float(values[cell.unit]), *([] if cell.gradients is None else [slope]), *among, *entering)

    now = {name: getattr(cell.gates, name)[cell.step, 0].double() for name in (*GATES, "c", "h")}
    before = cell.gates.c[cell.step - 1, 0].double() if cell.step else now["c"] * 0
    rows = [row(_NAMES[gate], now[gate], gate, cell.gradient(gate)) for gate in ("f", "i", "g", "o")]
    rows += [
        row("internal state c(t-1)", before, None, cell.gradient_before),
        row("internal state c(t)", now["c"], None, cell.gradient("c")),
        row("tanh c(t)", now["c"].tanh(), None, None),
        row("output h(t)", now["h"], None, cell.gradient("h")),
    ]
    return Table(title, tuple(columns), tuple(rows), tuple(notes))


def _meaning_note(cell: Cell) -> str:
    where = f"Layer {cell.layer + 1} of {cell.layers}, unit {cell.unit + 1:,}, chosen: {cell.chosen}."
    if cell.loss is None:
        return f"{where} What comes next is not known, so there is no loss and no gradient."
    return (
        f"{where} L is the loss of the forecast made at this step, {shown(cell.loss)} nats a target; dL/d counts every "
        "way to L, that of c(t-1) through h(t-1) and all gates too."
    )


def _input_names(cell: Cell, predictor: SequencePredictor) -> Sequence[str]:
    """What the cell's layer reads: the network's inputs, or the outputs of the layer below."""
    if cell.layer == 0:
        return predictor.input_names_
    return [f"h of unit {place + 1} below" for place in range(len(cell.x))]


def _inputs_note(cell: Cell, predictor: SequencePredictor) -> str:
    names = _input_names(cell, predictor)
    order = cell.by_input.abs().sum(0).argsort(descending=True, stable=True)[:_MOST_INPUTS]
    words = [f"{names[int(place)]} {signed(float(cell.x[place]))}" for place in order]
    return f"Inputs that move its gates most, as the layer reads them: {', '.join(words)}."


def _forecast_note(predictor: SequencePredictor, problem: Problem, one: _Series, place: int) -> list[str]:
    """What was forecast at the step, and what came."""
    forecast = predictor.predict_steps(one.frame).row(place + 1, named=True)
    came = one.frame.row(place + 1, named=True)
    words = [f"{name} {_word(forecast[name])} ({_word(came[name])} came)" for name in problem.series.targets]
    row = f"row {place + 2:,}" if one.clock is None else one.called(place + 1)
    return [f"Forecast for {row}: {', '.join(words)}."]


def _word(value: object) -> str:
    return "nothing" if value is None else shown(value) if isinstance(value, float) else str(value)
