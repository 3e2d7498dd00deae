"""Which data are labelled series and which a stream, and that each goes to its own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tests.recipes.labelling.test_beats import table_of
from throughtime.base.errors import ConfigError
from throughtime.recipes import anomaly
from throughtime.recipes.labelling.case import LabelCase

pytestmark = pytest.mark.filterwarnings("ignore::throughtime.base.errors.Notice")


def stream_at(path: Path) -> Path:
    values = np.sin(np.arange(400) / 5) + np.random.default_rng(0).normal(0, 0.1, 400)
    pl.DataFrame({"value": values, "label": 0}).write_csv(path)
    return path


def test_the_form_of_the_data_says_which_they_are(tmp_path):
    table_of(20).write_csv(tmp_path / "series.csv")
    assert isinstance(anomaly.load(tmp_path / "series.csv", {}), LabelCase)
    assert not isinstance(anomaly.load(stream_at(tmp_path / "stream.csv"), {}), LabelCase)
    assert isinstance(anomaly.load(None, {}), LabelCase)
    for place, name in enumerate("aabb"):
        (tmp_path / "folder" / name).mkdir(parents=True, exist_ok=True)
        (tmp_path / "folder" / name / f"{place}.csv").write_text(f"x\n{place}\n")
    assert isinstance(anomaly.load(tmp_path / "folder", {}), LabelCase)


def test_a_column_may_be_named(tmp_path):
    renamed = table_of(20).rename({"id": "machine", "label": "verdict"})
    renamed.write_csv(tmp_path / "series.csv")
    said = {"id": "machine", "label": "verdict"}
    assert isinstance(anomaly.load(tmp_path / "series.csv", said), LabelCase)


def test_the_mode_may_be_said(tmp_path):
    assert not isinstance(anomaly.load(None, {"mode": "stream"}), LabelCase)
    assert isinstance(anomaly.load(None, {"mode": "sequences", "epochs": "3"}), LabelCase)
    with pytest.raises(ConfigError, match="`mode`"):
        anomaly.load(None, {"mode": "rows"})


def test_what_a_case_says_of_itself_gives_it_again(tmp_path):
    stream_at(tmp_path / "stream.csv")
    for data, settings in ((None, {}), (tmp_path / "stream.csv", {}), (None, {"mode": "stream"})):
        case = anomaly.load(data, settings)
        again = anomaly.load(data, case.settings())
        assert type(again) is type(case)
        assert again.settings() == case.settings()


def test_other_data_are_read_as_the_run_s_own(tmp_path):
    table_of(20).write_csv(tmp_path / "series.csv")
    case = anomaly.load(tmp_path / "series.csv", {})
    table_of(4, seed=1).drop("label").write_csv(tmp_path / "new.csv")
    other = anomaly.read(tmp_path / "new.csv", case.settings(), case.table(), False)
    assert isinstance(other, LabelCase)
    assert len(other.problem.test) == 4
