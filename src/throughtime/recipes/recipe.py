"""What a recipe is: an application's name, and how its data become a case that can be trained, scored and compared."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import torch.distributed as dist

from throughtime.base.errors import ConfigError
from throughtime.base.run_folder import RunFolder
from throughtime.decode import Sampling
from throughtime.recipes.settings import Groups
from throughtime.recipes.table import Table
from throughtime.tasks import load
from throughtime.train.ranks import Ranks

AUTO = "auto"


class Model(Protocol):
    """A fitted estimator, as runs need it."""

    parameters_count_: int
    seconds_: float

    def save(self, path: Path) -> None:
        """Write it into one file; `throughtime.load` reads it."""


@dataclass(frozen=True)
class Look:
    """What is to be looked at, and where it is drawn.

    Args:
        step: row that is read, counted from 1, or its time; None: the case chooses.
        svg: a file for the drawing; None: none.
        series: which series or sequence; None: the first.
        unit: cell of the layer, counted from 1; None: the one that matters most.
        layer: counted from 1; None: the last one.
    """

    step: int | str | None = None
    svg: str | Path | None = None
    series: str | None = None
    unit: int | None = None
    layer: int | None = None


@dataclass(frozen=True)
class Request:
    """What is to be written, and where.

    Args:
        steps: symbols, frames or points at most; None: as many as the recipe takes for enough.
        prompt: what is gone on from, or what is to be said: a text, or the path of a file.
        sampling: how each is drawn.
        beam: beginnings that are kept side by side to find the likeliest; None: it is drawn.
        stop: after this text nothing is written; None: there is none.
        bias: of handwriting, above 0 tidier; None: the run's own. No other recipe has one.
        seed: of the draws.
        out: file of what is written; None: what can be printed is, and other things have a name of their own.
    """

    steps: int | None = None
    prompt: str = ""
    sampling: Sampling = field(default_factory=Sampling)
    beam: int | None = None
    stop: str | None = None
    bias: float | None = None
    seed: int = 0
    out: Path | None = None


class Case(ABC):
    """A recipe's data made ready, with settings that leave nothing to guess.

    Everything that applications do in different ways is asked of their case; `run` and the command line know nothing
    else. A case is the same for the same data and settings, in any process.

    Attributes:
        chosen: settings, every guess filled in.
    """

    chosen: Groups

    @property
    @abstractmethod
    def title(self) -> str:
        """What the data are, for headings."""

    @property
    @abstractmethod
    def notes(self) -> tuple[str, ...]:
        """One line for each guess and rule."""

    def settings(self) -> dict[str, Any]:
        """All settings by key, in plain values: what run.toml holds, and what `Recipe.load` takes again."""
        return self.chosen.to_flat()

    def beside(self) -> tuple[Path, ...]:
        """Files read beside the data, such as a test part of its own: a run holds to what is in them too."""
        return ()

    def table(self) -> dict[str, Any]:
        """How the data were read, in plain values: what `Recipe.read` needs besides the settings."""
        return {}

    @abstractmethod
    def check(self, tbptt: str | None, ranks: Ranks) -> None:
        """Raise what `fit` would raise before its first update.

        Args:
            tbptt: schedule; None: open.
            ranks: that are to train together.

        Raises:
            ConfigError, DataError, ScheduleError: the settings do not fit the data or each other.
            MemoryError, RuntimeError: the network is larger than the memory.
        """

    def usual_tbptt(self, recipes: str) -> str:
        """The schedule where the user names none: the recipe's, unless the data ask for another."""
        return recipes

    def measured_tbptt(self, progress: bool, group: dist.ProcessGroup | None) -> str:
        """The schedule that a pilot's gradients ask for.

        Raises:
            ConfigError: this kind of case has no such measurement.
        """
        raise ConfigError(
            f"--tbptt auto measures how far forecasts reach back, and {self.title} has none: give a schedule such as "
            "50,50, or leave it out."
        )

    @abstractmethod
    def fit(self, tbptt: str, *, run: RunFolder | None, progress: bool, group: dist.ProcessGroup | None) -> Any:
        """Train, from the run's newest checkpoint if there is one.

        Args:
            tbptt: schedule.
            run: folder that keeps checkpoints and events; None on ranks other than the first.
            progress: whether to show a progress bar.
            group: ranks that train together.

        Returns:
            The fitted estimator, a `Model`.

        Raises:
            Interrupted: by Ctrl-C or SIGTERM, after a checkpoint.
        """

    def open(self, path: Path) -> Any:
        """The fitted estimator that `fit` gave, from the file it was saved in.

        Raises:
            FileMissingError, ModelFileError: it cannot be read.
        """
        return load(path)

    @abstractmethod
    def scores(self, model: Any) -> Table:
        """A fitted estimator's scores on the test part, beside a naive rule's.

        Raises:
            DataError: there is nothing to score.
        """

    @abstractmethod
    def predictions(self, model: Any) -> Table:
        """What a fitted estimator says of the newest data."""

    @abstractmethod
    def report(self, model: Any, tbptt: str, record: Mapping[str, Any]) -> tuple[Table, str]:
        """Scores with notes on the training, and the page of `report.html`.

        Args:
            model: as `fit` gave it.
            tbptt: its schedule.
            record: what repeats the run, by key.
        """

    @abstractmethod
    def compare(self, tbptt: str, seeds: int, progress: bool) -> Table:
        """Every method on the same split, in one table.

        Args:
            tbptt: schedule of the networks.
            seeds: trainings of each network, at least 1.
            progress: whether to show how many trials are done.
        """

    def inspect(self, model: Any, look: Look) -> Table:
        """Look into the network at one step.

        Raises:
            ConfigError: this kind of case cannot, or there is no such place.
        """
        raise ConfigError(f"There is nothing to inspect in {self.title} yet: its report shows what was learned.")


class ProblemCase(Case):
    """A case of a problem that says itself what it is.

    Attributes:
        problem: the parts, with a `title` and `notes`.
    """

    problem: Any

    @property
    def title(self) -> str:
        """What the data are, for headings."""
        return str(self.problem.title)

    @property
    def notes(self) -> tuple[str, ...]:
        """One line for each guess and rule."""
        return tuple(self.problem.notes)


@dataclass(frozen=True)
class Recipe:
    """One application.

    Args:
        name: what `throughtime train` takes, and what run.toml names.
        summary: one line on what it does.
        tbptt: schedule of its networks, such as "50,50", where the data ask for no other.
        load: from data (None: the recipe's sample) and settings by key to the case.
        read: from other data, and what a run's own case gave as `settings()` and `table()`, to a case all of which is
            test part; the last argument: whether they must hold what came, to be scored.
        generate: of a recipe that writes, from a fitted model, a request and a run's settings to what is printed, piece
            by piece: the text itself, or what was put into which file.
        biased: whether what it writes is tidier by a bias.
        brief: settings by key that a tour has besides, where training on the sample takes minutes.
    """

    name: str
    summary: str
    tbptt: str
    load: Callable[[str | Path | Any | None, Mapping[str, Any]], Case]
    read: Callable[[str | Path | Any, Mapping[str, Any], Mapping[str, Any], bool], Case]
    generate: Callable[[Any, Request, Mapping[str, Any]], Iterator[str]] | None = None
    biased: bool = False
    brief: Mapping[str, str] = field(default_factory=dict)
