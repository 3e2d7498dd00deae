"""Streams as a case: detectors read them row by row, and go on where they were with rows that come later.

There is no test part: every row is judged by those before it. The run folder keeps `model.safetensors`, the detector of
the first stream's first column as it stands after its last row; `model-2.safetensors` and so on, the others; and
`stream_scores.csv`, what they said of every row. A run that was stopped begins again with the first row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch.distributed as dist
from rich.console import Console
from rich.progress import Progress

from throughtime.base.errors import ConfigError, Interrupted
from throughtime.base.run_folder import RunFolder
from throughtime.bptt import TBPTT
from throughtime.recipes.recipe import Case
from throughtime.recipes.streams import report, verdict
from throughtime.recipes.streams.methods import NETWORKS, rules_for, try_method
from throughtime.recipes.streams.reading import Feed
from throughtime.recipes.streams.settings import Settings
from throughtime.recipes.streams.watching import SCHEDULE, Watched, detector_of, first_scored, warm_up_of, watch
from throughtime.recipes.table import Table
from throughtime.recipes.trials import run_trials
from throughtime.tasks.stream_anomalies import check_settings
from throughtime.train.ranks import Ranks
from throughtime.train.signals import StopRequest


@dataclass(frozen=True)
class StreamCase(Case):
    """Streams with the settings they are read by.

    Args:
        name: what the data are.
        feed: the streams.
        chosen: settings, every guess filled in.
        goes_on: whether detectors have read other rows before these.
    """

    name: str
    feed: Feed
    chosen: Settings
    goes_on: bool = False

    @property
    def title(self) -> str:
        """What the data are."""
        return self.name

    @property
    def notes(self) -> tuple[str, ...]:
        """One line for each guess and rule."""
        return self.feed.notes

    @property
    def post(self) -> verdict.Watchpost:
        """The feed with what judges it."""
        return verdict.Watchpost(self.name, self.feed, self.chosen.detector, self.goes_on)

    def table(self) -> dict[str, Any]:
        """The last time of each stream, so that other rows can be set after it."""
        streams = self.feed.streams
        return {"streams": [each.name for each in streams], "last": [str(each.times[-1]) for each in streams]}

    def check(self, tbptt: str | None, ranks: Ranks) -> None:
        """See `Case.check`."""
        if ranks.count > 1:
            raise ConfigError(
                f"A stream is read row by row by one process: {ranks.count} came. Start it without torchrun."
            )
        schedule = schedule_of(tbptt)
        for stream in self.feed.streams:
            check_settings(detector_of(stream, self.chosen.detector, schedule))
            first_scored(stream, warm_up_of(stream, self.chosen.detector))

    def fit(self, tbptt: str, *, run: RunFolder | None, progress: bool, group: dist.ProcessGroup | None) -> Watched:
        """Read every stream from its first row to its last; see `Case.fit`."""
        del group  # `check` has seen that there is none
        rows = sum(map(len, self.feed.streams))
        with (
            StopRequest(run is not None) as stop,
            Progress(console=Console(stderr=True), disable=not progress, transient=True) as bar,
        ):
            task = bar.add_task("rows", total=rows)

            def tick() -> None:
                bar.advance(task)
                if stop.name is not None and run is not None:
                    raise Interrupted(
                        f"Reading was stopped by {stop.name}. A stream is read in one go: {run.path} begins again with "
                        "its first row when resumed.",
                        run.path,
                    )

            return watch(self.feed, self.chosen.detector, schedule_of(tbptt), tick)

    def open(self, path: Path) -> Watched:
        """Read what `fit`'s result saved at `path`."""
        return Watched.read(path)

    def scores(self, model: Watched) -> Table:
        """Flags and, where rows are labelled, their worth, beside those of two rules."""
        return verdict.scores_table(self.post, model, self.post.readings(model))

    def predictions(self, model: Watched) -> Table:
        """Every row that came after the run's; of the run's own those that are flagged."""
        table = verdict.rows_table(self.post, self.post.readings(model), flagged_only=not self.goes_on)
        if self.goes_on:
            return replace(table, notes=(*self.notes, *verdict.flag_notes(self.post)))
        return replace(table, notes=(verdict.next_note(model, self.feed.columns.value), *table.notes))

    def report(self, model: Watched, tbptt: str, record: Mapping[str, Any]) -> tuple[Table, str]:
        """See `Case.report`."""
        readings = self.post.readings(model)
        table = verdict.scores_table(self.post, model, readings)
        count = sum(map(len, model.detectors.values()))
        network = (
            f"{count:,} LSTM{'s' * (count > 1)} with {model.parameters_count_:,} parameters in all, "
            f"TBPTT({schedule_of(tbptt)}), seed {self.chosen.detector.seed}; read in {model.seconds_:.1f} s."
        )
        said = (network, *_schedule_said(tbptt), verdict.next_note(model, self.feed.columns.value))
        table = replace(table, notes=(*table.notes, *said))
        return table, report.render(self.post, readings, table, record, network)

    def compare(self, tbptt: str, seeds: int, progress: bool) -> Table:
        """See `Case.compare`."""
        self.check(tbptt, Ranks())
        detector, schedule = self.chosen.detector, schedule_of(tbptt)
        trials = [
            partial(try_method, stream, method, detector, schedule, detector.seed + seed)
            for method in (*NETWORKS, *rules_for(self.feed.streams[0].dated))
            for seed in range(seeds if method in NETWORKS else 1)
            for stream in self.feed.streams
        ]
        return verdict.comparison_table(self.post, run_trials(trials, progress), schedule)


def schedule_of(tbptt: str | None) -> str:
    """The detectors' schedule: the one given, or their own where it has no end, which a stream has neither."""
    if tbptt is None:
        return SCHEDULE
    given = TBPTT.parse(tbptt)
    return SCHEDULE if given.k1 is None or given.k2 is None else tbptt


def _schedule_said(tbptt: str) -> tuple[str, ...]:
    used = schedule_of(tbptt)
    return (
        () if used == tbptt else (f"TBPTT({tbptt}) goes to a sequence's end, which a stream has not: {used} is used.",)
    )
