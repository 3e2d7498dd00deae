// Layer normalisation of one row: n = (a - mean) scale, scale = 1 / sqrt(var + 1e-5).
#pragma once

#include "pack.h"

namespace tt::TT_SET {

inline constexpr double NORM_EPSILON = 1e-5;  // torch.nn.LayerNorm's

// Lanes of block `b` (of W) that are units; zeros elsewhere.
template <class F>
inline Vec<F> only_units(Vec<F> v, int64_t count) {
  if (count < W<F>)
    for (int l = 0; l < W<F>; ++l)
      if (l >= count) v[l] = 0;
  return v;
}

// Sums over blocks in chains of PANEL, block b in chain b % PANEL: each chain alone would wait for its own additions.
template <class F>
struct Chains {
  Vec<F> part[PANEL]{};

  template <class Term>
  void add(int64_t blocks, Term term) {
    int64_t b = 0;
    for (; b + PANEL <= blocks; b += PANEL)
#pragma GCC unroll 4
      for (int q = 0; q < PANEL; ++q) part[q] += term(b + q);
    for (int q = 0; b < blocks; ++b, ++q) part[q] += term(b);
  }
  F total() const { return sum<F>((part[0] + part[1]) + (part[2] + part[3])); }
};

// What makes n of a.
template <class F>
struct Norm {
  F mean, scale;

  Vec<F> of(Vec<F> a, int64_t count) const { return only_units<F>((a - mean) * scale, count); }
};

// Of a row [blocks][W] with zeros in the padding; `count(b)` units in block b.
template <class F, class Count>
inline Norm<F> norm_of(const F* a, int64_t blocks, F units, Count count) {
  Chains<F> total, squares;
  total.add(blocks, [&](int64_t b) { return load<F>(a + b * W<F>); });
  const F mean = total.total() / units;
  squares.add(blocks, [&](int64_t b) {
    const Vec<F> centred = only_units<F>(load<F>(a + b * W<F>) - mean, count(b));
    return centred * centred;
  });
  return {mean, F(1) / F(__builtin_sqrt(squares.total() / units + F(NORM_EPSILON)))};
}

// Of a row of summed inputs in z-order.
template <class F>
inline Norm<F> norm_of_sums(const Sizes<F>& s, const F* z) {
  return norm_of<F>(z, s.panels * PANEL, F(s.G * s.H), [&](int64_t b) { return s.count(s.block_unit(b)); });
}

// The summed inputs of a row from its two products before they are normalised, and what they are after (NULL: not kept):
//   out = n_h norm_hh + b + n_x norm_ih, an Elman layer: n_h norm_ih + b. Returns the two scales.
template <class F>
inline std::pair<F, F> join_normalised(const Sizes<F>& s, const SmallWeights<F>& w, const F* x, const F* h, F* n_x,
                                       F* n_h, F* out) {
  const Norm<F> of_h = norm_of_sums<F>(s, h), of_x = s.lstm ? norm_of_sums<F>(s, x) : Norm<F>{};
  const F* gain = s.lstm ? w.norm_hh : w.norm_ih;
  for (int64_t b = 0; b < s.panels * PANEL; ++b) {
    const int64_t at = b * W<F>, count = s.count(s.block_unit(b));
    const Vec<F> h_here = of_h.of(load<F>(h + at), count);
    if (n_h) store<F>(n_h + at, h_here);
    Vec<F> a = h_here * load<F>(gain + at) + load<F>(w.bias + at);
    if (s.lstm) {
      const Vec<F> x_here = of_x.of(load<F>(x + at), count);
      if (n_x) store<F>(n_x + at, x_here);
      a += x_here * load<F>(w.norm_ih + at);
    }
    store<F>(out + at, a);
  }
  return {of_x.scale, of_h.scale};
}

// Calls out(b, da) for every block: da = scale (dn - mean(dn) - n mean(dn n)), where dn(b) is the gradient of n.
template <class F, class Gradient, class Out>
void normalise_backward(int64_t blocks, F units, const F* n, F scale, Gradient dn, Out out) {
  Chains<F> total, with_n;
  total.add(blocks, dn);
  with_n.add(blocks, [&](int64_t b) { return dn(b) * load<F>(n + b * W<F>); });
  const F mean = total.total() / units, share = with_n.total() / units;
  for (int64_t b = 0; b < blocks; ++b) out(b, (dn(b) - mean - load<F>(n + b * W<F>) * share) * scale);
}

}  // namespace tt::TT_SET
