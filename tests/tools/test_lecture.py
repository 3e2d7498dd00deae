"""The tool that runs the lecture: what it finds in the page, what it writes back, and what it refuses."""

from __future__ import annotations

import pytest

from tools import lecture
from tools.lecture import Block, LectureError

PAGE = """# A page

(s1)=
### 1. First

```sh
throughtime train weather \\
    --out runs/one
```

<!-- claims: Water is wet. -->
**Measured: supported.** Indeed.

(s2)=
### 2. Second

```python
print("a", 1 + 1)
print()
print("b")
```

```text
old

output
```

![b](page/b.svg)

**Measured: not supported.**

## Another section

```sh
throughtime inspect runs/one --svg b.svg
```
"""
TRAIN, PROGRAM, LOOK = lecture.blocks(PAGE)


def python(code: str, output: str = "") -> Block:
    return Block("python", code, output, 1)


def test_blocks_are_found_with_their_outputs_and_figures():
    assert TRAIN.words == ["throughtime", "train", "weather", "--out", "runs/one"]
    assert (PROGRAM.language, PROGRAM.output, PROGRAM.line) == ("python", "old\n\noutput\n", 17)
    assert [block.figures for block in (TRAIN, PROGRAM, LOOK)] == [[], [], ["b.svg"]]


def test_statements_end_where_the_next_begins():
    first, second = lecture.statements(PAGE)
    assert (first.number, first.heading, first.verdict) == (1, "1. First", "supported")
    assert (second.number, second.verdict) == (2, "not supported")
    assert "inspect" not in second.body


def test_a_command_needs_the_one_that_makes_its_run():
    found = [TRAIN, PROGRAM, LOOK]
    assert [lecture.needed(block, found) for block in found] == [[], [], [TRAIN]]
    assert lecture.chosen(found, "inspect") == [TRAIN, LOOK]
    with pytest.raises(LectureError, match="'nothing' is in none"):
        lecture.chosen(found, "nothing")


@pytest.mark.parametrize(
    ("command", "added"),
    [
        ("throughtime lab order", "--short"),
        ("throughtime reach", "--short"),
        ("python examples/gates_over_text.py", "--short"),
        ("throughtime train weather", "--set epochs=2"),
        ("throughtime compare weather", "--set epochs=2 --seeds 1"),
        ("throughtime unfold", ""),
    ],
)
def test_the_short_form_of_a_command(command, added):
    assert lecture.short(command.split()) == [*command.split(), *added.split()]


def test_only_the_outputs_of_what_ran_are_replaced():
    renewed = lecture.with_outputs(PAGE, {PROGRAM: "new\noutput"})
    assert renewed == PAGE.replace("old\n\noutput", "new\noutput")


def test_a_missing_output_is_put_behind_its_block():
    renewed = lecture.with_outputs(PAGE, {TRAIN: "trained"})
    assert "runs/one\n```\n\n```text\ntrained\n```\n\n<!--" in renewed
    assert lecture.with_outputs(renewed, {TRAIN: "trained"}) == renewed


def test_a_program_runs_in_its_folder_and_its_output_comes_back(tmp_path):
    assert lecture.run(python("import os; print('at ', os.getcwd(), ' ')"), tmp_path) == f"at  {tmp_path}"


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("raise SystemExit('no luck')", "exit code 1: python, line 1\nno luck"),
        ("pass", "prints nothing"),
        ("print('a.svg')", "leaves no readable a.svg"),
        ("print('a.svg'); open('a.svg', 'w').write('<svg><g>')", "leaves no readable a.svg"),
        ("print('a.svg'); open('a.svg', 'w').write('<svg/>')", "without a drawing"),
    ],
)
def test_what_does_not_do_as_said_is_refused(tmp_path, code, message):
    with pytest.raises(LectureError) as raised:
        lecture.run(python(code), tmp_path)
    assert message in str(raised.value)


def test_a_command_of_another_program_is_refused(tmp_path):
    with pytest.raises(LectureError, match="starts with throughtime or python: 'rm -r runs' does not."):
        lecture.run(Block("sh", "rm -r runs", "", 1), tmp_path)


@pytest.mark.parametrize(
    ("claim", "wrong"),
    [
        ("Supported: Water is wet. Ten of\nten glasses.", []),
        ("Not supported: Water is wet. None.", ["Statement 1 says 'supported'; its claims say 'not supported'."]),
        ("Supported: Fire is hot.", ["Statement 1: 0 claims read 'Water is wet.'; one must."]),
    ],
)
def test_a_verdict_must_be_that_of_its_claims(claim, wrong):
    page = lecture.with_outputs(PAGE, {TRAIN: f"a table\n\n{claim}\nSupported: Another one."})
    assert len(lecture.claims(page)) == 2
    assert lecture.disagreements(page) == wrong


def test_claims_that_differ_support_in_part():
    page = PAGE.replace("Water is wet.", "Water is wet. | Ice is").replace(
        "Measured: supported.", "Measured: supported in part."
    )
    printed = "Supported: Water is wet. Yes.\nNot supported: Ice is wet. No."
    assert lecture.disagreements(lecture.with_outputs(page, {TRAIN: printed})) == []


def test_figures_are_kept_and_stale_ones_removed(tmp_path):
    page, figures, scratch = tmp_path / "page.md", tmp_path / "page", tmp_path / "scratch"
    figures.mkdir(), scratch.mkdir()
    (figures / "old.svg").write_text("<svg/>", encoding="utf-8")
    (scratch / "b.svg").write_text("<svg><g/></svg>", encoding="utf-8")
    lecture.keep(page, PAGE, {LOOK: "seen"}, scratch)
    assert page.read_text(encoding="utf-8") == PAGE
    assert [path.name for path in figures.iterdir()] == ["b.svg"]
