"""Tables of what was flagged: scores beside the rules', every method in one table, and the rows themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from throughtime.data.clock import show_time
from throughtime.recipes.streams.judging import Figures, Flagged, judge
from throughtime.recipes.streams.methods import BESIDE, NETWORKS, OURS, Trial, rule_flags, rules_for
from throughtime.recipes.streams.reading import Feed, Stream
from throughtime.recipes.streams.settings import Detector
from throughtime.recipes.streams.watching import Reading, Watched, first_scored, warm_up_of
from throughtime.recipes.table import Cell, Column, Spread, Table

PUBLISHED = (
    "Published rows of the Numenta Anomaly Benchmark, and the threshold of its windowed Gaussian, were chosen on the "
    "labels of all streams they are scored on; the other thresholds here use no label of these streams."
)
GAUSSIAN_SAID = "The windowed Gaussian flags every row of an incident; the other methods flag an incident once."
FIGURES = (
    Column("NAB score"),
    Column("precision", digits=3),
    Column("recall", digits=3),
    Column("flags", digits=1),
    Column("per 1,000 rows"),
)
# A report is read, not searched.
MOST_FLAGGED = 50


@dataclass(frozen=True)
class Watchpost:
    """A feed beside what the detectors said of it.

    Args:
        title: of the data.
        feed: the streams.
        settings: of the detectors.
        goes_on: whether the detectors had read other rows before.
    """

    title: str
    feed: Feed
    settings: Detector
    goes_on: bool

    def readings(self, model: Watched) -> list[Reading]:
        """What the detectors said of each stream."""
        if self.goes_on:
            return [model.go_on(stream) for stream in self.feed.streams]
        own = [model.readings[stream.name] for stream in self.feed.streams]
        return [
            Reading(stream, each.scores, each.expected, each.flags)
            for stream, each in zip(self.feed.streams, own, strict=True)
        ]

    def first(self, stream: Stream) -> int:
        """The first row of a stream that is scored."""
        return 0 if self.goes_on else first_scored(stream, warm_up_of(stream, self.settings))

    def judged(self, flags: Sequence[np.ndarray]) -> Figures:
        """The figures of a method's flags, stream by stream."""
        return judge(
            [
                Flagged(each, stream.labels, self.first(stream), self.goes_on)
                for each, stream in zip(flags, self.feed.streams, strict=True)
            ]
        )


def scores_table(post: Watchpost, model: Watched, readings: Sequence[Reading]) -> Table:
    """The detectors beside the windowed Gaussian and the last value's errors."""
    found = {OURS: post.judged([each.flags for each in readings])}
    for method in BESIDE:
        found[method] = post.judged([_rule_on(post, model, stream, method) for stream in post.feed.streams])
    rows = tuple((name, *_figures(figures, post.feed.labelled)) for name, figures in found.items())
    return Table(_heading(post), _columns(post.feed.labelled), rows, (*post.feed.notes, *rule_notes(post)))


def comparison_table(post: Watchpost, trials: Sequence[Trial], tbptt: str) -> Table:
    """Every method's figures, networks as means over their seeds.

    Args:
        post: the feed.
        trials: of every method and seed, stream by stream.
        tbptt: schedule of the networks.
    """
    found: dict[str, dict[int, list[Trial]]] = {}
    for trial in trials:
        found.setdefault(trial.method, {}).setdefault(trial.seed, []).append(trial)
    rows = []
    for method in (*NETWORKS, *rules_for(post.feed.streams[0].dated)):
        runs = list(found[method].values())
        figures = [_figures(post.judged([one.flags for one in run]), post.feed.labelled) for run in runs]
        parameters = sum(one.parameters for one in runs[0])
        rows.append(
            (
                method,
                *(_mean(cells) for cells in zip(*figures, strict=True)),
                parameters or None,
                len(runs) if method in NETWORKS else None,
            )
        )
    columns = (*_columns(post.feed.labelled), Column("parameters"), Column("seeds"))
    said = f"Networks: TBPTT({tbptt}); at rest: the network learns nothing after the warm-up."
    return Table(_heading(post), columns, tuple(rows), (said, *rule_notes(post), *post.feed.notes))


def rows_table(post: Watchpost, readings: Sequence[Reading], flagged_only: bool, most: int | None = None) -> Table:
    """Rows with their scores: all of them, or those that are flagged."""
    names = post.feed.columns.value
    several = bool(readings[0].stream.name)
    columns = (
        *((Column("stream"),) if several else ()),
        Column("time", words=True),
        Column("score", digits=4),
        Column("flagged"),
        *(Column(word, group=name, digits=None) for name in names for word in ("value", "expected")),
    )
    rows = [
        (*((each.stream.name,) if several else ()), *_row(each, t))
        for each in readings
        for t in range(len(each.stream))
        if each.flags[t] or not flagged_only
    ]
    left_out = len(rows) - (most or len(rows))
    notes = (f"{left_out:,} more are not shown.",) if left_out > 0 else ()
    word = "flagged steps" if flagged_only else "every row"
    return Table(f"{post.title}: {word}", columns, tuple(rows[:most]), notes)


