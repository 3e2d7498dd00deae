"""Everything of a fit several steps ahead: rows, what validates, window and season, the line, training, calibration."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
import torch.distributed as dist

from throughtime.base.errors import DataError, say_once
from throughtime.base.run_folder import RunFolder
from throughtime.bptt import TBPTT
from throughtime.data import SeriesSet
from throughtime.tasks.ahead_batches import Source, WindowBatches, validation_error
from throughtime.tasks.ahead_calibration import Calibration, trusted
from throughtime.tasks.ahead_linear import Line, Parts, changes_of, choose_line, lengths_to_try
from throughtime.tasks.ahead_network import AheadDesign, AheadNetwork
from throughtime.tasks.ahead_options import RECURSIVE, AheadOptions
from throughtime.tasks.ahead_origins import Origins, train_origins, train_steps, valid_origins
from throughtime.tasks.ahead_rows import Columns, Floats, Places, Rows
from throughtime.tasks.ahead_scaling import Scaling
from throughtime.tasks.ahead_telling import tell
from throughtime.tasks.calendar import calendar_names
from throughtime.tasks.intake import Reader, split
from throughtime.tasks.season import find_period
from throughtime.train import History, Training, fit
from throughtime.train.ranks import Ranks, refuse_too_few

# Gradients of the first updates, before the scales have settled, are the largest.
WARMUP_UPDATES = 20
# Steps of the layer that a window is cut into, about, where a season does not say where to cut.
SEGMENTS = 12


@dataclass(frozen=True)
class Table:
    """Series to fit on, cut into rows.

    Args:
        reader: how series are read.
        read: all of them, what validates too.
        columns: what their columns are for.
        rows: of them.
        trained: [R] steps of each row that train.
        season: steps in a season; 1: none.
    """

    reader: Reader
    read: SeriesSet
    columns: Columns
    rows: Rows
    trained: Places
    season: int


@dataclass(frozen=True)
class Fitted:
    """What a fit leaves.

    Args:
        network: in evaluation mode.
        log: whether logarithms are read.
        calibration: by what validated.
        spreads: [R] of rows as they trained.
        history, schedule: of the training.
    """

    network: AheadNetwork
    log: bool
    calibration: Calibration
    spreads: Floats
    history: History
    schedule: TBPTT


def prepare(options: AheadOptions, series: Any, validation: Any, roles: dict[str, Any]) -> Table:
    """Read what `fit` takes.

    Args:
        options: settings, checked.
        series: as `SequenceToSequence.fit` takes them.
        validation: as given; a share is in the options too.
        roles: id, time, target and known.

    Raises:
        ConfigError, DataError, ShapeError: as `fit`.
    """
    reader, read = Reader.fit(series, **roles)
    if options.share is None:
        train, stretches = split(series, read, reader, validation)
        steps = np.array([stretch.train_rows for stretch in stretches])
        if len(stretches) > len(read) or validation is not None:
            read = _whole(read, stretches, train)
    else:
        count = len(read.targets)
        held = train_steps(np.repeat(read.lengths, count), options.horizon, options.share)
        steps = held[::count]
        train = read.part([slice(0, stop) for stop in steps.tolist()])
        seen = train.seen_categories()
        read, train = read.recoded(seen), train.recoded(seen)
    columns = Columns.fit(train, options.calendar)
    rows = Rows.of(read, columns)
    trained = np.repeat(steps, len(columns.targets))
    learned = [rows.row(place)[:stop] for place, stop in enumerate(trained.tolist()) if stop]
    season = options.season or find_period(learned, read.step)
    return Table(reader.with_classes(train), read, columns, rows, trained, season)


def train_network(
    options: AheadOptions, table: Table, run: RunFolder | None, group: dist.ProcessGroup | None
) -> Fitted:
    """Choose what is left open, train, and learn from the forecasts of what validates.

    Raises:
        DataError: no series is long enough, one is asked to be longer, or nothing that validates is known.
        ConfigError: more ranks than windows of an update.
    """
    valid = valid_origins(table.trained, table.rows.lengths, options.horizon)
    if options.window_steps is not None and options.window_steps > (longest := int(table.trained.max())):
        raise DataError(
            f"A window is no longer than what trains: window_steps={options.window_steps:,} came with {longest:,} "
            "steps at most. Take a smaller window_steps=, or leave it out."
        )
    changes = changes_of(table.rows, table.trained)
    parts = Parts(table.rows, table.trained, changes, options.horizon)
    windows = [options.window_steps] if options.window_steps else lengths_to_try(parts, table.season)
    line = choose_line(parts, windows, options.log)
    design = design_of(options, table, line)
    source = Source(
        Scaling(table.rows, line.log),
        design,
        np.where(table.trained > 0, np.arange(len(table.rows)), design.rows),
        spreads_of(table, line.log),
        options.device,
    )
    network = _built(design, options, line)
    history, schedule = _train(network, source, (parts, valid), options, run, group)
    calibration = _calibrated(network.eval(), source, valid, parts)
    return Fitted(network, line.log, calibration, source.spreads, history, schedule)


def design_of(options: AheadOptions, table: Table, line: Line) -> AheadDesign:
    """The network that these settings ask for and this table needs."""
    calendar, window = len(calendar_names(table.columns.periods)), line.weights.shape[2]
    return AheadDesign(
        strategy=options.strategy,
        cell=options.cell,
        emission=options.emission,
        steps=1 if options.strategy == RECURSIVE else options.horizon,
        window=window,
        segment=options.segment_steps or segment_of(window, table.season),
        hidden_size=options.hidden_size,
        num_layers=options.num_layers,
        dropout=options.dropout,
        members=options.members,
        beside=table.rows.context_size - table.rows.ahead_size,
        known=table.rows.ahead_size - calendar,
        calendar=calendar,
        lines=len(line.weights),
        season=table.season if options.smoothing else 0,
        rows=int((table.trained > 0).sum()) if options.smoothing else 0,  # those that only validate come last
    )


def segment_of(window: int, season: int) -> int:
    """Steps of a segment: a season where a window holds 4 to 24 of them, else a twelfth of the window."""
    if 4 * season <= window <= 24 * season and season > 1:
        return season
    return max(1, round(window / SEGMENTS))


def spreads_of(table: Table, log: bool) -> Floats:
    """[R] standard deviation of each row as it trained."""
    values = [table.rows.row(place)[: max(int(stop), 1)] for place, stop in enumerate(table.trained)]
    return np.array([np.std(np.log(each) if log else each) for each in values])


def _whole(read: SeriesSet, stretches: Sequence[Any], train: SeriesSet) -> SeriesSet:
    """The series with the rows that validate behind those that train, or beside them."""
    extra = len(stretches) - len(train)
    return replace(
        train,
        values=[stretch.values for stretch in stretches],
        times=None if read.times is None else [stretch.times for stretch in stretches],
        ids=(*train.ids, *range(len(train), len(train) + extra)),
        source_rows=[np.arange(len(stretch.values)) for stretch in stretches],
    )


def _built(design: AheadDesign, options: AheadOptions, line: Line) -> AheadNetwork:
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(options.seed)
        network = AheadNetwork(design)
    if not options.smoothing:  # a line of raw windows is none of what smoothing leaves
        network.begin_at(torch.from_numpy(line.weights[:, : design.steps]).float())
    return network.to(options.device)


def _train(
    network: AheadNetwork,
    source: Source,
    given: tuple[Parts, Origins],
    options: AheadOptions,
    run: RunFolder | None,
    group: dist.ProcessGroup | None,
) -> tuple[History, TBPTT]:
    ranks, (parts, valid) = Ranks(group), given
    origins = train_origins(parts.trained, options.horizon, source.design.window)
    refuse_too_few(min(options.batch_size, len(origins)), ranks)
    schedule = options.schedule or TBPTT()
    if options.progress is not False and ranks.is_first:
        sys.stderr.write(_said(source, origins, valid, options))
    training = Training(
        epochs=options.epochs,
        learning_rate=options.learning_rate,
        weight_decay=options.weight_decay,
        warmup_updates=WARMUP_UPDATES,
        averaging=options.averaging,
        patience=options.patience if len(valid) else None,
        seed=options.seed,
        checkpoint_every_s=options.checkpoint_every_s,
    )
    history = fit(
        network.members,
        network.members.loss,
        WindowBatches(source, origins, network.states, options.batch_size, options.seed),
        schedule,
        training,
        evaluate=validation_error(source, valid, network.states, parts.changes) if len(valid) else None,
        state=network.states,
        memory=options.memory,
        run=run,
        progress=options.progress,
        group=group,
    )
    return history, schedule


def _said(source: Source, origins: Origins, valid: Origins, options: AheadOptions) -> str:
    design = source.design
    logs = ", of logarithms" if source.scaling.log else ""
    return (
        f"{len(origins):,} windows of {design.window} steps{logs}, {len(valid):,} that validate, segments of "
        f"{design.segment}, {options.horizon} steps ahead\n"
    )


def _calibrated(network: AheadNetwork, source: Source, valid: Origins, parts: Parts) -> Calibration:
    horizon = parts.horizon
    valid = valid.some(np.flatnonzero(parts.changes[valid.rows] > 0))
    if not len(valid):
        return Calibration.without(horizon)
    scaled = source.scaling.scale(valid.rows, valid.ends, source.design.window)
    location, scale = tell(network, source, valid, horizon)
    future = source.future(valid, horizon)
    unit = parts.changes[valid.rows][:, None]
    last, told = (np.abs(future - scaled.back(each)) / unit for each in (np.zeros_like(location), location))
    kept = trusted(valid, last, told)
    if not kept:
        say_once(
            f"the last value: {len(valid)} windows of {source.design.window}",
            f"On {len(valid):,} windows that validate the network gained nothing certain over the last value, which is "
            "what is forecast now (calibration_.kept is 0). Give longer series, or pass validation=None to have the "
            "network's own forecasts.",
        )
    return Calibration.fit(kept, scaled.forward(future).astype(np.float64), location, scale)
