// The forward pass of one direction: every thread carries its sequences, or its units, through time.
//
//   z = b_ih + b_hh + x W_ih^T + (h drop_h) W_hh^T       summed in this order
//
// Where rows are many, both products of a step run in one register tile and z is activated as it leaves. Where they are
// few, W_ih would be read anew for a few rows each step: there x's product is made for many steps at once, beforehand.
// The order of the sum is the same, so the result is, bit for bit.
#pragma once

#include "cell.h"

namespace tt::TT_SET {

// Everything one step of one sequence reads and writes; NULL: not there.
template <class F>
struct ForwardRow {
  const F* h;  // the state before the step
  F *c, *y;
  F *gates, *cells, *scale;
  const F *zone_c, *zone_h;
  F *m, *c_new, *o;  // scratch, where the output takes a second pass
};

// Scratch of a forward pass, cut into parts.
template <class F>
struct ForwardMemory {
  Barrier* barrier;
  SmallWeights<F> small;
  F *W_ih, *W_hh, *W_hr, *zeros;
  F* c;               // [S, Hp]
  F* table;           // what symbols add, [V, Z], where there are some
  F* inputs;          // x's product for the steps ahead, [rows, Z] a thread (one for all by units)
  int64_t input_rows;
  F *dropped, *z, *m, *c_new, *o;  // [GROUP, ...] a thread
  int64_t bytes;

  ForwardMemory(const tt_layer& l, const Sizes<F>& z_, const Choice& choice, void* scratch)
      : ForwardMemory(l, z_, choice, Cutter(scratch)) {}

 private:
  ForwardMemory(const tt_layer& l, const Sizes<F>& s, const Choice& choice, Cutter cut)
      : barrier(cut.cut<Barrier>(1)), small(cut, s, l.weights) {
    const bool two_passes = s.lstm && (l.weights.norm_c || l.weights.W_hr);
    W_ih = cut.cut<F>(s.Z * s.C);
    W_hh = cut.cut<F>(s.Z * s.P);
    W_hr = cut.cut<F>(l.weights.W_hr ? s.Pp * s.H : 0);
    zeros = cut.cut<F>(std::max(std::max(s.P, s.H), int64_t(PANEL * W<F>)));
    c = cut.cut<F>(s.lstm ? s.S * s.Hp : 0);
    const int64_t owners = choice.by_units ? 1 : choice.threads, step_rows = up(s.S, owners) + TOGETHER;
    table = cut.cut<F>(l.table ? l.V * s.Z : 0);
    // Rows of a table are copied, not made: a step's are enough at once.
    input_rows = !choice.inputs_ahead ? 0 : l.table ? step_rows : std::max(AHEAD, step_rows);
    inputs = cut.cut<F>(owners * input_rows * s.Z);
    const int64_t rows = choice.threads * GROUP;
    dropped = cut.cut<F>(l.drop_h.data ? rows * s.P : 0);
    z = cut.cut<F>(l.weights.norm_ih ? rows * s.Z : 0);
    m = cut.cut<F>(two_passes ? rows * s.Hp : 0);
    c_new = cut.cut<F>(two_passes ? rows * s.Hp : 0);
    o = cut.cut<F>(two_passes ? rows * s.Hp : 0);
    bytes = cut.used();
  }
};

template <class F>
class ForwardWorker {
 public:
  ForwardWorker(const tt_layer& layer, const ForwardMemory<F>& memory, const Choice& choice, Share share)
      : l(layer), s(layer), w(layer.weights), m(memory), share_(share), packed_(choice.packed), ahead_(choice.inputs_ahead),
        norm_(w.norm_ih), two_passes_(s.lstm && (w.norm_c || w.W_hr)), tape_(s, s.N, l.gates, l.cells, l.norms) {
    std::tie(panel_from_, panel_until_) = share.by_units ? share.part(s.panels) : std::pair<int64_t, int64_t>(0, s.panels);
    inputs_ = m.inputs + (share.by_units ? 0 : share.thread * m.input_rows * s.Z);
    const int64_t row = share.thread * GROUP;
    dropped_ = m.dropped + row * s.P;
    z_ = m.z + row * s.Z;
    m_ = m.m + row * s.Hp;
    c_new_ = m.c_new + row * s.Hp;
    o_ = m.o + row * s.Hp;
  }

