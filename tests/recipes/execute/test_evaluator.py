"""The evaluator beside Python itself, which runs the same texts here and nowhere else."""

import random
import subprocess
import sys

import pytest

from throughtime.recipes.execute.evaluator import output_of
from throughtime.recipes.execute.language import MOST_DEPTH, MOST_OPERATIONS, ProgramError
from throughtime.recipes.execute.programs import TRAIN, Level, draw


def run_by_python(texts):
    """What Python prints of each, all in one process of its own."""
    code = "import sys\nfor text in sys.stdin.read().split('\\0'): exec(text, {})"
    done = subprocess.run(
        [sys.executable, "-I", "-c", code], input="\0".join(texts), capture_output=True, text=True, check=True
    )
    return done.stdout.split()


def test_equals_python_on_drawn_programs():
    drawn = [draw(3, TRAIN, "programs", Level(1 + index % 5, 1 + index % 4), index).text for index in range(1500)] + [
        draw(3, TRAIN, kind, Level(1 + index % 12, 1), index).text
        for index in range(200)
        for kind in ("addition", "copying")
    ]
    assert [output_of(text) for text in drawn] == run_by_python(drawn)


def expression(draws, depth):
    """Any expression of the grammar, with precedence left to the reader."""
    kind = draws.randrange(6) if depth else 5
    if kind == 0:
        return f"({expression(draws, depth - 1)})"
    if kind == 1:
        return f"-{expression(draws, depth - 1)}"
    if kind == 2:
        test = f"{expression(draws, depth - 1)}{draws.choice('<>')}{expression(draws, depth - 1)}"
        return f"({expression(draws, depth - 1)} if {test} else {expression(draws, depth - 1)})"
    if kind in (3, 4):
        return f"{expression(draws, depth - 1)}{draws.choice('+-*')}{expression(draws, depth - 1)}"
    return draws.choice(["a", "b", str(draws.randrange(1000))])


def any_program(draws):
    lines = ["a=5", f"b={draws.randrange(100)}"]
    for _ in range(draws.randrange(4)):
        name, value = draws.choice("abx"), expression(draws, 2)
        loop = f"for x in range({draws.randrange(4)}):{draws.choice('ab')}{draws.choice('+-')}={value}"
        lines.append(draws.choice([f"{name}={value}", loop]))
    return "\n".join([*lines, f"print({expression(draws, 3)})"])


def test_equals_python_on_anything_that_the_grammar_has():
    draws = random.Random(7)
    texts = [any_program(draws) for _ in range(3000)]
    assert [output_of(text) for text in texts] == run_by_python(texts)


@pytest.mark.parametrize("text", ["3*(x+4)-2*x=21", "7-(1+(4-x))=11", "21=9+3*(y-(0-4*1)+0*y)-12+3", "-x=-9"])
def test_an_equation_is_solved(text):
    left, right = text.replace("y", "x").split("=")
    unknown = output_of(text)
    sides = [side.replace("x", f"({unknown})") for side in (left, right)]
    assert output_of(f"print({sides[0]})") == output_of(f"print({sides[1]})")


def test_drawn_equations_hold():
    for index in range(300):
        drawn = draw(1, TRAIN, "equations", Level(1 + index % 4, 1 + index % 3), index)
        left, right = drawn.text.split("=")
        assert output_of(f"print({left.replace('x', drawn.output)})") == right


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("print(a)", "'a' has none"),
        ("for x in range(2):j+=1\nprint(j)", "'j' has none"),
        ("a=1\nfor x in range(100001):a+=1\nprint(a)", "100,000 turns at most"),
        ("a=" + "9" * 99 + "\nprint(a*a*a)", "200 digits at most"),
        ("x*x=4", "multiplied by itself"),
        ("x+y=4", "one unknown: x and y came"),
        ("3=3", "one unknown: none came"),
        ("2*x=3", "a whole number: this one has not"),
        ("x-x=3", "one solution"),
        ("(x if 1<2 else 3)=3", "an if came"),
    ],
)
def test_a_program_that_breaks_a_rule_as_it_runs_is_refused(text, said):
    with pytest.raises(ProgramError, match=said):
        output_of(text)


def test_the_largest_trees_that_parse_can_be_walked():
    assert output_of("print(" + "1+" * MOST_OPERATIONS + "1)") == str(MOST_OPERATIONS + 1)
    assert output_of("print(" + "(" * (MOST_DEPTH - 1) + "4" + ")" * (MOST_DEPTH - 1) + ")") == "4"
