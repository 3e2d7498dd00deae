"""Which way a security moved, and what is known of it at the close of a session.

    r[t]      ln(p[t] / p[t-1])                                p: adjusted close, or close
    s[t]      root mean square of r over the last `volatility` sessions, known at the close of t
    m[t]      up, down or flat: ln(p[t] / p[t-h]) against the zone z[t-h];   z[t] = size s[t] sqrt(h), or the size

m[t] is known at the close of t, so that forecasting it one row ahead from rows up to t - h is forecasting h sessions
ahead. What is read at the close of t, each number free of the price's level:

    return   r / s          body     ln(close / open) / s       range   ln(high / low) / s
    volume   ln of volume against its mean over the last `volatility` sessions
    burst    ln of s over the last 10 sessions against s
    weekday  sine and cosine of its place in the week, where asked for

Every figure of row t is made of rows up to t. With h > 1 sessions a security becomes h series, each h-th session of it,
so that no row reads a movement that is not over.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from throughtime.recipes.stock.prices import Market, Security
from throughtime.recipes.stock.settings import Movement, Zone

Array = np.ndarray
DOWN, FLAT, UP = "down", "flat", "up"
SHORT = 10
# A standard deviation of fewer returns says little; before so many there is no movement and no input.
LEAST_RETURNS = 20


@dataclass(frozen=True)
class Track:
    """Every h-th session of a security, T of them.

    Args:
        name: of the track: the security, and with h > 1 which of its h tracks.
        security: place of the security among all.
        row: [T] row of the security.
        session: [T] place of each row among the sessions of all securities.
        inputs: [T, F] what is read at the close; nan where unknown.
        movement: [T] class of the h sessions that end here, as a place in `classes`; nan where unknown or left out.
        sign: [T] class of the newest return that was not 0, the flat zone aside; nan where none is known yet.
    """

    name: str
    security: int
    row: Array
    session: Array
    inputs: Array
    movement: Array
    sign: Array


def classes_of(movement: Movement) -> tuple[str, ...]:
    """The classes that are told apart, in order."""
    return (DOWN, FLAT, UP) if movement.flat == "class" else (DOWN, UP)


def input_names(market: Market, movement: Movement) -> tuple[str, ...]:
    """What is read of each session: what the table's columns allow."""
    whole = {"open": "body", "volume": "volume"}
    columns = [
        name for role, name in whole.items() if any(np.isfinite(getattr(s, role)).any() for s in market.securities)
    ]
    spans = any((np.isfinite(s.high) & np.isfinite(s.low)).any() for s in market.securities)
    weekday = ["weekday sine", "weekday cosine"] if movement.weekday and market.times.dtype.kind == "M" else []
    return ("return", *columns, *(["range"] if spans else []), "burst", *weekday)


def tracks_of(market: Market, movement: Movement) -> list[Track]:
    """The movements and inputs of every security.

    Args:
        market: prices.
        movement: what a movement is.
    """
    names = input_names(market, movement)
    return [
        track for place, security in enumerate(market.securities) for track in _tracks(place, security, movement, names)
    ]


def volatility(returns: Array, sessions: int) -> Array:
    """Root mean square of the returns of the last `sessions` rows, missing ones aside.

    Args:
        returns: [T], nan where unknown.
        sessions: at least 2.

    Returns:
        [T]; nan where fewer than 20 returns (or `sessions`, if those are fewer) are known.
    """
    known = np.isfinite(returns)
    # Sums over the window alone: with running totals a far row would leave its rounding in every later one.
    windows = np.lib.stride_tricks.sliding_window_view
    squares = windows(_led(np.where(known, returns, 0.0) ** 2, sessions), sessions).sum(axis=1)
    count = windows(_led(known.astype(np.float64), sessions), sessions).sum(axis=1)
    enough = count >= min(LEAST_RETURNS, sessions)
    return np.where(enough, np.sqrt(squares / np.maximum(count, 1)), np.nan)


