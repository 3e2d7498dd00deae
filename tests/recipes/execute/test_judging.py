import numpy as np

from throughtime.recipes.execute.judging import Marks, by_level, levels_table
from throughtime.recipes.execute.programs import Level

TOLD = [np.array([True, False, True]), np.array([True, True]), np.array([True, True, True, False])]
MARKS = Marks.of(["12", "5", "-34"], TOLD, ["13", "5", "-345"])


def test_ends_count_and_are_told_apart():
    assert MARKS.accuracy == 7 / 9
    assert MARKS.accuracy_without_ends == 5 / 6
    assert MARKS.exact == 1 / 3


def test_levels_are_marked_apart_the_easiest_first():
    hard, easy = Level(2, 2), Level(3, 1)
    found = by_level(MARKS, [hard, easy, hard])
    assert list(found) == [easy, hard]
    assert found[easy].accuracy == 1
    assert found[hard].accuracy == 5 / 7
    assert levels_table(found).rows == ((3, 1, 1, 1.0, 1.0, 1.0), (2, 2, 2, 5 / 7, 0.8, 0.0))
