"""Programs drawn by a seed: a pure function of (seed, part, kind, length, nesting, index).

    programs    `nesting` operations, each of which takes what came of the one before as one of its operands:
                a + b, a - b; a * k; v=a, then v + b or v - b; a loop that adds b to v, or takes it away, k times;
                (a if b < c else d), also with >.  Other operands are numbers of 1 .. 10^length - 1; k is 1 .. 4 length
    addition    print(a+b) of two numbers of `length` digits each
    equations   one unknown x of 1 .. 10^length - 1 within `nesting` operations + - and * k, and the number they come to
    copying     print(n) of one number of `length` digits

Parts: a text's hash says which part it belongs to, an eighth of all texts to the test part and an eighth to the
validation part. A draw that is not of its part is drawn again, so that no test program ever trains, whatever the seed,
length or nesting.

Source: what is drawn follows Zaremba & Sutskever 2014, arXiv 1410.4615, whose numbers are of 1 .. 10^length; how it is
drawn, the parts, and equations are ours. Their double loops were left out too: all runs in one pass over the text.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from throughtime.base.errors import ConfigError
from throughtime.recipes.execute.draws import Draws, share_of
from throughtime.recipes.execute.evaluator import output_of

KINDS = ("programs", "addition", "equations", "copying")
NESTED = ("programs", "equations")  # the others have a nesting of 1
TRAIN, VALIDATION, TEST = "train", "validation", "test"
PARTS = (TRAIN, VALIDATION, TEST)
MOST_LENGTH, MOST_NESTING = 40, 8
# Of 1024 hashes.
TEST_SHARE, VALIDATION_SHARE = 128, 128
# The smallest spaces have nine texts; a part that so many draws do not meet has none.
MOST_TRIES = 2000
COUNTER, UNKNOWN = "x", "x"
VARIABLES = "abcdefghijklmnopqrstuvw"


@dataclass(frozen=True)
class Level:
    """How hard a program is.

    Args:
        length: digits of its numbers.
        nesting: operations within each other.
    """

    length: int
    nesting: int


@dataclass(frozen=True)
class Drawn:
    """A program, how hard it is, and what it prints."""

    text: str
    level: Level
    output: str


def part_of(text: str) -> str:
    """The part that a program belongs to."""
    share = share_of(text)
    if share < TEST_SHARE:
        return TEST
    return VALIDATION if share < TEST_SHARE + VALIDATION_SHARE else TRAIN


def draw(seed: int, part: str, kind: str, level: Level, index: int) -> Drawn:
    """One program of a part.

    Args:
        seed: 0 or more.
        part: of `PARTS`.
        kind: of `KINDS`.
        level: how hard it is to be.
        index: which one, 0 or more.

    Raises:
        ConfigError: no program of that kind and level is of that part.
    """
    make = _MAKERS[kind]
    for attempt in range(MOST_TRIES):
        text = make(Draws(seed, part, kind, level.length, level.nesting, index, attempt), level)
        if part_of(text) == part:
            return Drawn(text, level, output_of(text))
    raise ConfigError(
        f"Each part needs programs: of {kind} with length={level.length} none is of the {part} part. Take a larger "
        "length."
    )


def levels(kind: str, length: int, nesting: int) -> list[Level]:
    """From the easiest to the hardest: lengths of the first nesting, then those of the next."""
    deepest = nesting if kind in NESTED else 1
    return [Level(digits, deep) for deep in range(1, deepest + 1) for digits in range(1, length + 1)]


@dataclass(frozen=True)
class _Made:
    """Lines, and an expression that comes after them."""

    lines: tuple[str, ...]
    text: str


def _program(draws: Draws, level: Level) -> str:
    names = list(VARIABLES)
    made = _Made((), str(_number(draws, level)))
    for _ in range(level.nesting):
        made = draws.one_of(_OPERATIONS)(draws, level, made, names)
    return "\n".join((*made.lines, f"print({made.text})"))


def _number(draws: Draws, level: Level) -> int:
    return draws.between(1, 10**level.length - 1)


def _few(draws: Draws, level: Level) -> int:
    """What keeps a product, or a loop, so small that one pass over the text is enough."""
    return draws.between(1, 4 * level.length)


def _operands(draws: Draws, level: Level, made: _Made, count: int) -> list[str]:
    """So many operands, one of them what was made before."""
    place = draws.below(count)
    return [made.text if each == place else str(_number(draws, level)) for each in range(count)]


def _fresh(draws: Draws, names: list[str]) -> str:
    return names.pop(draws.below(len(names)))


def _pair(draws: Draws, level: Level, made: _Made, names: list[str]) -> _Made:
    left, right = _operands(draws, level, made, 2)
    return _Made(made.lines, f"({left}{draws.one_of('+-')}{right})")


def _product(draws: Draws, level: Level, made: _Made, names: list[str]) -> _Made:
    factors = [made.text, str(_few(draws, level))]
    first = draws.below(2)
    return _Made(made.lines, f"({factors[first]}*{factors[1 - first]})")


def _variable(draws: Draws, level: Level, made: _Made, names: list[str]) -> _Made:
    name = _fresh(draws, names)
    value, other = _operands(draws, level, made, 2)
    return _Made((*made.lines, f"{name}={value}"), f"({name}{draws.one_of('+-')}{other})")


def _loop(draws: Draws, level: Level, made: _Made, names: list[str]) -> _Made:
    name = _fresh(draws, names)
    value, step = _operands(draws, level, made, 2)
    turns = f"for {COUNTER} in range({_few(draws, level)}):{name}{draws.one_of('+-')}={step}"
    return _Made((*made.lines, f"{name}={value}", turns), name)


def _choice(draws: Draws, level: Level, made: _Made, names: list[str]) -> _Made:
    yes, left, right, no = _operands(draws, level, made, 4)
    return _Made(made.lines, f"({yes} if {left}{draws.one_of('<>')}{right} else {no})")


_OPERATIONS: Sequence[Callable[[Draws, Level, _Made, list[str]], _Made]] = (_pair, _product, _variable, _loop, _choice)


def _addition(draws: Draws, level: Level) -> str:
    return f"print({_long(draws, level)}+{_long(draws, level)})"


def _copying(draws: Draws, level: Level) -> str:
    return f"print({_long(draws, level)})"


def _long(draws: Draws, level: Level) -> int:
    """A number of all the digits."""
    return draws.between(10 ** (level.length - 1), 10**level.length - 1)


def _equation(draws: Draws, level: Level) -> str:
    unknown = _number(draws, level)
    text, value = UNKNOWN, unknown
    for _ in range(level.nesting):
        sign = draws.one_of("+-*")
        other = _few(draws, level) if sign == "*" else _number(draws, level)
        first = draws.below(2)
        pair = [text, str(other)]
        text = f"({pair[first]}{sign}{pair[1 - first]})"
        left, right = (value, other) if first == 0 else (other, value)
        value = left * right if sign == "*" else left + right if sign == "+" else left - right
    return f"{text[1:-1]}={value}"


_MAKERS: dict[str, Callable[[Draws, Level], str]] = {
    "programs": _program,
    "addition": _addition,
    "equations": _equation,
    "copying": _copying,
}
