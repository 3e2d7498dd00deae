"""The README's picture: a year of forecasts by a trained weather run, as an SVG that shows on any background.

throughtime train weather --out runs/weather && python tools/picture.py runs/weather docs/forecast.svg
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from throughtime.base.atomic import write_text
from throughtime.recipes.figure import as_file
from throughtime.recipes.forecasting import pictures, weather
from throughtime.recipes.forecasting.methods import forecasts_of
from throughtime.recipes.forecasting.problem import Problem
from throughtime.tasks import load
from throughtime.tasks.baselines import TEST, Forecast

SHOWN = "temp_max"


def draw(problem: Problem, forecast: Forecast) -> str:
    """One target's forecasts over the test part."""
    test, k = problem.part[0] == TEST, problem.numeric.index(SHOWN)
    intervals = {
        level: (low[test, k : k + 1], high[test, k : k + 1]) for level, (low, high) in forecast.intervals.items()
    }
    times = np.asarray(problem.series.times[0])[test]
    truth = problem.numeric_values()[0][test, k : k + 1]
    svg = pictures.forecast_over_time(
        times, [SHOWN], truth, Forecast(forecast.point[test, k : k + 1], intervals, ()), []
    )
    return as_file(svg)


if __name__ == "__main__":
    run, target = map(Path, sys.argv[1:])
    problem = weather.load(None, {}).problem
    write_text(target, draw(problem, forecasts_of(load(run / "model.safetensors"), problem, (80, 95))[0]))
