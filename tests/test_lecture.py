"""Every command of the lecture runs, prints and draws; every statement is there, with its verdict and its grounds."""

from __future__ import annotations

import contextlib
import io
import re
import runpy
import shutil
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.quick_start import differences
from throughtime.base.errors import Notice
from throughtime.cli import main
from throughtime.cli.options import WIDTH
from tools import lecture

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "docs" / "lecture.md").read_text(encoding="utf-8")
BLOCKS = lecture.blocks(TEXT)
STATEMENTS = lecture.statements(TEXT)
LINKS = re.compile(r"\]\(#s(\d+)\)")
IMAGES = re.findall(r"^!\[(.+?)\]\((.+?)\)$", TEXT, re.MULTILINE)


def run_here(block: lecture.Block) -> str:
    """What a block prints in its short form, run in this process, which spares each the seconds of importing torch."""
    printed = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)  # as a pipe: Unicode, no terminal
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(printed), warnings.catch_warnings():
        warnings.simplefilter("default", Notice)
        patch.setenv("COLUMNS", str(WIDTH))
        start(block, patch)
        return printed.buffer.getvalue().decode()


def start(block: lecture.Block, patch: pytest.MonkeyPatch) -> None:
    """Run a block as its kind is run."""
    if block.language == "python":
        exec(compile(block.code, block.name, "exec"), {"__name__": "__main__"})
        return
    words = lecture.short(block.words)
    if words[0] == "throughtime":
        with pytest.raises(SystemExit) as left:
            main(words[1:])
        assert left.value.code == 0
    else:
        patch.setattr(sys, "argv", words[1:])
        runpy.run_path(str(ROOT / words[1]), run_name="__main__")


@pytest.fixture(scope="session")
def trained(tmp_path_factory) -> Callable[[lecture.Block], Path]:
    """The folder in which a command that other commands need has run, once for all of them."""
    folders: dict[lecture.Block, Path] = {}

    def folder(block: lecture.Block) -> Path:
        if block not in folders:
            folders[block] = tmp_path_factory.mktemp("lecture")
            with contextlib.chdir(folders[block]):
                run_here(block)
        return folders[block]

    return folder


@pytest.mark.parametrize("block", BLOCKS, ids=[block.name for block in BLOCKS])
def test_block_runs(block, trained, tmp_path):
    needed = lecture.needed(block, BLOCKS)
    for other in needed:
        shutil.copytree(trained(other), tmp_path, dirs_exist_ok=True)
    with contextlib.chdir(tmp_path):
        printed = run_here(block)
    lecture.check(block, printed, tmp_path)
    if block.language == "python" or (lecture.short(block.words) == block.words and not needed):
        assert differences(block.output, printed) == []


def test_statements_are_all_there_in_order():
    assert [statement.number for statement in STATEMENTS] == list(range(1, 48))
    assert [s.number for s in STATEMENTS if not s.heading.startswith(f"{s.number}. ")] == []


def test_every_statement_says_what_measurement_made_of_it():
    assert [s.number for s in STATEMENTS if s.verdict not in lecture.VERDICTS] == []


def test_every_statement_has_a_command_or_leads_to_one():
    own = {s.number for s in STATEMENTS if lecture.blocks(s.body)}
    led = {s.number for s in STATEMENTS if own & {int(number) for number in LINKS.findall(s.body)}}
    assert [s.number for s in STATEMENTS if s.number not in own | led] == []


def test_every_block_stands_in_a_statement_and_shows_its_output():
    assert sum(len(lecture.blocks(statement.body)) for statement in STATEMENTS) == len(BLOCKS)
    assert [block.name for block in BLOCKS if not block.output.strip()] == []


def test_every_picture_is_there_and_drawn_by_a_command():
    drawn = [f"lecture/{figure}" for block in BLOCKS for figure in block.figures]
    assert [file for _, file in IMAGES] == drawn
    assert {path.name for path in (ROOT / "docs" / "lecture").iterdir()} == {Path(file).name for file in drawn}


def test_every_verdict_on_a_measurement_rests_on_claims_or_on_an_output_of_its_own():
    judged = [s for s in STATEMENTS if "supported" in s.verdict]
    assert [s.number for s in judged if not lecture.claims_asked(s) and not lecture.blocks(s.body)] == []
    supported = [s for s in judged if s.verdict == "supported"]
    assert [s.number for s in supported if any("False" in block.output for block in lecture.blocks(s.body))] == []


def test_verdicts_are_those_of_the_claims_measured():
    assert lecture.disagreements(TEXT) == []


def test_the_summary_is_that_of_the_verdicts():
    assert lecture.with_summary(TEXT) == TEXT
    assert {f"#s{number}" for number in range(1, 48)} <= set(
        re.findall(r"#s\d+", TEXT.partition("<!-- verdicts -->")[2].partition("<!-- end")[0])
    )


def test_every_claim_measured_is_part_of_a_verdict():
    asked = [words for statement in STATEMENTS for words in lecture.claims_asked(statement)]
    assert [said for said in lecture.claims(TEXT) if not any(words in said for words in asked)] == []


def test_numbers_of_the_prose_stand_in_an_output():
    """A figure that a run has moved is not left standing in the sentences below it."""
    outputs = set(re.findall(r"[\d.,]*\d", "\n".join(block.output for block in lecture.blocks(TEXT))))
    said = [
        (statement.number, figure)
        for statement in STATEMENTS
        for figure in re.findall(r"\d+(?:[.,]\d+)+", statement.body.partition("**Measured: ")[2])
    ]
    assert len(said) > 5
    assert [(number, figure) for number, figure in said if figure not in outputs] == []
