"""What `--set key=value` may say about a forecasting recipe, checked where it enters.

Three small groups: which columns of the table are what, where the table is cut, and how the network is built and
trained. pydantic reads the text at this border; inside, the groups are plain frozen dataclasses.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, field, fields, replace
from typing import Annotated, Any, Literal, get_args, get_type_hints

from pydantic import AfterValidator, BeforeValidator, Field, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from throughtime.base.checks import choice_problem, did_you_mean
from throughtime.base.errors import ConfigError
from throughtime.tasks.calendar import PERIODS
from throughtime.tasks.options import MOST_DECAY, MOST_LAYERS, MOST_RATE, MOST_UNITS, MOST_WINDOW


def _names(value: object) -> object:
    """Column names from "a,b"; a list or tuple stays as it is."""
    return tuple(name.strip() for name in value.split(",") if name.strip()) if isinstance(value, str) else value


def _periods(words: tuple[str, ...]) -> tuple[str, ...]:
    """Periods of the calendar: "auto" alone, "none" alone for no period, or some of those there are."""
    if words not in ((), (AUTO,), (NONE,)) and not set(words) <= set(PERIODS):
        raise ValueError
    return () if words == (NONE,) else words


AUTO, NONE = "auto", "none"
# A description says in a message what fits; pydantic's own words are for programmers.
Names = Annotated[tuple[str, ...], BeforeValidator(_names), Field(description="column names, such as a or a,b")]
Periods = Annotated[
    tuple[str, ...],
    BeforeValidator(_names),
    AfterValidator(_periods),
    Field(description=f"{AUTO}, {NONE}, or some of {','.join(PERIODS)}"),
]
Cell = Literal["lstm", "rnn", "perceptron"]
Positive = Annotated[int, Field(ge=1, lt=2**63, description="a whole number, 1 or more")]
Units = Annotated[int, Field(ge=1, le=MOST_UNITS, description=f"a whole number from 1 to {MOST_UNITS:,}")]
Layers = Annotated[int, Field(ge=1, le=MOST_LAYERS, description=f"a whole number from 1 to {MOST_LAYERS:,}")]
Window = Annotated[int, Field(ge=1, le=MOST_WINDOW, description=f"a whole number from 1 to {MOST_WINDOW:,}")]
Rate = Annotated[float, Field(gt=0, le=MOST_RATE, description=f"a number above 0 and at most {MOST_RATE:g}")]
Decay = Annotated[float, Field(ge=0, le=MOST_DECAY, description=f"a number from 0 to {MOST_DECAY:g}")]
Share = Annotated[float, Field(ge=0, lt=1, description="a number of 0 or more and below 1")]
Seed = Annotated[int, Field(ge=0, lt=2**63, description="a whole number, 0 or more")]
Flag = Annotated[bool, Field(description="true or false")]
Seconds = Annotated[float | None, Field(ge=0, allow_inf_nan=False, description="a number of seconds, 0 or more")]


@dataclass(frozen=True)
class Columns:
    """Which columns of the table are what; an empty entry is guessed, and the guess is said.

    Args:
        time: the column of time stamps; several (year, month, day, hour, minute, second) are put together.
        target: columns to forecast; numbers are forecast as numbers, text and true/false as classes.
        id: the column that tells several series in one table apart; empty for one series.
        known: columns whose value at the time to be forecast is known beforehand.
        ignore: columns that are neither input nor target.
        calendar: periods ("year", "week", "day") of which every method knows where the next step lies; "auto" takes
            those that the training part covers, "none" or () none.
    """

    time: Names = ()
    target: Names = ()
    id: str = ""
    known: Names = ()
    ignore: Names = ()
    calendar: Periods = (AUTO,)


@dataclass(frozen=True)
class Split:
    """Where training, validation and test part begin, in the order of time.

    All entries are shares of the rows (train=0.6 validation=0.2; the test part is the rest), or all are the first times
    of their parts (validation=2014-01-01 test=2015-01-01; training begins with the table unless train= says when).

    Args:
        train: share or first time of the training part.
        validation: share or first time of the validation part.
        test: share or first time of the test part.
    """

    train: str = ""
    validation: str = ""
    test: str = ""


@dataclass(frozen=True)
class Model:
    """The network and its training; `throughtime.SequencePredictor` has the same names.

    Args:
        cell: "lstm", "rnn" (Elman) or "perceptron" (a sliding window).
        hidden_size: hidden units a layer, 1 .. 65,536.
        num_layers: 1 .. 1,000.
        window_steps: steps the perceptron sees, 1 .. 100,000; the others have no window.
        emission: distribution of numeric targets, "gaussian" or "student".
        epochs: passes over the training part, at most; at least 1.
        learning_rate: above 0 and at most 10.
        weight_decay: 0 .. 100.
        dropout: share of hidden units dropped in training, in [0, 1).
        patience: epochs without a better validation before training stops; at least 1.
        batch_size: series trained at once, at least 1; one continuous series is one.
        seed: of initialisation, dropout and order; at least 0.
        device: of the network, such as cuda; without it, the CPU.
        memory: what an update may keep between its forward and backward pass, such as "512MB"; without it, any number.
        checkpoint_every_s: seconds between checkpoints, at least 0 (after every update); without it, so that writing
            them takes a fiftieth of the time.
        reach: whether to measure after each epoch how far gradients go back.
    """

    cell: Cell = "lstm"
    hidden_size: Units = 64
    num_layers: Layers = 1
    window_steps: Window = 14
    emission: Literal["gaussian", "student"] = "student"
    epochs: Positive = 60
    learning_rate: Rate = 1.5e-2
    weight_decay: Decay = 1e-2
    dropout: Share = 0.3
    patience: Positive = 15
    batch_size: Positive = 32
    seed: Seed = 0
    device: str | None = None
    memory: str | None = None
    checkpoint_every_s: Seconds = None
    reach: Flag = False


@dataclass(frozen=True)
class Settings:
    """Everything `--set` can say, group by group."""

    columns: Columns = field(default_factory=Columns)
    split: Split = field(default_factory=Split)
    model: Model = field(default_factory=Model)

    def to_flat(self) -> dict[str, object]:
        """The settings under their keys, without groups, tuples as lists, None left out: what `run.toml` holds."""
        groups = {**asdict(self.columns), **asdict(self.split), **asdict(self.model)}
        given = {key: value for key, value in groups.items() if value is not None}
        return {key: list(value) if isinstance(value, tuple) else value for key, value in given.items()}


GROUPS = {"columns": Columns, "split": Split, "model": Model}


def keys() -> dict[str, object]:
    """Every key `--set` takes, with its default."""
    return {
        entry.name: None if entry.default is MISSING else entry.default
        for group in GROUPS.values()
        for entry in fields(group)
    }


def parse(settings: Mapping[str, object], defaults: Settings | None = None) -> Settings:
    """Settings from texts such as {"hidden_size": "64", "target": "pm2.5"}.

    Args:
        settings: key and value; values are texts (command line) or already of their type (`run.toml`).
        defaults: what holds for keys that are not given.

    Raises:
        ConfigError: unknown keys ("did you mean ...") and values that do not fit, all in one message.
    """
    problems = [_unknown(key) for key in settings if key not in keys()]
    parsed = defaults or Settings()
    for name, group in GROUPS.items():
        own = {entry.name for entry in fields(group)}
        given = {**asdict(getattr(parsed, name)), **{key: value for key, value in settings.items() if key in own}}
        try:
            parsed = replace(parsed, **{name: TypeAdapter(group).validate_python(given)})
        except ValidationError as error:
            problems += [_unfit(detail) for detail in error.errors()]
    if problems:
        raise ConfigError(" ".join(problems))
    return parsed


def _unknown(key: str) -> str:
    return f"A setting must be one the recipe knows; {key!r} is not: {did_you_mean(key, keys(), 'the keys are')}"


def _unfit(detail: Mapping[str, Any]) -> str:
    """What a setting is, what came, and what to write."""
    key, came = detail["loc"][0], detail["input"]
    group = next(group for group in GROUPS.values() if key in {entry.name for entry in fields(group)})
    parts = get_args(get_type_hints(group, include_extras=True)[key])
    if choices := [each for each in parts if isinstance(each, str)]:
        return f"The setting {choice_problem(key, came, choices)}. Write for example {key}={keys()[key]}."
    described = [each.description for each in parts if isinstance(each, FieldInfo)]
    also = " (nan is no number)" if str(came).strip().lower() == "nan" else ""
    example = keys()[key]
    shown = ",".join(example) if isinstance(example, tuple) else example
    remedy = f"Write for example {key}={shown}." if shown else "Correct it, or leave it out."
    return f"The setting `{key}` is {described[0] if described else 'text'}: {came!r} came{also}. {remedy}"
