import re

import pytest

from throughtime.recipes.execute.language import (
    MOST_DEPTH,
    MOST_OPERATIONS,
    Assignment,
    Choice,
    Equation,
    Loop,
    Name,
    Number,
    Operation,
    Program,
    ProgramError,
    parse,
    tokenize,
)


def test_a_program_becomes_its_tree():
    tree = parse("j=85\nfor x in range(8):j+=920\nprint((j if 2<3 else -j*4))")
    times_four = Operation("*", Operation("-", Number(0), Name("j")), Number(4))
    choice = Choice(Name("j"), Operation("<", Number(2), Number(3)), times_four)
    assert tree == Program((Assignment("j", Number(85)), Loop("x", 8, "j", "+", Number(920))), choice)


def test_products_bind_before_sums_and_sums_go_from_left_to_right():
    tree = parse("print(9-2-3*4)")
    assert isinstance(tree, Program)
    assert tree.printed == Operation("-", Operation("-", Number(9), Number(2)), Operation("*", Number(3), Number(4)))


def test_semicolons_blanks_and_empty_lines_say_nothing():
    assert parse(" i = 3 ;\n\n print( i ) ; \n") == parse("i=3\nprint(i)")


def test_a_line_without_print_is_an_equation():
    assert parse("3*x=9") == Equation(Operation("*", Number(3), Name("x")), Number(9))


def test_tokens_know_their_places():
    assert [(token.text, token.place) for token in tokenize("a  =12")] == [("a", 1), ("=", 4), ("12", 5), ("", 7)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "an empty text came"),
        ("print(8/2)", "The grammar has no '/': it came as character 8 of 'print(8/2)'"),
        ("print(8**2)", "asks for a number, a name or a bracket: '*' came as character 9"),
        ("print(007)", "no zero before others: '007' came"),
        ("print(1", "asks for ')': the end came"),
        ("print(1)\nprint(2)", "print(...) is the last line: 'print' came"),
        ("a=1\nb=2", "asks for a name: the end came"),
        ("import os\nprint(1)", "asks for '=': 'os' came"),
        ("print(open(1))", "asks for ')': '(' came"),
        ("while 1:a=2\nprint(a)", "asks for '=': '1' came"),
        ("print(a if b else c)", "asks for < or >: 'else' came"),
        ("for x in range(n):j+=1\nprint(j)", "asks for a number: 'n' came"),
        ("for x in range(3):j=1\nprint(j)", "asks for += or -=: '=' came"),
        ("print('a')", "The grammar has no"),
        ("print(1)1", "asks for the end of the line: '1' came"),
        ("if=2\nprint(3)", "asks for a name: 'if' came"),
        ("print(" + "(" * MOST_DEPTH + "1" + ")" * MOST_DEPTH + ")", "nests 50 deep at most"),
        ("print(" + "1+" * (MOST_OPERATIONS + 1) + "1)", "has 400 operations at most"),
        ("print(" + "9" * 101 + ")", "has 100 digits at most"),
        ("print(" + " " * 10_000 + "1)", "has 10,000 characters at most"),
        ("2=3=4", "asks for the end of the equation: '=' came"),
        ("print(１)", "The grammar has no '１'"),
    ],
)
def test_what_is_outside_the_grammar_is_named(text, said):
    with pytest.raises(ProgramError, match=re.escape(said)):
        parse(text)
