"""`throughtime reproduce` lists rows, reruns them, and refuses in one line."""

from __future__ import annotations

import json

from tests.recipes.reproduce import made_up

TINY = ("--set", "epochs=1", "--set", "hidden_size=4")


def test_rows_are_listed(command, tmp_path, monkeypatch):
    monkeypatch.setenv("THROUGHTIME_DATA", str(tmp_path))
    code, out, _ = command("reproduce")
    assert code == 0
    assert "dna_splice" in out
    assert f"Data: {tmp_path}" in out


def test_a_row(command, tmp_path, monkeypatch):
    made_up.series(tmp_path)
    monkeypatch.setenv("THROUGHTIME_DATA", str(tmp_path))
    code, out, _ = command("reproduce", "gun_point", "--trials", "1", *TINY, "--json")
    assert code == 0
    (row,) = json.loads(out)["rows"]
    assert (row["row"], row["ours"]["runs"], row["published"]) == ("gun_point", 1, "LSTM-FCN 1.000 (chosen on test)")


def test_bad_input_is_one_line(command, tmp_path, monkeypatch):
    monkeypatch.setenv("THROUGHTIME_DATA", str(tmp_path))
    for arguments, code, words in (
        (["gunpoint"], 2, "did you mean 'gun_point'"),
        (["gun_point"], 1, "throughtime data get ts_classification"),
        (["gun_point", "--trials", "0"], 2, "--trials"),
        (["--trials", "2"], 2, "are for rows: none came"),
    ):
        left, out, err = command("reproduce", *arguments)
        assert (left, out) == (code, ""), arguments
        assert words in err
        assert err.count("\n") == 1, err
