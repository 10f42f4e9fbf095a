// gotch v0.9.1 was generated from libtorch 2.1. These names are gone from, or have
// another signature in, libtorch 2.7 to 2.15; the trainer calls none of them. Each
// becomes a call that fails when it is made, so that the rest of gotch's wrapper
// compiles as it is.
#pragma once
#ifdef __cplusplus
#include <stdexcept>
#include <string>
#include <torch/script.h>
#include <torch/torch.h>
#include <tuple>

namespace torch {
struct gotch_nothing : std::tuple<at::Tensor, at::Tensor, at::Tensor> {
  operator at::Tensor() const { return at::Tensor(); }
  size_t size() const { return 0; }
  at::Tensor operator[](size_t) const { return at::Tensor(); }
};
inline gotch_nothing gotch_absent(const char *op) {
  throw std::runtime_error(std::string(op) + ": not in this libtorch");
}
} // namespace torch

#define _cslt_sparse_mm(...) gotch_absent("_cslt_sparse_mm")
#define _scaled_mm(...) gotch_absent("_scaled_mm")
#define _scaled_mm_out(...) gotch_absent("_scaled_mm_out")
#define cholesky(...) gotch_absent("cholesky")
#define cholesky_out(...) gotch_absent("cholesky_out")
#define qr(...) gotch_absent("qr")
#define qr_out(...) gotch_absent("qr_out")
#define align_tensors(...) gotch_absent("align_tensors")
#define align_as(...) defined() ? at::Tensor(torch::gotch_absent("align_as")) : at::Tensor()
#endif
