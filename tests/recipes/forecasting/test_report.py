"""The report is one page that needs nothing else and shows what the run knows."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from xml.etree import ElementTree

import numpy as np
import pytest
import torch

from throughtime.insight import Gates
from throughtime.recipes.forecasting import report
from throughtime.recipes.forecasting.pictures import INK
from throughtime.recipes.forecasting.problem import Problem
from throughtime.recipes.forecasting.verdict import scores_table
from throughtime.recipes.forecasting.weather import load
from throughtime.tasks.baselines import TEST, ridge_on_lags
from throughtime.train import Epoch, History


class Balance(HTMLParser):
    """Every element that opens closes, in order."""

    VOID = frozenset({"meta", "path", "use", "image", "rect", "circle", "line"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag


def evidence_of(problem: Problem, gates: bool = True) -> report.Evidence:
    steps = problem.steps()
    rule = ridge_on_lags().fit(steps, [len(labels) for labels in problem.classes.values()])
    forecasts = [rule.forecast(one, report.LEVELS) for one in steps]
    rows = int(problem.series.lengths[0]) - 1
    values = torch.linspace(0, 1, rows * 4).reshape(rows, 1, 4)
    epochs = [Epoch(loss=1 / (e + 1), validation=abs(e - 5) / 5 + 0.1, learning_rate=0.1, updates=e) for e in range(12)]
    return report.Evidence(
        problem,
        forecasts,
        History(epochs=epochs, best_epoch=5),
        Gates(*([values] * 6)) if gates else None,
        scores_table(problem, forecasts),
        {"recipe": "weather", "time": ["date"], "note": "<script>alert(1)</script>"},
        "lstm with 1,234 parameters",
    )


@pytest.fixture(scope="module")
def page() -> str:
    return report.render(evidence_of(load(None, {}).problem))


def test_the_page_needs_nothing_else(page: str) -> None:
    assert not re.search(r"https?://|<script|<link|@import|<img", page)
    assert not re.search(r'(?:src|href)="(?!#|data:)', page)
    assert len(page) < 2_000_000


def test_the_page_is_well_formed_and_escaped(page: str) -> None:
    balance = Balance()
    balance.feed(page)
    assert balance.open == []
    assert "&lt;script&gt;" in page


def test_every_section_is_there(page: str) -> None:
    heads = re.findall(r"<h2>(.*?)</h2>", page)
    assert heads == [
        "Scores on the test part",
        "Learning curve",
        "Forecasts, one step ahead",
        "Calibration on the test part",
        "Gates over time",
        "What repeats this run",
    ]
    assert "All 365 test rows" in page
    for words in (
        "kept: epoch 6",
        "probability of wet = True",
        "forget gate f of each unit",
        "share of outcomes inside",
    ):
        assert words in page


def test_pictures_take_their_ink_from_the_page(page: str) -> None:
    assert page.count("currentColor") > 50
    assert INK not in page
    assert "color-scheme: light dark" in page


def test_ids_are_unique_and_all_references_hit(page: str) -> None:
    ids = re.findall(r'\bid="([^"]*)"', page)
    assert len(ids) == len(set(ids))
    wanted = set(re.findall(r"url\(#([^)]*)\)", page)) | set(re.findall(r'href="#([^"]*)"', page))
    assert wanted <= set(ids)


def test_every_picture_is_sound_xml(page: str) -> None:
    pictures = re.findall(r"<svg.*?</svg>", page, flags=re.S)
    assert len(pictures) == 4
    for picture in pictures:
        ElementTree.fromstring(picture)


def test_the_same_run_gives_the_same_page(page: str) -> None:
    assert report.render(evidence_of(load(None, {}).problem)) == page


def test_no_lstm_no_gates() -> None:
    assert "Gates over time" not in report.render(evidence_of(load(None, {}).problem, gates=False))


def test_a_long_test_part_is_shown_by_its_end() -> None:
    problem = load(None, {"validation": "2013-01-01", "test": "2013-06-01"}).problem
    text = report.render(evidence_of(problem))
    assert "The last 500 of 944 test rows" in text


def test_the_gates_shown_are_those_of_the_step_before(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = load(None, {}).problem
    seen = {}
    monkeypatch.setattr(
        report.pictures, "gates_over_time", lambda times, gates: seen.update(times=times, gates=gates) or ""
    )
    evidence = evidence_of(problem)
    report.render(evidence)
    first = int(np.flatnonzero(problem.part[0] == TEST)[0])
    assert str(seen["times"][0]) == "2015-01-01"
    assert evidence.gates is not None
    torch.testing.assert_close(seen["gates"].i, evidence.gates.i[first - 1 :])


def test_reliability_bins_hold_all_cases() -> None:
    draw = np.random.default_rng(0)
    chance = draw.random(5000)
    labels = (draw.random(5000) < chance).astype(np.int64)
    mean, frequency, count = report._reliability(labels, np.stack([1 - chance, chance], axis=1))
    assert count.sum() == 5000
    assert len(mean) == 10
    np.testing.assert_allclose(frequency, mean, atol=0.08)  # 500 cases a bin: 3.5 standard errors of 0.022


def test_a_test_part_of_one_row_is_drawn_and_said_to_say_little() -> None:
    problem = load(None, {"test": "2015-12-31"}).problem
    page = report.render(evidence_of(problem))  # warnings are errors
    assert "All 1 test rows" in page
    assert "Few rows: the test part has 1," in page
