"""Run the lecture: every command in docs/lecture.md, and write what it printed and drew back into docs.

    python tools/lecture.py docs/lecture.md            # in full; rewrites the outputs and docs/lecture/*.svg
    python tools/lecture.py docs/lecture.md --only reach   # the commands with this word; keeps the rest as it is
    python tools/lecture.py docs/lecture.md --short    # the small form of each command; writes nothing
    python tools/lecture.py docs/recipes/stock.md      # a recipe's page, which is run in the same way

In the lecture a ```sh block is one command line and a ```python block one program. The ```text block after it is what
it printed, and an image `lecture/NAME.svg` below it is the file NAME.svg that it wrote. All of them run in order in one
scratch folder, so that a command may use the run that an earlier one trained, and a reader who copies one gets the
same file in the reader's own folder. A ```python block stands alone.

A statement is a heading with a label `(sN)=` before it and a line `**Measured: VERDICT.**` in it. `<!-- claims: words |
words -->` in a statement names the claims, printed by some command of the lecture, that its verdict rests on. Between
`<!-- verdicts -->` and `<!-- end of verdicts -->` the tool lists which statements came to which verdict.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field
from pathlib import Path

from throughtime.base.atomic import write_text

ROOT = Path(__file__).resolve().parents[1]

VERDICTS = (
    "supported",
    "supported in part",
    "not supported",
    "not measured yet",
    "a definition, nothing to measure",
)

_BLOCK = re.compile(
    r"^```(?P<language>sh|python)\n(?P<code>.*?)^```\n(?P<between>\s*)(?:^```text\n(?P<output>.*?)^```\n)?",
    re.MULTILINE | re.DOTALL,
)
_STATEMENT = re.compile(
    r"^\(s(?P<number>\d+)\)=\n### (?P<heading>.+)\n(?P<body>(?:(?!^\(s\d+\)=|^## ).*\n)*)", re.MULTILINE
)
_VERDICT = re.compile(r"^\*\*Measured: (.+?)\.\*\*", re.MULTILINE)
_ASKED = re.compile(r"<!-- claims: (.+?) -->", re.DOTALL)
_CLAIM = re.compile(r"^(Supported|Not supported): ((?:.+\n)+?)(?=Supported:|Not supported:|\n|\Z)", re.MULTILINE)
_SUMMARY = re.compile(r"(<!-- verdicts -->\n\n).*?(\n\n<!-- end of verdicts -->)", re.DOTALL)
_FILE_WRITTEN = re.compile(r"[\w-]+\.svg")


@dataclass(frozen=True)
class Block:
    """One command or program of the lecture.

    Args:
        language: "sh" or "python".
        code: as it stands in the lecture.
        output: what the lecture says it printed.
        line: of the lecture, from 1, where it stands.

    Two are equal whose code is.
    """

    language: str
    code: str
    output: str = field(compare=False)
    line: int = field(compare=False)

    @property
    def words(self) -> list[str]:
        """A command's words; a backslash at a line's end continues it."""
        return shlex.split(self.code.replace("\\\n", " "), comments=True)

    @property
    def figures(self) -> list[str]:
        """The SVG files it writes into its folder."""
        return sorted(set(_FILE_WRITTEN.findall(self.code)))

    @property
    def name(self) -> str:
        """What a list of blocks calls it."""
        return " ".join(self.words) if self.language == "sh" else f"python, line {self.line}"


@dataclass(frozen=True)
class Statement:
    """One statement of the lecture: its number, heading, and all that stands below the heading."""

    number: int
    heading: str
    body: str

    @property
    def verdict(self) -> str:
        """What the lecture says measurement made of it, or "" without a line that says so."""
        found = _VERDICT.search(self.body)
        return found[1] if found else ""


class LectureError(Exception):
    """A command of the lecture fails, or does not do what the lecture says."""


def blocks(lecture: str) -> list[Block]:
    """All that runs, in order."""
    return [
        Block(found["language"], found["code"], found["output"] or "", lecture.count("\n", 0, found.start()) + 1)
        for found in _BLOCK.finditer(lecture)
    ]


def statements(lecture: str) -> list[Statement]:
    """The statements, in order."""
    return [Statement(int(found["number"]), found["heading"], found["body"]) for found in _STATEMENT.finditer(lecture)]


def short(words: list[str]) -> list[str]:
    """The small form of a command: seconds, and figures not to be quoted."""
    kind = words[1] if words[0] == "throughtime" else "example"
    if kind in ("train", "compare"):
        return [*words, "--set", "epochs=2", *(["--seeds", "1"] if kind == "compare" else [])]
    return [*words, "--short"] if kind in ("lab", "reach", "example") else words


def needed(block: Block, found: list[Block]) -> list[Block]:
    """The commands whose run folders a command reads, which must run before it."""
    if block.language == "python":
        return []
    made = {other.words[other.words.index("--out") + 1]: other for other in found if "--out" in other.code}
    return [made[word] for word in block.words if word in made and made[word] != block]


def arguments(block: Block, is_short: bool) -> list[str]:
    """What starts a block as a process of its own: this interpreter, and the words after it."""
    if block.language == "python":
        return [sys.executable, "-c", block.code]
    words = short(block.words) if is_short else block.words
    if words[0] == "throughtime":
        return [sys.executable, "-m", *words]
    if words[0] == "python":
        return [sys.executable, str(ROOT / words[1]), *words[2:]]
    raise LectureError(f"A command of the lecture starts with throughtime or python: {block.name!r} does not.")


def run(block: Block, folder: Path, is_short: bool = False) -> str:
    """Run one block as a reader would, in a folder.

    Returns:
        What it printed.

    Raises:
        LectureError: it fails, prints nothing, or does not write its figures.
    """
    environment = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "FORCE_COLOR")}
    done = subprocess.run(
        arguments(block, is_short),
        cwd=folder,
        env=environment | {"PYTHONUTF8": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    if done.returncode != 0:
        raise LectureError(f"Line {block.line}, exit code {done.returncode}: {block.name}\n{done.stderr.strip()}")
    printed = "\n".join(line.rstrip() for line in done.stdout.strip("\n").splitlines())
    check(block, printed, folder)
    return printed


def check(block: Block, printed: str, folder: Path) -> None:
    """Raise LectureError unless a block that ran printed something and wrote its figures, each a drawing."""
    if not printed.strip():
        raise LectureError(f"Line {block.line} prints nothing: {block.name}")
    for figure in block.figures:
        try:
            root = ElementTree.parse(folder / figure).getroot()
        except (OSError, ElementTree.ParseError) as error:
            raise LectureError(f"Line {block.line} leaves no readable {figure}: {error}") from error
        if not root.tag.endswith("svg") or len(root) == 0:
            raise LectureError(f"Line {block.line} leaves {figure} without a drawing: {block.name}")


def run_all(found: list[Block], folder: Path, is_short: bool) -> dict[Block, str]:
    """What each block prints, one run after the other; seconds are told on the way."""
    begin, printed = time.monotonic(), {}
    for block in found:
        start = time.monotonic()
        printed[block] = run(block, folder, is_short)
        print(f"{time.monotonic() - start:6.1f} s  {block.name}", flush=True)
    print(f"{time.monotonic() - begin:6.1f} s  in all, {len(found)} commands")
    return printed


def with_outputs(lecture: str, printed: dict[Block, str]) -> str:
    """The lecture with the output of each block that ran replaced by what it printed."""
    in_order = iter(blocks(lecture))

    def renewed(found: re.Match[str]) -> str:
        block = next(in_order)
        if block not in printed:
            return found[0]
        after = found["between"] if found["output"] is None else ""
        return f"```{block.language}\n{block.code}```\n\n```text\n{printed[block]}\n```\n{after}"

    return _BLOCK.sub(renewed, lecture)


def claims(lecture: str) -> dict[str, bool]:
    """Every claim that the lecture's outputs hold against a measurement, and whether it holds."""
    outputs = "\n\n".join(block.output for block in blocks(lecture))
    return {" ".join(said.split()): word == "Supported" for word, said in _CLAIM.findall(outputs + "\n")}


