"""Train a recipe in a run folder; resume, evaluate and predict with it.

run.toml             recipe, table (path and SHA-256), TBPTT, every setting with its guesses: enough to repeat the run
model.safetensors    the trained estimator
report.html          what it learned and is worth

Under torchrun the processes are ranks of one training: each loads the table and trains on series of its own; the first
has the folder, evaluates and reports.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from throughtime.base import launch
from throughtime.base.atomic import write_text
from throughtime.base.errors import ConfigError, DataError, FileMissingError, RunError
from throughtime.base.run_folder import RunFolder
from throughtime.bptt import TBPTT
from throughtime.data import read_again
from throughtime.insight import Gates, inspect
from throughtime.nn import LSTM
from throughtime.recipes import reach_by_epoch, report
from throughtime.recipes.catalogue import RECIPES
from throughtime.recipes.methods import check_network, fit_network, forecasts_of, measured_tbptt
from throughtime.recipes.problem import Problem, prepared, read_own
from throughtime.recipes.recipe import Recipe
from throughtime.recipes.scores import LEVELS
from throughtime.recipes.settings import Settings, parse
from throughtime.recipes.table import Table
from throughtime.recipes.trials import one_thread
from throughtime.recipes.verdict import next_step_table, scores_table
from throughtime.tasks import SequencePredictor, load
from throughtime.tasks.options import AUTO
from throughtime.train import ReachWatch, watching
from throughtime.train.ranks import Ranks, joined

MODEL, REPORT = "model.safetensors", "report.html"


@dataclass(frozen=True)
class RunResult:
    """A finished training.

    Args:
        run: its folder.
        table: scores on the test part, errors beside persistence's.
        notes: one line for each guess about the table.
        seconds: of training, also before a stop.
    """

    run: Path
    table: Table
    notes: tuple[str, ...]
    seconds: float


def train(
    recipe: Recipe,
    data: str | Path | None,
    out: str | Path | None,
    tbptt: str,
    settings: Mapping[str, str],
    progress: bool,
) -> RunResult | None:
    """Train in a new run folder; see `recipes.train`."""
    if tbptt != AUTO:
        TBPTT.parse(tbptt)  # a wrong schedule is refused before the table is read
    if out is None and launch.may_be_restarted():
        raise ConfigError(
            "Processes that torchrun starts anew must find their run again: name its folder with out=, or --out; none "
            "came."
        )
    with joined() as ranks:
        problem, resolved = recipe.load(data, settings)
        # A run folder whose training cannot begin could never be resumed.
        check_network(problem, resolved.model, None if tbptt == AUTO else tbptt, ranks)
        folder = _free_folder(recipe.name) if out is None else Path(out)
        record = {
            "recipe": recipe.name,
            "data": "" if data is None else str(Path(data).resolve()),
            "data_sha256": "" if data is None else _digest(Path(data)),
            "tbptt": tbptt,
            "settings": resolved.to_flat(),
            "table": problem.series.arguments(),
        }
        ranks.agree("recipe, settings and table", {key: value for key, value in record.items() if key != "data"})
        if tbptt == AUTO:
            known = ranks.of_first(_schedule_in(folder) if ranks.is_first and _goes_on(folder) else None)
            with one_thread():
                record["tbptt"] = known or measured_tbptt(problem, resolved.model, progress, ranks.group)
        with _kept(ranks, partial(_new_folder, folder, record)) as run:
            return _finish(run, problem, resolved, str(record["tbptt"]), progress, ranks)


def resume(path: str | Path, progress: bool) -> RunResult | None:
    """Go on with a stopped run; see `recipes.resume`."""
    with joined() as ranks, _kept(ranks, partial(RunFolder.open, path)) as run:
        settings = ranks.of_first(None if run is None else run.settings)
        problem, resolved = _problem_of(settings, Path(path))
        return _finish(run, problem, resolved, settings["tbptt"], progress, ranks)


def evaluate(path: str | Path, data: str | Path | Any | None) -> Table:
    """Score a run's model; see `recipes.evaluate`."""
    predictor, problem = open_finished(path, data)
    _check_scorable(problem)
    return scores_table(problem, forecasts_of(predictor, problem, LEVELS))


def predict(path: str | Path, data: str | Path | Any | None) -> Table:
    """The next step after a table's last row; see `recipes.predict`."""
    predictor, problem = open_finished(path, data)
    return next_step_table(problem, predictor)


def open_finished(path: str | Path, data: str | Path | Any | None) -> tuple[SequencePredictor, Problem]:
    """A finished run's model, and its problem.

    Args:
        path: folder of the run.
        data: another table with the same columns, all rows of which count as test rows; None takes the run's own.

    Raises:
        DataError, FileMissingError, RunError: whatever is wrong with table or run.
    """
    with RunFolder.read(path) as run:
        predictor = _model_of(run)
        return predictor, _problem_of(run.settings, run.path)[0] if data is None else _new_problem(run, data)


def open_trained(path: str | Path) -> tuple[SequencePredictor, Problem, Settings, str]:
    """A finished run's model, with its own problem, the settings it was trained with and its schedule.

    Raises:
        DataError, FileMissingError, RunError: whatever is wrong with table or run.
    """
    with RunFolder.read(path) as run:
        predictor = _model_of(run)
        return predictor, *_problem_of(run.settings, run.path), run.settings["tbptt"]


