from dataclasses import replace

from throughtime.recipes.execute.curricula import Curriculum
from throughtime.recipes.execute.evaluator import output_of
from throughtime.recipes.execute.lessons import BETWEEN, VALIDATING, ProgramLessons, as_read
from throughtime.recipes.execute.programs import KINDS, VALIDATION, part_of
from throughtime.tasks.lessons import Lessons

LESSONS = ProgramLessons(Curriculum("programs", 2, 2, "naive", programs=50, epochs=10, seed=0))


def test_these_are_lessons_as_the_estimator_takes_them():
    assert isinstance(LESSONS, Lessons)
    programs, outputs = LESSONS.pairs(0, [])
    assert len(programs) == len(outputs) == 50
    assert [output_of(text) for text in programs] == outputs


def test_the_same_programs_validate_in_every_epoch_and_none_of_them_trains():
    programs, outputs = LESSONS.validation(0, [])
    assert (programs, outputs) == LESSONS.validation(7, [0.5] * 7)
    assert len(programs) == VALIDATING
    assert {part_of(text) for text in programs} == {VALIDATION}


def test_the_vocabulary_shows_every_character():
    for kind in KINDS:
        lessons = ProgramLessons(replace(LESSONS.curriculum, kind=kind, name="mix", programs=1500, length=3))
        known, pairs = lessons.vocabulary, lessons.pairs(0, [])
        for shown, used in zip(known, pairs, strict=True):
            assert not set("".join(used)) - set("".join(shown))


def test_a_doubled_program_is_read_twice():
    doubled = replace(LESSONS, doubled=True)
    assert doubled.pairs(0, [])[0] == [f"{text}{BETWEEN}{text}" for text in LESSONS.pairs(0, [])[0]]
    assert as_read("print(1)", False) == "print(1)"
