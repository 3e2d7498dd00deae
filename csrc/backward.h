// The backward pass of one direction, from the last step to the first, a chunk of real steps at a time:
//
//   every step      da from dh, dc and the gates, pointwise;  dh = da W_hh of the step before
//   every chunk     dx = da W_ih,  dW_ih += da^T x,  dW_hh += da^T (h drop_h),  db += da
//
// so that da lives only as long as it stays in the caches. Weights' gradients are summed over real steps in one order,
// whoever computes them: they do not depend on the number of threads (those of peepholes and norms do).
#pragma once

#include "cell.h"

namespace tt::TT_SET {

template <class F>
struct BackwardRow {
  const F *gates, *c_old, *dy, *zone_c, *zone_h;
  const F *n_ih, *n_hh, *scale;
  F *dh, *dc;
  F *dm_h, *dm, *c_new, *r, *du;  // scratch of the row, where a projection or a norm comes after the gates
  int64_t k;                      // its place in the chunk
};

// Scratch of a backward pass, cut into parts. "Blocks" are [block][rows of the chunk][W].
template <class F>
struct BackwardMemory {
  Barrier* barrier;
  SmallWeights<F> small;
  F *W_ih, *W_hh;                // packed as forward, where gates are made again
  F *back_ih, *back_hh, *back_hr;  // packed for dx, dh, dm
  F *zeros, *dh, *dc;            // [S, Pp], [S, Hp]
  int64_t rows, wide_H;          // of a chunk; H padded to whole panels
  int64_t apart;                 // from block to block: an odd number of cache lines, so that they fall apart in the caches
  F *da, *ds, *dp;               // blocks: of the summed inputs, of the two products before they were normalised
  F *x, *h, *m, *dm_h;           // blocks: the other factors of the weights' gradients
  F *gates, *n_ih, *n_hh, *scale;  // of a chunk, where they are made again
  F *row_dm_h, *row_dm, *row_c_new, *row_r, *row_du, *dropped;  // [GROUP, ...] a thread
  F* sums;                       // gradients of small weights, [sums_size] a thread
  int64_t sums_size, bytes;

  BackwardMemory(const tt_layer& l, const Sizes<F>& sizes, const Choice& choice, void* scratch)
      : BackwardMemory(l, sizes, choice, Cutter(scratch)) {}

 private:
  BackwardMemory(const tt_layer& l, const Sizes<F>& s, const Choice& choice, Cutter cut)
      : barrier(cut.cut<Barrier>(1)), small(cut, s, l.weights) {
    const tt_weights& w = l.weights;
    const bool again = !l.gates, after = s.lstm && (w.norm_c || w.W_hr);
    wide_H = up(s.H, PANEL * W<F>) * PANEL * W<F>;
    W_ih = cut.cut<F>(again ? s.Z * s.C : 0);
    W_hh = cut.cut<F>(again ? s.Z * s.P : 0);
    back_ih = cut.cut<F>(l.dx.data ? s.blocks * W<F> * s.Cp : 0);
    back_hh = cut.cut<F>(s.blocks * W<F> * s.Pp);
    back_hr = cut.cut<F>(w.W_hr ? s.P * wide_H : 0);
    zeros = cut.cut<F>(std::max(std::max(s.P, s.H), int64_t(PANEL * W<F>)));
    dh = cut.cut<F>(s.S * s.Pp);
    dc = cut.cut<F>(s.lstm ? s.S * s.Hp : 0);
    rows = std::min(std::max(chunk_rows(s.H), s.S), s.N);
    apart = (up(rows * VECTOR_BYTES, 64) | 1) * 64 / int64_t(sizeof(F));
    da = cut.cut<F>(s.Z / W<F> * apart);
    ds = w.norm_ih ? cut.cut<F>(s.Z / W<F> * apart) : da;
    dp = w.norm_ih && s.lstm ? cut.cut<F>(s.Z / W<F> * apart) : ds;
    x = cut.cut<F>(up(s.C, W<F>) * apart);
    h = cut.cut<F>(up(s.P, W<F>) * apart);
    m = cut.cut<F>(w.W_hr ? s.unit_blocks * apart : 0);
    dm_h = cut.cut<F>(w.W_hr ? up(s.P, W<F>) * apart : 0);
    gates = cut.cut<F>(again ? rows * s.Z : 0);
    n_ih = cut.cut<F>(again && w.norm_ih ? rows * s.Z : 0);
    n_hh = s.lstm ? cut.cut<F>(again && w.norm_ih ? rows * s.Z : 0) : n_ih;
    scale = cut.cut<F>(again && w.norm_ih ? rows * 2 : 0);
    const int64_t groups = choice.threads * GROUP;
    row_dm_h = cut.cut<F>(w.W_hr ? groups * s.P : 0);
    row_dm = cut.cut<F>(after ? groups * wide_H : 0);
    row_c_new = cut.cut<F>(w.norm_c ? groups * s.Hp : 0);
    row_r = cut.cut<F>(w.norm_c ? groups * s.Hp : 0);
    row_du = cut.cut<F>(w.norm_c ? groups * s.Hp : 0);
    dropped = cut.cut<F>(l.drop_h.data ? groups * s.P : 0);
    sums_size = (w.peep ? 3 * s.Hp : 0) + (w.norm_ih ? 2 * s.Z : 0) + (w.norm_c ? 2 * s.Hp : 0);
    sums = cut.cut<F>(choice.threads * sums_size);
    bytes = cut.used();
  }
};

template <class F>
class BackwardWorker {
 public:
  BackwardWorker(const tt_layer& layer, const BackwardMemory<F>& memory, const Choice&, Share share)
      : l(layer), s(layer), w(layer.weights), d(layer.d_weights), m(memory), share_(share), again_(!l.gates),
        after_(s.lstm && (w.norm_c || w.W_hr)),
        plain_(s.lstm && !w.peep && !l.zone_c.data && !l.zone_h.data),
        tape_(s, s.N, l.gates, l.cells, l.norms) {
    // By units there is no projection: a vector of outputs is a block of units.
    const int64_t vectors = up(s.P, W<F>);
    std::tie(vector_from_, vector_until_) =
        share.by_units ? share.part(vectors, PASS_VECTORS) : std::pair<int64_t, int64_t>(0, vectors);
    block_from_ = share.by_units ? vector_from_ : 0;
    block_until_ = share.by_units ? vector_until_ : s.unit_blocks;
    for (int64_t q = 0; q < s.S; ++q) any_enters_ = any_enters_ || l.enters[q];
    F* sums = m.sums + share.thread * m.sums_size;
    if (w.peep) sum_peep_ = sums, sums += 3 * s.Hp;
    if (w.norm_ih) sum_norm_ih_ = sums, sum_norm_hh_ = sums + s.Z, sums += 2 * s.Z;
    if (w.norm_c) sum_norm_c_ = sums, sum_norm_c_bias_ = sums + s.Hp;
  }

