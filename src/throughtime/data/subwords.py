"""Subwords learned from the training texts by the `tokenizers` package, an extra; kept as its JSON.

Texts become bytes first and each of the 256 bytes is a subword, so that there is a subword for every text and the text
comes back as it was. Byte pairs learned twice are the same, byte by byte; the unigram model's numbers differ in their
last digits from one training to the next.

Sources: byte-pair encoding, Sennrich, Haddow & Birch 2016, arXiv 1508.07909; the unigram model, Kudo 2018, arXiv
1804.10959; bytes as characters, Radford et al. 2019 (GPT-2).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from throughtime.base.checks import Checks
from throughtime.base.errors import ConfigError, DataError

ALGORITHMS = ("bpe", "unigram")
BYTES = 256


def train_subwords(texts: Iterable[str], size: int, algorithm: str = "bpe") -> str:
    """Learn subwords.

    Args:
        texts: of the training part alone.
        size: subwords there are to be, bytes included; fewer where the texts do not give so many.
        algorithm: "bpe" or "unigram".

    Returns:
        The model, JSON as `tokenizers` writes it.

    Raises:
        ConfigError: a size below 256, another algorithm, or `tokenizers` is not installed.
    """
    checks = Checks()
    size = checks.whole("size", size, least=BYTES)
    checks.choice("algorithm", algorithm, ALGORITHMS)
    checks.report("Subwords")
    package = _package()
    unigram = algorithm == "unigram"
    model = package.Tokenizer(package.models.Unigram() if unigram else package.models.BPE())
    model.pre_tokenizer = package.pre_tokenizers.ByteLevel(add_prefix_space=False)
    model.decoder = package.decoders.ByteLevel()
    kind = package.trainers.UnigramTrainer if unigram else package.trainers.BpeTrainer
    alphabet = sorted(package.pre_tokenizers.ByteLevel.alphabet())
    model.train_from_iterator(texts, kind(vocab_size=size, initial_alphabet=alphabet, show_progress=False))
    return str(model.to_str())


def into_subwords(text: str, model: str) -> list[str]:
    """The subwords of a text, as the model writes them: a character for each byte, "Ġ" for a blank.

    Args:
        text: any.
        model: what `train_subwords` gave.

    Raises:
        ConfigError: `tokenizers` is not installed.
        DataError: the model is none that it reads.
    """
    return list(_loaded(model).encode(text, add_special_tokens=False).tokens)


def from_subwords(subwords: Sequence[str], model: str) -> str:
    """The text that subwords make; bytes that are no UTF-8 become U+FFFD.

    Args:
        subwords: as `into_subwords` gives them.
        model: what `train_subwords` gave.

    Raises:
        ConfigError: `tokenizers` is not installed.
        DataError: the model is none that it reads.
    """
    return str(_loaded(model).decoder.decode(list(subwords)))


@lru_cache(maxsize=8)
def _loaded(model: str) -> Any:
    package = _package()
    try:
        return package.Tokenizer.from_str(model)
    except Exception as error:  # its own class is a bare Exception
        raise DataError(
            f"Subwords need the JSON of a model that `tokenizers` reads: it refuses this one ({error}). Train it again."
        ) from error


def _package() -> Any:
    try:
        import tokenizers
    except ImportError:
        raise ConfigError(
            "Subwords come from the package tokenizers, which is not installed here. Install it: pip install "
            "'throughtime[tokenizers]'"
        ) from None
    return tokenizers
