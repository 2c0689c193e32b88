"""The planted faults of script/mutate: each an exact text of the tree, what takes its place, and the suites that should notice.

A suite is `NAME[@ISA][:FILTER]`: build/release/bin/NAME under PREMISE_ISA, with the cases that the filter picks. The first that
fails ends the search. A text must stand once in its file, so that a fault never lands elsewhere when the source moves on."""
import typing


class Mutant(typing.NamedTuple):
    name: str
    path: str
    before: str
    after: str
    suites: tuple


def _mutant(name, path, before, after, *suites):
    return Mutant(name, path, before, after, suites)


MUTANTS = (
    # ---- references and scalar kernels: signs, masks, the last and the first ------------------------------------------
    _mutant('rope-reference-sign', 'src/ops/rope.cpp', 'store_value(a.y(), at, x0 * c - x1 * s);', 'store_value(a.y(), at, x0 * c + x1 * s);', 'test_ops'),
    _mutant('rope-pairs-swapped', 'src/ops/rope.cpp', 'step = attr.pairing == Pairing::halves ? 1 : 2', 'step = attr.pairing == Pairing::halves ? 2 : 1', 'test_ops'),
    _mutant('rope-table-base', 'src/ops/rope.cpp', 'std::pow(attr.base, -2.0 * double(i)', 'std::pow(attr.base, -1.0 * double(i)', 'test_ops'),
    _mutant('rope-scalar-sign', 'src/cpu/cpu_scalar.cpp', '    y[half + i] = x0 * s + x1 * c;', '    y[half + i] = x0 * s - x1 * c;', 'test_ops@scalar'),
    _mutant('mask-reference-last-key', 'src/ops/attention.cpp', 'for (int64_t j = first; j <= position; ++j) total +=', 'for (int64_t j = first; j < position; ++j) total +=', 'test_ops'),
    _mutant('window-reference', 'src/ops/attention.cpp', 'position - attr.window + 1)', 'position - attr.window)', 'test_ops'),
    _mutant('norm-reference-eps', 'src/ops/norm.cpp', 'squares / double(D) + double(', 'squares / double(D) - double(', 'test_ops'),
    _mutant('gelu-scalar-sign', 'src/cpu/cpu_scalar.cpp', 'u = PRM_GELU_A * (g + PRM_GELU_B', 'u = PRM_GELU_A * (g - PRM_GELU_B', 'test_ops@scalar'),
    _mutant('experts-renormalize', 'src/ops/experts.cpp', '(attr.renormalize ?', '(!attr.renormalize ?', 'test_ops'),
    _mutant('strided-joins-what-lies-apart', 'src/tensor/strided.cpp', 'c.stride[c.rank - 1] == stride[i] * y.dim[i];', 'c.stride[c.rank - 1] == stride[i];', 'test_ops'),
    _mutant('strided-tile-begins-early', 'src/tensor/strided.cpp', 'first_a + first_b * c.stride[b];', 'first_a;', 'test_ops'),
    _mutant('slice-backwards-beyond', 'src/ops/rearrange.cpp', 'uint64_t(extent - 1 - first) : uint64_t(first);', 'uint64_t(extent - 1 - first) : uint64_t(first) + 1;', 'test_ops'),
    _mutant('pad-mirror-repeats-the-edge', 'src/ops/assemble.cpp', 'mode == PadMode::wrap ? extent : 2 * (extent - 1);', 'mode == PadMode::wrap ? extent : 2 * extent - 1;', 'test_ops'),
    _mutant('concat-piece-from-the-front', 'src/ops/assemble.cpp', 'at = std::max<int64_t>(at - share[i], 0);', 'at = 0;', 'test_ops'),
    _mutant('index-at-the-end', 'src/tensor/dense.h', 'return index >= 0 && index < extent ? index : -1;', 'return index >= 0 && index <= extent ? index : -1;', 'test_ops'),
    _mutant('gather-nd-out-of-range', 'src/ops/indexing.cpp', 'from = index < 0 ? -1 : from * extent + index;', 'from = from * extent + index;', 'test_ops'),
    _mutant('scatter-minimum-forgotten', 'src/ops/scatter.cpp', 'return b < a || b != b ? update : old;', 'return update;', 'test_ops'),
    _mutant('cache-index-below-zero', 'src/ops/scatter.cpp', '(index % extent + extent + i % length) % extent;', '(index % extent + i % length) % extent;', 'test_ops'),
    _mutant('triangle-diagonal', 'src/ops/pattern.cpp', ' + (upper ? 0 : 1), at, at + n)', ', at, at + n)', 'test_ops'),
    # ---- images: weights, rounding, rims -----------------------------------------------------------------------------------
    _mutant('image-bicubic-lobe', 'src/image/taps.cpp', 'x < 2 ? (((x - 5)', 'x < 2 ? (((x - 4)', 'test_image'),
    _mutant('image-area-rim', 'src/image/taps.cpp', 'constexpr double kRim = 1e-3', 'constexpr double kRim = 0.3', 'test_image'),
    _mutant('image-linear-rounds-down', 'src/image/resample.cpp', '(sum + 2) >> 2', '(sum + 1) >> 2', 'test_image'),
    _mutant('image-rows-from-the-first', 'src/image/resample.cpp', 'kFromLastRow = true', 'kFromLastRow = false', 'test_image'),
    _mutant('image-ring-of-other-slices', 'src/image/resample.cpp', 'int64_t which = slice * job_.source.rows + row;', 'int64_t which = row;', 'test_image'),
    _mutant('image-cut-from-the-front', 'src/image/resample.cpp', '(row + job.row.begin) * down', 'row * down', 'test_image'),
    _mutant('tiles-rim-not-shifted', 'src/image/tiles.cpp', 'std::min(at, whole - tile)', 'at', 'test_image'),
    _mutant('tiles-weights-unbounded', 'src/image/tiles.cpp', 'least = std::max(least, kLeastWeight);', '', 'test_image'),
    # ---- drivers: tiles, splits, tails, orders ---------------------------------------------------------------------------
    _mutant('window-driver', 'src/cpu/cpu_attention.cpp', 'last - attr.window + 1) : 0;', 'last - attr.window) : 0;', 'test_ops'),
    _mutant('attention-last-key-dropped', 'src/cpu/cpu_attention.cpp', 'begin <= high; begin = end)', 'begin < high; begin = end)', 'test_ops'),
    _mutant('attention-merge-scale', 'src/cpu/cpu_attention.cpp', 'own.total = own.total * keep + split_total * join;', 'own.total = own.total + split_total * join;', 'test_ops'),
    _mutant('attention-neighbours-of-other-sequences', 'src/cpu/cpu_attention.cpp', ' && runs_of(a, next, positions[next]) == rows) ++next;', ') ++next;', 'test_ops', 'test_bits'),
    _mutant('matmul-parts-order', 'src/cpu/cpu_matmul.cpp', 'int64_t begin = p * units / parts, end = (p + 1) * units / parts;', 'int64_t q = parts - 1 - p, begin = q * units / parts, end = (q + 1) * units / parts;', 'test_quant', 'test_bits@scalar'),
    _mutant('matmul-minimum-sign', 'src/cpu/cpu_matmul.cpp', 'acc = fused(-dmin * da,', 'acc = fused(dmin * da,', 'test_ops@scalar'),
    _mutant('matmul-tail-rows', 'src/cpu/cpu_matmul.cpp', 'int(std::min<int64_t>(16, N - g * 16))', '16', 'test_ops'),
    _mutant('matmul-group-of-rows', 'src/cpu/cpu_matmul.cpp', 'work.rows((plain.dim[0] + 15) / 16, 16,', 'work.rows(plain.dim[0] / 16, 16,', 'test_ops'),
    _mutant('pack-addend-is-scale', 'src/cpu/w16_pack_32.cpp', 'void put_q4_1(const BlockQ4_1& from, W16Q4_1& to, int r) {\n  put_scaled(from, to, r);\n  to.m[r] = from.m;', 'void put_q4_1(const BlockQ4_1& from, W16Q4_1& to, int r) {\n  put_scaled(from, to, r);\n  to.m[r] = from.d;', 'test_ops'),
    _mutant('cancel-ignored-between-launches', 'src/cpu/cpu_device.cpp', 'if (Status status = work.control.check(); status != Status::ok) return status;', '', 'test_graph'),
    _mutant('cancelled-in-the-last-launch-is-ok', 'src/cpu/cpu_device.cpp', 'return work.control.check();', 'return Status::ok;', 'test_graph'),
    _mutant('cancel-ignored-between-chunks', 'src/base/threads.cpp', 'i < chunks && control.check() == Status::ok; ++i) fn', 'i < chunks; ++i) fn', 'test_base'),
    _mutant('resize-rows-unweighted', 'src/cpu/cpu_resize.cpp', 'sum[c] += row.weight[k] * part[c];', 'sum[c] += part[c];', 'test_ops'),
    _mutant('resize-columns-behind-a-chunk', 'src/cpu/cpu_resize.cpp', 'find_columns(run, last, first, first + count, columns);', 'find_columns(run, last, 0, count, columns);', 'test_ops'),
    _mutant('mixed-group-keeps-its-neighbours', 'src/cpu/cpu_conv.cpp', 'lane = std::max<int64_t>(from - output, 0), lanes', 'lane = 0, lanes', 'test_ops'),
    _mutant('shuffle-the-other-way', 'src/ops/blocked.h', 'channel % attr.groups * (attr.channels / attr.groups) + channel / attr.groups', 'channel % (attr.channels / attr.groups) * attr.groups + channel / (attr.channels / attr.groups)', 'test_ops'),
    _mutant('codes-outside-are-zero', 'src/cpu/cpu_conv_u8.cpp', 'std::memset(outside, attr.x_zero, sizeof outside);', 'std::memset(outside, 0, sizeof outside);', 'test_ops'),
    _mutant('codes-last-four-unfilled', 'src/cpu/conv_pack.cpp', 'o < rows && c < C ? from[o * each + c * places + k] : int8_t(0);', 'o < rows ? from[o * each + std::min(c, C - 1) * places + k] : int8_t(0);', 'test_ops'),
    _mutant('rows-outside-are-zero', 'src/cpu/cpu_conv_rows.cpp', 'attr.outside, size_t(count', '0, size_t(count', 'test_ops'),
    _mutant('rows-last-tile-short', 'src/cpu/cpu_conv_rows.cpp', 'int32_t(length * (tile % each + 1) / each - begin)', 'int32_t(std::min(length / each, length - begin))', 'test_ops'),
    _mutant('rows-second-block-of-weights', 'src/cpu/kernels_tiles.h', 'load_tile<7>(w + s.w_block, 64);', 'load_tile<7>(w, 64);', 'test_ops'),
    _mutant('rows-paddings-confused', 'src/passes/lay_rows.cpp', 'one.x == wanted.x && same_rows(one.attr, wanted.attr)', 'one.x == wanted.x', 'test_ops'),
    _mutant('code-of-a-sum-unbounded-below', 'src/cpu/conv_tiles.cpp', '1 / to.scale, -float(to.zero), 255', '1 / to.scale, -float(to.zero) - 1, 255', 'test_ops'),
    _mutant('spread-taps-not-turned', 'src/passes/spread_convs.cpp', '(s.taps[i] - 1 - tap[i]) * stride[i]', 'tap[i] * stride[i]', 'test_passes'),
    _mutant('spread-cut-from-the-front', 'src/passes/spread_convs.cpp', 'attr.cut[attr.cuts++] = {s.attr.pad_begin[i], 1, s.image[i]};', 'attr.cut[attr.cuts++] = {0, 1, s.image[i]};', 'test_passes'),
    _mutant('composed-of-any-ramp', 'src/passes/compose.cpp', 'argument(v, UnaryKind::clip, 0, 6);', 'argument(v, UnaryKind::clip, 0, 5);', 'test_passes'),
    _mutant('kept-bytes-forget-the-zero-point', 'src/passes/keep_bytes.cpp', 'factor.back() * double(x.zero) * double(sum)', 'factor.back() * double(sum)', 'test_passes'),
    _mutant('kept-bytes-that-others-read', 'src/passes/keep_bytes.cpp', 'return decoders[size_t(n.out[0])] == readers.count[size_t(n.out[0])] ?', 'return decoders[size_t(n.out[0])] ?', 'test_passes'),
    # ---- block formats ---------------------------------------------------------------------------------------------------
    _mutant('q6k-offset', 'src/quant/q6_k.cpp', '<< 4) - 32;', '<< 4) - 31;', 'test_quant'),
    _mutant('q4k-nibbles-swapped', 'src/quant/q4_k.cpp', 'return sub % 2 ? byte >> 4 : byte & 15;', 'return sub % 2 ? byte & 15 : byte >> 4;', 'test_quant'),
    _mutant('q4k-minimum-from-scale', 'src/quant/q4_k.cpp', 'return q4_k_min(b.scales, j);', 'return q4_k_scale(b.scales, j);', 'test_quant'),
    _mutant('q8-cache-hides-nan', 'src/quant/q8_0.cpp', 'if (!finite || block.d == kHalfInfinity) block.d = kHalfNan;', '', 'test_ops', 'test_quant'),
    _mutant('finite-check-bf16', 'src/quant/format.cpp', 'blocks, bytes, 0x7f80);', 'blocks, bytes, 0x7fff);', 'test_quant'),
    # ---- graph, plan, passes ---------------------------------------------------------------------------------------------
    _mutant('stale-kv-is-read', 'src/passes/cache.cpp', 'return finals.back();', 'return state;', 'test_runtime', 'test_passes'),
    _mutant('keys-and-values-swapped', 'src/passes/cache.cpp', 'write(name + ".k", n.in[1]), v = write(name + ".v", n.in[2])', 'write(name + ".k", n.in[2]), v = write(name + ".v", n.in[1])', 'test_runtime'),
    _mutant('fused-value-has-readers', 'src/passes/fuse.cpp', 'readers[size_t(v)] != 1 ? nullptr', 'readers[size_t(v)] < 1 ? nullptr', 'test_passes'),
    _mutant('stale-version-not-refused', 'src/graph/plan.cpp', 'if (newest != latest.end() && newest->second != v)', 'if (false)', 'test_graph'),
    _mutant('lifetimes-overlap', 'src/graph/plan_memory.cpp', 'bool together = other->first <= value->last && value->first <= other->last;', 'bool together = other->first < value->last && value->first < other->last;', 'test_graph', 'test_runtime'),
    _mutant('extent-not-bounded', 'src/graph/execute.cpp', 'if (b.value < 0 || b.value > plan_->bounds[size_t(b.symbol)])', 'if (b.value < 0)', 'test_graph'),
    _mutant('rows-selected-after-norm', 'src/passes/output_rows.cpp', 'while (last >= 0 && graph.nodes[size_t(last)].op == &kSoftCap)', 'while (false)', 'test_runtime', 'test_passes'),
    # ---- models ----------------------------------------------------------------------------------------------------------
    _mutant('gemma3-global-layers', 'src/models/gemma3.cpp', '(layer + 1) % pattern == 0', 'layer % pattern == 0', 'test_runtime', 'test_models'),
    _mutant('keys-not-rotated', 'src/models/decoder.cpp', 'k = rope(graph, k, style.angles,', 'rope(graph, k, style.angles,', 'test_runtime', 'test_models'),
    _mutant('leftover-tensor-accepted', 'src/models/decoder.cpp', 'if (!used_.count(tensor.name))', 'if (false)', 'test_models'),
    _mutant('yarn-magnitude', 'src/models/rotation.cpp', 'r.magnitude *= 1.0 + 0.1 *', 'r.magnitude *= 1.0 - 0.1 *', 'test_runtime'),
    # ---- steps, sessions, generation -------------------------------------------------------------------------------------
    _mutant('slot-of-first-page', 'src/runtime/step.cpp', 'sequence.pages[size_t(position / page)] * page', 'sequence.pages[0] * page', 'test_runtime', 'test_capi:same'),
    _mutant('cancelled-step-counts', 'src/runtime/step.cpp', '  if (status == Status::ok)\n    for (const StepItem& item : items)', '    for (const StepItem& item : items)', 'test_runtime', 'test_capi:cancel', 'test_capi:session'),
    _mutant('context-one-too-many', 'src/runtime/step.cpp', 'if (item.sequence->done + count > context)', 'if (item.sequence->done + count > context + 1)', 'test_runtime', 'test_capi'),
    _mutant('wanted-row-is-the-first', 'src/runtime/step.cpp', 'item.rows == StepItem::last && i == count - 1', 'item.rows == StepItem::last && i == 0', 'test_runtime'),
    _mutant('page-kept-after-truncation', 'src/runtime/step.h', 'needed = (done + page - 1) / page;', 'needed = done / page + 1;', 'test_runtime', 'test_capi:session'),
    _mutant('failed-call-not-rolled-back', 'src/runtime/generate.cpp', 'if (stays_) return;', 'return;', 'test_capi:session', 'test_capi:generate'),
    _mutant('logits-of-the-call-before', 'src/runtime/generate.cpp', 'int64_t(tokens.size()) - 1));', 'int64_t(tokens.size())));', 'test_capi:session'),
    _mutant('min-tokens-ignored-for-stops', 'src/runtime/generate.cpp', 'if (early) forbidden[0] = r.stop_tokens;', '', 'test_capi:stop', 'test_capi:sampling'),
    _mutant('infinite-logits-pass', 'src/runtime/generate.cpp', 'if (largest_size >= 0x7f800000)', 'if (largest_size > 0x7f800000)', 'test_capi:verify'),
    _mutant('session-truncated-beyond-end', 'src/runtime/session.cpp', 'if (count < 0 || count > held)', 'if (count < 0)', 'test_capi:session'),
    _mutant('staging-not-planned', 'src/runtime/load.cpp', 'plan.weight_bytes + model.weight_bytes.staging,', 'plan.weight_bytes,', 'test_runtime'),
    _mutant('manifest-not-asked-while-packing', 'src/runtime/load.cpp', 'if (model->manifest) model->manifest->finish(reading_of(*model, control));', '', 'test_capi:verify'),
    # ---- sampler ---------------------------------------------------------------------------------------------------------
    _mutant('repetition-penalty-sign', 'src/runtime/sampler.cpp', 'x = x > 0 ? x / repetition : x * repetition;', 'x = x / repetition;', 'test_runtime'),
    _mutant('penalties-before-biases', 'src/runtime/sampler.cpp', '  add_biases(memory.logits, o.biases);\n  if (o.penalizes()) add_penalties(memory.logits, o, sequence, memory.weights);', '  if (o.penalizes()) add_penalties(memory.logits, o, sequence, memory.weights);\n  add_biases(memory.logits, o.biases);', 'test_runtime', 'test_capi:sampling'),
    _mutant('min-p-before-top-p', 'src/runtime/sampler.cpp', '  if (o.top_p > 0 && o.top_p < 1) keep_top_p(c, o.top_p);\n  if (o.min_p > 0) keep_min_p(c, o.min_p);', '  if (o.min_p > 0) keep_min_p(c, o.min_p);\n  if (o.top_p > 0 && o.top_p < 1) keep_top_p(c, o.top_p);', 'test_runtime', 'test_capi:sampling'),
    _mutant('nan-after-on-logits-passes', 'src/runtime/sampler.cpp', 'bad |= int(!(x < kInfinity));', 'bad |= int(x == kInfinity);', 'test_runtime'),
    _mutant('penalty-window-too-long', 'src/runtime/sampler.cpp', 'sequence.last(std::min(most, sequence.size()))', 'sequence.last(std::min(most + 1, sequence.size()))', 'test_runtime'),
    # ---- formats: bounds and checks --------------------------------------------------------------------------------------
    _mutant('gguf-tensor-past-the-end', 'src/formats/gguf.cpp', '!checked_add(begin, sizes[i], end) || end > size)', '!checked_add(begin, sizes[i], end))', 'test_formats'),
    _mutant('gguf-overlap-accepted', 'src/formats/gguf.cpp', 'if (order[i - 1].first + sizes[order[i - 1].second] > order[i].first)', 'if (false)', 'test_formats'),
    _mutant('gguf-value-past-the-end', 'src/formats/gguf.cpp', 'std::span<const std::byte> take(uint64_t n, const char* what) {\n    if (n > left()) bad(format_message("the file ends inside {}", what));', 'std::span<const std::byte> take(uint64_t n, const char* what) {', 'test_formats'),
    _mutant('safetensors-hole-accepted', 'src/formats/safetensors.cpp', 'if (tensor.offset > at)', 'if (false)', 'test_formats'),
    _mutant('split-part-number', 'src/formats/split_model.cpp', 'if (found != number || all != count)', 'if (all != count)', 'test_formats'),
    _mutant('gemma-norms-without-one', 'src/formats/joined_file.cpp', 'value += plus;', '', 'test_runtime', 'test_formats'),
    _mutant('manifest-tensor-sum', 'src/runtime/manifest_check.cpp', 'if (sums.tensors[i].crc32c == manifest.tensors[i].crc32c) continue;', 'if (i || sums.tensors[i].crc32c == manifest.tensors[i].crc32c) continue;', 'test_capi:verify'),
    # ---- text ------------------------------------------------------------------------------------------------------------
    _mutant('spm-ties-to-the-right', 'src/text/spm.cpp', ': left > other.left; }', ': left < other.left; }', 'test_text'),
    _mutant('bpe-right-neighbour-kept', 'src/text/bpe_merges.cpp', 'if (right.next >= 0) pieces_[size_t(right.next)].previous = pair.left;', '', 'test_text'),
    _mutant('stop-string-leaks', 'src/text/stop_filter.cpp', 'size_t n = std::min(stop.size() - 1, text.size())', 'size_t n = std::min(stop.size() / 2, text.size())', 'test_text'),
    _mutant('longest-stop-first', 'src/text/stop_filter.cpp', 'if (stop.size() > longest && text', 'if (!longest && text', 'test_text', 'test_capi:stop'),
    # ---- models of random weights ----------------------------------------------------------------------------------------
    _mutant('synth-piece-from-the-next-block', 'examples/premise/synth_file.cpp', 'blocks.fill(numbers_[index], block, 1, one);', 'blocks.fill(numbers_[index], block + 1, 1, one);', 'test_synth'),
    _mutant('synth-weights-with-a-mean', 'examples/premise/synth_blocks.cpp', 'even_deviation(16, 0), 7.5, fill_q4_k}', 'even_deviation(16, 0), 8, fill_q4_k}', 'test_synth'),
    # ---- base ------------------------------------------------------------------------------------------------------------
    _mutant('budget-one-byte-over', 'src/base/memory.cpp', 'then >= now && then <= limit_', 'then >= now && then <= limit_ + 1', 'test_base', 'test_capi:memory'),
    _mutant('budget-of-parent-not-given-back', 'src/base/memory.cpp', 'if (parent_) parent_->discharge(bytes, kind);', '', 'test_base', 'test_capi:memory'),
    _mutant('read-error-skipped', 'src/base/file.cpp', 'require(service.read(service.user, file, offset, to, size), "read", offset);', 'service.read(service.user, file, offset, to, size);', 'test_capi:services'),
    _mutant('crc-lanes-swapped', 'src/base/crc32c.cpp', 'multiply(multiply(uint32_t(a), kBehind) ^ uint32_t(b), kBehind) ^ uint32_t(c)', 'multiply(multiply(uint32_t(b), kBehind) ^ uint32_t(a), kBehind) ^ uint32_t(c)', 'test_base'),
)