  void run() {
    prepare();
    share_.wait();
    for (int64_t until = s.T; until > 0;) until = chunk(until);
    leave();
  }

 private:
  static constexpr int64_t WIDE = PANEL * W<F>;

  void prepare() {
    const int64_t K = s.blocks * W<F>;
    auto [from, until] = share_.part(K);
    pack_back<F>(s, static_cast<const F*>(w.W_hh), s.P, m.back_hh, from, until);
    if (l.dx.data) pack_back<F>(s, static_cast<const F*>(w.W_ih), s.C, m.back_ih, from, until);
    if (again_) {
      std::tie(from, until) = share_.part(s.panels);
      pack_gates<F>(s, static_cast<const F*>(w.W_ih), s.C, m.W_ih, from, until);
      pack_gates<F>(s, static_cast<const F*>(w.W_hh), s.P, m.W_hh, from, until);
    }
    if (share_.thread == 0) {
      SmallWeights<F> small = m.small;
      small.pack(s, w);
      if (w.W_hr)
        for (int64_t p = 0; p < s.P; ++p) pack_line<F>(static_cast<const F*>(w.W_hr) + p * s.H, s.H, p, s.P, m.back_hr);
      std::fill_n(m.zeros, std::max(std::max(s.P, s.H), WIDE), F(0));
    }
    std::fill_n(m.sums + share_.thread * m.sums_size, m.sums_size, F(0));
    for (int64_t q = share_.thread; q < s.S; q += share_.threads) {
      start(m.dh + q * s.Pp, s.Pp, s.P, l.dh_n, q);
      if (s.lstm) start(m.dc + q * s.Hp, s.Hp, s.H, l.dc_n, q);
    }
  }

  void start(F* to, int64_t padded, int64_t units, const void* last, int64_t q) const {
    std::fill_n(to, padded, F(0));
    if (last && l.leaves[q]) std::copy_n(static_cast<const F*>(last) + l.row[q] * units, units, to);
  }

  // The steps before `until` that fill a chunk; returns the first of them.
  int64_t chunk(int64_t until) {
    int64_t from = until - 1;
    while (from > 0 && l.offset[until] - l.offset[from - 1] <= m.rows) --from;
    base_ = l.offset[from];
    const int64_t rows = l.offset[until] - base_;
    if (again_) {
      make_gates_again(from, rows);
      share_.wait();
    }
    for (int64_t j = until - 1; j >= from; --j) step(j);
    share_.wait();
    gather_factors(from, rows);
    if (l.dx.data) input_gradients(from, rows);
    share_.wait();
    weight_gradients(rows, until < s.T);
    share_.wait();
    return from;
  }

