"""How far the gradient of a loss reaches back: of a run, of a recipe, or of RNN and LSTM by their initialisation."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from throughtime.base.atomic import write_text
from throughtime.base.checks import did_you_mean
from throughtime.base.errors import ConfigError, FileMissingError
from throughtime.insight.svg import check_name
from throughtime.recipes.catalogue import RECIPES
from throughtime.recipes.figure import as_file
from throughtime.recipes.lab.study import Effort, Findings
from throughtime.recipes.reach.of_network import reach_of_recipe, reach_of_run
from throughtime.recipes.reach.vanishing import study
from throughtime.recipes.reach.words import lags_from
from throughtime.recipes.trials import trials_on

__all__ = ["reach"]

SEEDS = 5


def reach(
    target: str | Path | None = None,
    *,
    lags: str | None = None,
    seeds: int | None = None,
    short: bool = False,
    svg: str | Path | None = None,
    progress: bool = True,
    backend: str | None = None,
) -> Findings:
    """Norm of a loss's gradient with respect to earlier states, by lag.

    Args:
        target: folder of a trained run (its network before and after training, on its own data), name of a recipe (its
            network as initialised), or None: RNN and LSTM by their initialisation, on a task of memory.
        lags: steps back, such as "0,10,50"; None: those that show most.
        seeds: networks, at least 1; None: 5. A run has its own seed.
        short: see it in seconds: fewer rows, shorter trainings, figures not to be quoted.
        svg: a file for the figure.
        progress: whether to show on standard error how many trials are done.
        backend: where trials run when there is no target: "processes" of this machine, "dask:tcp://host:8786" for a
            Dask cluster by its scheduler's address or file, "dask" for the cluster that is configured; None: what
            `joblib.parallel_config` set, or else this machine's processes.

    Returns:
        Table, figure, and what is claimed held against them.

    Raises:
        ConfigError: lags, seeds or a backend that are none, seeds for a run, a cluster for a run or recipe, or a figure
            that is not SVG.
        ClusterError: the cluster cannot be reached, or would not give the same results.
        FileMissingError: no such run or recipe.
        DataError, RunError: whatever is wrong with table or run.
        WriteError: the figure cannot be written.
    """
    asked = None if lags is None else lags_from(lags)
    if seeds is not None and seeds < 1:
        raise ConfigError(f"`seeds` counts networks, at least 1; {seeds} came.")
    if svg is not None:
        check_name(svg)
    if target is not None and backend not in (None, "processes"):
        raise ConfigError(
            f"A run's or a recipe's reach is measured here, without trials: backend {backend!r} came. Leave it out, or "
            "leave the name out: RNN and LSTM are set side by side in trials."
        )
    effort = Effort(SEEDS if seeds is None else seeds, short, progress)
    with trials_on(backend):
        found = replace(_find(target, asked, effort, seeds is not None), short=short)
    if svg is not None:
        write_text(Path(svg), as_file(found.figure))
    return found


def _find(target: str | Path | None, lags: tuple[int, ...] | None, effort: Effort, seeded: bool) -> Findings:
    if target is None:
        return study(effort, lags)
    # A recipe's name comes first: who has a folder of that name can write ./weather.
    if str(target) in RECIPES:
        return reach_of_recipe(RECIPES[str(target)], lags, effort)
    if not Path(target).is_dir():
        raise _no_such(str(target))
    if seeded:
        raise ConfigError("A run has the one seed it was trained with: leave --seeds out.")
    return reach_of_run(Path(target), lags, effort.short)


def _no_such(target: str) -> FileMissingError:
    hint = did_you_mean(target, RECIPES, "recipes are")
    return FileMissingError(
        f"A reach is that of a run's folder or of a recipe; {target!r} is neither: {hint} Without a name RNN and LSTM "
        "are set side by side."
    )
