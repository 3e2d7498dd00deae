"""`--set key=value` becomes a dict, or one clear line; a table is printed for people or for programs."""

from __future__ import annotations

import json

import pytest
import typer

from throughtime.cli.app import app
from throughtime.cli.options import settings_from, show
from throughtime.recipes import Column, Table


def test_settings():
    assert settings_from(["epochs=20", " head = gaussian ", "note=a=b"]) == {
        "epochs": "20",
        "head": "gaussian",
        "note": "a=b",
    }
    assert settings_from(None) == {}


@pytest.mark.parametrize("pair", ["epochs", "=20", " =20", ""])
def test_setting_without_key_or_value(pair):
    with pytest.raises(typer.BadParameter, match="--set takes KEY=VALUE: .* came. Write for example --set epochs=20"):
        settings_from([pair])


@pytest.mark.parametrize("pair", ["target=", "target= "])
def test_setting_without_a_value(pair):
    with pytest.raises(typer.BadParameter, match=f"KEY=VALUE: '{pair}' has no value. Give one, or leave the key out"):
        settings_from([pair])


def test_setting_given_twice():
    with pytest.raises(typer.BadParameter, match="takes each key once: 'epochs' came twice"):
        settings_from(["epochs=20", "epochs=30"])


def test_table_for_people_and_for_programs(capsys):
    table = Table("Errors", (Column("model"), Column("RMSE")), (("LSTM", 2.5),), ("one note",))
    show(table, as_json=False)
    assert capsys.readouterr().out == table.to_text(100) + "\n"
    show(table, as_json=True)
    assert json.loads(capsys.readouterr().out)["rows"] == [{"model": "LSTM", "RMSE": 2.5}]


@pytest.mark.parametrize(
    ("name", "own"),
    [("train", "recipe's sample"), ("compare", "recipe's sample"), ("evaluate", "run's own"), ("predict", "run's own")],
)
def test_data_says_which_table_stands_in_for_it(name, own):
    command = typer.main.get_command(app).commands[name]
    (said,) = [parameter.help for parameter in command.params if parameter.opts == ["--data"]]
    assert said.endswith(f"without it, the {own}.")
