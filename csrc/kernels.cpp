// One instruction set's kernels. Built once for each, with TT_SET its name and TT_VECTOR_BYTES its width.
#include <omp.h>
#include <sys/mman.h>

#include <new>
#include <type_traits>

#include "backward.h"
#include "classes.h"
#include "forward.h"

namespace tt::TT_SET {
namespace {

// How a pass runs. Sequences are shared where there are enough of them; units, with a barrier a step, where sequences
// are few and the weights too many for one core's second-level cache.
template <class F>
Choice choose(const tt_layer& l) {
  const Sizes<F> s(l);
  Choice choice{};
  const int64_t per_row = s.G * s.H * (s.C + s.P), work = s.N * per_row;
  const bool whole_rows = l.weights.norm_ih || l.weights.W_hr;  // a step needs all units of a row at once
  const int64_t most = std::max(l.threads, 1);
  choice.threads = int(l.split == TT_SPLIT_AUTO ? std::clamp<int64_t>(work / WORTH_A_THREAD, 1, most) : most);
  const bool large = s.Z * s.P * int64_t(sizeof(F)) > LARGE_WEIGHTS && s.panels >= PANEL * choice.threads;
  choice.by_units = l.split == TT_SPLIT_UNITS || (l.split == TT_SPLIT_AUTO && large && up(s.S, choice.threads) < FEW_ROWS);
  if (whole_rows || choice.threads == 1) choice.by_units = false;
  if (!choice.by_units) choice.threads = int(std::min<int64_t>(choice.threads, s.S));
  const int64_t rows_at_once = choice.by_units ? s.S : up(s.S, choice.threads);
  choice.inputs_ahead = l.weights.norm_ih || l.table || (rows_at_once < 12 && s.C > 4 && s.T > 1);
  return choice;
}

template <class F>
int64_t scratch_bytes(const tt_layer* l, int32_t pass) {
  const Sizes<F> s(*l);
  const Choice choice = choose<F>(*l);
  return pass == TT_FORWARD ? ForwardMemory<F>(*l, s, choice, nullptr).bytes
                            : BackwardMemory<F>(*l, s, choice, nullptr).bytes;
}

// Asks for large pages under memory that is about to be written for the first time: a page fault costs as much as
// filling the page. A refusal changes nothing but the time.
void advise(void* memory, int64_t bytes) {
  constexpr uintptr_t PAGE = 2 << 20;
  const uintptr_t from = (reinterpret_cast<uintptr_t>(memory) + PAGE - 1) / PAGE * PAGE;
  const uintptr_t until = (reinterpret_cast<uintptr_t>(memory) + bytes) / PAGE * PAGE;
  if (memory && until > from) madvise(reinterpret_cast<void*>(from), until - from, MADV_HUGEPAGE);
}

template <class F, template <class> class Memory, template <class> class Worker>
class Pass {
 public:
  explicit Pass(const tt_layer& layer)
      : l_(layer), s_(layer), choice_(choose<F>(layer)), memory_(layer, s_, choice_, layer.scratch) {
    new (memory_.barrier) Barrier;
    advise(l_.scratch, memory_.bytes);
    if (!std::is_same_v<Memory<F>, ForwardMemory<F>>) return;
    int64_t elements[3];
    Tape<F>::elements(l_, elements);
    void* const parts[] = {l_.gates, l_.cells, l_.norms};
    for (int k = 0; k < 3; ++k) advise(parts[k], elements[k] * int64_t(sizeof(F)));
  }
  int threads() const { return choice_.threads; }
  bool worth_a_thread() const {
    return l_.split != TT_SPLIT_AUTO || 2 * s_.N * s_.G * s_.H * (s_.C + s_.P) >= WORTH_A_THREAD;
  }
  // What thread `thread` of `threads` does; no more than threads() of them.
  void run(int thread, int threads) const {
    if (thread >= threads) return;
    const bool dense = l_.length[l_.S - 1] == l_.T;
    const int64_t group = dense ? up(l_.S, threads) : std::clamp<int64_t>(l_.S / (2 * threads), 1, TOGETHER);
    Worker<F>(l_, memory_, choice_, Share{thread, threads, choice_.by_units, group, memory_.barrier}).run();
  }
  void run() const {
    if (threads() == 1) return run(0, 1);
    // The runtime may grant fewer threads than asked for.
#pragma omp parallel num_threads(threads())
    run(omp_get_thread_num(), omp_get_num_threads());
  }