  void run() {
    pack();
    enter();
    share_.wait();
    steps();
    leave();
  }

  // One step with weights that `pack` has packed before, or with weights as they came.
  void run_packed() {
    enter();
    steps();
    leave();
  }
  void run_unpacked() {
    pack_small();
    run_packed();
  }

  void pack() {
    const auto [from, until] = share_.part(s.panels);
    pack_gates<F>(s, static_cast<const F*>(w.W_ih), s.C, m.W_ih, from, until);
    pack_gates<F>(s, static_cast<const F*>(w.W_hh), s.P, m.W_hh, from, until);
    if (l.table) {
      const auto [symbol_from, symbol_until] = share_.part(l.V);
      pack_table<F>(l, s, m.table, symbol_from, symbol_until);
    }
    if (share_.thread != 0) return;
    pack_small();
    if (w.W_hr) pack_rows<F>(static_cast<const F*>(w.W_hr), s.P, s.H, m.W_hr);
  }

 private:
  static constexpr int64_t WIDE = PANEL * W<F>;

  void pack_small() {
    SmallWeights<F> small = m.small;
    small.pack(s, w);
    std::fill_n(m.zeros, std::max(std::max(s.P, s.H), WIDE), F(0));
  }

  void steps() {
    for (int64_t j = 0; j < s.T;) {
      if (ahead_) {
        j = steps_with_inputs_ahead(j);
      } else {
        step(j, nullptr);
        ++j;
      }
    }
  }

  // The cell states of this thread's sequences before their first step.
  void enter() {
    if (!s.lstm) return;
    share_.each_sequence(s.S, [&](int64_t q) {
      const F* c0 = l.enters[q] ? static_cast<const F*>(l.c0) + l.row[q] * s.H : nullptr;
      F* c = m.c + q * s.Hp;
      std::fill_n(c, s.Hp, F(0));
      if (c0) std::copy_n(c0, s.H, c);
    });
  }

  int64_t steps_with_inputs_ahead(int64_t from) {
    int64_t rows = 0, until = from;
    while (until < s.T && (rows == 0 || rows + own_rows(until) <= m.input_rows)) rows += own_rows(until++);
    l.table ? input_symbols(from, rows) : input_products(from, rows);
    for (int64_t j = from, done = 0; j < until; done += own_rows(j++)) step(j, inputs_ + done * s.Z);
    return until;
  }

  int64_t own_rows(int64_t j) const { return share_.rows(running(l, j)); }
  int64_t sequence(int64_t i) const { return share_.sequence(i); }

  // x W_ih^T (and the bias, where nothing is normalised) of this thread's `rows` next rows from step j on.
  void input_products(int64_t j, int64_t rows) {
    int64_t i = 0;
    for (int64_t first = 0; first < rows; first += AHEAD) {
      const int64_t count = std::min(AHEAD, rows - first);
      const F* xs[AHEAD];
      for (int64_t k = 0; k < count; ++k, ++i) {
        while (i == own_rows(j)) i = 0, ++j;
        xs[k] = place<F>(l, l.x, sequence(i), j);
      }
      for (int64_t panel = panel_from_; panel < panel_until_; ++panel)
        product(OF_X, panel, count, xs, norm_ ? m.zeros : m.small.bias + panel * WIDE, 0,
                inputs_ + first * s.Z + panel * WIDE, s.Z);
    }
  }

  // The same where inputs are symbols: rows of the table.
  void input_symbols(int64_t j, int64_t rows) {
    const int64_t from = panel_from_ * WIDE, count = (panel_until_ - panel_from_) * WIDE;
    for (int64_t k = 0, i = 0; k < rows; ++k, ++i) {
      while (i == own_rows(j)) i = 0, ++j;
      std::copy_n(m.table + symbol(l, sequence(i), j) * s.Z + from, count, inputs_ + k * s.Z + from);
    }
  }

  enum Factor { OF_X, OF_H, OF_M };

