from collections import Counter
from dataclasses import replace

import pytest

from throughtime.base.errors import ConfigError
from throughtime.recipes.execute.curricula import CLIMB, CURRICULA, MIXED_PERCENT, PATIENCE, Curriculum
from throughtime.recipes.execute.programs import TRAIN, Level, part_of

NAIVE = Curriculum("programs", 3, 2, "naive", programs=40, epochs=100, seed=0)
FALLING = [0.9**epoch for epoch in range(100)]


def levels_of(lesson):
    return Counter(each.level for each in lesson)


def test_baseline_knows_the_hardest_alone():
    assert set(levels_of(replace(NAIVE, name="baseline").lesson(0, []))) == {Level(3, 2)}


def test_mix_draws_every_level_alike():
    counts = levels_of(replace(NAIVE, name="mix", programs=600).lesson(0, []))
    assert set(counts) == set(NAIVE.levels)
    # Five standard deviations of a binomial count of 100.
    assert all(abs(count - 100) < 5 * 9.2 for count in counts.values())


def test_naive_begins_with_the_easiest_and_stays_while_the_loss_falls():
    assert set(levels_of(NAIVE.lesson(0, []))) == {Level(1, 1)}
    assert NAIVE.level_at(5, FALLING) == Level(1, 1)


def test_naive_moves_on_where_the_loss_stands_still():
    losses = [0.5, *[0.4] * 50]
    where = [NAIVE.level_at(epoch, losses) for epoch in range(2, 2 + 3 * PATIENCE)]
    assert where == [level for level in NAIVE.levels[:3] for _ in range(PATIENCE)]


def test_naive_reaches_the_hardest_in_time_however_the_loss_falls():
    assert NAIVE.level_at(round(CLIMB * 100), FALLING) == Level(3, 2)
    assert NAIVE.level_at(round(CLIMB * 100) - 1, FALLING) != Level(3, 2)
    assert NAIVE.level_at(99, [1.0] * 99) == Level(3, 2)


def test_combined_is_naive_with_a_share_of_all_levels():
    lesson = replace(NAIVE, name="combined", programs=1000).lesson(0, [])
    others = sum(count for level, count in levels_of(lesson).items() if level != Level(1, 1))
    expected = 10 * MIXED_PERCENT * 5 / 6  # a sixth of the mixed ones is of the easiest level, too
    assert abs(others - expected) < 5 * 14


@pytest.mark.parametrize("name", CURRICULA)
def test_a_lesson_is_a_pure_function_of_epoch_and_losses(name):
    curriculum = replace(NAIVE, name=name)
    assert curriculum.lesson(7, FALLING[:7]) == curriculum.lesson(7, FALLING)
    assert curriculum.lesson(7, FALLING) != curriculum.lesson(8, FALLING)
    assert all(part_of(each.text) == TRAIN for each in curriculum.lesson(7, FALLING))


def test_lessons_need_the_losses_before_them():
    with pytest.raises(ConfigError, match="2 losses came for 3"):
        NAIVE.lesson(3, [0.5, 0.4])
