#include "extra.h"

#include <ATen/autocast_mode.h>
#include <atomic>
#include <c10/core/CPUAllocator.h>
#include <cstring>
#include <dlfcn.h>
#include <torch/torch.h>

extern thread_local char *torch_last_err; // gotch's

namespace {
template <class F> int guarded(F f) {
  try {
    f();
    return 1;
  } catch (const std::exception &e) {
    torch_last_err = strdup(e.what());
    return 0;
  }
}

at::Tensor &tensor(void *p) { return *static_cast<at::Tensor *>(p); }

// Counting takes the place of libtorch's allocator of CPU memory, which, like it,
// takes blocks of 64-byte alignment that free() frees.
struct Counting final : c10::Allocator {
  static std::atomic<int64_t> live;
  static void release(void *block) {
    if (block) {
      free(block);
      live--;
    }
  }
  c10::DataPtr allocate(size_t n) override {
    void *block = nullptr;
    if (n && posix_memalign(&block, 64, n))
      throw std::bad_alloc();
    live += block != nullptr;
    return {block, block, &release, c10::Device(c10::kCPU)};
  }
  c10::DeleterFnPtr raw_deleter() const override { return &release; }
  void copy_data(void *dst, const void *src, std::size_t n) const override {
    default_copy_data(dst, src, n);
  }
};
std::atomic<int64_t> Counting::live{0};
} // namespace

extern "C" {

void parley_seed(int64_t seed) { torch::manual_seed(seed); }

void parley_threads(int n) { at::set_num_threads(n); }

int parley_load_cuda(void) {
  Dl_info at;
  if (!dladdr(reinterpret_cast<void *>(&at::set_num_threads), &at))
    return 0;
  std::string path(at.dli_fname);
  path = path.substr(0, path.rfind('/') + 1) + "libtorch_cuda.so";
  if (!dlopen(path.c_str(), RTLD_NOW | RTLD_GLOBAL)) {
    torch_last_err = strdup(dlerror());
    return 0;
  }
  return 1;
}

int parley_autocast(int cuda, int on) {
  return guarded([&] {
    auto device = cuda ? at::kCUDA : at::kCPU;
    at::autocast::set_autocast_dtype(device, at::kBFloat16);
    at::autocast::set_autocast_enabled(device, on);
    if (!on)
      at::autocast::clear_cache();
  });
}

int parley_clip(void **params, int n, double max, double *norm) {
  return guarded([&] {
    std::vector<at::Tensor> all;
    for (int i = 0; i < n; i++)
      if (tensor(params[i]).grad().defined())
        all.push_back(tensor(params[i]));
    *norm = torch::nn::utils::clip_grad_norm_(all, max);
  });
}

int parley_adamw(void **params, void **m, void **v, const double *decay, int n,
                 int64_t step, double lr, double beta1, double beta2, double eps) {
  return guarded([&] {
    at::NoGradGuard none;
    double correct1 = 1 - std::pow(beta1, double(step));
    double correct2 = std::sqrt(1 - std::pow(beta2, double(step)));
    for (int i = 0; i < n; i++) {
      auto &p = tensor(params[i]);
      auto &g = p.mutable_grad();
      if (!g.defined())
        continue;
      tensor(m[i]).lerp_(g, 1 - beta1);
      tensor(v[i]).mul_(beta2).addcmul_(g, g, 1 - beta2);
      p.mul_(1 - lr * decay[i]);
      p.addcdiv_(tensor(m[i]), tensor(v[i]).sqrt().div_(correct2).add_(eps),
                 -lr / correct1);
      g.reset();
    }
  });
}

void parley_zero_grad(void **params, int n) {
  for (int i = 0; i < n; i++)
    tensor(params[i]).mutable_grad().reset();
}

void *parley_gelu(void *x) {
  at::Tensor *y = nullptr;
  guarded([&] { y = new at::Tensor(at::gelu(tensor(x))); });
  return y;
}

int parley_require_grad(void *t, int on) {
  return guarded([&] { tensor(t).requires_grad_(on != 0); });
}

int64_t parley_live_blocks(void) {
  // The one Counting is never freed: blocks that it handed out outlive main.
  static bool started = [] {
    c10::SetCPUAllocator(new Counting, 255);
    return true;
  }();
  (void)started;
  return Counting::live;
}
}
