"""The sentiment of reviews and tweets: a made-up sample in English and Korean, or one's own texts.

    .csv .tsv .parquet .jsonl .ndjson     a column of texts and one of labels
    a folder                              a sub-folder of .txt files for each class
    .txt                                  a text a line, to be predicted

Texts are brought to one writing first, unless tweets=false: the rules are those of `data.web_text`. The sample is
`synthetic_reviews`: nobody wrote it, and its words alone do not tell the verdict.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from throughtime.data.web_text import plain_web_text
from throughtime.recipes.labelling.case import LabelCase, case_of_others
from throughtime.recipes.labelling.problem import ACCURACY, TEXTS, LabelProblem, Reading, make_problem, own_share
from throughtime.recipes.labelling.settings import Columns, Model, Split
from throughtime.recipes.labelling.synthetic_reviews import synthetic_reviews
from throughtime.recipes.labelling.tabular import read_rows
from throughtime.recipes.recipe import Case, Recipe
from throughtime.recipes.settings import Flag, Groups, parse

TITLE = "Made-up reviews in English and Korean"
MADE_UP = "The sample is made up: nobody wrote these reviews, and 3 % of its labels are wrong by intent."
RULES = (
    "Texts: an address is read as http, a @name as @user, a sign that comes more than three times as three; "
    "tweets=false leaves them as they are."
)


@dataclass(frozen=True)
class Web:
    """What is done with texts before they are split.

    Args:
        tweets: whether addresses, @names and drawn-out letters are brought to one writing (`data.web_text`).
    """

    tweets: Flag = True


@dataclass(frozen=True)
class Settings(Groups):
    """Everything that `--set` can say."""

    columns: Columns = field(default_factory=Columns)
    split: Split = field(default_factory=Split)
    web: Web = field(default_factory=Web)
    model: Model = field(default_factory=Model)


# One training is enough for a sample, and takes less than a minute on one core.
SAMPLE = Settings(model=Model(refit=False))


def sample() -> Reading:
    """1,000 reviews in English and 1,000 in Korean."""
    made = synthetic_reviews()
    names = [f"review {place}" for place in range(1, len(made.texts) + 1)]
    return Reading(TITLE, made.texts, made.labels, names, None, None, (MADE_UP, "Label: the verdict it was made for."))


def load(data: str | Path | Any | None, settings: Mapping[str, Any]) -> LabelCase:
    """The case of the sample (`data` None) or of a user's texts.

    Raises:
        ConfigError: settings that are unknown or do not fit.
        DataError, FileMissingError: whatever is wrong with the texts.
    """
    chosen = parse(settings, SAMPLE if data is None else Settings())
    if data is None:
        return LabelCase(_problem(_plain(sample(), chosen), chosen, None), chosen)
    apart = chosen.split.split == "" and own_share(chosen.split) is None
    tests = _read(chosen.split.test, chosen, True) if apart else None
    return LabelCase(_problem(_read(data, chosen, True), chosen, tests), chosen, chosen.split.test if apart else None)


def read(data: str | Path | Any, settings: Mapping[str, Any], table: Mapping[str, Any], scored: bool) -> Case:
    """Other texts, read as a run's own were.

    Raises:
        DataError, FileMissingError: whatever is wrong with the texts.
    """
    chosen = parse(settings, Settings())
    reading = _read(data, replace(chosen, split=Split()), scored)
    problem = LabelProblem(reading.title, TEXTS, reading, reading, ACCURACY)
    return case_of_others(reading, problem, chosen, table, scored)


def _problem(reading: Reading, chosen: Settings, tests: Reading | None) -> LabelProblem:
    return make_problem(reading, TEXTS, chosen.split, test=tests, metric=ACCURACY)


def _read(data: str | Path | Any, chosen: Settings, labelled: bool) -> Reading:
    """A file of bare texts, or a folder, has no columns to name."""
    bare = isinstance(data, str | os.PathLike) and (Path(data).is_dir() or _is_lines(Path(data)))
    return _plain(read_rows(data, Columns() if bare else chosen.columns, chosen.split, labelled), chosen)


def _is_lines(path: Path) -> bool:
    return path.name.lower().removesuffix(".gz").endswith(".txt")


def _plain(reading: Reading, chosen: Settings) -> Reading:
    """With its texts in one writing, where that is asked for."""
    if not chosen.web.tweets:
        return reading
    texts = [plain_web_text(text) for text in reading.sequences]
    changed = sum(old != new for old, new in zip(reading.sequences, texts, strict=True))
    said = (f"{RULES} {changed:,} of {len(texts):,} texts changed.",) if changed else ()
    return replace(reading, sequences=texts, notes=(*reading.notes, *said))


RECIPE = Recipe(
    name="sentiment",
    summary="sentiment of a review or tweet, or the classes of your own texts (--data)",
    tbptt="n,n",
    load=load,
    read=read,
)
