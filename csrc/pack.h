// Weights into panels, and small ones padded and in z-order.
#pragma once

#include "layer.h"

namespace tt::TT_SET {

// One column of a panel: K numbers side by side, or zeros (NULL), to lane `l` of vector q.
template <class F>
void pack_column(const F* numbers, int64_t K, int q, int l, F* panel) {
  F* at = panel + in_panel<F>(0, K, q) + l;
  for (int64_t k = 0; k < K; ++k) at[k * PASS_WIDTH<F>] = numbers ? numbers[k] : F(0);
}

// Weights [G H, K] for the summed inputs of a step.
template <class F>
void pack_gates(const Sizes<F>& z, const F* weights, int64_t K, F* to, int64_t from, int64_t until) {
  for (int64_t panel = from; panel < until; ++panel)
    for (int q = 0; q < PANEL; ++q) {
      const int64_t block = panel * PANEL + q, u = z.block_unit(block);
      for (int l = 0; l < W<F>; ++l)
        pack_column<F>(u + l < z.H ? weights + (z.block_gate(block) * z.H + u + l) * K : nullptr, K, q, l,
                       to + panel * K * PANEL * W<F>);
    }
}

// Weights [columns, K] whose rows become columns.
template <class F>
void pack_rows(const F* weights, int64_t columns, int64_t K, F* to) {
  constexpr int64_t WIDE = PANEL * W<F>;
  for (int64_t n = 0; n < up(columns, WIDE) * WIDE; ++n)
    pack_column<F>(n < columns ? weights + n * K : nullptr, K, int(n % WIDE) / W<F>, int(n % W<F>),
                   to + n / WIDE * K * WIDE);
}

// One row of a weight whose columns stay columns, into every panel.
template <class F>
void pack_line(const F* row, int64_t columns, int64_t k, int64_t K, F* to) {
  constexpr int64_t WIDE = PANEL * W<F>;
  for (int64_t panel = 0; panel < up(columns, WIDE); ++panel)
    for (int q = 0; q < PANEL; ++q) {
      const int64_t n = panel * WIDE + q * W<F>;
      const Vec<F> v = row && n < columns ? load_some<F>(row + n, columns - n) : Vec<F>{};
      store<F>(to + panel * K * WIDE + in_panel<F>(k, K, q), v);
    }
}

// Weights [G H, columns] whose rows, in z-order, are what is summed over: for gradients of x and h.
template <class F>
void pack_back(const Sizes<F>& z, const F* weights, int64_t columns, F* to, int64_t from, int64_t until) {
  const int64_t K = z.blocks * W<F>;
  for (int64_t k = from; k < until; ++k) {
    const int64_t block = k / W<F>, u = z.block_unit(block) + k % W<F>;
    const F* row = u < z.H ? weights + (z.block_gate(block) * z.H + u) * columns : nullptr;
    pack_line<F>(row, columns, k, K, to);
  }
}

// A vector [G H] (sum of up to two) in z-order, zeros in the padding.
template <class F>
void pack_vector(const Sizes<F>& z, const void* one, const void* two, F* to) {
  for (int64_t k = 0; k < z.Z; ++k) {
    const int64_t block = k / W<F>, u = z.block_unit(block) + k % W<F>, at = z.block_gate(block) * z.H + u;
    to[k] = 0;
    if (u >= z.H) continue;
    if (one) to[k] += static_cast<const F*>(one)[at];
    if (two) to[k] += static_cast<const F*>(two)[at];
  }
}

// What a symbol adds to the summed inputs, [G H], in z-order, and with it up to two biases.
template <class F>
void pack_symbol(const Sizes<F>& z, const F* row, const void* one, const void* two, F* to) {
  for (int64_t block = 0; block < z.Z / W<F>; ++block) {
    const int64_t u = z.block_unit(block), count = z.count(u), at = z.block_gate(block) * z.H + u;
    Vec<F> bias{};
    if (count > 0 && one) bias += load_some<F>(static_cast<const F*>(one) + at, count);
    if (count > 0 && two) bias += load_some<F>(static_cast<const F*>(two) + at, count);
    store<F>(to + block * W<F>, count > 0 ? bias + load_some<F>(row + at, count) : bias);
  }
}

// The table of a layer's symbols, [V, Z]: some of its rows. Where sums are normalised, without the biases.
template <class F>
void pack_table(const tt_layer& l, const Sizes<F>& z, F* to, int64_t from, int64_t until) {
  const bool norm = l.weights.norm_ih;
  for (int64_t v = from; v < until; ++v)
    pack_symbol<F>(z, static_cast<const F*>(l.table) + v * z.G * z.H, norm ? nullptr : l.weights.b_ih,
                   norm ? nullptr : l.weights.b_hh, to + v * z.Z);
}

// A vector over units, padded.
template <class F>
void pack_units(const Sizes<F>& z, const void* from, int64_t which, F* to) {
  for (int64_t u = 0; u < z.Hp; ++u) to[u] = from && u < z.H ? static_cast<const F*>(from)[which * z.H + u] : F(0);
}

// The small weights, padded and in z-order.
template <class F>
struct SmallWeights {
  F *bias, *norm_ih, *norm_hh;                       // [Z]
  F *peep_i, *peep_f, *peep_o, *norm_c, *norm_c_bias; // [Hp]

  SmallWeights(Cutter& cutter, const Sizes<F>& z, const tt_weights& w) {
    bias = cutter.cut<F>(z.Z);
    norm_ih = w.norm_ih ? cutter.cut<F>(z.Z) : nullptr;
    norm_hh = w.norm_hh ? cutter.cut<F>(z.Z) : nullptr;
    F** units[] = {&peep_i, &peep_f, &peep_o, &norm_c, &norm_c_bias};
    const void* there[] = {w.peep, w.peep, w.peep, w.norm_c, w.norm_c};
    for (int k = 0; k < 5; ++k) *units[k] = there[k] ? cutter.cut<F>(z.Hp) : nullptr;
  }
  void pack(const Sizes<F>& z, const tt_weights& w) {
    pack_vector<F>(z, w.b_ih, w.b_hh, bias);
    if (w.norm_ih) pack_vector<F>(z, w.norm_ih, nullptr, norm_ih);
    if (w.norm_hh) pack_vector<F>(z, w.norm_hh, nullptr, norm_hh);
    if (w.peep) {
      F* peeps[] = {peep_i, peep_f, peep_o};
      for (int g = 0; g < 3; ++g) pack_units<F>(z, w.peep, g, peeps[g]);
    }
    if (w.norm_c) {
      pack_units<F>(z, w.norm_c, 0, norm_c);
      pack_units<F>(z, w.norm_c_bias, 0, norm_c_bias);
    }
  }
};

}  // namespace tt::TT_SET
