"""Pairs come from source files alone, by the stated rules, and no module is in two parts."""

from __future__ import annotations

import sys

import pytest

from throughtime.recipes.summarize.docstrings import digest, docstrings, in_words, parts, standard_library

SOURCE = '''"""Tools of a zoo.

Animals are kept here.
"""

import does_not_exist


class BigCat(Animal, metaclass=Meta):
    """A cat that roars."""

    def roar_loudly(self, times=1):
        """Roar some times.

        Nobody sleeps.
        """
        # twice as loud
        return "R" * times

    async def sleep(self):
        """This line goes
        on in the next. And
        further.

        It is long.
        """

    def wake(self):
        """This has
        no end
        """

if True:
    def feedLion(): "Feed it."
'''


@pytest.fixture
def library(tmp_path):
    for name, text in {
        "zoo/tools.py": SOURCE,
        "zoo/__init__.py": '"""..."""\n',
        "zoo/test/new.py": '"""A test."""\n',
        "broken.py": '"""Old."""\nprint "x"\n',
        "site-packages/other.py": '"""Not ours."""\n',
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_a_pair_is_what_a_reader_has_and_the_first_line(library):
    found = {each.name: (each.document, each.summary) for each in docstrings(library)}
    assert found == {
        "zoo.tools": ("tools: module zoo tools\nAnimals are kept here.", "Tools of a zoo."),
        "zoo.tools.BigCat": ("big cat (animal): class, module zoo tools", "A cat that roars."),
        "zoo.tools.BigCat.roar_loudly": (
            "roar loudly (self, times=1): function, class big cat, module zoo tools\nNobody sleeps.",
            "Roar some times.",
        ),
        "zoo.tools.BigCat.sleep": (
            "sleep (self): function, class big cat, module zoo tools\nAnd further.\nIt is long.",
            "This line goes on in the next.",
        ),
        "zoo.tools.feedLion": ("feed lion (): function, module zoo tools", "Feed it."),
    }
    assert {each.module for each in docstrings(library)} == {"zoo"}
    assert "does_not_exist" not in sys.modules


def test_the_summary_is_not_in_its_document(library):
    for each in docstrings(library):
        assert each.summary not in each.document


@pytest.mark.parametrize(
    ("name", "words"),
    [("_match_long_opt", "match long opt"), ("HTTPServer", "http server"), ("fooBar2Baz", "foo bar2 baz"), ("__", "")],
)
def test_names_are_taken_apart(name, words):
    assert in_words(name) == words


def test_equal_pairs_have_one_digest(library):
    pairs = docstrings(library)
    assert digest(pairs) == digest(docstrings(library))
    assert digest(pairs) != digest(pairs[::-1])


def test_no_module_is_in_two_parts():
    pairs = standard_library()
    assert 5_000 < len(pairs) < 10_000
    train, validation, test = parts(pairs, 0.1)
    modules = [{each.module for each in part} for part in (train, validation, test)]
    assert not modules[0] & modules[1]
    assert not modules[0] & modules[2]
    assert not modules[1] & modules[2]
    assert len(train) + len(validation) + len(test) == len(pairs)
    for part in (validation, test):
        assert 0.09 * len(pairs) < len(part) <= 0.1 * len(pairs)


def test_parts_do_not_depend_on_the_order_of_the_pairs():
    pairs = standard_library()
    modules, others = ([{each.module for each in part} for part in parts(given, 0.1)] for given in (pairs, pairs[::-1]))
    assert modules == others
