// Register tiles: the three products of a layer, each output summed over k in order, whatever the tile's shape.
//
// That order is why a row's result does not depend on the rows beside it, nor on how threads share the work.
//
//   rows x panels     z[r][q][lane]  = init + sum_k a[r][k] b[k][q][lane]        a: one pointer a row
//   blocks x panels   the same, with k split into blocks of W: a[k / W][r][k % W]
//   blocks^T x blocks d[m][n]        = sum_k a[m / W][k][m % W] b[n / W][k][n % W]
//
// A panel b is [k][4][W]: 4 vectors of columns. W lanes make a vector; R rows and V vectors of accumulators a tile,
// R V + V + 1 registers of the 16 or 32 there are.
#pragma once

#include "vec.h"

// A tile is a function of its own: inlined into larger ones, its accumulators would be spilled.
#define TT_APART [[gnu::noinline]]

namespace tt::TT_SET {

inline constexpr int PANEL = 4;                       // vectors a panel is wide
inline constexpr int MOST_ROWS = 6;                   // 6 x 2 + 3 of 16 registers, 6 x 4 + 5 of 32
inline constexpr bool MANY_REGISTERS = VECTOR_BYTES == 64;

// Vectors a tile of R rows holds at once; the others of the panel take another pass over k.
template <int R>
inline constexpr int TILE_VECTORS = MANY_REGISTERS || R <= 3 ? 4 : 2;

// Asks for the weights some steps of k ahead: a step takes 6 cycles, the third-level cache answers in about 50.
inline constexpr int FETCH_AHEAD = 16;
template <class F, int V>
inline void fetch_ahead(const F* b) {
  constexpr int LINE = 64 / sizeof(F);
#pragma GCC unroll 4
  for (int at = 0; at < V * W<F>; at += LINE) __builtin_prefetch(b + FETCH_AHEAD * PANEL * W<F> + at);
}

template <class F, int R, int V>
inline void add_rows(Vec<F> (&acc)[R][V], const F* const* a, int64_t K, const F* b) {
  const F* row[R];
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r) row[r] = a[r];
  for (int64_t k = 0; k < K; ++k, b += PANEL * W<F>) {
    Vec<F> w[V];
    fetch_ahead<F, V>(b);
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) w[v] = *reinterpret_cast<const Vec<F>*>(b + v * W<F>);
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) {
      const Vec<F> x = all<F>(row[r][k]);
#pragma GCC unroll 4
      for (int v = 0; v < V; ++v) acc[r][v] += x * w[v];
    }
  }
}

template <class F, int R, int V>
inline void add_blocks(Vec<F> (&acc)[R][V], const F* a, int64_t block, int64_t row, int64_t blocks, const F* b) {
  const F* at[R];
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r) at[r] = a + r * row;
  for (int64_t p = 0; p < blocks; ++p) {
#pragma GCC unroll 2
    for (int l = 0; l < W<F>; ++l, b += PANEL * W<F>) {
      Vec<F> w[V];
      fetch_ahead<F, V>(b);
#pragma GCC unroll 4
      for (int v = 0; v < V; ++v) w[v] = *reinterpret_cast<const Vec<F>*>(b + v * W<F>);
#pragma GCC unroll 8
      for (int r = 0; r < R; ++r) {
        const Vec<F> x = all<F>(at[r][l]);
#pragma GCC unroll 4
        for (int v = 0; v < V; ++v) acc[r][v] += x * w[v];
      }
    }
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) at[r] += block;
  }
}

// One tile's product from up to two sources of rows. `init` [4][W] a row, `init_row` apart (0: the same for all).
template <class F>
struct RowProduct {
  const F* const* first;   // rows of the first source, `first_K` long, weights `first_b`
  int64_t first_K;
  const F* first_b;
  const F* const* second;
  int64_t second_K;
  const F* second_b;
  const F* init;
  int64_t init_row;
};

