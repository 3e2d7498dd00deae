"""Each recipe's page holds what its commands printed and drew, and speaks of settings and figures that there are.

The commands take minutes: `make pages` runs them. Here it is looked at whether the page can be its own run's.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from throughtime.recipes.ahead.settings import Settings as AheadSettings
from throughtime.recipes.caption.settings import Settings as CaptionSettings
from throughtime.recipes.catalogue import RECIPES
from throughtime.recipes.execute.settings import Settings as ExecuteSettings
from throughtime.recipes.forecasting.settings import Settings as ForecastSettings
from throughtime.recipes.handwriting.settings import Settings as HandwritingSettings
from throughtime.recipes.labelling import beats, dna, sentiment
from throughtime.recipes.music.settings import Settings as MusicSettings
from throughtime.recipes.purchase.settings import Settings as PurchaseSettings
from throughtime.recipes.settings import keys
from throughtime.recipes.stock.settings import Settings as StockSettings
from throughtime.recipes.streams.settings import Settings as StreamSettings
from throughtime.recipes.summarize.settings import Settings as SummarySettings
from throughtime.recipes.text.settings import Settings as TextSettings
from tools import lecture

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "recipes"
PAGES = {path.stem: path.read_text(encoding="utf-8") for path in sorted(FOLDER.glob("*.md"))}
KNOWN = {
    "weather": set(keys(ForecastSettings())),
    "stock": set(keys(StockSettings())),
    "purchase": set(keys(PurchaseSettings())),
    "dna": set(keys(dna.Settings())),
    "sentiment": set(keys(sentiment.Settings())),
    "text": set(keys(TextSettings())),
    "music": set(keys(MusicSettings())),
    "handwriting": set(keys(HandwritingSettings())),
    "caption": set(keys(CaptionSettings())),
    "forecast": set(keys(AheadSettings())),
    "summarize": set(keys(SummarySettings())),
    "execute": set(keys(ExecuteSettings())),
    "anomaly": {"mode"} | set(keys(beats.Settings())) | set(keys(StreamSettings())),
}
every_page = pytest.mark.parametrize("name", PAGES)


def prose(page: str) -> str:
    """A page without what ran, what is shown as code, and the words of its settings."""
    return re.sub(r"`[^`\n]*`", "", re.sub(r"^    .*$", "", lecture._BLOCK.sub("", page), flags=re.MULTILINE))


def test_every_recipe_has_a_page():
    assert set(RECIPES) == set(PAGES) == set(KNOWN)


@every_page
def test_a_page_trains_and_compares_its_recipe_and_shows_what_was_printed(name):
    found = lecture.blocks(PAGES[name])
    asked = [block.words[1:3] for block in found if block.words[0] == "throughtime"]
    assert ["train", name] in asked
    assert ["compare", name] in asked
    assert [block.name for block in found if not block.output.strip()] == []


@every_page
def test_pictures_are_there_and_drawn_by_a_command(name):
    drawn = [figure for block in lecture.blocks(PAGES[name]) for figure in block.figures]
    shown = re.findall(r"^!\[.+?\]\((.+?)\)$", PAGES[name], re.MULTILINE)
    assert shown == [f"{name}/{figure}" for figure in drawn]
    assert shown
    assert {path.name for path in (FOLDER / name).iterdir()} == set(drawn)


@every_page
def test_the_trained_runs_table_is_the_recipes(name):
    """A page whose run is of an older release names rows or settings that are gone."""
    compared = next(block for block in lecture.blocks(PAGES[name]) if block.words[1] == "compare")
    assert "LSTM" in compared.output
    assert f"Run: runs/{name}, report: runs/{name}/report.html." in PAGES[name]


@every_page
def test_settings_named_are_the_recipes(name):
    code = " ".join(re.findall(r"`([^`\n]+)`", lecture._BLOCK.sub("", PAGES[name])))
    code += " " + " ".join(re.findall(r"--set (\S+)", PAGES[name]))
    named = set(re.findall(r"(?<![\w-])([a-z_]+)=", code))
    assert named
    assert named - KNOWN[name] == set()


@every_page
def test_numbers_of_the_prose_stand_in_an_output(name):
    outputs = set(re.findall(r"[\d.,]*\d", "\n".join(block.output for block in lecture.blocks(PAGES[name]))))
    said = re.findall(r"\d+\.\d+", re.sub(r"\(https://\S+?\)", "", prose(PAGES[name])))
    assert [figure for figure in said if figure not in outputs] == []
