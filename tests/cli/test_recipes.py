"""`throughtime recipes` lists what can be trained."""

from __future__ import annotations

import json


def test_list(command):
    code, out, err = command("recipes", "--json")
    assert (code, err) == (0, "")
    assert [row["name"] for row in json.loads(out)["rows"]] == [
        "weather",
        "stock",
        "purchase",
        "dna",
        "sentiment",
        "anomaly",
        "text",
        "music",
        "handwriting",
        "caption",
        "forecast",
        "summarize",
        "execute",
    ]
    assert "weather" in command("recipes").out
