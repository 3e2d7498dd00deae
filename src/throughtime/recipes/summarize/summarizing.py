"""Summaries: docstrings of the standard library, or one's own documents; learned, scored, and written for others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch.distributed as dist

from throughtime.base.atomic import write_text
from throughtime.base.errors import ConfigError
from throughtime.base.run_folder import RunFolder
from throughtime.data import document_text
from throughtime.decode import Sampling
from throughtime.recipes.learning import in_words
from throughtime.recipes.recipe import Case, ProblemCase, Recipe, Request
from throughtime.recipes.settings import own_share, parse
from throughtime.recipes.summarize import pictures, report
from throughtime.recipes.summarize.methods import (
    compare_methods,
    fit_network,
    leads,
    scores_table,
    summaries_of,
    typical,
)
from throughtime.recipes.summarize.problem import EXAMPLE, SummaryProblem, other, own, sample
from throughtime.recipes.summarize.settings import SAMPLE, Settings, estimator_of
from throughtime.recipes.table import Column, Table
from throughtime.tasks import SequenceToSequence
from throughtime.tasks.pair_options import check_pair_options
from throughtime.train.ranks import Ranks


@dataclass(frozen=True)
class SummaryCase(ProblemCase):
    """Documents with summaries, and the settings they were read by.

    Args:
        problem: training and test part.
        chosen: all settings, in groups.
        files: what was read beside the data.
    """

    problem: SummaryProblem
    chosen: Settings
    files: tuple[Path, ...] = ()

    def beside(self) -> tuple[Path, ...]:
        """What a test part of its own was read from."""
        return self.files

    def check(self, tbptt: str | None, ranks: Ranks) -> None:
        """See `Case.check`."""
        check_pair_options(estimator_of(self.chosen.model, tbptt, False))

    def fit(
        self, tbptt: str, *, run: RunFolder | None, progress: bool, group: dist.ProcessGroup | None
    ) -> SequenceToSequence:
        """See `Case.fit`."""
        return fit_network(self.problem, self.chosen.model, tbptt, run=run, progress=progress, group=group)

    def scores(self, model: SequenceToSequence) -> Table:
        """See `Case.scores`."""
        return scores_table(self.problem, model, summaries_of(model, self.problem.test, self.chosen.writing))

    def predictions(self, model: SequenceToSequence) -> Table:
        """What the network says of each document; of a run's own, of the first test documents."""
        test = self.problem.test
        if self.problem.train is not None:
            test = test.some(range(min(self.chosen.writing.shown, len(test))))
        said = summaries_of(model, test, self.chosen.writing)
        columns = Column("document"), Column("summary", words=True)
        return Table(f"{self.title}: summaries", columns, tuple(zip(test.names, said, strict=True)), self.notes)

    def report(self, model: SequenceToSequence, tbptt: str, record: Mapping[str, Any]) -> tuple[Table, str]:
        """See `Case.report`."""
        history, test = model.history_, self.problem.test
        assert history is not None  # it was trained just now
        summaries = summaries_of(model, test, self.chosen.writing)
        table, said = scores_table(self.problem, model, summaries), self._said(model, tbptt)
        evidence = report.Evidence(
            self.title, history, table, self._beside(summaries), self._looking(model, summaries), record, said
        )
        return replace(table, notes=(*table.notes, *said)), report.render(evidence)

    def compare(self, tbptt: str, seeds: int, progress: bool) -> Table:
        """See `Case.compare`."""
        self.check(tbptt, Ranks())
        return compare_methods(self.problem, self.chosen.model, self.chosen.writing, tbptt, seeds, progress)

    def _shown(self) -> list[int]:
        """Places of the test documents that the report shows: from all over the part."""
        test, count = self.problem.test, self.chosen.writing.shown
        return list(range(0, len(test), max(1, -(-len(test) // count))))

    def _beside(self, summaries: list[str]) -> str:
        test, places, beginnings = self.problem.test, self._shown(), leads(self.problem)
        rows = [
            [
                ("written by people", test.summaries[place]),
                ("network", summaries[place]),
                *((name, said[place]) for name, said in beginnings.items()),
            ]
            for place in places
        ]
        return pictures.beside([test.documents[place] for place in places], rows)

    def _looking(self, model: SequenceToSequence, summaries: list[str]) -> str:
        """Where the network looks, in a shown document whose summary is neither of the better nor of the worse ones;
        nothing without attention.
        """
        written = [place for place in self._shown() if summaries[place]]
        if not written or not self.chosen.model.heads:
            return ""
        place = typical(self.problem.test, summaries, written)
        look = pictures.Look(*model.attention(self.problem.test.documents[place], summaries[place]))
        return pictures.looking(look, report.LOOKS)

    def _said(self, model: SequenceToSequence, tbptt: str) -> tuple[str, ...]:
        """What there is to say of the network."""
        history, chosen = model.history_, self.chosen.model
        assert history is not None  # it was trained just now
        beam = self.chosen.writing.beam
        how = f"A beam of {beam}" if beam > 1 else "The likeliest symbol each time"
        return (
            f"{chosen.cell} with {model.parameters_count_:,} parameters on {chosen.symbols}, TBPTT({tbptt}), seed "
            f"{chosen.seed}; {in_words(history, model.seconds_)} {how}.",
        )


def load(data: str | Path | Any | None, settings: Mapping[str, Any]) -> SummaryCase:
    """The case of the sample (`data` None) or of a user's documents.

    Raises:
        ConfigError: settings that are unknown or do not fit.
        DataError, FileMissingError: whatever is wrong with the documents.
    """
    chosen = parse(settings, SAMPLE if data is None else Settings())
    check_pair_options(estimator_of(chosen.model, None, False))
    if data is None:
        return SummaryCase(sample(chosen), chosen)
    files = () if own_share(chosen.pairs.test, EXAMPLE) is not None else (Path(chosen.pairs.test),)
    return SummaryCase(own(data, chosen), chosen, files)


def read(data: str | Path | Any, settings: Mapping[str, Any], table: Mapping[str, Any], scored: bool) -> Case:
    """Other documents, all of which are test part.

    Raises:
        DataError, FileMissingError: whatever is wrong with the documents, or no summaries where they are to be scored.
    """
    chosen = parse(settings, Settings())
    return SummaryCase(other(data, chosen, scored), chosen)


def generate(model: SequenceToSequence, request: Request, settings: Mapping[str, Any]) -> Iterator[str]:
    """The summary of one document, whose text or path is the prompt, symbol by symbol; of a beam at once.

    Raises:
        ConfigError: there is no document, or settings break a rule.
        DataError, FileMissingError: whatever is wrong with the document.
        WriteError: the file could not be written.
    """
    if not request.prompt:
        raise ConfigError(
            "What is summarized is a document: none came. Name its file with --prompt document.txt, or write its text."
        )
    if request.stop is not None or request.sampling != Sampling():
        raise ConfigError(
            "A summary is the likeliest one and ends by itself: a stop or draws were asked for. Leave them out; --beam "
            "finds likelier ones."
        )
    document = document_text(request.prompt)
    chosen = parse(settings, Settings())
    document, no_repeat = document.lower() if chosen.pairs.lower else document, chosen.writing.no_repeat
    if request.out is None and request.beam is None:
        return model.stream(document, most=request.steps, no_repeat=no_repeat)
    beam = 1 if request.beam is None else request.beam
    (text,) = model.predict([document], beam=beam, most=request.steps, no_repeat=no_repeat)
    if request.out is None:
        return iter([text])
    write_text(request.out, text + "\n")
    return iter([f"{request.out}: {len(text):,} characters"])


RECIPE = Recipe(
    name="summarize",
    summary="a document in a line: docstrings of Python's library, or your own with summaries (--data)",
    tbptt="n,n",
    load=load,
    read=read,
    generate=generate,
    brief={"most": "1000", "epochs": "6"},
)
