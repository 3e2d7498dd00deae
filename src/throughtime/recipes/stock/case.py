"""A table of prices as a case: trained along the walk through time, once for each stretch and once for tomorrow.

The run folder keeps each stretch's training in `stretches/NN`, a run of its own, so that a stopped walk goes on where
it was; `model.safetensors` is the last training, which reaches the newest session and is tested by nobody;
`walk_forward.csv` holds every decision that was tested.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import torch.distributed as dist

from throughtime.base.atomic import write_text
from throughtime.base.errors import DataError, FileMissingError, Interrupted, ModelFileError
from throughtime.base.run_folder import RunFolder
from throughtime.data.clock import show_time
from throughtime.recipes.forecasting.methods import check_network, fit_network
from throughtime.recipes.forecasting.settings import Model
from throughtime.recipes.recipe import Case
from throughtime.recipes.stock import report, verdict
from throughtime.recipes.stock.comparison import compare_methods
from throughtime.recipes.stock.methods import network_forecasts
from throughtime.recipes.stock.movement import Track, classes_of, input_names, tracks_of
from throughtime.recipes.stock.prices import Market
from throughtime.recipes.stock.scores import Forecasts
from throughtime.recipes.stock.settings import Settings
from throughtime.recipes.stock.walk import Stage, Stretch, stage_of, stretches, whole_stage
from throughtime.recipes.table import Table
from throughtime.tasks import SequencePredictor, load
from throughtime.train import History
from throughtime.train.ranks import Ranks

MODEL, DECISIONS, STRETCHES = "model.safetensors", "walk_forward.csv", "stretches"


@dataclass(frozen=True)
class Walked:
    """What a walk leaves: the last training, and what the others decided.

    Args:
        last: the network that saw everything.
        decisions: of the other trainings, each on the stretch after it.
        seconds_: of all trainings.
    """

    last: SequencePredictor
    decisions: pl.DataFrame
    seconds_: float

    @property
    def parameters_count_(self) -> int:
        """Numbers trained, each time."""
        return self.last.parameters_count_

    @property
    def history_(self) -> History | None:
        """Of the last training."""
        return self.last.history_

    def save(self, path: Path) -> None:
        """Write the last training to `path`, and the decisions beside it."""
        write_text(path.with_name(DECISIONS), self.decisions.write_csv())
        self.last.save(path)

    @classmethod
    def read(cls, path: Path) -> Walked:
        """What `save` wrote.

        Raises:
            FileMissingError, ModelFileError: a file is not there, or not one that was written.
        """
        last, decisions = load(path), path.with_name(DECISIONS)
        if not decisions.is_file():
            raise FileMissingError(f"A walk's decisions lie beside its model: there is no {decisions}. Train it anew.")
        return cls(last, pl.read_csv(decisions, schema_overrides={"session": pl.String, "security": pl.String}), 0.0)


@dataclass(frozen=True)
class StockCase(Case):
    """Prices with the settings they are read by.

    Args:
        name: what the data are.
        market: the prices.
        chosen: settings, every guess filled in.
        walks: whether it is walked through; else all of its movements are tested by one model.
        trained_until: newest session that model saw, as text; "" for a case that is walked through.
        shares: of each class in what that model was trained on; () likewise.
    """

    name: str
    market: Market
    chosen: Settings
    walks: bool = True
    trained_until: str = ""
    shares: tuple[float, ...] = ()

    @property
    def title(self) -> str:
        """What the data are."""
        return self.name

    @property
    def notes(self) -> tuple[str, ...]:
        """One line for each guess and rule."""
        return self.market.notes

    @property
    def classes(self) -> tuple[str, ...]:
        """Of a movement."""
        return classes_of(self.chosen.movement)

    def table(self) -> dict[str, Any]:
        """See `Case.table`."""
        return {"trained_until": show_time(self.market.times[-1]), "shares": self.stage(-1).shares.tolist()}

    def tracks(self) -> list[Track]:
        """Movements and inputs of every security."""
        return tracks_of(self.market, self.chosen.movement)

    def stretches(self) -> list[Stretch]:
        """Of the walk; the last one tests nothing."""
        return stretches(len(self.market.times), self.chosen.movement.horizon, self.chosen.walk)

    def stage(self, number: int) -> Stage:
        """A stretch made ready; -1 is the last training."""
        all_of_them = self.stretches()
        place = number % len(all_of_them)
        names = input_names(self.market, self.chosen.movement)
        return stage_of(place, all_of_them[place], self.tracks(), names, self.classes, self.title)

    def as_one(self, inputs: Sequence[str]) -> Stage:
        """All sessions as one stretch of one model that reads these inputs.

        Raises:
            DataError: the table gives not all of them.
        """
        names = input_names(self.market, self.chosen.movement)
        lacking = [name for name in inputs if name not in names]
        if lacking:
            raise DataError(
                f"A model reads what it was trained on: {self.title} gives no {', '.join(lacking)} (body needs open, "
                "range high and low). Give it those columns."
            )
        places = [names.index(name) for name in inputs]
        tracks = [replace(track, inputs=track.inputs[:, places]) for track in self.tracks()]
        return whole_stage(tracks, inputs, self.classes, self.title, self.shares or self.stage(-1).shares)

    def check(self, tbptt: str | None, ranks: Ranks) -> None:
        """See `Case.check`."""
        stages = [self.stage(number) for number in range(len(self.stretches()))]  # each has every class
        for stage in (stages[0], stages[-1]):
            check_network(stage.problem, self.chosen.model, tbptt, ranks)

    def fit(self, tbptt: str, *, run: RunFolder | None, progress: bool, group: dist.ProcessGroup | None) -> Walked:
        """See `Case.fit`."""
        model, done, seconds = self.chosen.model, [], 0.0
        count = len(self.stretches()) - 1
        for number in range(count):
            stage = self.stage(number)
            predictor = _fit_stretch(stage, model, tbptt, run, progress, group)
            done.append(network_forecasts(stage, predictor, self.chosen.walk.call))
            seconds += predictor.seconds_
        last = fit_network(self.stage(-1).problem, model, tbptt, run=run, progress=progress, group=group)
        return Walked(last, self._as_table(Forecasts.joined(done)), seconds + last.seconds_)

    def open(self, path: Path) -> Walked:
        """Read what `fit`'s result saved at `path`."""
        return Walked.read(path)

    def forecasts(self, model: Walked) -> Forecasts:
        """The decisions that are tested: those of the walk, or the one model's on other data."""
        if self.walks:
            return self._from_table(model.decisions)
        stage = self.as_one(model.last.columns_[:-1])
        return network_forecasts(stage, model.last, self.chosen.walk.call)

    def scores(self, model: Walked) -> Table:
        """See `Case.scores`."""
        return verdict.scores_table(self, self.forecasts(model))

    def predictions(self, model: Walked) -> Table:
        """The movement after each security's newest session."""
        stage = self.as_one(model.last.columns_[:-1])
        frame = model.last.predict(stage.problem.series.to_frame())
        return verdict.next_table(self, stage, frame)

    def report(self, model: Walked, tbptt: str, record: Mapping[str, Any]) -> tuple[Table, str]:
        """See `Case.report`."""
        forecasts = self.forecasts(model)
        table = verdict.scores_table(self, forecasts)
        network = (
            f"{self.chosen.model.cell} with {model.parameters_count_:,} parameters, TBPTT({tbptt}), seed "
            f"{self.chosen.model.seed}; {len(self.stretches())} trainings in {model.seconds_:.1f} s. The model kept is "
            f"the last one, trained and validated on everything until {show_time(self.market.times[-1])}; no test "
            "scores it."
        )
        table = replace(table, notes=(*table.notes, network))
        return table, report.render(self, forecasts, model.history_, table, record, network)

    def compare(self, tbptt: str, seeds: int, progress: bool) -> Table:
        """See `Case.compare`."""
        # Of all cells the perceptron, which has a window too, asks most of the settings.
        check_network(self.stage(0).problem, replace(self.chosen.model, cell="perceptron"), tbptt)
        prepare = [partial(self.stage, number) for number in range(len(self.stretches()) - 1)]
        return compare_methods(self, prepare, tbptt, seeds, progress)

    def _as_table(self, forecasts: Forecasts) -> pl.DataFrame:
        probability = {f"p_{name}": forecasts.probability[:, k] for k, name in enumerate(self.classes)}
        share = {f"share_{name}": forecasts.share[:, k] for k, name in enumerate(self.classes)}
        words = [None if np.isnan(code) else self.classes[int(code)] for code in forecasts.came]
        return pl.DataFrame(
            {
                "stretch": forecasts.stretch + 1,
                "session": [show_time(self.market.times[place]) for place in forecasts.session],
                "security": [self.market.securities[place].name for place in forecasts.security],
                **probability,
                **share,
                "called": [self.classes[int(code)] for code in forecasts.called],
                "came": pl.Series(words, dtype=pl.String),
            }
        )

    def _from_table(self, table: pl.DataFrame) -> Forecasts:
        sessions = {show_time(moment): place for place, moment in enumerate(self.market.times)}
        securities = {each.name: place for place, each in enumerate(self.market.securities)}
        codes = {name: float(place) for place, name in enumerate(self.classes)}
        try:
            return Forecasts(
                stretch=table["stretch"].to_numpy() - 1,
                session=np.array([sessions[each] for each in table["session"]], np.int64),
                security=np.array([securities[each or ""] for each in table["security"]], np.int64),
                came=np.array([codes.get(each, np.nan) for each in table["came"]]),
                probability=table.select(f"p_{name}" for name in self.classes).to_numpy(),
                share=table.select(f"share_{name}" for name in self.classes).to_numpy(),
                called=np.array([codes[each] for each in table["called"]]),
            )
        except (KeyError, pl.exceptions.PolarsError) as error:
            raise ModelFileError(
                f"{DECISIONS} holds what a walk decided: {error} is not of this table. Train it anew."
            ) from error


def _fit_stretch(
    stage: Stage, model: Model, tbptt: str, run: RunFolder | None, progress: bool, group: dist.ProcessGroup | None
) -> SequencePredictor:
    """Train on a stretch, or take up the training where it was stopped."""
    fit = partial(fit_network, stage.problem, model, tbptt, progress=progress, group=group)
    if run is None:
        return fit(run=None)
    folder = run.path / STRETCHES / f"{stage.number + 1:02d}"
    if (folder / MODEL).is_file():
        return load(folder / MODEL)
    try:
        settings = {"stretch": stage.number + 1}
        with RunFolder.open(folder) if (folder / "run.toml").is_file() else RunFolder.create(folder, settings) as own:
            predictor = fit(run=own)
    except Interrupted as stopped:  # what is resumed is the walk
        raise Interrupted(str(stopped).replace(str(folder), str(run.path)), run.path) from stopped
    predictor.save(folder / MODEL)
    return predictor