def claims_asked(statement: Statement) -> list[str]:
    """The words by which a statement names the claims that its verdict rests on."""
    return [" ".join(words.split()) for asked in _ASKED.findall(statement.body) for words in asked.split("|")]


def disagreements(lecture: str) -> list[str]:
    """Statements whose verdict is not the one that their claims give."""
    wrong, measured = [], claims(lecture)
    for statement in statements(lecture):
        held = []
        for words in claims_asked(statement):
            matching = [holds for said, holds in measured.items() if words in said]
            if len(matching) != 1:
                wrong.append(f"Statement {statement.number}: {len(matching)} claims read {words!r}; one must.")
            held += matching
        due = "supported" if all(held) else "supported in part" if any(held) else "not supported"
        if held and due != statement.verdict:
            wrong.append(f"Statement {statement.number} says {statement.verdict!r}; its claims say {due!r}.")
    return wrong


def with_summary(lecture: str) -> str:
    """The lecture with the list between its summary's marks written anew: which statements came to which verdict."""
    of = {verdict: [s.number for s in statements(lecture) if s.verdict == verdict] for verdict in VERDICTS}
    lines = (
        f"- {verdict}: {len(numbers)} ({', '.join(f'[{number}](#s{number})' for number in numbers)})"
        for verdict, numbers in of.items()
        if numbers
    )
    return _SUMMARY.sub(lambda found: found[1] + "\n".join(lines) + found[2], lecture)


def chosen(found: list[Block], only: str | None) -> list[Block]:
    """The blocks with a word in them, and before each the commands that it needs."""
    asked = [block for block in found if only is None or only in block.name]
    if not asked:
        raise LectureError(f"A command of the lecture must hold the words given: {only!r} is in none.")
    wanted = {block for one in asked for block in (*needed(one, found), one)}
    return [block for block in found if block in wanted]


def keep(lecture: Path, text: str, printed: dict[Block, str], folder: Path) -> None:
    """Write the lecture anew, and the figures of what ran into the folder beside it that bears its name."""
    figures = lecture.with_suffix("")
    figures.mkdir(exist_ok=True)
    for figure in (figure for block in printed for figure in block.figures):
        write_text(figures / figure, (folder / figure).read_text(encoding="utf-8"))
    written = {figure for block in blocks(text) for figure in block.figures}
    for stale in {path.name for path in figures.glob("*.svg")} - written:
        (figures / stale).unlink()
    write_text(lecture, text)


def main() -> None:
    """Run the lecture named on the command line."""
    parser = argparse.ArgumentParser(description="Run every command of the lecture.")
    parser.add_argument("lecture", type=Path)
    parser.add_argument("--short", action="store_true", help="the small form of each command; write nothing")
    parser.add_argument(
        "--only", metavar="WORDS", help="run the commands that hold these words, keep the others' outputs"
    )
    asked = parser.parse_args()
    text = asked.lecture.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as name:
        try:
            printed = run_all(chosen(blocks(text), asked.only), Path(name), asked.short)
        except LectureError as error:
            sys.exit(str(error))
        if asked.short:
            return
        text = asked.lecture.read_text(encoding="utf-8")  # anew: its author may have gone on meanwhile
        text = with_summary(with_outputs(text, printed))
        keep(asked.lecture, text, printed, Path(name))
    sys.exit("\n".join(disagreements(text)) or 0)


if __name__ == "__main__":
    main()