  Terms<F> terms(Factor which, int64_t panel, const F* const* rows) const {
    const int64_t K = which == OF_X ? s.C : which == OF_H ? s.P : s.H;
    const F* packed = which == OF_X ? m.W_ih : which == OF_H ? m.W_hh : m.W_hr;
    return {rows, K, packed + panel * K * WIDE};
  }

  // z = start + rows times one panel of W_ih, W_hh or W_hr.
  void product(Factor which, int64_t panel, int64_t count, const F* const* rows, const F* start, int64_t start_row, F* z,
               int64_t z_row) const {
    if (packed_)
      return rows_times_panel<F>(count, {terms(which, panel, rows), {}, start, start_row}, z, z_row);
    const int64_t K = which == OF_X ? s.C : which == OF_H ? s.P : s.H;
    const F* weights = static_cast<const F*>(which == OF_X ? w.W_ih : which == OF_H ? w.W_hh : w.W_hr);
    const F* columns[WIDE];
    for (int64_t n = 0; n < WIDE; ++n) {
      const int64_t block = panel * PANEL + n / W<F>, p = panel * WIDE + n;
      const int64_t u = s.block_unit(block) + n % W<F>;
      const bool there = which == OF_M ? p < s.P : u < s.H;
      columns[n] = there ? weights + (which == OF_M ? p : s.block_gate(block) * s.H + u) * K : nullptr;
    }
    rows_times_columns<F>(count, rows, K, columns, start, start_row, z, z_row);
  }

  void step(int64_t j, const F* inputs) {
    const int64_t rows = own_rows(j);
    for (int64_t first = 0; first < rows; first += GROUP)
      group(j, first, std::min(GROUP, rows - first), inputs ? inputs + first * s.Z : nullptr);
    share_.wait_between_steps();
  }

  void group(int64_t j, int64_t first, int64_t count, const F* inputs) {
    ForwardRow<F> rows[GROUP];
    const F *xs[GROUP], *hs[GROUP];
    for (int64_t k = 0; k < count; ++k) {
      rows[k] = describe(j, sequence(first + k), k);
      xs[k] = place<F>(l, l.x, sequence(first + k), j);
      hs[k] = l.drop_h.data ? dropped(rows[k].h, sequence(first + k), j, dropped_ + k * s.P) : rows[k].h;
    }
    if (norm_) {
      normalised_sums(j, first, count, hs, const_cast<F*>(inputs), rows);
    } else {
      for (int64_t panel = panel_from_; panel < panel_until_; ++panel) summed_panel(panel, count, xs, hs, inputs, rows);
    }
    if (two_passes_) {
      for (int64_t k = 0; k < count; ++k) second_pass(rows[k]);
      if (w.W_hr) project(rows, count);
    }
  }

  ForwardRow<F> describe(int64_t j, int64_t q, int64_t k) const {
    const int64_t at = l.offset[j] + q;
    ForwardRow<F> r{};
    r.h = j > 0 ? place<F>(l, l.y, q, j - 1) : l.enters[q] ? static_cast<const F*>(l.h0) + l.row[q] * s.P : m.zeros;
    r.c = s.lstm ? m.c + q * s.Hp : nullptr;
    r.y = place<F>(l, l.y, q, j);
    r.gates = tape_.gates ? tape_.gates + at * s.Z : nullptr;
    r.cells = tape_.cells ? tape_.cells + at * s.Hp : nullptr;
    r.scale = tape_.scale ? tape_.scale + at * 2 : nullptr;
    r.zone_c = l.zone_c.data ? place<F>(l, l.zone_c, q, j) : nullptr;
    r.zone_h = l.zone_h.data ? place<F>(l, l.zone_h, q, j) : nullptr;
    if (two_passes_) r.m = m_ + k * s.Hp, r.c_new = c_new_ + k * s.Hp, r.o = o_ + k * s.Hp;
    return r;
  }

  const F* dropped(const F* h, int64_t q, int64_t j, F* to) const {
    const F* factor = place<F>(l, l.drop_h, q, j);
    for (int64_t u = 0; u < s.P; ++u) to[u] = h[u] * factor[u];
    return to;
  }

