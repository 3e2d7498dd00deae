"""A report's pictures can be told from its page."""

from __future__ import annotations

from throughtime.recipes.page import page, pictures_of


def test_pictures_are_those_of_the_sections():
    one, two = '<svg role="img"><g>\n</g></svg>', "<svg></svg>"
    text = page("A page", "", [("Hits & misses", "<p>words</p>" + one + two), ("Words", "<p>none</p>"), ("More", two)])
    assert pictures_of(text) == {"Hits & misses": one, "More": two}
