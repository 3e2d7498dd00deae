// Vectors of one instruction set, and sigmoid and tanh on them.
//
//   e^x         = 2^n e^r,  n = round(x / ln 2),  r = x - n ln 2
//   sigmoid(x)  = 1 / (1 + e^-|x|) or e^-|x| / (1 + e^-|x|), by the sign of x: no cancellation, right down to denormals
//   tanh(x)     = E / (E + 2) with E = e^(2|x|) - 1 = 2^n (e^r - 1) + (2^n - 1), and the sign of x
//
// Every float32 comes out within 4 units in the last place (benchmarks/activations.py runs them all). NaN stays NaN.
//
// Sources: the float32 polynomial is Cephes' expf (Moshier); the float64 one is Taylor's, |r| <= ln(2)/2, to r^13.
#pragma once

#include <cstdint>
#include <cstring>
#include <limits>

namespace tt::TT_SET {

inline constexpr int VECTOR_BYTES = TT_VECTOR_BYTES;

template <class F>
struct Lanes;
template <>
struct Lanes<float> {
  typedef float Real __attribute__((vector_size(TT_VECTOR_BYTES)));
  typedef int32_t Whole __attribute__((vector_size(TT_VECTOR_BYTES)));
  typedef float Loose __attribute__((vector_size(TT_VECTOR_BYTES), aligned(4), may_alias));
  typedef int32_t Int;
};
template <>
struct Lanes<double> {
  typedef double Real __attribute__((vector_size(TT_VECTOR_BYTES)));
  typedef int64_t Whole __attribute__((vector_size(TT_VECTOR_BYTES)));
  typedef double Loose __attribute__((vector_size(TT_VECTOR_BYTES), aligned(8), may_alias));
  typedef int64_t Int;
};

template <class F>
using Vec = typename Lanes<F>::Real;
template <class F>
inline constexpr int W = VECTOR_BYTES / sizeof(F);

template <class F>
inline Vec<F> load(const F* p) {
  return *reinterpret_cast<const typename Lanes<F>::Loose*>(p);
}
template <class F>
inline void store(F* p, Vec<F> v) {
  *reinterpret_cast<typename Lanes<F>::Loose*>(p) = v;
}
template <class F>
inline Vec<F> all(F value) {
  return value - Vec<F>{};
}

// The first `count` lanes, zeros in the others; count 1 .. W.
template <class F>
inline Vec<F> load_some(const F* p, int64_t count) {
  if (count >= W<F>) return load<F>(p);
  Vec<F> v{};
  std::memcpy(&v, p, count * sizeof(F));
  return v;
}
template <class F>
inline void store_some(F* p, Vec<F> v, int64_t count) {
  if (count >= W<F>) return store<F>(p, v);
  std::memcpy(p, &v, count * sizeof(F));
}
template <class F>
inline F sum(Vec<F> v) {
  F total = 0;
  for (int l = 0; l < W<F>; ++l) total += v[l];
  return total;
}

template <class F>
struct Exp;
template <>
struct Exp<float> {
  static constexpr int MANTISSA = 23;
  static constexpr int32_t ONE = 0x3F800000;
  static constexpr float ROUND = 12582912.0f;  // 1.5 * 2^23: adding it leaves the nearest whole number in the low bits
  static constexpr float LOG2E = 1.44269504088896341f, LN2_HIGH = 0.693359375f, LN2_LOW = -2.12194440e-4f;
  static constexpr float SMALLEST = 104.0f;  // e^-104 rounds to 0
  static constexpr float TANH_ONE = 20.0f;   // from 2|x| = 20 on, E + 2 rounds to E
  // (e^r - 1 - r) / r^2
  static Vec<float> tail(Vec<float> r) {
    Vec<float> p = all<float>(1.9875691500e-4f);
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    return p * r + 5.0000001201e-1f;
  }
};
template <>
struct Exp<double> {
  static constexpr int MANTISSA = 52;
  static constexpr int64_t ONE = 0x3FF0000000000000;
  static constexpr double ROUND = 6755399441055744.0;
  static constexpr double LOG2E = 1.4426950408889634074, LN2_HIGH = 6.93145751953125e-1,
                          LN2_LOW = 1.42860682030941723212e-6;
  static constexpr double SMALLEST = 746.0, TANH_ONE = 40.0;
  static Vec<double> tail(Vec<double> r) {
    Vec<double> p = all<double>(1.0 / 6227020800);
    p = p * r + 1.0 / 479001600;
    p = p * r + 1.0 / 39916800;
    p = p * r + 1.0 / 3628800;
    p = p * r + 1.0 / 362880;
    p = p * r + 1.0 / 40320;
    p = p * r + 1.0 / 5040;
    p = p * r + 1.0 / 720;
    p = p * r + 1.0 / 120;
    p = p * r + 1.0 / 24;
    p = p * r + 1.0 / 6;
    return p * r + 0.5;
  }
};

// 2^n for the whole number n that t = n + ROUND holds in its low bits; -126 <= n (-1022 for double).
template <class F>
inline Vec<F> power_of_two(Vec<F> t) {
  using Whole = typename Lanes<F>::Whole;
  return (Vec<F>)(((Whole)t << Exp<F>::MANTISSA) + Exp<F>::ONE);
}

template <class F>
inline Vec<F> magnitude(Vec<F> x) {
  using Whole = typename Lanes<F>::Whole;
  using Int = typename Lanes<F>::Int;
  constexpr Int SIGN = std::numeric_limits<Int>::min();
  return (Vec<F>)((Whole)x & ~SIGN);
}

template <class F>
inline Vec<F> sigmoid(Vec<F> x) {
  using E = Exp<F>;
  Vec<F> a = magnitude<F>(x);
  a = a > E::SMALLEST ? all<F>(E::SMALLEST) : a;
  Vec<F> t = E::ROUND - a * E::LOG2E, n = t - E::ROUND;
  Vec<F> r = -a - n * E::LN2_HIGH - n * E::LN2_LOW;
  Vec<F> e = (E::tail(r) * r * r + r) + F(1);
  // 2^n in two halves, so that a denormal e is rounded once
  Vec<F> half = n * F(0.5) + E::ROUND, first = half - E::ROUND, rest = (n - first) + E::ROUND;
  e = e * power_of_two<F>(half) * power_of_two<F>(rest);
  return (x < F(0) ? e : all<F>(1)) / (F(1) + e);
}

template <class F>
inline Vec<F> tanh(Vec<F> x) {
  using E = Exp<F>;
  using Whole = typename Lanes<F>::Whole;
  Vec<F> m = magnitude<F>(x), a = m + m;
  a = a > E::TANH_ONE ? all<F>(E::TANH_ONE) : a;
  Vec<F> t = a * E::LOG2E + E::ROUND, n = t - E::ROUND;
  Vec<F> r = a - n * E::LN2_HIGH - n * E::LN2_LOW;
  Vec<F> q = E::tail(r) * r * r + r, s = power_of_two<F>(t);
  Vec<F> e = s * q + (s - F(1));
  Vec<F> positive = e / (e + F(2));
  Whole sign = (Whole)x ^ (Whole)m;
  return (Vec<F>)((Whole)positive | sign);
}

}  // namespace tt::TT_SET
