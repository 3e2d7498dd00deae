"""Text from a corpus: Python's own documentation, or one's own texts; learned, scored, and gone on with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch.distributed as dist

from throughtime.base.atomic import write_text
from throughtime.base.run_folder import RunFolder
from throughtime.insight.lettering import visible
from throughtime.recipes.learning import in_words
from throughtime.recipes.recipe import Case, ProblemCase, Recipe, Request
from throughtime.recipes.settings import own_share, parse
from throughtime.recipes.table import Column, Table
from throughtime.recipes.text import report
from throughtime.recipes.text.judging import judged, written
from throughtime.recipes.text.methods import compare_methods, fit_network, scores_table
from throughtime.recipes.text.problem import EXAMPLE, TITLE, TextProblem, joined, make_problem, read_corpus, sample
from throughtime.recipes.text.settings import Corpus, Model, Settings, estimator_of
from throughtime.recipes.text.units import drawing, followers
from throughtime.tasks import SequenceGenerator
from throughtime.tasks.generator_options import check_generator_options
from throughtime.train.ranks import Ranks

# What keeps the sample's training about a minute on one core; many small updates teach a small network most in it.
SAMPLE = Settings(
    model=Model(hidden_size=128, epochs=4, batch_size=8, learning_rate=4e-3, weight_decay=0.01, dropout=0.1)
)
# Of the test part so much is gone on from, so often, in `predict`.
PROMPT, CONTINUED, PLACES = 60, 120, 5
# Symbols that `generate` writes where none are asked for.
ENOUGH = 500


@dataclass(frozen=True)
class TextCase(ProblemCase):
    """A corpus with the settings it was read by.

    Args:
        problem: training and test part.
        chosen: all settings, in groups.
        test_file: of a test part that lies in a file of its own; None: there is none.
    """

    problem: TextProblem
    chosen: Settings
    test_file: str | None = None

    def beside(self) -> tuple[Path, ...]:
        """The file of the test part, where it has one of its own."""
        return () if self.test_file is None else (Path(self.test_file),)

    def check(self, tbptt: str | None, ranks: Ranks) -> None:
        """See `Case.check`."""
        check_generator_options(estimator_of(self.chosen.model, tbptt, False))

    def fit(
        self, tbptt: str, *, run: RunFolder | None, progress: bool, group: dist.ProcessGroup | None
    ) -> SequenceGenerator:
        """See `Case.fit`."""
        return fit_network(self.problem, self.chosen.model, tbptt, run=run, progress=progress, group=group)

    def scores(self, model: SequenceGenerator) -> Table:
        """See `Case.scores`."""
        return scores_table(self.problem, model, self.chosen.model.symbols)

    def predictions(self, model: SequenceGenerator) -> Table:
        """How the network goes on from places in the test part."""
        text, writing = joined(self.problem.test), self.chosen.writing
        rows = []
        for place in range(PLACES):
            start = place * max(1, (len(text) - PROMPT) // PLACES)
            prompt = _known(text[start : start + PROMPT], model)
            # Of documents the newest alone is gone on from.
            begun = prompt.rsplit("\n", 1)[-1] if self.problem.documents else prompt
            said = model.generate(CONTINUED, begun, temperature=writing.temperature, top_p=writing.top_p, seed=place)
            rows.append((start + 1, _on_a_line(begun), _on_a_line(said[len(begun) :])))
        columns = Column("character"), Column("after", words=True), Column("goes on", words=True)
        return Table(f"{self.title}: gone on from", columns, tuple(rows), self.problem.notes)

    def report(self, model: SequenceGenerator, tbptt: str, record: Mapping[str, Any]) -> tuple[Table, str]:
        """See `Case.report`."""
        table, history, writing = self.scores(model), model.history_, self.chosen.writing
        assert history is not None  # it was trained just now
        said = self._said(model, tbptt)
        temperatures = sorted({0.5, writing.temperature, 1.0})
        texts = [(each, written(model, writing, each, writing.length)) for each in temperatures]
        evidence = report.Evidence(
            self.title, history, table, texts, judged(self.problem, model, writing), self._units(model), record, said
        )
        return replace(table, notes=(*table.notes, *said)), report.render(evidence)

    def compare(self, tbptt: str, seeds: int, progress: bool) -> Table:
        """See `Case.compare`."""
        self.check(tbptt, Ranks())
        return compare_methods(self.problem, self.chosen.model, tbptt, seeds, progress)

    def _units(self, model: SequenceGenerator) -> str:
        """The drawing of units that follow something; empty where there is none."""
        text = joined(self.problem.test)
        if self.chosen.model.symbols != "characters" or self.chosen.model.cell != "lstm" or self.problem.documents:
            return ""
        found = followers(model, text)
        return drawing(found, text) if found else ""

    def _said(self, model: SequenceGenerator, tbptt: str) -> tuple[str, ...]:
        """What there is to say of the network."""
        history, chosen = model.history_, self.chosen.model
        assert history is not None  # it was trained just now
        return (
            f"{chosen.cell} with {model.parameters_count_:,} parameters on {chosen.symbols}, TBPTT({tbptt}), seed "
            f"{chosen.seed}; {in_words(history, model.seconds_)}",
        )


def load(data: str | Path | Any | None, settings: Mapping[str, Any]) -> TextCase:
    """The case of the sample (`data` None) or of a user's texts.

    Raises:
        ConfigError: settings that are unknown or do not fit.
        DataError, FileMissingError: whatever is wrong with the texts.
    """
    chosen = parse(settings, SAMPLE if data is None else Settings())
    corpus, seed = chosen.corpus, chosen.model.seed
    if data is None:
        text, notes = sample()
        return TextCase(make_problem(TITLE, text, replace(corpus, test="0.1"), seed, notes), chosen)
    apart = own_share(corpus.test, EXAMPLE) is None
    tests = read_corpus(corpus.test, corpus) if apart else None
    problem = make_problem(Path(data).name, read_corpus(data, corpus), corpus, seed, (), tests)
    return TextCase(problem, chosen, corpus.test if apart else None)


def read(data: str | Path | Any, settings: Mapping[str, Any], table: Mapping[str, Any], scored: bool) -> Case:
    """Other texts, all of which are test part.

    Raises:
        DataError, FileMissingError: whatever is wrong with the texts.
    """
    chosen = parse(settings, Settings())
    text = read_corpus(data, replace(chosen.corpus, test=Corpus.test))
    return TextCase(TextProblem(Path(data).name, "", text, ()), chosen)


def generate(model: SequenceGenerator, request: Request, settings: Mapping[str, Any]) -> Iterator[str]:
    """Text, told as it is written; into a file at once.

    Raises:
        ConfigError, DataError: as `SequenceGenerator.generate`.
        WriteError: the file could not be written.
    """
    pieces = _pieces(model, request, ENOUGH if request.steps is None else request.steps)
    if request.out is None:
        return pieces
    text = "".join(pieces)
    write_text(request.out, text)
    return iter([f"{request.out}: {len(text):,} characters"])


def _pieces(model: SequenceGenerator, request: Request, steps: int) -> Iterator[str]:
    prompt, stop, seed = request.prompt, request.stop, request.seed
    if request.beam is not None:
        yield model.generate(steps, prompt, beam=request.beam, stop=stop, seed=seed, **vars(request.sampling))
        return
    pieces = model.stream(steps, prompt, sampling=request.sampling, stop=stop, seed=seed)
    yield prompt
    yield from pieces


def _known(prompt: str, model: SequenceGenerator) -> str:
    """Without symbols that training never showed."""
    for symbol in model.encoding_.unknown(prompt):
        prompt = prompt.replace(symbol, "")
    return prompt


def _on_a_line(text: str) -> str:
    return visible(text.replace("\n", "\u23ce"))


RECIPE = Recipe(
    name="text",
    summary="text that goes on like a corpus: letters, words or bytes of your own texts (--data)",
    tbptt="50,50",
    load=load,
    read=read,
    generate=generate,
)
