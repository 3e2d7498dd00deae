"""What `--set key=value` may say about prices: the columns, the movement, the walk through time, the network."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from throughtime.recipes.forecasting.settings import Model
from throughtime.recipes.settings import Flag, Groups, Positive

NONE = "none"
SIGMA = "sigma"


@dataclass(frozen=True)
class Zone:
    """How small a return is no movement.

    Args:
        size: at least 0; in standard deviations of a session's return, or the return itself.
        relative: whether it is in standard deviations.
    """

    size: float
    relative: bool

    @classmethod
    def parse(cls, text: str) -> Zone:
        """The zone that a text states: "0.25" or "0.25 sigma" of the volatility, "0.5%" as a return.

        Raises:
            ValueError: it states none.
        """
        words = text.strip().lower()
        relative = not words.endswith("%")
        size = float(words.removesuffix(SIGMA) if relative else words.removesuffix("%")) / (1 if relative else 100)
        if not (0 <= size < math.inf):
            raise ValueError
        return cls(size, relative)

    def __str__(self) -> str:
        """In words."""
        return f"{self.size:g} standard deviations" if self.relative else f"{self.size:.3%}"


def _zone(text: str) -> str:
    Zone.parse(text)
    return text


ZoneText = Annotated[
    str,
    Field(
        coerce_numbers_to_str=True, description="a number of standard deviations such as 0.25, or a return such as 0.5%"
    ),
    AfterValidator(_zone),
]
Part = Annotated[float, Field(gt=0, lt=1, description="a number above 0 and below 1")]
Count = Annotated[int, Field(ge=0, lt=2**63, description="a whole number, 0 or more")]
AtLeastTwo = Annotated[int, Field(ge=2, lt=2**63, description="a whole number, 2 or more")]


@dataclass(frozen=True)
class Columns:
    """Which columns of the table are what; an empty entry is guessed by its name, "none" is not there.

    Args:
        time: dates of the sessions; without them rows are sessions in order.
        id: the column that tells several securities apart.
        close: closing prices.
        adjusted: closing prices that allow for splits and dividends; returns are theirs where they are there.
        open, high, low: of the session.
        volume: shares traded.
    """

    time: str = ""
    id: str = ""
    close: str = ""
    adjusted: str = ""
    open: str = ""
    high: str = ""
    low: str = ""
    volume: str = ""


@dataclass(frozen=True)
class Movement:
    """What is forecast, and from what.

    Args:
        horizon: sessions ahead, at least 1.
        dead_zone: how small a return is flat: in standard deviations of the sessions before ("0.25"), or as a return
            ("0.5%"); "0": only no change at all is.
        flat: "excluded": flat movements are neither learned nor scored, and there are two classes; "class": a third.
        volatility: sessions that the standard deviation is taken over, at least 2.
        weekday: whether the day of the week is an input.
    """

    horizon: Positive = 1
    dead_zone: ZoneText = "0.25"
    flat: Literal["excluded", "class"] = "excluded"
    volatility: AtLeastTwo = 60
    weekday: Flag = False


@dataclass(frozen=True)
class Walk:
    """How training walks through time.

    Args:
        train: share of the sessions before the first that is tested, in (0, 1).
        refit: sessions tested before the model is trained anew, at least 1.
        rolling: sessions that a training reaches back; 0: to the first.
        validation: share of each training's sessions, its last ones, that choose; in (0, 1).
        call: "balanced": the movement called is the one whose probability exceeds its share of the training part most;
            "likeliest": the one with the largest probability.
    """

    train: Part = 0.4
    refit: Positive = 252
    rolling: Count = 0
    validation: Part = 0.2
    call: Literal["balanced", "likeliest"] = "balanced"


@dataclass(frozen=True)
class Settings(Groups):
    """Everything `--set` can say, group by group."""

    columns: Columns = field(default_factory=Columns)
    movement: Movement = field(default_factory=Movement)
    walk: Walk = field(default_factory=Walk)
    # There is little to learn in prices, so that a small network held back hard learns what there is.
    model: Model = field(
        default_factory=lambda: Model(hidden_size=16, epochs=20, learning_rate=2e-3, dropout=0.5, patience=4)
    )
