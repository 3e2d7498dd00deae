"""Recipes: one application each, from a table to a trained, compared and explained model.

`catalogue.RECIPES` lists them. A recipe reads its own sample unless it is given data, says what it guesses, and works
through the estimators of `throughtime.tasks`; `--set key=value` reaches every one of its settings.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from throughtime.base.errors import ConfigError
from throughtime.decode import Sampling
from throughtime.insight.svg import check_name
from throughtime.recipes import run as _run
from throughtime.recipes.catalogue import RECIPES, recipe_named
from throughtime.recipes.recipe import Look, Request
from throughtime.recipes.run import RunResult
from throughtime.recipes.table import Column, Spread, Table, check_ending
from throughtime.recipes.trials import trials_on

__all__ = [
    "Column",
    "RunResult",
    "Spread",
    "Table",
    "compare",
    "evaluate",
    "generate",
    "inspect",
    "names",
    "predict",
    "resume",
    "train",
]


def names() -> list[tuple[str, str]]:
    """Every recipe with one line on what it does."""
    return [(recipe.name, recipe.summary) for recipe in RECIPES.values()]


def train(
    name: str,
    *,
    data: str | Path | None = None,
    out: str | Path | None = None,
    tbptt: str | None = None,
    settings: Mapping[str, str] | None = None,
    progress: bool = True,
) -> RunResult | None:
    """Train a recipe in a new run folder and write its model and report there.

    Under torchrun all of its processes train together, each on series of its own; gradients are those of all series.

    Args:
        name: of the recipe.
        data: a table of one's own (.csv, .csv.gz, .tsv, .parquet); None takes the recipe's sample.
        out: a new or empty folder; None takes the next free one, runs/NAME-1, runs/NAME-2, ...
        tbptt: schedule "k1,k2", or "auto": measured on a network trained for a few epochs; None takes the
            recipe's, or that of `SequencePredictor` for a table of one's own that is forecast.
        settings: `recipes.settings` by key, values as text.
        progress: whether to show a progress bar on standard error.

    Returns:
        The run and its scores on the test part; None on ranks other than the first.

    Raises:
        ConfigError: an unknown recipe or setting, or values that do not fit; fewer series than ranks.
        DataError, FileMissingError: whatever is wrong with the table; nothing has been written then.
        ScheduleError: `tbptt` is no schedule.
        RunError: the folder holds something already, or ranks differ.
        Interrupted: by Ctrl-C or SIGTERM, after a checkpoint; `resume` goes on.
    """
    recipe = recipe_named(name)
    return _run.train(recipe, data, out, tbptt, settings or {}, progress)


def resume(run: str | Path, progress: bool = True) -> RunResult | None:
    """Go on with a stopped run from its newest checkpoint; a finished one gets its model and report again.

    Under torchrun with any number of processes; None on ranks other than the first.

    Args:
        run: its folder.
        progress: whether to show a progress bar on standard error.

    Raises:
        DataError: its table has changed.
        FileMissingError: no such run, or its table is gone.
        RunLockedError: another process is writing to it.
        Interrupted: by Ctrl-C or SIGTERM, after a checkpoint.
    """
    return _run.resume(run, progress)


def evaluate(run: str | Path, data: str | Path | Any | None = None) -> Table:
    """Score a trained run, its errors beside persistence's.

    Args:
        run: its folder.
        data: another table with the same columns, all rows of which are scored, read with a fresh state; None scores
            the test part of the run's own.

    Raises:
        DataError, FileMissingError: whatever is wrong with table or run.
    """
    return _run.evaluate(run, data)


def generate(
    run: str | Path,
    steps: int | None = None,
    prompt: str = "",
    *,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float = 1.0,
    repetition_penalty: float = 1.0,
    beam: int | None = None,
    stop: str | None = None,
    bias: float | None = None,
    seed: int = 0,
    out: str | Path | None = None,
) -> Iterator[str]:
    """What a run's model writes, told while it is written: text, the prompt first, or which file it was put into.

    Args:
        run: folder of a trained run of a recipe that writes.
        steps: symbols, or other steps, at most; None: as many as the recipe takes for enough, of text 500.
        prompt, temperature, top_k, top_p, repetition_penalty, beam, stop, seed: as `SequenceGenerator.generate` takes
            them, where the recipe has a use for them.
        bias: of handwriting, above 0 tidier; None: the run's own.
        out: file of what is written; None: text is told alone, other things get a name of their own.

    Raises:
        ConfigError, DataError: settings or prompt break a rule, or the run's recipe does not write.
        FileMissingError, ModelFileError, RunError: whatever is wrong with the run.
        WriteError: the file could not be written.
    """
    sampling = Sampling(temperature=temperature, top_k=top_k, top_p=top_p, repetition_penalty=repetition_penalty)
    place = None if out is None else Path(out)
    return _run.write(run, Request(steps, prompt, sampling, beam=beam, stop=stop, bias=bias, seed=seed, out=place))


def predict(run: str | Path, data: str | Path | Any | None = None) -> Table:
    """Forecast the step after a table's last row, for every series in it.

    Args:
        run: folder of a trained run.
        data: another table with the same columns; None takes the run's own.

    Raises:
        DataError, FileMissingError: whatever is wrong with table or run.
    """
    return _run.predict(run, data)


def inspect(
    run: str | Path,
    *,
    step: int | str | None = None,
    svg: str | Path | None = None,
    series: str | None = None,
    unit: int | None = None,
    layer: int | None = None,
    data: str | Path | Any | None = None,
) -> Table:
    """Look into the memory cell of a run's LSTM at one step.

    Args:
        run: folder of a trained run.
        step: row that is read, counted from 1, or its time; None: the last one of the test part whose next is known.
        svg: a file for the drawing of the cell.
        series: id of the series; None: the first.
        unit: cell of the layer, counted from 1; None: the one with the largest |h dL/dh|, by which the step's loss
            owes most to it, or without a loss the largest |h|.
        layer: counted from 1; None: the one next to the output.
        data: another table with the same columns; None takes the run's own.

    Returns:
        Gates and states of the unit and over all units, what opens its gates, and dL/d of each.

    Raises:
        ConfigError: there is no such step, series, unit or layer, the network has no LSTM, or the file is no .svg.
        DataError, FileMissingError: whatever is wrong with table or run.
        WriteError: the file cannot be written.
    """
    if svg is not None:
        check_name(svg)
    model, case = _run.open_finished(run, data)
    return case.inspect(model, Look(step, svg, series, unit, layer))


def compare(
    name: str,
    *,
    data: str | Path | Any | None = None,
    seeds: int = 3,
    settings: Mapping[str, str] | None = None,
    out: str | Path | None = None,
    progress: bool = True,
    backend: str | None = None,
) -> Table:
    """Set a recipe's LSTM beside the naive rules, ridge, boosting, the perceptron and the Elman RNN.

    Args:
        name: of the recipe.
        data: a table of one's own; None takes the recipe's sample.
        seeds: trainings of each network, at least 1.
        settings: as for `train`; `cell` is ignored, since all of them run.
        out: a file that ends in .json, .csv, .txt or .md, or a folder for comparison.txt and comparison.json.
        progress: whether to show on standard error how many trials are done.
        backend: where the trials run: "processes" of this machine, "dask:tcp://host:8786" for a Dask cluster by its
            scheduler's address or file, "dask" for the cluster that is configured; None: what `joblib.parallel_config`
            set, or else this machine's processes.

    Raises:
        ConfigError, DataError, FileMissingError: as `train`; the backend is none, or Dask is not installed.
        ClusterError: the cluster cannot be reached, or would not give the same results.
    """
    recipe = recipe_named(name)
    if seeds < 1:
        raise ConfigError(f"`seeds` counts trainings of each network, at least 1; {seeds} came.")
    files = [] if out is None else _files(Path(out))
    case = recipe.load(data, settings or {})
    with trials_on(backend):
        table = case.compare(case.usual_tbptt(recipe.tbptt), seeds, progress)
    for file in files:
        file.parent.mkdir(parents=True, exist_ok=True)
        table.save(file)
    return table


def _files(out: Path) -> list[Path]:
    """The files a comparison is written to; asked before the work, so that a wrong name costs none."""
    if out.suffix and not out.is_dir():
        check_ending(out)
        return [out]
    return [out / "comparison.txt", out / "comparison.json"]
