"""An LSTM that forecasts a stream's next value, trained while it streams.

    z           asinh((value - median) / spread), both of the warm-up: outliers move it by their order of magnitude
    x_t         z_t and z_t - z_(t-1), cut at 6 to both sides; where rows have times, the phase of day and week
    forecast    z_(t+1) = z_t + m_t, m_t the location of a Student-t distribution from the LSTM's output
    warm-up     `epochs` passes over the first rows, TBPTT(k1, k2)
    afterwards  one update every k1 rows, exact TBPTT(k1, k2) with its carry: a row is forecast before it trains

The state that forecasts goes on through updates: each of its steps ran with the weights of its time.
What is kept: the network, its optimizer's moments, k2 + k1 rows and states; constant memory, however long the stream.

Dimensions: C inputs, H hidden units, P rows of the warm-up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from throughtime.bptt import TBPTT, through_time
from throughtime.bptt.carry import Carry
from throughtime.nn import LSTM, Network
from throughtime.nn.heads import StudentHead
from throughtime.tasks.calendar import calendar_features, calendar_names

Floats = NDArray[np.float64]

PERIODS = ("week", "day")
_PHASES = len(calendar_names(PERIODS))
# A quartile's distance of a normal distribution, in standard deviations, and their mean distance from the middle.
_QUARTILES, _MEAN_DISTANCE = 1.349, 0.7979
# asinh(200) is 6: beyond, the network need not know how far a value is.
_MOST_INPUT = 6.0
# sinh of more than 710 overflows; what is farther is as far as can be.
_MOST_Z = 600.0
_LARGEST_NORM = 1.0


@dataclass(frozen=True)
class Learning:
    """How the forecaster learns; `StreamDetector` says what each setting means."""

    hidden_size: int
    schedule: TBPTT
    epochs: int
    learning_rate: float
    online_rate: float
    seed: int


@dataclass(frozen=True)
class Scale:
    """From values to z and back.

    Args:
        middle: the value whose z is 0.
        spread: the distance from it whose z is asinh(1), above 0.
    """

    middle: float
    spread: float

    @classmethod
    def of(cls, values: Floats) -> Scale:
        """Median, and the quartiles' distance or, where half the values are one, the mean distance from the median.

        Args:
            values: [P] finite.
        """
        middle = float(np.median(values))
        low, high = np.percentile(values, [25, 75])
        spread = float(high - low) / _QUARTILES
        least = 1e-9 * max(abs(middle), float(np.finfo(np.float64).tiny))
        if spread <= least:
            spread = float(np.mean(np.abs(values - middle))) / _MEAN_DISTANCE
        # A constant has no spread of its own: a hundredth of it, or 1 where it is 0.
        return cls(middle, spread if spread > least else abs(middle) / 100 or 1.0)

    def to_z(self, value: Any) -> Any:
        """A value, or an array of them, to z."""
        with np.errstate(over="ignore"):
            return np.clip(np.arcsinh((value - self.middle) / self.spread), -_MOST_Z, _MOST_Z)

    def to_value(self, z: Any) -> Any:
        """The inverse of `to_z`."""
        return self.middle + self.spread * np.sinh(np.clip(z, -_MOST_Z, _MOST_Z))


class StreamForecaster:
    """Forecasts the next value of a stream; made from its first rows.

    Args:
        values: [P] finite, at least 3, the warm-up.
        times: [P] datetime64, or None: no calendar.
        learning: settings; the schedule has a k1 and a k2.

    Attributes:
        fitted: [P - 1] forecasts of the warm-up's second row to its last, by the network that was trained on them.
        next: forecast of the row after the last one taken in.
    """

    def __init__(self, values: Floats, times: NDArray[Any] | None, learning: Learning) -> None:
        self._build(learning, Scale.of(values), times is not None)
        z = self._scale.to_z(values)
        x = self._inputs(z, np.diff(z, prepend=z[0]), times)
        self._warm_up(x[:-1], z)
        self._rows: list[Tensor] = [x[-1:]]
        self._targets: list[float] = []
        self._z = float(z[-1])
        self.fitted = self._begin(x, z)

    def step(self, value: float, time: Any = None) -> float:
        """Take in a row.

        Args:
            value: finite.
            time: numpy's datetime64; None: unknown, its phases are 0. Not read where the warm-up had no times.

        Returns:
            The forecast of the next row's value, `next`.
        """
        z = float(self._scale.to_z(value))
        change = np.array([z - self._z])
        if self._learning.online_rate:
            self._targets.append(float(change[0]))
            if len(self._targets) == self._learning.schedule.k1:
                self._learn()
        x = self._inputs(np.array([z]), change, None if time is None else np.array([time]))
        if self._learning.online_rate:
            self._rows.append(x)
        self._z = z
        self.next = self._forecast(x)
        return self.next

    @property
    def network(self) -> Network:
        """What forecasts; training goes on in it."""
        return self._network

    def to_tree(self) -> dict[str, Any]:
        """Everything the next rows need, in a tree (`base.trees`); `from_tree` takes it."""
        return {
            "scale": asdict(self._scale),
            "calendar": self._calendar,
            "network": self._network.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "rows": [row.clone() for row in self._rows],
            "targets": list(self._targets),
            "z": self._z,
            "next": self.next,
            "standing": self._stepper.state,
            "state": self._state,
            "carry": None if self._carry is None else self._carry.to_tree(),
        }

    @classmethod
    def from_tree(cls, tree: Mapping[str, Any], learning: Learning) -> StreamForecaster:
        """One that goes on where `to_tree` was; `fitted` is empty.

        Args:
            tree: of `to_tree`.
            learning: the settings it was made with.

        Raises:
            KeyError, TypeError, ValueError, RuntimeError: they do not fit together.
        """
        forecaster = cls.__new__(cls)
        forecaster._build(learning, Scale(**tree["scale"]), tree["calendar"])
        forecaster._network.load_state_dict(tree["network"])
        forecaster._optimizer.load_state_dict(tree["optimizer"])
        forecaster._rows, forecaster._targets = list(tree["rows"]), list(tree["targets"])
        forecaster._z, forecaster.next = tree["z"], tree["next"]
        forecaster._stand(tree["standing"])
        forecaster._state = tree["state"]
        forecaster._carry = None if tree["carry"] is None else Carry.from_tree(tree["carry"])
        forecaster.fitted = np.empty(0)
        return forecaster

    def _build(self, learning: Learning, scale: Scale, calendar: bool) -> None:
        """The untrained network and its optimizer."""
        self._learning, self._scale, self._calendar = learning, scale, calendar
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(learning.seed)
            self._layer = LSTM(2 + _PHASES * calendar, learning.hidden_size)
            self._head = StudentHead(learning.hidden_size)
        self._network = Network(None, self._layer, self._head)
        self._optimizer = torch.optim.Adam(self._network.parameters(), learning.learning_rate)

    def _inputs(self, z: Floats, change: Floats, times: NDArray[Any] | None) -> Tensor:
        """[T, 1, C]."""
        columns = np.clip(np.stack([z, change], axis=1), -_MOST_INPUT, _MOST_INPUT)
        if self._calendar:
            phases = np.zeros((len(z), _PHASES)) if times is None else calendar_features(times, PERIODS)
            columns = np.concatenate([columns, phases], axis=1)
        return torch.as_tensor(columns, dtype=torch.float32)[:, None]

    def _warm_up(self, x: Tensor, z: Floats) -> None:
        y = _column(np.diff(z))
        learning = self._learning
        for epoch in range(learning.epochs):
            # Linearly from the one rate to the other, which then stays.
            share = epoch / learning.epochs
            self._set_rate(learning.learning_rate * (1 - share) + learning.online_rate * share)
            self._train(x, y)
        self._set_rate(learning.online_rate)

    def _begin(self, x: Tensor, z: Floats) -> Floats:
        """Stand behind the warm-up's last row; the forecasts [P - 1] of its second row to its last."""
        with torch.no_grad():
            output, before_last = self._network(x[:-1])
        self._stand(before_last)
        self._state = before_last
        self._carry: Carry | None = None
        self.next = self._forecast(x[-1:])
        return np.asarray(self._scale.to_value(z[:-1] + output.location[:, 0, 0].double().numpy()))

    def _stand(self, state: Any) -> None:
        """Forecast on from this state, with the weights as they are."""
        self._stepper = self._layer.stepper(1)
        self._stepper.state = state
        self._read_head()

    def _learn(self) -> None:
        """One update on the last k1 rows, whose next values are known now."""
        x, y = torch.cat(self._rows), _column(np.array(self._targets))
        self._carry = self._train(x, y, self._state, self._carry)
        self._rows, self._targets = [], []
        self._stepper.refresh()
        self._read_head()

    def _train(self, x: Tensor, y: Tensor, state: Any = None, carry: Carry | None = None) -> Carry | None:
        # A seed for random masks is drawn, though there are none: the caller's random numbers stay where they are.
        with torch.random.fork_rng(devices=[]):
            schedule = self._learning.schedule
            updates = through_time(self._network, self._loss, x, y, schedule, state=state, carry=carry)
            for _ in updates:
                torch.nn.utils.clip_grad_norm_(self._network.parameters(), _LARGEST_NORM)
                self._optimizer.step()
                self._optimizer.zero_grad()
        return updates.carry

    def _forecast(self, x: Tensor) -> float:
        h = self._stepper(x[0])[0].numpy()
        return float(self._scale.to_value(self._z + float(self._W @ h + self._b)))

    def _read_head(self) -> None:
        """The head's row for the location, so that a step is one product."""
        self._W = self._head.linear.weight.detach()[0].numpy().copy()
        self._b = float(self._head.linear.bias.detach()[0])

    def _loss(self, output: Any, target: Tensor) -> Tensor:
        return self._head.loss(output, target)

    def _set_rate(self, rate: float) -> None:
        for group in self._optimizer.param_groups:
            group["lr"] = rate


def _column(values: Floats) -> Tensor:
    """[T, 1, 1]."""
    return torch.as_tensor(values, dtype=torch.float32)[:, None, None]
