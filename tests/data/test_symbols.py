"""Text to symbols and back in every script; symbols to numbers that depend on nothing but the training part."""

from __future__ import annotations

import itertools
import json
import random
import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from throughtime.base.errors import ConfigError, DataError
from throughtime.data import Splitter, Vocabulary

EXACT = ("characters", "jamo", "bytes", "6-mers")
TEXTS = [
    "",
    " ",
    "한국어 텍스트, 각각 뷁!",
    "\u1112\u1161\u11ab\u11ab\u1100",  # jamo that make one syllable and leave two over
    "\uac00\u11a8\u11a8",
    "ㄱㄴㅏ",
    "cafe\u0301 n\u0303 q\u0323\u0307",
    "👨‍👩‍👧 ❤️ 👍🏽",
    "नमस्ते می‌خواهم ไทย",
    "a\tb\r\nc\u2028d\x00",
]
unicode_texts = st.text() | st.text("가각갂\u1100\u1161\u11a8ㄱ e\u0301\u0323'")


@pytest.mark.parametrize("kind", EXACT)
@pytest.mark.parametrize("text", TEXTS)
def test_texts_come_back(kind, text):
    splitter = Splitter(kind)
    for form in ("NFC", "NFD"):
        assert splitter.join(splitter.split(unicodedata.normalize(form, text))) == unicodedata.normalize("NFC", text)


@pytest.mark.parametrize("kind", EXACT)
@given(text=unicode_texts)
def test_any_text_comes_back(kind, text):
    splitter = Splitter(kind)
    assert splitter.join(splitter.split(text)) == unicodedata.normalize("NFC", text)


def test_what_each_kind_splits_into():
    text = "각 e\u0301\U0001f642"
    assert Splitter().split(text) == ["각", " ", "\xe9", "\U0001f642"]
    assert Splitter("jamo").split(text) == ["\u1100", "\u1161", "\u11a8", " ", "\xe9", "\U0001f642"]
    assert Splitter("bytes").split(text) == list("각 \xe9\U0001f642".encode())
    assert Splitter(lower=True).split("AÉ") == ["a", "é"]
    assert Splitter("6-mers").split("ACGTACG") == ["A", "AC", "ACG", "ACGT", "ACGTA", "ACGTAC", "CGTACG"]
    assert Splitter("bytes", lower=True).split("A") == [97]
    for kind in (*EXACT, "words"):
        assert Splitter(kind).split("") == []
        assert Splitter(kind).join([]) == ""


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Don't stop, it's 3.5%!", ["Don't", "stop", ",", "it's", "3", ".", "5", "%", "!"]),
        ("rock 'n' roll’s end’", ["rock", "'", "n", "'", "roll’s", "end", "’"]),
        ("a''b snake_case e-mail", ["a", "'", "'", "b", "snake", "_", "case", "e", "-", "mail"]),
        ("영화가 재미있다... ㅋㅋㅋ", ["영화가", "재미있다", ".", ".", ".", "ㅋㅋㅋ"]),
        ("नमस्ते दुनिया।", ["नमस्ते", "दुनिया", "।"]),
        ("می‌خواهم", ["می‌خواهم"]),
        ("I ❤️ it 👍🏽👨‍👩", ["I", "❤️", "it", "👍", "🏽", "👨‍", "👩"]),
        ("q\u0323\u0307x ½ Ⅷ", ["q\u0323\u0307x", "½", "Ⅷ"]),
        ("\u0301a\u00a0b\u3000c\td\n", ["\u0301a", "b", "c", "d"]),
        ("@user #tag", ["@", "user", "#", "tag"]),
    ],
)
def test_words(text, words):
    assert Splitter("words").split(text) == words


@given(unicode_texts)
def test_words_hold_everything_but_blanks_in_order(text):
    composed = unicodedata.normalize("NFC", text)
    assert "".join(Splitter("words").split(text)) == "".join(c for c in composed if not c.isspace())


def test_words_are_joined_by_the_rule():
    splitter = Splitter("words", lower=True)
    text = "Well, (he said) it's 5%: “fine”! 정말?"
    assert splitter.join(splitter.split(text)) == text.lower()
    assert splitter.join(["a", "-", "b", '"', "c", '"']) == 'a - b " c "'


@given(unicode_texts)
def test_joined_words_are_the_same_words(text):
    # A mark that opens a word would go to the sign before it; texts of letters and signs alone come back as words.
    splitter = Splitter("words")
    words = splitter.split("".join(c for c in text if unicodedata.category(c)[0] in "LNZ" or c in ".,!?()-"))
    assert splitter.split(splitter.join(words)) == words


