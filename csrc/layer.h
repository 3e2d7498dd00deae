// What both passes share: padded sizes, packed weights, the team of threads, scratch cut into parts.
//
// Inside, units stand in blocks of W, the last padded with zeros. The summed inputs of a step are Z numbers in
// z-order: panels of 4 blocks. A panel of an LSTM holds the gates i, f, g, o of one block of units; a panel of an Elman
// layer, four blocks of units.
#pragma once

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <tuple>
#include <utility>

#include "throughtime.h"
#include "tile.h"

namespace tt::TT_SET {

inline int64_t up(int64_t n, int64_t unit) { return (n + unit - 1) / unit; }

// Rows whose inputs, states and summed inputs stay in the first-level caches while every panel passes over them.
inline constexpr int64_t GROUP = 48;
// Rows whose inputs are multiplied at once, beforehand: W_ih comes from memory once for all of them.
inline constexpr int64_t AHEAD = 192;
// Terms of a sum whose weights, a panel wide, stay in a first-level or the better half of a second-level cache.
inline constexpr int64_t LONG_SUM = MANY_REGISTERS ? 256 : 512;
// Real steps whose summed inputs' gradients are kept until they are multiplied into those of the weights: 3 x 256
// vectors of one operand then fit a first-level cache of 32 KB.
inline constexpr int64_t CHUNK = 256;
// More of them where the weights' gradients themselves leave the caches: they are read and written once a chunk.
inline int64_t chunk_rows(int64_t H) { return CHUNK * std::clamp<int64_t>(H / 256, 1, 3); }
// Multiply-adds for which another thread is worth waking: about 20 microseconds of one.
inline constexpr int64_t WORTH_A_THREAD = 600'000;

// Bytes of recurrent weights that no longer fit a core's second-level cache, and the rows a thread needs to hide that.
inline constexpr int64_t LARGE_WEIGHTS = 384 * 1024, FEW_ROWS = 24;

template <class F>
struct Sizes {
  int64_t G, C, H, P, S, T, N;
  int64_t unit_blocks, Hp;    // blocks of units; H padded
  int64_t panels, Z, blocks;  // panels of the summed inputs; their padded width; blocks of it that hold units
  int64_t Pp, Cp;             // P and C padded to whole panels
  bool lstm;

  explicit Sizes(const tt_layer& l)
      : G(l.cell == TT_LSTM ? 4 : 1), C(l.C), H(l.H), P(l.P), S(l.S), T(l.T), N(l.offset ? l.offset[l.T] : 0) {
    lstm = G == 4;
    unit_blocks = up(H, W<F>);
    Hp = unit_blocks * W<F>;
    panels = lstm ? unit_blocks : up(unit_blocks, PANEL);
    Z = panels * PANEL * W<F>;
    blocks = lstm ? PANEL * unit_blocks : unit_blocks;
    Pp = up(P, PANEL * W<F>) * PANEL * W<F>;
    Cp = up(C, PANEL * W<F>) * PANEL * W<F>;
  }
  int64_t block_gate(int64_t block) const { return lstm ? block % PANEL : 0; }
  int64_t block_unit(int64_t block) const { return (lstm ? block / PANEL : block) * W<F>; }
  // Real units of a block of W from unit u on.
  int64_t count(int64_t u) const { return std::clamp<int64_t>(H - u, 0, W<F>); }
};

// Cuts one piece of memory into aligned parts; without memory it only counts.
class Cutter {
 public:
  explicit Cutter(void* memory) : at_(static_cast<char*>(memory)), used_(0) {}
  template <class E>
  E* cut(int64_t count) {
    E* part = at_ ? reinterpret_cast<E*>(at_ + used_) : nullptr;
    used_ += up(std::max<int64_t>(count, 0) * sizeof(E), 64) * 64;
    return part;
  }
  int64_t used() const { return used_; }

