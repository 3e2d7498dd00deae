"""Methods set side by side: their trials, in the order of a table, and the table's rows.

A method that is trained from first weights is tried from several seeds; its figures are then means with a spread.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from itertools import groupby
from typing import Protocol, TypeVar

from throughtime.recipes.table import Column, Spread, Table
from throughtime.recipes.trials import run_trials


class Tried(Protocol):
    """What one trial of a method came to; its figures are further attributes, numbers or None."""

    @property
    def method(self) -> str:
        """The method's name."""

    @property
    def parameters(self) -> int:
        """Numbers fitted."""

    @property
    def seconds(self) -> float:
        """Of fitting."""


Trial = TypeVar("Trial", bound=Tried)


def trials_of(
    try_network: Callable[[str, int], Trial], networks: Collection[str], first: int, seeds: int
) -> list[Callable[[], Trial]]:
    """Trials of networks, the slowest of each seed first.

    Args:
        try_network: from a network's name and a seed to what it makes of the test part.
        networks: their names, the slowest last.
        first: of the seeds.
        seeds: trials of each network, at least 1.
    """
    slowest_first = list(networks)[::-1]
    return [partial(try_network, name, first + seed) for seed in range(seeds) for name in slowest_first]


def tried(trials: Sequence[Callable[[], Trial]], progress: bool, networks: Collection[str]) -> list[list[Trial]]:
    """Run the trials, and give them method by method: the networks last, in their order.

    Args:
        trials: functions that a process can be sent.
        progress: whether to show how many are done.
        networks: names of the methods that are trained from several seeds.
    """
    done = run_trials(trials, progress)
    order = [*(each.method for each in done if each.method not in networks), *networks]
    found = sorted(done, key=lambda each: order.index(each.method))
    return [list(group) for _, group in groupby(found, key=lambda each: each.method)]


def table_of(
    title: str,
    figures: Mapping[str, Column],
    found: Sequence[Sequence[Tried]],
    notes: Sequence[str],
    seeded: Collection[str] | None,
) -> Table:
    """One row a method.

    Args:
        title: of the table.
        figures: by the attribute of a trial, the column that shows it.
        found: of each method its trials.
        notes: lines below the table.
        seeded: names of the methods whose number of seeds is told; None: of none, and there is no such column.
    """
    rows = []
    for trials in found:
        shown = [_shown([getattr(each, name) for each in trials]) for name in figures]
        seconds = sum(each.seconds for each in trials) / len(trials)
        seeds = [] if seeded is None else [len(trials) if trials[0].method in seeded else None]
        rows.append((trials[0].method, *shown, trials[0].parameters, seconds, *seeds))
    ends = [Column("parameters"), Column("seconds", digits=1), *([] if seeded is None else [Column("seeds")])]
    return Table(title, (Column("method"), *figures.values(), *ends), tuple(rows), tuple(notes))


def _shown(values: Sequence[float | None]) -> Spread | float | None:
    """The mean with its spread, the number where there is one alone, nothing where there is none."""
    known = [value for value in values if value is not None]
    if not known:
        return None
    return Spread.of(known) if len(known) > 1 else known[0]
