#include "cpu/cpu_device.h"

#include "base/error.h"
#include "base/machine.h"
#include "cpu/conv_pack.h"
#include "cpu/cpu_kernels.h"
#include "cpu/cpu_tensor.h"

namespace prm {

namespace {

bool accepts_f32(const KernelQuery& q) { return q.in[0].dtype == DType::f32 && (q.inputs < 2 || q.in[1].dtype == DType::f32); }
bool accepts_any(const KernelQuery&) { return true; }
bool accepts_i32(const KernelQuery& q) { return q.in[0].dtype == DType::i32; }
bool accepts_embed(const KernelQuery& q) { return q.out == DType::f32; }
bool accepts_dense_rows(const KernelQuery& q) { return !is_block(q.in[0].dtype); }
bool accepts_kv_write(const KernelQuery& q) { return q.in[1].dtype == DType::f32 && row_type(q.in[0].dtype) != kRowCount; }

// clang-format off
#define PRM_MOVEMENT_KERNELS                                                        \
    {"transpose", "copy", accepts_movement, run_transpose},                         \
    {"slice", "copy", accepts_movement, run_slice},                                 \
    {"expand", "copy", accepts_movement, run_expand},                               \
    {"concat", "copy", accepts_movement, run_concat},                               \
    {"pad", "copy", accepts_movement, run_pad},                                     \
    {"gather", "copy", accepts_movement, run_gather},                               \
    {"gather_elements", "copy", accepts_movement, run_gather_elements},             \
    {"gather_nd", "copy", accepts_movement, run_gather_nd},                         \
    {"trilu", "copy", accepts_movement, run_trilu},                                 \
    {"reverse_sequence", "copy", accepts_movement, run_reverse_sequence},           \
    {"range", "copy", accepts_movement, run_range},                                 \
    {"scatter_elements", "copy", accepts_movement, run_scatter_elements},           \
    {"scatter_nd", "copy", accepts_movement, run_scatter_nd},                       \
    {"tensor_scatter", "copy", accepts_movement, run_tensor_scatter},               \
    {"resize", "copy", accepts_resize, run_resize}
#define PRM_ROWWISE_KERNELS(isa, label)                                              \
    {"quantize", label, accepts_f32, run_quantize<isa>},                            \
    {"rms_norm", label, accepts_f32, run_rms_norm<isa>},                            \
    {"add", label, accepts_f32, run_add<isa>},                                      \
    {"scale", label, accepts_f32, run_scale<isa>},                                  \
    {"glu", label, accepts_f32, run_glu<isa>},                                      \
    {"soft_cap", label, accepts_f32, run_soft_cap<isa>},                            \
    {"rope", label, accepts_f32, run_rope<isa>},                                    \
    {"kv_write", label, accepts_kv_write, run_kv_write<isa>},                       \
    {"attention", label, accepts_attention, run_attention<isa>},                    \
    {"attention_paged", label, accepts_attention, run_attention_paged<isa>},        \
    {"fused_rows", label, accepts_fused_rows, run_fused_rows<isa>},                \
    {"select_rows", "copy", accepts_dense_rows, run_select_rows},                  \
    {"rope_table", "scalar", accepts_i32, run_rope_table},                          \
    {"moe_route", "scalar", accepts_route, run_moe_route},                          \
    {"moe_combine", label, accepts_combine, run_moe_combine<isa>},                  \
    {"conv_blocked", label, accepts_conv_blocked, run_conv_blocked<isa>, {nullptr, &kConvLayout}}, \
    {"conv_winograd", label, accepts_conv_blocked, run_conv_winograd<isa>, {nullptr, &kWinogradLayout}}, \
    {"pool_blocked", label, accepts_any, run_pool_blocked<isa>},                    \
    {"affine_blocked", label, accepts_any, run_affine_blocked<isa>},                \
    {"conv_u8", label, accepts_conv_u8, run_conv_u8<isa>, {nullptr, &kConvU8Layout}}, \
    {"sum_u8", label, accepts_any, run_sum_u8<isa>},                                \
    {"quantize_blocked", label, accepts_any, run_quantize_blocked<isa>},            \
    {"dequantize_blocked", label, accepts_any, run_dequantize_blocked<isa>},        \
    {"to_blocked", "copy", accepts_any, run_to_blocked},                            \
    {"from_blocked", "copy", accepts_any, run_from_blocked},                        \
    {"shuffle_blocked", "copy", accepts_any, run_shuffle_blocked},                  \
    {"moe_matmul", "plain", accepts_moe_plain, run_moe_plain}

constexpr Kernel kScalarKernels[] = {
    {"matmul", "plain", accepts_block_matmul, run_matmul_plain},
    {"matmul_group", "plain", accepts_block_matmuls, run_matmul_group<kScalarIsa>},
    {"matmul_glu", "plain", accepts_block_matmuls, run_matmul_glu<kScalarIsa>},
    {"embed", "plain", accepts_embed, run_embed_plain},
    PRM_ROWWISE_KERNELS(kScalarIsa, "scalar"),
    PRM_TENSOR_KERNELS(kTensorScalar, "scalar"),
    PRM_MOVEMENT_KERNELS,
};
#define PRM_VECTOR_KERNELS(isa, label)                                                              \
    {"matmul", "w16", accepts_matmul_w16<isa>, run_matmul_w16<isa>, {nullptr, &kW16Layout}},        \
    {"matmul", "plain", accepts_block_matmul, run_matmul_plain},                                    \
    {"matmul_group", "w16", accepts_matmuls_w16<isa>, run_matmul_group<isa>, {nullptr, &kW16Layout, &kW16Layout, &kW16Layout, &kW16Layout}}, \
    {"matmul_group", "plain", accepts_block_matmuls, run_matmul_group<kScalarIsa>},                 \
    {"matmul_glu", "w16", accepts_matmuls_w16<isa>, run_matmul_glu<isa>, {nullptr, &kW16Layout, &kW16Layout}}, \
    {"matmul_glu", "plain", accepts_block_matmuls, run_matmul_glu<kScalarIsa>},                     \
    {"moe_matmul", "w16", accepts_moe_w16<isa>, run_moe_w16<isa>, {nullptr, &kW16Layout}},           \
    {"embed", "plain", accepts_embed, run_embed_plain},                                             \
    {"embed", "w16", accepts_embed_w16, run_embed_w16, {&kW16Layout}},                              \
    PRM_ROWWISE_KERNELS(isa, label),                                                               \
    PRM_MOVEMENT_KERNELS

constexpr Kernel kAvx2Kernels[] = {PRM_VECTOR_KERNELS(kAvx2Isa, "avx2"), PRM_TENSOR_KERNELS(kTensorAvx2, "avx2")};
constexpr Kernel kAvx512Kernels[] = {PRM_VECTOR_KERNELS(kAvx512Isa, "avx512"), PRM_TENSOR_KERNELS(kTensorAvx512, "avx512")};
#define PRM_ROW_KERNELS(table, label)                                                               \
    {"rows_u8", "copy", accepts_any, run_rows_u8},                                                  \
    {"conv_rows_u8", label, accepts_conv_u8, run_conv_rows_u8<table>, {nullptr, &kConvRowsLayout}}
constexpr Kernel kAmxKernels[] = {PRM_ROW_KERNELS(kAmxRows, "amx"), PRM_VECTOR_KERNELS(kAvx512Isa, "avx512"), PRM_TENSOR_KERNELS(kTensorAvx512, "avx512")};
#ifdef PREMISE_EMU512
constexpr Kernel kEmu512Kernels[] = {PRM_ROW_KERNELS(kEmuRows, "emu512"), PRM_VECTOR_KERNELS(kEmu512Isa, "emu512"), PRM_TENSOR_KERNELS(kTensorScalar, "emu512")};
#endif
// clang-format on

struct IsaEntry {
  const char* name;
  std::span<const Kernel> kernels;
  bool (*available)(const CpuFeatures&);
  bool (*permitted)() noexcept = nullptr;  // asks the OS, with effects on the host: only for who names it
};
// The best last; the emulated one runs everywhere and is never the best.
constexpr IsaEntry kIsas[] = {
#ifdef PREMISE_EMU512
    {"emu512", kEmu512Kernels, [](const CpuFeatures&) { return true; }},
#endif
    {"scalar", kScalarKernels, [](const CpuFeatures&) { return true; }},
    {"avx2", kAvx2Kernels, [](const CpuFeatures& f) { return f.avx2; }},
    {"avx512", kAvx512Kernels, [](const CpuFeatures& f) { return f.avx512; }},
    {"amx", kAmxKernels, [](const CpuFeatures& f) { return f.amx; }, permit_tiles},
};

struct CpuDevice : Device {
  const IsaEntry& isa;
  explicit CpuDevice(const IsaEntry& entry) : isa(entry) {}
  const char* name() const override { return "cpu"; }
  std::span<const Kernel> kernels() const override { return isa.kernels; }
  Status submit(std::span<const Launch> segment, const Work& work) noexcept override {
    for (const Launch& launch : segment) {
      if (Status status = work.control.check(); status != Status::ok) return status;
      launch.run(launch.args);
    }
    return work.control.check();
  }
};

}  // namespace

std::vector<std::string> available_isas() {
  std::vector<std::string> names;
  for (const IsaEntry& entry : kIsas)
    if (entry.available(cpu_features()) && !entry.permitted) names.push_back(entry.name);
  return names;
}

std::unique_ptr<Device> open_cpu(const std::string& isa) {
  CpuFeatures features = cpu_features();
  const IsaEntry* best = nullptr;
  std::string known;
  for (const IsaEntry& entry : kIsas) {
    known += (known.empty() ? "" : ", ") + std::string(entry.name);
    if (isa == entry.name && !entry.available(features))
      fail_about(Status::device_unavailable, "isa", "this CPU ({}) lacks instruction set '{}': choose 'scalar' or none", cpu_name(), isa);
    if (isa.empty() ? entry.available(features) && !entry.permitted : isa == entry.name) best = &entry;
  }
  if (best && best->permitted && !best->permitted())
    fail_about(Status::device_unavailable, "isa", "the system does not grant '{}' to this process: choose none, or give alternate signal stacks of this process more room", isa);
  if (!best) fail_about(Status::invalid_argument, "isa", "isa is '{}', expected one of: {}", isa, known);
  return std::make_unique<CpuDevice>(*best);
}

const char* cpu_isa(const Device& cpu) { return static_cast<const CpuDevice&>(cpu).isa.name; }

}  // namespace prm
