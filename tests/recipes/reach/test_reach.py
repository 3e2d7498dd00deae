"""What is asked for is found or refused in one sentence, before any work; the figure is a file."""

from __future__ import annotations

import pytest

from throughtime.base.errors import ConfigError, FileMissingError
from throughtime.recipes import reach as package
from throughtime.recipes.lab.study import Findings
from throughtime.recipes.reach import reach


@pytest.fixture(autouse=True)
def no_work(monkeypatch):
    """Each way leads to findings that say which it was."""

    def found(*arguments: object) -> Findings:
        return Findings((), (), '<svg viewBox="0 0 1 1"></svg>', prose=repr(arguments))

    for name in ("study", "reach_of_run", "reach_of_recipe"):
        monkeypatch.setattr(package, name, lambda *a, name=name: found(name, *a))


def test_the_target_decides(tmp_path):
    assert "'study', Effort(seeds=5, short=False, progress=True), None" in reach().prose
    assert (
        "Effort(seeds=2, short=True, progress=False), (0, 5)"
        in reach(lags="0,5", seeds=2, short=True, progress=False).prose
    )
    assert "'reach_of_recipe', Recipe(name='weather'" in reach("weather").prose
    assert "'reach_of_run'" in reach(tmp_path).prose


def test_the_figure_is_written(tmp_path):
    reach(svg=tmp_path / "figure.svg")
    assert (tmp_path / "figure.svg").read_text(encoding="utf-8").startswith("<svg")


def test_what_cannot_be_is_refused(tmp_path):
    with pytest.raises(FileMissingError, match="'wether' is neither: did you mean 'weather'"):
        reach("wether")
    with pytest.raises(FileMissingError, match="'runs/none' is neither: recipes are weather"):
        reach("runs/none")
    with pytest.raises(ConfigError, match="A run has the one seed it was trained with"):
        reach(tmp_path, seeds=3)
    with pytest.raises(ConfigError, match="`seeds` counts networks, at least 1; 0 came"):
        reach(seeds=0)
    with pytest.raises(ConfigError, match=r"the file is named 'figure.png'"):
        reach(svg="figure.png")
    with pytest.raises(ConfigError, match="Lags are whole numbers"):
        reach(lags="-5")
