"""The recipe, from its sample and from a table, in a run folder."""

import pytest

from tests.recipes.purchase.made import SMALL, ring
from throughtime import recipes
from throughtime.recipes.purchase.shop import SIZE, TITLE, load, sample

pytestmark = pytest.mark.filterwarnings("ignore::throughtime.Notice")


def test_the_sample_is_said_to_be_made_up_and_leaves_nothing_to_guess():
    table = sample()
    assert table.columns == ["user", "item", "time"]
    assert abs(len(table) / SIZE[2] - 1) < 0.05
    own = load(None, {})
    assert "made up" in own.title
    assert own.title == TITLE
    assert len(own.notes) == 1  # the split


def test_a_run_from_a_table_to_predictions(tmp_path):
    ring().write_csv(tmp_path / "shop.csv")
    said = {key: str(value) for key, value in SMALL.items()}
    done = recipes.train(
        "purchase", data=tmp_path / "shop.csv", out=tmp_path / "run", tbptt="10,10", settings=said, progress=False
    )
    assert done.table.column("method")[:2] == ["LSTM", "popularity"]
    assert (tmp_path / "run" / "report.html").is_file()
    assert recipes.evaluate(tmp_path / "run").rows == done.table.rows[:2]
    again = recipes.resume(tmp_path / "run", progress=False)
    assert again.table.rows == done.table.rows
    ring(9, seed=5).write_parquet(tmp_path / "new.parquet")
    assert len(recipes.predict(tmp_path / "run", data=tmp_path / "new.parquet").rows) == 9 * 5
    assert recipes.evaluate(tmp_path / "run", data=tmp_path / "new.parquet").column("Hit@20")[0] > 0.5