  // Calls visit(k, j, q) for this thread's part of the chunk's real steps: sequence q at step j, k-th of the chunk.
  template <class Visit>
  void each_of_part(int64_t j, int64_t rows, Visit visit) const {
    const auto [from, until] = share_.part(rows, MOST_ROWS);
    for (int64_t k = from; k < until; ++k) {
      while (l.offset[j + 1] - base_ <= k) ++j;
      visit(k, j, k - (l.offset[j] - base_));
    }
  }

  const F* h_before(int64_t j, int64_t q) const {
    return j > 0 ? place<F>(l, l.y, q, j - 1) : l.enters[q] ? static_cast<const F*>(l.h0) + l.row[q] * s.P : m.zeros;
  }
  const F* c_before(int64_t j, int64_t q) const {
    if (!s.lstm) return nullptr;
    if (j > 0) return tape_.cells + (l.offset[j - 1] + q) * s.Hp;
    return l.enters[q] ? static_cast<const F*>(l.c0) + l.row[q] * s.H : m.zeros;
  }

  // --- gates once more, from x, y and c: one product for all steps of the chunk ---

  void make_gates_again(int64_t j, int64_t rows) {
    const F *xs[GROUP], *hs[GROUP], *cs[GROUP];
    int64_t first = 0, count = 0;
    each_of_part(j, rows, [&](int64_t k, int64_t step, int64_t q) {
      if (count == 0) first = k;
      xs[count] = place<F>(l, l.x, q, step);
      hs[count] = h_before(step, q);
      if (l.drop_h.data) {
        F* to = m.dropped + (share_.thread * GROUP + count) * s.P;
        const F* factor = place<F>(l, l.drop_h, q, step);
        for (int64_t u = 0; u < s.P; ++u) to[u] = hs[count][u] * factor[u];
        hs[count] = to;
      }
      cs[count] = c_before(step, q);
      if (++count == GROUP) {
        group_again(first, count, xs, hs, cs);
        count = 0;
      }
    });
    if (count) group_again(first, count, xs, hs, cs);
  }

  void group_again(int64_t first, int64_t count, const F* const* xs, const F* const* hs, const F* const* cs) {
    const bool apart = w.norm_ih && s.lstm;  // the two products are normalised each on its own
    F* z = w.norm_ih ? m.n_hh + first * s.Z : m.gates + first * s.Z;
    for (int64_t panel = 0; panel < s.panels; ++panel) {
      const int64_t wide = panel * WIDE;
      Terms<F> of_x{xs, s.C, m.W_ih + wide * s.C}, of_h{hs, s.P, m.W_hh + wide * s.P};
      const F* start = w.norm_ih ? m.zeros : m.small.bias + wide;
      if (apart) rows_times_panel<F>(count, {of_x, {}, start, 0}, m.n_ih + first * s.Z + wide, s.Z), of_x.K = 0;
      rows_times_panel<F>(count, {of_x, of_h, start, 0}, z + wide, s.Z);
    }
    for (int64_t k = 0; k < count; ++k) {
      F* gates = m.gates + (first + k) * s.Z;
      if (w.norm_ih) {
        F *x = m.n_ih + (first + k) * s.Z, *h = z + k * s.Z, *scale = m.scale + 2 * (first + k);
        std::tie(scale[0], scale[1]) = join_normalised<F>(s, m.small, x, h, x, h, gates);
      }
      for (int64_t b = 0; b < s.unit_blocks; ++b) {
        const int64_t u = b * W<F>;
        if (s.lstm)
          keep_gates<F>(gates + b * WIDE,
                        lstm_gates<F>(gates + b * WIDE, load_some<F>(cs[k] + u, s.count(u)), m.small, u));
        else
          store<F>(gates + u, squash<F>(l.cell, load<F>(gates + u)));
      }
    }
  }

  // --- one step back ---

  void step(int64_t j) {
    const int64_t rows = share_.rows(running(l, j));
    for (int64_t first = 0; first < rows; first += GROUP) pointwise(j, first, std::min(GROUP, rows - first));
    share_.wait_between_steps();
    if (j == 0 && !any_enters_) return;
    for (int64_t first = 0; first < rows; first += GROUP) to_step_before(j, first, std::min(GROUP, rows - first));
  }

  int64_t sequence(int64_t i) const { return share_.first_row() + i * share_.row_step(); }

