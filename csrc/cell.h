// One step of one block of W units, pointwise: the equations of kernels/oracle_lstm.py and oracle_rnn.py.
#pragma once

#include "norm.h"

namespace tt::TT_SET {

// The gates of W units, the new cell state c~ and what tanh makes of it.
template <class F>
struct Gates {
  Vec<F> i, f, g, o, c_new;
};

// f c + i g, rounded in one way wherever it is computed: which product is fused is not left to the compiler.
template <class F>
TT_INLINE Vec<F> next_cell(Vec<F> i, Vec<F> f, Vec<F> g, Vec<F> c) {
  Vec<F> added = i * g;
  asm("" : "+v"(added));
  return f * c + added;
}

// Without peepholes.
template <class F>
TT_INLINE Gates<F> plain_gates(const F* z, Vec<F> c) {
  Gates<F> gates;
  gates.i = sigmoid<F>(load<F>(z));
  gates.f = sigmoid<F>(load<F>(z + W<F>));
  gates.g = tanh<F>(load<F>(z + 2 * W<F>));
  gates.o = sigmoid<F>(load<F>(z + 3 * W<F>));
  gates.c_new = next_cell<F>(gates.i, gates.f, gates.g, c);
  return gates;
}

template <class F>
inline Gates<F> lstm_gates(const F* z, Vec<F> c, const SmallWeights<F>& w, int64_t u) {
  if (!w.peep_i) return plain_gates<F>(z, c);
  Gates<F> gates;
  gates.i = sigmoid<F>(load<F>(z) + load<F>(w.peep_i + u) * c);
  gates.f = sigmoid<F>(load<F>(z + W<F>) + load<F>(w.peep_f + u) * c);
  gates.g = tanh<F>(load<F>(z + 2 * W<F>));
  gates.c_new = next_cell<F>(gates.i, gates.f, gates.g, c);
  gates.o = sigmoid<F>(load<F>(z + 3 * W<F>) + load<F>(w.peep_o + u) * gates.c_new);
  return gates;
}

template <class F>
inline void keep_gates(F* to, const Gates<F>& g) {
  store<F>(to, g.i);
  store<F>(to + W<F>, g.f);
  store<F>(to + 2 * W<F>, g.g);
  store<F>(to + 3 * W<F>, g.o);
}

template <class F>
TT_INLINE Vec<F> squash(int32_t cell, Vec<F> a) {
  return cell == TT_RELU ? (a < F(0) ? Vec<F>{} : a) : tanh<F>(a);  // a NaN stays
}

// What of the state after a step is the old one's, where a share `zone` of it stays.
template <class F>
TT_INLINE Vec<F> zoned(const F* zone, int64_t count, Vec<F> old_value, Vec<F> new_value) {
  if (!zone) return new_value;
  const Vec<F> share = load_some<F>(zone, count);
  return share * old_value + (F(1) - share) * new_value;
}

}  // namespace tt::TT_SET
