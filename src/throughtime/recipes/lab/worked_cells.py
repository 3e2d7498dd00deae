"""What the pages of worked examples say of a network's inside: the equations of the Elman cell and of the memory cell.

The equations stand in `kernels.oracle_rnn` and `kernels.oracle_lstm`; W is W_ih, U is W_hh, there is one bias.

Dimensions: C inputs, H hidden units; the LSTM here has one input and one cell.
"""

from __future__ import annotations

from throughtime.kernels import LSTMTape
from throughtime.recipes.lab.worked_text import Page, Row, Weight, flat, in_numbers, over_time, together

GATES = "ifgo"


class ElmanPage(Page):
    """Units that read each other's last state; with a single step, a perceptron."""

    @property
    def title(self) -> str:
        """One line on the network."""
        if self.example.recurs:
            return "RNN: two units that read the state both left one step before; three steps"
        return "Perceptron: two inputs, one hidden layer of two units, one output"

    @property
    def task(self) -> str:
        """One line on what it is to learn."""
        if self.example.recurs:
            return "At every step it is to say the sum of its inputs so far. One set of weights serves all steps."
        return "The Elman cell run for one step from a zero state, so that U plays no part; it is to add its inputs."

    @property
    def origin(self) -> str:
        """The state before step 1."""
        return "h(0) = 0"

    @property
    def _units(self) -> range:
        return range(self.example.start["V"].shape[1])

    @property
    def _inputs(self) -> list[str]:
        C = self.example.x.shape[-1]
        return [f"x_{c + 1}" for c in range(C)] if C > 1 else ["x"]

    @property
    def _states(self) -> list[str]:
        """Names of the states a unit reads."""
        return [f"h_{v + 1}(t-1)" for v in self._units] if self.example.recurs else []

    def weights(self) -> list[Weight]:
        """W, U, b, V, d; a unit's own number stands first."""
        H, C = len(self._units), len(self._inputs)
        W = [
            Weight(self._W(u, c), "W_ih", u * C + c, f"dL/da_{u + 1} {x}")
            for u in self._units
            for c, x in enumerate(self._inputs)
        ]
        U = [
            Weight(f"U_{u + 1}{v + 1}", "W_hh", u * H + v, f"dL/da_{u + 1} {h}")
            for u in self._units
            for v, h in enumerate(self._states)
        ]
        b = [Weight(f"b_{u + 1}", "b", u, f"dL/da_{u + 1}") for u in self._units]
        V = [Weight(f"V_{u + 1}", "V", u, f"dL/dy h_{u + 1}") for u in self._units]
        return [*W, *U, *b, *V, Weight("d", "d", 0, "dL/dy")]

    def forward(self) -> list[Row]:
        """x, h(t-1), a, h, y."""
        tape = self.went.tape
        inputs = [(name, flat(self.example.x[..., c])) for c, name in enumerate(self._inputs)]
        before = [(name, over_time(tape.h_in, v)) for v, name in enumerate(self._states)]
        sums = [(f"a_{u + 1} = {self._sum(u)}", a) for u, a in enumerate(self.sums())]
        squashed = [(f"h_{u + 1} = tanh(a_{u + 1})", over_time(tape.h, u)) for u in self._units]
        output = " + ".join(f"V_{u + 1} h_{u + 1}" for u in self._units)
        return [*inputs, *before, *sums, *squashed, (f"y = {output} + d", flat(self.went.y))]

    def backward(self) -> list[Row]:
        """dL/dy, dL/dh in its two parts, dL/da."""
        rows = [self.dy]
        for u in self._units:
            rows += self._dh_rows(u)
        for u in self._units:
            rows.append((f"dL/da_{u + 1} = dL/dh_{u + 1} (1 - h_{u + 1}²)", self.da(u)))
        return rows

    def forward_in_numbers(self) -> list[str]:
        """a_1 at the last step."""
        start, x, h = self.example.start, self.example.x[-1, 0], self.went.tape.h_in[-1][0]
        terms = list(zip(flat(start["W_ih"][0]), flat(x), strict=True))
        if self.example.recurs:
            terms += zip(flat(start["W_hh"][0]), flat(h), strict=True)
        name = f"a_1({self.last})" if self.example.recurs else "a_1"
        return in_numbers(name, terms, float(start["b"][0]), self.sums()[0][-1])

    def backward_in_numbers(self) -> list[str]:
        """What the last step hands back to h_1, or to the perceptron's hidden unit 1 what the output does."""
        if not self.example.recurs:
            terms = [(float(self.example.start["V"][0, 0]), float(self.back[0].dy))]
            return in_numbers("dL/dh_1", terms, None, self.dh(0)[0][0])
        terms = list(zip(flat(self.example.start["W_hh"][:, 0]), flat(self.back[-1].da), strict=True))
        t = self.last - 1
        return in_numbers(f"dL/dh_1({t}) from t+1", terms, None, self.dh(0)[1][t - 1])

    def _W(self, u: int, c: int) -> str:
        return f"W_{u + 1}{c + 1}" if len(self._inputs) > 1 else f"W_{u + 1}"

    def _sum(self, u: int) -> str:
        W = [f"{self._W(u, c)} {x}" for c, x in enumerate(self._inputs)]
        U = [f"U_{u + 1}{v + 1} {h}" for v, h in enumerate(self._states)]
        return " + ".join([*W, *U, f"b_{u + 1}"])

    def _dh_rows(self, u: int) -> list[Row]:
        output, later, whole = self.dh(u)
        if not self.example.recurs:
            return [(f"dL/dh_{u + 1} = V_{u + 1} dL/dy", output)]
        back = " + ".join(f"U_{v + 1}{u + 1} dL/da_{v + 1}(t+1)" for v in self._units)
        return [
            (f"dL/dh_{u + 1}  from y(t):  V_{u + 1} dL/dy", output),
            (f"         from t+1:   {back}", later),
            ("         together", whole),
        ]


