// Gates that the forward pass did not keep, made once more from x, y and c: one product for all steps of a chunk.
#pragma once

#include "backward_memory.h"
#include "cell.h"

namespace tt::TT_SET {

template <class F>
class GatesAgain {
 public:
  GatesAgain(const tt_layer& layer, const BackwardMemory<F>& memory, const Share& share)
      : l(layer), s(layer), w(layer.weights), m(memory), share_(share), tape_(s, s.N, l.gates, l.cells, l.norms) {}

  // This thread's part of a chunk.
  void run(const Span& span) const {
    const F *xs[GROUP], *hs[GROUP], *cs[GROUP];
    int64_t first = 0, count = 0;
    each_of_part(l, share_, span, [&](int64_t k, int64_t step, int64_t q) {
      if (count == 0) first = k;
      if (l.table)
        start_from(symbol(l, q, step), k);
      else
        xs[count] = place<F>(l, l.x, q, step);
      hs[count] = h_before<F>(l, s, m.zeros, step, q);
      if (l.drop_h.data) {
        F* to = m.dropped + (share_.thread * GROUP + count) * s.P;
        const F* factor = place<F>(l, l.drop_h, q, step);
        for (int64_t u = 0; u < s.P; ++u) to[u] = hs[count][u] * factor[u];
        hs[count] = to;
      }
      cs[count] = c_before<F>(l, s, m.zeros, tape_, step, q);
      if (++count == GROUP) {
        group_again(first, count, xs, hs, cs);
        count = 0;
      }
    });
    if (count) group_again(first, count, xs, hs, cs);
  }

 private:
  static constexpr int64_t WIDE = PANEL * W<F>;

  // A row's sums begin with what its symbol adds.
  void start_from(int64_t symbol, int64_t k) const {
    F* to = w.norm_ih ? (s.lstm ? m.n_ih : m.n_hh) : m.gates;
    std::copy_n(m.table + symbol * s.Z, s.Z, to + k * s.Z);
  }

  void group_again(int64_t first, int64_t count, const F* const* xs, const F* const* hs, const F* const* cs) const {
    const bool apart = w.norm_ih && s.lstm;  // the two products are normalised each on its own
    F* z = w.norm_ih ? m.n_hh + first * s.Z : m.gates + first * s.Z;
    for (int64_t panel = 0; panel < s.panels; ++panel) {
      const int64_t wide = panel * WIDE;
      Terms<F> of_x{xs, s.C, m.W_ih + wide * s.C}, of_h{hs, s.P, m.W_hh + wide * s.P};
      const F* start = w.norm_ih ? m.zeros : m.small.bias + wide;
      if (apart && !l.table) rows_times_panel<F>(count, {of_x, {}, start, 0}, m.n_ih + first * s.Z + wide, s.Z);
      if (apart) of_x.K = 0;
      const bool begun = l.table && !apart;  // by `start_from`
      rows_times_panel<F>(count, {of_x, of_h, begun ? z + wide : start, begun ? s.Z : 0}, z + wide, s.Z);
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

  const tt_layer& l;
  const Sizes<F> s;
  const tt_weights& w;
  const BackwardMemory<F>& m;
  const Share share_;
  const Tape<F> tape_;
};

}  // namespace tt::TT_SET