  BackwardRow<F> describe(int64_t j, int64_t q, int64_t i) const {
    const int64_t at = l.offset[j] + q, own = share_.thread * GROUP + i;
    BackwardRow<F> r{};
    r.k = at - base_;
    r.gates = again_ ? m.gates + r.k * s.Z : tape_.gates + at * s.Z;
    if (w.norm_ih) {
      r.n_ih = again_ ? m.n_ih + r.k * s.Z : tape_.n_ih + at * s.Z;
      r.n_hh = again_ ? m.n_hh + r.k * s.Z : tape_.n_hh + at * s.Z;
      r.scale = again_ ? m.scale + r.k * 2 : tape_.scale + at * 2;
    }
    r.c_old = c_before(j, q);
    r.dy = l.dy.data ? place<F>(l, l.dy, q, j) : m.zeros;
    r.zone_c = l.zone_c.data ? place<F>(l, l.zone_c, q, j) : nullptr;
    r.zone_h = l.zone_h.data ? place<F>(l, l.zone_h, q, j) : nullptr;
    r.dh = m.dh + q * s.Pp;
    r.dc = s.lstm ? m.dc + q * s.Hp : nullptr;
    if (w.W_hr) r.dm_h = m.row_dm_h + own * s.P;
    if (after_) r.dm = m.row_dm + own * m.wide_H;
    if (w.norm_c) r.c_new = m.row_c_new + own * s.Hp, r.r = m.row_r + own * s.Hp, r.du = m.row_du + own * s.Hp;
    return r;
  }

  void pointwise(int64_t j, int64_t first, int64_t count) {
    BackwardRow<F> rows[GROUP];
    for (int64_t i = 0; i < count; ++i) rows[i] = describe(j, sequence(first + i), i);
    if (after_) through_output(rows, count);
    for (int64_t b = block_from_; b < block_until_; ++b) {
      if (plain_ && s.count(b * W<F>) == W<F>)
        plain_lstm_units(rows, count, b);
      else
        for (int64_t i = 0; i < count; ++i) s.lstm ? lstm_unit(rows[i], b) : elman_unit(rows[i], b);
    }
    for (int64_t i = 0; w.norm_ih && i < count; ++i) through_norms(rows[i]);
  }

  // What of h_t's gradient reaches what the step made; the rest, which zoneout lets through, stays in dh.
  Vec<F> made(const BackwardRow<F>& r, int64_t u, int64_t count) const {
    const Vec<F> dh = load<F>(r.dh + u) + load_some<F>(r.dy + u, count);
    if (!r.zone_h) return dh;
    const Vec<F> share = load_some<F>(r.zone_h + u, count);
    store<F>(r.dh + u, share * dh);
    return (F(1) - share) * dh;
  }

  // From the gradient of h~ to that of m = o r, through a projection; and through the norm of c~.
  void through_output(const BackwardRow<F>* rows, int64_t count) {
    for (int64_t i = 0; i < count; ++i)
      for (int64_t u = 0; u < s.P; u += W<F>) {
        const int64_t some = std::min<int64_t>(W<F>, s.P - u);
        const Vec<F> dh = only_units<F>(made(rows[i], u, some), some);
        store_some<F>((w.W_hr ? rows[i].dm_h : rows[i].dm) + u, dh, some);
        if (w.W_hr) store<F>(m.dm_h + u / W<F> * m.apart + rows[i].k * W<F>, dh);
      }
    if (w.W_hr) through_projection(rows, count);
    if (w.norm_c)
      for (int64_t i = 0; i < count; ++i) through_cell_norm(rows[i]);
  }

  void through_projection(const BackwardRow<F>* rows, int64_t count) {
    const F* dms[GROUP];
    for (int64_t i = 0; i < count; ++i) dms[i] = rows[i].dm_h;
    for (int64_t panel = 0; panel * WIDE < m.wide_H; ++panel) {
      const Terms<F> terms{dms, s.P, m.back_hr + panel * s.P * WIDE};
      rows_times_panel<F>(count, {terms, {}, m.zeros, 0}, rows[0].dm + panel * WIDE, m.wide_H);
    }
  }

