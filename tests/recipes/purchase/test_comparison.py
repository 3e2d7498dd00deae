"""The comparison of all methods in one table."""

import numpy as np
import pytest

from tests.recipes.purchase.made import case
from throughtime.recipes.purchase.comparison import _against, compare_methods
from throughtime.recipes.purchase.methods import NETWORKS, RULES, Trial
from throughtime.recipes.table import Spread

pytestmark = pytest.mark.filterwarnings("ignore::throughtime.Notice")


@pytest.fixture
def here(monkeypatch):
    """Trials one after another, in this process."""
    monkeypatch.setattr(
        "throughtime.recipes.purchase.comparison.run_trials", lambda trials, progress: [trial() for trial in trials]
    )


def test_every_method_has_its_row(here):
    own = case(epochs="1")
    table = compare_methods(own.problem, own.chosen.model, 3, "10,10", 2, False)
    assert table.column("method") == [*RULES, *NETWORKS]
    assert [column.name for column in table.columns][1:] == ["Hit@3", "NDCG@3", "MRR", "parameters", "seconds", "seeds"]
    assert table.column("seeds") == [None, None, None, 2, 2, 2]
    hits = table.column("Hit@3")
    assert hits[1] == 1.0
    assert all(isinstance(each, Spread) and each.runs == 2 for each in hits[3:])
    assert sum("The LSTM" in note for note in table.notes) == 4
    assert any("TBPTT(10,10)" in note for note in table.notes)
    assert any(note.startswith("Chosen for item neighbours") for note in table.notes)
    assert any("No ridge" in note for note in table.notes)


@pytest.mark.parametrize(("ours", "word"), [(0.9, "beats"), (0.1, "does not beat"), (0.5, "is level with")])
def test_a_verdict_needs_more_than_chance(ours, word):
    rng = np.random.default_rng(0)
    found = {
        name: [Trial(name, np.where(rng.random(400) < share, 1.0, np.inf), 1, 1.0, "")]
        for name, share in (("LSTM", ours), ("Elman RNN", 0.5))
    }
    assert f"The LSTM {word} the Elman RNN: Hit@20" in _against(found, "Elman RNN", 20)
