"""What `--set key=value` may say about a stream: the columns, and the detector that reads it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import Field

from throughtime.recipes.settings import Groups, Names, Positive, Rate, Seed, Units

NONE = "none"
Count = Annotated[int, Field(ge=0, lt=2**63, description="a whole number, 0 or more")]
Rest = Annotated[int | None, Field(ge=0, lt=2**63, description="a whole number of rows, 0 or more")]
Part = Annotated[float, Field(gt=0, lt=1, description="a number above 0 and below 1")]
OnlineRate = Annotated[float, Field(ge=0, le=10, description="a number from 0 to 10")]


@dataclass(frozen=True)
class Columns:
    """Which columns of the table are what; an empty entry is guessed by name and content, "none" is not there.

    Args:
        time: times of the rows; without them the number of a row is its time.
        id: the column that tells several streams apart.
        value: what is watched, one column or several; guessed: every numeric column that is nothing else.
        label: 1 where a row is anomalous, else 0; read to score flags by, and by no detector.
    """

    time: str = ""
    id: str = ""
    value: Names = ()
    label: str = ""


@dataclass(frozen=True)
class Detector:
    """The detector of each value column, as `StreamDetector` explains it.

    Args:
        warm_up_rows: rows with a value before the first score; 0: 15 % of a stream's rows, at most 750, at least 60.
        hidden_size: units of the LSTM.
        epochs: passes over the warm-up.
        learning_rate: at the warm-up's start.
        online_rate: afterwards; 0: the network rests.
        window_rows: rows whose errors the newest is compared with, at least 100.
        tail_share: share of them that counts as the tail.
        threshold: scores of this or more are alarming.
        rest_rows: rows after a flag in which no other is raised; unset: a fifth of the warm-up.
        seed: of the network's first weights.
    """

    warm_up_rows: Count = 0
    hidden_size: Units = 24
    epochs: Positive = 15
    learning_rate: Rate = 0.005
    online_rate: OnlineRate = 0.001
    window_rows: Positive = 6400
    tail_share: Part = 0.01
    threshold: Part = 0.995
    rest_rows: Rest = None
    seed: Seed = 0


@dataclass(frozen=True)
class Kind:
    """What the data are.

    Args:
        mode: "stream", rows in the order of time.
    """

    mode: Literal["stream"] = "stream"


@dataclass(frozen=True)
class Settings(Groups):
    """Everything `--set` can say, group by group."""

    kind: Kind = field(default_factory=Kind)
    columns: Columns = field(default_factory=Columns)
    detector: Detector = field(default_factory=Detector)
