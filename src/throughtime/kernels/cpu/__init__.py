"""The CPU kernels: C++ behind a plain C ABI (`csrc/`), joined to autograd."""