@contextmanager
def _kept(ranks: Ranks, opened: Callable[[], RunFolder]) -> Iterator[RunFolder | None]:
    """The folder that the first rank opens; none on the others."""
    if not ranks.is_first:
        yield None
        return
    with opened() as run:
        yield run


def _goes_on(path: Path) -> bool:
    """Whether the run there may be one that torchrun starts anew."""
    return launch.may_be_restarted() and (path / "run.toml").is_file()


def _schedule_in(path: Path) -> str:
    with RunFolder.open(path) as run:
        return run.settings["tbptt"]


def _new_folder(path: Path, record: dict[str, Any]) -> RunFolder:
    """A new run's folder; where torchrun starts a training anew, the one it had."""
    if not _goes_on(path):
        return RunFolder.create(path, record)
    run = RunFolder.open(path)
    if run.settings != record:
        run.close()
        raise RunError(
            f"A training that is started anew goes on with its own run: {path} is another's. Choose another folder."
        )
    return run


def _finish(
    run: RunFolder | None, problem: Problem, settings: Settings, tbptt: str, progress: bool, ranks: Ranks
) -> RunResult | None:
    """Train, from the newest checkpoint if there is one; then the first rank writes model and report."""
    with one_thread(), watching(ReachWatch() if settings.model.reach else None):
        predictor = fit_network(problem, settings.model, tbptt, run=run, progress=progress, group=ranks.group)
    return None if run is None else _reported(run, problem, settings, tbptt, predictor)


def _reported(
    run: RunFolder, problem: Problem, settings: Settings, tbptt: str, predictor: SequencePredictor
) -> RunResult:
    """Write model and report."""
    predictor.save(run.path / MODEL)
    forecasts = forecasts_of(predictor, problem, report.LEVELS)
    table = scores_table(problem, forecasts)
    history = predictor.history_
    assert history is not None
    assert history.best_epoch is not None  # there was a validation part
    network = (
        f"{settings.model.cell} with {predictor.parameters_count_:,} parameters, TBPTT({tbptt}), seed "
        f"{settings.model.seed}; epoch {history.best_epoch + 1} of {len(history.epochs)} kept; trained in "
        f"{predictor.seconds_:.1f} s."
    )
    gates = _gates(predictor, problem)
    record = {**_flat(run.settings), **run.versions}
    evidence = report.Evidence(problem, forecasts, history, gates, table, record, network)
    write_text(run.path / REPORT, report.render(evidence))
    reach = reach_by_epoch.sentences(history, tbptt)
    table = replace(table, notes=(*table.notes, network, *reach, f"Run: {run.path}, report: {run.path / REPORT}."))
    return RunResult(run.path, table, problem.notes, predictor.seconds_)


def _gates(predictor: SequencePredictor, problem: Problem) -> Gates | None:
    """Gates of the first series at every step but the last; None where the network has no LSTM."""
    layers = [layer for layer in predictor.network_.modules() if isinstance(layer, LSTM)]
    if not layers:
        return None
    first = problem.series.to_frame()[: int(problem.series.lengths[0])]
    return inspect(layers[0], predictor.network_input(first)).layer(0)


def _problem_of(settings: Mapping[str, Any], path: Path) -> tuple[Problem, Settings]:
    """The own problem of the run at `path`, from a table that must not have changed."""
    recipe = RECIPES.get(settings["recipe"])
    if recipe is None:
        raise RunError(
            f"A run belongs to a recipe that exists: {path} is of {settings['recipe']!r}, and there is "
            f"{', '.join(RECIPES)}. Open it with the version that made it, or train anew."
        )
    data = Path(settings["data"]) if settings["data"] else None
    if data is not None and _digest(data) != settings["data_sha256"]:
        raise DataError(
            f"A run goes on with the table it began with: {data} has changed since {path} was made. "
            "Put the old table back, or train anew."
        )
    return recipe.load(data, settings["settings"])


def _new_problem(run: RunFolder, data: str | Path | Any) -> Problem:
    """Another table, read as the run's own was; all of its rows count as test rows."""
    table, title = read_own(data)
    series = read_again(prepared(table, parse(run.settings["settings"]).columns), run.settings["table"])
    empty = series.part(slice(0, 0))
    return Problem(title, series, (empty, empty, series), parse(run.settings["settings"]).columns, ())


def _check_scorable(problem: Problem) -> None:
    rows = max(int(length) for length in problem.series.lengths)
    if rows < 2:
        raise DataError(
            f"An evaluation needs at least 2 rows of a series, one to forecast the next from: {problem.title} has "
            f"{rows}. Give it more; predict takes one."
        )


def _model_of(run: RunFolder) -> SequencePredictor:
    path = run.path / MODEL
    if not path.is_file():
        raise FileMissingError(
            f"A run's model is written when its training ends: {run.path} has none yet. Finish it with: "
            f"throughtime resume {run.path}"
        )
    return load(path)


def _free_folder(name: str) -> Path:
    """runs/NAME-1, or the next number that is free."""
    number = 1
    while Path("runs", f"{name}-{number}").exists():
        number += 1
    return Path("runs", f"{name}-{number}")


def _digest(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except FileNotFoundError as error:
        raise FileMissingError(f"The table must exist: there is no file {str(path)!r}. Check the path.") from error


def _flat(settings: Mapping[str, Any]) -> dict[str, Any]:
    """What a reader wants of run.toml: the settings in one list, without what is empty."""
    named = {key: settings[key] for key in ("recipe", "data", "data_sha256", "tbptt")} | settings["settings"]
    return {key: value for key, value in named.items() if value not in ("", [])}