  void through_cell_norm(const BackwardRow<F>& r) {
    const auto count = [&](int64_t b) { return s.count(b * W<F>); };
    for (int64_t u = 0; u < s.Hp; u += W<F>) store<F>(r.c_new + u, c_new(r, u));
    const Norm<F> norm = norm_of<F>(r.c_new, s.unit_blocks, F(s.H), count);
    for (int64_t u = 0; u < s.Hp; u += W<F>) {
      const Vec<F> n = norm.of(load<F>(r.c_new + u), s.count(u)), gain = load<F>(m.small.norm_c + u);
      const Vec<F> squashed = tanh<F>(n * gain + load<F>(m.small.norm_c_bias + u));
      const Vec<F> o = load<F>(r.gates + u / W<F> * WIDE + 3 * W<F>);
      const Vec<F> dm = only_units<F>(load<F>(r.dm + u), s.count(u)), du = dm * o * (F(1) - squashed * squashed);
      store<F>(sum_norm_c_ + u, load<F>(sum_norm_c_ + u) + du * n);
      store<F>(sum_norm_c_bias_ + u, load<F>(sum_norm_c_bias_ + u) + du);
      store<F>(r.c_new + u, n);
      store<F>(r.r + u, squashed);
      store<F>(r.du + u, du * gain);
    }
    normalise_backward(
        s.unit_blocks, F(s.H), r.c_new, norm.scale, [&](int64_t b) { return load<F>(r.du + b * W<F>); },
        [&](int64_t b, Vec<F> v) { store<F>(r.du + b * W<F>, only_units<F>(v, count(b))); });
  }

  // c~ of W units, from the gates and the state before.
  Vec<F> c_new(const BackwardRow<F>& r, int64_t u) const {
    const F* z = r.gates + u / W<F> * WIDE;
    return next_cell<F>(load<F>(z), load<F>(z + W<F>), load<F>(z + 2 * W<F>), load_some<F>(r.c_old + u, s.count(u)));
  }

  // W whole units without peepholes and zoneout: `lstm_unit`, less what it would not do.
  void plain_lstm_units(const BackwardRow<F>* rows, int64_t count, int64_t b) const {
    const int64_t u = b * W<F>;
    for (int64_t k = 0; k < count; ++k) {
      const BackwardRow<F>& r = rows[k];
      const F* z = r.gates + b * WIDE;
      const Vec<F> i = load<F>(z), f = load<F>(z + W<F>), g = load<F>(z + 2 * W<F>), o = load<F>(z + 3 * W<F>);
      const Vec<F> c_old = load<F>(r.c_old + u);
      const Vec<F> squashed = r.r ? load<F>(r.r + u) : tanh<F>(next_cell<F>(i, f, g, c_old));
      const Vec<F> dm = after_ ? load<F>(r.dm + u) : load<F>(r.dh + u) + load<F>(r.dy + u);
      const Vec<F> through_m = r.du ? load<F>(r.du + u) : dm * o * (F(1) - squashed * squashed);
      const Vec<F> dc = load<F>(r.dc + u) + through_m;
      F* da = m.da + b * PANEL * m.apart + r.k * W<F>;
      store<F>(da, dc * g * i * (F(1) - i));
      store<F>(da + m.apart, dc * c_old * f * (F(1) - f));
      store<F>(da + 2 * m.apart, dc * i * (F(1) - g * g));
      store<F>(da + 3 * m.apart, dm * squashed * o * (F(1) - o));
      store<F>(r.dc + u, dc * f);
      if (w.W_hr) store<F>(m.m + b * m.apart + r.k * W<F>, o * squashed);
    }
  }

  void lstm_unit(const BackwardRow<F>& r, int64_t b) {
    const int64_t u = b * W<F>, count = s.count(u);
    const F* z = r.gates + b * WIDE;
    const Vec<F> i = load<F>(z), f = load<F>(z + W<F>), g = load<F>(z + 2 * W<F>), o = load<F>(z + 3 * W<F>);
    const Vec<F> c_old = load_some<F>(r.c_old + u, count), c = next_cell<F>(i, f, g, c_old);
    const Vec<F> squashed = r.r ? load<F>(r.r + u) : tanh<F>(c);
    const Vec<F> dm = after_ ? load<F>(r.dm + u) : made(r, u, count);
    if (w.W_hr) store<F>(m.m + b * m.apart + r.k * W<F>, only_units<F>(o * squashed, count));
    Vec<F> dc = load<F>(r.dc + u), dc_old{};
    if (r.zone_c) {
      const Vec<F> share = load_some<F>(r.zone_c + u, count);
      dc_old = share * dc;
      dc = (F(1) - share) * dc;
    }
    const Vec<F> dzo = dm * squashed * o * (F(1) - o);
    dc += r.du ? load<F>(r.du + u) : dm * o * (F(1) - squashed * squashed);
    if (w.peep) dc += load<F>(m.small.peep_o + u) * dzo;
    const Vec<F> dzi = dc * g * i * (F(1) - i), dzf = dc * c_old * f * (F(1) - f), dzg = dc * i * (F(1) - g * g);
    dc_old += dc * f;
    if (w.peep) {
      dc_old += load<F>(m.small.peep_i + u) * dzi + load<F>(m.small.peep_f + u) * dzf;
      const Vec<F> adds[] = {dzi * c_old, dzf * c_old, dzo * c};
      for (int p = 0; p < 3; ++p)
        store<F>(sum_peep_ + p * s.Hp + u, load<F>(sum_peep_ + p * s.Hp + u) + adds[p]);
    }
    store<F>(r.dc + u, only_units<F>(dc_old, count));
    const Vec<F> dz[] = {dzi, dzf, dzg, dzo};
    for (int q = 0; q < PANEL; ++q)
      store<F>(m.da + (b * PANEL + q) * m.apart + r.k * W<F>, only_units<F>(dz[q], count));
  }

