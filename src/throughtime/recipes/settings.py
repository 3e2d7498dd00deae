"""What `--set key=value` may say about a recipe, checked where it enters.

A recipe's settings are a frozen dataclass of small groups (which columns are what, where the data are cut, how the
network is built and trained), each a frozen dataclass with annotated fields. pydantic reads the text at this border;
inside, the groups are plain.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import MISSING, asdict, fields, replace
from typing import Annotated, Any, Literal, TypeVar, get_args, get_type_hints

from pydantic import BeforeValidator, Field, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from throughtime.base.checks import choice_problem, did_you_mean
from throughtime.base.errors import ConfigError
from throughtime.tasks.options import MOST_DECAY, MOST_LAYERS, MOST_RATE, MOST_UNITS, MOST_WINDOW


def names_from(value: object) -> object:
    """Column names from "a,b"; a list or tuple stays as it is."""
    return tuple(name.strip() for name in value.split(",") if name.strip()) if isinstance(value, str) else value


AUTO = "auto"


def left_open(value: object) -> object:
    """None for "auto"."""
    return None if value == AUTO else value


# A description says in a message what fits; pydantic's own words are for programmers.
Names = Annotated[tuple[str, ...], BeforeValidator(names_from), Field(description="column names, such as a or a,b")]
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
# Constraints first: a function that reads the text comes before them.
Chosen = Annotated[
    int | None, Field(ge=1, lt=2**63, description=f"{AUTO}, or a whole number, 1 or more"), BeforeValidator(left_open)
]
Seconds = Annotated[float | None, Field(ge=0, allow_inf_nan=False, description="a number of seconds, 0 or more")]


class Groups:
    """What a recipe's settings inherit: a frozen dataclass whose fields are groups."""

    def to_flat(self) -> dict[str, object]:
        """The settings under their keys, without groups, tuples as lists, None left out: what `run.toml` holds."""
        merged: dict[str, object] = {}
        for entry in fields(self):  # type: ignore[arg-type]  # the classes that inherit are dataclasses
            merged |= asdict(getattr(self, entry.name))
        given = {key: value for key, value in merged.items() if value is not None}
        return {key: list(value) if isinstance(value, tuple) else value for key, value in given.items()}


Parsed = TypeVar("Parsed", bound=Groups)


def keys(settings: Groups) -> dict[str, object]:
    """Every key that `--set` takes, with its default."""
    return {
        entry.name: None if entry.default is MISSING else entry.default
        for group in _groups(settings).values()
        for entry in fields(group)
    }


def parse(settings: Mapping[str, object], defaults: Parsed) -> Parsed:
    """Settings from texts such as {"hidden_size": "64", "target": "pm2.5"}.

    Args:
        settings: key and value; values are texts (command line) or already of their type (`run.toml`).
        defaults: what holds for keys that are not given.

    Raises:
        ConfigError: unknown keys ("did you mean ...") and values that do not fit, all in one message.
    """
    known = keys(defaults)
    problems = [_unknown(key, known) for key in settings if key not in known]
    parsed = defaults
    for name, group in _groups(defaults).items():
        own = {entry.name for entry in fields(group)}
        given = {**asdict(getattr(parsed, name)), **{key: value for key, value in settings.items() if key in own}}
        try:
            parsed = replace(parsed, **{name: TypeAdapter(group).validate_python(given)})  # type: ignore[type-var]
        except ValidationError as error:
            problems += [_unfit(detail, group, known) for detail in error.errors()]
    if problems:
        raise ConfigError(" ".join(problems))
    return parsed


def own_share(test: str, file: str) -> float | None:
    """The share that tests; None where `test` names a file.

    Args:
        test: the setting.
        file: such a file, for the message.

    Raises:
        ConfigError: a number outside (0, 1).
    """
    if not re.fullmatch(r"[+-]?\d*\.?\d+(e[+-]?\d+)?", test.strip()):
        return None
    share = float(test)
    if not 0 < share < 1:
        raise ConfigError(
            f"The test part is a share above 0 and below 1, or a file: test={test} came. Write for example test=0.2 or "
            f"test={file}."
        )
    return share


def _groups(settings: Groups) -> dict[str, Any]:
    """The class of each group by its name."""
    return {entry.name: type(getattr(settings, entry.name)) for entry in fields(settings)}  # type: ignore[arg-type]


def _unknown(key: str, known: Mapping[str, object]) -> str:
    return f"A setting must be one the recipe knows; {key!r} is not: {did_you_mean(key, known, 'the keys are')}"


def _unfit(detail: Mapping[str, Any], group: Any, known: Mapping[str, object]) -> str:
    """What a setting is, what came, and what to write."""
    key, came = detail["loc"][0], detail["input"]
    parts = get_args(get_type_hints(group, include_extras=True)[key])
    if choices := [each for each in parts if isinstance(each, str)]:
        return f"The setting {choice_problem(key, came, choices)}. Write for example {key}={known[key]}."
    described = [each.description for each in parts if isinstance(each, FieldInfo)]
    also = " (nan is no number)" if str(came).strip().lower() == "nan" else ""
    example = known[key]
    shown = ",".join(example) if isinstance(example, tuple) else example
    remedy = f"Write for example {key}={shown}." if shown else "Correct it, or leave it out."
    return f"The setting `{key}` is {described[0] if described else 'text'}: {came!r} came{also}. {remedy}"
