"""The language that programs are written in: what is in it, and the tree of a text.

    program      = { line NEWLINE } "print" "(" expression ")"
    line         = name "=" expression | "for" name "in" "range" "(" number ")" ":" name ("+=" | "-=") expression
    equation     = expression "=" expression                       one line; the unknown is its only name
    expression   = sum [ "if" sum ("<" | ">") sum "else" expression ]
    sum          = product { ("+" | "-") product }
    product      = factor { "*" factor }
    factor       = "-" factor | number | name | "(" expression ")"

A program is a part of Python, and means what Python means by it. A number is digits, without a zero before others; a
line may end in ";". Nothing here runs anything.

Source: the grammar is that of Zaremba & Sutskever 2014, arXiv 1410.4615; equations are ours.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from throughtime.base.errors import DataError

# A text that nests deeper, or is longer, is no program that anybody would have a network read.
MOST_DEPTH, MOST_OPERATIONS, MOST_CHARACTERS, MOST_DIGITS = 50, 400, 10_000, 100
KEYWORDS = ("print", "for", "in", "range", "if", "else")
_TOKEN = re.compile(r"(?P<number>\d+)|(?P<word>[A-Za-z_]\w*)|(?P<sign>\+=|-=|[-+*()<>=:;])|(?P<line>\n)", re.ASCII)
_BLANK = re.compile(r"[ \t\r]*")
_WRITE = "Write assignments, for, + - *, (a if b<c else d), and print(...) as the last line."


class ProgramError(DataError):
    """A text is no program of the grammar, or one that breaks a bound as it runs."""


@dataclass(frozen=True)
class Number:
    """A whole number."""

    value: int


@dataclass(frozen=True)
class Name:
    """A variable."""

    name: str


@dataclass(frozen=True)
class Operation:
    """Two expressions and "+", "-", "*", "<" or ">" between them."""

    sign: str
    left: Expression
    right: Expression


@dataclass(frozen=True)
class Choice:
    """`yes if test else no`."""

    yes: Expression
    test: Operation
    no: Expression


Expression = Number | Name | Operation | Choice


@dataclass(frozen=True)
class Assignment:
    """`name = value`."""

    name: str
    value: Expression


@dataclass(frozen=True)
class Loop:
    """`for counter in range(times): name sign= value`."""

    counter: str
    times: int
    name: str
    sign: str
    value: Expression


@dataclass(frozen=True)
class Program:
    """Lines, and what is printed after them."""

    lines: tuple[Assignment | Loop, ...]
    printed: Expression


@dataclass(frozen=True)
class Equation:
    """Two sides that are to be equal."""

    left: Expression
    right: Expression


@dataclass(frozen=True)
class Token:
    """A piece of a text: its kind ("number", "word", "sign", "line", "end"), itself, and its place from 1."""

    kind: str
    text: str
    place: int


def parse(text: str) -> Program | Equation:
    """The tree of a program or an equation.

    Raises:
        ProgramError: the text is neither; says where, and what was expected.
    """
    tokens = tokenize(text)
    is_equation = not any(token.text in ("print", "for") or token.kind == "line" for token in tokens)
    parser = _Parser(tokens)
    return parser.equation() if is_equation else parser.program()


def tokenize(text: str) -> list[Token]:
    """A text's pieces, with an end behind them; blanks and empty lines are left out.

    Raises:
        ProgramError: a character that no program has, a number with a zero before it, or too much of anything.
    """
    text = text.strip()
    if not text:
        raise ProgramError(f"A program has a line at least: an empty text came. {_WRITE}")
    if len(text) > MOST_CHARACTERS:
        raise ProgramError(f"A program has {MOST_CHARACTERS:,} characters at most: {len(text):,} came. Shorten it.")
    tokens: list[Token] = []
    place = 0
    while place < len(text):
        token = _token(text, place)
        if token.kind != "line" or (tokens and tokens[-1].kind != "line"):
            tokens.append(token)
        place = _BLANK.match(text, place + len(token.text)).end()  # type: ignore[union-attr]  # it matches nothing, too
    return [*tokens, Token("end", "", len(text) + 1)]


def _token(text: str, place: int) -> Token:
    found = _TOKEN.match(text, place)
    if found is None:
        raise ProgramError(
            f"The grammar has no {text[place]!r}: it came as character {place + 1} of {_quoted(text)}. {_WRITE}"
        )
    kind, word = str(found.lastgroup), found.group()
    if kind == "number" and (len(word) > MOST_DIGITS or (word[0] == "0" and word != "0")):
        raise ProgramError(
            f"A number has {MOST_DIGITS} digits at most, and no zero before others: {word[:20]!r} came as character "
            f"{place + 1}. Write it so."
        )
    return Token(kind, word, place + 1)


def _quoted(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:57] + "...")


class _Parser:
    """Recursive descent over tokens."""

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens, self._at, self._depth, self._operations = tokens, 0, 0, 0

    @property
    def _next(self) -> Token:
        return self._tokens[self._at]

    def program(self) -> Program:
        lines: list[Assignment | Loop] = []
        while self._next.text != "print":
            lines.append(self._loop() if self._next.text == "for" else self._assignment())
            self._end_of_line()
        self._take("print")
        self._take("(")
        printed = self._expression()
        self._take(")")
        self._end_of_line()
        if self._next.kind != "end":
            raise self._wrong("the end, since print(...) is the last line")
        return Program(tuple(lines), printed)

    def equation(self) -> Equation:
        left = self._expression()
        self._take("=")
        right = self._expression()
        if self._next.kind != "end":
            raise self._wrong("the end of the equation")
        return Equation(left, right)

    def _assignment(self) -> Assignment:
        name = self._name()
        self._take("=")
        return Assignment(name, self._expression())

    def _loop(self) -> Loop:
        self._take("for")
        counter = self._name()
        self._take("in")
        self._take("range")
        self._take("(")
        times = self._number().value
        self._take(")")
        self._take(":")
        name = self._name()
        if self._next.text not in ("+=", "-="):
            raise self._wrong("+= or -=")
        sign = self._take(self._next.text)[0]
        return Loop(counter, times, name, sign, self._expression())

    def _end_of_line(self) -> None:
        if self._next.text == ";":
            self._take(";")
        if self._next.kind == "line":
            self._at += 1
        elif self._next.kind != "end":
            raise self._wrong("the end of the line")

    def _expression(self) -> Expression:
        self._depth += 1
        if self._depth > MOST_DEPTH:
            raise ProgramError(f"A program nests {MOST_DEPTH} deep at most: this one goes on. Flatten it.")
        yes = self._sum()
        if self._next.text == "if":
            self._take("if")
            test = self._test()
            self._take("else")
            yes = Choice(yes, test, self._expression())
        self._depth -= 1
        return yes

    def _test(self) -> Operation:
        left = self._sum()
        if self._next.text not in ("<", ">"):
            raise self._wrong("< or >")
        return Operation(self._take(self._next.text), left, self._sum())

    def _sum(self) -> Expression:
        found = self._product()
        while self._next.text in ("+", "-"):
            found = self._operation(found, self._product)
        return found

    def _product(self) -> Expression:
        found = self._factor()
        while self._next.text == "*":
            found = self._operation(found, self._factor)
        return found

    def _operation(self, left: Expression, read_right: Callable[[], Expression]) -> Operation:
        self._operations += 1
        if self._operations > MOST_OPERATIONS:
            raise ProgramError(f"A program has {MOST_OPERATIONS} operations at most: this one has more. Shorten it.")
        return Operation(self._take(self._next.text), left, read_right())

    def _factor(self) -> Expression:
        negative = False
        while self._next.text == "-":
            self._take("-")
            negative = not negative
        found = self._atom()
        return Operation("-", Number(0), found) if negative else found

    def _atom(self) -> Expression:
        if self._next.text == "(":
            self._take("(")
            found = self._expression()
            self._take(")")
            return found
        return self._number() if self._next.kind == "number" else Name(self._name())

    def _number(self) -> Number:
        if self._next.kind != "number":
            raise self._wrong("a number")
        return Number(int(self._take(self._next.text)))

    def _name(self) -> str:
        if self._next.kind != "word" or self._next.text in KEYWORDS:
            raise self._wrong("a number, a name or a bracket" if self._depth else "a name")
        return self._take(self._next.text)

    def _take(self, text: str) -> str:
        if self._next.text != text:
            raise self._wrong(repr(text))
        self._at += 1
        return text

    def _wrong(self, expected: str) -> ProgramError:
        token = self._next
        came = {"end": "the end", "line": "the end of the line"}.get(token.kind, repr(token.text))
        return ProgramError(f"The grammar asks for {expected}: {came} came as character {token.place}. {_WRITE}")