 private:
  char* at_;
  int64_t used_;
};

// Sequences dealt to a thread at once where they differ in length.
inline constexpr int64_t TOGETHER = 2;

// All threads of a call wait here for each other. Spins a little, then yields, so that a busy machine gets its core.
class Barrier {
 public:
  void wait(int threads) {
    if (threads == 1) return;
    const int turn = turn_.load(std::memory_order_relaxed);
    if (arrived_.fetch_add(1, std::memory_order_acq_rel) == threads - 1) {
      arrived_.store(0, std::memory_order_relaxed);
      turn_.store(turn + 1, std::memory_order_release);
      return;
    }
    for (int spins = 0; turn_.load(std::memory_order_acquire) == turn; ++spins) {
      if (spins < 2000)
        __builtin_ia32_pause();
      else
        sched_yield();
    }
  }

 private:
  std::atomic<int> arrived_{0}, turn_{0};
};

// One thread's share: of the sequences, or of the units (a range) with a barrier after each step.
//
// Sequences are dealt in groups, the longest first, in turns that go to and fro: 0 1 .. n n .. 1 0. Neighbours in a group
// share cache lines, which threads had better not.
struct Share {
  int thread, threads;
  bool by_units;
  int64_t group;
  Barrier* barrier;

  // The i-th of this thread's sequences.
  int64_t sequence(int64_t i) const {
    if (by_units) return i;
    const int64_t turn = i / group;
    return (turn * threads + place(turn)) * group + i % group;
  }
  // How many of the first n are this thread's.
  int64_t rows(int64_t n) const {
    if (by_units) return n;
    const int64_t turns = n / (group * threads), left = n % (group * threads);
    return turns * group + std::clamp<int64_t>(left - place(turns) * group, 0, group);
  }
  // Calls visit(q) for the sequences that this thread begins and ends: its own, or by units some of all.
  template <class Visit>
  void each_sequence(int64_t S, Visit visit) const {
    if (by_units)
      for (int64_t q = thread; q < S; q += threads) visit(q);
    else
      for (int64_t i = 0; i < rows(S); ++i) visit(sequence(i));
  }
  int64_t place(int64_t turn) const { return turn % 2 ? threads - 1 - thread : thread; }
  void wait() const { barrier->wait(threads); }
  void wait_between_steps() const {
    if (by_units) barrier->wait(threads);
  }
  // A range of `count` things in which this thread does its part; whole `unit`s.
  std::pair<int64_t, int64_t> part(int64_t count, int64_t unit = 1) const {
    const int64_t units = up(count, unit);
    return {std::min(count, units * thread / threads * unit), std::min(count, units * (thread + 1) / threads * unit)};
  }
};

// How a pass runs: fixed before it starts, by the sizes alone.
struct Choice {
  int threads;
  bool by_units, inputs_ahead;
  bool packed = true;  // weights in panels; else as they came, for one step
};

template <class F>
inline F* element(const tt_array& a, int64_t t, int64_t b) {
  return static_cast<F*>(a.data) + t * a.step + b * a.row;
}

// The place of step j of sequence s in an array.
template <class F>
inline F* place(const tt_layer& l, const tt_array& a, int64_t s, int64_t j) {
  return element<F>(a, l.begin[s] + (l.reverse ? -j : j), l.row[s]);
}

// The symbol of step j of sequence s.
inline int64_t symbol(const tt_layer& l, int64_t s, int64_t j) {
  return l.symbols.data[(l.begin[s] + (l.reverse ? -j : j)) * l.symbols.step + l.row[s] * l.symbols.row];
}

inline int64_t running(const tt_layer& l, int64_t j) { return l.offset[j + 1] - l.offset[j]; }

// A panel's vectors from `from` until `until`: whole passes.
struct Vectors {
  int from = 0, until = PANEL;
};

// Splits `rows` into tiles of at most MOST_ROWS, as equal as can be, and runs one pass of each; a tile of few rows makes all
// its vectors in the first.
template <class F, class Product>
void every_tile(int64_t rows, const Product& product, Vectors vectors, int at, F* z, int64_t z_row) {
  const int64_t count = up(rows, MOST_ROWS);
  for (int64_t t = 0; t < count; ++t) {
    const int64_t from = rows * t / count;
    Tile tile{t, from, int(rows * (t + 1) / count - from), at, PASS_VECTORS};
    if (tile.rows <= FEW && vectors.until - vectors.from == PANEL) {
      if (at > 0) continue;
      tile.vectors = PANEL;
    }
    run<F>(product, tile, z, z_row);
  }
}

// The product of a panel and any number of rows, one pass and LONG_SUM terms at a time: what is read of the panel then
// stays in the first-level cache while all rows go over it. z's rows are `z_row` apart.
template <class F>
void rows_times_panel(int64_t rows, const RowProduct<F>& p, F* z, int64_t z_row, Vectors vectors = {}) {
  for (int at = vectors.from; at < vectors.until; at += PASS_VECTORS) {
    RowProduct<F> left = p;
    do {
      RowProduct<F> part = left;
      part.first = left.first.take(LONG_SUM);
      part.second = left.second.take(LONG_SUM - part.first.K);
      every_tile<F>(rows, part, vectors, at, z, z_row);
      left.init = z, left.init_row = z_row;
    } while (left.first.K + left.second.K > 0);
  }
}

// The same for rows in blocks.
template <class F>
void blocks_times_panel(int64_t rows, const BlockProduct<F>& p, F* z, int64_t z_row, Vectors vectors = {}) {
  constexpr int64_t AT_ONCE = LONG_SUM / W<F>;
  for (int at = vectors.from; at < vectors.until; at += PASS_VECTORS) {
    BlockProduct<F> part = p;
    for (int64_t left = p.blocks; left > 0; left -= AT_ONCE) {
      part.blocks = std::min(AT_ONCE, left);
      every_tile<F>(rows, part, vectors, at, z, z_row);
      part.a += AT_ONCE * p.block, part.b += LONG_SUM * PASS_WIDTH<F>, part.add = true;
    }
  }
}

// z = start + a b for weights as they came: columns[4 W] are the panel's columns, each K numbers side by side; NULL: 0.
// For weights used once, and not worth packing. A sum's order is the same for every row.
template <class F>
void rows_times_columns(int64_t rows, const F* const* a, int64_t K, const F* const* columns, const F* start,
                        int64_t start_row, F* z, int64_t z_row) {
  constexpr int64_t AT_ONCE = 8;
  for (int64_t first = 0; first < rows; first += AT_ONCE) {
    const int64_t count = std::min(AT_ONCE, rows - first);
    Vec<F> parts[AT_ONCE][PANEL][W<F>];
    for (int l = 0; l < W<F>; ++l) {
      const F* column[PANEL];
      for (int q = 0; q < PANEL; ++q) {
        column[q] = columns[q * W<F> + l];
        if (!column[q]) column[q] = a[0];  // read, and not used
      }
      for (int64_t r = 0; r < count; ++r) {
        Vec<F> found[PANEL];
        dots<F>(a[first + r], column, K, found);
        for (int q = 0; q < PANEL; ++q) parts[r][q][l] = found[q];
      }
    }
    for (int64_t r = 0; r < count; ++r)
      for (int q = 0; q < PANEL; ++q) {
        Vec<F> total = sums<F>(parts[r][q]);
        for (int l = 0; l < W<F>; ++l)
          if (!columns[q * W<F> + l]) total[l] = 0;
        const int64_t row = first + r;
        store<F>(z + row * z_row + q * W<F>, load<F>(start + row * start_row + q * W<F>) + total);
      }
  }
}

// The tape's parts for N real steps.
template <class F>
struct Tape {
  F *gates, *cells;       // [N, Z], [N, Hp]
  F *n_ih, *n_hh, *scale; // [N, Z] each, [N, 2]; an Elman layer has n_ih alone

  static void elements(const tt_layer& l, int64_t out[3]) {
    const Sizes<F> z(l);
    out[0] = z.N * z.Z;
    out[1] = z.lstm ? z.N * z.Hp : 0;
    out[2] = l.weights.norm_ih ? z.N * ((z.lstm ? 2 : 1) * z.Z + 2) : 0;
  }
  Tape(const Sizes<F>& z, int64_t N, void* gates_at, void* cells_at, void* norms_at)
      : gates(static_cast<F*>(gates_at)), cells(static_cast<F*>(cells_at)), n_ih(static_cast<F*>(norms_at)) {
    n_hh = n_ih && z.lstm ? n_ih + N * z.Z : n_ih;
    scale = n_ih ? n_hh + N * z.Z : nullptr;
  }
};

}  // namespace tt::TT_SET
