"""Purchases cut into those that train, those that validate and those that are told.

    split=last   each user's last purchase is told from those before it, whenever it was
    split=time   one moment cuts all histories: each user's first purchase after it is told from those before it

What is told and what validates does not train. With split=last other users' later purchases do, so that a method may
know of fashions still to come; split=time is what a shop meets, and leaves fewer users to score.

Dimensions: U users, V items.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl

from throughtime.base.errors import ConfigError, DataError, say_once
from throughtime.recipes.purchase.reading import Bought, bought, with_roles
from throughtime.recipes.purchase.settings import Settings, Split
from throughtime.tasks.histories import Catalogue, Codes, Histories, numbered
from throughtime.tasks.purchase_fitting import MOST_VALIDATING

# Users whose next purchase is told, at most: a share of .3 is known to .005 then, and more cost seconds a method.
MOST_TOLD = 10_000
# With fewer a share near one half has a standard error above 9 %.
ENOUGH = 30


@dataclass(frozen=True)
class Problem:
    """Histories cut in three.

    Args:
        title: what the table is, for headings.
        ids: of the items, by number.
        everyone: all purchases of all users.
        train: purchases that train.
        validating: of some users: purchases up to the one that validates.
        told: of some users: purchases up to the one that is told.
        masked: whether what a user bought before is never told.
        least_count: items bought less often in training are not known.
        item_kind: "text" or "number", what the items' ids are.
        notes: one line for each guess and rule.
    """

    title: str
    ids: Sequence[Hashable]
    everyone: Histories
    train: Histories
    validating: Histories
    told: Histories
    masked: bool
    least_count: int
    item_kind: str
    notes: tuple[str, ...]

    @cached_property
    def catalogue(self) -> Catalogue:
        """The items that training knows, as every method numbers them."""
        return Catalogue.of(self.ids, np.bincount(self.train.items, minlength=len(self.ids)), self.least_count)

    def columns(self, histories: Histories) -> tuple[Codes, pl.Series]:
        """Users, by place, and ids of items, as `PurchasePredictor` takes histories."""
        who = np.repeat(np.arange(len(histories)), histories.lengths)
        kind = pl.Object if len({type(each) for each in self.ids}) > 1 else None
        return who, pl.Series([self.ids[number] for number in histories.items.tolist()], dtype=kind)

    def known_by(self, items: Sequence[Hashable]) -> Codes:
        """[V] the place of each item in a method's own list of them, its length for one that is not in it."""
        places = {item: place for place, item in enumerate(items)}
        return np.array([places.get(each, len(items)) for each in self.ids], dtype=np.int64)


def load_problem(table: pl.DataFrame, title: str, settings: Settings) -> tuple[Problem, Settings]:
    """Settle roles and parts of a table.

    Args:
        table: a row for each purchase.
        title: what the table is.
        settings: what the user said; columns left open are guessed.

    Returns:
        The problem, and the settings with the guesses filled in.

    Raises:
        ConfigError: a split by time of a table without times.
        DataError: whatever in the table breaks a rule, or nothing to train on or to tell.
    """
    notes: list[str] = []
    columns = with_roles(table, settings.columns, notes)
    for note in notes:
        say_once(note, note)
    read = bought(table, columns)
    everyone, ids = Histories.of(read.users, read.items, read.times)
    trained, told = _counts(everyone, read, settings.split)
    validating = _validating(trained, settings.split.validation)
    problem = Problem(
        title=title,
        ids=ids,
        everyone=everyone,
        train=first(everyone, trained - validating),
        validating=first(everyone, trained * validating).some(np.flatnonzero(validating)),
        told=_scored(first(everyone, told), settings.ranking.mask_seen),
        masked=settings.ranking.mask_seen,
        least_count=settings.model.least_count,
        item_kind=read.item_kind,
        notes=(*notes, _rule(settings.split)),
    )
    _check(problem, settings.split)
    return replace(problem, notes=(*problem.notes, *_said(problem, told))), replace(settings, columns=columns)


def other_problem(table: pl.DataFrame, title: str, settings: Settings, item_kind: str, scored: bool) -> Problem:
    """Another table, read as a run's own was: each user's last purchase is told, and nothing trains.

    Args:
        table: a row for each purchase.
        title: what it is.
        settings: of the run.
        item_kind: of the run's items.
        scored: whether there must be something to tell.

    Raises:
        DataError: whatever in the table breaks a rule, or there is nothing to tell.
    """
    read = bought(table, settings.columns, item_kind)
    everyone, ids = Histories.of(read.users, read.items, read.times)
    nothing = everyone.some(np.array([], dtype=np.int64))
    told = np.where(everyone.lengths > 1, everyone.lengths, 0)
    masked = settings.ranking.mask_seen
    rest = _scored(first(everyone, told), masked) if told.any() else nothing
    if scored and not len(rest):
        raise DataError(
            f"A purchase is told from those before it: no user in {title} has two{_new(masked)}. Give longer "
            "histories; predict takes single purchases."
        )
    least = settings.model.least_count
    return Problem(title, ids, everyone, nothing, nothing, rest, masked, least, item_kind, ())


