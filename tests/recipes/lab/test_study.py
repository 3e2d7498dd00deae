"""What a study answers with, printed and as JSON; what does not exist is refused before the work."""

from __future__ import annotations

import json

import pytest

from throughtime.base.errors import ConfigError
from throughtime.recipes import lab
from throughtime.recipes.figure import as_element
from throughtime.recipes.lab.study import Claim, Effort, Findings, Study
from throughtime.recipes.table import Column, Table

TABLE = Table("Errors", (Column("network"), Column("accuracy")), (("LSTM", 0.99), ("perceptron", 0.5)))
CLAIMS = (
    Claim("The LSTM remembers.", True, "It is right in 0.99 of all cases."),
    Claim("The perceptron remembers too.", False, "It is right in 0.50."),
)


@pytest.fixture
def asked(monkeypatch) -> list[Effort]:
    """The efforts that two made-up studies were asked for."""
    asked: list[Effort] = []

    def run(effort: Effort) -> Findings:
        asked.append(effort)
        return Findings((TABLE,), CLAIMS, as_element(lambda figure: figure.subplots(), 2.0, "errors"))

    studies = {"errors": Study("errors", "who errs", run), "plain": Study("plain", "another", run)}
    monkeypatch.setattr(lab, "STUDIES", studies)
    return asked


def test_findings_for_a_person():
    assert Findings((TABLE,), CLAIMS, "<svg/>", "How it goes.\n").to_text(60) == (
        "How it goes.\n\n"
        f"{TABLE.to_text(60)}\n\n"
        "Supported: The LSTM remembers. It is right in 0.99 of all\ncases.\n"
        "Not supported: The perceptron remembers too. It is right in\n0.50."
    )


def test_findings_for_a_program():
    found = json.loads(Findings((TABLE,), CLAIMS, "<svg/>").to_json())
    assert [table["title"] for table in found["tables"]] == ["Errors"]
    assert [claim["holds"] for claim in found["claims"]] == [True, False]
    assert "prose" not in found
    assert found["short"] is False


def test_what_cannot_be_decided_is_not_called_supported():
    assert Claim("It remembers.", None, "None learned.").to_text() == "Not decided: It remembers. None learned."


def test_a_study_is_run_as_asked_for(asked, tmp_path):
    found = lab.lab("errors", seeds=2, short=True, svg=tmp_path / "errors.svg", progress=False)
    assert asked == [Effort(2, True, False)]
    assert found.tables == (TABLE,)
    assert found.to_text().startswith("Short: less data and shorter trainings")
    assert json.loads(found.to_json())["short"] is True
    assert (tmp_path / "errors.svg").read_text(encoding="utf-8").startswith("<svg ")


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("erors", {}, "'erors' is none: did you mean 'errors'?"),
        ("xyz", {}, "'xyz' is none: there is errors, plain."),
        ("errors", {"seeds": 0}, "`seeds` counts trainings of each network, at least 1; 0 came."),
        ("errors", {"svg": "errors.png"}, "written as .svg; the file is named 'errors.png'"),
    ],
)
def test_what_does_not_exist_is_refused_before_the_work(asked, name, arguments, message):
    with pytest.raises(ConfigError) as refused:
        lab.lab(name, **arguments)
    assert message in str(refused.value)
    assert asked == []
