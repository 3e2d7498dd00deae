"""Claims follow from what was measured, either way; tables and figure hold all of it."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from throughtime.bptt import Reach
from throughtime.recipes.lab.study import Effort
from throughtime.recipes.reach import vanishing as module
from throughtime.recipes.reach.cells import CELLS, RADII, Cell
from throughtime.recipes.reach.trial import AtRest, Outcome
from throughtime.recipes.reach.vanishing import DECISIVE, RECALL_STEPS, Measured, study

LAGS = (0, RECALL_STEPS, DECISIVE, 800)
# Norms per step that make each network do what measurements showed.
FACTORS = {"RNN, torch's initialisation": 0.6, "LSTM, torch's initialisation": 0.5, "LSTM, forget bias 1": 0.7}
FACTORS |= {"LSTM, forget bias 2": 0.95, "LSTM, chrono:200": 0.995}


def reach(factor: float, leaves: tuple[str, ...] = ("h",), *, single: bool = False) -> Reach:
    """A reach that is factor^lag, as float64 or float32 has it."""
    values = tuple(factor**lag for lag in LAGS)
    if single:
        values = tuple(0.0 if v < 1e-45 else math.inf if v > 3e38 else v for v in values)
    relative = dict.fromkeys(leaves, values)
    return Reach(LAGS, relative, relative, 0.7)


def outcome(cell: Cell, factor: float, trained: float, accuracy: float) -> Outcome:
    leaves = ("h",) if cell.kind == "RNN" else ("h", "c")
    start, radius = reach(factor, leaves), 1.0 if cell.kind == "RNN" else None
    return Outcome(reach(factor, leaves, single=True), start, reach(trained, leaves, single=True), accuracy, radius)


def made_up() -> Measured:
    cells = {}
    for cell in CELLS:
        factor = FACTORS.get(cell.name, min(cell.radius or 0, 0.98))
        vanished = factor**RECALL_STEPS < 1e-6
        cells[cell.name] = [outcome(cell, factor, 0.5 if vanished else 1.0, 0.5 if vanished else 0.99)] * 2
    rest = {radius: [AtRest(reach(radius, single=True), reach(radius))] * 2 for radius in RADII}
    return Measured(cells, rest, [223, 221])


def verdicts(measured: Measured) -> list[bool]:
    return [claim.holds for claim in module._claims(measured)]


EXPECTED = [True, True, False, False, False, True, True, True]


def changed(name: str, **entries: object) -> Measured:
    """`made_up` with one seed of one network changed."""
    measured = made_up()
    first, second = measured.cells[name]
    measured.cells[name] = [first, replace(second, **entries)]
    return measured


def test_claims_say_what_was_measured():
    claims = module._claims(made_up())
    assert [claim.holds for claim in claims] == EXPECTED
    assert "RNN, radius 0.9 7e-10" in claims[0].shown
    assert "exactly 0 from lag" in claims[0].shown
    assert "radius 1.1 2e8; radius 1.5 2e35" in claims[1].shown
    assert "Float32 overflows by lag 800" in claims[1].shown
    assert "overflow by step 223" in claims[1].shown
    assert "6e-61 in the median" in claims[3].shown
    assert "0 learned the task (best accuracy 0.500)" in claims[6].shown


@pytest.mark.parametrize(
    ("name", "factor", "claim"),
    [
        ("RNN, radius 0.9", 0.99, 0),
        ("LSTM, chrono:200", 0.9, 5),
        ("RNN, torch's initialisation", 0.99, 5),
    ],
)
def test_one_seed_is_enough_to_refuse(name, factor, claim):
    cell = next(cell for cell in CELLS if cell.name == name)
    leaves = ("h",) if cell.kind == "RNN" else ("h", "c")
    assert EXPECTED[claim]
    assert not verdicts(changed(name, start_double=reach(factor, leaves)))[claim]


def test_each_claim_can_turn_over():
    measured = made_up()
    measured.rest[1.1] = [AtRest(reach(1.0), reach(1.0))] * 2
    assert not verdicts(measured)[1]
    measured = made_up()
    for name, factor, kind in [
        ("RNN, radius 1.1", 1.1, "h"),
        ("RNN, radius 1.5", 1.5, "h"),
        ("LSTM, torch's initialisation", 0.999, "c"),
        ("LSTM, forget bias 1", 0.999, "c"),
        ("LSTM, forget bias 2", 0.999, "c"),
    ]:
        double = reach(factor, ("h", "c") if kind == "c" else ("h",))
        measured.cells[name] = [replace(o, start_double=double) for o in measured.cells[name]]
    assert verdicts(measured)[2:5] == [True, True, True]
    assert not verdicts(changed("RNN, torch's initialisation", accuracy=0.8))[6]
    assert not verdicts(changed("LSTM, chrono:200", trained=reach(0.5, ("h", "c"))))[7]


def test_nothing_measured_supports_nothing():
    measured = made_up()
    for outcomes in measured.cells.values():
        outcomes[:] = [replace(o, accuracy=0.5) for o in outcomes]
    assert verdicts(measured)[6:] == [None, None]
    assert module._claims(measured)[7].shown == "No network learned to recall 50 steps."
    measured = replace(measured, relu_steps=[None, None])
    assert "stay finite for 1,000 steps" in module._claims(measured)[1].shown


def test_tables_hold_every_network_and_lag(monkeypatch):
    monkeypatch.setattr(module, "_measure", lambda effort, lags: made_up())
    found = study(Effort(2, progress=False), (RECALL_STEPS, 800))
    rest, start, trained = found.tables
    assert [column.name for column in rest.columns[2:]] == ["50", "800"]
    assert rest.rows[0] == ("0.5", "float32", "9e-16", "0")
    assert rest.rows[-2] == ("1.5", "float32", "6e8", "inf")
    assert rest.rows[-1] == ("1.5", "float64", "6e8", "7e140")
    assert list(dict.fromkeys(start.column("network"))) == [cell.name for cell in CELLS]
    assert start.rows[0][:4] == ("RNN, torch's initialisation", "h", "8e-12", "0")
    assert start.column("lag 800.float64")[0] == "3e-178"
    assert len(trained.rows) == len(start.rows) == 6 + 2 * 4
    assert trained.rows[-2][-3:] == (0.99, 0.99, None)
    assert trained.rows[-1][-3:] == (None, None, None)  # the network's own, said once
    assert found.figure.startswith("<svg ")
    assert found.to_text(100)


def test_it_runs_in_short_form():
    found = study(Effort(3, short=True, progress=False), (10, 200))
    assert len(found.tables) == 3
    assert "One seed" in found.tables[0].notes[0]
    # What needs no training holds in the short form too.
    assert [claim.holds for claim in found.claims[:6]] == EXPECTED[:6]
    lags = {column.name for column in found.tables[1].columns}
    assert {"10", "200"} <= lags
