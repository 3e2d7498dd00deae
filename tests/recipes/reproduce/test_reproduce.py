"""Rows asked for are rerun and stand beside what is published; what is not here is said with its remedy."""

from __future__ import annotations

import json

import pytest

from tests.recipes.reproduce import made_up
from throughtime.base.errors import ConfigError, FileMissingError
from throughtime.recipes.reproduce import reproduce, rows

TINY = {"epochs": "1", "hidden_size": "4"}


@pytest.fixture
def data(tmp_path, monkeypatch):
    folder = tmp_path / "data"
    folder.mkdir()
    monkeypatch.setenv("THROUGHTIME_DATA", str(folder))
    return folder


def test_a_row(data, tmp_path):
    made_up.series(data)
    table = reproduce(["gun_point"], trials=2, settings=TINY, out=tmp_path / "table.json", progress=False)
    (ours,) = table.column("ours")
    assert ours.runs == 2
    assert table.column("published") == ["LSTM-FCN 1.000 (chosen on test)"]
    assert table.column("known") == ["seen"]
    assert "gun_point: its own test part, 5 seeds." in table.notes
    assert any(note.startswith("Fewer trials than the row has: gun_point") for note in table.notes)
    assert any("epochs=1, hidden_size=4" in note for note in table.notes)
    assert json.loads((tmp_path / "table.json").read_text())["rows"][0]["row"] == "gun_point"


def test_what_stands_beside_it(data):
    made_up.rna(data)
    table = reproduce(["rna_coding"], trials=1, settings=TINY, progress=False)
    assert table.column("beside it")[0].startswith("6-mer logistic regression ")
    assert table.column("published") == ["-"]


def test_all_takes_what_is_here(data):
    made_up.series(data)
    made_up.promoters(data)
    table = reproduce(["all"], trials=1, settings=TINY, progress=False)
    assert table.column("row") == ["promoter_mouse", "gun_point"]
    assert any("nab was left out" in note and "throughtime data get nab" in note for note in table.notes)
    here = dict(zip(rows().column("name"), rows().column("here"), strict=True))
    assert [name for name, is_here in here.items() if is_here] == ["promoter_mouse", "gun_point"]


def test_data_that_is_not_here(data):
    made_up.series(data)
    with pytest.raises(
        FileMissingError, match="cr cannot be, .*custrev.all.gz is missing.*throughtime data get sentence_"
    ):
        reproduce(["gun_point", "cr"], trials=1, settings=TINY, progress=False)
    with pytest.raises(FileMissingError, match="Put it there by hand"):
        reproduce(["pen_digits"])


def test_what_is_asked_wrongly(data, tmp_path):
    made_up.series(data)
    for words, ask in (
        ("'gunpoint' is none: did you mean 'gun_point'", {"names": ["gunpoint"]}),
        ("at least 1; 0 came", {"names": ["gun_point"], "trials": 0}),
        ("'epoch' is none", {"names": ["gun_point"], "settings": {"epoch": "1"}}),
        ("Give it such an ending", {"names": ["gun_point"], "out": tmp_path / "table.xls"}),
    ):
        with pytest.raises(ConfigError, match=words):
            reproduce(**ask)
