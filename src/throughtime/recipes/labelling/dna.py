"""DNA told apart: coding or not, promoter or not, kinds of splice sites; a made-up sample, or one's own sequences.

The sample is `synthetic_dna`: windows that no organism has, which letters and pairs of letters do not tell apart. How
files are read, and by which rules, is told in `dna_reading`. Every sequence is read whole, in both directions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from throughtime.data import reverse_complement
from throughtime.recipes.labelling.case import LabelCase, case_of_others
from throughtime.recipes.labelling.dna_reading import Letters, read_dna
from throughtime.recipes.labelling.problem import (
    AUC,
    LETTERS,
    LabelProblem,
    Reading,
    make_problem,
    own_share,
)
from throughtime.recipes.labelling.settings import Columns, Model, Split
from throughtime.recipes.labelling.synthetic_dna import synthetic_dna
from throughtime.recipes.recipe import Case, Recipe
from throughtime.recipes.settings import Groups, parse

TITLE = "Made-up DNA, coding or not"
MADE_UP = "The sample is made up: no organism has these sequences."


@dataclass(frozen=True)
class Settings(Groups):
    """Everything that `--set` can say."""

    columns: Columns = field(default_factory=Columns)
    split: Split = field(default_factory=Split)
    letters: Letters = field(default_factory=Letters)
    model: Model = field(default_factory=Model)


# What keeps the sample's training at some seconds: what validation takes there is set, and nothing is left to choose.
SAMPLE = Settings(
    model=Model(
        hidden_size=32,
        symbols="6-mers",
        embedding_size=64,
        positions="false",
        front_steps=0,
        epochs=8,
        batch_size=32,
        refit=False,
    )
)


def sample() -> Reading:
    """1,000 coding and 1,000 non-coding windows of 120 letters."""
    sequences, labels = synthetic_dna()
    names = [f"window {place}" for place in range(1, len(labels) + 1)]
    return Reading(TITLE, sequences, labels, names, None, None, (MADE_UP, "Label: how a sequence was made."))


def load(data: str | Path | Any | None, settings: Mapping[str, Any]) -> LabelCase:
    """The case of the sample (`data` None) or of a user's sequences.

    Raises:
        ConfigError: settings that are unknown or do not fit.
        DataError, FileMissingError: whatever is wrong with the sequences.
    """
    if data is None:
        chosen = parse(settings, SAMPLE)
        return LabelCase(_problem(sample(), chosen, None), chosen)
    chosen = parse(settings, Settings())
    given = chosen.columns, chosen.split, chosen.letters
    apart = chosen.split.split == "" and own_share(chosen.split) is None
    tests = read_dna(chosen.split.test, *given, True) if apart else None
    return LabelCase(
        _problem(read_dna(data, *given, True), chosen, tests), chosen, chosen.split.test if apart else None
    )


def read(data: str | Path | Any, settings: Mapping[str, Any], table: Mapping[str, Any], scored: bool) -> Case:
    """Other sequences, read as a run's own were, but none is left out to balance classes.

    Raises:
        DataError, FileMissingError: whatever is wrong with the sequences.
    """
    chosen = parse(settings, Settings())
    letters = Letters(chosen.letters.window, False, chosen.letters.reverse_complement, chosen.letters.window_seed)
    reading = read_dna(data, chosen.columns, Split(), letters, scored)
    problem = LabelProblem(reading.title, LETTERS, reading, reading, AUC, (), _twin(chosen))
    return case_of_others(reading, problem, chosen, table, scored)


def _problem(reading: Reading, chosen: Settings, tests: Reading | None) -> LabelProblem:
    return make_problem(reading, LETTERS, chosen.split, test=tests, metric=AUC, twin=_twin(chosen))


def _twin(chosen: Settings) -> Any:
    return reverse_complement if chosen.letters.reverse_complement == "augment" else None


RECIPE = Recipe(
    name="dna",
    summary="coding or non-coding DNA, or the classes of your own FASTA files or table (--data)",
    tbptt="n,n",
    load=load,
    read=read,
)
