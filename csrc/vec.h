// Vectors of one instruction set, and sigmoid and tanh on them.
//
//   e^x         = 2^n e^r,  n = round(x / ln 2),  r = x - n ln 2
//   sigmoid(x)  = K / (K + K e^-x), K a power of two that keeps K e^-x finite wherever the result is not 0
//   tanh(x)     = E / (E + 2) with E = e^(2|x|) - 1 = 2^n (e^r - 1) + (2^n - 1), and the sign of x
//
// Every float32 comes out within 4 units in the last place (benchmarks/activations.py runs them all). NaN stays NaN.
//
// Sources: the float32 polynomial is Cephes' expf (Moshier); the float64 one is Taylor's, |r| <= ln(2)/2, to r^13.
#pragma once

#include <immintrin.h>

#include <cstdint>
#include <cstring>
#include <limits>

#define TT_INLINE [[gnu::always_inline]] inline

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
#if TT_VECTOR_BYTES == 64
  const uint32_t lanes = (1u << count) - 1;
  if constexpr (sizeof(F) == 4) return _mm512_maskz_loadu_ps(__mmask16(lanes), p);
  else return _mm512_maskz_loadu_pd(__mmask8(lanes), p);
#else
  Vec<F> v{};
  std::memcpy(&v, p, count * sizeof(F));
  return v;
#endif
}
template <class F>
inline void store_some(F* p, Vec<F> v, int64_t count) {
  if (count >= W<F>) return store<F>(p, v);
#if TT_VECTOR_BYTES == 64
  const uint32_t lanes = (1u << count) - 1;
  if constexpr (sizeof(F) == 4) _mm512_mask_storeu_ps(p, __mmask16(lanes), v);
  else _mm512_mask_storeu_pd(p, __mmask8(lanes), v);
#else
  std::memcpy(p, &v, count * sizeof(F));
#endif
}

// Numbers of lanes: of each itself, and of the one `half` apart, for every half of a vector's width. In memory, since a
// compiler puts lane after lane into a register otherwise.
template <class F>
struct LaneNumbers {
  using Int = typename Lanes<F>::Int;
  alignas(64) Int own[W<F>], apart[4][W<F>];
  constexpr LaneNumbers() : own{}, apart{} {
    for (int l = 0; l < W<F>; ++l) {
      own[l] = l;
      for (int k = 0; k < 4; ++k) apart[k][l] = (l ^ (1 << k)) % W<F>;
    }
  }
};
template <class F>
inline constexpr LaneNumbers<F> LANES{};
template <class F>
inline constexpr int HALVES = __builtin_ctz(W<F>);  // times that a vector is halved to one lane
template <class F>
TT_INLINE auto lanes(const typename Lanes<F>::Int* numbers) {
  return *reinterpret_cast<const typename Lanes<F>::Whole*>(numbers);
}

// All lanes joined two by two: combine(x, y) of vectors.
template <class F, class Combine>
TT_INLINE F joined(Vec<F> v, Combine combine) {
#pragma GCC unroll 4
  for (int k = 0; k < HALVES<F>; ++k) v = combine(v, __builtin_shuffle(v, lanes<F>(LANES<F>.apart[k])));
  return v[0];
}
// The first `count` lanes, `other` in the others.
template <class F>
TT_INLINE Vec<F> first(Vec<F> v, int64_t count, F other = 0) {
  return lanes<F>(LANES<F>.own) < typename Lanes<F>::Int(count) ? v : all<F>(other);
}
template <class F>
TT_INLINE Vec<F> greater(Vec<F> x, Vec<F> y) {
  return x > y ? x : y;
}
template <class F>
TT_INLINE F sum(Vec<F> v) {
  return joined<F>(v, [](Vec<F> x, Vec<F> y) { return x + y; });
}

// The lesser, or the greater, of x and a bound; a NaN stays. One instruction, which a comparison and a choice are not.
#if TT_VECTOR_BYTES == 16
#define TT_OF_WIDTH(name, type, lanes) _mm_##name##_##type
#elif TT_VECTOR_BYTES == 32
#define TT_OF_WIDTH(name, type, lanes) _mm256_##name##_##type
#else
#define TT_OF_WIDTH(name, type, lanes) [](auto a, auto b) { return _mm512_maskz_##name##_##type(lanes, a, b); }
#endif
TT_INLINE Vec<float> at_most(Vec<float> x, float most) { return TT_OF_WIDTH(min, ps, 0xFFFF)(all<float>(most), x); }
TT_INLINE Vec<double> at_most(Vec<double> x, double most) { return TT_OF_WIDTH(min, pd, 0xFF)(all<double>(most), x); }
TT_INLINE Vec<float> at_least(Vec<float> x, float least) { return TT_OF_WIDTH(max, ps, 0xFFFF)(all<float>(least), x); }
TT_INLINE Vec<double> at_least(Vec<double> x, double least) { return TT_OF_WIDTH(max, pd, 0xFF)(all<double>(least), x); }
#undef TT_OF_WIDTH