  void elman_unit(const BackwardRow<F>& r, int64_t b) {
    const int64_t u = b * W<F>, count = s.count(u);
    const Vec<F> h = load<F>(r.gates + u), dh = made(r, u, count);
    const Vec<F> da = l.cell == TT_RELU ? (h > F(0) ? dh : Vec<F>{}) : dh * (F(1) - h * h);
    store<F>(m.da + b * m.apart + r.k * W<F>, only_units<F>(da, count));
  }

  // Calls out(b, da) for every block: da = scale (dn - mean(dn) - n mean(dn n)), where dn(b) is the gradient of n.
  template <class Gradient, class Out>
  static void normalise_backward(int64_t blocks, F units, const F* n, F scale, Gradient dn, Out out) {
    Chains<F> total, with_n;
    total.add(blocks, dn);
    with_n.add(blocks, [&](int64_t b) { return dn(b) * load<F>(n + b * W<F>); });
    const F mean = total.total() / units, share = with_n.total() / units;
    for (int64_t b = 0; b < blocks; ++b) out(b, (dn(b) - mean - load<F>(n + b * W<F>) * share) * scale);
  }

  void through_norms(const BackwardRow<F>& r) {
    if (s.lstm) {
      through_norm(r, r.n_ih, m.small.norm_ih, r.scale[0], sum_norm_ih_, m.dp);
      through_norm(r, r.n_hh, m.small.norm_hh, r.scale[1], sum_norm_hh_, m.ds);
    } else {
      through_norm(r, r.n_ih, m.small.norm_ih, r.scale[1], sum_norm_ih_, m.ds);
    }
  }

  void through_norm(const BackwardRow<F>& r, const F* n, const F* gain, F scale, F* sums, F* out) {
    const F* da = m.da + r.k * W<F>;
    const auto block = [&](int64_t b) { return load<F>(da + b * m.apart); };
    out += r.k * W<F>;
    normalise_backward(
        s.blocks, F(s.G * s.H), n, scale, [&](int64_t b) { return block(b) * load<F>(gain + b * W<F>); },
        [&](int64_t b, Vec<F> v) {
          store<F>(sums + b * W<F>, load<F>(sums + b * W<F>) + block(b) * load<F>(n + b * W<F>));
          store<F>(out + b * m.apart, only_units<F>(v, s.count(s.block_unit(b))));
        });
  }

  // dh of the step before += da W_hh, masked where h was.
  void to_step_before(int64_t j, int64_t first, int64_t count) {
    const int64_t q = sequence(first), apart = share_.row_step();
    each_panel(vector_from_, vector_until_, [&](int64_t panel, Vectors vectors) {
      const BlockProduct<F> product{m.ds + (l.offset[j] - base_ + q) * W<F>, m.apart, apart * W<F>, s.blocks,
                                    m.back_hh + panel * s.blocks * W<F> * WIDE};
      if (!l.drop_h.data && !l.zone_h.data)
        return blocks_times_panel<F>(count, product, m.dh + q * s.Pp + panel * WIDE, apart * s.Pp, vectors);
      alignas(64) F z[GROUP * WIDE];
      blocks_times_panel<F>(count, product, z, WIDE, vectors);
      for (int64_t i = 0; i < count; ++i) add_to_state(j, sequence(first + i), panel, vectors, z + i * WIDE);
    });
  }

  // Calls visit(panel, its vectors) for the panels that hold vectors `from` .. `until`.
  template <class Visit>
  static void each_panel(int64_t from, int64_t until, Visit visit) {
    for (int64_t panel = from / PANEL; panel * PANEL < until; ++panel)
      visit(panel, Vectors{int(std::max<int64_t>(from - panel * PANEL, 0)),
                           int(std::min<int64_t>(until - panel * PANEL, PANEL))});
  }

  void add_to_state(int64_t j, int64_t q, int64_t panel, Vectors vectors, const F* z) const {
    F* dh = m.dh + q * s.Pp + panel * WIDE;
    const F* factor = l.drop_h.data ? place<F>(l, l.drop_h, q, j) + panel * WIDE : nullptr;
    for (int64_t at = vectors.from * W<F>; at < vectors.until * W<F>; at += W<F>) {
      const int64_t units = s.P - panel * WIDE - at;
      Vec<F> v = load<F>(z + at);
      if (factor) v = v * load_some<F>(factor + at, units);
      store<F>(dh + at, l.zone_h.data ? load<F>(dh + at) + v : v);
    }
  }

