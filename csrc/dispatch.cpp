// Which instruction sets this processor has.
#include <cstring>

#include "throughtime.h"

namespace tt {
namespace v2 {
extern const tt_kernels kernels;
}
namespace v3 {
extern const tt_kernels kernels;
}
namespace v4 {
extern const tt_kernels kernels;
}
}  // namespace tt

extern "C" const tt_kernels* tt_kernels_for(const char* name) {
  const bool v2 = __builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("popcnt");
  const bool v3 = v2 && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                  __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
  const bool v4 = v3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                  __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
                  __builtin_cpu_supports("avx512vl");
  const struct {
    const tt_kernels* kernels;
    bool runs;
  } sets[] = {{&tt::v2::kernels, v2}, {&tt::v3::kernels, v3}, {&tt::v4::kernels, v4}};
  for (const auto& set : sets)
    if (set.runs && std::strcmp(set.kernels->name, name) == 0) return set.kernels;
  return nullptr;
}
