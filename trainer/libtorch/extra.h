// What gotch v0.9.1 lacks, or has but broken (its ClipGradNorm deadlocks).
// A function that can fail returns 0 where it did, and leaves the reason where
// gotch's own functions leave theirs (get_and_reset_last_err).
#pragma once
#include <stdint.h>
#ifdef __cplusplus
extern "C" {
#endif
// Seeds every generator of libtorch.
void parley_seed(int64_t seed);
// Threads of one operation.
void parley_threads(int n);
// Loads libtorch_cuda.so from the folder that libtorch_cpu.so was loaded from, so
// that runs on the CPU never pay for it; 0 where there is none.
int parley_load_cuda(void);
// Turns on mixed precision (bfloat16) of this thread, on CUDA where cuda is 1.
int parley_autocast(int cuda, int on);
// Scales the gradients of n parameters (at::Tensor *) to a joint norm of at most
// max, and writes the norm before. A parameter without gradient is skipped.
int parley_clip(void **params, int n, double max, double *norm);
// One step of AdamW (Loshchilov and Hutter 2019, decoupled decay), the step-th
// from 1: m and v are the running moments of the n parameters, decay[i] the i-th
// one's weight decay. Clears the gradients. Parameters without gradient stay.
int parley_adamw(void **params, void **m, void **v, const double *decay, int n,
                 int64_t step, double lr, double beta1, double beta2, double eps);
// Drops the gradients of n parameters.
void parley_zero_grad(void **params, int n);
// gelu(x) = x Phi(x); gotch's leaks a string a call. NULL where it fails.
void *parley_gelu(void *x);
// Marks a tensor as a leaf that collects gradient.
int parley_require_grad(void *t, int on);
// The CPU blocks that libtorch took since the first call and still holds.
int64_t parley_live_blocks(void);
#ifdef __cplusplus
}
#endif