template <class F, int R, int V>
TT_APART void row_tile_part(const RowProduct<F>& p, int at, F* z, int64_t z_row) {
  Vec<F> acc[R][V];
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) acc[r][v] = p.init ? load<F>(p.init + r * p.init_row + (at + v) * W<F>) : Vec<F>{};
  if (p.first_K) add_rows<F, R, V>(acc, p.first, p.first_K, p.first_b + at * W<F>);
  if (p.second_K) add_rows<F, R, V>(acc, p.second, p.second_K, p.second_b + at * W<F>);
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) store<F>(z + r * z_row + (at + v) * W<F>, acc[r][v]);
}

template <class F, int R>
inline void row_tile(const RowProduct<F>& p, F* z, int64_t z_row) {
  constexpr int V = TILE_VECTORS<R>;
  for (int at = 0; at < PANEL; at += V) row_tile_part<F, R, V>(p, at, z, z_row);
}

// z [rows][4][W], rows `z_row` apart.
template <class F>
inline void row_product(int rows, const RowProduct<F>& p, F* z, int64_t z_row) {
  switch (rows) {
    case 1: return row_tile<F, 1>(p, z, z_row);
    case 2: return row_tile<F, 2>(p, z, z_row);
    case 3: return row_tile<F, 3>(p, z, z_row);
    case 4: return row_tile<F, 4>(p, z, z_row);
    case 5: return row_tile<F, 5>(p, z, z_row);
    default: return row_tile<F, 6>(p, z, z_row);
  }
}

template <class F, int R>
TT_APART void block_tile(const F* a, int64_t block, int64_t row, int64_t blocks, const F* b, F* z, bool add) {
  constexpr int V = TILE_VECTORS<R>;
  for (int at = 0; at < PANEL; at += V) {
    Vec<F> acc[R][V];
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r)
#pragma GCC unroll 4
      for (int v = 0; v < V; ++v) acc[r][v] = add ? load<F>(z + (r * PANEL + at + v) * W<F>) : Vec<F>{};
    add_blocks<F, R, V>(acc, a, block, row, blocks, b + at * W<F>);
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r)
#pragma GCC unroll 4
      for (int v = 0; v < V; ++v) store<F>(z + (r * PANEL + at + v) * W<F>, acc[r][v]);
  }
}

// z [rows][4][W] (+)= a b, a's blocks of W `block` apart, its rows `row` apart.
template <class F>
inline void block_product(int rows, const F* a, int64_t block, int64_t row, int64_t blocks, const F* b, F* z,
                          bool add) {
  switch (rows) {
    case 1: return block_tile<F, 1>(a, block, row, blocks, b, z, add);
    case 2: return block_tile<F, 2>(a, block, row, blocks, b, z, add);
    case 3: return block_tile<F, 3>(a, block, row, blocks, b, z, add);
    case 4: return block_tile<F, 4>(a, block, row, blocks, b, z, add);
    case 5: return block_tile<F, 5>(a, block, row, blocks, b, z, add);
    default: return block_tile<F, 6>(a, block, row, blocks, b, z, add);
  }
}

// Q x R sums start[q] + w[q] . a[r] over K numbers side by side in memory, W of them at a time; for weights that are
// used once and not worth packing. Every sum has the same order, whatever Q and R.
template <class F, int Q, int R>
inline void dot_tile(const F* const* w, const F* const* a, int64_t K, Vec<F> (&acc)[Q][R]) {
  int64_t k = 0;
  for (; k + W<F> <= K; k += W<F>) {
    Vec<F> x[R];
#pragma GCC unroll 4
    for (int r = 0; r < R; ++r) x[r] = load<F>(a[r] + k);
#pragma GCC unroll 4
    for (int q = 0; q < Q; ++q) {
      const Vec<F> v = load<F>(w[q] + k);
#pragma GCC unroll 4
      for (int r = 0; r < R; ++r) acc[q][r] += v * x[r];
    }
  }
  if (k == K) return;
  for (int q = 0; q < Q; ++q) {
    const Vec<F> v = load_some<F>(w[q] + k, K - k);
    for (int r = 0; r < R; ++r) acc[q][r] += v * load_some<F>(a[r] + k, K - k);
  }
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
