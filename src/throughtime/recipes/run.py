"""Train a recipe in a run folder; resume, evaluate and predict with it.

run.toml             recipe, data (path and SHA-256), TBPTT, every setting with its guesses: enough to repeat the run
model.safetensors    the trained estimator
report.html          what it learned and is worth

What differs from application to application is asked of the recipe's `Case`. Under torchrun the processes are ranks of
one training: each loads the data and trains on a share of its own; the first has the folder, evaluates and reports.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from throughtime.base import launch
from throughtime.base.atomic import write_text
from throughtime.base.digest import digest_of
from throughtime.base.errors import ConfigError, DataError, FileMissingError, RunError
from throughtime.base.run_folder import RunFolder
from throughtime.bptt import TBPTT
from throughtime.recipes.catalogue import RECIPES
from throughtime.recipes.recipe import AUTO, Case, Model, Recipe, Request
from throughtime.recipes.table import Table
from throughtime.recipes.trials import one_thread
from throughtime.tasks import load
from throughtime.train.ranks import Ranks, joined

MODEL, REPORT = "model.safetensors", "report.html"


@dataclass(frozen=True)
class RunResult:
    """A finished training.

    Args:
        run: its folder.
        table: scores on the test part, errors beside a naive rule's.
        notes: one line for each guess about the data.
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
    tbptt: str | None,
    settings: Mapping[str, str],
    progress: bool,
) -> RunResult | None:
    """Train in a new run folder; see `recipes.train`."""
    if tbptt not in (None, AUTO):
        TBPTT.parse(tbptt)  # a wrong schedule is refused before the data are read
    if out is None and launch.may_be_restarted():
        raise ConfigError(
            "Processes that torchrun starts anew must find their run again: name its folder with out=, or --out; none "
            "came."
        )
    with joined() as ranks:
        case = recipe.load(data, settings)
        tbptt = tbptt or case.usual_tbptt(recipe.tbptt)
        # A run folder whose training cannot begin could never be resumed.
        case.check(None if tbptt == AUTO else tbptt, ranks)
        folder = _free_folder(recipe.name) if out is None else Path(out)
        record = {
            "recipe": recipe.name,
            "data": "" if data is None else str(Path(data).resolve()),
            "data_sha256": "" if data is None else digest_of(data),
            "beside_sha256": [digest_of(file) for file in case.beside()],
            "tbptt": tbptt,
            "settings": case.settings(),
            "table": case.table(),
        }
        ranks.agree("recipe, settings and data", {key: value for key, value in record.items() if key != "data"})
        if tbptt == AUTO:
            known = ranks.of_first(_schedule_in(folder) if ranks.is_first and _goes_on(folder) else None)
            with one_thread():
                record["tbptt"] = known or case.measured_tbptt(progress, ranks.group)
        with _kept(ranks, partial(_new_folder, folder, record)) as run:
            return _finish(run, case, str(record["tbptt"]), progress, ranks)


def resume(path: str | Path, progress: bool) -> RunResult | None:
    """Go on with a stopped run; see `recipes.resume`."""
    with joined() as ranks, _kept(ranks, partial(RunFolder.open, path)) as run:
        settings = ranks.of_first(None if run is None else run.settings)
        return _finish(run, _case_of(settings, Path(path)), settings["tbptt"], progress, ranks)


def evaluate(path: str | Path, data: str | Path | Any | None) -> Table:
    """Score a run's model; see `recipes.evaluate`."""
    model, case = open_finished(path, data, scored=True)
    return case.scores(model)


def predict(path: str | Path, data: str | Path | Any | None) -> Table:
    """What comes next, or which class it is; see `recipes.predict`."""
    model, case = open_finished(path, data)
    return case.predictions(model)


def write(path: str | Path, request: Request) -> Iterator[str]:
    """What a finished run's model writes, piece by piece, as `Recipe.generate` tells it.

    Raises:
        ConfigError: its recipe does not write, or the request breaks a rule.
        FileMissingError, ModelFileError, RunError: the run is not finished, or cannot be read.
    """
    with RunFolder.read(path) as run:
        recipe = _recipe_of(run.settings, run.path)
        if recipe.generate is None:
            writers = ", ".join(each.name for each in RECIPES.values() if each.generate)
            raise ConfigError(
                f"What writes is a run of a recipe for that, {writers}: {path} is of {recipe.name}. Use throughtime "
                "predict."
            )
        if request.bias is not None and not recipe.biased:
            biased = ", ".join(each.name for each in RECIPES.values() if each.biased)
            raise ConfigError(
                f"A bias is of pen strokes ({biased}): {request.bias:g} came with a run of {recipe.name}. Leave it out."
            )
        return recipe.generate(load(_model_in(run)), request, run.settings["settings"])


