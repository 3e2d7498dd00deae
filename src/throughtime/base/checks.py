"""Settings checked together: every problem is found, all are raised at once, and numbers become Python's own.

    checks = Checks()
    epochs = checks.whole("epochs", epochs)
    rate = checks.number("learning_rate", rate, above=0)
    checks.report("Training settings")

Numbers of any library are taken (numpy's too, as a search over numpy ranges gives them); bool is no number here.
"""

from __future__ import annotations

import difflib
import math
import numbers
from collections.abc import Collection, Sequence

from throughtime.base.errors import ConfigError

# What fits into 64 bits with a sign: torch and SQLite hold no larger whole numbers.
MOST = 2**63


class Checks:
    """Problems of a group of settings.

    Each check returns its value as a plain Python one. Where it finds a problem it notes that and returns a stand-in,
    which nobody sees: `report` then raises.

    Attributes:
        problems: found so far, a phrase each.
    """

    def __init__(self) -> None:
        self.problems: list[str] = []

    def add(self, problem: str | None) -> None:
        """Note a problem found elsewhere; None is none."""
        if problem:
            self.problems.append(problem.rstrip("."))

    def whole(self, name: str, value: object, least: int = 1, below: int = MOST) -> int:
        """A whole number, `least` or more, and less than `below`."""
        number = as_whole(value)
        if number is not None and least <= number < below:
            return number
        end = f" and at most {below - 1}" if below != MOST or (number is not None and number >= below) else ""
        self.add(f"`{name}` is a whole number, at least {least}{end}: {value!r} came")
        return least

    def number(
        self,
        name: str,
        value: object,
        *,
        least: float = 0,
        above: float | None = None,
        below: float | None = None,
        most: float = math.inf,
    ) -> float:
        """A finite number from `least` to `most`; with `above` more than that, with `below` less than that."""
        number = as_number(value)
        enough = number is not None and (number >= least if above is None else number > above)
        if number is not None and enough and (below is None or number < below) and number <= most:
            return number
        start = f"of {least:g} or more" if above is None else f"above {above:g}"
        end = f" and at most {most:g}" if most < math.inf else "" if below is None else f" and below {below:g}"
        self.add(f"`{name}` is a number {start}{end}: {value!r} came")
        return 0.0

    def probability(self, name: str, value: object) -> float:
        """A number from 0 to 1, both included."""
        number = as_number(value)
        if number is not None and 0 <= number <= 1:
            return number
        self.add(f"`{name}` is a probability in 0 .. 1: {value!r} came")
        return 0.0

    def flag(self, name: str, value: object) -> bool:
        """True or False."""
        if isinstance(value, bool):
            return value
        self.add(f"`{name}` is True or False: {value!r} came")
        return False

    def choice(self, name: str, value: object, known: Sequence[str]) -> str:
        """One of the texts known; a near one is asked for."""
        self.add(choice_problem(name, value, known))
        return str(value)

    def report(self, subject: str, remedy: str | None = None) -> None:
        """Raise all problems at once.

        Args:
            subject: what the settings are of, the message's beginning.
            remedy: what to do, a sentence; None: "Change it." or "Change them."

        Raises:
            ConfigError: there is at least one problem.
        """
        if self.problems:
            remedy = remedy or ("Change it." if len(self.problems) == 1 else "Change them.")
            raise ConfigError(f"{subject}: {'; '.join(self.problems)}. {remedy}")


def as_whole(value: object) -> int | None:
    """A whole number of any library as an int; None for anything else, bool included."""
    return None if isinstance(value, bool) or not isinstance(value, numbers.Integral) else int(value)


def as_number(value: object) -> float | None:
    """A finite real number of any library as a float; None for anything else, bool included."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        return None
    try:
        number = float(value)
    except OverflowError:  # a whole number of hundreds of digits
        return None
    return number if math.isfinite(number) else None


def plain(value: object) -> object:
    """A whole or finite number as Python's own; anything else as it is."""
    whole = as_whole(value)
    number = as_number(value) if whole is None else whole
    return value if number is None else number


def did_you_mean(name: str, known: Collection[str], there_are: str) -> str:
    """How a message on an unknown name ends.

    Args:
        name: what came.
        known: the names there are.
        there_are: what introduces them all, such as "the keys are".

    Returns:
        The nearest name in a question; where none is near, all of them.
    """
    near = difflib.get_close_matches(name, known, n=1)
    return f"did you mean {near[0]!r}?" if near else f"{there_are} {', '.join(known)}."


def choice_problem(name: str, value: object, known: Sequence[str]) -> str | None:
    """What is wrong with a choice, in words, with the nearest one there is; None if nothing."""
    if isinstance(value, str) and value in known:
        return None
    near = difflib.get_close_matches(str(value).lower(), known, n=1)
    guess = f" (did you mean {near[0]!r}?)" if near else ""
    return f"`{name}` is one of {', '.join(known)}: {value!r} came{guess}"
