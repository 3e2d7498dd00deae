"""What a program of the grammar prints: its tree walked, within bounds, and nothing of Python's run.

output(program)     the number that is printed
output(equation)    the unknown: a x + b = c x + d has x = (d - b) / (a - c), if that is a whole number
"""

from __future__ import annotations

from dataclasses import dataclass

from throughtime.recipes.execute.language import (
    Choice,
    Equation,
    Expression,
    Loop,
    Name,
    Number,
    Operation,
    Program,
    ProgramError,
    parse,
)

# Beyond these a program is refused rather than run: no target needs more, and no text is to keep us busy.
MOST_TURNS, MOST_VALUE = 100_000, 10**200

Variables = dict[str, int]


def output_of(text: str) -> str:
    """What a program prints, or what an equation's unknown is, as text.

    Args:
        text: of the grammar of `language`.

    Raises:
        ProgramError: the text is not of the grammar, names what is not there, or breaks a bound.
    """
    tree = parse(text)
    return str(solution(tree) if isinstance(tree, Equation) else printed(tree))


def printed(program: Program) -> int:
    """The number that a program prints.

    Raises:
        ProgramError: a variable without a value, or a bound is broken.
    """
    variables: Variables = {}
    turns = 0
    for line in program.lines:
        if isinstance(line, Loop):
            turns += line.times
            if turns > MOST_TURNS:
                raise ProgramError(f"Loops take {MOST_TURNS:,} turns at most: {turns:,} are asked for. Lower range().")
            _run_loop(line, variables)
        else:
            variables[line.name] = _value(line.value, variables)
    return _value(program.printed, variables)


def _run_loop(loop: Loop, variables: Variables) -> None:
    for turn in range(loop.times):
        variables[loop.counter] = turn
        step = Operation(loop.sign, Name(loop.name), loop.value)
        variables[loop.name] = _value(step, variables)


def _value(tree: Expression, variables: Variables) -> int:
    if isinstance(tree, Number):
        return tree.value
    if isinstance(tree, Name):
        if tree.name not in variables:
            raise ProgramError(f"A variable has a value before it is used: {tree.name!r} has none. Assign it first.")
        return variables[tree.name]
    if isinstance(tree, Choice):
        return _value(tree.yes if _value(tree.test, variables) else tree.no, variables)
    return _bounded(_combined(tree.sign, _value(tree.left, variables), _value(tree.right, variables)))


def _combined(sign: str, left: int, right: int) -> int:
    if sign in "<>":
        return int(left < right if sign == "<" else left > right)
    if sign == "*":
        return left * right
    return left + right if sign == "+" else left - right


def _bounded(value: int) -> int:
    if abs(value) >= MOST_VALUE:
        raise ProgramError("A value has 200 digits at most: a larger one came of this program. Use smaller numbers.")
    return value


@dataclass(frozen=True)
class Linear:
    """`slope x + level`."""

    slope: int
    level: int


def solution(equation: Equation) -> int:
    """The unknown of an equation.

    Raises:
        ProgramError: it has no unknown, or two; it is not linear, has no solution, all, or a fraction.
    """
    names = _names(equation.left) | _names(equation.right)
    if len(names) != 1:
        said = " and ".join(sorted(names)) or "none"
        raise ProgramError(f"An equation has one unknown: {said} came. A program ends in print(...).")
    left, right = _linear(equation.left), _linear(equation.right)
    slope, level = left.slope - right.slope, right.level - left.level
    if slope == 0 or level % slope:
        raise ProgramError("An equation has one solution, a whole number: this one has not. Choose other numbers.")
    return level // slope


def _names(tree: Expression) -> set[str]:
    if isinstance(tree, Name):
        return {tree.name}
    if isinstance(tree, Operation):
        return _names(tree.left) | _names(tree.right)
    if isinstance(tree, Choice):
        return _names(tree.yes) | _names(tree.test) | _names(tree.no)
    return set()


def _linear(tree: Expression) -> Linear:
    if isinstance(tree, Number):
        return Linear(0, tree.value)
    if isinstance(tree, Name):
        return Linear(1, 0)
    if isinstance(tree, Choice):
        raise ProgramError("An equation is of + - and *: an if came. Leave it out.")
    left, right = _linear(tree.left), _linear(tree.right)
    if tree.sign == "*":
        if left.slope and right.slope:
            raise ProgramError("An equation is linear: its unknown is multiplied by itself. Leave that out.")
        return _bounded_line(
            left.slope * right.level + right.slope * left.level, _combined("*", left.level, right.level)
        )
    return _bounded_line(_combined(tree.sign, left.slope, right.slope), _combined(tree.sign, left.level, right.level))


def _bounded_line(slope: int, level: int) -> Linear:
    return Linear(_bounded(slope), _bounded(level))
