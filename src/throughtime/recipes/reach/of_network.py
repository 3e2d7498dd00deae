"""The reach of a recipe's network: of a run, before and after its training, or of a recipe as it begins.

    loss      the training's, at the last step of windows cut from the rows it trains and is validated on
    cut       under TBPTT(k1, k2) an update's last loss goes back to the state at lag k2 - 1, its first new one to lag
              k2 - k1 at least; what lies behind is held constant

Each window begins afresh, some steps before the longest lag. A head's weights begin at 0, so before the first update
the loss does not depend on the state at all; at initialisation they are therefore drawn as torch draws a linear layer.
Relative norms owe little to the head: it sets the gradient that the recurrent layer then carries back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import nn

from throughtime.base.errors import ConfigError, DataError
from throughtime.bptt import TBPTT, Piece, Reach, gradient_reach, map_nest
from throughtime.recipes.forecasting.case import ForecastCase
from throughtime.recipes.forecasting.methods import prepare_network
from throughtime.recipes.forecasting.problem import Problem
from throughtime.recipes.forecasting.settings import Settings
from throughtime.recipes.lab.study import Claim, Effort, Findings
from throughtime.recipes.reach.curves import Curve, Mark, Panel, draw_curves
from throughtime.recipes.reach.words import at, middle, over_seeds, power
from throughtime.recipes.recipe import Case, Recipe
from throughtime.recipes.run import open_trained
from throughtime.recipes.table import Cell, Column, Table
from throughtime.recipes.trials import one_thread
from throughtime.tasks.batches import piece_of
from throughtime.tasks.network import head_of
from throughtime.tasks.preparing import Prepared

# Those of the table, as many as the data allow; dense where most gradients end. The curve has points between them.
CURVE_POINTS = 80
LAGS = (0, 1, 2, 3, 5, 7, 10, 14, 20, 30, 50, 70, 100, 140, 200, 300, 400)
# Windows, and the steps each runs before the longest lag so that its state has settled.
ROWS, SHORT_ROWS, SETTLING_STEPS = 64, 8, 100
# Relative norms a reader asks for: a hundredth and a thousandth of the newest.
TOLERANCES = (1e-2, 1e-3)
START, TRAINED = "at initialisation", "after training"
BEYOND = (
    "Truncation cannot reveal reach beyond its own window: trained with a longer k2, a network may come to use more."
)


@dataclass(frozen=True)
class Measured:
    """Reaches under one heading, one for each seed."""

    reaches: tuple[Reach, ...]

    @property
    def lags(self) -> tuple[int, ...]:
        """The lags, of each alike."""
        return self.reaches[0].lags

    @property
    def leaves(self) -> tuple[str, ...]:
        """The names of the state's parts."""
        return tuple(self.reaches[0].relative)

    def median(self, leaf: str, lag: int) -> float:
        """Of the relative norms."""
        return middle([at(reach, leaf, lag) for reach in self.reaches])

    def most(self, lag: int) -> float:
        """The largest leaf's."""
        return max(self.median(leaf, lag) for leaf in self.leaves)

    def steps_to(self, tolerance: float) -> int | None:
        """As `Reach.steps_to`, of the median."""
        curves = {leaf: tuple(self.median(leaf, lag) for lag in self.lags) for leaf in self.leaves}
        return Reach(self.lags, curves, curves, 0.0).steps_to(tolerance)


def reach_of_run(path: Path, lags: Sequence[int] | None, short: bool) -> Findings:
    """Reach of a trained run's loss, with its first weights and with its last."""
    predictor, case, tbptt = open_trained(path)
    problem, settings = _forecasts(case)
    with one_thread():
        ready = prepare_network(problem, settings.model, tbptt)
        shown, piece = _data(ready, tbptt, lags, SHORT_ROWS if short else ROWS)
        measured = {
            name: Measured((_measure(network, piece, shown),))
            for name, network in ((START, _with_head_drawn(ready)), (TRAINED, predictor.network_))
        }
    title = f"Reach of {path}: {settings.model.cell} trained on {problem.title} with TBPTT({tbptt})"
    return _findings(title, measured, shown, piece, tbptt, settings.model.cell)