def streams_table(post: Watchpost, readings: Sequence[Reading]) -> Table:
    """Rows and flags of each stream."""
    columns = (Column("stream"), Column("rows"), Column("flags"), Column("highest score", digits=4))
    rows = tuple(
        (each.stream.name, len(each.stream), int(each.flags.sum()), float(each.scores.max())) for each in readings
    )
    return Table("streams", columns, rows)


def rule_notes(post: Watchpost) -> tuple[str, ...]:
    """The rules by which rows are flagged and flags are scored."""
    scored = (
        "Precision: flags inside labelled rows. Recall: runs of labelled rows with a flag inside.",
        PUBLISHED,
    )
    unscored = ("No labels: flags are counted, and nothing says which are right.",)
    return (*flag_notes(post), *(scored if post.feed.labelled else unscored), GAUSSIAN_SAID)


def flag_notes(post: Watchpost) -> tuple[str, ...]:
    """The rules by which rows are flagged."""
    settings, feed = post.settings, post.feed
    rest = "a fifth of the warm-up" if settings.rest_rows is None else f"{settings.rest_rows:,} rows"
    flagged = (
        f"A row is flagged where its score is {settings.threshold:g} or more and none was in the rest before it "
        f"({rest}); one threshold for every stream, and no label is read."
    )
    several = (
        (f"A row's score is that of the rarest of its {len(feed.columns.value)} columns, as one of so many chances.",)
        if len(feed.columns.value) > 1
        else ()
    )
    if post.goes_on:
        start = "Detectors go on from the run's last row; they learn as they read, and the run stays as it was."
    else:
        least = min(warm_up_of(stream, settings) for stream in feed.streams)
        most = max(warm_up_of(stream, settings) for stream in feed.streams)
        rows = f"{least:,}" if least == most else f"{least:,} to {most:,}"
        start = f"The first {rows} rows with a value warm up: the network trains on them, and they are not scored."
    return (flagged, *several, start)


def next_note(model: Watched, names: Sequence[str]) -> str:
    """What the first stream's detectors expect of the row to come."""
    name, detectors = next(iter(model.detectors.items()))
    words = ", ".join(
        f"{column} {each.forecast_:.6g}"
        for column, each in zip(names, detectors, strict=True)
        if each.forecast_ is not None
    )
    return f"Expected of the next row{f' of {name}' if name else ''}: {words}."


def _rule_on(post: Watchpost, model: Watched, stream: Stream, method: str) -> np.ndarray:
    """A rule's flags on a stream; where detectors go on, it has read the run's rows too."""
    if not post.goes_on:
        return rule_flags(method, stream, warm_up_of(stream, post.settings), post.settings)
    before = model.readings[stream.name].stream
    warm_up = warm_up_of(before, post.settings)
    values = np.concatenate([before.values, stream.values])
    whole = Stream(stream.name, np.arange(len(values)), values)
    return rule_flags(method, whole, warm_up, post.settings)[len(before) :]


def _heading(post: Watchpost) -> str:
    rows = sum(len(stream) - post.first(stream) for stream in post.feed.streams)
    count = len(post.feed.streams)
    streams = f"{count:,} streams, " if count > 1 else ""
    return f"{post.title}: {', '.join(post.feed.columns.value)}; {streams}{rows:,} rows scored"


def _columns(labelled: bool) -> tuple[Column, ...]:
    return (Column("method"), *(FIGURES if labelled else FIGURES[3:]))


def _figures(figures: Figures, labelled: bool) -> tuple[Cell, ...]:
    counts: tuple[Cell, ...] = (figures.flags, figures.per_thousand)
    return (figures.nab, figures.precision, figures.recall, *counts) if labelled else counts


def _mean(cells: Sequence[Cell]) -> Cell:
    known = [float(cell) for cell in cells if isinstance(cell, int | float)]
    if not known:
        return None
    return Spread.of(known) if len(known) > 1 else cells[0]


def _row(one: Reading, t: int) -> tuple[Cell, ...]:
    pairs = [pair for k in range(one.expected.shape[1]) for pair in (one.stream.values[t, k], one.expected[t, k])]
    return (show_time(one.stream.times[t]), float(one.scores[t]), bool(one.flags[t]), *map(float, pairs))
