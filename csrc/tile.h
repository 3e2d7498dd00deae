// Register tiles: the three products of a layer, each output summed over k in order, whatever the tile's shape.
//
// That order is why a row's result does not depend on the rows beside it, nor on how threads share the work.
//
//   rows x panels     z[r][q][lane]  = init + sum_k a[r][k] b[k][q][lane]        a: one pointer a row
//   blocks x panels   the same, with k split into blocks of W: a[k / W][r][k % W]
//   blocks^T x blocks d[m][n]        = sum_k a[m / W][k][m % W] b[n / W][k][n % W]
//
// A panel b holds 4 vectors of columns for every k. W lanes make a vector; R rows and V vectors of accumulators a tile,
// R V + V + 1 registers of the 16 or 32 there are.
#pragma once

#include "vec.h"

// A tile is a function of its own: inlined into larger ones, its accumulators would be spilled.
#define TT_APART [[gnu::noinline]]

namespace tt::TT_SET {

inline constexpr bool MANY_REGISTERS = VECTOR_BYTES == 64;
inline constexpr int PANEL = 4;                              // vectors a panel is wide
inline constexpr int MOST_ROWS = MANY_REGISTERS ? 12 : 6;    // 6 x 2 + 3 of 16 registers, 12 x 2 + 3 of 32

// Vectors of a panel that one pass over k makes; they lie side by side: b[pass][k][PASS_VECTORS][W]. Many rows and few
// vectors: each number of the weights then comes from the caches seldom. A tile of few rows makes a whole panel at once,
// or its sums would wait for one another.
inline constexpr int PASS_VECTORS = 2;
inline constexpr int FEW = MANY_REGISTERS ? 6 : 3;  // rows

template <class F>
inline constexpr int PASS_WIDTH = PASS_VECTORS * W<F>;

// Where vector q of a panel stands for term k of K.
template <class F>
inline int64_t in_panel(int64_t k, int64_t K, int q) {
  return (q / PASS_VECTORS * K + k) * PASS_WIDTH<F> + q % PASS_VECTORS * W<F>;
}

// Terms in one turn of a loop: where another program shares the core, it is the instructions that count.
inline constexpr int UNROLLED = 4;

// Asks the second-level cache for weights that the next pass will read: every tile of this pass for half of them.
template <class F, int TERMS>
TT_INLINE void fetch(const F*& next) {
  constexpr int LINE = 64 / sizeof(F), LINES = TERMS * PASS_WIDTH<F> / LINE / 2;
#pragma GCC unroll 16
  for (int n = 0; n < LINES; ++n) __builtin_prefetch(next + n * LINE, 0, 2);
  next += LINES * LINE;
}

// acc[r][v] += a[r][k] b[k][v] for one k; passes lie `apart`.
template <class F, int R, int V>
TT_INLINE void add_one(Vec<F> (&acc)[R][V], const F* const (&row)[R], int64_t k, const F* b, int64_t apart) {
  Vec<F> w[V];
#pragma GCC unroll 4
  for (int v = 0; v < V; ++v)
    w[v] = *reinterpret_cast<const Vec<F>*>(b + v / PASS_VECTORS * apart + v % PASS_VECTORS * W<F>);
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r) {
    const Vec<F> x = all<F>(row[r][k]);
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) acc[r][v] += x * w[v];
  }
}

template <class F, int R, int V>
inline void add_rows(Vec<F> (&acc)[R][V], const F* const* a, int64_t from, int64_t K, const F* b, int64_t apart,
                     const F* next) {
  const F* row[R];
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r) row[r] = a[r] + from;
  int64_t k = 0;
  for (; k + UNROLLED <= K; k += UNROLLED, b += UNROLLED * PASS_WIDTH<F>) {
    if (V == PASS_VECTORS) fetch<F, UNROLLED>(next);
#pragma GCC unroll 16
    for (int u = 0; u < UNROLLED; ++u) add_one<F, R, V>(acc, row, k + u, b + u * PASS_WIDTH<F>, apart);
  }
  for (; k < K; ++k, b += PASS_WIDTH<F>) add_one<F, R, V>(acc, row, k, b, apart);
}

template <class F, int R, int V>
inline void add_blocks(Vec<F> (&acc)[R][V], const F* a, int64_t block, const int64_t* row, int64_t blocks, const F* b,
                       int64_t apart, const F* next) {
  const F* at[R];
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r) at[r] = a + row[r] * W<F>;
  for (int64_t p = 0; p < blocks; ++p, b += W<F> * PASS_WIDTH<F>) {
    if (V == PASS_VECTORS) fetch<F, W<F>>(next);
#pragma GCC unroll 16
    for (int l = 0; l < W<F>; ++l) add_one<F, R, V>(acc, at, l, b + l * PASS_WIDTH<F>, apart);
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) at[r] += block;
  }
}