def first(histories: Histories, counts: Codes) -> Histories:
    """The first purchases of each user, as many as `counts` [U] says."""
    return histories.without_last(histories.lengths - counts)


def newest_is_new(histories: Histories) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """[U] whether each user's last purchase is of an item that the user had not bought before."""
    return np.array([numbers[-1] not in numbers[:-1] for numbers in map(histories.of_user, range(len(histories)))])


def _counts(everyone: Histories, read: Bought, split: Split) -> tuple[Codes, Codes]:
    """[U] how many of each user's purchases train or validate, and up to which one is told, 0 for none."""
    lengths = everyone.lengths
    if split.split == "last":
        return np.where(lengths > 1, lengths - 1, lengths), np.where(lengths > 1, lengths, 0)
    if read.times is None:
        raise ConfigError(
            "A split by time needs times: the table has no such column. Name it with --set time=COLUMN, or take "
            "split=last, in the order of rows."
        )
    moment = np.sort(read.times)[int(len(read.times) * (1 - split.test))]
    who = numbered(read.users, "users")[1]
    before = np.bincount(who[read.times < moment], minlength=len(everyone))
    return before, np.where((before > 0) & (before < lengths), before + 1, 0)


def _validating(trained: Codes, share: float) -> Codes:
    """[U] 1 for each user whose newest training purchase validates; the same ones for every seed of a network."""
    able = np.random.default_rng(0).permutation(np.flatnonzero(trained > 1))
    held = np.zeros(len(trained), dtype=np.int64)
    held[able[: min(max(1, round(share * len(able))), MOST_VALIDATING)]] = 1
    return held


def _scored(upto: Histories, masked: bool) -> Histories:
    """Those of at most 10,000 users with a purchase to tell, drawn once."""
    able = upto.some(np.flatnonzero(upto.lengths > 1))
    if masked and len(able):
        able = able.some(np.flatnonzero(newest_is_new(able)))
    if len(able) <= MOST_TOLD:
        return able
    return able.some(np.sort(np.random.default_rng(1).permutation(len(able))[:MOST_TOLD]))


def _check(problem: Problem, split: Split) -> None:
    """Refuse what no method could learn from, or be scored on."""
    lengths, users = problem.everyone.lengths, len(problem.everyone)
    if lengths.max() < 2:
        raise DataError(
            f"A next purchase needs one before it: each of the {users:,} users in {problem.title} has a single one. "
            "Give longer histories, or check that user= names the column that tells users apart."
        )
    if not (problem.train.lengths > 1).any():
        raise DataError(
            f"Training needs a user with two purchases besides those that are told and validate: of {users:,} users "
            f"none has, the longest history has {lengths.max()}. Give longer histories, or more users."
        )
    if not len(problem.told):
        raise DataError(
            f"Nothing is left to tell with split={split.split}{_new(problem.masked)}: no user bought both before and "
            "then. Take split=last, another test=, or longer histories."
        )
    known = problem.catalogue.numbers(problem.ids)[problem.validating.last] < len(problem.catalogue)
    if not known.any():
        raise DataError(
            "Validation needs a user with two purchases in the training part, the last one of a known item: there is "
            "none. Give more purchases, or a larger validation=."
        )


def _rule(split: Split) -> str:
    if split.split == "last":
        return (
            "split: each user's last purchase is told from those before it; other users' later purchases train "
            "(split=time cuts all at one moment)."
        )
    return (
        f"split: the last {split.test:.0%} of the purchases are cut off at one moment; each user's first one after it "
        "is told from those before it, and none after it trains."
    )


def _said(problem: Problem, told: Codes) -> list[str]:
    """Notes on who is scored, and on what no method can know."""
    said, count, able = [], len(problem.told), int((told > 0).sum())
    if problem.masked:
        said.append(
            f"mask_seen: items a user bought before are never told; {count:,} users whose next one is new count."
        )
    elif count < able:
        said.append(f"Scored: {count:,} of {able:,} users, drawn once.")
    unknown = int((problem.catalogue.numbers(problem.ids)[problem.told.last] == len(problem.catalogue)).sum())
    if unknown:
        said.append(f"Of {count:,} purchases to tell {unknown:,} are of items not known from training: misses for all.")
    if count < ENOUGH:
        said.append(f"Few users: {count} are scored, and scores of fewer than {ENOUGH} say little.")
    return said


def _new(masked: bool) -> str:
    return ", the last one of an item new to the user" if masked else ""