def test_lower_case_is_in_normal_form_too():
    assert Splitter("words", lower=True).split("İSTANBUL ΟΔΟΣ ÀÉ") == ["i\u0307stanbul", "οδος", "àé"]
    assert Splitter(lower=True).split("J\u030c") == ["\u01f0"]


def test_bytes_that_are_no_text_are_marked():
    assert Splitter("bytes").join([0xEA, 0xB0, 97]) == "\ufffda"
    assert Splitter("bytes").join(np.array([0xEA, 0xB0, 0x80])) == "가"


def test_splitters_say_what_they_cannot_do():
    with pytest.raises(ConfigError, match="`kind` is one of .* came .did you mean 'characters'"):
        Splitter("character")
    with pytest.raises(ConfigError, match="`lower` is True or False: 1 came; `model` is there for subwords.*str came"):
        Splitter("words", lower=1, model="{}")
    with pytest.raises(ConfigError, match="`model` is there for subwords.*NoneType came with 'subwords'"):
        Splitter("subwords")
    with pytest.raises(DataError, match="A text is a str: the text is bytes"):
        Splitter().split(b"a")
    for numbers in ([256], [-1], ["a"], [1.5], [True]):
        with pytest.raises(DataError, match="Symbols of bytes are whole numbers 0 .. 255"):
            Splitter("bytes").join(numbers)
    for kind in ("characters", "words", "jamo"):
        with pytest.raises(DataError, match=f"Symbols of {kind} are texts: 1 came"):
            Splitter(kind).join(["a", 1])


@pytest.mark.parametrize("splitter", [Splitter(), Splitter("words", lower=True), Splitter("subwords", model="{}")])
def test_splitters_come_back_from_json(splitter):
    assert Splitter.from_dict(json.loads(json.dumps(splitter.to_dict()))) == splitter
    with pytest.raises(DataError, match="A splitter's state has kind, lower, model: 'kind' came"):
        Splitter.from_dict({"kind": "words"})


def test_numbers_fall_with_the_count_and_rise_with_the_symbol():
    vocabulary = Vocabulary.fit(["banana", "bad", "", "가가가"])
    assert vocabulary.symbols == ("a", "가", "b", "n", "d")
    assert len(vocabulary) == 6
    numbers = vocabulary.encode("band가z")
    assert numbers.dtype == np.int64
    assert numbers.tolist() == [3, 1, 4, 5, 2, 0]
    assert vocabulary.decode(numbers) == ["b", "a", "n", "d", "가", "<unknown>"]
    assert vocabulary.encode("").shape == (0,)
    assert vocabulary.encode([]).dtype == np.int64


@given(st.lists(st.lists(st.integers(-5, 5)), min_size=1).filter(any))
def test_the_order_of_the_training_part_does_not_matter(sequences):
    vocabulary = Vocabulary.fit(sequences)
    flat = list(itertools.chain.from_iterable(sequences))
    random.Random(0).shuffle(flat)
    assert Vocabulary.fit([flat]) == vocabulary
    assert set(vocabulary.symbols) == set(flat)
    for sequence in sequences:
        assert vocabulary.decode(vocabulary.encode(sequence)) == sequence
    counts = [flat.count(symbol) for symbol in vocabulary.symbols]
    assert counts == sorted(counts, reverse=True)


def test_rare_symbols_are_unknown():
    words = [["a", "a", "a", "b", "b", "c", "d"]]
    assert Vocabulary.fit(words, least_count=2).symbols == ("a", "b")
    assert Vocabulary.fit(words, most=3).symbols == ("a", "b", "c")
    assert Vocabulary.fit(words, least_count=2, most=1).symbols == ("a",)
    vocabulary = Vocabulary.fit(words, least_count=2)
    assert vocabulary.unknown_share(words) == 2 / 7
    assert vocabulary.unknown_share([["a"], [], ["x", "y", "b"]]) == 0.5
    assert vocabulary.unknown_share([[], []]) == 0.0
    with pytest.raises(DataError, match="comes 4 times at least: of 4 different ones none"):
        Vocabulary.fit(words, least_count=4)
    with pytest.raises(ConfigError, match="`least_count` .* 0 came; `most` .* True came"):
        Vocabulary.fit(words, least_count=0, most=True)


@pytest.mark.parametrize("sequences", [[], [""], [[], []]])
def test_no_symbols_make_no_vocabulary(sequences):
    with pytest.raises(DataError, match="of 0 different ones none does"):
        Vocabulary.fit(sequences)


