import pytest

from throughtime.base.errors import ConfigError
from throughtime.recipes.execute.language import Assignment, Loop, Program, parse
from throughtime.recipes.execute.programs import KINDS, NESTED, PARTS, TEST, TRAIN, Level, draw, levels, part_of


def drawn(kind, level, count=60, part=TRAIN, seed=0):
    return [draw(seed, part, kind, level, index) for index in range(count)]


@pytest.mark.parametrize("kind", KINDS)
def test_a_program_is_a_pure_function_of_its_names(kind):
    forwards = drawn(kind, Level(3, 2))
    backwards = [draw(0, TRAIN, kind, Level(3, 2), index) for index in reversed(range(60))]
    assert forwards == backwards[::-1]
    assert forwards != drawn(kind, Level(3, 2), seed=1)


@pytest.mark.parametrize("kind", KINDS)
def test_no_text_is_of_two_parts(kind):
    texts = [{each.text for each in drawn(kind, Level(2, 1), 300, part)} for part in PARTS]
    assert all(texts)
    assert not texts[0] & texts[1] | texts[0] & texts[2] | texts[1] & texts[2]
    assert all(part_of(text) == part for part, found in zip(PARTS, texts, strict=True) for text in found)


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("kind", KINDS)
def test_the_smallest_spaces_have_every_part(kind, part):
    assert drawn(kind, Level(1, 1), 3, part)


@pytest.mark.parametrize("length", [1, 5, 9])
def test_addition_has_two_numbers_of_all_the_digits(length):
    for each in drawn("addition", Level(length, 1)):
        left, right = each.text.removeprefix("print(").removesuffix(")").split("+")
        assert len(left) == len(right) == length
        assert int(each.output) == int(left) + int(right)


def test_copying_prints_its_number():
    for each in drawn("copying", Level(20, 1), part=TEST):
        assert each.text == f"print({each.output})"
        assert len(each.output) == 20


def test_factors_and_turns_are_small_and_all_operations_come():
    level, seen = Level(3, 2), set()
    for each in drawn("programs", level, 400):
        tree = parse(each.text)
        assert isinstance(tree, Program)
        for line in tree.lines:
            seen.add(type(line))
            if isinstance(line, Loop):
                assert 1 <= line.times <= 4 * level.length
        seen |= {sign for sign in "+-*<>" if sign in each.text}
    assert seen == {Assignment, Loop, *"+-*<>"}


def test_programs_get_longer_with_their_nesting():
    mean = [sum(len(each.text) for each in drawn("programs", Level(2, deep), 200)) for deep in (1, 2, 3)]
    assert mean == sorted(mean)


def test_levels_go_through_the_lengths_of_each_nesting():
    assert levels("programs", 2, 2) == [Level(1, 1), Level(2, 1), Level(1, 2), Level(2, 2)]
    assert [kind for kind in KINDS if len(levels(kind, 2, 2)) == 4] == list(NESTED)


def test_a_part_that_has_no_program_is_refused(monkeypatch):
    monkeypatch.setattr("throughtime.recipes.execute.programs.TEST_SHARE", 0)
    with pytest.raises(ConfigError, match="of copying with length=1 none is of the test part"):
        draw(0, TEST, "copying", Level(1, 1), 0)
