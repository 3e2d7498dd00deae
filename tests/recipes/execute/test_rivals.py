from throughtime.recipes.execute.rivals import CommonestByPlace


def test_each_place_has_its_commonest_character():
    rule = CommonestByPlace.of(["12", "13", "25", "1"])
    assert rule.characters == ("1", "2", None)
    assert rule.written == "12"


def test_its_marks_are_those_of_what_it_tells():
    marks = CommonestByPlace.of(["12", "13", "12"]).marks(["12", "92", "123"])
    assert marks.right.tolist() == [3, 2, 3]
    assert marks.characters.tolist() == [3, 3, 4]
    assert marks.end_right.tolist() == [True, True, True]
    assert marks.whole.tolist() == [True, False, False]


def test_behind_the_last_place_there_are_ends():
    assert CommonestByPlace.of(["1"]).marks(["1234"]).end_right.tolist() == [True]
