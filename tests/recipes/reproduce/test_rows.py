"""Every row says its data, a public set that has those files, and what is published; reruns give figures."""

from __future__ import annotations

import pytest

from tests.recipes.reproduce import made_up
from throughtime.base.errors import Notice
from throughtime.data.public import public_set
from throughtime.recipes.reproduce.rows import BESIDE_STREAMS, BESIDE_WEATHER, ROWS


@pytest.mark.parametrize("name", ROWS)
def test_a_row_names_its_data(name):
    row = ROWS[name]
    assert row.name == name
    assert bool(row.data) != bool(row.obtain)
    if row.data:
        assert set(row.files) <= {file.path for file in public_set(row.data).files}


def test_streams(tmp_path):
    made_up.streams(tmp_path)
    row = ROWS["nab"]
    found = row.run(tmp_path, 1, row.check({"epochs": "1"}), False)
    assert [each.name for each in found] == ["nab: realKnownCause", "nab: realAWSCloudwatch"]
    assert found[0].published == "windowedGaussian 13.36, knncad 45.24, numenta 55.47"
    assert tuple(found[0].beside) == BESIDE_STREAMS
    assert found[0].ours.runs == 1


def test_weather(tmp_path):
    made_up.beijing(tmp_path)
    row = ROWS["beijing_pm25"]
    with pytest.warns(Notice, match="Missing values of .*'pm2.5'.*never scored"):
        (found,) = row.run(tmp_path, 1, row.check({"epochs": "1", "hidden_size": "4"}), False)
    assert found.ours.runs == 1
    assert 0 < found.ours.mean < 50
    assert tuple(found.beside) == BESIDE_WEATHER
