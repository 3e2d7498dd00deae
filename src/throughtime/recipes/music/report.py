"""`report.html` of music: scores, learning curve, a piece to see and hear, and how it stands beside held-out music."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from throughtime.base.errors import ConfigError
from throughtime.data.midi import Music, midi_bytes
from throughtime.recipes.learning import learning_curve
from throughtime.recipes.music.judging import Judged
from throughtime.recipes.music.pictures import histograms, piano_rolls
from throughtime.recipes.music.sound import wav_bytes
from throughtime.recipes.page import as_html, as_paragraphs, page, quiet, settings_table
from throughtime.recipes.table import Table
from throughtime.train import History

# Of a piece that is heard on the page: more would make it megabytes.
HEARD_S = 20.0
FILE = "piece.mid"


@dataclass(frozen=True)
class Evidence:
    """What the report shows.

    Args:
        title: what the pieces are.
        step: what nats are of, "frame" or "symbol".
        history: of the training.
        scores: on the test part.
        ours: a piece that the network went on with, what was given included.
        theirs: the held-out piece whose beginning that was.
        given: quarter notes that were given.
        judged: beside held-out music.
        settings: what repeats the run.
        network: what there is to say of the network, a line each.
    """

    title: str
    step: str
    history: History
    scores: Table
    ours: Music
    theirs: Music
    given: float
    judged: Judged
    settings: Mapping[str, Any]
    network: Sequence[str]


def render(evidence: Evidence) -> str:
    """The page as text."""
    judged = evidence.judged
    sections = [
        ("Scores on the test part", as_html(evidence.scores) + as_paragraphs(evidence.scores.notes)),
        ("Learning curve", learning_curve(evidence.history, f"nats a {evidence.step}")),
        ("What it plays", _roll(evidence) + _heard(evidence.ours)),
        ("Pitches and durations", histograms(judged.pitch_classes, judged.durations)),
        (judged.table.title, as_html(judged.table) + as_paragraphs(judged.table.notes)),
        ("What repeats this run", as_html(settings_table(evidence.settings))),
    ]
    return page(evidence.title, evidence.network[0], sections)


def _roll(evidence: Evidence) -> str:
    pieces = {
        "The network goes on from the beginning of a held-out piece": (evidence.ours, evidence.given),
        "How that piece goes on itself": (evidence.theirs, evidence.given),
    }
    if not any(music.notes for music, _ in pieces.values()):
        return quiet("Both pieces are silent.")
    return piano_rolls(pieces, page=True)


def _heard(music: Music) -> str:
    """A player and a file, both inside the page."""
    length = music.quarters * 60 / music.tempo
    told = f"The network's piece, its first {HEARD_S:g} s" if length > HEARD_S else "The network's piece"
    player = f'<audio controls src="{_uri("audio/wav", wav_bytes(music, HEARD_S))}"></audio>'
    return quiet(f"{told}, as plucked strings:") + f"<p>{player}</p>" + _link(music)


def _link(music: Music) -> str:
    try:
        content = midi_bytes(music)
    except ConfigError as error:  # without mido the page still has its sound
        return quiet(f"No MIDI file: {error}")
    return f'<p><a href="{_uri("audio/midi", content)}" download="{FILE}">The same as a MIDI file, {FILE}</a></p>'


def _uri(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{b64encode(content).decode()}"