// K terms of a sum: rows of which the terms stand from `from` on, and the weights that belong to them, passes `apart`.
template <class F>
struct Terms {
  const F* const* rows;
  int64_t K;
  const F* b;
  int64_t apart, from = 0;

  // All K terms with one panel.
  Terms(const F* const* rows, int64_t K, const F* panel) : rows(rows), K(K), b(panel), apart(K * PASS_WIDTH<F>) {}
  Terms() : Terms(nullptr, 0, nullptr) {}

  // The first of them, at most `most`, which are taken off.
  Terms take(int64_t most) {
    Terms part = *this;
    part.K = K < most ? K : most;
    from += part.K, K -= part.K, b += part.K * PASS_WIDTH<F>;
    return part;
  }
};

// A product summed from up to two sources, from `init` on: [4][W] a row, `init_row` apart (0: the same for all).
template <class F>
struct RowProduct {
  Terms<F> first, second;
  const F* init;
  int64_t init_row;
};

// The `index`-th tile: `rows` rows from `row` on, and `vectors` of the panel's vectors from `at` on, a pass or all.
struct Tile {
  int64_t index, row;
  int rows, at, vectors;
};

// The next pass's half of a tile.
template <class F>
TT_INLINE const F* next_pass(const F* b, int64_t K, const Tile& tile) {
  return b + (2 + tile.index % 2) * (K * PASS_WIDTH<F> / 2);
}

template <class F, int R, int V>
TT_INLINE void add_terms(Vec<F> (&acc)[R][V], const Terms<F>& terms, const Tile& tile) {
  if (terms.K == 0) return;
  const F* b = terms.b + tile.at / PASS_VECTORS * terms.apart;
  add_rows<F, R, V>(acc, terms.rows + tile.row, terms.from, terms.K, b, terms.apart, next_pass<F>(b, terms.K, tile));
}

template <class F, int R, int V>
TT_APART void row_tile(const RowProduct<F>& p, const Tile& tile, F* z, int64_t z_row) {
  Vec<F> acc[R][V];
  const F* init = p.init + tile.row * p.init_row + tile.at * W<F>;
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) acc[r][v] = load<F>(init + r * p.init_row + v * W<F>);
  add_terms<F, R, V>(acc, p.first, tile);
  add_terms<F, R, V>(acc, p.second, tile);
  z += tile.row * z_row + tile.at * W<F>;
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) store<F>(z + r * z_row + v * W<F>, acc[r][v]);
}

// Rows in blocks of W numbers: blocks `block` apart, a block's row r at place row[r]; `blocks` of them, and weights, passes
// `apart`. The product's row r goes to row z_at[r].
template <class F>
struct BlockProduct {
  const F* a;
  int64_t block;
  const int64_t *row, *z_at;
  int64_t blocks;
  const F* b;
  int64_t apart;
  bool add;  // to what z holds

  // All blocks with one panel.
  BlockProduct(const F* a, int64_t block, const int64_t* row, const int64_t* z_at, int64_t blocks, const F* panel)
      : a(a), block(block), row(row), z_at(z_at), blocks(blocks), b(panel), apart(blocks * W<F> * PASS_WIDTH<F>),
        add(false) {}
};

template <class F, int R, int V>
TT_APART void block_tile(const BlockProduct<F>& p, const Tile& tile, F* z, int64_t z_row) {
  Vec<F> acc[R][V];
  F* to[R];
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r) {
    to[r] = z + p.z_at[tile.row + r] * z_row + tile.at * W<F>;
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) acc[r][v] = p.add ? load<F>(to[r] + v * W<F>) : Vec<F>{};
  }
  const F* b = p.b + tile.at / PASS_VECTORS * p.apart;
  add_blocks<F, R, V>(acc, p.a, p.block, p.row + tile.row, p.blocks, b, p.apart,
                      next_pass<F>(b, p.blocks * W<F>, tile));
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r) {
    F* out = z + p.z_at[tile.row + r] * z_row + tile.at * W<F>;
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) store<F>(out + v * W<F>, acc[r][v]);
  }
}

