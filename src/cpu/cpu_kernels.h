// Drivers: what a kernel does around the functions of an instruction set: reads OpArgs, splits work over threads. A driver
// is a template over the ISA's table, instantiated in cpu_device.cpp's tables; the arithmetic stands in the ISA's files.
#pragma once
#include "cpu/isa.h"
#include "graph/device.h"

namespace prm {

template <const CpuIsa& isa> void run_quantize(const OpArgs&);
template <const CpuIsa& isa> void run_rms_norm(const OpArgs&);
template <const CpuIsa& isa> void run_add(const OpArgs&);
template <const CpuIsa& isa> void run_scale(const OpArgs&);
template <const CpuIsa& isa> void run_glu(const OpArgs&);
template <const CpuIsa& isa> void run_rope(const OpArgs&);
template <const CpuIsa& isa> void run_kv_write(const OpArgs&);
template <const CpuIsa& isa> void run_attention(const OpArgs&);
template <const CpuIsa& isa> void run_attention_paged(const OpArgs&);
template <const CpuIsa& isa> void run_matmul_w16(const OpArgs&);

void run_matmul_plain(const OpArgs&);  // canonical order over plain rows: the truth that packed kernels are compared with
void run_embed_plain(const OpArgs&);
void run_embed_w16(const OpArgs&);
void run_select_rows(const OpArgs&);
void run_rope_table(const OpArgs&);

bool accepts_block_matmul(const KernelQuery&);
bool accepts_attention(const KernelQuery&);

extern const Layout kW16Layout;
template <const CpuIsa& isa> bool accepts_matmul_w16(const KernelQuery&);
bool accepts_embed_w16(const KernelQuery&);

}  // namespace prm