  // --- once a chunk ---

  void gather_factors(int64_t j, int64_t rows) {
    each_of_part(j, rows, [&](int64_t k, int64_t step, int64_t q) {
      gather(place<F>(l, l.x, q, step), s.C, nullptr, k, m.x);
      gather(h_before(step, q), s.P, l.drop_h.data ? place<F>(l, l.drop_h, q, step) : nullptr, k, m.h);
    });
  }

  void gather(const F* row, int64_t columns, const F* factor, int64_t k, F* to) const {
    for (int64_t n = 0; n < columns; n += W<F>) {
      const int64_t some = std::min<int64_t>(W<F>, columns - n);
      Vec<F> v = load_some<F>(row + n, some);
      if (factor) v = v * load_some<F>(factor + n, some);
      store<F>(to + n / W<F> * m.apart + k * W<F>, v);
    }
  }

  // dx of the chunk: shared by columns where there are enough of them, so that each thread reads a part of W_ih.
  void input_gradients(int64_t j, int64_t rows) const {
    const int64_t vectors = up(s.C, W<F>);
    const bool by_columns = vectors >= 4 * PANEL * share_.threads;
    const auto [vector, vector_until] = by_columns ? share_.part(vectors, PANEL) : std::pair<int64_t, int64_t>(0, vectors);
    const auto [from, until] = by_columns ? std::pair<int64_t, int64_t>(0, rows) : share_.part(rows, MOST_ROWS);
    for (int64_t first = from; first < until; first += CHUNK) {
      const int64_t count = std::min(CHUNK, until - first);
      F* dxs[CHUNK];
      for (int64_t k = 0; k < count; ++k) {
        while (l.offset[j + 1] - base_ <= first + k) ++j;
        dxs[k] = place<F>(l, l.dx, first + k - (l.offset[j] - base_), j);
      }
      each_panel(vector, vector_until,
                 [&](int64_t panel, Vectors some) { input_gradient_panel(panel, some, first, count, dxs); });
    }
  }

  void input_gradient_panel(int64_t panel, Vectors vectors, int64_t first, int64_t count, F* const* dxs) const {
    alignas(64) F z[CHUNK * WIDE];
    const BlockProduct<F> product{m.dp + first * W<F>, m.apart, W<F>, s.blocks,
                                  m.back_ih + panel * s.blocks * W<F> * WIDE};
    blocks_times_panel<F>(count, product, z, WIDE, vectors);
    for (int64_t k = 0; k < count; ++k)
      for (int64_t at = 0; at < vectors.until * W<F>; at += W<F>) {
        const int64_t n = panel * WIDE + at;
        store_some<F>(dxs[k] + n, load<F>(z + k * WIDE + at), std::min<int64_t>(W<F>, s.C - n));
      }
  }

  void weight_gradients(int64_t rows, bool add) const {
    const auto [from, until] = share_.part(s.blocks);
    outer(m.dp, from, until, m.x, s.C, rows, static_cast<F*>(d.W_ih), add);
    outer(m.ds, from, until, m.h, s.P, rows, static_cast<F*>(d.W_hh), add);
    if (d.b_ih)
      for (int64_t b = from; b < until; ++b) bias_gradient(b, rows, add);
    if (w.W_hr) {
      const auto [p_from, p_until] = share_.part(up(s.P, W<F>));
      projection_gradient(p_from, p_until, rows, add);
    }
  }

  // d [G H, columns] (+)= a^T b for blocks from .. until of a.
  void outer(const F* a, int64_t from, int64_t until, const F* b, int64_t columns, int64_t K, F* to, bool add) const {
    each_outer(columns, [&](int64_t n, int vectors, int64_t last) {
      for (int64_t block = from; block < until; ++block) {
        const int64_t u = s.block_unit(block), row = s.block_gate(block) * s.H + u;
        outer_block(a + block * m.apart, b + n * m.apart, K, to + row * columns + n * W<F>, columns,
                    s.count(u), vectors, last, add);
      }
    });
  }

  void projection_gradient(int64_t from, int64_t until, int64_t K, bool add) const {
    each_outer(s.H, [&](int64_t n, int vectors, int64_t last) {
      for (int64_t block = from; block < until; ++block)
        outer_block(m.dm_h + block * m.apart, m.m + n * m.apart, K,
                    static_cast<F*>(d.W_hr) + block * W<F> * s.H + n * W<F>, s.H,
                    std::min<int64_t>(W<F>, s.P - block * W<F>), vectors, last, add);
    });
  }

