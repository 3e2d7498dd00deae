"""`--set key=value` is checked where it enters, all of it at once."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from throughtime.base.errors import ConfigError
from throughtime.recipes.forecasting.settings import Columns, Model, Settings, Split
from throughtime.recipes.settings import keys as keys_of
from throughtime.recipes.settings import parse as parse_into
from throughtime.tasks import SequencePredictor
from throughtime.tasks.options import check_options


def parse(given: Mapping[str, object], defaults: Settings | None = None) -> Settings:
    return parse_into(given, defaults or Settings())


def keys() -> dict[str, object]:
    return keys_of(Settings())


def test_texts_become_values_of_their_type() -> None:
    given = {
        "target": "pm2.5, TEMP",
        "time": "year,month,day,hour",
        "train": "0.6",
        "hidden_size": "64",
        "dropout": "0",
    }
    columns = Columns(time=("year", "month", "day", "hour"), target=("pm2.5", "TEMP"))
    assert parse(given) == Settings(columns, Split(train="0.6"), Model(hidden_size=64, dropout=0.0))


def test_what_is_not_given_keeps_the_defaults_of_the_recipe() -> None:
    defaults = Settings(Columns(time=("date",)), Split("2013-12-31", "2014-12-31"), Model(epochs=7))
    parsed = parse({"seed": "3"}, defaults)
    assert parsed.columns == defaults.columns
    assert parsed.split == defaults.split
    assert parsed.model == Model(epochs=7, seed=3)


def test_flat_form_reads_back() -> None:
    given = {
        "known": "a,b",
        "cell": "rnn",
        "validation": "0.2",
        "checkpoint_every_s": "0.5",
        "memory": "1GB",
        "device": "cpu",
    }
    settings = parse(given)
    assert parse(settings.to_flat()) == settings
    assert set(settings.to_flat()) == set(keys())


def test_what_has_no_value_is_left_out_of_the_flat_form() -> None:
    settings = parse({})
    assert set(keys()) - set(settings.to_flat()) == {"checkpoint_every_s", "device", "memory"}
    assert parse(settings.to_flat()) == settings


@pytest.mark.parametrize(
    ("key", "close"), [("hiden_size", "hidden_size"), ("learning-rate", "learning_rate"), ("targets", "target")]
)
def test_an_unknown_key_names_the_nearest(key: str, close: str) -> None:
    with pytest.raises(ConfigError, match=f"'{key}' is not: did you mean '{close}'"):
        parse({key: "1"})


def test_a_key_near_nothing_lists_the_keys() -> None:
    with pytest.raises(ConfigError, match="the keys are time, target, id"):
        parse({"zzz": "1"})


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        (
            "hidden_size",
            "0",
            r"`hidden_size` is a whole number from 1 to 65,536: '0' came\. Write .* hidden_size=64",
        ),
        ("hidden_size", "many", "`hidden_size` is a whole number from 1 to 65,536: 'many' came"),
        ("hidden_size", "1000000000", "`hidden_size` is a whole number from 1 to 65,536: '1000000000' came"),
        ("num_layers", "1e9", "`num_layers` is a whole number from 1 to 1,000"),
        ("window_steps", "100001", "`window_steps` is a whole number from 1 to 100,000"),
        ("epochs", "1.5", "`epochs` is a whole number, 1 or more: '1.5' came"),
        ("epochs", str(2**63), "`epochs` is a whole number"),
        ("seed", "-1", "`seed` is a whole number, 0 or more: '-1' came"),
        ("learning_rate", "-1", "`learning_rate` is a number above 0 and at most 10: '-1' came"),
        ("learning_rate", "1e300", "`learning_rate` is a number above 0 and at most 10: '1e300' came"),
        ("learning_rate", "nan", r"`learning_rate` is .*: 'nan' came \(nan is no number\)\. Write .* learning_rate=0"),
        ("weight_decay", "inf", "`weight_decay` is a number from 0 to 100: 'inf' came"),
        ("weight_decay", "nan", "nan is no number"),
        ("dropout", "nan", "nan is no number"),
        ("checkpoint_every_s", "-1", r"`checkpoint_every_s` is a number of seconds, 0 or more: '-1' came\. Correct it"),
        ("dropout", "1", "`dropout` is a number of 0 or more and below 1: '1' came"),
        ("cell", "gru", r"`cell` is one of lstm, rnn, perceptron: 'gru' came\. Write for example cell=lstm\."),
        ("cell", "lsmt", r"did you mean 'lstm'"),
        ("emission", "poisson", "`emission` is one of gaussian, student"),
        ("calendar", "month", r"`calendar` is auto, none, or some of year,week,day: 'month' came\. .* calendar=auto\."),
        ("calendar", "auto,year", "`calendar` is auto, none, or"),
        ("target", 5, "`target` is column names, such as a or a,b: 5 came"),
        ("id", 5, "`id` is text: 5 came"),
    ],
)
def test_a_value_that_does_not_fit_says_the_rule_and_what_came(key: str, value: object, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        parse({key: value})


def test_all_problems_come_in_one_message() -> None:
    with pytest.raises(ConfigError) as caught:
        parse({"hiden_size": "1", "epochs": "0", "train": "0.5", "dropout": "2"})
    message = str(caught.value)
    assert all(word in message for word in ("hiden_size", "`epochs`", "`dropout`"))
    assert "\n" not in message


@pytest.mark.parametrize(
    ("text", "periods"), [("none", ()), ("auto", ("auto",)), ("day, year", ("day", "year")), ((), ())]
)
def test_words_of_the_calendar(text: object, periods: tuple[str, ...]) -> None:
    assert parse({"calendar": text}).columns.calendar == periods


def test_limits_are_those_of_the_estimator() -> None:
    largest = parse({"hidden_size": "65536", "num_layers": "1000", "window_steps": "100000", "learning_rate": "10"})
    model = largest.model
    check_options(
        SequencePredictor(
            hidden_size=model.hidden_size,
            num_layers=model.num_layers,
            window_steps=model.window_steps,
            learning_rate=model.learning_rate,
        )
    )