  // One panel of the summed inputs of a group of rows, and what the cell makes of it.
  void summed_panel(int64_t panel, int64_t count, const F* const* xs, const F* const* hs, const F* inputs,
                    const ForwardRow<F>* rows) const {
    alignas(64) F z[GROUP * WIDE];
    const F* bias = m.small.bias + panel * WIDE;
    if (inputs) {
      product(OF_H, panel, count, hs, inputs + panel * WIDE, s.Z, z, WIDE);
    } else if (packed_) {
      rows_times_panel<F>(count, {terms(OF_X, panel, xs), terms(OF_H, panel, hs), bias, 0}, z, WIDE);
    } else {
      product(OF_X, panel, count, xs, bias, 0, z, WIDE);
      product(OF_H, panel, count, hs, z, WIDE, z, WIDE);
    }
    units(rows, count, panel, z, WIDE);
  }

  // LSTM: a = LN(x's; norm_ih) + LN(h's; norm_hh) + b.  Elman: a = LN(x's + h's; norm_ih) + b.
  void normalised_sums(int64_t j, int64_t first, int64_t count, const F* const* hs, F* inputs, ForwardRow<F>* rows) {
    for (int64_t panel = 0; panel < s.panels; ++panel) {
      const F* start = s.lstm ? m.zeros : inputs + panel * WIDE;
      product(OF_H, panel, count, hs, start, s.lstm ? 0 : s.Z, z_ + panel * WIDE, s.Z);
    }
    for (int64_t k = 0; k < count; ++k) {
      const int64_t at = l.offset[j] + sequence(first + k);
      F *z = z_ + k * s.Z, *x = inputs + k * s.Z;
      F *n_x = tape_.n_ih ? tape_.n_ih + at * s.Z : nullptr, *n_h = tape_.n_hh ? tape_.n_hh + at * s.Z : nullptr;
      const auto [x_scale, h_scale] = join_normalised<F>(s, m.small, x, z, n_x, n_h, z);
      if (rows[k].scale) rows[k].scale[0] = x_scale, rows[k].scale[1] = h_scale;
    }
    for (int64_t panel = 0; panel < s.panels; ++panel) units(rows, count, panel, z_ + panel * WIDE, s.Z);
  }

  // What the cell makes of one panel's summed inputs, rows `z_row` apart, which are overwritten.
  void units(const ForwardRow<F>* rows, int64_t count, int64_t panel, F* z, int64_t z_row) const {
    if (!s.lstm) {
      for (int64_t k = 0; k < count; ++k) elman_units(rows[k], panel, z + k * z_row);
    } else if (!w.peep && !l.zone_c.data && !l.zone_h.data) {
      plain_lstm_units(rows, count, panel, z, z_row);
    } else {
      for (int64_t k = 0; k < count; ++k) lstm_unit(rows[k], panel, z + k * z_row);
    }
  }

  // Without peepholes and zoneout. Two loops, so that a processor has several rows' gates in work at once: the chain of
  // operations from z to y is longer than what it holds at a time.
  void plain_lstm_units(const ForwardRow<F>* rows, int64_t count, int64_t panel, F* z, int64_t z_row) const {
    const int64_t u = panel * W<F>;
    for (int64_t k = 0; k < count; ++k) {
      const ForwardRow<F>& r = rows[k];
      F* sums = z + k * z_row;
      const Gates<F> gates = plain_gates<F>(sums, load<F>(r.c + u));
      store<F>(r.c + u, gates.c_new);
      store<F>(two_passes_ ? r.o + u : sums, gates.o);
      store<F>(two_passes_ ? r.c_new + u : sums + W<F>, gates.c_new);
      if (r.gates) keep_gates<F>(r.gates + panel * WIDE, gates);
      if (r.cells) store<F>(r.cells + u, gates.c_new);
    }
    const int64_t real = s.count(u);
    for (int64_t k = 0; k < count && !two_passes_; ++k)
      store_some<F>(rows[k].y + u, load<F>(z + k * z_row) * tanh<F>(load<F>(z + k * z_row + W<F>)), real);
  }