def reach_of_recipe(recipe: Recipe, lags: Sequence[int] | None, effort: Effort) -> Findings:
    """Reach of a recipe's network on its own sample, as it is initialised."""
    problem, settings = _forecasts(recipe.load(None, {}))
    reaches = []
    with one_thread():
        for seed in range(effort.seeds):
            ready = prepare_network(problem, replace(settings.model, seed=seed), recipe.tbptt)
            shown, piece = _data(ready, recipe.tbptt, lags, SHORT_ROWS if effort.short else ROWS)
            reaches.append(_measure(_with_head_drawn(ready), piece, shown))
    title = f"Reach of the recipe {recipe.name!r}: {settings.model.cell} on {problem.title}, untrained"
    return _findings(title, {START: Measured(tuple(reaches))}, shown, piece, recipe.tbptt, settings.model.cell)


def _forecasts(case: Case) -> tuple[Problem, Settings]:
    """Problem and settings of a case that forecasts."""
    if not isinstance(case, ForecastCase):
        raise ConfigError(
            f"A reach is measured of networks that forecast the next step of a stream: that of {case.title} does not. "
            "Take a recipe such as weather."
        )
    return case.problem, case.chosen


def _measure(network: nn.Module, piece: Piece, shown: Sequence[int]) -> Reach:
    between = range(0, shown[-1], max(1, shown[-1] // CURVE_POINTS))
    return gradient_reach(network, head_of(network).loss, piece, {*shown, *between})


def _with_head_drawn(ready: Prepared) -> nn.Module:
    """The untrained network, with torch's weights in the linear layers of its head that begin at 0."""
    linear = [layer for layer in head_of(ready.network).modules() if isinstance(layer, nn.Linear)]
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(ready.options.seed)
        for layer in linear:
            if not bool(layer.weight.any()):
                layer.reset_parameters()
    return ready.network


def _data(ready: Prepared, tbptt: str, lags: Sequence[int] | None, rows: int) -> tuple[list[int], Piece]:
    """The lags, with those where the schedule cuts, and windows that are long enough for them."""
    longest = max(len(each.inputs) for each in ready.encoded)
    most = longest - 2
    if most < 0:
        raise DataError(f"A reach needs 3 rows of a series at least: the longest has {longest + 1}. Give it more.")
    wanted = [lag for lag in LAGS if lag <= most] if lags is None else list(lags)
    if max(wanted) > most:
        raise ConfigError(
            f"A lag lies within the data: {longest + 1:,} rows of the longest series, which train and validate, allow "
            f"lags up to {most:,}, and {max(wanted):,} came. Take shorter ones."
        )
    asked = sorted({0, *wanted, *(lag for lag in _cuts(tbptt) if lag <= most)})
    steps = min(max(asked) + 2 + SETTLING_STEPS, longest)
    return asked, _windows(ready, steps, rows)


def _cuts(tbptt: str) -> list[int]:
    """The lags behind which no gradient goes: of the first loss that an update injects, and of its last."""
    schedule = TBPTT.parse(tbptt)
    if schedule.k2 is None:
        return []
    # An update so late that its window does not begin with the sequence; step t, from 0, is entered by the state at t.
    window = schedule.window(schedule.k2, schedule.k2 + (schedule.k1 or schedule.k2))
    counted = schedule.counted(window)
    return [counted[0] - window.window_start, counted[-1] - window.window_start]


def _windows(ready: Prepared, steps: int, rows: int) -> Piece:
    """Windows of so many steps, as many as `rows`, whose last steps have a target, spread evenly over all there are."""
    whole = piece_of(ready.encoded, ready.options.device)
    weights = torch.as_tensor(whole.weights)
    places = [
        (row, end)
        for row, each in enumerate(ready.encoded)
        for end in range(steps, len(each.inputs) + 1)
        if weights[end - 1, row] != 0
    ]
    if not places:
        raise DataError(f"A reach begins at a loss: no target stands behind {steps:,} rows. Take shorter lags.")
    chosen = [places[int(k)] for k in torch.linspace(0, len(places) - 1, min(rows, len(places))).round().tolist()]

    def cut(tensor: torch.Tensor) -> torch.Tensor:
        return torch.stack([tensor[end - steps : end, row] for row, end in chosen], 1)

    return Piece(map_nest(cut, whole.x), map_nest(cut, whole.y), cut(weights))


def _findings(
    title: str, measured: Mapping[str, Measured], shown: Sequence[int], piece: Piece, tbptt: str, cell: str
) -> Findings:
    notes = (_of_windows(measured, piece), *_falls(measured), *_of_cell(cell), *_of_schedule(tbptt, measured))
    panels = tuple(Panel(name, _curves(found)) for name, found in measured.items())
    schedule = TBPTT.parse(tbptt)
    longest = next(iter(measured.values())).lags[-1]
    mark = None if schedule.k2 is None or schedule.k2 - 1 > longest else Mark(schedule.k2 - 1, f"k2 = {schedule.k2}")
    claims = _claims(measured, tbptt) if TRAINED in measured else ()
    return Findings((_table(title, measured, shown, notes),), claims, draw_curves(panels, "reach", mark))


def _curves(found: Measured) -> tuple[Curve, ...]:
    lags = found.lags
    return tuple(Curve(leaf, lags, tuple(found.median(leaf, lag) for lag in lags)) for leaf in found.leaves)


def _table(title: str, measured: Mapping[str, Measured], shown: Sequence[int], notes: tuple[str, ...]) -> Table:
    columns = [Column("lag")]
    columns += [Column(leaf, name) for name, found in measured.items() for leaf in found.leaves]
    rows: list[tuple[Cell, ...]] = [
        (lag, *(power(found.median(leaf, lag)) for found in measured.values() for leaf in found.leaves))
        for lag in shown
    ]
    return Table(title, tuple(columns), tuple(rows), notes)


def _of_windows(measured: Mapping[str, Measured], piece: Piece) -> str:
    seeds = max(len(found.reaches) for found in measured.values())
    steps, rows = piece.x.shape[:2]
    return (
        f"{over_seeds(seeds)} The loss at the last step of {rows} windows of {steps:,} steps, each begun afresh; at "
        "initialisation through a head drawn at random, since training begins with one of zeros."
    )


def _falls(measured: Mapping[str, Measured]) -> list[str]:
    """From which lag on the gradient is below each tolerance, one sentence a heading."""
    said = []
    for name, found in measured.items():
        places = []
        for tolerance in TOLERANCES:
            lag = found.steps_to(tolerance)
            where = f"from lag {lag} on" if lag is not None else f"not by lag {found.lags[-1]}, the longest measured"
            places.append(f"below {tolerance:g} {where}")
        said.append(f"{name[0].upper()}{name[1:]} the gradient is {', '.join(places)}.")
    return said


def _of_cell(cell: str) -> list[str]:
    return ["A perceptron's state is its window: behind it the reach is exactly 0."] if cell == "perceptron" else []


def _of_schedule(tbptt: str, measured: Mapping[str, Measured]) -> list[str]:
    longest = next(iter(measured.values())).lags[-1]
    k2 = TBPTT.parse(tbptt).k2
    if k2 is None:
        return [f"TBPTT({tbptt}) goes back over the whole sequence: no gradient is cut."]
    return [f"k2 = {k2} lies behind the longest lag measured, {longest}."] if k2 - 1 > longest else []


def _claims(measured: Mapping[str, Measured], tbptt: str) -> tuple[Claim, ...]:
    """Whether the run's truncation cut what matters, where it truncates within the lags measured."""
    cuts, found = _cuts(tbptt), measured[TRAINED]
    if not cuts or cuts[-1] > found.lags[-1]:
        return ()
    first, last = cuts
    k2, least = last + 1, TOLERANCES[0]
    return (
        Claim(
            f"k2 = {k2} cuts an update's last loss where less than {least:g} of its gradient is left.",
            found.most(last) < least,
            f"At lag {last}, {power(found.most(last))} is left after training ({power(measured[START].most(last))} at "
            f"initialisation). {_of_earlier_losses(found, first, last)}{BEYOND}",
        ),
    )


def _of_earlier_losses(found: Measured, first: int, last: int) -> str:
    """How many of an update's losses, which are cut at the lags from `first` to `last`, lose gradient that matters."""
    if first == last:
        return ""
    least = TOLERANCES[0]
    enough = found.steps_to(least)
    short = last + 1 - first if enough is None else min(max(0, enough - first), last + 1 - first)
    return (
        f"Its other losses are cut sooner, its first at lag {first}, where {power(found.most(first))} is left: of the "
        f"{last + 1 - first} that an update injects, the first {short} lose {least:g} or more. "
    )