// z [rows][4][W], rows `z_row` apart: a tile's vectors of it.
template <class F, int R, int V>
inline void run(const RowProduct<F>& p, const Tile& tile, F* z, int64_t z_row) {
  row_tile<F, R, V>(p, tile, z, z_row);
}
template <class F, int R, int V>
inline void run(const BlockProduct<F>& p, const Tile& tile, F* z, int64_t z_row) {
  block_tile<F, R, V>(p, tile, z, z_row);
}
// Of as many rows as the tile has, at most R.
template <class F, int R, int V, class Product>
inline void run_rows(const Product& p, const Tile& tile, F* z, int64_t z_row) {
  if constexpr (R > 1)
    if (tile.rows < R) return run_rows<F, R - 1, V>(p, tile, z, z_row);
  run<F, R, V>(p, tile, z, z_row);
}
template <class F, class Product>
inline void run(const Product& p, const Tile& tile, F* z, int64_t z_row) {
  if (tile.vectors == PANEL) return run_rows<F, FEW, PANEL>(p, tile, z, z_row);
  run_rows<F, MOST_ROWS, PASS_VECTORS>(p, tile, z, z_row);
}

// One vector of sums: lane l holds the sum over v[l]'s lanes. v is overwritten.
template <class F>
TT_INLINE Vec<F> sums(Vec<F> (&v)[W<F>]) {
  using Whole = typename Lanes<F>::Whole;
#pragma GCC unroll 4
  for (int half = W<F> / 2; half > 0; half /= 2)
#pragma GCC unroll 8
    for (int k = 0; k < half; ++k) {
      Whole low, high;  // lanes of v[k] then of v[k + half], those that are added to one another
#pragma GCC unroll 16
      for (int l = 0; l < W<F>; ++l) {
        low[l] = l & half ? W<F> + l - half : l;
        high[l] = low[l] + half;
      }
      v[k] = __builtin_shuffle(v[k], v[k + half], low) + __builtin_shuffle(v[k], v[k + half], high);
    }
  return v[0];
}

// out[q] = a times a column, summed W numbers at a time: for PANEL columns of K numbers side by side in memory. Two chains of
// additions a column; more columns at once would meet in the same places of the first-level cache.
template <class F>
TT_APART void dots(const F* a, const F* const (&columns)[PANEL], int64_t K, Vec<F> (&out)[PANEL]) {
  Vec<F> even[PANEL]{}, odd[PANEL]{};
  int64_t k = 0;
  for (; k + 2 * W<F> <= K; k += 2 * W<F>) {
    const Vec<F> x = load<F>(a + k), y = load<F>(a + k + W<F>);
#pragma GCC unroll 4
    for (int q = 0; q < PANEL; ++q) {
      even[q] += load<F>(columns[q] + k) * x;
      odd[q] += load<F>(columns[q] + k + W<F>) * y;
    }
  }
  for (; k < K; k += W<F>) {
    const Vec<F> x = load_some<F>(a + k, K - k);
#pragma GCC unroll 4
    for (int q = 0; q < PANEL; ++q) even[q] += load_some<F>(columns[q] + k, K - k) * x;
  }
#pragma GCC unroll 4
  for (int q = 0; q < PANEL; ++q) out[q] = even[q] + odd[q];
}

// Rows of a transposed tile: a part of a block's W lanes, so that M x 3 accumulators fit the registers.
template <class F>
inline constexpr int OUTER_ROWS = MANY_REGISTERS ? (W<F> < 8 ? W<F> : 8) : (W<F> < 4 ? W<F> : 4);
inline constexpr int OUTER_VECTORS = 3;

// d[m][n] (+)= sum over k of a[k W + m] b[v][k W + lane] for M rows from a and V vectors of columns, `columns` of them
// real in the last; blocks of b are `b_block` apart.
template <class F, int V>
TT_APART void outer_tile(const F* a, const F* b, int64_t b_block, int64_t K, F* d, int64_t d_row, int rows,
                       int64_t last_columns, bool add) {
  constexpr int M = OUTER_ROWS<F>;
  Vec<F> acc[M][V]{};
#pragma GCC unroll 4
  for (int64_t k = 0; k < K; ++k) {
    Vec<F> w[V];
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) w[v] = *reinterpret_cast<const Vec<F>*>(b + v * b_block + k * W<F>);
#pragma GCC unroll 8
    for (int m = 0; m < M; ++m) {
      const Vec<F> x = all<F>(a[k * W<F> + m]);
#pragma GCC unroll 4
      for (int v = 0; v < V; ++v) acc[m][v] += x * w[v];
    }
  }
#pragma GCC unroll 8
  for (int m = 0; m < M; ++m) {
    if (m >= rows) break;
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) {
      F* to = d + m * d_row + v * W<F>;
      const int64_t count = v + 1 == V ? last_columns : W<F>;
      store_some<F>(to, add ? acc[m][v] + load_some<F>(to, count) : acc[m][v], count);
    }
  }
}

}  // namespace tt::TT_SET