 private:
  const tt_layer& l_;
  const Sizes<F> s_;
  const Choice choice_;
  const Memory<F> memory_;
};

template <class F, template <class> class Memory, template <class> class Worker>
void run(const tt_layer* layers, int64_t count, int64_t threads) {
  using P = Pass<F, Memory, Worker>;
  const P one(layers[0]);
  if (count == 1) return one.run();
  const P two(layers[1]);
  const int first = one.threads(), all = first + two.threads();
  if (all > threads || !one.worth_a_thread()) {
    one.run();
    return two.run();
  }
#pragma omp parallel num_threads(all)
  {
    const int thread = omp_get_thread_num(), granted = omp_get_num_threads();
    if (granted == all) {
      thread < first ? one.run(thread, first) : two.run(thread - first, all - first);
    } else {
      one.run(thread, std::min(granted, first));
      two.run(thread, std::min(granted, all - first));
    }
  }
}

// One step of one layer, on the calling thread alone; W_ih, W_hh, W_hr packed into scratch, or as they came.
enum class Weights { PACK, PACKED, AS_THEY_CAME };
template <class F>
void one_step(const tt_layer* l, Weights weights) {
  const Sizes<F> s(*l);
  Choice choice{1, false, l->weights.norm_ih != nullptr, weights != Weights::AS_THEY_CAME};
  const ForwardMemory<F> memory(*l, s, choice, l->scratch);
  ForwardWorker<F> worker(*l, memory, choice, Share{0, 1, false, l->S, memory.barrier});
  switch (weights) {
    case Weights::PACK: return worker.pack();
    case Weights::PACKED: return worker.run_packed();
    case Weights::AS_THEY_CAME: return worker.run_unpacked();
  }
}

void one_of_any_type(const tt_layer* l, Weights weights) {
  l->type == TT_FLOAT ? one_step<float>(l, weights) : one_step<double>(l, weights);
}
void pack(const tt_layer* layers, int64_t count) {
  for (int64_t k = 0; k < count; ++k) one_of_any_type(layers + k, Weights::PACK);
}
template <Weights WEIGHTS>
void step(tt_layer* layers, int64_t count, const void* x, void* y, const void* h0, const void* c0, void* h_n,
          void* c_n) {
  layers[0].x.data = const_cast<void*>(x);
  layers[count - 1].y.data = y;
  const int64_t bytes = layers->type == TT_FLOAT ? sizeof(float) : sizeof(double);
  for (int64_t k = 0; k < count; ++k) {
    tt_layer& l = layers[k];
    const int64_t h = k * l.S * l.P * bytes, c = k * l.S * l.H * bytes;
    l.h0 = static_cast<const char*>(h0) + h, l.c0 = static_cast<const char*>(c0) + c;
    l.h_n = static_cast<char*>(h_n) + h, l.c_n = static_cast<char*>(c_n) + c;
    one_of_any_type(&l, WEIGHTS);
  }
}

template <class F>
void activate(int32_t function, const F* in, F* out, int64_t count) {
  for (int64_t k = 0; k < count; k += W<F>) {
    const int64_t some = std::min<int64_t>(W<F>, count - k);
    const Vec<F> x = load_some<F>(in + k, some);
    store_some<F>(out + k, function == 0 ? sigmoid<F>(x) : tanh<F>(x), some);
  }
}

int64_t scratch_of(const tt_layer* l, int32_t pass) {
  return l->type == TT_FLOAT ? scratch_bytes<float>(l, pass) : scratch_bytes<double>(l, pass);
}
void tape_of(const tt_layer* l, int64_t elements[3]) {
  l->type == TT_FLOAT ? Tape<float>::elements(*l, elements) : Tape<double>::elements(*l, elements);
}
void forward(const tt_layer* l, int64_t count, int64_t threads) {
  l->type == TT_FLOAT ? run<float, ForwardMemory, ForwardWorker>(l, count, threads)
                      : run<double, ForwardMemory, ForwardWorker>(l, count, threads);
}
void backward(const tt_layer* l, int64_t count, int64_t threads) {
  l->type == TT_FLOAT ? run<float, BackwardMemory, BackwardWorker>(l, count, threads)
                      : run<double, BackwardMemory, BackwardWorker>(l, count, threads);
}
void activate_any(int32_t type, int32_t function, const void* in, void* out, int64_t count) {
  if (type == TT_FLOAT)
    activate<float>(function, static_cast<const float*>(in), static_cast<float*>(out), count);
  else
    activate<double>(function, static_cast<const double*>(in), static_cast<double*>(out), count);
}

// Either pass of what has both, for either type.
template <template <class> class Both, class Call>
void run_both(const Call* call, int32_t pass) {
  const auto of = [pass](const auto& both) { pass == TT_FORWARD ? both.forward() : both.backward(); };
  call->type == TT_FLOAT ? of(Both<float>(*call)) : of(Both<double>(*call));
}

}  // namespace

#define TT_TEXT(x) #x
#define TT_NAME(x) TT_TEXT(x)
extern const tt_kernels kernels;
const tt_kernels kernels{"x86-64-" TT_NAME(TT_SET), TT_VECTOR_BYTES, 0, scratch_of, tape_of, forward, backward,
                         pack, step<Weights::PACKED>, step<Weights::AS_THEY_CAME>, activate_any,
                         run_both<Classes, tt_classes>, run_both<TableRows, tt_table_rows>};

}  // namespace tt::TT_SET
