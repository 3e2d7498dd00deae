import json

import pytest

from throughtime.base.errors import DataError, FileMissingError
from throughtime.recipes.execute.reading import programs_in, read_pairs


def read(tmp_path, name, text, needed=True):
    (tmp_path / name).write_text(text, encoding="utf-8")
    return read_pairs(tmp_path / name, "program", "output", needed)


def test_a_table_keeps_every_digit(tmp_path):
    given = read(
        tmp_path, "a.csv", 'program,output\nprint(12345678901234567890123),12345678901234567890123\n"a=1\nprint(a)",1\n'
    )
    assert given.programs == ["print(12345678901234567890123)", "a=1\nprint(a)"]
    assert given.outputs == ["12345678901234567890123", "1"]
    assert given.notes == ("All 2 programs are of the grammar, and were run by its evaluator.",)


def test_json_lines_may_have_numbers(tmp_path):
    lines = [{"program": "print(2+3)", "output": 5}, {"program": "print(2*3)", "output": "6"}]
    given = read(tmp_path, "a.jsonl", "\n".join(map(json.dumps, lines)))
    assert given.outputs == ["5", "6"]


def test_outputs_that_are_not_there_are_those_of_the_evaluator(tmp_path):
    given = read(tmp_path, "a.txt", "a=3\nprint(a)\nprint(4*5)\n\nprint(1)")
    assert given.programs == ["a=3\nprint(a)", "print(4*5)", "print(1)"]
    assert given.outputs == ["3", "20", "1"]


def test_outputs_that_are_blank_are_those_of_the_evaluator(tmp_path):
    given = read(tmp_path, "a.csv", "program,output\nprint(8/2),4.0\nprint(1+1),\nprint(1+2),3\n")
    assert given.outputs == ["4.0", "2", "3"]
    assert given.notes[-1] == "Outputs that were blank are the evaluator's: 1 of 3."
    lines = [{"program": "print(2+3)"}, {"program": "x", "output": "1"}, {"program": "y"}]
    given = read(tmp_path, "a.jsonl", "\n".join(map(json.dumps, lines)), needed=False)
    assert given.outputs == []
    assert "2 of 3 programs; their outputs are open" in given.notes[0]


def test_programs_and_outputs_are_two_columns(tmp_path):
    (tmp_path / "a.csv").write_text("a,b\n1,2\n")
    with pytest.raises(DataError, match="'a' is named as program= and as output="):
        read_pairs(tmp_path / "a.csv", "a", "a")


def test_what_is_not_of_the_grammar_is_used_and_said(tmp_path):
    given = read(tmp_path, "a.csv", "program,output\nprint(8/2),4.0\nprint(1+1),2\n")
    assert given.outputs == ["4.0", "2"]
    assert "the evaluator cannot check them: 1 of 2 programs; used as they stand" in given.notes[0]
    assert "The grammar has no '/'" in given.notes[0]


def test_a_difference_is_counted_and_said(tmp_path):
    given = read(tmp_path, "a.csv", "program,output\nprint(1+1),3\nprint(1+1),2\n")
    assert given.outputs == ["3", "2"]
    assert "1 of 2, first of program 1, '3' where it gives '2'; used as they stand" in given.notes[1]


def test_programs_that_nobody_can_run_have_no_output(tmp_path):
    text = "print(8/2)\nprint(1)\n"
    with pytest.raises(DataError, match="program 1 of .* is neither. The grammar has no '/'"):
        read(tmp_path, "a.txt", text)
    given = read(tmp_path, "a.txt", text, needed=False)
    assert given.outputs == []
    assert "their outputs are open" in given.notes[0]


def test_equations_stand_a_line_each():
    assert programs_in("x+1=3\n\n2*x=4\n") == ["x+1=3", "2*x=4"]


def test_blank_lines_part_programs_without_print_from_others():
    assert programs_in("x+1=3\n\na=1\nprint(a)") == ["x+1=3", "a=1\nprint(a)"]


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.doc", "print(1)", "Programs are read from"),
        ("a.txt", " \n", "holds one at least"),
        ("a.csv", "program,output\nprint(1)\n", "row 1 has not"),
        ("a.csv", "program,output\n", "it has no row"),
        ("a.csv", "programme,output\nprint(1),1\n", "'program' is unknown|'programme'"),
        ("a.csv", "program,output\nprint(1),1\nprint(8/2),\n", "program 2 of .* is neither"),
        ("a.jsonl", "{", "line 1 of"),
        ("a.jsonl", "[1]", "is list"),
        ("a.jsonl", "\n", "holds none"),
        ("a.jsonl", '{"program": "print(1)", "output": 1.5}', "text or whole numbers"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, name, text, said):
    with pytest.raises(DataError, match=said):
        read(tmp_path, name, text)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(FileMissingError):
        read_pairs(tmp_path / "none.csv", "program", "output")
