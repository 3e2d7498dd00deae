"""Reviews that nobody wrote, in English and Korean: a generator by a grammar whose words alone do not tell the verdict.

    clause      a noun and what it was like: good or bad, plainly or by negation of the opposite
                "the plot was not dull at all", "연기는 별로 좋지 않았다"
    verdict     of the last clause after "but", "however", -지만, -는데; of the main clause beside "although", "물론"
    review      a verdict, at times with a sentence that says nothing; some look like tweets, with @names,
                addresses, #tags, emoji and drawn-out letters, none of which depends on the verdict

Every good and bad word comes in praise and in complaint, for negation and contrast turn it round: what counts is what
stands where. As in real reviews a few labels are wrong, `NOISE` of them; no reader gets more than 1 - `NOISE` right.
Drawn by numpy from one seed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from throughtime.base.checks import Checks

ENGLISH, KOREAN = "english", "korean"
LABELS = ("negative", "positive")
NOISE = 0.03
TWEETS, ASIDES = 0.15, 0.4  # shares of the texts
CONTRASTS, AGREEMENTS = 0.45, 0.2  # shares of the verdicts; the others are one clause
NEGATIONS = 0.5  # share of the clauses

Draw = Callable[[Sequence[str]], str]
Chance = Callable[[float], bool]


@dataclass(frozen=True)
class Reviews:
    """Texts and verdicts.

    Args:
        texts: N.
        labels: N, each "negative" or "positive".
    """

    texts: list[str]
    labels: list[str]


def synthetic_reviews(
    count: int = 2000, *, languages: Sequence[str] = (ENGLISH, KOREAN), noise: float = NOISE, seed: int = 0
) -> Reviews:
    """Make reviews up.

    Args:
        count: N, at least 1.
        languages: one or both of "english" and "korean", by turns.
        noise: share of wrong labels, in [0, 1).
        seed: 0 or more; the same one gives the same reviews.

    Raises:
        ConfigError: numbers out of range, or another language.
    """
    checks = Checks()
    count, seed = checks.whole("count", count), checks.whole("seed", seed, 0)
    noise = checks.number("noise", noise, below=1)
    languages = [checks.choice("languages", each, (ENGLISH, KOREAN)) for each in languages]
    if not languages:
        checks.add(f"`languages` names {ENGLISH}, {KOREAN} or both: none came")
    checks.report("Synthetic reviews")
    writer = _Writer(np.random.default_rng(seed))
    texts, labels = [], []
    for number in range(count):
        good = writer.chance(0.5)
        texts.append(writer.review(languages[number % len(languages)], good))
        labels.append(LABELS[good != writer.chance(noise)])
    return Reviews(texts, labels)


class _Writer:
    """Draws from the grammar."""

    def __init__(self, random: np.random.Generator) -> None:
        self._random = random

    def draw(self, choices: Sequence[str]) -> str:
        return choices[int(self._random.integers(len(choices)))]

    def chance(self, share: float) -> bool:
        return bool(self._random.random() < share)

    def review(self, language: str, good: bool) -> str:
        verdict, asides = (_english, _ASIDES) if language == ENGLISH else (_korean, _ASIDES_KOREAN)
        parts = [verdict(self.draw, self.chance, good)]
        if self.chance(ASIDES):
            parts.insert(int(self.chance(0.5)), self.draw(asides))
        text = " ".join(parts)
        return self._tweet(text, language) if self.chance(TWEETS) else text

    def _tweet(self, text: str, language: str) -> str:
        """With what tweets have; none of it says anything of the verdict."""
        if self.chance(0.5):
            text = f"@{self.draw(_NAMES)} {text}"
        if self.chance(0.3):
            text = text.replace("so ", "sooooo ", 1).replace("너무", "너무우우우우", 1)
        ends = [self.draw(_EMOJI if language == ENGLISH else _EMOJI_KOREAN)] if self.chance(0.6) else []
        ends += [f"#{self.draw(_TAGS)}"] if self.chance(0.4) else []
        ends += [f"https://t.co/{self.draw(_NAMES)}{self._random.integers(1000)}"] if self.chance(0.3) else []
        return " ".join([text, *ends])


_NAMES = ("film_fan", "mina", "kim_j", "tomw", "serial_viewer", "haneul")
_TAGS = ("movies", "weekend", "review", "nowwatching", "영화", "주말")
_EMOJI = ("🎬", "🍿", "😮", "!!!!!", "…")
_EMOJI_KOREAN = ("🎬", "🍿", "ㅎㅎㅎㅎ", "ㅋㅋㅋㅋㅋ", "ㅠㅠ", "!!!!")
_ASIDES = (
    "I saw it on a Friday with my sister.",
    "It runs for two hours.",
    "We sat in the third row.",
    "My friend had lent me the book.",
    "It came out last autumn.",
    "There are subtitles.",
)
_ASIDES_KOREAN = (
    "금요일에 동생과 봤다.",
    "두 시간짜리 영화다.",
    "친구가 표를 줬어요.",
    "작년 가을에 나왔어요.",
    "자막이 있다.",
    "셋째 줄에 앉았어요.",
)

_NOUNS = ("the plot", "the acting", "the music", "the ending", "the script", "the camera work", "the cast", "the sound")
_GOOD = ("good", "great", "clever", "moving", "funny", "exciting", "charming", "convincing")
_BAD = ("bad", "awful", "dull", "boring", "weak", "clumsy", "tiresome", "predictable")
_STRONG = ("very ", "really ", "so ", "quite ", "truly ", "", "", "")


def _english(draw: Draw, chance: Chance, good: bool) -> str:
    """A verdict."""
    if chance(CONTRASTS):
        other, own = _clause(draw, chance, not good), _clause(draw, chance, good)
        text = draw(
            (
                f"{other}, but {own}.",
                f"{other}. However, {own}.",
                f"although {other}, {own}.",
                f"{own}, although {other}.",
                f"{own}, even though {other}.",
                f"they say that {other}; {own}.",
            )
        )
    elif chance(AGREEMENTS / (1 - CONTRASTS)):
        text = f"{_clause(draw, chance, good)} and {_clause(draw, chance, good)}."
    else:
        text = f"{_clause(draw, chance, good)}."
    return text[0].upper() + text[1:]


def _clause(draw: Draw, chance: Chance, good: bool) -> str:
    noun, own, opposite = draw(_NOUNS), *((_GOOD, _BAD) if good else (_BAD, _GOOD))
    if chance(NEGATIONS):
        word = draw(opposite)
        return draw(
            (
                f"{noun} was not {word} at all",
                f"{noun} was not {draw(_STRONG)}{word}",
                f"{noun} wasn't {draw(_STRONG)}{word}",
                f"{noun} was never {word}",
                f"{noun} was anything but {word}",
                f"nobody could call {noun} {word}",
                f"I did not find {noun} {word}",
            )
        )
    word = draw(own)
    return draw(
        (
            f"{noun} was {draw(_STRONG)}{word}",
            f"{noun} was {draw(_STRONG)}{word}",
            f"{noun} was nothing but {word}",
            f"I found {noun} {draw(_STRONG)}{word}",
            f"{noun} was as {word} as can be",
            f"{noun} was not only {word} but {draw(own)}",
        )
    )


_NOUNS_KOREAN = ("연기는", "줄거리는", "음악은", "결말은", "영상은", "대사는", "배우들은", "연출은")
# The stem, and the stem of the past.
_GOOD_KOREAN = (
    ("좋", "좋았"),
    ("훌륭하", "훌륭했"),
    ("재미있", "재미있었"),
    ("신선하", "신선했"),
    ("멋지", "멋졌"),
    ("따뜻하", "따뜻했"),
    ("매끄럽", "매끄러웠"),
)
_BAD_KOREAN = (
    ("나쁘", "나빴"),
    ("지루하", "지루했"),
    ("어색하", "어색했"),
    ("뻔하", "뻔했"),
    ("허술하", "허술했"),
    ("실망스럽", "실망스러웠"),
    ("답답하", "답답했"),
)
_STRONG_KOREAN = ("정말 ", "아주 ", "너무 ", "꽤 ", "무척 ", "", "", "")
_ENDINGS = ("다", "어요", "습니다")


def _korean(draw: Draw, chance: Chance, good: bool) -> str:
    """A verdict. A clause ends in the stem of its past, to which endings are joined."""
    end = draw(_ENDINGS)
    own = _clause_korean(draw, chance, good)
    if chance(CONTRASTS):
        other = _clause_korean(draw, chance, not good)
        return draw(
            (
                f"{other}지만 {own}{end}.",
                f"{other}는데 {own}{end}.",
                f"{other}{end}. 하지만 {own}{end}.",
                f"{own}{end}. 물론 {other}지만.",
                f"비록 {other}지만 {own}{end}.",
                f"{other}다고들 하지만 {own}{end}.",
            )
        )
    if chance(AGREEMENTS / (1 - CONTRASTS)):
        return f"{_clause_korean(draw, chance, good)}고 {own}{end}."
    return f"{own}{end}."


def _clause_korean(draw: Draw, chance: Chance, good: bool) -> str:
    noun, own, opposite = draw(_NOUNS_KOREAN), *((_GOOD_KOREAN, _BAD_KOREAN) if good else (_BAD_KOREAN, _GOOD_KOREAN))
    if not chance(NEGATIONS):
        return f"{noun} {draw(_STRONG_KOREAN)}{_one(draw, own)[1]}"
    stem, past = _one(draw, opposite)
    # 별로 stands before what is denied.
    ways = [f"{stem}지 않았", f"전혀 {stem}지 않았", f"안 {past}", f"그다지 {stem}지 않았", f"별로 {stem}지 않았"]
    return f"{noun} {draw(ways)}"


def _one(draw: Draw, pairs: Sequence[tuple[str, str]]) -> tuple[str, str]:
    stems = dict(pairs)
    stem = draw(list(stems))
    return stem, stems[stem]
