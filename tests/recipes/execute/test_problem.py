import pytest

from throughtime.base.errors import ConfigError, DataError
from throughtime.recipes.execute.evaluator import output_of
from throughtime.recipes.execute.lessons import ProgramLessons
from throughtime.recipes.execute.problem import others, own, sample
from throughtime.recipes.execute.programs import TEST, part_of
from throughtime.recipes.execute.settings import Model, Programs, Settings


def table(tmp_path, name="own.csv", count=20):
    rows = [f"print({number}+{number}),{2 * number}" for number in range(count)]
    (tmp_path / name).write_text("\n".join(["program,output", *rows]))
    return tmp_path / name


def test_drawn_programs_test_every_level_alike():
    chosen = Settings(programs=Programs(kind="programs", length=2, nesting=2, test_programs=7))
    problem = sample(chosen)
    assert isinstance(problem.train, ProgramLessons)
    assert [problem.test.levels.count(level) for level in problem.train.curriculum.levels] == [7] * 4
    assert {part_of(text) for text in problem.test.programs} == {TEST}
    assert [output_of(text) for text in problem.test.programs] == list(problem.test.outputs)
    assert problem.title == "Programs of 1 to 2 digits, nesting 1 to 2"


def test_the_test_part_is_the_same_whatever_trains():
    first = sample(Settings())
    second = sample(Settings(programs=Programs(curriculum="naive", programs=10), model=Model(seed=4)))
    assert first.test == second.test
    assert first.notes != second.notes


def test_ones_own_programs_are_parted_by_the_seed(tmp_path):
    problem = own(table(tmp_path), Settings(programs=Programs(test="0.25")))
    assert (len(problem.train), len(problem.test)) == (15, 5)
    assert not set(problem.train.programs) & set(problem.test.programs)
    again = own(table(tmp_path), Settings(programs=Programs(test="0.25"), model=Model(seed=1)))
    assert again.test != problem.test


def test_a_test_part_may_be_a_file_of_its_own(tmp_path):
    other = table(tmp_path, "other.csv", 3)
    problem = own(table(tmp_path), Settings(programs=Programs(test=str(other))))
    assert (len(problem.train), len(problem.test)) == (20, 3)
    assert problem.test.levels == ()


def test_other_programs_are_all_test(tmp_path):
    problem = others(table(tmp_path), Settings(programs=Programs(doubled=True)), True)
    assert problem.train is None
    assert problem.sources(problem.test)[3] == "print(3+3)\nprint(3+3)"
    assert problem.test.some([3, 1]).outputs == ["6", "2"]


def test_what_does_not_go_together_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="nesting=2 came with kind=copying"):
        sample(Settings(programs=Programs(kind="copying", nesting=2)))
    with pytest.raises(DataError, match="1 train and 0 test"):
        own(table(tmp_path, count=1), Settings())
