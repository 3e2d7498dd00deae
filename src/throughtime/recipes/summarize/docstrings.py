"""Pairs of the standard library: a definition with the rest of its docstring, and the docstring's first line.

    document    the name in words, signature, class and module; the docstring without its summary
    summary     the docstring's first line; where that goes on in the next, to the end of its sentence

The installed Python's source files are parsed and never imported. Stated rules: a first line that goes on and has no
full stop in its paragraph tells of no summary, and is left out; tests, the installer and what is not the library's own
are passed over. Names are taken apart at underscores and capitals, for a first line says "long option" where a name
says `long_option`. Parts hold whole top-level modules, asyncio with all
that is in it: what is near of kin does not train and test.

Source: Goodger & van Rossum, PEP 257, https://peps.python.org/pep-0257/
"""

from __future__ import annotations

import ast
import hashlib
import re
import sysconfig
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
PASSED_OVER = frozenset(
    ("site-packages", "dist-packages", "test", "tests", "idle_test", "lib2to3", "idlelib", "ensurepip", "__phello__")
)
# Where a name that is written in one word goes on: fooBar, HTTPServer.
_CAPITAL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")

_BLANK_LINE = re.compile(r"\n\s*\n")
_SENTENCE = re.compile(r".*?[.!?](?=\s|$)")
# The fields of a syntax tree's nodes that hold statements.
_BLOCKS = ("body", "orelse", "handlers", "finalbody", "cases")


@dataclass(frozen=True)
class Docstring:
    """A definition that says what it is for.

    Args:
        module: top-level module, such as "asyncio".
        name: with its module and class, such as "asyncio.queues.Queue.get".
        header: name in words, signature, class and module.
        body: the docstring without its summary; may be empty.
        summary: the docstring's first line, or sentence.
    """

    module: str
    name: str
    header: str
    body: str
    summary: str

    @property
    def document(self) -> str:
        """All that a reader has but the summary."""
        return f"{self.header}\n{self.body}".strip()


@lru_cache(maxsize=1)
def standard_library() -> tuple[Docstring, ...]:
    """The docstrings of the Python that runs, in the order of files and lines; equal pairs once."""
    return tuple(docstrings(Path(sysconfig.get_path("stdlib"))))


def docstrings(root: Path) -> list[Docstring]:
    """The docstrings of a folder of modules.

    Args:
        root: the folder.
    """
    found: dict[tuple[str, str], Docstring] = {}
    for file in _files(root):
        for each in _of_file(file, file.relative_to(root)):
            found.setdefault((each.document, each.summary), each)
    return list(found.values())


def digest(pairs: Sequence[Docstring]) -> str:
    """SHA-256 of the documents and summaries."""
    return hashlib.sha256("\0".join(f"{each.document}\0{each.summary}" for each in pairs).encode()).hexdigest()


def parts(pairs: Sequence[Docstring], share: float) -> tuple[list[Docstring], list[Docstring], list[Docstring]]:
    """Training, validation and test part, each of whole top-level modules.

    Modules come in the order of their names' SHA-256, which is the same for every version of Python. They fill the test
    part up to its share, then the validation part up to the same; one that is too large for what is left goes on.

    Args:
        pairs: all.
        share: of the pairs that test, and that validate, below 1/2.
    """
    counts = Counter(each.module for each in pairs)
    order = sorted(counts, key=lambda name: hashlib.sha256(name.encode()).digest())
    test = _filled(order, counts, share * len(pairs))
    validation = _filled([name for name in order if name not in test], counts, share * len(pairs))
    held = test | validation
    return (
        [each for each in pairs if each.module not in held],
        [each for each in pairs if each.module in validation],
        [each for each in pairs if each.module in test],
    )


def in_words(name: str) -> str:
    """A name's words, in lower case: "_matchLong_opt" becomes "match long opt"."""
    return " ".join(_CAPITAL.sub(" ", name).replace("_", " ").lower().split())


def _filled(order: Sequence[str], counts: Counter[str], room: float) -> set[str]:
    taken: set[str] = set()
    for name in order:
        if counts[name] <= room:
            taken.add(name)
            room -= counts[name]
    return taken


def _files(folder: Path) -> Iterator[Path]:
    """Its files of Python, those of its folders among them, but for folders that are passed over."""
    for each in sorted(folder.iterdir()):
        if each.suffix == ".py" and each.is_file():
            yield each
        elif each.name not in PASSED_OVER and each.is_dir():
            yield from _files(each)


def _of_file(file: Path, place: Path) -> Iterator[Docstring]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # on escapes that old files have
            tree = ast.parse(file.read_bytes())
    except (SyntaxError, ValueError):  # a file of an older language, kept for tests
        return
    names = [part for part in place.with_suffix("").parts if part != "__init__"]
    if not names:
        return
    if told := _taken_apart(tree):
        header = f"{in_words(names[-1])}: module {' '.join(map(in_words, names))}"
        yield Docstring(names[0], ".".join(names), header, told[1], told[0])
    yield from _inside(tree, names, [])


def _inside(node: ast.AST, module: list[str], outer: list[Definition]) -> Iterator[Docstring]:
    for child in _statements(node):
        if isinstance(child, Definition):
            if told := _taken_apart(child):
                name = ".".join([*module, *(each.name for each in outer), child.name])
                yield Docstring(module[0], name, _header(child, module, outer), told[1], told[0])
            yield from _inside(child, module, [*outer, child])
        else:
            yield from _inside(child, module, outer)


def _statements(node: ast.AST) -> Iterator[ast.AST]:
    """What stands in a definition, a branch, a loop or a handler; expressions hold no definition that says anything."""
    for block in _BLOCKS:
        yield from getattr(node, block, ())


def _header(node: Definition, module: list[str], outer: list[Definition]) -> str:
    inside = [f"{'class' if isinstance(each, ast.ClassDef) else 'function'} {in_words(each.name)}" for each in outer]
    around = ", ".join([*reversed(inside), f"module {' '.join(map(in_words, module))}"])
    if isinstance(node, ast.ClassDef):
        bases = ", ".join(in_words(ast.unparse(base)) for base in node.bases)
        return f"{in_words(node.name)} ({bases}): class, {around}"
    return f"{in_words(node.name)} ({ast.unparse(node.args)}): function, {around}"


def _taken_apart(node: ast.Module | Definition) -> tuple[str, str] | None:
    """A docstring's summary and the rest; None where there is none, or its summary has no end."""
    docstring = ast.get_docstring(node)
    if not docstring:
        return None
    paragraph, *others = _BLANK_LINE.split(docstring, maxsplit=1)
    line, *more = paragraph.splitlines()
    if more:
        paragraph = " ".join(paragraph.split())
        end = _SENTENCE.match(paragraph)
        line = end.group() if end else ""
        others = [paragraph[len(line) :], *others]
    rest = "\n".join(each.strip() for each in others if each.strip())
    return (line.strip(), rest) if re.search(r"\w", line) else None