template <class F>
struct Exp;
template <>
struct Exp<float> {
  using Bits = int32_t;
  static constexpr int MANTISSA = 23;
  static constexpr int32_t ONE = 0x3F800000;
  static constexpr float ROUND = 12582912.0f;  // 1.5 * 2^23: adding it leaves the nearest whole number in the low bits
  static constexpr float LOG2E = 1.44269504088896341f, LN2_HIGH = 0.693359375f, LN2_LOW = -2.12194440e-4f;
  static constexpr int SHIFT = 24;  // K = 2^-SHIFT
  static constexpr float SIGMOID_ZERO = -104.5f, SIGMOID_ONE = 70.0f;  // beyond, the result is 0 or 1
  static constexpr float TANH_ONE = 20.0f;                             // from 2|x| = 20 on, E + 2 rounds to E
  static constexpr float EXP_ZERO = -87.0f;                            // below, e^x is no normal number any more
  // (e^r - 1 - r) / r^2
  [[gnu::always_inline]] static Vec<float> tail(Vec<float> r) {
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
  using Bits = int64_t;
  static constexpr int MANTISSA = 52;
  static constexpr int64_t ONE = 0x3FF0000000000000;
  static constexpr double ROUND = 6755399441055744.0;
  static constexpr double LOG2E = 1.4426950408889634074, LN2_HIGH = 6.93145751953125e-1,
                          LN2_LOW = 1.42860682030941723212e-6;
  static constexpr int SHIFT = 54;
  static constexpr double SIGMOID_ZERO = -746.0, SIGMOID_ONE = 600.0, TANH_ONE = 40.0, EXP_ZERO = -708.0;
  [[gnu::always_inline]] static Vec<double> tail(Vec<double> r) {
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

// 2^(n - shift) for the whole number n that t = n + ROUND holds in its low bits.
template <class F>
TT_INLINE Vec<F> power_of_two(Vec<F> t, int shift = 0) {
  using Whole = typename Lanes<F>::Whole;
  using Int = typename Lanes<F>::Int;
  return (Vec<F>)(((Whole)t << Exp<F>::MANTISSA) + (Exp<F>::ONE - (Int(shift) << Exp<F>::MANTISSA)));
}

template <class F>
TT_INLINE Vec<F> magnitude(Vec<F> x) {
  using Whole = typename Lanes<F>::Whole;
  using Int = typename Lanes<F>::Int;
  constexpr Int SIGN = std::numeric_limits<Int>::min();
  return (Vec<F>)((Whole)x & ~SIGN);
}

template <class F>
TT_INLINE Vec<F> sigmoid(Vec<F> x) {
  using E = Exp<F>;
  x = at_least(at_most(x, E::SIGMOID_ONE), E::SIGMOID_ZERO);
  const Vec<F> t = E::ROUND - x * E::LOG2E, n = t - E::ROUND;
  const Vec<F> r = -x - n * E::LN2_HIGH - n * E::LN2_LOW;
  const Vec<F> e = (E::tail(r) * (r * r) + r) + F(1);
  constexpr F K = F(1) / F(typename E::Bits(1) << E::SHIFT);
  return K / (K + e * power_of_two<F>(t, E::SHIFT));
}

// e^x for x <= 0 and what rounding makes of 0; 0 where that is no normal number.
template <class F>
TT_INLINE Vec<F> exponential(Vec<F> x) {
  using E = Exp<F>;
  const Vec<F> y = at_least(x, E::EXP_ZERO), t = y * E::LOG2E + E::ROUND, n = t - E::ROUND;
  const Vec<F> r = y - n * E::LN2_HIGH - n * E::LN2_LOW;
  const Vec<F> e = ((E::tail(r) * (r * r) + r) + F(1)) * power_of_two<F>(t);
  return x < E::EXP_ZERO ? Vec<F>{} : e;
}

template <class F>
TT_INLINE Vec<F> tanh(Vec<F> x) {
  using E = Exp<F>;
  using Whole = typename Lanes<F>::Whole;
  const Vec<F> m = magnitude<F>(x), a = at_most(m + m, E::TANH_ONE);
  const Vec<F> t = a * E::LOG2E + E::ROUND, n = t - E::ROUND;
  const Vec<F> r = a - n * E::LN2_HIGH - n * E::LN2_LOW;
  const Vec<F> q = E::tail(r) * (r * r) + r, s = power_of_two<F>(t);
  const Vec<F> e = s * q + (s - F(1));
  const Vec<F> positive = e / (e + F(2));
  const Whole sign = (Whole)x ^ (Whole)m;
  return (Vec<F>)((Whole)positive | sign);
}

}  // namespace tt::TT_SET
