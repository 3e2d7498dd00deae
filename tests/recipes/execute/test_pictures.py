import xml.etree.ElementTree as ElementTree

import numpy as np

from throughtime.recipes.execute.judging import Marks, by_level
from throughtime.recipes.execute.pictures import LINE_SIGN, heat_map, looking
from throughtime.recipes.execute.programs import Level


def texts_of(svg):
    return [each.text for each in ElementTree.fromstring(svg).iter() if each.tag.endswith("text")]


def test_the_heat_map_writes_each_share():
    marks = Marks.of(["1", "2"], [np.array([True, True]), np.array([True, False])], ["1", "3"])
    svg = heat_map(by_level(marks, [Level(1, 1), Level(2, 1)]))
    shares = [text for text in texts_of(svg) if text and text.endswith("%")]
    assert shares == ["100%", "50%", "100%", "0%"]


def test_where_it_looks_has_a_row_for_each_character_told():
    svg = looking(["a", "\n", "b"], ["7", "8"], np.array([[0.2, 0.3, 0.5], [0.1, 0.1, 0.8]]))
    assert [text for text in texts_of(svg) if text in ("a", LINE_SIGN, "b", "7", "8")] == [
        "a",
        LINE_SIGN,
        "b",
        "7",
        "8",
    ]
