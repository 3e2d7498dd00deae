// What a backward pass works with: what one sequence's step reads and writes, and scratch.
#pragma once

#include "pack.h"

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
  int64_t* symbols;              // of the chunk's rows, where inputs are symbols
  F *table, *d_table;            // what they add, [V, Z], where gates are made again; its gradient, [blocks][V][W]
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
    table = cut.cut<F>(again && l.table ? l.V * s.Z : 0);
    d_table = cut.cut<F>(l.table ? l.V * s.Z : 0);
    W_hh = cut.cut<F>(again ? s.Z * s.P : 0);
    back_ih = cut.cut<F>(l.dx.data ? s.blocks * W<F> * s.Cp : 0);
    back_hh = cut.cut<F>(s.blocks * W<F> * s.Pp);
    back_hr = cut.cut<F>(w.W_hr ? s.P * wide_H : 0);
    zeros = cut.cut<F>(std::max(std::max(s.P, s.H), int64_t(PANEL * W<F>)));
    dh = cut.cut<F>(s.S * s.Pp);
    dc = cut.cut<F>(s.lstm ? s.S * s.Hp : 0);
    rows = std::min(std::max(chunk_rows(s.H), s.S), s.N);
    apart = (up(rows * VECTOR_BYTES, 64) | 1) * 64 / int64_t(sizeof(F));
    symbols = cut.cut<int64_t>(l.table ? rows : 0);
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

// Steps from `j` on, `rows` real ones, the first of them number `base`.
struct Span {
  int64_t j, rows, base;
};

// 0, 1, 2, ...
template <int64_t N>
struct Counted {
  int64_t at[N];
  constexpr Counted() : at() {
    for (int64_t k = 0; k < N; ++k) at[k] = k;
  }
};

// Calls visit(k, j, q) for this thread's part of a span: sequence q at step j, the k-th real step of the chunk.
template <class Visit>
void each_of_part(const tt_layer& l, const Share& share, const Span& span, Visit visit) {
  const auto [from, until] = share.part(span.rows, MOST_ROWS);
  for (int64_t k = from, j = span.j; k < until; ++k) {
    while (l.offset[j + 1] - span.base <= k) ++j;
    visit(k, j, k - (l.offset[j] - span.base));
  }
}

// The states before step j of sequence q; zeros where none enters.
template <class F>
const F* h_before(const tt_layer& l, const Sizes<F>& s, const F* zeros, int64_t j, int64_t q) {
  return j > 0 ? place<F>(l, l.y, q, j - 1) : l.enters[q] ? static_cast<const F*>(l.h0) + l.row[q] * s.P : zeros;
}
template <class F>
const F* c_before(const tt_layer& l, const Sizes<F>& s, const F* zeros, const Tape<F>& tape, int64_t j, int64_t q) {
  if (!s.lstm) return nullptr;
  if (j > 0) return tape.cells + (l.offset[j - 1] + q) * s.Hp;
  return l.enters[q] ? static_cast<const F*>(l.c0) + l.row[q] * s.H : zeros;
}

// Calls visit(panel, its vectors) for the panels that hold vectors `from` .. `until`.
template <class Visit>
void each_panel(int64_t from, int64_t until, Visit visit) {
  for (int64_t panel = from / PANEL; panel * PANEL < until; ++panel)
    visit(panel, Vectors{int(std::max<int64_t>(from - panel * PANEL, 0)),
                         int(std::min<int64_t>(until - panel * PANEL, PANEL))});
}

}  // namespace tt::TT_SET
