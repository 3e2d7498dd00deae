"""The report's pictures hold the music and the histograms that are given."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import numpy as np

from tests.recipes.music.made_up import tune
from throughtime.data.midi import NAMES
from throughtime.recipes.music.judging import DURATION_NAMES
from throughtime.recipes.music.pictures import histograms, piano_rolls


def test_pieces_are_drawn_note_by_note():
    root = ET.fromstring(piano_rolls({"ours": (tune(), 2.0), "theirs": (tune(2), 0.0)}, page=True))
    kinds = [each.get("class") for each in root.iter()]
    notes = len(tune().notes)
    assert kinds.count("given") == sum(note.start < 2 for note in tune().notes)
    assert kinds.count("given") + kinds.count("tone") == 2 * notes


def test_histograms_name_pitches_durations_and_whose_they_are():
    classes, durations = np.full(12, 1 / 12), np.full(len(DURATION_NAMES), 1 / len(DURATION_NAMES))
    svg = histograms({"network": classes, "held out": classes}, {"network": durations, "held out": durations})
    for name in (*NAMES, *DURATION_NAMES, "network", "held out"):
        assert f">{name}<" in svg
    assert "currentColor" in svg
