"""The estimator for series: what comes one step ahead, with intervals, from everything before.

    fit           TBPTT(k1, k2) over the training part; the epoch that forecasts the validation part best is kept
    predict       the row after each series' last one
    predict_steps the forecast of every row from the rows before it, the state carried all the way

Each series is one continuous sequence, read from its first row; several run side by side. What the network reads and
what it forecasts is told in `encoding`, its shape in `network`.

Dimensions: T rows, B series, C columns, K number targets, L levels.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Self

import numpy as np
import torch
from sklearn.base import BaseEstimator
from torch import Tensor

from throughtime.base.run_folder import RunFolder
from throughtime.bptt import TBPTT, Piece
from throughtime.data import SeriesSet, read_table
from throughtime.data.ragged import pad
from throughtime.data.tables import in_kind_of
from throughtime.nn import Network
from throughtime.nn.heads import MixedHead
from throughtime.tasks import saving
from throughtime.tasks.batches import piece_of
from throughtime.tasks.encoding import Encoded, Encoding
from throughtime.tasks.fitting import train_network
from throughtime.tasks.forecasts import (
    Forecasts,
    as_arrays,
    as_given,
    as_levels,
    beside,
    decode,
    first_steps,
    given_back,
    last_index,
    row_of,
    target_columns,
)
from throughtime.tasks.intake import Reader, as_table, extend, plain, read_row
from throughtime.tasks.measuring import measured_schedule
from throughtime.tasks.network import build, head_of, run
from throughtime.tasks.online import Session
from throughtime.tasks.options import AUTO, check_fitted, check_options, refuse_columns
from throughtime.tasks.preparing import design_of, prepare
from throughtime.tasks.skill import skill
from throughtime.train import History


class SequencePredictor(BaseEstimator):
    """Forecasts one step ahead of numbers and classes.

    Args:
        cell: "lstm", "rnn" (Elman) or "perceptron" (a sliding window: no memory beyond it).
        hidden_size: units of each layer, 1 .. 65,536.
        num_layers: 1 .. 1,000.
        window_steps: steps the perceptron sees, 1 .. 100,000, at most as many as train; others have no window.
        emission: distribution of number targets: "student" (heavy tails) or "gaussian".
        calendar: "auto" (the year, week and day, where the training part covers them), or a list out of "year", "week",
            "day"; their phase at the time to be forecast is an input.
        tbptt: schedule of backpropagation: a `TBPTT`, text such as "50,50", or None: BPTT up to 400 steps; beyond,
            TBPTT(k, k), k <= 200, about 20 updates an epoch or more. "auto": what a pilot of 5 epochs finds it needs.
        memory: bytes, or text like "512MB", that an update may keep for its backward pass, as in `through_time`.
        epochs: passes over the training part, at most; at least 1.
        batch_size: series trained side by side, at least 1; one long series is one row.
        learning_rate: above 0 and at most 10, the peak of a cosine schedule.
        weight_decay: 0 .. 100, decoupled (AdamW).
        dropout: share of the layers' outputs dropped in training, in [0, 1).
        averaging: of the weights over updates, in [0, 1), as `train.Training` has it.
        validation: a share in (0, 1), the last rows of every series; data of the kind given to `fit`, where later rows
            of a frame's series go on from its training rows; or None: all rows train, for all epochs.
        patience: epochs without a better validation loss before training stops; None: never.
        device: of the network, as torch names it; None: the CPU.
        seed: of first weights, dropout and the order of series; 0 .. 2**63 - 1.
        checkpoint_every_s: seconds between checkpoints in a run folder, at least 0; None: they take 1/50 of the time.
        progress: True shows a bar on a terminal and lines elsewhere, None only the bar, and both the schedule; False
            nothing.

    Attributes:
        columns_: names of the columns read.
        targets_: names of the columns forecast.
        classes_: for each class target its labels, in the training part.
        network_: the trained `Network`; `network_.core.layer` is the LSTM, RNN or perceptron.
        schedule_: the `TBPTT` used.
        history_, best_epoch_: what training did (`train.History`), None after `load`; the epoch kept, None without one.
        parameters_count_, seconds_: numbers trained, and the time it took.
    """

    def __init__(
        self,
        *,
        cell: str = "lstm",
        hidden_size: int = 64,
        num_layers: int = 1,
        window_steps: int = 14,
        emission: str = "student",
        calendar: str | Sequence[str] = "auto",
        tbptt: TBPTT | str | None = None,
        memory: int | str | None = None,
        epochs: int = 60,
        batch_size: int = 32,
        learning_rate: float = 1.5e-2,
        weight_decay: float = 1e-2,
        dropout: float = 0.3,
        averaging: float = 0.99,
        validation: Any = 0.2,
        patience: int | None = 15,
        device: str | torch.device | None = None,
        seed: int = 0,
        checkpoint_every_s: float | None = None,
        progress: bool | None = None,
    ) -> None:
        self.cell = cell
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.window_steps = window_steps
        self.emission = emission
        self.calendar = calendar
        self.tbptt = tbptt
        self.memory = memory
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.dropout = dropout
        self.averaging = averaging
        self.validation = validation
        self.patience = patience
        self.device = device
        self.seed = seed
        self.checkpoint_every_s = checkpoint_every_s
        self.progress = progress

    def fit(
        self,
        series: Any,
        y: None = None,
        times: None = None,
        *,
        id: str | None = None,
        time: str | Sequence[str] | None = None,
        target: str | int | Sequence[str | int] | None = None,
        known: str | int | Sequence[str | int] | None = None,
        run: RunFolder | None = None,
        group: torch.distributed.ProcessGroup | None = None,
    ) -> Self:
        """Train on series.

        Args:
            series: one array [T] or [T, C] (a tensor, a pandas or polars Series and a list of numbers are arrays too),
                a list of arrays with unequal T, or one long pandas, polars or pyarrow frame (or the path of a table).
                Missing cells are filled forward for input and never scored.
            y, times: nothing. scikit-learn passes y; users, items and times go to `PurchasePredictor`.
            id: column that tells a frame's series apart; None: one series.
            time: column of times, or those that make them ("year,month,day,hour"); None: rows are consecutive steps.
            target: columns to forecast, by name (of arrays: place); None: all but the known ones. Text and Boolean
                columns are classes.
            known: columns whose values at the time to be forecast are known ahead.
            run: an open run folder: training writes checkpoints and events there, and goes on from its newest one.
            group: a torch.distributed group: its ranks all call this and share out the series; the first has the `run`.

        Where it fails or is stopped, the estimator stays as it was: not fitted, or with what it learned before.

        Returns:
            The estimator.

        Raises:
            ConfigError: arguments out of range, all named at once.
            DataError, ShapeError: whatever in the series breaks a rule.
            Interrupted: a signal stopped training; the checkpoint is written.
        """
        refuse_columns(y, times)
        roles = {"id": id, "time": time, "target": target, "known": known}
        ready = prepare(self, series, **roles)
        measured = measured_schedule(self, series, roles, group) if self.tbptt == AUTO else None
        history, schedule = train_network(ready, run, measured, group)
        self._keep(ready.reader, ready.encoding, ready.network, schedule)
        self.history_: History | None = history
        self.best_epoch_, self.seconds_ = history.best_epoch, history.seconds
        return self

    def predict(self, history: Any, *, level: Any = None, known: Any = None) -> Any:
        """Forecast the row after each series' last one.

        Args:
            history: series as given to `fit`, from their beginning or from any later row.
            level: percentages of the intervals wanted, such as [80, 95].
            known: values of the known columns at the time to be forecast: for frames a frame with id, time and known
                columns, a row per series; for arrays [number of known columns], or one such row per series.

        Returns:
            For frames a frame of their kind, a row per series: id, time, NAME for each target; with levels NAME_lo_80
            and NAME_hi_80; for class targets NAME_p_LABEL. For one array the values [K], for a list [B, K]; with levels
            a pair of them and the interval ends [..., K, L, 2].

        Raises:
            NotFittedError: before `fit`.
            DataError, ShapeError, ConfigError: history, known or level break a rule.
        """
        levels, history = self._ready(level), plain(history)
        read = extend(self._reader.read(history), known, self._reader)
        last = [each.last() for each in self._forecast(read, levels)]
        if not self._reader.frames:
            values, ends = zip(*(as_arrays(each, levels) for each in last), strict=True)
            return given_back(history, np.concatenate(values), np.concatenate(ends), levels)
        columns = [target_columns(each, self._encoding, self.targets_) for each in last]
        return in_kind_of(beside(last_index(read), columns), history)

    def predict_steps(self, series: Any, *, level: Any = None) -> Any:
        """Forecast every row from the rows before it, the state carried from row to row.

        Args:
            series: as given to `fit`.
            level: percentages of the intervals wanted.

        Returns:
            For frames a frame of their kind with the same rows in the same order, and columns as `predict` gives; the
            first row of a series, which has none before it, is null. For one array the values [T, K], for a list a
            list of them; with levels a pair with the interval ends [T, K, L, 2], the first row nan.

        Raises:
            NotFittedError: before `fit`.
            DataError, ShapeError, ConfigError: series or level break a rule.
        """
        levels, series = self._ready(level), plain(series)
        read = self._reader.read(series)
        forecasts = [each.after_a_blank() for each in self._forecast(read, levels)]
        if not self._reader.frames:
            values, ends = (list(part) for part in zip(*(as_arrays(each, levels) for each in forecasts), strict=True))
            return given_back(series, values, ends, levels)
        columns = [target_columns(each, self._encoding, self.targets_) for each in forecasts]
        index = read_table(series, columns=self._reader.index_columns(series))
        return in_kind_of(beside(index, as_given(columns, read)), series)

    def session(self) -> Session:
        """A place that keeps one series' state between calls of `predict_online`."""
        self._ready(None)
        return Session(len(self.columns_))

    def predict_online(self, step: Any, session: Session, *, level: Any = None, known: Any = None) -> Any:
        """Read one row and forecast the next, in constant memory; equals `predict` on all rows read so far.

        Args:
            step: the row: for frames a frame of one row or a mapping of column to value, for arrays [C]. Rows that are
                absent since the last one are filled as in a frame.
            session: from `session()`; it is moved on.
            level: percentages of the intervals wanted.
            known: values of the known columns at the time to be forecast, as `step`; of arrays only those columns.

        Returns:
            As `predict` for one series; a mapping gives a dict.

        Raises:
            NotFittedError: before `fit`.
            DataError, ShapeError, ConfigError: the row breaks a rule, or is not later than the last one.
        """
        levels = self._ready(level)
        row = read_row(step, self._reader)
        ahead = extend(row, as_table(known), self._reader)
        x, encoded = session.read(ahead, self._encoding)
        output, session.state = run(self.network_, x.to(self._torch_device), session.state)
        forecast = decode(self._head(), row_of(output, 0), encoded, levels).last()
        if not self._reader.frames:
            values, ends = as_arrays(forecast, levels)
            return (values[0], ends[0]) if levels else values[0]
        result = beside(last_index(ahead), [target_columns(forecast, self._encoding, self.targets_)])
        return result.row(0, named=True) if isinstance(step, Mapping) else in_kind_of(result, step)

    def score(self, series: Any, y: None = None) -> float:
        """Mean skill against persistence, over targets: 1 is perfect, 0 as good as repeating the last value.

        For a number 1 - RMSE / RMSE of persistence, in units of the typical change; for a class 1 - error rate / error
        rate of persistence. A target that never changes in `series` has no skill and does not enter the mean.

        Args:
            series: as given to `fit`; every row but the first is forecast from those before it.
            y: nothing; scikit-learn passes it.

        Raises:
            NotFittedError: before `fit`.
            DataError: no target ever changes, or the series breaks a rule.
        """
        self._ready(None)
        encoded = self._encoded(self._reader.read(plain(series)))
        return skill([(each, output, self._head()) for each, output in self._outputs(encoded)])

    def network_input(self, series: Any) -> Tensor:
        """What the network reads: float32 [T - 1, B, F], step t holding row t and what is known of row t + 1.

        Args:
            series: as given to `fit`; shorter ones are padded with zeros.

        Raises:
            NotFittedError: before `fit`.
            DataError, ShapeError: the series breaks a rule.
        """
        return self.network_piece(series).x

    def network_piece(self, series: Any) -> Piece:
        """What the network reads of series and is to answer: `network_input`, and its target and weight at each step.

        Args:
            series: as given to `fit`.

        Raises:
            NotFittedError, DataError, ShapeError: as `network_input`.
        """
        self._ready(None)
        return piece_of(self._encoded(self._reader.read(plain(series))), self._torch_device)

    @property
    def input_names_(self) -> tuple[str, ...]:
        """What each of the F numbers of a step of `network_input` is, in words."""
        check_fitted(self)
        return self._encoding.input_names

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the fitted estimator into one file, atomically; `throughtime.load` reads it.

        Data given as `validation` is not kept.

        Args:
            path: the file, by custom ending in .safetensors.

        Raises:
            NotFittedError: before `fit`.
            WriteError: the system refused.
        """
        self._ready(None)
        saving.save(path, self)

    def fitted_state(self) -> dict[str, Any]:
        """What `fit` learned besides the weights, in plain lists and numbers; `restore` takes it."""
        check_fitted(self)
        return {
            "reader": {"frames": self._reader.frames, "arguments": self._reader.arguments},
            "encoding": self._encoding.to_dict(),
            "trained": {"schedule": str(self.schedule_), "best_epoch": self.best_epoch_, "seconds": self.seconds_},
        }

    def restore(self, state: Mapping[str, Any], weights: Mapping[str, Tensor]) -> None:
        """Become fitted with what `fitted_state` gave and the network's weights.

        Raises:
            KeyError, TypeError, ValueError, RuntimeError: they do not fit together.
        """
        options = check_options(self)
        reader, encoding = Reader(**state["reader"]), Encoding.from_dict(state["encoding"])
        trained = state["trained"]
        network = build(design_of(options, encoding))
        network.load_state_dict(weights)
        self._keep(reader, encoding, network.to(options.device).eval(), TBPTT.parse(trained["schedule"]))
        self.history_ = None
        self.best_epoch_, self.seconds_ = trained["best_epoch"], trained["seconds"]

    @property
    def _torch_device(self) -> torch.device:
        return next(self.network_.parameters()).device

    def _ready(self, level: Any) -> tuple[float, ...]:
        check_fitted(self)
        return as_levels(level)

    def _keep(self, reader: Reader, encoding: Encoding, network: Network, schedule: TBPTT) -> None:
        """Become fitted."""
        self._reader, self._encoding = reader, encoding
        self.columns_, self.targets_ = tuple(reader.arguments["columns"]), tuple(reader.arguments["target"])
        self.classes_ = encoding.target_classes
        self.network_, self.schedule_ = network, schedule
        self.parameters_count_ = sum(parameter.numel() for parameter in network.parameters())

    def _head(self) -> MixedHead:
        return head_of(self.network_)

    def _encoded(self, read: SeriesSet) -> list[Encoded]:
        times = [None] * len(read) if read.times is None else read.times
        return [self._encoding.encode_whole(*pair) for pair in zip(read.values, times, strict=True)]

    def _outputs(self, encoded: Sequence[Encoded]) -> Iterator[tuple[Encoded, Any]]:
        """Each series with the network's output for it [T, ...]."""
        for start in range(0, len(encoded), self.batch_size):
            some = encoded[start : start + self.batch_size]
            x, _ = pad([each.inputs for each in some], dtype=torch.float32)
            x = x if len(x) else x.new_zeros(1, *x.shape[1:])  # only series of one row: nothing of it is read below
            output, _ = run(self.network_, x.to(self._torch_device))
            for row, each in enumerate(some):
                yield each, first_steps(row_of(output, row), len(each.inputs))

    def _forecast(self, read: SeriesSet, levels: Sequence[float]) -> list[Forecasts]:
        pairs = self._outputs(self._encoded(read))
        return [decode(self._head(), output, encoded, levels) for encoded, output in pairs]