  void lstm_unit(const ForwardRow<F>& r, int64_t panel, const F* z) const {
    const int64_t u = panel * W<F>, count = s.count(u);
    const Vec<F> c_old = load<F>(r.c + u);
    const Gates<F> gates = lstm_gates<F>(z, c_old, m.small, u);
    if (r.gates) keep_gates<F>(r.gates + panel * WIDE, gates);
    const Vec<F> c = zoned<F>(r.zone_c ? r.zone_c + u : nullptr, count, c_old, gates.c_new);
    store<F>(r.c + u, c);
    if (r.cells) store<F>(r.cells + u, c);
    if (two_passes_) {
      store<F>(r.c_new + u, gates.c_new);
      store<F>(r.o + u, gates.o);
    } else {
      output(r, u, count, gates.o * tanh<F>(gates.c_new));
    }
  }

  void elman_units(const ForwardRow<F>& r, int64_t panel, const F* z) const {
    for (int64_t q = 0; q < PANEL; ++q) {
      const int64_t u = (panel * PANEL + q) * W<F>;
      if (u >= s.H) {  // the panel's last blocks: a tape is written whole
        if (r.gates) store<F>(r.gates + u, Vec<F>{});
        continue;
      }
      const Vec<F> h = squash<F>(l.cell, load<F>(z + q * W<F>));
      if (r.gates) store<F>(r.gates + u, h);
      output(r, u, s.count(u), h);
    }
  }

  void output(const ForwardRow<F>& r, int64_t u, int64_t count, Vec<F> h) const {
    const Vec<F> old_h = r.zone_h ? load_some<F>(r.h + u, count) : Vec<F>{};
    store_some<F>(r.y + u, zoned<F>(r.zone_h ? r.zone_h + u : nullptr, count, old_h, h), count);
  }

  // m = o tanh(c~), c~ normalised or not; without a projection m is the output.
  void second_pass(const ForwardRow<F>& r) const {
    Norm<F> norm{};
    if (w.norm_c) norm = norm_of<F>(r.c_new, s.unit_blocks, F(s.H), [&](int64_t b) { return s.count(b * W<F>); });
    for (int64_t u = 0; u < s.Hp; u += W<F>) {
      Vec<F> a = load<F>(r.c_new + u);
      if (w.norm_c) a = norm.of(a, s.count(u)) * load<F>(m.small.norm_c + u) + load<F>(m.small.norm_c_bias + u);
      const Vec<F> out = load<F>(r.o + u) * tanh<F>(a);
      if (w.W_hr)
        store<F>(r.m + u, out);
      else
        output(r, u, s.count(u), out);
    }
  }

  void project(const ForwardRow<F>* rows, int64_t count) const {
    const F* ms[GROUP];
    for (int64_t k = 0; k < count; ++k) ms[k] = rows[k].m;
    for (int64_t panel = 0; panel * WIDE < s.P; ++panel) {
      alignas(64) F h[GROUP * WIDE];
      product(OF_M, panel, count, ms, m.zeros, 0, h, WIDE);
      for (int64_t k = 0; k < count; ++k)
        for (int64_t u = panel * WIDE; u < std::min(s.P, (panel + 1) * WIDE); u += W<F>)
          output(rows[k], u, std::min<int64_t>(W<F>, s.P - u), load<F>(h + k * WIDE + u - panel * WIDE));
    }
  }

  void leave() {
    share_.each_sequence(s.S, [&](int64_t q) {
      if (!l.leaves[q]) return;
      std::copy_n(place<F>(l, l.y, q, l.length[q] - 1), s.P, static_cast<F*>(l.h_n) + l.row[q] * s.P);
      if (s.lstm) std::copy_n(m.c + q * s.Hp, s.H, static_cast<F*>(l.c_n) + l.row[q] * s.H);
    });
  }

  const tt_layer& l;
  const Sizes<F> s;
  const tt_weights& w;
  const ForwardMemory<F>& m;
  const Share share_;
  const bool packed_, ahead_, norm_, two_passes_;
  const Tape<F> tape_;
  int64_t panel_from_, panel_until_;
  F *inputs_, *dropped_, *z_, *m_, *c_new_, *o_;
};

}  // namespace tt::TT_SET
