"""A walk's scores beside the naive rules', with the plain sentence on the gain; the forecast of the next session."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from throughtime.data.clock import show_time
from throughtime.recipes.stock.methods import NAIVE, naive
from throughtime.recipes.stock.movement import FLAT
from throughtime.recipes.stock.scores import BLOCK_SESSIONS, Forecasts, resampled_matthews, score, standard_error
from throughtime.recipes.stock.settings import Zone
from throughtime.recipes.stock.walk import SERIES, TARGET, Stage
from throughtime.recipes.table import Column, Table

if TYPE_CHECKING:
    from throughtime.recipes.stock.case import StockCase

COLUMNS = (
    Column("method"),
    Column("Matthews", digits=3),
    Column("± s.e.", digits=3),
    Column("balanced accuracy", digits=3),
    Column("accuracy", digits=3),
    Column("log loss", digits=4),
    Column("decisions"),
)
NO_ADVICE = "No costs, no advice: a movement foreseen is no gain made, and past ones say little of the next."


def scores_table(case: StockCase, forecasts: Forecasts) -> Table:
    """The network beside always-up and last-sign on the same decisions."""
    found = {"network": forecasts, **naive_forecasts(case, forecasts)}
    horizon = case.chosen.movement.horizon
    draws = dict(zip(found, resampled_matthews(list(found.values()), horizon), strict=True))
    rows = []
    for name, each in found.items():
        figures = score(each)
        rows.append(
            (
                name,
                figures.matthews,
                standard_error(draws[name]),
                figures.balanced_accuracy,
                figures.accuracy,
                figures.log_loss,
                figures.decisions,
            )
        )
    gains = [gain_sentence("network", name, found, draws) for name in NAIVE]
    notes = (*case.notes, *gains, *rule_notes(case, forecasts))
    return Table(heading(case, forecasts), COLUMNS, tuple(rows), notes)


def naive_forecasts(case: StockCase, forecasts: Forecasts) -> dict[str, Forecasts]:
    """The naive rules' decisions where the network made its own."""
    numbers = [int(number) for number in dict.fromkeys(forecasts.stretch)]
    stages = [case.stage(number) for number in numbers] if case.walks else [case.as_one(("return",))]
    return {name: Forecasts.joined([naive(stage, name) for stage in stages]) for name in NAIVE}


def gain_sentence(ours: str, rival: str, found: dict[str, Forecasts], draws: dict[str, np.ndarray]) -> str:
    """Whether one method's Matthews correlation lies above another's, in plain words."""
    gain = score(found[ours]).matthews - score(found[rival]).matthews
    return said_gain(ours, rival, gain, standard_error(draws[ours] - draws[rival]))


def said_gain(ours: str, rival: str, gain: float, error: float) -> str:
    """The sentence of a gain in Matthews correlation and its standard error."""
    figures = f"Matthews {gain:+.3f}, standard error {error:.3f}"
    if abs(gain) < 2 * error or gain == error == 0:
        return f"The gain of the {ours} over {rival} is within noise ({figures})."
    word = "better" if gain > 0 else "worse"
    return f"The {ours} is {word} than {rival} by more than noise ({figures})."


def heading(case: StockCase, forecasts: Forecasts) -> str:
    """What is scored."""
    times, session = case.market.times, forecasts.session[forecasts.scored]
    span = f"{show_time(times[session.min()])} to {show_time(times[session.max()])}"
    ahead = case.chosen.movement.horizon
    words = "the next session" if ahead == 1 else f"{ahead} sessions ahead"
    return f"{case.title}, movement of {words}: decisions of {span}"


def rule_notes(case: StockCase, forecasts: Forecasts) -> Iterator[str]:
    """How a movement is told, scored, and the walk made."""
    movement, walk = case.chosen.movement, case.chosen.walk
    zone = Zone.parse(movement.dead_zone)
    kept, flat = int(forecasts.scored.sum()), int((~forecasts.scored).sum())
    of = f" (of the last {movement.volatility} sessions)" if zone.relative else ""
    left = (
        f"; {flat:,} of {kept + flat:,} decisions are so, neither learned nor scored"
        if FLAT not in case.classes
        else ""
    )
    yield f"Movements within {zone}{of} are flat{left}. Classes scored: {', '.join(case.classes)}."
    if case.walks:
        count = len(set(forecasts.stretch.tolist()))
        back = f"the last {walk.rolling:,} sessions" if walk.rolling else "all sessions before"
        yield (
            f"Walk-forward: {count} stretches of {walk.refit} sessions, each decided on by a model trained on {back}, "
            f"of which the last {walk.validation:.0%} validate; no movement learned ends after the first decision."
        )
    yield (
        f"Standard errors: bootstrap of blocks of {max(BLOCK_SESSIONS, 2 * movement.horizon)} sessions; a gain below "
        "two of them is within noise. Matthews and balanced accuracy are 0 and chance for one class throughout."
    )
    if walk.call == "balanced":
        yield "Called is the class whose probability exceeds its share of the training part most (or call=likeliest)."
    if case.trained_until and case.market.times.dtype.kind == "M":
        seen = int((case.market.times[forecasts.session].astype(str) <= case.trained_until).sum())
        if seen:
            yield (
                f"{seen:,} of {len(forecasts.session):,} decisions are of the time the model was trained on, until "
                f"{case.trained_until}: for the same market these are no test."
            )
    yield NO_ADVICE


def next_table(case: StockCase, stage: Stage, frame: pl.DataFrame) -> Table:
    """The movement after each security's newest session, from a frame of forecasts."""
    newest: dict[int, tuple[int, str]] = {}
    for track in stage.tracks:  # with h sessions ahead the track that ends with the newest session
        newest[track.security] = max(newest.get(track.security, (-1, "")), (int(track.session[-1]), track.name))
    by_name = {str(row[SERIES]): row for row in frame.iter_rows(named=True)}
    rows = []
    for place, (session, name) in newest.items():
        row = by_name[name]
        chance = [row[f"{TARGET}_p_{label}"] for label in case.classes]
        security = case.market.securities[place].name or case.title
        rows.append((security, show_time(case.market.times[session]), *chance))
    columns = (Column("security"), Column("after", words=True), *(Column(n, "probability", 3) for n in case.classes))
    ahead = case.chosen.movement.horizon
    given = "" if FLAT in case.classes else " Probabilities are of a movement outside the dead zone, if there is one."
    notes = (*case.notes, f"{ahead} session{'s' * (ahead > 1)} ahead.{given}", NO_ADVICE)
    return Table(f"{case.title}: the next movement", columns, tuple(rows), notes)
