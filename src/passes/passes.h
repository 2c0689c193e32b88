// Passes: functions Graph -> Graph, one file each; nothing else knows that they exist. Numeric passes are part of a
// model's identity, the same on every device; neutral passes give the bytes of their input graph.
#pragma once
#include "base/file.h"
#include "graph/device.h"
#include "graph/graph.h"

namespace prm {

// Numeric. Activations that meet block weights are quantized by a node of their own, one per value and block size.
Graph quantize_activations(const Graph& graph);

// The scoring graph becomes the serving graph: attention over rows becomes a write to and attention over a paged cache of
// `cache_type` (f32, f16, bf16 or q8_0, whose blocks must divide the head size: else unsupported). New inputs slot [T],
// sequence [T], page_table [S, M], new symbols S, M, P. Neutral with an f32 cache; the others round keys and values.
Graph add_cache(const Graph& graph, DType cache_type, int64_t page_tokens);

// Only the rows that the caller wants reach the output's last matmul: new input out_rows [R]. Neutral.
Graph select_output_rows(const Graph& graph);

// Fewer launches, and values that stay in the cache between ops: runs of row-wise ops become fused_rows, matmuls of one x
// with constant weights a matmul_group, gate and up with their activation a matmul_glu: those that the device has kernels for, or all
// without one. Neutral: each step is the op it was.
Graph fuse(const Graph& graph, const Device* device = nullptr);

// Numeric. What exporters spell out becomes the function that it is: x clip(x + 3, 0, 6) / 6 hard_swish, x sigmoid(x) swish,
// x (1 + erf(x / sqrt 2)) / 2 gelu. `file`: as of block_channels.
Graph compose_functions(Graph graph, const FileBytes* file);

// Transposed convolutions in steps without dilation become convolutions of more channels, one for each place within a step, whose
// results are set side by side: sums in an order of their own. `file`, `account`: as of block_channels.
Graph spread_convolutions(Graph graph, const FileBytes* file, MemoryAccount& account);

// Numeric. Of a network with QuantizeLinear and DequantizeLinear around its nodes, convolutions and sums between them work on blocked
// codes of 8 bits (ops/blocked_u8.h), whose results are within one quantum. Before block_channels, whose parameters it has.
Graph keep_bytes(Graph graph, const FileBytes* file, MemoryAccount& account);

// Convolutions of codes read them in rows of channels (ops/rows_u8.h) where the device has kernels for that. Neutral.
Graph lay_rows(Graph graph, const Device& device);

// Channels in blocks of 16 (ops/blocked.h) from the first convolution or pool on, as far as ops allow; all but convolutions and
// averages, whose sums get an order of their own, gives the same bytes. `file`: where constants lie that are not in memory, or null;
// `account` pays for constants of channels, and outlives the graph.
Graph block_channels(Graph graph, const FileBytes* file, MemoryAccount& account);

// Numeric: what follows a convolution of blocked values goes into it: batch norm, residual, activation.
Graph fuse_blocked(Graph graph, MemoryAccount& account);

}  // namespace prm
