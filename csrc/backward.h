// The backward pass of one direction, from the last step to the first, a chunk of real steps at a time:
//
//   every step      da from dh, dc and the gates, pointwise;  dh = da W_hh of the step before
//   every chunk     dx = da W_ih,  dW_ih += da^T x,  dW_hh += da^T (h drop_h),  db += da
//
// so that da lives only as long as it stays in the caches. Weights' gradients are summed over real steps in one order,
// whoever computes them: they do not depend on the number of threads (those of peepholes and norms do).
#pragma once

#include "again.h"
#include "chunk.h"

namespace tt::TT_SET {

template <class F>
class BackwardWorker {
 public:
  BackwardWorker(const tt_layer& layer, const BackwardMemory<F>& memory, const Choice&, Share share)
      : l(layer), s(layer), w(layer.weights), d(layer.d_weights), m(memory), share_(share),
        gradients_(layer, memory, share), again_(!l.gates), after_(s.lstm && (w.norm_c || w.W_hr)),
        plain_(s.lstm && !w.peep && !l.zone_c.data && !l.zone_h.data), tape_(s, s.N, l.gates, l.cells, l.norms) {
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
    if (l.table) {
      if (again_) {
        std::tie(from, until) = share_.part(l.V);
        pack_table<F>(l, s, m.table, from, until);
      }
      std::tie(from, until) = share_.part(s.blocks);
      std::fill_n(m.d_table + from * l.V * W<F>, (until - from) * l.V * W<F>, F(0));
    }
    if (share_.thread == 0) {
      SmallWeights<F> small = m.small;
      small.pack(s, w);
      if (w.W_hr)
        for (int64_t p = 0; p < s.P; ++p) pack_line<F>(static_cast<const F*>(w.W_hr) + p * s.H, s.H, p, s.P, m.back_hr);
      std::fill_n(m.zeros, std::max(std::max(s.P, s.H), WIDE), F(0));
    }
    std::fill_n(m.sums + share_.thread * m.sums_size, m.sums_size, F(0));
    share_.each_sequence(s.S, [&](int64_t q) {
      start(m.dh + q * s.Pp, s.Pp, s.P, l.dh_n, q);
      if (s.lstm) start(m.dc + q * s.Hp, s.Hp, s.H, l.dc_n, q);
    });
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
    const Span span{from, rows, base_};
    if (again_) {
      GatesAgain<F>(l, m, share_).run(span);
      share_.wait();
    }
    for (int64_t j = until - 1; j >= from; --j) step(j);
    share_.wait();
    gradients_.gather_factors(span);
    if (l.dx.data) gradients_.input_gradients(span);
    share_.wait();
    gradients_.weight_gradients(rows, until < s.T);
    if (l.table) gradients_.table_gradient(rows, from == 0);
    share_.wait();
    return from;
  }

  // --- one step back ---

  void step(int64_t j) {
    const int64_t rows = share_.rows(running(l, j));
    for (int64_t first = 0; first < rows; first += GROUP) pointwise(j, first, std::min(GROUP, rows - first));
    share_.wait_between_steps();
    if (j == 0 && !any_enters_) return;
    for (int64_t first = 0; first < rows; first += GROUP) to_step_before(j, first, std::min(GROUP, rows - first));
  }

  int64_t sequence(int64_t i) const { return share_.sequence(i); }

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
    r.c_old = c_before<F>(l, s, m.zeros, tape_, j, q);
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
    normalise_backward<F>(
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
    normalise_backward<F>(
        s.blocks, F(s.G * s.H), n, scale, [&](int64_t b) { return block(b) * load<F>(gain + b * W<F>); },
        [&](int64_t b, Vec<F> v) {
          store<F>(sums + b * W<F>, load<F>(sums + b * W<F>) + block(b) * load<F>(n + b * W<F>));
          store<F>(out + b * m.apart, only_units<F>(v, s.count(s.block_unit(b))));
        });
  }

  // dh of the step before += da W_hh, masked where h was.
  void to_step_before(int64_t j, int64_t first, int64_t count) {
    static constexpr Counted<GROUP> IN_ORDER;
    const bool straight = !l.drop_h.data && !l.zone_h.data;  // to where it belongs
    int64_t at[GROUP];
    for (int64_t i = 0; i < count; ++i) at[i] = sequence(first + i);
    each_panel(vector_from_, vector_until_, [&](int64_t panel, Vectors vectors) {
      const BlockProduct<F> product{m.ds + (l.offset[j] - base_) * W<F>, m.apart, at, straight ? at : IN_ORDER.at,
                                    s.blocks, m.back_hh + panel * s.blocks * W<F> * WIDE};
      if (straight) return blocks_times_panel<F>(count, product, m.dh + panel * WIDE, s.Pp, vectors);
      alignas(64) F z[GROUP * WIDE];
      blocks_times_panel<F>(count, product, z, WIDE, vectors);
      for (int64_t i = 0; i < count; ++i) add_to_state(j, at[i], panel, vectors, z + i * WIDE);
    });
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

  // --- the end ---

  void leave() {
    share_.each_sequence(s.S, [&](int64_t q) {
      if (!l.enters[q]) return;
      std::copy_n(m.dh + q * s.Pp, s.P, static_cast<F*>(l.dh0) + l.row[q] * s.P);
      if (s.lstm) std::copy_n(m.dc + q * s.Hp, s.H, static_cast<F*>(l.dc0) + l.row[q] * s.H);
    });
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
  const ChunkGradients<F> gradients_;
  const bool again_, after_, plain_;
  const Tape<F> tape_;
  bool any_enters_ = false;
  int64_t vector_from_, vector_until_, block_from_, block_until_, base_ = 0;
  F *sum_peep_ = nullptr, *sum_norm_ih_ = nullptr, *sum_norm_hh_ = nullptr, *sum_norm_c_ = nullptr,
    *sum_norm_c_bias_ = nullptr;
};

}  // namespace tt::TT_SET
