"""`--set key=value` is checked where it enters, all of it at once."""

from __future__ import annotations

import pytest

from throughtime.base.errors import ConfigError
from throughtime.recipes.settings import Columns, Model, Settings, Split, keys, parse


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
    settings = parse({"known": "a,b", "cell": "rnn", "validation": "0.2", "checkpoint_every_s": "0.5"})
    assert parse(settings.to_flat()) == settings
    assert set(settings.to_flat()) == set(keys())


def test_what_has_no_value_is_left_out_of_the_flat_form() -> None:
    settings = parse({})
    assert set(keys()) - set(settings.to_flat()) == {"checkpoint_every_s"}
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
        ("hidden_size", "0", "`hidden_size` should be greater than or equal to 1; '0' came"),
        ("hidden_size", "many", "`hidden_size` should be a valid integer"),
        ("learning_rate", "-1", "`learning_rate` should be greater than 0"),
        ("learning_rate", "nan", "`learning_rate` should be a finite number"),
        ("checkpoint_every_s", "-1", "`checkpoint_every_s` should be greater than or equal to 0"),
        ("dropout", "1", "`dropout` should be less than 1"),
        ("cell", "gru", "`cell` should be 'lstm', 'rnn' or 'perceptron'; 'gru' came"),
        ("emission", "poisson", "`emission` should be 'gaussian' or 'student'"),
    ],
)
def test_a_value_that_does_not_fit_says_the_rule_and_what_came(key: str, value: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        parse({key: value})


def test_all_problems_come_in_one_message() -> None:
    with pytest.raises(ConfigError) as caught:
        parse({"hiden_size": "1", "epochs": "0", "train": "0.5", "dropout": "2"})
    message = str(caught.value)
    assert all(word in message for word in ("hiden_size", "`epochs`", "`dropout`"))
    assert "\n" not in message