class LSTMPage(Page):
    """One memory cell."""

    @property
    def title(self) -> str:
        """One line on the network."""
        return "LSTM: one memory cell; three steps"

    @property
    def task(self) -> str:
        """One line on what it is to learn."""
        return "The same task. Gates i (input), f (forget), o (output); candidate g; internal state c; output h."

    @property
    def origin(self) -> str:
        """The state before step 1."""
        return "h(0) = c(0) = 0"

    @property
    def _tape(self) -> LSTMTape:
        tape = self.went.tape
        if not isinstance(tape, LSTMTape):
            raise TypeError(f"A page of a memory cell needs its tape: got {type(tape).__name__}. Use ElmanPage.")
        return tape

    def weights(self) -> list[Weight]:
        """W, U, b of the gates, V, d."""
        core = ("W", "W_ih", " x"), ("U", "W_hh", " h(t-1)"), ("b", "b", "")
        gates = [
            Weight(f"{letter}_{z}", key, k, f"dL/da_{z}{by}") for letter, key, by in core for k, z in enumerate(GATES)
        ]
        return [*gates, Weight("V", "V", 0, "dL/dy h"), Weight("d", "d", 0, "dL/dy")]

    def forward(self) -> list[Row]:
        """x, h(t-1), c(t-1), the gates' sums, the gates, c, h, y."""
        tape = self._tape
        sums = [(f"a_{z} = W_{z} x + U_{z} h(t-1) + b_{z}", a) for z, a in zip(GATES, self.sums(), strict=True)]
        return [
            ("x", flat(self.example.x)),
            ("h(t-1)", over_time(tape.h_in)),
            ("c(t-1)", over_time(tape.c_in)),
            *sums,
            ("i = sigmoid(a_i)", over_time(tape.i)),
            ("f = sigmoid(a_f)", over_time(tape.f)),
            ("g = tanh(a_g)", over_time(tape.g)),
            ("o = sigmoid(a_o)", over_time(tape.o)),
            ("c = f c(t-1) + i g", over_time(tape.c)),
            ("r = tanh(c)", over_time(tape.r)),
            ("h = o r", over_time(tape.h)),
            ("y = V h + d", flat(self.went.y)),
        ]

    def backward(self) -> list[Row]:
        """dL/dy, dL/dh and dL/dc in their two parts, the gates, their sums."""
        output, later, dh = self.dh()
        from_h, from_later, dc = self._dc(dh)
        i, g, r, c_in = (over_time(entry) for entry in (self._tape.i, self._tape.g, self._tape.r, self._tape.c_in))
        return [
            self.dy,
            ("dL/dh    from y(t):  V dL/dy", output),
            ("         from t+1:   sum of U_z dL/da_z(t+1), z = i f g o", later),
            ("         together", dh),
            ("dL/dc    from h(t):  dL/dh o (1 - r²)", from_h),
            ("         from t+1:   f(t+1) dL/dc(t+1)", from_later),
            ("         together", dc),
            ("dL/di = dL/dc g", _times(dc, g)),
            ("dL/df = dL/dc c(t-1)", _times(dc, c_in)),
            ("dL/dg = dL/dc i", _times(dc, i)),
            ("dL/do = dL/dh r", _times(dh, r)),
            ("dL/da_i = dL/di i (1 - i)", self.da(0)),
            ("dL/da_f = dL/df f (1 - f)", self.da(1)),
            ("dL/da_g = dL/dg (1 - g²)", self.da(2)),
            ("dL/da_o = dL/do o (1 - o)", self.da(3)),
        ]

    def forward_in_numbers(self) -> list[str]:
        """The forget gate's sum, and the internal state, at the last step."""
        start, tape = self.example.start, self._tape
        forget = [(start["W_ih"][1, 0], self.example.x[-1, 0, 0]), (start["W_hh"][1, 0], tape.h_in[-1][0, 0])]
        state = [(tape.f[-1], tape.c_in[-1]), (tape.i[-1], tape.g[-1])]
        a_f = [(float(a), float(b)) for a, b in forget]
        c = [(float(a), float(b)) for a, b in state]
        return [
            *in_numbers(f"a_f({self.last})", a_f, float(start["b"][1]), self.sums()[1][-1]),
            *in_numbers(f"c({self.last})", c, None, float(tape.c[-1])),
        ]

    def backward_in_numbers(self) -> list[str]:
        """What the last step hands back to h and to c."""
        t, f = self.last - 1, float(self._tape.f[-1])
        dh = list(zip(flat(self.example.start["W_hh"]), flat(self.back[-1].da), strict=True))
        _, from_later, dc = self._dc(self.dh()[2])
        return [
            *in_numbers(f"dL/dh({t}) from t+1", dh, None, self.dh()[1][t - 1]),
            *in_numbers(f"dL/dc({t}) from t+1", [(f, dc[-1])], None, from_later[t - 1]),
        ]

    def _dc(self, dh: list[float]) -> tuple[list[float], list[float], list[float]]:
        """dL/dc over time: through h(t), from the next step, and together."""
        o, r = over_time(self._tape.o), over_time(self._tape.r)
        from_h = [dh[t] * o[t] * (1 - r[t] ** 2) for t in range(self.last)]
        later = over_time([step.dc_later for step in self.back])
        return from_h, later, together(from_h, later)


def _times(some: list[float], others: list[float]) -> list[float]:
    return [a * b for a, b in zip(some, others, strict=True)]
