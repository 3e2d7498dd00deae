"""The study in short form: what it finds, draws and repeats."""

from __future__ import annotations

from dataclasses import replace

import pytest

from throughtime.bptt import TBPTT
from throughtime.recipes.lab import lab
from throughtime.recipes.lab.tbptt_runs import SHORT, Outcome, Point, Setting, settings, trial


@pytest.fixture(scope="module")
def found():
    return lab("tbptt", seeds=1, short=True, progress=False)


def test_every_schedule_has_its_row(found):
    skills, costs, noise = found.tables
    names = [setting.name for setting in settings(SHORT)]
    assert skills.column("schedule") == costs.column("schedule") == names
    assert len(set(names)) == len(names)
    assert noise.column("n") == list(SHORT.lengths)
    assert all(seconds > 0 for seconds in skills.column("training, one seed.seconds"))
    assert set(skills.column("training, one seed.updates")) == {4}
    assert len(found.claims) == 18


def test_bytes_are_of_the_formulas_kind(found):
    costs = found.tables[1]
    measured, formula = (costs.column(f"kB kept by an update.{name}") for name in ("measured", "formula"))
    # The cpu kernel keeps a little less than C + 7 H numbers a step and row, torch's kernel more.
    assert all(0.5 < a / b < 5 for a, b in zip(measured, formula, strict=True))


def test_the_figure_names_what_it_shows(found):
    for said in ("Skill, each from its data", "MB kept", "steps of data", "TBPTT(1, 100), n = 200", "BPTT(n, n)"):
        assert said in found.figure


def test_training_repeats_apart_from_seconds():
    def run(seed: int) -> Outcome:
        done = trial(Setting(50, 20, 40), seed, SHORT)
        return Outcome(tuple(replace(point, seconds=0.0) for point in done.curve))

    assert run(1) == run(1)
    assert run(1) != run(2)


def test_a_curve_counts_updates_and_steps():
    done = trial(Setting(50, 20, 40), 0, SHORT)
    # The first window holds answers already: each sequence makes updates at 20, 40 and 50.
    assert [(point.updates, point.steps) for point in done.curve] == [(0, 0), (1, 20), (2, 40), (3, 50), (4, 70)]
    assert [point.seconds for point in done.curve] == sorted(point.seconds for point in done.curve)


def test_a_run_ends_with_its_data_or_its_updates():
    whole = trial(Setting(200, 200, 200), 0, replace(SHORT, updates=100))
    assert (whole.last.updates, whole.last.steps) == (4, 800)


def test_the_first_point_with_a_skill():
    points = tuple(Point(k, 10 * k, k / 2, skill) for k, skill in enumerate((0.0, 0.4, 0.6, 0.5)))
    assert Outcome(points).first_at(0.5) == points[2]
    assert Outcome(points).first_at(0.7) is None


def test_a_setting_is_a_schedule_of_the_engine():
    assert Setting(800, 20, 100).schedule == TBPTT(20, 100)
