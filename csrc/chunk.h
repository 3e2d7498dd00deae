// Gradients of x and of the weights, a chunk of real steps at a time: three products over all its steps.
//
//   dx = da W_ih,  dW_ih += da^T x,  dW_hh += da^T (h drop_h),  db += da
//
// Where inputs are symbols, da is added to their rows of the table's gradient instead of the first two.
#pragma once

#include "backward_memory.h"

namespace tt::TT_SET {

template <class F>
class ChunkGradients {
 public:
  ChunkGradients(const tt_layer& layer, const BackwardMemory<F>& memory, const Share& share)
      : l(layer), s(layer), w(layer.weights), d(layer.d_weights), m(memory), share_(share) {}

  // The other factors of the weights' gradients, in blocks: this thread's part.
  void gather_factors(const Span& span) const {
    each_of_part(l, share_, span, [&](int64_t k, int64_t step, int64_t q) {
      if (l.table)
        m.symbols[k] = symbol(l, q, step);
      else
        gather(place<F>(l, l.x, q, step), s.C, nullptr, k, m.x);
      gather(h_before<F>(l, s, m.zeros, step, q), s.P, l.drop_h.data ? place<F>(l, l.drop_h, q, step) : nullptr, k, m.h);
    });
  }

  // dx of the chunk: shared by columns where there are enough of them, so that each thread reads a part of W_ih.
  void input_gradients(const Span& span) const {
    const int64_t vectors = up(s.C, W<F>);
    const bool by_columns = vectors >= 4 * PANEL * share_.threads;
    const auto [vector, vector_until] = by_columns ? share_.part(vectors, PANEL) : std::pair<int64_t, int64_t>(0, vectors);
    const auto [from, until] = by_columns ? std::pair<int64_t, int64_t>(0, span.rows) : share_.part(span.rows, MOST_ROWS);
    int64_t j = span.j;
    for (int64_t first = from; first < until; first += CHUNK) {
      const int64_t count = std::min(CHUNK, until - first);
      F* dxs[CHUNK];
      for (int64_t k = 0; k < count; ++k) {
        while (l.offset[j + 1] - span.base <= first + k) ++j;
        dxs[k] = place<F>(l, l.dx, first + k - (l.offset[j] - span.base), j);
      }
      each_panel(vector, vector_until,
                 [&](int64_t panel, Vectors some) { input_gradient_panel(panel, some, first, count, dxs); });
    }
  }

  void weight_gradients(int64_t rows, bool add) const {
    const auto [from, until] = share_.part(s.blocks);
    if (!l.table) outer(m.dp, from, until, m.x, s.C, rows, static_cast<F*>(d.W_ih), add);
    outer(m.ds, from, until, m.h, s.P, rows, static_cast<F*>(d.W_hh), add);
    if (d.b_ih)
      for (int64_t b = from; b < until; ++b) bias_gradient(b, rows, add);
    if (w.W_hr) {
      const auto [p_from, p_until] = share_.part(up(s.P, W<F>));
      projection_gradient(p_from, p_until, rows, add);
    }
  }

  // This thread's part of the table's gradient; with the last chunk it is written out.
  void table_gradient(int64_t rows, bool last) const {
    const auto [from, until] = share_.part(s.blocks);
    for (int64_t block = from; block < until; ++block) {
      F* sums = m.d_table + block * l.V * W<F>;
      const F* dp = m.dp + block * m.apart;
      for (int64_t k = 0; k < rows; ++k) {
        F* at = sums + m.symbols[k] * W<F>;
        store<F>(at, load<F>(at) + load<F>(dp + k * W<F>));
      }
      if (!last) continue;
      const int64_t u = s.block_unit(block), columns = s.G * s.H;
      F* to = static_cast<F*>(l.d_table) + s.block_gate(block) * s.H + u;
      for (int64_t v = 0; v < l.V; ++v) store_some<F>(to + v * columns, load<F>(sums + v * W<F>), s.count(u));
    }
  }

 private:
  static constexpr int64_t WIDE = PANEL * W<F>;

  void gather(const F* row, int64_t columns, const F* factor, int64_t k, F* to) const {
    for (int64_t n = 0; n < columns; n += W<F>) {
      const int64_t some = std::min<int64_t>(W<F>, columns - n);
      Vec<F> v = load_some<F>(row + n, some);
      if (factor) v = v * load_some<F>(factor + n, some);
      store<F>(to + n / W<F> * m.apart + k * W<F>, v);
    }
  }

  void input_gradient_panel(int64_t panel, Vectors vectors, int64_t first, int64_t count, F* const* dxs) const {
    alignas(64) F z[CHUNK * WIDE];
    static constexpr Counted<CHUNK> IN_ORDER;
    const BlockProduct<F> product{m.dp + first * W<F>, m.apart, IN_ORDER.at, IN_ORDER.at, s.blocks,
                                  m.back_ih + panel * s.blocks * W<F> * WIDE};
    blocks_times_panel<F>(count, product, z, WIDE, vectors);
    for (int64_t k = 0; k < count; ++k)
      for (int64_t at = 0; at < vectors.until * W<F>; at += W<F>) {
        const int64_t n = panel * WIDE + at;
        store_some<F>(dxs[k] + n, load<F>(z + k * WIDE + at), std::min<int64_t>(W<F>, s.C - n));
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

  const tt_layer& l;
  const Sizes<F> s;
  const tt_weights& w;
  const tt_weights& d;
  const BackwardMemory<F>& m;
  const Share share_;
};

}  // namespace tt::TT_SET