def test_numbers_of_any_library_are_symbols():
    vocabulary = Vocabulary.fit([np.array([7, 7, 3]), [np.int32(3), 7]])
    assert vocabulary.symbols == (7, 3)
    assert {type(symbol) for symbol in vocabulary.symbols} == {int}
    assert vocabulary.encode(np.array([3, 9, 7], dtype=np.uint8)).tolist() == [2, 0, 1]
    assert Vocabulary((np.int64(7), np.uint8(3))) == vocabulary
    assert Vocabulary.fit([np.array(["b", "a"])]).symbols == ("a", "b")


def test_the_unknown_symbol_stands_for_itself():
    vocabulary = Vocabulary.fit([[5, 5, 6]], least_count=2)
    assert vocabulary.decode([1, 0]) == [5, "<unknown>"]
    assert vocabulary.encode([5, "<unknown>", 6]).tolist() == [1, 0, 0]
    assert Vocabulary.fit([["a", "<unknown>"]]).symbols == ("a",)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Vocabulary.fit([["a", 1]]), "all texts or all whole numbers: 'a' and 1 came"),
        (lambda: Vocabulary.fit([["a"], [1]]), "'a' and 1 came"),
        (lambda: Vocabulary.fit([[1.0]]), "texts or whole numbers: 1.0 came"),
        (lambda: Vocabulary.fit([[True]]), "True came"),
        (lambda: Vocabulary.fit([[None]]), "None came"),
        (lambda: Vocabulary.fit([["a"], np.zeros((2, 2))]), r"\[0.0, 0.0\] came"),
        (lambda: Vocabulary.fit([["a"]]).encode([1]), "'a' and 1 came"),
        (lambda: Vocabulary.fit([[1]]).encode("1"), "1 and '1' came"),
        (lambda: Vocabulary.fit([[1]]).encode([1.0]), "1.0 came"),
        (lambda: Vocabulary.fit([["a"]]).unknown_share([[2]]), "'a' and 2 came"),
        (lambda: Vocabulary.fit(["ab"]).decode([3]), "numbers 0 .. 2: 3 came"),
        (lambda: Vocabulary.fit(["ab"]).decode([-1]), "-1 came"),
        (lambda: Vocabulary.fit(["ab"]).decode(["a"]), "'a' came"),
        (lambda: Vocabulary(()), "none came"),
        (lambda: Vocabulary(("a", "b", "a")), "'a' came twice"),
        (lambda: Vocabulary(("a", "<unknown>")), "'<unknown>' came"),
        (lambda: Vocabulary.from_dict({}), "state has symbols: none came"),
        (lambda: Vocabulary.from_dict({"symbols": "ab"}), "are a list: str came"),
        (lambda: Vocabulary.from_dict({"symbols": ["a", 1]}), "'a' and 1 came"),
        (lambda: Vocabulary.from_dict({"symbols": [["a"]]}), r"\['a'\] came"),
    ],
)
def test_what_is_no_symbol_is_refused(call, message):
    with pytest.raises(DataError, match=message):
        call()


@pytest.mark.parametrize("sequences", [["1212", "한é🙂"], [[1, 2, -3]]])
def test_vocabularies_come_back_from_json(sequences):
    vocabulary = Vocabulary.fit(sequences)
    again = Vocabulary.from_dict(json.loads(json.dumps(vocabulary.to_dict())))
    assert again == vocabulary
    assert [type(symbol) for symbol in again.symbols] == [type(symbol) for symbol in vocabulary.symbols]


@given(st.lists(st.text()), st.text())
def test_a_text_counts_and_has_the_numbers_of_its_characters(texts, other):
    texts = [*texts, "a\ud800\U0001f642"]
    together, apart = Vocabulary.fit(texts), Vocabulary.fit([list(text) for text in texts])
    assert together == apart
    for text in (*texts, other):
        np.testing.assert_array_equal(together.encode(text), together.encode(list(text)))


def test_characters_are_told_from_symbols_of_several():
    known = Vocabulary(("ab", "a", "\u1112\u1161"))
    assert known.encode("aab").tolist() == [2, 2, 0]
    with pytest.raises(DataError, match="all texts or all whole numbers"):
        Vocabulary((1, 2)).encode("12")


@pytest.mark.parametrize("kind", [*EXACT, "words"])
def test_symbols_as_one_text_are_those_of_a_list(kind):
    splitter = Splitter(kind)
    text = "\uac01 The quick, brown \U0001f642."
    assert list(splitter.symbols(text)) == splitter.split(text)
    assert isinstance(splitter.symbols(text), str) == (kind in ("characters", "jamo"))