def open_finished(path: str | Path, data: str | Path | Any | None, *, scored: bool = False) -> tuple[Any, Case]:
    """A finished run's model, and its case.

    Args:
        path: folder of the run.
        data: others, read as the run's own, all of which count as test part; None takes the run's own.
        scored: whether others must hold what came.

    Raises:
        DataError, FileMissingError, RunError: whatever is wrong with data or run.
    """
    with RunFolder.read(path) as run:
        settings, path = run.settings, _model_in(run)
        if data is None:
            case = _case_of(settings, run.path)
        else:
            case = _recipe_of(settings, run.path).read(data, settings["settings"], settings["table"], scored)
        return case.open(path), case


def open_trained(path: str | Path) -> tuple[Any, Case, str]:
    """A finished run's model, with its own case and the schedule it was trained with.

    Raises:
        DataError, FileMissingError, RunError: whatever is wrong with data or run.
    """
    with RunFolder.read(path) as run:
        case = _case_of(run.settings, run.path)
        return case.open(_model_in(run)), case, run.settings["tbptt"]


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


def _finish(run: RunFolder | None, case: Case, tbptt: str, progress: bool, ranks: Ranks) -> RunResult | None:
    """Train, from the newest checkpoint if there is one; then the first rank writes model and report."""
    with one_thread():
        model = case.fit(tbptt, run=run, progress=progress, group=ranks.group)
    return None if run is None else _reported(run, case, tbptt, model)


def _reported(run: RunFolder, case: Case, tbptt: str, model: Model) -> RunResult:
    """Write model and report."""
    model.save(run.path / MODEL)
    table, page = case.report(model, tbptt, {**_flat(run.settings), **run.versions})
    write_text(run.path / REPORT, page)
    table = replace(table, notes=(*table.notes, f"Run: {run.path}, report: {run.path / REPORT}."))
    return RunResult(run.path, table, case.notes, model.seconds_)


def _case_of(settings: Mapping[str, Any], path: Path) -> Case:
    """The own case of the run at `path`, from data that must not have changed."""
    recipe = _recipe_of(settings, path)
    data = Path(settings["data"]) if settings["data"] else None
    if data is not None:
        _check_unchanged(data, settings["data_sha256"], path)
    case = recipe.load(data, settings["settings"])
    for file, digest in zip(case.beside(), settings.get("beside_sha256", ()), strict=False):  # older runs have none
        _check_unchanged(file, digest, path)
    return case


def _check_unchanged(data: Path, digest: str, path: Path) -> None:
    if digest_of(data) != digest:
        raise DataError(
            f"A run goes on with the data it began with: {data} has changed since {path} was made. "
            "Put the old data back, or train anew."
        )


def _recipe_of(settings: Mapping[str, Any], path: Path) -> Recipe:
    recipe = RECIPES.get(settings["recipe"])
    if recipe is None:
        raise RunError(
            f"A run belongs to a recipe that exists: {path} is of {settings['recipe']!r}, and there is "
            f"{', '.join(RECIPES)}. Open it with the version that made it, or train anew."
        )
    return recipe


def _model_in(run: RunFolder) -> Path:
    path = run.path / MODEL
    if not path.is_file():
        raise FileMissingError(
            f"A run's model is written when its training ends: {run.path} has none yet. Finish it with: "
            f"throughtime resume {run.path}"
        )
    return path


def _free_folder(name: str) -> Path:
    """runs/NAME-1, or the next number that is free."""
    number = 1
    while Path("runs", f"{name}-{number}").exists():
        number += 1
    return Path("runs", f"{name}-{number}")


def _flat(settings: Mapping[str, Any]) -> dict[str, Any]:
    """What a reader wants of run.toml: the settings in one list, without what is empty."""
    named = {key: settings[key] for key in ("recipe", "data", "data_sha256", "tbptt")} | settings["settings"]
    return {key: value for key, value in named.items() if value not in ("", [])}