  // Calls visit(first block, vectors, real columns of the last vector) for tiles of columns.
  template <class Visit>
  static void each_outer(int64_t columns, Visit visit) {
    const int64_t blocks = up(columns, W<F>), tiles = up(blocks, OUTER_VECTORS);
    for (int64_t t = 0; t < tiles; ++t) {
      const int64_t from = blocks * t / tiles, until = blocks * (t + 1) / tiles;
      visit(from, int(until - from), std::min<int64_t>(W<F>, columns - (until - 1) * W<F>));
    }
  }

  void outer_block(const F* a, const F* b, int64_t K, F* to, int64_t to_row, int64_t rows, int vectors, int64_t last,
                   bool add) const {
    constexpr int M = OUTER_ROWS<F>;
    const int64_t apart = m.apart;
    for (int64_t sub = 0; sub < rows; sub += M) {
      const int real = int(std::min<int64_t>(M, rows - sub));
      F* at = to + sub * to_row;
      if (vectors == 1) outer_tile<F, 1>(a + sub, b, apart, K, at, to_row, real, last, add);
      if (vectors == 2) outer_tile<F, 2>(a + sub, b, apart, K, at, to_row, real, last, add);
      if (vectors == 3) outer_tile<F, 3>(a + sub, b, apart, K, at, to_row, real, last, add);
    }
  }

  void bias_gradient(int64_t block, int64_t rows, bool add) const {
    Vec<F> total{};
    const F* da = m.da + block * m.apart;
    for (int64_t k = 0; k < rows; ++k) total += load<F>(da + k * W<F>);
    const int64_t u = s.block_unit(block), count = s.count(u);
    F* to = static_cast<F*>(d.b_ih) + s.block_gate(block) * s.H + u;
    store_some<F>(to, add ? total + load_some<F>(to, count) : total, count);
  }

  // --- the end ---

  void leave() {
    for (int64_t q = share_.thread; q < s.S; q += share_.threads) {
      if (!l.enters[q]) continue;
      std::copy_n(m.dh + q * s.Pp, s.P, static_cast<F*>(l.dh0) + l.row[q] * s.P);
      if (s.lstm) std::copy_n(m.dc + q * s.Hp, s.H, static_cast<F*>(l.dc0) + l.row[q] * s.H);
    }
    if (share_.thread != 0) return;
    if (d.b_hh) std::copy_n(static_cast<const F*>(d.b_ih), s.G * s.H, static_cast<F*>(d.b_hh));
    const F* mine = m.sums;
    if (w.peep) {
      for (int64_t p = 0; p < 3; ++p)
        for (int64_t u = 0; u < s.H; ++u)
          static_cast<F*>(d.peep)[p * s.H + u] = of_all_threads(sum_peep_ + p * s.Hp + u - mine);
    }
    if (w.norm_ih) norm_gradient(sum_norm_ih_ - mine, static_cast<F*>(d.norm_ih));
    if (w.norm_hh) norm_gradient(sum_norm_hh_ - mine, static_cast<F*>(d.norm_hh));
    if (w.norm_c)
      for (int64_t u = 0; u < s.H; ++u) {
        static_cast<F*>(d.norm_c)[u] = of_all_threads(sum_norm_c_ + u - mine);
        if (d.norm_c_bias) static_cast<F*>(d.norm_c_bias)[u] = of_all_threads(sum_norm_c_bias_ + u - mine);
      }
  }

  void norm_gradient(int64_t at, F* to) const {
    for (int64_t block = 0; block < s.blocks; ++block) {
      const int64_t u = s.block_unit(block);
      for (int64_t k = 0; k < s.count(u); ++k)
        to[s.block_gate(block) * s.H + u + k] = of_all_threads(at + block * W<F> + k);
    }
  }

  F of_all_threads(int64_t at) const {
    F total = 0;
    for (int t = 0; t < share_.threads; ++t) total += m.sums[t * m.sums_size + at];
    return total;
  }

  const tt_layer& l;
  const Sizes<F> s;
  const tt_weights& w;
  const tt_weights& d;
  const BackwardMemory<F>& m;
  const Share share_;
  const bool again_, after_, plain_;
  const Tape<F> tape_;
  bool any_enters_ = false;
  int64_t vector_from_, vector_until_, block_from_, block_until_, base_ = 0;
  F *sum_peep_ = nullptr, *sum_norm_ih_ = nullptr, *sum_norm_hh_ = nullptr, *sum_norm_c_ = nullptr,
    *sum_norm_c_bias_ = nullptr;
};

}  // namespace tt::TT_SET
