// Matmul cases: one list for tests and benches, on every ISA and device. y [T, N] = x [T, K] . w [N, K]^T.
#pragma once
#include "cases/tag.h"
#include "tensor/dtype.h"

namespace prm::cases {

struct MatmulCase {
  Tag tag;
  DType type;
  int64_t T, N, K;
};

// Error against the reference, which sums in double: each of the `units` fused adds of a part rounds once, relative to a
// running sum of at most sum |x w|; 8 parts and the scale products add a few more roundings.
inline double matmul_bound(int64_t units, double sum_of_magnitudes) { return 6.0e-8 * double(units + 12) * sum_of_magnitudes; }

inline constexpr MatmulCase kMatmul[] = {
    {Tag::small, DType::f32, 1, 1, 1},        {Tag::small, DType::f32, 3, 17, 33},     {Tag::small, DType::f32, 5, 16, 256},
    {Tag::small, DType::f32, 2, 40, 640},     {Tag::small, DType::f32, 4, 5, 4864},    {Tag::small, DType::f16, 1, 15, 7},
    {Tag::small, DType::f16, 9, 33, 300},     {Tag::small, DType::f16, 2, 16, 2048},   {Tag::small, DType::bf16, 3, 31, 65},
    {Tag::small, DType::bf16, 1, 48, 896},    {Tag::small, DType::f32, 13, 21, 515},
    {Tag::small, DType::f16, 31, 17, 1027},   {Tag::small, DType::bf16, 27, 16, 4222}, {Tag::small, DType::f32, 12, 5, 4867},
    {Tag::small, DType::bf16, 16, 33, 255},   {Tag::small, DType::q8_0, 1, 1, 32},     {Tag::small, DType::q8_0, 7, 50, 640},
    {Tag::small, DType::q8_0, 4, 16, 4864},   {Tag::small, DType::q5_0, 1, 16, 96},    {Tag::small, DType::q5_0, 6, 19, 896},
    {Tag::small, DType::q5_0, 2, 64, 2304},   {Tag::small, DType::q4_0, 1, 32, 64},    {Tag::small, DType::q4_0, 11, 21, 1024},
    {Tag::small, DType::q4_k, 1, 16, 256},    {Tag::small, DType::q4_k, 5, 37, 1024},  {Tag::small, DType::q4_k, 3, 16, 2304},
    {Tag::small, DType::q6_k, 1, 1, 256},     {Tag::small, DType::q6_k, 8, 23, 2048},  {Tag::small, DType::q6_k, 2, 35, 4864},
    {Tag::small, DType::q4_1, 1, 17, 32},     {Tag::small, DType::q4_1, 13, 21, 1024}, {Tag::small, DType::q4_1, 3, 16, 2304},
    {Tag::small, DType::q5_1, 1, 16, 96},     {Tag::small, DType::q5_1, 7, 19, 896},   {Tag::small, DType::q5_1, 3, 33, 2304},
    {Tag::small, DType::iq4_nl, 1, 1, 32},    {Tag::small, DType::iq4_nl, 9, 50, 640}, {Tag::small, DType::iq4_nl, 4, 16, 4864},
    {Tag::small, DType::mxfp4, 1, 16, 64},    {Tag::small, DType::mxfp4, 6, 37, 896},  {Tag::small, DType::mxfp4, 2, 64, 2880},
    {Tag::small, DType::q2_k, 1, 16, 256},    {Tag::small, DType::q2_k, 13, 37, 1024}, {Tag::small, DType::q2_k, 3, 16, 2304},
    {Tag::small, DType::q3_k, 1, 1, 256},     {Tag::small, DType::q3_k, 13, 23, 2048}, {Tag::small, DType::q3_k, 2, 35, 4864},
    {Tag::small, DType::q5_k, 1, 16, 256},    {Tag::small, DType::q5_k, 13, 37, 1024}, {Tag::small, DType::q5_k, 3, 16, 2304},
    {Tag::small, DType::iq4_xs, 1, 1, 256},   {Tag::small, DType::iq4_xs, 13, 23, 2048}, {Tag::small, DType::iq4_xs, 2, 35, 4864},
    {Tag::model, DType::q5_0, 33, 1024, 640}, {Tag::model, DType::q8_0, 33, 256, 640}, {Tag::model, DType::q6_k, 33, 640, 2048},
    {Tag::model, DType::q4_k, 33, 640, 1024}, {Tag::model, DType::q5_0, 17, 896, 896}, {Tag::model, DType::q6_k, 17, 896, 4864},
    // One token and a full chunk of every kind of layer of Gemma 3 270M and Qwen2.5 0.5B, as Q4_K_M files hold them.
    {Tag::bench, DType::q5_0, 1, 2048, 640},  {Tag::bench, DType::q5_0, 512, 2048, 640},
    {Tag::bench, DType::q4_k, 1, 640, 1024},  {Tag::bench, DType::q4_k, 512, 640, 1024},
    {Tag::bench, DType::q6_k, 1, 640, 2048},  {Tag::bench, DType::q6_k, 512, 640, 2048},
    {Tag::bench, DType::q8_0, 1, 262144, 640}, {Tag::bench, DType::q5_0, 1, 4864, 896},
    {Tag::bench, DType::q5_0, 512, 4864, 896}, {Tag::bench, DType::q4_k, 1, 896, 4864},
    {Tag::bench, DType::q4_k, 512, 896, 4864}, {Tag::bench, DType::q6_k, 1, 896, 4864},
    {Tag::bench, DType::q6_k, 512, 896, 4864}, {Tag::bench, DType::q8_0, 1, 151936, 896},
    {Tag::bench, DType::q4_0, 1, 4864, 896},  {Tag::bench, DType::q4_0, 512, 4864, 896},
    {Tag::bench, DType::q4_1, 1, 4864, 896},  {Tag::bench, DType::q4_1, 512, 4864, 896},
    {Tag::bench, DType::q5_1, 1, 4864, 896},  {Tag::bench, DType::q5_1, 512, 4864, 896},
    {Tag::bench, DType::iq4_nl, 1, 4864, 896}, {Tag::bench, DType::iq4_nl, 512, 4864, 896},
    {Tag::bench, DType::mxfp4, 1, 4864, 896}, {Tag::bench, DType::mxfp4, 512, 4864, 896},
    {Tag::bench, DType::q2_k, 1, 896, 4864},  {Tag::bench, DType::q2_k, 512, 896, 4864},
    {Tag::bench, DType::q3_k, 1, 896, 4864},  {Tag::bench, DType::q3_k, 512, 896, 4864},
    {Tag::bench, DType::q5_k, 1, 896, 4864},  {Tag::bench, DType::q5_k, 512, 896, 4864},
    {Tag::bench, DType::iq4_xs, 1, 896, 4864}, {Tag::bench, DType::iq4_xs, 512, 896, 4864},
    {Tag::bench, DType::f16, 1, 4864, 896},   {Tag::bench, DType::f16, 512, 4864, 896},
    {Tag::bench, DType::bf16, 1, 4864, 896},  {Tag::bench, DType::bf16, 512, 4864, 896},
    {Tag::bench, DType::f32, 1, 4864, 896},   {Tag::bench, DType::f32, 512, 4864, 896},
};

}  // namespace prm::cases