def returns_of(price: Array, sessions: int = 1) -> Array:
    """Log returns over so many sessions that end at each row [T]; nan where a price is missing."""
    logs = np.log(price)
    return np.concatenate([np.full(min(sessions, len(logs)), np.nan), logs[sessions:] - logs[:-sessions]])


def zone_of(spread: Array, movement: Movement) -> Array:
    """How small a return from each row on is flat [T]; nan where it cannot be told."""
    zone = Zone.parse(movement.dead_zone)
    return spread * (zone.size * np.sqrt(movement.horizon)) if zone.relative else np.full(len(spread), zone.size)


def _tracks(place: int, security: Security, movement: Movement, names: tuple[str, ...]) -> list[Track]:
    step = movement.horizon
    returns = returns_of(security.price)
    spread = volatility(returns, movement.volatility)
    moved = _movements(security.price, spread, movement)
    inputs = _inputs(security, returns, spread, movement.volatility, names)
    sign = _signs(returns_of(security.price, step), len(classes_of(movement)))
    tracks = []
    for phase in range(min(step, len(returns))):
        rows = np.arange(phase, len(returns), step)
        name = security.name if step == 1 else f"{security.name}/{phase + 1}".lstrip("/")
        tracks.append(Track(name, place, rows, security.session[rows], inputs[rows], moved[rows], sign[rows]))
    return tracks


def _movements(price: Array, spread: Array, movement: Movement) -> Array:
    """The class of the h sessions that end at each row."""
    step = movement.horizon
    change = returns_of(price, step)
    zone = np.concatenate([np.full(min(step, len(price)), np.nan), zone_of(spread, movement)[:-step]])
    classes = classes_of(movement)
    flat = float(classes.index(FLAT)) if FLAT in classes else np.nan
    with np.errstate(invalid="ignore"):
        moved = np.where(change > zone, classes.index(UP), np.where(change < -zone, classes.index(DOWN), flat))
    return np.where(np.isnan(change) | np.isnan(zone), np.nan, moved)


def _signs(change: Array, classes: int) -> Array:
    """The class that the newest return's sign names at each row."""
    with np.errstate(invalid="ignore"):
        sign = np.where(change > 0, classes - 1.0, np.where(change < 0, 0.0, np.nan))
    last = np.maximum.accumulate(np.where(np.isnan(sign), -1, np.arange(len(sign))))
    return np.where(last >= 0, sign[np.maximum(last, 0)], np.nan)


def _inputs(security: Security, returns: Array, spread: Array, sessions: int, names: tuple[str, ...]) -> Array:
    with np.errstate(divide="ignore", invalid="ignore"):
        unit = np.where(spread > 0, spread, np.nan)
        volume = np.log(security.volume)
        found = {
            "return": returns / unit,
            "body": np.log(security.close / security.open) / unit,
            "range": np.log(security.high / security.low) / unit,
            "volume": volume - _mean(volume, sessions),
            "burst": np.log(volatility(returns, min(SHORT, sessions)) / unit),
        }
    if "weekday sine" in names:
        # The first day of numpy's calendar was a Thursday; which day is 0 does not matter.
        angle = 2 * np.pi * (security.times.astype("datetime64[D]").astype(np.int64) % 7) / 7
        found |= {"weekday sine": np.sin(angle), "weekday cosine": np.cos(angle)}
    table = np.stack([found[name] for name in names], axis=1)
    return np.where(np.isfinite(table), table, np.nan)


def _mean(values: Array, sessions: int) -> Array:
    """Mean of the finite values of the last `sessions` rows [T]; nan where there is none."""
    known = np.isfinite(values)
    windows = np.lib.stride_tricks.sliding_window_view
    total = windows(_led(np.where(known, values, 0.0), sessions), sessions).sum(axis=1)
    count = windows(_led(known.astype(np.float64), sessions), sessions).sum(axis=1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _led(values: Array, sessions: int) -> Array:
    """The values with zeros before them, so that every row has a full window."""
    return np.concatenate([np.zeros(sessions - 1), values])
