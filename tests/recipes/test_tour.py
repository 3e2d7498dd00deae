"""The tour shows every recipe there is on one page, and goes on past one that fails."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from throughtime import recipes
from throughtime.base.errors import DataError, Interrupted
from throughtime.recipes import tour
from throughtime.recipes.catalogue import RECIPES
from throughtime.recipes.forecasting import weather
from throughtime.recipes.table import Column, Table

# One target and next to no training: the tour asks nothing of how well it forecasts.
SMALL, BRIEF = {"target": "wind", "hidden_size": "2"}, {"epochs": "2"}


def refused(data, settings):
    raise DataError("Rain is wet: <dry> came. Bring an umbrella.")


def interrupted(data, settings):
    raise Interrupted("stopped")


def tiny(data, settings):
    assert settings == BRIEF
    return weather.load(data, {**settings, **SMALL})


def leave_only(patch: pytest.MonkeyPatch, **loads) -> None:
    """The catalogue with recipes of these names and ways to load."""
    for name in list(RECIPES):
        patch.delitem(RECIPES, name)
    for name, load in loads.items():
        patch.setitem(RECIPES, name, replace(weather.RECIPE, name=name, load=load, brief=BRIEF))


def compared(name: str, *, seeds: int, settings: dict[str, str], out: Path, progress: bool) -> Table:
    """Stands for minutes of trials, which other tests run."""
    assert (seeds, settings, out.name, progress) == (1, BRIEF, name, False)
    return Table("rivals", (Column("method"), Column("RMSE")), (("ridge on lags", 1.0),), ("Nothing was measured.",))


@pytest.mark.filterwarnings("ignore::throughtime.base.errors.Notice")
def test_a_recipe_that_fails_is_told_of_and_the_others_are_shown(tmp_path, monkeypatch):
    leave_only(monkeypatch, broken=refused, tiny=tiny)
    monkeypatch.setattr(recipes, "compare", compared)
    stops = list(tour.tour(tmp_path / "tour", progress=False))
    assert [(stop.name, bool(stop.problem)) for stop in stops] == [("broken", True), ("tiny", False)]
    page = (tmp_path / "tour" / "index.html").read_text(encoding="utf-8")
    failed, shown = re.findall(r"<section><h2>(?:broken|tiny)</h2>.*?</section>", page, re.DOTALL)
    assert "<strong>Failed.</strong> DataError: Rain is wet: &lt;dry&gt; came." in failed
    assert (
        "<pre>throughtime train tiny --set epochs=2\nthroughtime compare tiny --seeds 1 --set epochs=2</pre>" in shown
    )
    assert "ridge on lags" in shown
    assert "Nothing was measured." in shown
    assert "Failed" not in shown
    for link in re.findall(r'<a href="(.+?)"', shown):
        assert (tmp_path / "tour" / link).is_file()
    ids = [each.get("id") for each in ElementTree.fromstring(stops[1].picture).iter() if each.get("id")]
    assert ids
    assert [name for name in ids if not name.startswith("tiny-forecast")] == []


def test_a_tour_that_is_stopped_stops(tmp_path, monkeypatch):
    leave_only(monkeypatch, first=interrupted, second=refused)
    with pytest.raises(Interrupted):
        list(tour.tour(tmp_path, progress=False))
    assert not (tmp_path / "index.html").exists()


def test_the_learning_curve_is_not_the_picture():
    report = (
        "<section><h2>Learning curve</h2>\n<svg><g/></svg></section>"
        '<section><h2>Found</h2>\n<p>x</p><svg id="a"><use href="#b"/></svg></section>'
    )
    assert tour._picture("one", report) == '<svg id="one-a"><use href="#one-b"/></svg>'
    assert tour._picture("one", "<section><h2>Words</h2>\n<p>none</p></section>") == ""
