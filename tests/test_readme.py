"""What the README shows is what happens."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
import typer

from tests.quick_start import blocks, differences, run
from throughtime.cli.app import app

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_quick_start_prints_what_the_readme_says():
    assert run(ROOT / "README.md") == []


def test_quick_start_is_ten_lines():
    code, _ = blocks(ROOT / "README.md")
    assert len([line for line in code.splitlines() if line.strip()]) <= 10


@pytest.mark.parametrize(
    ("printed", "equal"),
    [("loss 0.51 at 3", True), ("loss 0.60 at 3", False), ("loss 0.51 at 4", False), ("loss 0.51", False)],
)
def test_outputs_are_compared(printed, equal):
    assert (differences("loss 0.50 at 3", printed) == []) is equal


def test_every_command_shown_exists():
    group = typer.main.get_command(app)
    shown = re.findall(r"^throughtime (\w+)(.*)$", README, re.MULTILINE)
    assert shown
    for command, words in shown:
        known = {option for parameter in group.commands[command].params for option in parameter.opts}
        assert set(re.findall(r"--[a-z]+", words.partition("#")[0])) <= known


def test_every_target_shown_exists():
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert set(re.findall(r"\bmake ([a-z]+)\b", README.partition("## ")[0])) <= set(targets)
    assert set(re.findall(r"`make ([a-z]+)`", README)) <= set(targets)


def test_every_file_linked_exists():
    links = re.findall(r"\]\((?!https?://|#)([^)#]+)", README)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_version_is_one():
    import throughtime

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert project["version"] == throughtime.__version__
    assert f"\nversion: {throughtime.__version__}\n" in citation
