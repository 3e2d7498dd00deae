// Losses of entries that are one of K classes, and rows of a table that go to entries.
//
//   loss[n] = (1 - s) (L[n] - a[n][target]) + s (L[n] - mean_k a[n][k]),      L[n] = log sum_k e^a[n][k]
//   d a[n][k] = d loss[n] (e^(a[n][k] - L[n]) - (1 - s) [k = target] - s / K)
//
// Outputs are read once forward and once backward; nothing of their size is kept between. Entries are shared among the
// threads, and of a table's gradient the columns, so that every sum has its own order, however many threads there are.
#pragma once

#include <omp.h>

#include <cmath>

#include "layer.h"

namespace tt::TT_SET {

// Numbers of outputs for which another thread is worth waking: about 20 microseconds of one.
inline constexpr int64_t WORTH_OUTPUTS = 60'000;

inline int team(int64_t work, int64_t parts, int32_t threads) {
  return int(std::clamp<int64_t>(work / WORTH_OUTPUTS, 1, std::max<int64_t>(std::min<int64_t>(parts, threads), 1)));
}

// Calls visit(from, until) on every thread, for its share of `parts`.
template <class Visit>
void shared(int threads, int64_t parts, Visit visit) {
  if (threads == 1) return visit(0, parts);
#pragma omp parallel num_threads(threads)
  {
    const int64_t thread = omp_get_thread_num(), granted = omp_get_num_threads();
    visit(parts * thread / granted, parts * (thread + 1) / granted);
  }
}

template <class F>
class Classes {
 public:
  explicit Classes(const tt_classes& classes)
      : c(classes), smoothing_(F(c.smoothing)), team_(team(c.N * c.K, c.N, c.threads)) {}

  void forward() const {
    shared(team_, c.N, [&](int64_t from, int64_t until) {
      for (int64_t n = from; n < until; ++n) loss(n);
    });
  }
  void backward() const {
    shared(team_, c.N, [&](int64_t from, int64_t until) {
      for (int64_t n = from; n < until; ++n) gradient(n);
    });
  }

 private:
  const F* outputs(int64_t n) const { return static_cast<const F*>(c.outputs) + n * c.row; }

  void loss(int64_t n) const {
    const F* a = outputs(n);
    const int64_t target = c.targets[n];
    F &loss = static_cast<F*>(c.losses)[n], &log_sum = static_cast<F*>(c.log_sums)[n];
    loss = log_sum = 0;
    if (target < 0) return;
    const F most = greatest(a);
    F sum_powers, sum_distances;
    std::tie(sum_powers, sum_distances) = smoothing_ == 0 ? sums_from<false>(a, most) : sums_from<true>(a, most);
    const F log_powers = std::log(sum_powers);
    log_sum = most + log_powers;
    loss = log_powers - (a[target] - most);
    if (smoothing_ != 0) loss = (1 - smoothing_) * loss + smoothing_ * (log_powers - sum_distances / F(c.K));
  }

  void gradient(int64_t n) const {
    const F *a = outputs(n), g = static_cast<const F*>(c.d_losses)[n], log_sum = static_cast<const F*>(c.log_sums)[n];
    const int64_t target = c.targets[n];
    F* d = static_cast<F*>(c.d_outputs) + n * c.K;
    if (target < 0) {
      std::fill_n(d, c.K, F(0));
      return;
    }
    const F spread = smoothing_ / F(c.K);
    for (int64_t k = 0; k < c.K; k += W<F>) {
      const int64_t some = std::min<int64_t>(W<F>, c.K - k);
      store_some<F>(d + k, g * (exponential<F>(load_some<F>(a + k, some) - log_sum) - spread), some);
    }
    d[target] -= g * (1 - smoothing_);
  }

  // The sums of e^(a - most), and of a - most where they are wanted.
  template <bool DISTANCES>
  std::pair<F, F> sums_from(const F* a, F most) const {
    Vec<F> powers{}, distances{};
    int64_t k = 0;
    for (; k + W<F> <= c.K; k += W<F>) {
      const Vec<F> distance = load<F>(a + k) - most;
      powers += exponential<F>(distance);
      if (DISTANCES) distances += distance;
    }
    if (k < c.K) {
      const Vec<F> distance = load_some<F>(a + k, c.K - k) - most;
      powers += first<F>(exponential<F>(distance), c.K - k);
      if (DISTANCES) distances += first<F>(distance, c.K - k);
    }
    return {sum<F>(powers), DISTANCES ? sum<F>(distances) : F(0)};
  }

  F greatest(const F* a) const {
    Vec<F> best = all<F>(a[0]);
    int64_t k = 0;
    for (; k + W<F> <= c.K; k += W<F>) best = greater<F>(best, load<F>(a + k));
    if (k < c.K) best = greater<F>(best, first<F>(load_some<F>(a + k, c.K - k), c.K - k, a[0]));
    return joined<F>(best, greater<F>);
  }

  const tt_classes& c;
  const F smoothing_;
  const int team_;
};

// Rows of a table to entries, and the sums of their gradients back.
template <class F>
class TableRows {
 public:
  explicit TableRows(const tt_table_rows& rows) : r(rows) {}

  void forward() const {
    shared(team(r.N * r.K, r.N, r.threads), r.N, [&](int64_t from, int64_t until) {
      for (int64_t n = from; n < until; ++n)
        std::copy_n(static_cast<const F*>(r.table) + r.numbers[n] * r.K, r.K, static_cast<F*>(r.entries) + n * r.K);
    });
  }
  void backward() const {
    const int64_t blocks = up(r.K, W<F>);
    shared(team(r.N * r.K, blocks, r.threads), blocks, [&](int64_t first, int64_t last) {
      const int64_t from = first * W<F>, until = std::min<int64_t>(last * W<F>, r.K);
      F* table = static_cast<F*>(r.table);
      for (int64_t v = 0; v < r.V; ++v) std::fill(table + v * r.K + from, table + v * r.K + until, F(0));
      for (int64_t n = 0; n < r.N; ++n) add(static_cast<const F*>(r.entries) + n * r.K, table + r.numbers[n] * r.K, from, until);
    });
  }

 private:
  static void add(const F* entry, F* sums, int64_t from, int64_t until) {
    int64_t k = from;
    for (; k + W<F> <= until; k += W<F>) store<F>(sums + k, load<F>(sums + k) + load<F>(entry + k));
    for (; k < until; ++k) sums[k] += entry[k];
  }

  const tt_table_rows& r;
};

}  // namespace tt::TT_SET
